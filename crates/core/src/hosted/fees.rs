//! What a liquidation fill is charged: the liquidator's fee, which rises while a position waits, and the
//! fund's, within the headroom of the margin and larger for large positions.

use super::{
    account::Loaded,
    book::{HostedPosition, Venue, both, size_on},
    margins::open_notional,
    places::{kin, worth},
};
use crate::{
    liquidation::{
        fee::{FeePolicy, PAR, Ramp, Shortage, position_fee},
        fund_delta::FundDelta,
        limits::{SizeBracket, size_fee},
        liquidation_fee::{Charged, FillFees, charged},
        margin::Position,
    },
    policy::{FeeRamp, LiquidationFees},
    reject::{Halt, Reject},
    state::State,
};
use alloc::vec::Vec;
use backstop_units::{Amount, Ppm, Signed, Timestamp, mul_div_floor};

/// A fill of an account under maintenance, as far as fees ask.
pub(crate) struct Filled<'a> {
    /// The account before it.
    pub(crate) loaded: &'a Loaded<'a>,
    /// Its position on the market.
    pub(crate) held: &'a HostedPosition,
    /// What is closed of it.
    pub(crate) delta: Signed,
    /// What the fill is worth, in quote atoms.
    pub(crate) value: Amount,
    /// What it brought above bankruptcy, and the fund's plain fee.
    pub(crate) settled: FundDelta,
}

/// What the fill is charged; a market without further fees charges the fund's plain one.
pub(crate) fn charges(
    state: &State,
    at: &Venue,
    fill: &Filled<'_>,
    now: Timestamp,
) -> Result<Charged, Halt> {
    let policy = &both(state, at.market)?.1.policy;
    let plain = fill.settled.fund.positive();
    let Some(fees) = policy.fees.as_deref() else {
        return Ok(Charged { liquidator: Amount::ZERO, fund: plain });
    };
    let position = fill.loaded.account.position(fill.loaded.at(at.market))?;
    let waited = fill.held.waiting.map_or(0, |since| now.since(since).ms());
    let liquidator = fees.liquidator.map_or(Ppm::ZERO, |fee| ramp(&fee).fee(waited));
    let fund = match fees.headroom_share {
        Some(share) => {
            let bounds = FeePolicy { max: policy.max_fee, headroom_share: share };
            within_headroom(fill.loaded, position, liquidator, bounds)?
        }
        None => policy.max_fee,
    };
    let size = for_size(state, at, (fill, position), fees)?;
    let fees = FillFees { liquidator, fund, size, cap: fees.cap };
    Ok(charged(fill.settled.residual.positive(), fill.value, &fees)?)
}

/// A policy's ramp, in milliseconds.
pub(crate) const fn ramp(fee: &FeeRamp) -> Ramp {
    let FeeRamp { base, grace, step, every, max } = *fee;
    Ramp { base, grace: grace.ms(), step, every: every.ms(), max }
}

/// The fund's rate: at most a share of what maintenance margin leaves beyond the liquidator's fee and the
/// account's shortage. **Rounding** the position's margin ratio down, so the account keeps the dust.
fn within_headroom(
    loaded: &Loaded<'_>,
    position: &Position<'_>,
    liquidator: Ppm,
    bounds: FeePolicy,
) -> Result<Ppm, Reject> {
    let total = loaded.account.standing()?;
    let need = position.standing()?.maintenance;
    let notional = position.notional()?.size();
    let whole = u128::from(Ppm::WHOLE.get());
    let ratio = match notional.get() {
        0 => 0,
        notional => mul_div_floor(need.get(), whole, notional)?,
    };
    let shortage = Shortage {
        missing: total.missing(),
        size: position.size,
        decimals: position.decimals,
        price: position.mark,
        quote_price: PAR,
    };
    let ratio = Ppm::new(u32::try_from(ratio).unwrap_or(u32::MAX));
    position_fee(ratio, liquidator, &shortage, bounds)
}

/// What the closed part pays for the size of the position: the fee of all that its owner group holds on
/// this side, less the fee of what it holds after the fill. Cutting a position in two, or closing it in
/// two, pays the same.
fn for_size(
    state: &State,
    at: &Venue,
    (fill, position): (&Filled<'_>, &Position<'_>),
    fees: &LiquidationFees,
) -> Result<Amount, Halt> {
    if fees.size.is_empty() {
        return Ok(Amount::ZERO);
    }
    let own = fill.held.owner;
    let mut held = position.size;
    for other in kin(state, state.margins.expect(own)?)?.into_iter().filter(|id| *id != own) {
        let size = size_on(state, other, at.market)?;
        if size.is_negative() == position.size.is_negative() {
            held = held.checked_add(size).ok_or(Reject::overflow())?;
        }
    }
    let left = held.checked_add(fill.delta).ok_or(Reject::overflow())?;
    let (market, hosted) = both(state, at.market)?;
    let open = open_notional(market, hosted, position.mark)?;
    let brackets = fees.size.iter().map(|fee| SizeBracket { above: fee.above, rate: fee.rate });
    let brackets: Vec<SizeBracket> = brackets.collect();
    let fee = |size: Signed| -> Result<Amount, Reject> {
        size_fee(worth(size, position.decimals, position.mark)?, open, &brackets)
    };
    Ok(fee(held)?.saturating_sub(fee(left)?))
}
