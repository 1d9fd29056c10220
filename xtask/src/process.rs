//! Running other programs: shown as it runs, captured, or both.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome};

/// How many trailing lines of a failed program's error output are quoted.
const QUOTED_LINES: usize = 15;

/// A `cargo` call in `dir`, by the same cargo that started us.
pub(crate) fn cargo(dir: &Path, args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(dir);
    command
}

/// Runs `command` with its output on our terminal.
pub(crate) fn stream(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(ended(command, &status.to_string())) }
}

/// Runs `command`, shows its standard output and hands each line of it to `on_line`.
pub(crate) fn tee(command: &mut Command, mut on_line: impl FnMut(&str)) -> Outcome {
    println!("$ {}", shown(command));
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let bytes = line.map_err(|error| not_started(command, &error))?;
            let text = String::from_utf8_lossy(&bytes);
            println!("{text}");
            on_line(&text);
        }
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(ended(command, &status.to_string())) }
}

/// Runs `command` silently and returns its standard output; a failure quotes its error output.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = errors.lines().collect();
    let tail = &lines[lines.len().saturating_sub(QUOTED_LINES)..];
    Err(ended(command, &format!("{}\n{}", output.status, tail.join("\n"))))
}

/// Whether `program` answers to `argument` with success: the way to see that it is installed.
pub(crate) fn answers(program: &str, argument: &str) -> bool {
    succeeds(Command::new(program).arg(argument))
}

/// Whether `command` can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// The command as a person would type it (for reading, not for a shell).
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(key, value)| {
            Some(format!("{}={}", key.to_string_lossy(), value?.to_string_lossy()))
        })
        .collect();
    words.push(name.into_owned());
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` could not be run: {error}", shown(command)))
}

fn ended(command: &Command, how: &str) -> Failure {
    Failure::new(format!("`{}` ended with {how}", shown(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_call_without_its_folder() {
        let mut command = Command::new("some/where/cargo");
        command.args(["test", "--workspace"]).env("CASES", "3");
        assert_eq!(shown(&command), "CASES=3 cargo test --workspace");
    }

    #[test]
    fn a_failed_capture_quotes_the_error_output() {
        let failure = capture(Command::new("sh").args(["-c", "echo why >&2; exit 7"])).unwrap_err();
        let text = failure.to_string();
        assert!(text.contains('7') && text.contains("why"), "{text}");
    }

    #[test]
    fn tee_hands_over_each_line() {
        let mut lines = Vec::new();
        tee(Command::new("sh").args(["-c", "echo a; echo b"]), |line| lines.push(line.to_owned()))
            .unwrap();
        assert_eq!(lines, ["a", "b"]);
    }

    #[test]
    fn a_program_that_is_not_there_does_not_answer() {
        assert!(!answers("backstop-no-such-program", "--version"));
    }
}
