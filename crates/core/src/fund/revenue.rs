//! Revenue: income waits in a fund's revenue pool and is settled to stakers and protocol on a schedule.
//!
//! ```text
//!   trading fees ─┐                      ┌─▶ staked tranches, by weight: their share price rises
//!   premiums ─────┼─▶ revenue pool ─due──┤
//!   interest ─────┘                      └─▶ protocol: its reserve, or shares at the price before
//! ```
//!
//! The schedule is aligned to the clock, so that every observer knows the next moment. Caps smooth the
//! flow: what one settlement leaves, the next ones pay.

use super::{shares::minted, surplus};
use crate::{
    command::{PayRevenue, ReportLiquidity, SetRevenue, SettleRevenue},
    event::{Event, RevenuePart},
    governance::Context,
    ledger::{
        LedgerAccount,
        party::{party_account, payable},
    },
    policy::{EntryPrice, ProtocolHolding, RevenuePolicy},
    reject::{Halt, Reject, RejectCode},
    state::{Fund, State, Tranche},
    txn::Txn,
};
use alloc::{vec, vec::Vec};
use backstop_units::{
    Amount, FundId, MathError, Ppm, Shares, Span, Timestamp, TrancheId, split::largest_remainder,
};

/// When revenue that was last settled at `last` is due again, for a period of some time.
///
/// The next multiple of the period; one later if `last` lay more than a third into its period, so that
/// a late settlement isn't followed by a short one. **Source** the hourly settlement of published staked
/// funds.
pub fn due_at(last: Timestamp, period: Span) -> Timestamp {
    let into = last.into_period(period);
    let rest = period.minus(into);
    let late = into.plus(into).plus(into) > period;
    if late { last.plus(rest).plus(period) } else { last.plus(rest) }
}

/// How much of a revenue pool moves at once.
///
/// `free` is what of the money behind the pool is not lent out, if that is less than the pool only
/// `liquid_share` of it moves. With stakers the pool's share and the yearly rate cap it; `staked` are the
/// assets that the rate counts on. **Rounding** floor at each step; the rest waits for the next
/// settlement. **Source** the caps of published staked funds, as settings.
///
/// # Errors
/// [`MathError::Overflow`].
pub fn movable(
    policy: &RevenuePolicy,
    pool: Amount,
    free: Option<Amount>,
    staked: Option<Amount>,
) -> Result<Amount, MathError> {
    let pool = match free {
        Some(free) if free < pool => policy.liquid_share.of_floor(free)?,
        _ => pool,
    };
    let Some(staked) = staked else { return Ok(pool) };
    let periods = Span::days(365).times(policy.period).max(1);
    let yearly = policy.apr_max.of_floor(staked)?;
    let capped = yearly.mul_div_floor(1, u128::from(periods))?;
    Ok(policy.pool_share.of_floor(pool)?.min(capped))
}

/// The protocol's part of what moves: `⌊moved × (total − staker factor) ÷ total⌋`.
fn protocol_part(policy: &RevenuePolicy, moved: Amount) -> Result<Amount, MathError> {
    let (total, stakers) = (policy.total_factor, policy.staker_factor);
    let own = total.saturating_sub(stakers);
    if own == Ppm::ZERO {
        return Ok(Amount::ZERO);
    }
    moved.mul_div_floor(u128::from(own.get()), u128::from(total.get()))
}

/// Who gets what of a settlement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// What leaves the revenue pool.
    pub moved: Amount,
    /// Of it, to the fund's reserve, or where a route of surplus leads.
    pub to_reserve: Amount,
    /// Where a route of surplus leads out of the fund, if it does.
    pub routed: Option<LedgerAccount>,
    /// Of it, to tranches.
    pub parts: Vec<RevenuePart>,
    /// Of it, the protocol's, wherever it goes.
    pub own: Amount,
}

/// A tranche that takes part, as it is before the settlement.
struct Taker<'a> {
    id: TrancheId,
    tranche: &'a Tranche,
    assets: Amount,
}

impl Taker<'_> {
    /// Whether the protocol holds its part as shares of this tranche.
    fn holds_shares(&self) -> bool {
        self.tranche.policy.protocol == ProtocolHolding::Shares
    }

    fn has_stakers(&self, joining: Option<(TrancheId, Amount)>) -> bool {
        let joined = joining.is_some_and(|(id, _)| id == self.id);
        joined || self.tranche.shares > self.tranche.protocol
    }
}

/// What a settlement would move if it were due now, by policy also with a stake that is about to join.
///
/// **Rounding** stakers' parts by largest remainder over the tranches' weights; the protocol's part and
/// its shares floor.
///
/// # Errors
/// [`RejectCode::Overflow`].
pub fn settlement(
    state: &State,
    id: FundId,
    fund: &Fund,
    joining: Option<(TrancheId, Amount)>,
) -> Result<Settlement, Halt> {
    settlement_of(state, id, fund, joining, Surplus::Routed)
}

/// Whether surplus takes its route, or stays because a loss is about to need it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surplus {
    Routed,
    Kept,
}

fn settlement_of(
    state: &State,
    id: FundId,
    fund: &Fund,
    joining: Option<(TrancheId, Amount)>,
    whither: Surplus,
) -> Result<Settlement, Halt> {
    let pool = state.ledger.owed(LedgerAccount::Revenue(id), fund.asset);
    let policy = &fund.policy.revenue;
    if pool.is_zero() || policy.period.is_zero() {
        return Ok(Settlement::default());
    }
    let takers: Vec<Taker<'_>> = state
        .tranches_of(fund)
        .map(|(id, tranche)| {
            let assets = state.ledger.owed(LedgerAccount::Tranche(id), fund.asset);
            Taker { id, tranche, assets }
        })
        .collect();
    let staked = takers
        .iter()
        .filter(|taker| taker.has_stakers(joining))
        .map(|taker| taker.assets)
        .reduce(Amount::saturating_add)
        .map(|staked| joining.map_or(staked, |(_, amount)| staked.saturating_add(amount)));
    let free = fund.free.map(backstop_units::Signed::positive);
    let moved = movable(policy, pool, free, staked)?;
    let route = match whither {
        Surplus::Routed => surplus::account(state, id, fund, state.meta.now)?,
        Surplus::Kept => None,
    };
    let own = match route {
        // Stakers get by their weights what the reserve would have got.
        Some(LedgerAccount::Tranche(_)) if !takers.iter().any(Taker::holds_shares) => Amount::ZERO,
        _ => protocol_part(policy, moved)?,
    };
    let leaves = |to: &LedgerAccount| matches!(to, LedgerAccount::Balance(_));
    Ok(Settlement { routed: route.filter(leaves), ..shared(moved, own, &takers, joining)? })
}

fn shared(
    moved: Amount,
    own: Amount,
    takers: &[Taker<'_>],
    joining: Option<(TrancheId, Amount)>,
) -> Result<Settlement, MathError> {
    let holder = takers.iter().position(Taker::holds_shares);
    let mut weights: Vec<u128> =
        takers
            .iter()
            .map(|t| {
                if t.has_stakers(joining) { u128::from(t.tranche.policy.revenue_weight) } else { 0 }
            })
            .collect();
    if weights.iter().all(|weight| *weight == 0) {
        // Without stakers it is all the protocol's, however it holds what it has.
        if let Some(weight) = holder.and_then(|at| weights.get_mut(at)) {
            *weight = 1;
        }
    }
    let mut amounts = vec![0; takers.len()];
    let stakers = moved.saturating_sub(own);
    let mut to_reserve = own;
    if weights.iter().any(|weight| *weight > 0) {
        largest_remainder(stakers.get(), &weights, &mut amounts)?;
    } else {
        to_reserve = moved;
    }
    let mut parts = Vec::new();
    for (at, (taker, amount)) in takers.iter().zip(amounts).enumerate() {
        let mut part =
            RevenuePart { tranche: taker.id, amount: Amount::new(amount), minted: Shares::ZERO };
        if holder == Some(at) {
            part.amount = part.amount.checked_add(own).ok_or(MathError::Overflow)?;
            part.minted = own_shares(taker, own)?;
            to_reserve = Amount::ZERO;
        }
        if !part.amount.is_zero() {
            parts.push(part);
        }
    }
    Ok(Settlement { moved, to_reserve, routed: None, parts, own })
}

/// The protocol's new shares at the price before the settlement; none where shares have no price.
fn own_shares(taker: &Taker<'_>, own: Amount) -> Result<Shares, MathError> {
    let (assets, shares) = (taker.assets, taker.tranche.shares);
    if assets.is_zero() == shares.is_zero() {
        minted(own, assets, shares)
    } else {
        Ok(Shares::ZERO)
    }
}

/// Settles what is due, if anything is; nothing is refused.
pub(crate) fn settle_due(txn: &mut Txn<'_>, context: &Context<'_>, id: FundId) -> Result<(), Halt> {
    let event = due(txn.state(), context.now, id, Surplus::Routed);
    allow_nothing(txn, event)
}

/// As [`settle_due`] before a loss, which is there to be paid: surplus stays in the fund.
pub(crate) fn settle_before_loss(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    id: FundId,
) -> Result<(), Halt> {
    let event = due(txn.state(), context.now, id, Surplus::Kept);
    allow_nothing(txn, event)
}

/// Emits a settlement if there is one.
fn allow_nothing(txn: &mut Txn<'_>, found: Result<Event, Halt>) -> Result<(), Halt> {
    match found {
        Ok(event) => txn.emit(event),
        Err(Halt::Reject(reject)) if reject.code != RejectCode::Overflow => Ok(()),
        Err(halt) => Err(halt),
    }
}

fn due(state: &State, now: Timestamp, id: FundId, whither: Surplus) -> Result<Event, Halt> {
    let fund = state.funds.expect(id)?;
    let period = fund.policy.revenue.period;
    if period.is_zero() {
        return Err(Reject::new(RejectCode::RevenueOff, period, "some time").into());
    }
    let due = due_at(fund.settled_at, period);
    if now < due {
        return Err(Reject::new(RejectCode::RevenueEarly, now, due).into());
    }
    settled(state, id, fund, whither)
}

fn settled(state: &State, id: FundId, fund: &Fund, whither: Surplus) -> Result<Event, Halt> {
    let Settlement { moved, to_reserve, routed, parts, .. } =
        settlement_of(state, id, fund, None, whither)?;
    if moved.is_zero() {
        return Err(Reject::none(RejectCode::NoRevenue).into());
    }
    let asset = fund.asset;
    Ok(match routed {
        Some(to) if !to_reserve.is_zero() => {
            Event::RevenueRouted { fund: id, asset, amount: to_reserve, to, parts }
        }
        _ => Event::RevenueSettled { fund: id, asset, to_reserve, parts },
    })
}

/// Settles what accrued before a stake: what is due; and where newcomers pay for what waits and nobody
/// but the protocol has a stake yet, all of it at once, for it is all the protocol's.
pub(crate) fn settle_before_stake(
    txn: &mut Txn<'_>,
    context: &Context<'_>,
    id: FundId,
) -> Result<(), Halt> {
    settle_due(txn, context, id)?;
    let state = txn.state();
    let fund = state.funds.expect(id)?;
    let staked = state.tranches_of(fund).any(|(_, tranche)| tranche.shares > tranche.protocol);
    if staked || fund.policy.revenue.entry == EntryPrice::Spot {
        return Ok(());
    }
    let event = settled(state, id, fund, Surplus::Routed);
    allow_nothing(txn, event)
}

/// The assets and shares that the price of a stake of `amount` is made of, so that its holder gains
/// nothing of what a settlement with his stake would bring now.
///
/// With assets V, shares T, a stake a, a settlement R of which the protocol's part P mints shares at the
/// price before it, the stake is worth a after it if it buys a × (T + T·P/(V+a)) ÷ (V + R − a·P/(V+a)).
/// **Rounding** against the newcomer at each step.
///
/// # Errors
/// [`RejectCode::Overflow`].
pub(crate) fn entry_price(
    state: &State,
    id: TrancheId,
    tranche: &Tranche,
    amount: Amount,
) -> Result<(Amount, Shares), Halt> {
    let fund = state.funds.expect(tranche.fund)?;
    let assets = state.ledger.owed(LedgerAccount::Tranche(id), fund.asset);
    if assets.is_zero() || fund.policy.revenue.entry == EntryPrice::Spot {
        return Ok((assets, tranche.shares));
    }
    let pending = settlement(state, tranche.fund, fund, Some((id, amount)))?;
    let Some(part) = pending.parts.iter().find(|part| part.tranche == id) else {
        return Ok((assets, tranche.shares));
    };
    // The first tranche that holds the protocol's part as shares gets it.
    let by_shares = |tranche: &Tranche| tranche.policy.protocol == ProtocolHolding::Shares;
    let holder = state.tranches_of(fund).find(|(_, tranche)| by_shares(tranche));
    let holds = holder.is_some_and(|(holder, _)| holder == id);
    let own = if holds { pending.own } else { Amount::ZERO };
    let joined = assets.checked_add(amount).ok_or(Reject::overflow())?;
    let minted = tranche.shares.mul_div_floor(own.get(), joined.get())?;
    let shares = tranche.shares.checked_add(minted).ok_or(Reject::overflow())?;
    let his = own.mul_div_floor(amount.get(), joined.get())?;
    let assets = assets.checked_add(part.amount).ok_or(Reject::overflow())?;
    Ok((assets.saturating_sub(his), shares))
}

pub(crate) fn settle(
    state: &State,
    context: &Context<'_>,
    command: &SettleRevenue,
) -> Result<Event, Halt> {
    due(state, context.now, state.fund_id(command.fund)?, Surplus::Routed)
}

pub(crate) fn pay(state: &State, command: &PayRevenue) -> Result<Event, Halt> {
    let from = party_account(state, command.from)?;
    let fund = state.fund_id(command.fund)?;
    if command.amount.is_zero() {
        return Err(Reject::none(RejectCode::ZeroAmount).into());
    }
    let asset = state.funds.expect(fund)?.asset;
    payable(state, from, asset, command.amount)?;
    Ok(Event::RevenuePaid { fund, from, asset, amount: command.amount })
}

pub(crate) fn report_liquidity(state: &State, command: &ReportLiquidity) -> Result<Event, Halt> {
    Ok(Event::LiquidityReported { fund: state.fund_id(command.fund)?, free: command.free })
}

/// Rails of the rules of revenue: portions are at most the whole, stakers' part at most all of it.
pub(crate) fn check(policy: &RevenuePolicy) -> Result<(), Reject> {
    let whole = Ppm::WHOLE;
    for part in [policy.pool_share, policy.liquid_share, policy.total_factor] {
        if part > whole {
            return Err(Reject::new(RejectCode::BadPolicy, part.get(), whole.get()));
        }
    }
    if policy.staker_factor > policy.total_factor {
        let (got, limit) = (policy.staker_factor.get(), policy.total_factor.get());
        return Err(Reject::new(RejectCode::BadPolicy, got, limit));
    }
    Ok(())
}

pub(crate) fn set_revenue(state: &State, command: &SetRevenue) -> Result<Event, Halt> {
    let fund = state.fund_id(command.fund)?;
    check(&command.revenue)?;
    Ok(Event::RevenueSet { fund, revenue: command.revenue })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    #[test]
    fn the_schedule_is_aligned_to_the_clock() {
        let hour = Span::hours(1);
        for (last, due) in [
            (1_683_576_000, 1_683_579_600),
            (1_683_572_400, 1_683_576_000),
            (1_683_575_999, 1_683_579_600),
            (1_683_577_200, 1_683_579_600),
            (1_683_577_201, 1_683_583_200),
            (0, 3_600),
        ] {
            assert_eq!(due_at(at(last), hour), at(due), "last at {last}");
        }
        assert_eq!(due_at(at(5), Span::from_ms(1)), Timestamp::from_ms(5_001));
    }

    #[test]
    fn caps_bind_one_after_the_other() {
        let policy = RevenuePolicy {
            apr_max: Ppm::new(10_000_000),
            period: Span::hours(1),
            ..RevenuePolicy::default()
        };
        for (pool, free, staked, want) in [
            (10_000_000_000, None, Some(100_000_000), 114_155),
            (500_000_000, None, Some(1_000_000_000_000), 50_000_000),
            (626, Some(874_998), None, 626),
            (1_098_609_666_821, Some(459_478_564_550), None, 229_739_282_275),
            (100, Some(0), None, 0),
        ] {
            let amount = |n: u128| Amount::new(n);
            let got = movable(&policy, amount(pool), free.map(amount), staked.map(amount));
            assert_eq!(got, Ok(amount(want)), "pool {pool}, free {free:?}, staked {staked:?}");
        }
    }
}
