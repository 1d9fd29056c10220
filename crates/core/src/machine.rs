//! The machine: begin a ledger, apply a command, try one, check a record.

use crate::{
    RULES_VERSION,
    command::Command,
    decide,
    event::Event,
    governance::{Context, Power, Signed, approvals},
    liquidation::offline,
    record::{Asked, Entry, Genesis, Record},
    reject::{Corrupt, Halt, Reject, RejectCode},
    state::State,
    txn::{self, Txn},
};
use alloc::vec::Vec;
use backstop_units::{Label, Seq, Timestamp};

/// A command whose signatures were checked, or are trusted because the log holds them. What is wrong
/// with them is told when it is its turn among the rejects, by [`apply`].
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    command: &'a Command,
    signed: Option<Signed>,
    check_signatures: bool,
}

impl<'a> Checked<'a> {
    /// Checks every signature of a command; needs no state, so it may run on any thread.
    ///
    /// # Errors
    /// See [`approvals::verify_approvals`].
    #[inline]
    pub fn new(ledger: Label, command: &'a Command) -> Result<Self, Reject> {
        let signed = approvals::verify_approvals(ledger, command)?;
        Ok(Self { command, signed, check_signatures: true })
    }

    /// Takes the signatures of a recorded command as checked.
    ///
    /// # Errors
    /// As [`Checked::new`].
    pub fn trusting(command: &'a Command) -> Result<Self, Reject> {
        let signed = command
            .approvals
            .as_ref()
            .map(|found| approvals::trusted(command, found))
            .transpose()?;
        Ok(Self { command, signed, check_signatures: false })
    }
}

/// Begins a ledger: an empty state and the setup carried out.
///
/// # Errors
/// The first reject of the setup, with the position of its command.
#[expect(clippy::result_large_err, reason = "begun once; the error says where and why")]
pub fn begin(genesis: &Genesis, now: Timestamp) -> Result<(State, Vec<Event>), (usize, Halt)> {
    if genesis.rules == 0 || genesis.rules > RULES_VERSION {
        let (got, limit) = (u32::from(genesis.rules), u32::from(RULES_VERSION));
        return Err((0, Reject::new(RejectCode::UnknownRules, got, limit).into()));
    }
    let mut state = State::genesis(genesis.ledger, genesis.rules, genesis.limits, now);
    let mut events = Vec::new();
    let mut txn = Txn::begin(&mut state, &mut events);
    let context = Context {
        now,
        occurred_at: now,
        actor: None,
        power: Power::Granted,
        check_signatures: true,
    };
    for (at, body) in genesis.setup.iter().enumerate() {
        decide::envelope(txn.state(), now, body).map_err(|reject| (at, reject.into()))?;
        decide::decide(&mut txn, &context, body).map_err(|halt| (at, halt))?;
    }
    txn.advance(now);
    txn.commit();
    Ok((state, events))
}

/// Applies one command at `now`; its events are in `events`. On an error nothing has changed.
///
/// **Complexity** O(1) in the number of accounts, stakers and losses.
///
/// # Errors
/// [`Halt::Reject`] when a rule refuses, [`Halt::Corrupt`] when an invariant breaks.
pub fn apply(
    state: &mut State,
    checked: &Checked<'_>,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> Result<(), Halt> {
    let mut txn = Txn::begin(state, events);
    run(&mut txn, checked, now)?;
    txn.commit();
    Ok(())
}

/// Answers as [`apply`] would, and takes everything back.
///
/// # Errors
/// As [`apply`].
pub fn dry_run(
    state: &mut State,
    checked: &Checked<'_>,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> Result<(), Halt> {
    let mut txn = Txn::begin(state, events);
    run(&mut txn, checked, now)
}

/// As [`dry_run`], and lets `look` see the state as it would be, before everything is taken back.
///
/// # Errors
/// As [`apply`]; `look` is not asked then.
pub fn rehearse<T>(
    state: &mut State,
    checked: &Checked<'_>,
    now: Timestamp,
    look: impl FnOnce(&State, &[Event]) -> T,
) -> Result<T, Halt> {
    let mut events = Vec::new();
    let mut txn = Txn::begin(state, &mut events);
    run(&mut txn, checked, now)?;
    Ok(look(txn.state(), txn.events()))
}

fn run(txn: &mut Txn<'_>, checked: &Checked<'_>, now: Timestamp) -> Result<(), Halt> {
    let command = checked.command;
    let state = txn.state();
    if now < state.meta.now {
        return Err(Corrupt::OutOfOrder.into());
    }
    let occurred_at = occurred_at(state, command, now)?;
    decide::envelope(state, now, &command.body)?;
    let actor = state
        .account_id(command.actor)
        .map_err(|_| Reject::got(RejectCode::UnknownActor, command.actor))?;
    let context = Context {
        now,
        occurred_at,
        actor: Some(actor),
        power: Power::Sender(checked.signed.as_ref()),
        check_signatures: checked.check_signatures,
    };
    // Events see the new time: what a command starts, starts now.
    txn.set_time(now);
    decide::decide(txn, &context, &command.body)?;
    txn.advance(now);
    Ok(())
}

/// The moment it happened, within the skew that the ledger allows.
fn occurred_at(state: &State, command: &Command, now: Timestamp) -> Result<Timestamp, Reject> {
    let Some(at) = command.occurred_at else { return Ok(now) };
    let limits = &state.meta.limits;
    let newest = now.plus(limits.skew_ahead);
    if at < now.minus(limits.skew_past) {
        // A venue that went on while this ledger was down settles later than anything else may be.
        let oldest = now.minus(offline::past(state, &command.body));
        if at < oldest {
            return Err(Reject::new(RejectCode::OccurredAtSkew, at, oldest));
        }
    }
    if at > newest {
        return Err(Reject::new(RejectCode::OccurredAtSkew, at, newest));
    }
    Ok(at)
}

/// Replays one record: order is checked, rules are not asked.
///
/// # Errors
/// [`Corrupt`] when the record does not follow the state or does not fit it.
pub fn replay(state: &mut State, record: &Record) -> Result<(), Corrupt> {
    follows(state, (record.seq, record.time, record.rules), &record.entry)?;
    txn::replay(state, record.time, &record.events)
}

/// The state right after a genesis record, without asking the rules.
///
/// # Errors
/// [`Corrupt`] when the record is no genesis or its events don't fit.
pub fn replay_genesis(record: &Record) -> Result<State, Corrupt> {
    let Entry::Genesis(genesis) = &record.entry else { return Err(Corrupt::OutOfOrder) };
    let mut state = State::genesis(genesis.ledger, genesis.rules, genesis.limits, record.time);
    replay(&mut state, record)?;
    Ok(state)
}

/// Decides a recorded command again and compares: the state moves on where both agree, and is as
/// before where they differ. Whoever wants to go on from there follows the record by [`replay`]. The
/// events decided are in `events`.
///
/// # Errors
/// [`Corrupt::RulesDiffer`] when the rules refuse it or give other events; what [`replay`] says of a
/// record out of order.
pub fn recheck(
    state: &mut State,
    asked: &Asked<'_>,
    signatures: bool,
    events: &mut Vec<Event>,
) -> Result<(), Corrupt> {
    follows(state, (asked.seq, asked.time, asked.rules), &asked.entry)?;
    match &asked.entry {
        Entry::Genesis(genesis) => {
            let (begun, decided) = begin(genesis, asked.time).map_err(|_| Corrupt::RulesDiffer)?;
            if !asked.holds(&decided) {
                return Err(Corrupt::RulesDiffer);
            }
            (*state, *events) = (begun, decided);
            Ok(())
        }
        Entry::Command(command) => {
            let ledger = state.meta.ledger;
            let checked =
                if signatures { Checked::new(ledger, command) } else { Checked::trusting(command) };
            let checked = checked.map_err(|_| Corrupt::RulesDiffer)?;
            let mut txn = Txn::begin(state, events);
            match run(&mut txn, &checked, asked.time) {
                Ok(()) if asked.holds(txn.events()) => {
                    txn.commit();
                    Ok(())
                }
                Ok(()) | Err(Halt::Reject(_)) => Err(Corrupt::RulesDiffer),
                Err(Halt::Corrupt(corrupt)) => Err(corrupt),
            }
        }
    }
}

fn follows(state: &State, head: (Seq, Timestamp, u16), entry: &Entry) -> Result<(), Corrupt> {
    let (seq, time, rules) = head;
    let genesis = matches!(entry, Entry::Genesis(_));
    let in_order = seq == state.meta.next
        && time >= state.meta.now
        && rules == state.meta.rules
        && genesis == (seq == Seq::default());
    if in_order { Ok(()) } else { Err(Corrupt::OutOfOrder) }
}
