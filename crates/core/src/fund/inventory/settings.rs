//! The rules of what a fund may take over, their rails, and who may change them.

use super::Inventory;
use crate::{
    command::SetInventory,
    event::Event,
    hosted::book::attached,
    policy::{AuctionPolicy, InventoryPolicy},
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::{Ppm, Span};

/// A move of ten times the mark is the largest that rules may name.
const SHOCK_MAX: Ppm = Ppm::new(10_000_000);
/// Shortest time that a position is held or auctioned.
const SHORTEST: Span = Span::from_ms(60_000);

fn rails(policy: &InventoryPolicy) -> Result<(), Reject> {
    let AuctionPolicy { start, most, interval, lifetime, margin, .. } = policy.auction;
    let bad = |got: u128, limit: u128| Err(Reject::new(RejectCode::BadPolicy, got, limit));
    if policy.base_unit.is_zero() {
        return bad(0, 1);
    }
    super::scale(policy.base_unit)?;
    let portions = [
        (policy.shock, SHOCK_MAX),
        (policy.reserve_part, Ppm::WHOLE),
        (policy.slip_max, Ppm::WHOLE),
        (most, Ppm::WHOLE),
        (start, most),
        (margin, Ppm::WHOLE),
    ];
    if let Some((got, limit)) = portions.iter().find(|(got, limit)| got > limit) {
        return bad(got.get().into(), limit.get().into());
    }
    if interval.is_zero() {
        return Err(Reject::new(RejectCode::BadPolicy, interval, Span::from_ms(1)));
    }
    match [policy.hold_max, lifetime].into_iter().find(|span| *span < SHORTEST) {
        Some(short) => Err(Reject::new(RejectCode::BadPolicy, short, SHORTEST)),
        None => Ok(()),
    }
}

/// Whether rules take on more than those before, or can't be compared with them.
pub(crate) fn widens(line: &Inventory, new: &InventoryPolicy) -> bool {
    let Some(old) = line.policy else { return true };
    let kept = InventoryPolicy {
        position_max: new.position_max,
        loss_max: new.loss_max,
        hold_max: new.hold_max,
        shock: new.shock,
        reserve_part: new.reserve_part,
        cooldown: new.cooldown,
        mark_age: new.mark_age,
        ..old
    };
    let tighter = new.position_max <= old.position_max
        && new.loss_max <= old.loss_max
        && new.hold_max <= old.hold_max
        && new.shock >= old.shock
        && new.reserve_part <= old.reserve_part
        && new.cooldown >= old.cooldown
        && new.mark_age <= old.mark_age;
    !tighter || kept != *new
}

pub(crate) fn set(state: &State, command: &SetInventory) -> Result<Event, Halt> {
    let market = state.market_id(command.market)?;
    rails(&command.policy)?;
    let line = state.inventories.expect(market)?;
    let unit = line.policy.filter(|_| !line.base.is_zero()).map(|old| old.base_unit);
    if let Some(unit) = unit.filter(|unit| *unit != command.policy.base_unit) {
        // What is held was counted in the old unit.
        let (got, limit) = (command.policy.base_unit.get(), unit.get());
        return Err(Reject::new(RejectCode::BadPolicy, got, limit).into());
    }
    attached(state, market)?;
    Ok(Event::InventorySet { market, policy: command.policy.clone() })
}
