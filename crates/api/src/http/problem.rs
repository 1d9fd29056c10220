//! Problems: what a refused request gets, as RFC 9457 says it.

use super::status::{HttpProblem, read_status, retryable, status};
use crate::source::{Fault, pointer};
use backstop_core::{Reject, reject::Value as Detail};
use serde::Serialize;
use serde_json::Value;

/// Where every problem is explained, before `#` and its code.
pub(super) const PAGE: &str = "/docs/problems";

/// One place of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointedError {
    /// The place in the body as a JSON pointer (RFC 6901), or `?name` for a parameter.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
    /// The line of the body, from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, from one, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

/// The body of an answer that is none: `application/problem+json`.
///
/// **Example**
/// ```
/// use backstop_api::http::Problem;
/// use backstop_core::{Reject, RejectCode};
/// let problem = Problem::of_command(&Reject::new(RejectCode::AboveExcess, 7u64, 5u64));
/// assert_eq!((problem.status, problem.code), (422, "ABOVE_EXCESS"));
/// assert_eq!(problem.kind, "/docs/problems#ABOVE_EXCESS");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The path of the page that explains it, with its code behind `#`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which rule refused; the same words for every occurrence.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in a sentence.
    pub detail: String,
    /// The path that was asked.
    pub instance: Option<String>,
    /// The stable code.
    pub code: &'static str,
    /// The stable number of a refusal by the ledger; nothing for what HTTP refuses.
    pub number: Option<u16>,
    /// The value that was offered.
    pub got: Option<String>,
    /// The limit that it met.
    pub limit: Option<String>,
    /// What to do next.
    pub hint: String,
    /// Whether the same request may be sent again as it is.
    pub retryable: bool,
    /// What is wrong where.
    pub errors: Vec<PointedError>,
}

impl Problem {
    /// A refused command.
    pub fn of_command(reject: &Reject) -> Self {
        Self::of(reject, status(reject.code))
    }

    /// A refused read: what is not there is 404.
    pub fn of_read(reject: &Reject) -> Self {
        Self::of(reject, read_status(reject.code))
    }

    fn of(reject: &Reject, status: u16) -> Self {
        let code = reject.code;
        let told = |value: Detail| (value != Detail::None).then(|| value.to_string());
        let (got, limit) = (told(reject.got), told(reject.limit));
        Self {
            kind: kind(code.name()),
            title: code.what(),
            status,
            detail: detail(code.what(), got.as_deref(), limit.as_deref()),
            instance: None,
            code: code.name(),
            number: Some(code.number()),
            got,
            limit,
            hint: code.hint().to_owned(),
            retryable: retryable(code),
            errors: Vec::new(),
        }
    }

    /// What HTTP refuses.
    pub fn http(problem: HttpProblem) -> Self {
        Self {
            kind: kind(problem.name()),
            title: problem.what(),
            status: problem.status(),
            detail: detail(problem.what(), None, None),
            instance: None,
            code: problem.name(),
            number: None,
            got: None,
            limit: None,
            hint: problem.hint().to_owned(),
            retryable: problem.retryable(),
            errors: Vec::new(),
        }
    }

    /// A body that can't be read, with line, column and pointer.
    pub fn malformed(fault: &Fault, body: &str) -> Self {
        let mut problem = Self::http(HttpProblem::Malformed)
            .got(fault.got.to_string())
            .limit(fault.expected.to_string())
            .at(&pointer(body, fault.place), &fault.what);
        problem.hint = fault.hint.to_string();
        problem.detail = fault.to_string();
        for error in &mut problem.errors {
            (error.line, error.column) = (Some(fault.place.line), Some(fault.place.column));
        }
        problem
    }

    /// A parameter that can't be read.
    pub fn parameter(name: &str, got: &str, expected: &str) -> Self {
        Self::http(HttpProblem::BadParameter)
            .got(short(got))
            .limit(expected.to_owned())
            .at(&format!("?{name}"), &format!("expected {expected}"))
    }

    /// With the value that was offered.
    #[must_use]
    pub fn got(mut self, got: impl Into<String>) -> Self {
        self.got = Some(got.into());
        self.detail = detail(self.title, self.got.as_deref(), self.limit.as_deref());
        self
    }

    /// With the limit that it met.
    #[must_use]
    pub fn limit(mut self, limit: impl Into<String>) -> Self {
        self.limit = Some(limit.into());
        self.detail = detail(self.title, self.got.as_deref(), self.limit.as_deref());
        self
    }

    /// With a place that is wrong.
    #[must_use]
    pub fn at(mut self, pointer: &str, detail: &str) -> Self {
        let (pointer, detail) = (pointer.to_owned(), detail.to_owned());
        self.errors.push(PointedError { pointer, detail, line: None, column: None });
        self
    }

    /// With the path that was asked.
    #[must_use]
    pub fn on(mut self, path: &str) -> Self {
        self.instance = Some(short(path));
        self
    }

    /// Seconds for the header `Retry-After`, for problems that have one.
    pub const fn retry_after(&self) -> Option<u32> {
        match self.status {
            429 => Some(1),
            503 if self.retryable => Some(2),
            // Somebody has to act first: asking every other second helps nobody.
            503 => Some(60),
            _ => None,
        }
    }

    /// The body.
    pub fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

/// The `type` of a code.
pub(super) fn kind(code: &str) -> String {
    format!("{PAGE}#{code}")
}

fn detail(what: &str, got: Option<&str>, limit: Option<&str>) -> String {
    let mut text = what.to_owned();
    for (word, value) in [("got", got), ("limit", limit)] {
        if let Some(value) = value {
            text.push_str(", ");
            text.push_str(word);
            text.push(' ');
            text.push_str(value);
        }
    }
    text
}

/// Longest piece of a request that a problem repeats, in characters.
const REPEATED: usize = 200;

fn short(text: &str) -> String {
    text.chars().take(REPEATED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command, command_body};
    use backstop_core::RejectCode;
    use backstop_units::Label;

    #[test]
    fn junk_points_at_its_place() {
        let body =
            "{\"actor\": \"operator\",\n \"body\": {\"open_account\": {\"label\": \"ALICE\"}}}";
        let fault = command(body, Some(Label::from_bytes([7; 16]))).unwrap_err();
        let problem = Problem::malformed(&fault, body);
        assert_eq!((problem.status, problem.code), (400, "MALFORMED"));
        let error = &problem.errors[0];
        assert_eq!(error.pointer, "/body/open_account/label");
        assert_eq!((error.line, error.column), (Some(2), Some(37)));

        for (body, pointer) in [
            ("{\"void_loss\": {\"loss\": 7}}", "/void_loss/loss"),
            ("{\"linked\": {\"steps\": [{\"void_loss\": {}}]}}", "/linked/steps/0/void_loss"),
            ("{\"void_loss\": ", ""),
            ("", ""),
        ] {
            let fault = command_body(body).unwrap_err();
            assert_eq!(Problem::malformed(&fault, body).errors[0].pointer, pointer, "{body}");
        }
    }

    #[test]
    fn a_refusal_keeps_its_words() {
        let reject = Reject::new(RejectCode::InsufficientBalance, 10u64, 7u64);
        let problem = Problem::of_command(&reject).on("/v1/commands");
        assert_eq!(problem.detail, "the account's free balance is smaller, got 10, limit 7");
        assert_eq!(problem.number, Some(311));
        assert_eq!(problem.json()["type"], "/docs/problems#INSUFFICIENT_BALANCE");
        let reject = Reject::got(RejectCode::UnknownFund, Label::parse("main").unwrap());
        assert_eq!(Problem::of_read(&reject).status, 404);
        assert_eq!(Problem::of_command(&reject).status, 422);
    }

    #[test]
    fn what_is_not_to_be_waited_for_says_so() {
        let full = Problem::of_command(&Reject::bare(RejectCode::QueueFull));
        assert_eq!((full.retryable, full.retry_after()), (true, Some(1)));
        for code in [RejectCode::Stopped, RejectCode::ClockJumped, RejectCode::JournalFull] {
            let waits = Problem::of_command(&Reject::bare(code));
            assert_eq!(
                (waits.status, waits.retryable, waits.retry_after()),
                (503, false, Some(60))
            );
        }
        let busy = Problem::http(HttpProblem::TooBusy);
        assert_eq!((busy.retryable, busy.retry_after()), (true, Some(2)));
        let ahead = Problem::http(HttpProblem::SeqAhead);
        assert_eq!((ahead.retryable, ahead.retry_after()), (true, None));
    }
}
