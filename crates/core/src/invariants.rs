//! The numbered invariants, counted over the whole state. The follower runs them after each snapshot,
//! tests after each command.

use crate::{
    farm,
    fund::{
        gauge::fund_of,
        house::{counted_of, with},
        inventory::{margin, shortfall},
        rescale::{shares_now, ticket_now},
    },
    hosted,
    ledger::LedgerAccount,
    lending,
    reject::Corrupt,
    state::{LossStatus, State},
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use backstop_units::{Amount, AssetId, MarketId, Measure, Shares, TrancheId};

/// Counts everything.
///
/// - **I1** debits equal credits for each asset (L1), and no account leaves its side (L2).
/// - **I2** the shares of a tranche's current series are exactly its positions' shares and the
///   protocol's, and the queued ones its open tickets'. In a rescaled series rounding may leave less
///   than two shares for each position that nobody holds.
/// - **I3** the rows of a placed loss add up to it, and no row recovered more than it bore.
/// - **I4** what waits in a loss's recoveries is what its rows of stakers, of deleveraging and of hosted
///   positions recovered, and what came back for those who took parts of a haircut over, less what was
///   paid.
/// - **I5** a layer has never paid more than its lifetime limit.
/// - **R1** a fund's open reservations are never more than its reserve and contributions.
/// - **G1** a fund's gauge shows what its accounts hold, with what counts of its house account.
/// - **I6** what was brought to a claim are its shares, in money and in the unit of its list; it is at most what
///   the row was placed with, which the row is until it is closed, and exactly the row after that. A
///   market counts its open claims.
/// - **I7** a market's conversion holds exactly what its layers in another asset gave and is unsold, and
///   owes what these are to bring; what they fell short of is their funds' basis, and their markets'.
///
/// - **N1** a fund's shortfall is the sum of those of its lines at their last marks, and its open lines
///   are listed; a flat line has neither cost, shortfall nor margin.
/// - **H1** the claims on a pool are what its margin accounts hold and what waits between the indexes of its
///   markets. **H2** a market's positions add up to zero, their sizes to its open interest, and its
///   backlog is as long as it says. **H3** for each loss that a hosted market's positions bore, what they
///   held then adds up to its base. **H4** a pool holds of each asset beside its own what is pledged.
///   **H5** a pool is short of what is open of its haircuts, at most its
///   claims; of each, what is open, was taken over and came back add up to its row.
/// - **D1** a lending reserve's loans in the ledger are its debt rounded down, its interest there the fees
///   rounded down, and lenders are owed what is available and lent less that. **D3** a loan's impairment is that of its
///   occurrences. **V2** what holders held when a vault's loss was recorded adds up to what bore it. **V3** the places
///   that a vault links are those of its curator's owner group. **M1** a compensation account holds what is open of its claims. **D2** its shares,
///   impairment and collateral are what its supplies and loans add up to. **P1** units of an insurance pool are
///   its stakes', those on their way out its open exits', and its shares what its vault counts as pooled.
/// - **F2** a farm's shares and waits are its stakers', and behind them stands what its account holds or what
///   holders have staked. **F3** its rewards' account holds what is left and owed, and what is owed is what stakers
///   have and carry.
///
/// # Errors
/// The first that is broken.
pub fn check(state: &State) -> Result<(), Corrupt> {
    state.ledger.check()?;
    shares(state)?;
    losses(state)?;
    claims(state)?;
    conversions(state)?;
    inventory(state)?;
    let over = state
        .layers
        .iter()
        .any(|(_, layer)| layer.policy.lifetime.is_some_and(|limit| layer.used > limit));
    if over {
        return Err(Corrupt::Invariant("I5"));
    }
    reservations(state)?;
    gauges(state)?;
    hosted::bearers::check(state)?;
    hosted::haircut::evolve::check(state)?;
    hosted::evolve::check(state)?;
    lending::check::check(state)?;
    farm::check::check(state)
}

fn gauges(state: &State) -> Result<(), Corrupt> {
    let mut held: Vec<Amount> = vec![Amount::ZERO; state.funds.len()];
    for entry in state.ledger.iter() {
        let Some(fund) = fund_of(&state.tranches, entry.account) else { continue };
        let at = usize::try_from(fund.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = held.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.checked_add(entry.credit_balance()).ok_or(Corrupt::Overflow)?;
    }
    let shown = state.gauges.iter().zip(state.funds.iter()).zip(&held);
    let kept = shown.into_iter().all(|(((_, gauge), (_, fund)), held)| {
        let house = counted_of(fund);
        gauge.posted == *held && gauge.house == house && gauge.holdings == with(*held, house)
    });
    if kept { Ok(()) } else { Err(Corrupt::Invariant("G1")) }
}

fn reservations(state: &State) -> Result<(), Corrupt> {
    for (id, fund) in state.funds.iter() {
        let owed = |account| state.ledger.owed(account, fund.asset);
        let own =
            owed(LedgerAccount::Reserve(id)).saturating_add(owed(LedgerAccount::Contributions(id)));
        if state.reservations.expect(id)?.held(state.meta.now) > own {
            return Err(Corrupt::Invariant("R1"));
        }
    }
    Ok(())
}

fn conversions(state: &State) -> Result<(), Corrupt> {
    // Accounts that settle both ways, with what they should be owed and should hold.
    let mut should: BTreeMap<(LedgerAccount, AssetId), (Amount, Amount)> = BTreeMap::new();
    let mut short: BTreeMap<MarketId, Amount> = BTreeMap::new();
    for (_, item) in state.conversions.iter() {
        let asset = state.funds.expect(item.fund)?.asset;
        let into = state.funds.expect(state.markets.expect(item.market)?.fund)?.asset;
        let account = LedgerAccount::Conversion(item.market);
        let owed = should.entry((account, asset)).or_default();
        owed.0 = owed.0.saturating_add(item.unsold);
        for (account, amount) in
            [(account, item.owed), (LedgerAccount::Basis(item.fund), item.short)]
        {
            let held = should.entry((account, into)).or_default();
            held.1 = held.1.saturating_add(amount);
        }
        let sum = short.entry(item.market).or_default();
        *sum = sum.saturating_add(item.short);
        if item.given > item.unsold {
            return Err(Corrupt::Invariant("I7"));
        }
    }
    let booked = should.iter().all(|((account, asset), (owed, held))| {
        (state.ledger.owed(*account, *asset), state.ledger.held(*account, *asset)) == (*owed, *held)
    });
    let told = state
        .markets
        .iter()
        .all(|(id, market)| short.get(&id).copied().unwrap_or_default() == market.short);
    if booked && told { Ok(()) } else { Err(Corrupt::Invariant("I7")) }
}

fn inventory(state: &State) -> Result<(), Corrupt> {
    let mut sums: Vec<Amount> = vec![Amount::ZERO; state.funds.len()];
    for (id, line) in state.inventories.iter() {
        let fund = state.markets.expect(id)?.fund;
        let at = usize::try_from(fund.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = sums.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.saturating_add(line.shortfall);
        let margin = margin(state, id)?;
        let flat = line.base.is_zero();
        let empty = line.cost.is_zero() && line.shortfall.is_zero() && margin.is_zero();
        let listed = state.funds.expect(fund)?.inventory.lines.contains(&id);
        let unrealised = line
            .policy
            .filter(|_| !flat)
            .map(|policy| shortfall((line.base, line.cost), line.mark, margin, policy.base_unit));
        let stands = unrealised.is_none_or(|now| now == Ok(line.shortfall));
        if (flat && !empty) || listed == flat || !stands {
            return Err(Corrupt::Invariant("N1"));
        }
    }
    let kept =
        state.funds.iter().zip(&sums).all(|((_, fund), sum)| fund.inventory.shortfall == *sum);
    if kept { Ok(()) } else { Err(Corrupt::Invariant("N1")) }
}

/// What the positions and tickets of one tranche add up to.
#[derive(Clone, Copy, Default)]
struct Held {
    positions: u128,
    shares: Shares,
    queued: Shares,
}

fn shares(state: &State) -> Result<(), Corrupt> {
    let mut held: Vec<Held> = vec![Held::default(); state.tranches.len()];
    let mut add = |tranche: TrancheId, more: Held| {
        let at = usize::try_from(tranche.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = held.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = Held {
            positions: sum.positions.saturating_add(more.positions),
            shares: sum.shares.saturating_add(more.shares),
            queued: sum.queued.saturating_add(more.queued),
        };
        Ok::<(), Corrupt>(())
    };
    for (_, position) in state.positions.iter() {
        let tranche = state.tranches.expect(position.tranche)?;
        let (shares, _) = shares_now(position, tranche);
        add(position.tranche, Held { positions: 1, shares, queued: Shares::ZERO })?;
    }
    for (_, ticket) in state.tickets.iter().filter(|(_, ticket)| !ticket.closed) {
        let queued = ticket_now(ticket, state.tranches.expect(ticket.tranche)?);
        add(ticket.tranche, Held { queued, ..Held::default() })?;
    }
    let kept = state.tranches.iter().zip(&held).all(|((_, tranche), held)| {
        let dust = if tranche.base == 0 { 0 } else { held.positions.saturating_mul(2) };
        let fits = |all: Shares, parts: Shares| {
            all.checked_sub(parts).is_some_and(|rest| rest.get() <= dust)
        };
        fits(tranche.shares, held.shares.saturating_add(tranche.protocol))
            && fits(tranche.queued, held.queued)
    });
    if kept { Ok(()) } else { Err(Corrupt::Invariant("I2")) }
}

fn losses(state: &State) -> Result<(), Corrupt> {
    let mut paid: Vec<Amount> = vec![Amount::ZERO; state.losses.len()];
    for (_, claim) in state.claims.iter() {
        let at = usize::try_from(claim.loss.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = paid.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = sum.saturating_add(claim.paid);
    }
    let haircuts = hosted::haircut::evolve::returned_by_loss(state)?;
    for (((id, loss), paid), haircuts) in state.losses.iter().zip(&paid).zip(haircuts) {
        let sum =
            loss.rows.iter().fold(Amount::ZERO, |sum, row| sum.saturating_add(row.row.amount));
        let placed = matches!(loss.status, LossStatus::Placed | LossStatus::Closed);
        let over = loss.rows.iter().any(|row| row.recovered > row.row.amount);
        if over || (placed && sum != loss.gross) {
            return Err(Corrupt::Invariant("I3"));
        }
        let claimed = loss.rows.iter().filter(|row| row.row.cohort.is_claimed());
        let recovered = claimed.fold(haircuts, |sum, row| sum.saturating_add(row.recovered));
        let asset = state.funds.expect(state.markets.expect(loss.market)?.fund)?.asset;
        let waiting = state.ledger.owed(LedgerAccount::Recoveries(id), asset);
        if waiting.saturating_add(*paid) != recovered {
            return Err(Corrupt::Invariant("I4"));
        }
    }
    Ok(())
}

fn claims(state: &State) -> Result<(), Corrupt> {
    let mut open: Vec<u32> = vec![0; state.markets.len()];
    let mut sums: Vec<(Measure, Amount)> =
        vec![(Measure::ZERO, Amount::ZERO); state.layer_claims.len()];
    for (_, share) in state.claim_shares.iter() {
        let at = usize::try_from(share.claim).map_err(|_| Corrupt::DanglingHandle)?;
        let sum = sums.get_mut(at).ok_or(Corrupt::DanglingHandle)?;
        *sum = (sum.0.saturating_add(share.measure), sum.1.saturating_add(share.amount));
    }
    for ((id, claim), sum) in state.layer_claims.iter().zip(&sums) {
        let loss = state.losses.expect(claim.loss)?;
        let row = loss.rows.get(usize::from(claim.row)).ok_or(Corrupt::DanglingHandle)?;
        let amount = if claim.closed { claim.brought } else { claim.claim };
        let market = usize::try_from(loss.market.get()).map_err(|_| Corrupt::DanglingHandle)?;
        let count = open.get_mut(market).ok_or(Corrupt::DanglingHandle)?;
        *count = count.saturating_add(u32::from(!claim.closed));
        let own = row.row.cohort.claim() == Some(id) && row.row.amount == amount;
        if *sum != (claim.measure, claim.brought) || claim.brought > claim.claim || !own {
            return Err(Corrupt::Invariant("I6"));
        }
    }
    let counted = state.markets.iter().zip(&open).all(|((_, market), open)| market.claims == *open);
    if counted { Ok(()) } else { Err(Corrupt::Invariant("I6")) }
}
