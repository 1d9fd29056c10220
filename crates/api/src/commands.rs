//! Commands as a client sends them in a file: one JSON object a line, or an array of them.

use crate::source::{Data, Fault, Format, Key, Node, Source};
use backstop_core::{Body, Command};
use backstop_units::Label;

/// Reads one command a line, or an array; one without an id gets what `id` makes of its position.
///
/// # Errors
/// [`Fault`] with line and column; nothing is returned of a text that is wrong anywhere.
pub fn commands(text: &str, id: impl Fn(u64) -> Label) -> Result<Vec<Command>, Fault> {
    let source = Source(text);
    let nodes = if text.trim_start().starts_with('[') {
        match source.read(Format::Json)?.data {
            Data::List(items) => items,
            _ => Vec::new(),
        }
    } else {
        lines(source)?
    };
    let numbered = (0..).zip(nodes);
    numbered.map(|(at, node)| source.convert(&with_id(node, || id(at)))).collect()
}

/// Reads one command, over as many lines as it takes; `id` is used where the text names none.
///
/// # Errors
/// [`Fault`] with line and column.
pub fn command(text: &str, id: Option<Label>) -> Result<Command, Fault> {
    let source = Source(text);
    let node = source.read(Format::Json)?;
    match id {
        Some(id) => source.convert(&with_id(node, || id)),
        None => source.convert(&node),
    }
}

/// Reads a command's body, such as `{"void_loss": {"loss": "loss_3"}}`.
///
/// # Errors
/// [`Fault`] with line and column.
pub fn command_body(text: &str) -> Result<Body, Fault> {
    let source = Source(text);
    source.convert(&source.read(Format::Json)?)
}

fn lines(source: Source<'_>) -> Result<Vec<Node>, Fault> {
    let mut start = 0;
    let mut nodes = Vec::new();
    for line in source.0.split_inclusive('\n') {
        if !line.trim().is_empty() {
            nodes.push(source.read_json(start..start + line.trim_end().len())?);
        }
        start += line.len();
    }
    Ok(nodes)
}

fn with_id(mut node: Node, id: impl FnOnce() -> Label) -> Node {
    let absent = node.get("id").is_none();
    let span = node.span.clone();
    if let (true, Data::Table(entries)) = (absent, &mut node.data) {
        let key = Key { span: span.clone(), name: "id".to_owned() };
        entries.push((key, Node { span, data: Data::Text(id().to_string()) }));
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    const OPEN: &str = r#"{"actor": "operator", "body": {"open_account": {"label": "alice"}}}"#;

    fn read(text: &str) -> Result<Vec<Command>, Fault> {
        commands(text, |at| Label::from_bytes(u128::from(at + 1).to_be_bytes()))
    }

    #[test]
    fn lines_and_arrays_give_the_same() {
        let given = OPEN.replacen('{', r#"{"id": "mine", "#, 1);
        let lines = read(&format!("{OPEN}\r\n\n  {given}\n")).unwrap();
        assert_eq!(lines, read(&format!("\n[{OPEN},\n{given}]")).unwrap());
        assert_eq!(lines[0].id.get(), 1);
        assert_eq!(lines[1].id, Label::parse("mine").unwrap());
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn one_command_has_its_own_id_or_the_one_beside_it() {
        let beside = Label::parse("beside").unwrap();
        let text = OPEN.replace(", ", ",\n");
        assert_eq!(command(&text, Some(beside)).unwrap().id, beside);
        assert!(command(&text, None).unwrap_err().what.contains("`id` is missing"));
        let own = text.replacen('{', r#"{"id": "mine", "#, 1);
        assert_eq!(command(&own, Some(beside)).unwrap().id, Label::parse("mine").unwrap());
    }

    #[test]
    fn junk_says_where() {
        let wrong = OPEN.replace("alice", "ALICE");
        for (text, line, column, needle) in [
            (format!("{OPEN}\n{wrong}"), 2, 58, "not a label"),
            (format!("[{OPEN},\n {wrong}]"), 2, 59, "not a label"),
            (format!("{OPEN}\n\n{{\"actor\": \"a\"\n"), 3, 14, "not JSON"),
            (format!("{OPEN}\n{{\"actor\": \"a\"}}"), 2, 1, "`body` is missing"),
            (format!("{OPEN} {OPEN}"), 1, 69, "trailing characters"),
            ("7".to_owned(), 1, 1, "wrong type"),
            ("[7]".to_owned(), 1, 2, "wrong type"),
        ] {
            let fault = read(&text).unwrap_err();
            assert_eq!(fault.place, Place { line, column }, "{text}\n{fault}");
            assert!(fault.what.contains(needle), "{text}\n{fault}");
        }
        assert_eq!(
            command_body("{\n\"void\": 1}").unwrap_err().place,
            Place { line: 2, column: 1 }
        );
    }
}
