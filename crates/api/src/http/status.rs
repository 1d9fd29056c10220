//! Which HTTP status stands for which refusal, and what HTTP itself refuses.

use backstop_core::RejectCode;

/// The status of a refused command.
///
/// A rule that said no is 422 throughout. Others: 403 for a missing right, 409 for an id that was used
/// by another command, 410 for an id older than the window in which answers are kept, 413 for what is
/// too large, 429 and 503 for a service that can't take the command now.
pub const fn status(code: RejectCode) -> u16 {
    match code {
        RejectCode::IdTooOld => 410,
        RejectCode::IdReused => 409,
        RejectCode::BatchTooLarge => 413,
        RejectCode::QueueFull => 429,
        RejectCode::ClockJumped | RejectCode::JournalFull | RejectCode::Stopped => 503,
        RejectCode::RoleMissing
        | RejectCode::NotOwner
        | RejectCode::UnknownSigner
        | RejectCode::BadSignature
        | RejectCode::TooFewSignatures => 403,
        _ => 422,
    }
}

/// The status of a refused read: 404 for what is not there, otherwise as for a command.
pub const fn read_status(code: RejectCode) -> u16 {
    match code {
        RejectCode::UnknownAsset
        | RejectCode::UnknownAccount
        | RejectCode::UnknownFund
        | RejectCode::UnknownTranche
        | RejectCode::UnknownMarket
        | RejectCode::UnknownTier
        | RejectCode::UnknownReserve
        | RejectCode::UnknownVault
        | RejectCode::UnknownFarm
        | RejectCode::UnknownInsurancePool
        | RejectCode::UnknownVaultLoss
        | RejectCode::UnknownLoss
        | RejectCode::UnknownProposal
        | RejectCode::UnknownTransfer
        | RejectCode::UnknownTicket
        | RejectCode::UnknownSpike
        | RejectCode::UnknownReservation
        | RejectCode::UnknownIndex
        | RejectCode::UnknownFeed
        | RejectCode::UnknownLoan
        | RejectCode::UnknownMargin
        | RejectCode::UnknownStaker
        | RejectCode::UnknownRelease => 404,
        _ => status(code),
    }
}

/// Whether the same request may be sent again as it is: nothing in it was wrong, the service could not
/// take it. What a rule refuses may pass later too, when its hint says so; sending it in a loop does
/// not help. Nor does it where somebody has to restart the service, set its clock or make room first.
pub const fn retryable(code: RejectCode) -> bool {
    matches!(status(code), 429 | 503) && !waits_for_somebody(code)
}

/// Whether the service takes no command until its operator has done something.
const fn waits_for_somebody(code: RejectCode) -> bool {
    matches!(code, RejectCode::ClockJumped | RejectCode::JournalFull | RejectCode::Stopped)
}

macro_rules! http_problems {
    ($($variant:ident $status:literal $name:literal $what:literal => $hint:literal;)*) => {
        /// What HTTP itself refuses, before or without a rule of the ledger.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum HttpProblem {
            $(#[doc = $what] $variant,)*
        }

        /// Every one of them.
        pub const HTTP_PROBLEMS: &[HttpProblem] = &[$(HttpProblem::$variant),*];

        impl HttpProblem {
            /// The status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }
            /// The stable name, upper case; no refusal of the core has it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// What is wrong.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),* }
            }
            /// What to do next.
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint),* }
            }
        }
    };
}

http_problems! {
    Malformed 400 "MALFORMED" "the body can't be read" => "correct the text at the place that `errors` names";
    BadParameter 400 "BAD_PARAMETER" "a parameter can't be read" => "look at the operation in /v1/openapi.json";
    BadCursor 400 "BAD_CURSOR" "the cursor is none of this list" => "begin without `after`, and use `next_cursor` as it was given";
    BadHeader 400 "BAD_HEADER" "a header can't be read" => "correct the header, or leave it out";
    NoKey 401 "NO_KEY" "this needs an API key" => "send `Authorization: Bearer bsk_…`; the operator makes keys with `backstop keys api create`";
    KeyRefused 401 "KEY_REFUSED" "the API key is unknown, expired or revoked" => "ask the operator for a new key";
    RoleNeeded 403 "ROLE_NEEDED" "the key's role does not allow this" => "use a key with the role that `limit` names";
    ActorNotBound 403 "ACTOR_NOT_BOUND" "the key may not send commands as this actor" => "use a key that is bound to the account, or name another actor";
    BadCsrf 403 "BAD_CSRF" "the form's token does not fit the session" => "load the page again and send the form once more";
    NoRoute 404 "NO_ROUTE" "no such path" => "look at /v1/openapi.json for what there is";
    NotThere 404 "NOT_THERE" "there is nothing under this name or number" => "look at the list above it";
    WrongMethod 405 "WRONG_METHOD" "this path does not take this method" => "use a method that the header `Allow` names";
    NotAcceptable 406 "NOT_ACCEPTABLE" "no form of the answer fits the header `Accept`" => "accept application/json, or leave the header out";
    TooSlow 408 "TOO_SLOW" "the request did not come in time" => "send it again, in one piece";
    KeyDiffers 409 "KEY_DIFFERS" "`Idempotency-Key` and the command's id differ" => "send one of them, or both the same";
    SeqAhead 412 "SEQ_AHEAD" "the ledger has not reached this sequence number" => "wait a moment, or ask for one that was answered";
    SeqTooOld 422 "SEQ_TOO_OLD" "the state so far back is not kept at hand" => "ask for a later one, or replay the log with `backstop verify`";
    BodyTooLarge 413 "BODY_TOO_LARGE" "the body is larger than this takes" => "send fewer steps";
    UriTooLong 414 "URI_TOO_LONG" "the address is longer than this takes" => "ask for less";
    WrongMedia 415 "WRONG_MEDIA" "the body's media type is not one this reads" => "send `Content-Type: application/json`";
    WebhookRefused 422 "WEBHOOK_REFUSED" "no subscription can be made of this" => "name an https address on a public network, or see the setting `webhooks_allow_private`";
    TooMany 429 "TOO_MANY" "too many requests, connections or readers" => "wait as long as the header `Retry-After` says";
    HeadersTooLarge 431 "HEADERS_TOO_LARGE" "the headers are larger than this takes" => "send fewer or shorter headers";
    Internal 500 "INTERNAL" "something is broken in the service" => "look at the service's log under the request's id";
    Draining 503 "DRAINING" "the service is being stopped" => "send it again in a moment; another process may answer";
    NotReady 503 "NOT_READY" "the service can't answer this yet" => "wait as long as the header `Retry-After` says";
    TooBusy 503 "TOO_BUSY" "answering takes longer than this may take" => "wait as long as the header `Retry-After` says, or ask for less";
}

impl HttpProblem {
    /// Whether the same request may be sent again as it is.
    pub const fn retryable(self) -> bool {
        matches!(self.status(), 408 | 429 | 503) || matches!(self, Self::SeqAhead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_an_error_that_the_reference_knows() {
        let known = [400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 422];
        let known = [&known[..], &[429, 431, 500, 503]].concat();
        for code in RejectCode::ALL {
            assert!(known.contains(&status(*code)), "{}", code.name());
            assert!(known.contains(&read_status(*code)), "{}", code.name());
        }
        for problem in HTTP_PROBLEMS {
            assert!(known.contains(&problem.status()), "{}", problem.name());
        }
    }

    /// Whoever adds a refusal of something unknown has to say that a read of it is a 404.
    #[test]
    fn what_is_unknown_is_not_found_by_a_read() {
        // Not things of their own that are read, but words in a command.
        let words = [RejectCode::UnknownActor, RejectCode::UnknownSigner, RejectCode::UnknownRules];
        let words = [&words[..], &[RejectCode::UnknownReward]].concat();
        for code in RejectCode::ALL {
            let unknown = code.name().starts_with("UNKNOWN_") && !words.contains(code);
            assert_eq!(read_status(*code) == 404, unknown, "{}", code.name());
        }
    }
}
