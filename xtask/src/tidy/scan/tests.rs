use super::*;

/// Blanked code with runs of spaces squeezed, so that the samples stay readable.
fn squeezed(text: &str) -> String {
    code_only(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn spans(text: &str) -> Vec<(String, usize, usize)> {
    let code = code_only(text);
    functions(&tokens(&code)).into_iter().map(|span| (span.name, span.first, span.last)).collect()
}

#[test]
fn comments_are_blanked_and_nest() {
    assert_eq!(squeezed("a // b {\nc"), "a c");
    assert_eq!(squeezed("a /* b /* { */ } */ c"), "a c");
    assert_eq!(squeezed("a /* never closed {"), "a");
    assert_eq!(code_only("a /* x\ny */ b").lines().count(), 2);
}

#[test]
fn strings_of_every_kind_are_blanked() {
    for literal in [r#""{ \" }""#, r##"r#"{ " }"#"##, r#"br"{""#, r###"cr##"{ "# "##"###, r#"b"{""#]
    {
        let text = format!("f({literal});");
        assert!(!code_only(&text).contains('{'), "{text}");
        assert!(code_only(&text).ends_with(");"), "{text}");
    }
    assert_eq!(squeezed("let r#fn = r;"), "let r#fn = r;");
    assert_eq!(squeezed("for \"a\\\\\" {"), "for {");
}

#[test]
fn character_literals_are_blanked_and_lifetimes_stay() {
    assert_eq!(squeezed("['{', '\\'', '\\u{7d}', '\"', b'}']"), "[ , , , , b ]");
    assert_eq!(squeezed("fn f<'a, 'b>(x: &'a str) {}"), "fn f<'a, 'b>(x: &'a str) {}");
    assert_eq!(squeezed("impl Iterator<Item = &'_ str>"), "impl Iterator<Item = &'_ str>");
}

#[test]
fn numbers_with_a_fraction_are_one_token_and_tuple_fields_are_not() {
    let words = |code| tokens(code).into_iter().map(|token| token.text).collect::<Vec<_>>();
    assert_eq!(words("1.5 + 0..9"), ["1.5", "+", "0", ".", ".", "9"]);
    assert_eq!(words("pair.0.1"), ["pair", ".", "0", ".", "1"]);
    assert_eq!(words("2.pow(3)"), ["2", ".", "pow", "(", "3", ")"]);
}

#[test]
fn a_function_runs_from_its_name_to_its_closing_brace() {
    let text = "\
/// Doc with a brace {
pub fn one(x: [u8; 4]) -> u8
where
    u8: Copy,
{
    let s = \"}\";
    if x[0] == b'}' { 1 } else { 2 }
}
trait T { fn declared(&self); fn given(&self) {} }
type F = fn(u8) -> u8;
";
    let expected = [("one", 2, 8), ("given", 9, 9)].map(|(name, a, b)| (name.to_owned(), a, b));
    assert_eq!(spans(text), expected);
}

#[test]
fn functions_in_functions_are_measured_on_their_own() {
    let found = spans("fn outer() {\n  fn inner() {\n  }\n}\n");
    assert_eq!(found, [("outer".to_owned(), 1, 4), ("inner".to_owned(), 2, 3)]);
}

#[test]
fn a_function_without_its_end_is_left_out() {
    assert_eq!(spans("fn broken() { ("), []);
}

#[test]
fn test_modules_are_found_behind_attributes() {
    let text = "\
fn real() {}
#[cfg(test)]
#[allow(dead_code)]
pub(crate) mod tests {
    fn inside() {}
}
#[cfg(test)]
mod elsewhere;
#[cfg(not(test))]
mod product { }
";
    let code = code_only(text);
    let found = test_modules(&tokens(&code));
    assert_eq!(found, [Span { name: "tests".into(), first: 2, last: 6 }]);
    assert!(found[0].holds(6) && !found[0].holds(7));
    assert_eq!(found[0].lines(), 5);
}
