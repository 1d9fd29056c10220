//! What a risk model asks of a fund: a signed message that can only tighten, and lapses by itself.
//!
//! ```text
//!   target that counts = max(own target, asked target ≤ cap)      while the message is in force
//!                      = max(own target, safe default)            without one
//!   rate charged       = rate + min(spikes + asked fee, spike_max), never above the headroom
//!   what may leave     = what may leave otherwise − hold
//! ```
//!
//! It moves no money and loosens no limit: a wrong or stolen model can at worst make the fund ask for more than it
//! needs, within caps that the council set, until the message ends. **Source** the design's section 7: forecasts may raise
//! targets, prices and reservations within caps; never below the stress loss of the two largest groups (Cover-2,
//! CPMI-IOSCO principle 4).

use crate::{
    command::ReportRisk,
    event::{Event, RiskMessage},
    governance::{Context, approvals::check_signature},
    policy::RiskMessagePolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use alloc::{boxed::Box, vec::Vec};
use backstop_units::{Hash, Label};

const PREFIX: &[u8] = b"backstop risk v1\n";

/// The exact bytes that a risk model signs: ledger, fund, then each field in the command's order, integers in little endian.
pub fn risk_bytes(ledger: Label, message: &ReportRisk) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX.len().saturating_add(160));
    bytes.extend_from_slice(PREFIX);
    bytes.extend_from_slice(ledger.bytes());
    bytes.extend_from_slice(message.fund.bytes());
    bytes.extend_from_slice(&message.sequence.to_le_bytes());
    bytes.extend_from_slice(&message.made_at.ms().to_le_bytes());
    bytes.extend_from_slice(&message.until.ms().to_le_bytes());
    bytes.extend_from_slice(&message.target.get().to_le_bytes());
    bytes.extend_from_slice(&message.cover_two.get().to_le_bytes());
    bytes.extend_from_slice(&message.fee.get().to_le_bytes());
    bytes.extend_from_slice(&message.hold.get().to_le_bytes());
    bytes.extend_from_slice(message.evidence.bytes());
    bytes
}

/// Takes a message that is signed, later than the last one, fresh, and within the caps.
pub(crate) fn report(
    state: &State,
    context: &Context<'_>,
    command: &ReportRisk,
) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    let control = state.controls.expect(fund)?;
    let policy = control.policy.as_deref().and_then(|policy| policy.messages);
    let policy = policy.ok_or_else(|| Reject::got(RejectCode::NoRiskModel, command.fund))?;
    if context.check_signatures {
        let bytes = risk_bytes(state.meta.ledger, command);
        let signer = Hash::new(policy.key.0);
        check_signature(&policy.key, &bytes, &command.signature.0)
            .map_err(|_| Reject::new(RejectCode::BadRiskSignature, "another signature", signer))?;
    }
    if let Some(last) = control.message.as_deref().filter(|m| command.sequence <= m.sequence) {
        return Err(
            Reject::new(RejectCode::RiskMessageOrder, command.sequence, last.sequence).into()
        );
    }
    fresh(state, context, &policy, command)?;
    within(&policy, command)?;
    Ok(Event::RiskReported {
        fund,
        message: Box::new(RiskMessage {
            sequence: command.sequence,
            made_at: command.made_at,
            until: command.until,
            target: command.target,
            cover_two: command.cover_two,
            fee: command.fee,
            hold: command.hold,
            evidence: command.evidence,
            key: policy.key,
        }),
    })
}

/// Neither from the future nor too old, nor over already.
fn fresh(
    state: &State,
    context: &Context<'_>,
    policy: &RiskMessagePolicy,
    command: &ReportRisk,
) -> Result<(), Reject> {
    let (now, made_at) = (context.now, command.made_at);
    let newest = now.plus(state.meta.limits.skew_ahead);
    if made_at > newest {
        return Err(Reject::new(RejectCode::RiskMessageStale, made_at, newest));
    }
    let age = now.since(made_at);
    if age > policy.age_max {
        return Err(Reject::new(RejectCode::RiskMessageStale, age, policy.age_max));
    }
    if command.until <= now {
        return Err(Reject::new(RejectCode::RiskMessageStale, command.until, now));
    }
    Ok(())
}

/// Within the caps, and never a target below Cover-2.
fn within(policy: &RiskMessagePolicy, command: &ReportRisk) -> Result<(), Reject> {
    let span = command.until.since(command.made_at);
    if span > policy.span_max {
        return Err(Reject::new(RejectCode::RiskMessageCaps, span, policy.span_max));
    }
    for (asked, cap) in [(command.target, policy.target_max), (command.hold, policy.hold_max)] {
        if asked > cap {
            return Err(Reject::new(RejectCode::RiskMessageCaps, asked, cap));
        }
    }
    if command.fee > policy.fee_max {
        let (fee, cap) = (command.fee.get(), policy.fee_max.get());
        return Err(Reject::new(RejectCode::RiskMessageCaps, fee, cap));
    }
    if command.target < command.cover_two {
        let (target, least) = (command.target, command.cover_two);
        return Err(Reject::new(RejectCode::TargetBelowCover, target, least));
    }
    Ok(())
}
