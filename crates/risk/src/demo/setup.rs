//! Before the first bar: accounts are opened, money comes in through custody, the fund is filled.

use super::cast::Cast;
use crate::{
    book::{Book, numbered},
    custody::bring_in,
    error::RiskError,
    float::to_units,
    ledger::Ledger,
    params::{BookParams, VenueParams},
    random::Random,
};
use backstop_core::{
    Body,
    command::{Contribute, OpenAccount, SetTarget, SetThreshold, Stake},
};
use backstop_units::{Amount, Label, MathError, Shares, Timestamp, split::largest_remainder};

/// Sets stakes apart from the book: another stream of the same seed.
const STAKES_STREAM: u64 = 0x5354_414B_4553;

/// Opens liquidators, stakers and traders; where positions are kept in the ledger the maker and no
/// liquidators. Returns the liquidators.
pub(crate) fn open_accounts(
    (cast, maker): (&Cast, Label),
    params: &VenueParams,
    book: &Book,
    at: Timestamp,
    ledger: &mut impl Ledger,
) -> Result<Vec<Label>, RiskError> {
    let count = if cast.hosted { 0 } else { params.liquidators.max(1) };
    let liquidators = names("liquidator", count)?;
    let stakers = stakers(cast, params)?;
    let traders = book.accounts.iter().map(|account| account.label);
    let labels = liquidators.iter().copied().chain(stakers).chain(traders);
    let labels = labels.chain(cast.hosted.then_some(maker));
    let open = |label| OpenAccount { label, group: None, venue: None }.into();
    ledger.send_all(at, cast.venue, labels.map(open).collect())?;
    Ok(liquidators)
}

fn names(kind: &str, count: u32) -> Result<Vec<Label>, RiskError> {
    Ok((1..=count).map(|number| numbered(kind, number)).collect::<Result<_, _>>()?)
}

fn stakers(cast: &Cast, params: &VenueParams) -> Result<Vec<Label>, RiskError> {
    if cast.tranche.is_some() { names("staker", params.stakers) } else { Ok(Vec::new()) }
}

/// Fills the fund with `total` atoms where its market's waterfall finds them: the operator's
/// contribution, and stakes where a staked tranche pays; all of it stakes where no reserve does. Makes
/// sure that target and threshold fit: the target is what was filled in, the threshold twice that, unless
/// the preset's are higher or no reserve pays. Returns what came in through custody.
pub(crate) fn fill_fund(
    cast: &Cast,
    params: &VenueParams,
    (seed, total): (u64, Amount),
    at: Timestamp,
    ledger: &mut impl Ledger,
) -> Result<Amount, RiskError> {
    let stakers = stakers(cast, params)?;
    let staked = match (stakers.is_empty(), cast.reserve) {
        (true, _) => Amount::ZERO,
        (false, true) => params.staked_part.of_floor(total)?,
        (false, false) => total,
    };
    let stakes = stakes(seed, staked, params.stake_min, stakers.len())?;
    let given = total.saturating_sub(staked);
    let mut payments = vec![(cast.operator, given)];
    payments.extend(stakers.iter().copied().zip(stakes));
    payments.retain(|(_, amount)| !amount.is_zero());
    bring_in((cast.custodian, cast.asset), &payments, at, ledger)?;
    if !given.is_zero() {
        let gift = Contribute {
            fund: cast.fund,
            account: cast.operator,
            asset: cast.asset,
            amount: given,
        };
        ledger.send(at, cast.operator, gift.into())?;
    }
    let of_stakers = payments.iter().filter(|(account, _)| *account != cast.operator);
    let bodies = of_stakers.filter_map(|(account, amount)| {
        let stake = Stake {
            tranche: cast.tranche?,
            account: *account,
            asset: cast.asset,
            amount: *amount,
            min_shares: Shares::ZERO,
        };
        Some(stake.into())
    });
    ledger.send_all(at, cast.venue, bodies.collect())?;
    raise_limits(cast, total, at, ledger)?;
    Ok(total)
}

/// Raises target and threshold where a preset's are lower than this fund needs; the threshold only where
/// the reserve pays: elsewhere what it keeps there would be out of the losses' reach.
fn raise_limits(
    cast: &Cast,
    total: Amount,
    at: Timestamp,
    ledger: &mut impl Ledger,
) -> Result<(), RiskError> {
    let twice = total.checked_add(total).ok_or(MathError::Overflow)?;
    let now = ledger.read(|state| {
        let fund = state.fund_id(cast.fund).ok().and_then(|id| state.funds.get(id));
        fund.map(|fund| (fund.target, fund.threshold))
    })?;
    let (target, threshold) = now.ok_or(RiskError::Missing("fund"))?;
    let mut bodies: Vec<Body> = Vec::new();
    if target < total {
        bodies.push(SetTarget { fund: cast.fund, target: total }.into());
    }
    if cast.reserve && threshold < twice {
        bodies.push(SetThreshold { fund: cast.fund, threshold: twice }.into());
    }
    ledger.send_all(at, cast.operator, bodies)?;
    Ok(())
}

/// Heavy-tailed stakes that add up to `total`, each at least `least` as far as it goes around.
fn stakes(seed: u64, total: Amount, least: Amount, count: usize) -> Result<Vec<Amount>, RiskError> {
    let people = u128::try_from(count).unwrap_or(u128::MAX);
    let floor = least.get().min(total.get().checked_div(people).unwrap_or(0));
    let rest = total.get().saturating_sub(floor.saturating_mul(people));
    let mut random = Random::new(seed ^ STAKES_STREAM);
    let sigma = BookParams::DEMO.size_sigma;
    let weights: Vec<u128> =
        (0..count).map(|_| to_units(random.lognormal(1e6, sigma)).max(1)).collect();
    let mut parts = vec![0; count];
    if count > 0 {
        largest_remainder(rest, &weights, &mut parts)?;
    }
    Ok(parts.into_iter().map(|part| Amount::new(part + floor)).collect())
}
