//! Executing a scenario on any ledger: one JSON result for each step, and the closing books.

use crate::{
    json::{event_json, named, problem},
    query::answer,
    scenario::{Expect, Scenario, Step},
};
use backstop_core::{
    Checked, Command, Corrupt, Event, Genesis, Halt, Reject, RejectCode, State, ledger::Side,
};
use backstop_units::{Label, Seq, Timestamp};
use serde_json::{Value, json};

/// A ledger that commands can be sent to: in memory, or behind the durable engine.
pub trait Host {
    /// Moves the scenario's clock, sends one command, waits for its answer.
    ///
    /// # Errors
    /// [`HostError`].
    fn send(
        &mut self,
        at: Timestamp,
        command: &Command,
        dry_run: bool,
    ) -> Result<(Seq, Vec<Event>), HostError>;

    /// Looks at the state as of the last answer.
    ///
    /// # Errors
    /// [`HostError::Broken`] when the state can't be reached.
    fn look<T>(&mut self, look: impl FnOnce(&State) -> T) -> Result<T, HostError>;
}

/// Why a host gave no events.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A rule refused.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// The ledger is broken, or its storage is.
    #[error("{0}")]
    Broken(String),
}

impl From<Halt> for HostError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Reject(reject) => Self::Reject(reject),
            Halt::Corrupt(corrupt) => corrupt.into(),
        }
    }
}

impl From<Corrupt> for HostError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Broken(corrupt.to_string())
    }
}

/// A ledger in memory, straight on the core. For tests and sweeps.
#[derive(Debug)]
pub struct MemoryHost {
    state: State,
    events: Vec<Event>,
}

impl MemoryHost {
    /// Begins a ledger.
    ///
    /// # Errors
    /// The setup command that was refused.
    pub fn new(genesis: &Genesis, now: Timestamp) -> Result<Self, HostError> {
        let (state, events) = backstop_core::begin(genesis, now)
            .map_err(|(at, halt)| HostError::Broken(format!("setup command {}: {halt}", at + 1)))?;
        Ok(Self { state, events })
    }
}

impl Host for MemoryHost {
    fn send(
        &mut self,
        at: Timestamp,
        command: &Command,
        dry_run: bool,
    ) -> Result<(Seq, Vec<Event>), HostError> {
        let seq = self.state.meta.next;
        let checked = Checked::new(self.state.meta.ledger, command)?;
        let act = if dry_run { backstop_core::dry_run } else { backstop_core::apply };
        act(&mut self.state, &checked, at, &mut self.events)?;
        backstop_core::invariants::check(&self.state)?;
        Ok((seq, self.events.clone()))
    }

    fn look<T>(&mut self, look: impl FnOnce(&State) -> T) -> Result<T, HostError> {
        Ok(look(&self.state))
    }
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One result for each step.
    pub steps: Vec<Value>,
    /// The closing books.
    pub books: Value,
    /// Expectations that were not met: step counted from one, and what came instead.
    pub unmet: Vec<(usize, String)>,
}

/// Carries out the steps of a scenario.
///
/// # Errors
/// [`HostError::Broken`] when the ledger or its storage breaks. A refused command is a result.
pub fn run(scenario: &Scenario, host: &mut impl Host) -> Result<Outcome, HostError> {
    let mut now = scenario.start;
    let (mut steps, mut unmet) = (Vec::new(), Vec::new());
    for (at, step) in scenario.steps.iter().enumerate() {
        let wanted = step.at.unwrap_or(now.plus(step.after.unwrap_or_default()));
        let mut result = if wanted < now {
            let reject = Reject::new(RejectCode::TimeRunsBack, wanted, now);
            json!({ "step": at + 1, "at": wanted, "reject": problem(&reject) })
        } else {
            now = wanted;
            one(step, at, now, host)?
        };
        if let (Value::Object(fields), Some(place)) = (&mut result, scenario.step_place(at))
            && fields.contains_key("reject")
        {
            fields.insert("line".to_owned(), json!(place.line));
        }
        if let Some(missing) = step.expect.as_ref().and_then(|expect| missing(expect, &result)) {
            unmet.push((at + 1, missing));
        }
        steps.push(result);
    }
    Ok(Outcome { steps, books: host.look(books)?, unmet })
}

fn one(step: &Step, at: usize, now: Timestamp, host: &mut impl Host) -> Result<Value, HostError> {
    let mut result = json!({ "step": at + 1, "at": now });
    let fields = match (&step.command, &step.query) {
        (Some(body), _) => {
            let command = Command {
                id: step.id.unwrap_or_else(|| step_id(now, at)),
                actor: step.actor.unwrap_or(Label::NONE),
                occurred_at: step.occurred_at,
                body: body.clone(),
                approvals: step.approvals.clone(),
            };
            match host.send(now, &command, step.dry_run) {
                Ok((seq, events)) => {
                    let events: Vec<Value> = host.look(|state| {
                        events.iter().map(|event| event_json(event, state)).collect()
                    })?;
                    json!({ "command": body.word(), "seq": seq, "dry_run": step.dry_run, "events": events })
                }
                Err(HostError::Reject(reject)) => {
                    json!({ "command": body.word(), "reject": problem(&reject) })
                }
                Err(broken) => return Err(broken),
            }
        }
        (None, Some(query)) => match host.look(|state| answer(state, query, now))? {
            Ok(value) => json!({ "result": value }),
            Err(Halt::Reject(reject)) => json!({ "reject": problem(&reject) }),
            Err(Halt::Corrupt(corrupt)) => return Err(corrupt.into()),
        },
        (None, None) => json!({}),
    };
    if let (Value::Object(result), Value::Object(fields)) = (&mut result, fields) {
        result.extend(fields);
    }
    Ok(result)
}

/// A `UUIDv7` out of the scenario's time and the step's position: the same in every run.
fn step_id(now: Timestamp, at: usize) -> Label {
    let low = u128::try_from(at).unwrap_or(0);
    let id = u128::from(now.ms()) << 80 | 0x7 << 76 | 0x2 << 62 | low;
    Label::from_bytes(id.to_be_bytes())
}

/// What an expectation misses in a result.
fn missing(expect: &Expect, result: &Value) -> Option<String> {
    let got = result.pointer("/reject/code").and_then(Value::as_str);
    if expect.reject.as_deref() != got {
        let name = |code: Option<&str>| code.unwrap_or("no reject").to_owned();
        return Some(format!("expected {}, got {}", name(expect.reject.as_deref()), name(got)));
    }
    let absent = expect.contains.iter().find(|(key, value)| !contains(result, key, value));
    absent.map(|(key, value)| format!("no {key} = {value} in {result}"))
}

/// Whether `value` has `key` with exactly `wanted` anywhere inside.
fn contains(value: &Value, key: &str, wanted: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get(key) == Some(wanted)
                || fields.values().any(|field| contains(field, key, wanted))
        }
        Value::Array(items) => items.iter().any(|item| contains(item, key, wanted)),
        _ => false,
    }
}

/// Every account of the ledger with its balance and side, and the hash of the state.
pub fn books(state: &State) -> Value {
    let accounts = state.ledger.iter().map(|entry| {
        let debit_side = match entry.account.side() {
            Side::Debit => true,
            Side::Credit => false,
            Side::Either => entry.debits > entry.credits,
        };
        let (side, balance) = if debit_side {
            ("debit", entry.debit_balance())
        } else {
            ("credit", entry.credit_balance())
        };
        json!({ "account": entry.account, "asset": entry.asset, "side": side, "balance": balance })
    });
    let accounts = named(Value::Array(accounts.collect()), state);
    json!({ "accounts": accounts, "trial_balance": trial(state), "next_seq": state.meta.next, "state_hash": state.hash() })
}

fn trial(state: &State) -> Value {
    let balanced = state.ledger.check().is_ok();
    json!({ "balanced": balanced })
}
