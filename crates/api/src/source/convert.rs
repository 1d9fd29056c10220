//! Nodes into what serde describes; an error knows the innermost node it arose in.

use super::{Data, Key, Node};
use core::{fmt, ops::Range};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor, value::BorrowedStrDeserializer,
};

/// What is wrong, before its bytes are a line and a column.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Where, once known.
    pub(crate) span: Option<Range<usize>>,
    /// What.
    pub(crate) what: String,
    /// What stands there, if the text itself does not say it best.
    pub(crate) got: Option<String>,
    /// What may stand there.
    pub(crate) expected: String,
    /// What to do next.
    pub(crate) hint: String,
}

/// Where everything that may be written is listed.
const REFERENCE: &str =
    "docs/scenarios.md has every field and spelling, `backstop reference commands` every command";
/// Words that an error lists; of more, the nearest.
const LISTED: usize = 12;

/// Reads a value out of a node.
pub(crate) fn convert<'de, T: de::Deserialize<'de>>(node: &'de Node) -> Result<T, Wrong> {
    T::deserialize(node)
}

impl Wrong {
    /// A fault with nothing more to say than this.
    pub(crate) fn of(what: impl Into<String>) -> Self {
        Self {
            span: None,
            what: what.into(),
            got: None,
            expected: "what the field's kind allows".to_owned(),
            hint: REFERENCE.to_owned(),
        }
    }

    /// With what may stand there.
    pub(crate) fn expecting(self, expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), ..self }
    }

    /// A text that is not JSON or TOML at all.
    pub(crate) fn syntax(format: &str, what: &str, span: Range<usize>) -> Self {
        let hint =
            "mend the text there, then run again; a .json file is read as JSON, any other as TOML";
        let wrong = Self::of(format!("not {format}: {what}")).at(&span);
        Self { hint: hint.to_owned(), ..wrong.expecting(format!("{format} text")) }
    }

    /// A number that is no whole number.
    pub(crate) fn number() -> Self {
        let hint =
            "write amounts as atoms in quotes: 1 unit of an asset with six decimals is \"1000000\"";
        let wrong =
            Self::of("not a whole number").expecting("decimal digits, without point or exponent");
        Self { hint: hint.to_owned(), ..wrong }
    }

    /// A TOML date.
    pub(crate) fn bare_time() -> Self {
        Self::of("a time without quotes")
            .expecting("a time in quotes, such as \"2025-10-10T21:00:00Z\"")
    }

    /// Values inside values without end.
    pub(crate) fn too_deep(span: Range<usize>) -> Self {
        let limit = super::DEPTH_MAX;
        Self::of("nested too deeply").expecting(format!("at most {limit} levels")).at(&span)
    }

    /// A name that stands twice in one table.
    pub(crate) fn twice(name: &str) -> Self {
        Self::of(format!("field `{name}` stands twice")).expecting("it once")
    }

    /// At this place, if it has none yet.
    pub(crate) fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    fn unknown(kind: &str, got: &str, known: &'static [&'static str]) -> Self {
        let got = super::fault::short(got);
        let mut near: Vec<&str> = known.iter().copied().filter(|word| alike(word, &got)).collect();
        near.sort_by_key(|word| distance(word, &got));
        near.truncate(3);
        let wrong = Self::of(format!("unknown {kind} `{got}`"));
        let expected = match known.len() {
            0 => "no field".to_owned(),
            count if count > LISTED => format!("one of {count} words"),
            _ => listed(known),
        };
        let hint = match near.as_slice() {
            [] => REFERENCE.to_owned(),
            near => format!("did you mean {}? {REFERENCE}", listed(near)),
        };
        Self { got: Some(format!("`{got}`")), expected, hint, ..wrong }
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Whether one word may be a slip for the other.
fn alike(word: &str, got: &str) -> bool {
    distance(word, got) <= word.len().div_ceil(3)
}

/// How many letters have to be changed, added or left out.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (done, a) in (1..).zip(from.chars()) {
        let mut last = done - 1;
        row[0] = done;
        for (at, b) in (1..).zip(to.chars()) {
            let changed = last + usize::from(a != b);
            last = row[at];
            row[at] = changed.min(last + 1).min(row[at - 1] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, expected {}", self.what, self.expected)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let told = message.to_string();
        match told.split_once(": ") {
            Some((what, expected)) => Self::of(what).expecting(expected),
            None => Self::of(told),
        }
    }
    fn invalid_type(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let kind = match got {
            Unexpected::Map => "a table".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Str(_) => "a text".to_owned(),
            Unexpected::Unit => "null".to_owned(),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Other(_) => {
                "a number".to_owned()
            }
            other => other.to_string(),
        };
        Self::of(format!("wrong type: {kind}")).expecting(expected.to_string())
    }
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of("wrong value").expecting(expected.to_string())
    }
    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let wrong = Self::of("wrong length").expecting(expected.to_string());
        Self { got: Some(length.to_string()), ..wrong }
    }
    fn unknown_variant(got: &str, known: &'static [&'static str]) -> Self {
        Self::unknown("word", got, known)
    }
    fn unknown_field(got: &str, known: &'static [&'static str]) -> Self {
        Self::unknown("field", got, known)
    }
    fn missing_field(field: &'static str) -> Self {
        let wrong = Self::of(format!("field `{field}` is missing"));
        wrong.expecting(format!("`{field}` among the fields"))
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self::twice(field)
    }
}

/// The items of a list, or the entries of a table, that have not been read yet.
struct Rest<'de, T> {
    items: core::slice::Iter<'de, T>,
    value: Option<&'de Node>,
}

impl<'de, T> Rest<'de, T> {
    fn of(items: &'de [T]) -> Self {
        Self { items: items.iter(), value: None }
    }
}

impl<'de> SeqAccess<'de> for Rest<'de, Node> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        self.items.next().map(|node| read(seed, node)).transpose()
    }
}

impl<'de> MapAccess<'de> for Rest<'de, (Key, Node)> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        let Some((key, value)) = self.items.next() else { return Ok(None) };
        self.value = Some(value);
        let name: BorrowedStrDeserializer<'de, Wrong> = BorrowedStrDeserializer::new(&key.name);
        seed.deserialize(name).map(Some).map_err(|wrong| wrong.at(&key.span))
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let value = self.value.take().ok_or_else(|| Wrong::of("a name without a value"))?;
        read(seed, value)
    }
}

/// Reads a node; what is wrong and has no place yet is wrong here.
fn read<'de, S: DeserializeSeed<'de>>(seed: S, node: &'de Node) -> Result<S::Value, Wrong> {
    seed.deserialize(node).map_err(|wrong| wrong.at(&node.span))
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let value = match &self.data {
            Data::Null => visitor.visit_unit(),
            Data::Bool(yes) => visitor.visit_bool(*yes),
            Data::Whole(whole) => match (u64::try_from(*whole), i64::try_from(*whole)) {
                (Ok(whole), _) => visitor.visit_u64(whole),
                (_, Ok(whole)) => visitor.visit_i64(whole),
                _ => Err(Wrong::of("too large a number").expecting("64 bits, or digits in quotes")),
            },
            Data::Text(text) => visitor.visit_borrowed_str(text),
            Data::List(items) => {
                let mut rest = Rest::of(items);
                visitor.visit_seq(&mut rest).and_then(|value| match rest.items.len() {
                    0 => Ok(value),
                    more => Err(Wrong::of(format!("{more} items too many"))
                        .expecting(format!("{} items", items.len() - more))),
                })
            }
            Data::Table(entries) => visitor.visit_map(Rest::of(entries)),
        };
        value.map_err(|wrong| wrong.at(&self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if matches!(self.data, Data::Null) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let kind = match &self.data {
            Data::Table(_) => return self.deserialize_any(visitor),
            Data::Null => "null",
            Data::Bool(_) => "yes or no",
            Data::Whole(_) => "a number",
            Data::Text(_) => "a text",
            Data::List(_) => "a list",
        };
        let wrong = Wrong::of(format!("wrong type: {kind}")).at(&self.span);
        Err(wrong.expecting(format!("a table of {}", listed(fields))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let choice = match &self.data {
            Data::Text(word) => Ok(Choice { word, span: &self.span, fields: None }),
            Data::Table(entries) => match entries.as_slice() {
                [(key, fields)] => {
                    Ok(Choice { word: &key.name, span: &key.span, fields: Some(fields) })
                }
                _ => Err(Wrong::of("not one choice").expecting("one word with its fields")),
            },
            _ => Err(Wrong::of("wrong type").expecting("a word, or one word with its fields")),
        };
        choice.and_then(|choice| visitor.visit_enum(choice)).map_err(|wrong| wrong.at(&self.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// A word out of several, and what stands under it.
struct Choice<'de> {
    word: &'de str,
    span: &'de Range<usize>,
    fields: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Wrong;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Wrong> {
        let word: BorrowedStrDeserializer<'de, Wrong> = BorrowedStrDeserializer::new(self.word);
        let variant = seed.deserialize(word).map_err(|wrong| wrong.at(self.span))?;
        Ok((variant, self))
    }
}

impl<'de> Choice<'de> {
    fn fields(&self) -> Result<&'de Node, Wrong> {
        self.fields.ok_or_else(|| {
            let word = self.word;
            Wrong::of(format!("`{word}` without its fields"))
                .expecting(format!("{{ {word} = {{ fields }} }}"))
        })
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        match self.fields.map(|node| (&node.data, node)) {
            None | Some((Data::Null, _)) => Ok(()),
            Some((Data::Table(entries), _)) if entries.is_empty() => Ok(()),
            Some((_, node)) => {
                let word = self.word;
                let wrong = Wrong::of(format!("`{word}` has no fields")).at(&node.span);
                Err(wrong.expecting(format!("the word alone: \"{word}\"")))
            }
        }
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Wrong> {
        read(seed, self.fields()?)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.fields()?.deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.fields()?.deserialize_any(visitor)
    }
}
