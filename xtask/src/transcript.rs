//! Sessions in the documents, run again: each command in a fenced `console` block, with what is quoted beneath it.
//!
//! ```text
//!   $ command        begins a command; `> ` goes on with it
//!   output           what it prints; `…` stands for anything in a line, alone in a line for any lines
//! ```
//!
//! All sessions of a page run in one shell in one folder, so a page reads as one sitting. Under `sh` whole lines are
//! commands and nothing is quoted. A command must fail where a line that begins with `error:` is quoted, and only
//! there. A service that holds the terminal goes to the background, on a free port in the place of the usual one.

use std::fmt::Write as _;

/// Where the documents say that a service listens.
const LISTENS: &str = "127.0.0.1:8787";
/// Builds the binary and runs it; here it is built already.
const BUILT: &str = "cargo run --release -- ";
/// What a service says once it answers.
const READY: &str = "Ctrl-C ends";
/// Begins the lines that part commands in the shell's output: no program prints it.
const MARK: char = '\u{1e}';

/// A command of a page, and what the page says that it prints.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its line in the page.
    pub(crate) line: usize,
    /// As it is given to the shell.
    pub(crate) command: String,
    /// What is quoted beneath; nothing: whatever it prints is right.
    pub(crate) quoted: Vec<String>,
}

impl Shown {
    fn new(line: usize, text: &str) -> Self {
        let command = match text.strip_prefix(BUILT) {
            Some(arguments) => format!("backstop {arguments}"),
            None => text.to_owned(),
        };
        Self { line, command, quoted: Vec::new() }
    }

    /// Whether it starts a service: it says so where it can be reached.
    fn serves(&self) -> bool {
        self.command.contains("backstop") && self.quoted.iter().any(|line| line.contains(READY))
    }

    /// Whether the page shows it failing.
    fn fails(&self) -> bool {
        self.quoted.iter().any(|line| line.starts_with("error: "))
    }

    /// What else `cargo` does is the suite's own work.
    fn is_ours(&self) -> bool {
        let mut words = self.command.split_whitespace().skip_while(|word| word.contains('='));
        words.next() != Some("cargo")
    }
}

/// Every command of a page, in its order.
pub(crate) fn commands(page: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut fence: Option<String> = None;
    for (line, text) in (1..).zip(page.lines()) {
        if let Some(word) = text.strip_prefix("```") {
            fence = if fence.is_none() { Some(word.to_owned()) } else { None };
            continue;
        }
        match fence.as_deref() {
            Some("console") => in_session(&mut found, line, text),
            Some("sh") if !text.trim().is_empty() => found.push(Shown::new(line, text)),
            _ => {}
        }
    }
    found.retain(Shown::is_ours);
    found
}

fn in_session(found: &mut Vec<Shown>, line: usize, text: &str) {
    if let Some(command) = text.strip_prefix("$ ") {
        found.push(Shown::new(line, command));
        return;
    }
    let Some(last) = found.last_mut() else { return };
    match text.strip_prefix("> ").or_else(|| (text == ">").then_some("")) {
        Some(more) if last.quoted.is_empty() => {
            let _ = write!(last.command, "\n{more}");
        }
        _ => last.quoted.push(text.to_owned()),
    }
}

/// The page's commands as one script for bash; `listens` is where its services can be reached.
pub(crate) fn script(commands: &[Shown], listens: &str) -> String {
    let mut text = String::from(
        "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n\
         ready() { for _ in $(seq 200); do [ \"$(grep -c 'Ctrl-C ends' \"$TRANSCRIPT\")\" -ge \"$1\" ] && return; sleep 0.05; done; }\n",
    );
    let mut services = 0;
    for (number, shown) in commands.iter().enumerate() {
        let mut command = shown.command.replace(LISTENS, listens);
        let held = shown.serves() && !command.contains('&');
        if command.starts_with("backstop ") && command.contains(" serve") {
            command.insert_str(0, &format!("BACKSTOP_LISTEN={listens} "));
        }
        if held {
            let end = command.find(" # ").unwrap_or(command.len());
            command.truncate(end);
            command.push_str(" &");
        }
        let _ = write!(text, "printf '\\n{MARK}{number}\\n'\n{command}\ncode=$?\n");
        if shown.serves() {
            services += 1;
            let _ = writeln!(text, "ready {services}");
        }
        let _ = writeln!(text, "printf '\\n{MARK}=%s\\n' $code");
    }
    text
}

/// What differs between a page and what its commands printed, each with its line.
pub(crate) fn differences(
    commands: &[Shown],
    printed: &str,
    listens: &str,
) -> Vec<(usize, String)> {
    let printed = printed.replace(listens, LISTENS);
    let mut found = Vec::new();
    for (number, shown) in commands.iter().enumerate() {
        let Some((output, code)) = part(&printed, number) else {
            found.push((shown.line, "the shell did not come to this command's end".to_owned()));
            break;
        };
        if (code != "0") != shown.fails() {
            found.push((shown.line, format!("it ends with {code} and prints\n{output}")));
        } else if !agrees(&shown.quoted, &output.lines().collect::<Vec<_>>()) {
            found.push((shown.line, format!("it prints\n{output}")));
        }
    }
    found
}

/// What a command printed, and its exit code.
fn part(printed: &str, number: usize) -> Option<(&str, &str)> {
    let (_, rest) = printed.split_once(&format!("\n{MARK}{number}\n"))?;
    let (output, rest) = rest.split_once(&format!("\n{MARK}="))?;
    Some((output.trim_end_matches('\n'), rest.lines().next()?))
}

/// Whether lines are those that are quoted.
fn agrees(quoted: &[String], printed: &[&str]) -> bool {
    let Some((first, rest)) = quoted.split_first() else { return true };
    quoted_lines(first, rest, printed)
}

fn quoted_lines(first: &str, rest: &[String], printed: &[&str]) -> bool {
    let then = |printed: &[&str]| match rest.split_first() {
        Some((next, rest)) => quoted_lines(next, rest, printed),
        None => printed.iter().all(|line| line.is_empty()),
    };
    if first.trim() == "…" {
        return (0..=printed.len()).any(|skipped| then(&printed[skipped..]));
    }
    match printed.split_first() {
        Some((line, printed)) => is_like(first.trim_end(), line.trim_end()) && then(printed),
        None => first.trim().is_empty() && then(printed),
    }
}

/// Whether a line is the quoted one, `…` standing for anything.
fn is_like(quoted: &str, line: &str) -> bool {
    match quoted.split_once('…') {
        None => quoted == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            line.char_indices()
                .map(|(at, _)| at)
                .chain([line.len()])
                .any(|at| is_like(rest, &line[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
Prose with $ signs.

```console
$ cat > a <<'END'
> one
> END
$ backstop show a
one
  2
$ CASES=3 cargo test
$ cargo run --release -- show a
$ backstop serve # here
Open http://127.0.0.1:8787/ in a browser; Ctrl-C ends.
$ backstop show b
error: b: no such file
```

```sh
backstop run a
```

```text
$ not this
```
";

    fn shown(line: usize, command: &str, quoted: &[&str]) -> Shown {
        let quoted = quoted.iter().map(|line| (*line).to_owned()).collect();
        Shown { line, command: command.to_owned(), quoted }
    }

    #[test]
    fn a_page_is_its_commands_with_what_is_quoted() {
        let open = "Open http://127.0.0.1:8787/ in a browser; Ctrl-C ends.";
        let expected = [
            shown(4, "cat > a <<'END'\none\nEND", &[]),
            shown(7, "backstop show a", &["one", "  2"]),
            shown(11, "backstop show a", &[]),
            shown(12, "backstop serve # here", &[open]),
            shown(14, "backstop show b", &["error: b: no such file"]),
            shown(19, "backstop run a", &[]),
        ];
        assert_eq!(commands(PAGE), expected);
    }

    #[test]
    fn services_go_to_the_background_on_another_port() {
        let script = script(&commands(PAGE), "127.0.0.1:4000");
        assert!(script.contains("\nBACKSTOP_LISTEN=127.0.0.1:4000 backstop serve &\n"), "{script}");
        assert!(script.contains("\nready 1\n") && !script.contains("cargo"), "{script}");
    }

    #[test]
    fn quoted_lines_are_compared() {
        for (quoted, printed, right) in [
            (&[][..], &["anything"][..], true),
            (&["a", "b"], &["a", "b"], true),
            (&["a"], &["a", "b"], false),
            (&["a", "b"], &["a"], false),
            (&["a  "], &["a"], true),
            (&["a", "…"], &["a", "b", "c"], true),
            (&["…", "c"], &["a", "b", "c"], true),
            (&["…", "d"], &["a", "b", "c"], false),
            (&["seq … of …."], &["seq 4 of 9."], true),
            (&["seq … of …."], &["seq 4 of 9"], false),
            (&["", "a"], &["", "a", ""], true),
        ] {
            let quoted: Vec<_> = quoted.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(agrees(&quoted, printed), right, "{quoted:?} and {printed:?}");
        }
    }

    #[test]
    fn differences_name_the_line() {
        let commands = commands(PAGE);
        let all = |two: &str, last: &str| {
            let open = "Open http://127.0.0.1:4000/ in a browser; Ctrl-C ends.";
            let outputs = [
                ("", "0"),
                (two, "0"),
                ("", "0"),
                (open, "0"),
                ("error: b: no such file", last),
                ("x", "0"),
            ];
            let parts = outputs.iter().enumerate();
            let parts = parts.map(|(number, (output, code))| {
                format!("\n{MARK}{number}\n{output}\n{MARK}={code}\n")
            });
            parts.collect::<String>()
        };
        let lines = |printed: &str| {
            let found = differences(&commands, printed, "127.0.0.1:4000");
            found.into_iter().map(|(line, _)| line).collect::<Vec<_>>()
        };
        assert_eq!(lines(&all("one\n  2\n", "2")), [0; 0]);
        assert_eq!(lines(&all("one\n  3\n", "2")), [7]);
        assert_eq!(lines(&all("one\n  2\n", "0")), [14]);
        assert_eq!(lines("\n\u{1e}0\n\n\u{1e}=0\n"), [7]);
    }
}
