//! Changing the rules of a hosted market.

use super::{book::both, setup::rails};
use crate::{
    command::SetHostedRules,
    event::Event,
    policy::HostedPolicy,
    reject::{Halt, Reject, RejectCode},
    state::State,
};
use backstop_units::Base;

/// Replaces them all but what positions are counted in and where collateral goes home. A cap of open
/// interest may not be put below what is open: the market would be over it by no trade. A position past
/// a lower `position_max` may only shrink.
pub(crate) fn set(state: &State, command: &SetHostedRules) -> Result<Event, Halt> {
    let id = state.market_id(command.market)?;
    let new = &*command.rules;
    rails(new)?;
    let (market, hosted) = both(state, id)?;
    let old = &hosted.policy;
    if new.decimals != old.decimals {
        let (got, limit) = (u32::from(new.decimals), u32::from(old.decimals));
        return Err(Reject::new(RejectCode::BadPolicy, got, limit).into());
    }
    if new.home != old.home {
        return Err(Reject::new(RejectCode::BadPolicy, "home", "unchanged").into());
    }
    if let Some(max) = new.open_interest_max.filter(|max| *max < market.open_interest) {
        let (got, open) = (max.get(), market.open_interest.get());
        return Err(Reject::new(RejectCode::CapBelowOpen, got, open).into());
    }
    Ok(Event::HostedRulesSet { market: id, policy: command.rules.clone() })
}

/// Whether new rules change nothing but that positions and open interest may grow less. What takes more
/// margin hurts holders and what takes less the fund, so both wait for the council.
pub(crate) fn tightens(old: &HostedPolicy, new: &HostedPolicy) -> bool {
    let cap = |max: Option<Base>| max.map_or(u128::MAX, Base::get);
    let lower = cap(new.position_max) <= cap(old.position_max)
        && cap(new.open_interest_max) <= cap(old.open_interest_max);
    let (position_max, open_interest_max) = (old.position_max, old.open_interest_max);
    lower && HostedPolicy { position_max, open_interest_max, ..new.clone() } == *old
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::Ppm;

    #[test]
    fn only_caps_tighten() {
        let (one, two) = (Some(Base::new(1)), Some(Base::new(2)));
        let old = HostedPolicy { position_max: two, ..plain() };
        let with = |change: fn(&mut HostedPolicy)| {
            let mut new = old.clone();
            change(&mut new);
            tightens(&old, &new)
        };
        assert!(with(|_| ()));
        assert!(with(|new| new.position_max = Some(Base::new(1))));
        assert!(with(|new| new.open_interest_max = Some(Base::new(9))));
        assert!(!with(|new| new.position_max = None));
        assert!(!with(|new| new.position_max = Some(Base::new(3))));
        assert!(!with(|new| new.initial = Ppm::new(300_000)));
        let capped = HostedPolicy { open_interest_max: one, ..old.clone() };
        assert!(!tightens(&capped, &old));
    }

    fn plain() -> HostedPolicy {
        use crate::policy::{BeyondBankruptcy, Throttle};
        HostedPolicy {
            decimals: 0,
            initial: Ppm::new(200_000),
            maintenance: Ppm::new(100_000),
            max_fee: Ppm::new(50_000),
            beyond_bankruptcy: BeyondBankruptcy::Refuse,
            mark_age: backstop_units::Span::ZERO,
            min_notional: backstop_units::Amount::ZERO,
            portion: Ppm::WHOLE,
            step: backstop_units::Span::ZERO,
            throttle: Throttle::default(),
            position_max: None,
            open_interest_max: None,
            home: None,
            tiers: vec![],
            scale: None,
            fees: None,
        }
    }
}
