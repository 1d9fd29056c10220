//! The quantitative disclosure table, after the sections of CPMI-IOSCO's *Public quantitative disclosure standards for
//! central counterparties* (2015): prefunded resources, what was used, how concentrated things are.
//!
//! A fund is no clearing house, so quantities are the nearest that a ledger can answer, and each says what it is. What
//! it can't answer says so, and is not left out.

use super::{
    Period, Sheet,
    losses::{BEARERS, borne},
};
use crate::{
    error::ExportError,
    names::{Unit, account_label, fund_label, market_label, tranche_label},
    picture::{Cell, Table},
    standing::halted,
};
use backstop_core::{
    fund::{coverage_at, rescale::shares_now, shares::worth},
    ledger::{LedgerAccount, Sum},
    policy::Cause,
    state::{Fund, Loss, LossStatus, Source, State},
};
use backstop_units::{Amount, AssetId, FundId, LossId, Span, Timestamp, format_decimal};
use std::collections::BTreeSet;

/// A year, over which losses are compared.
const YEAR: Span = Span::days(365);
/// How many of the largest a concentration counts.
const LARGEST: [usize; 2] = [5, 10];
/// What the ledger has no word on.
const ABSENT: &str = "not held by this ledger";

/// The table of one period. Amounts are as of its end, and what was used within it.
///
/// # Errors
/// [`ExportError::Refused`], [`ExportError::Corrupt`].
pub(super) fn sheet(period: Period, state: &State, as_of: Timestamp) -> Result<Sheet, ExportError> {
    let columns = ["section", "quantity", "of", "value", "what it is"];
    let mut out = Rows(Table::new("Quantitative disclosure", columns));
    for (id, fund) in state.funds.iter() {
        resources(&mut out, state, id, fund)?;
    }
    out.absent(
        "4.1",
        "committed resources",
        "standby facilities, external cover and assessments are no part of this ledger",
    );
    out.absent("4.2", "capital of a hypothetical clearing house", "no bank's exposure is kept");
    for (id, fund) in state.funds.iter() {
        held_as(&mut out, state, id, fund);
    }
    out.absent(
        "4.4",
        "largest stress loss of one or two participants, estimated",
        "made by a risk engine from positions and prices outside",
    );
    used(&mut out, (period, as_of), state)?;
    out.absent(
        "5",
        "haircuts on collateral and their tests",
        "haircuts are settings, see settings.csv; nobody backtests them here",
    );
    margin(&mut out, state);
    out.absent("7", "liquidity resources and needs", "no obligations by day and currency are kept");
    out.absent(
        "17",
        "availability and recovery time",
        "measured outside, see the service's metrics",
    );
    concentration(&mut out, state)?;
    out.absent(
        "23",
        "volumes and values cleared",
        "trades of attached markets stay with their venue",
    );
    let note = "Numbered after the sections of CPMI-IOSCO's Public quantitative disclosure standards for central \
                counterparties (2015). A fund is no clearing house: each line says what it is. What the ledger can't answer \
                says so.";
    Ok(Sheet { name: "disclosure", note, shown: usize::MAX, table: out.0 })
}

/// The table as it grows.
struct Rows(Table);

impl Rows {
    fn put(&mut self, (section, quantity): (&str, &str), of: String, value: Cell, what: &str) {
        let [section, quantity, what] = [section, quantity, what].map(Cell::text);
        self.0.row([section, quantity, Cell::text(of), value, what]);
    }

    fn absent(&mut self, section: &str, quantity: &str, why: &str) {
        self.put((section, quantity), String::new(), Cell::text(ABSENT), why);
    }
}

/// 4.1: what stands ready for losses, layer by layer.
fn resources(out: &mut Rows, state: &State, id: FundId, fund: &Fund) -> Result<(), ExportError> {
    let unit = Unit::of(state, fund.asset);
    let parts = coverage_at(state, id, fund, state.meta.now).map_err(halted)?;
    let of = || fund_label(state, id);
    let own = parts.reserve.saturating_add(parts.idle);
    let place = format!("own capital, prefunded, {}", placed(state, id));
    out.put(
        ("4.1", &place),
        of(),
        Cell::exact(&unit, own),
        "the protocol's reserve, with what is at a yield venue",
    );
    for (tranche, held) in state.tranches_of(fund) {
        let assets = state.ledger.owed(LedgerAccount::Tranche(tranche), fund.asset);
        let name =
            format!("participants' contributions, posted, in {}", tranche_label(state, tranche));
        let queued = if held.queued.is_zero() {
            "nothing on its way out"
        } else {
            "queued exits included; they stay in reach until paid"
        };
        out.put(("4.1", &name), of(), Cell::exact(&unit, assets), queued);
    }
    out.put(
        ("4.1", "other prefunded: gifts"),
        of(),
        Cell::exact(&unit, parts.contributions),
        "contributions, never withdrawable by the operator",
    );
    for (market, _) in state.markets.iter().filter(|(_, market)| market.fund == id) {
        let pool = state.ledger.owed(LedgerAccount::FeePool(market), fund.asset);
        let name = market_label(state, market);
        out.put(
            ("4.1", "other prefunded: fee pool"),
            name,
            Cell::exact(&unit, pool),
            "a market's fees, for its own losses only",
        );
    }
    out.put(
        ("4.1", "all that counts toward the target"),
        of(),
        Cell::exact(&unit, parts.counted),
        "by the fund's policy, without queued exits and what is held for liquidations in flight",
    );
    out.put(
        ("4.1", "target"),
        of(),
        Cell::exact(&unit, fund.target),
        "what risk says it should hold",
    );
    Ok(())
}

/// Where a fund's reserve stands to its staked tranches in the waterfalls of its markets.
fn placed(state: &State, id: FundId) -> &'static str {
    let (mut before, mut after) = (false, false);
    for (_, market) in state.markets.iter() {
        let layers: Vec<Source> = state.layers_of(market).map(|(_, layer)| layer.source).collect();
        let Some(own) = layers.iter().position(|source| *source == Source::Reserve(id)) else {
            continue;
        };
        for (at, source) in layers.iter().enumerate() {
            if matches!(source, Source::Staked(_)) {
                (before, after) = (before || own < at, after || own > at);
            }
        }
    }
    match (before, after) {
        (true, false) => "before participants'",
        (false, true) => "after participants'",
        (true, true) => "before or after participants', by market",
        (false, false) => "no participants' beside it",
    }
}

/// 4.3: in which form they are held.
fn held_as(out: &mut Rows, state: &State, id: FundId, fund: &Fund) {
    let unit = Unit::of(state, fund.asset);
    let idle = state.ledger.owed(LedgerAccount::Idle(id), fund.asset);
    let posted = state.gauges.get(id).map_or(Amount::ZERO, |gauge| gauge.posted);
    let of = || fund_label(state, id);
    out.put(
        ("4.3", "prefunded, with the custodian"),
        of(),
        Cell::exact(&unit, posted.saturating_sub(idle)),
        "reserve, contributions and stakes in the fund's asset",
    );
    out.put(
        ("4.3", "prefunded, at a yield venue"),
        of(),
        Cell::exact(&unit, idle),
        "idle cash; it counts as far as it comes back in time",
    );
    if let Some(house) = &fund.house {
        let value = Cell::exact(&unit, house.value.positive());
        out.put(
            ("4.3", "in an account at the venue"),
            of(),
            value,
            "as the venue reported it; no money of this ledger",
        );
    }
}

/// Losses of a fund's asset that stand, with the moment that they were placed.
fn placed_losses(state: &State) -> Result<Vec<(LossId, &Loss, AssetId, Timestamp)>, ExportError> {
    let mut found = Vec::new();
    for (id, loss) in state.losses.iter() {
        let asset = state.funds.expect(state.markets.expect(loss.market)?.fund)?.asset;
        let at = loss.rows.iter().map(|row| row.placed_at).min();
        if let Some(at) = at.filter(|_| loss.status != LossStatus::Void) {
            found.push((id, loss, asset, at));
        }
    }
    Ok(found)
}

/// 4.4, 6.5 and 13.1: what losses came to, and what paid for them.
fn used(
    out: &mut Rows,
    (period, as_of): (Period, Timestamp),
    state: &State,
) -> Result<(), ExportError> {
    let year = as_of.minus(YEAR);
    let losses = placed_losses(state)?;
    let assets: BTreeSet<AssetId> = losses.iter().map(|(_, _, asset, _)| *asset).collect();
    for asset in assets {
        let unit = Unit::of(state, asset);
        let of = || unit.symbol.clone();
        let lately = losses.iter().filter(|(_, _, other, at)| *other == asset && *at >= year);
        if let Some((id, loss, ..)) =
            lately.clone().max_by_key(|(id, loss, ..)| (loss.gross, std::cmp::Reverse(*id)))
        {
            let who = loss
                .account
                .map_or_else(|| "no single account".to_owned(), |it| account_label(state, it));
            out.put(
                ("4.4", "largest loss of one participant, actual"),
                of(),
                Cell::exact(&unit, loss.gross),
                &format!("{id}, {who}; within the year up to the end"),
            );
        }
        let broke = lately.filter(|(_, loss, ..)| loss.cause == Cause::Bankruptcy);
        let (count, sum) = broke.fold((0u64, Sum::ZERO), |(count, mut sum), (_, loss, ..)| {
            sum.add(loss.gross);
            (count.saturating_add(1), sum)
        });
        out.put(
            ("6.5", "times that an account's margin did not cover its loss"),
            of(),
            Cell::number(&count),
            "losses of bankrupt accounts within the year up to the end",
        );
        let mean = sum.amount().mul_div_floor(1, u128::from(count));
        out.put(
            ("6.5", "mean size of what was not covered"),
            of(),
            mean.map_or_else(|_| Cell::text("no such loss"), |mean| Cell::exact(&unit, mean)),
            "rounded down",
        );
        let mut paid = [Sum::ZERO; 7];
        for (_, loss, ..) in
            losses.iter().filter(|(_, _, other, at)| *other == asset && period.contains(*at))
        {
            paid.iter_mut().zip(borne(loss).0).for_each(|(sum, amount)| sum.add(amount));
        }
        for (bearer, sum) in BEARERS.iter().zip(paid) {
            out.put(
                ("13.1", &format!("losses of the period borne by {bearer}")),
                of(),
                Cell::exact(&unit, sum.amount()),
                "losses placed in it and not withdrawn",
            );
        }
    }
    Ok(())
}

/// 6.1 and 6.2: margin.
fn margin(out: &mut Rows, state: &State) {
    out.absent("6.1", "initial margin required", "attached markets keep margin at their venue");
    for (id, fund) in state.funds.iter() {
        let held = state.ledger.owed(LedgerAccount::Collateral(id), fund.asset);
        if state.margin_pools.get(id).is_some_and(|pool| pool.policy.is_some()) {
            let value = Cell::exact(&Unit::of(state, fund.asset), held);
            out.put(
                ("6.2", "margin held for hosted markets"),
                fund_label(state, id),
                value,
                "claims on the collateral pool in the fund's asset",
            );
        }
    }
}

/// 18: how much the largest have.
fn concentration(out: &mut Rows, state: &State) -> Result<(), ExportError> {
    out.put(
        ("18.1", "accounts"),
        String::new(),
        Cell::number(&state.accounts.len()),
        "all that were ever opened, offices included",
    );
    for (id, market) in state
        .markets
        .iter()
        .filter(|(id, _)| state.hosted_markets.get(*id).is_some_and(Option::is_some))
    {
        let sizes = state.hosted_positions.iter().filter(|(_, position)| position.market == id);
        let sizes = sizes.map(|(_, it)| it.size.positive().saturating_add(it.size.negative()));
        shares(
            out,
            "18.2",
            "open interest of the largest",
            &market.label.to_string(),
            sizes.collect(),
        );
    }
    out.absent(
        "18.2",
        "open interest of the largest on attached markets",
        "positions stay with their venue",
    );
    for (id, fund) in state.funds.iter() {
        for (tranche, held) in state.tranches_of(fund) {
            let assets = state.ledger.owed(LedgerAccount::Tranche(tranche), fund.asset);
            let mut stakes = Vec::new();
            for (_, stake) in state
                .positions
                .iter()
                .filter(|(_, it)| it.tranche == tranche && it.series == held.series)
            {
                let value = worth(shares_now(stake, held).0, assets, held.shares);
                stakes.push(value.map_err(|error| ExportError::Refused(error.into()))?);
            }
            let name = format!("{} in {}", tranche_label(state, tranche), fund_label(state, id));
            shares(out, "18.4", "prefunded contributions of the largest", &name, stakes);
        }
    }
    Ok(())
}

/// The part that the largest five and ten of some have of all. **Rounding** down, to a hundredth of a percent.
fn shares(out: &mut Rows, section: &str, what: &str, of: &str, mut amounts: Vec<Amount>) {
    amounts.retain(|amount| !amount.is_zero());
    amounts.sort_unstable_by(|a, b| b.cmp(a));
    let sum = |amounts: &mut dyn Iterator<Item = &Amount>| {
        let mut sum = Sum::ZERO;
        amounts.for_each(|amount| sum.add(*amount));
        sum.amount()
    };
    let all = sum(&mut amounts.iter());
    for most in LARGEST {
        let part = sum(&mut amounts.iter().take(most)).mul_div_floor(10_000, all.get());
        let value = match part {
            Ok(bps) => Cell::number(&format!("{}%", format_decimal(bps.get(), 2))),
            Err(_) => Cell::text("nobody has any"),
        };
        let count = format!("of {} with any", amounts.len());
        out.put((section, &format!("{what} {most}")), of.to_owned(), value, &count);
    }
}
