//! Who pays in a scenario: its deficits, settled one by one by the production waterfall on a ledger in memory.
//!
//! ```text
//!   genesis (a preset) ──▶ Memory ──▶ accounts, fund of the stated size ──▶ one SettleLiquidation a deficit ──▶ rows
//! ```
//!
//! Settlements come in the order in which the scenario closed the accounts, each at its step's time, so limits of
//! layers by hour and day count as they would. A market that the preset lacks has the rules of its first market.
//! Layers that pay later (deleveraging) stand with what they were asked for.

use super::{
    error::NeedError,
    portfolio::Portfolio,
    run::{Deficit, Trace},
};
use crate::{
    book::{Account, Book, numbered},
    crash::Feed,
    demo::{Cast, fill_fund, fits, open_accounts, stage},
    error::RiskError,
    float::{is_positive, to_units},
    ledger::{Ledger, Memory},
    params::VenueParams,
    prices::Bars,
};
use backstop_core::{
    Body, Event, Genesis,
    command::{ReportOpenInterest, SettleLiquidation},
    event::{Cohort, Row},
    merkle,
    policy::LayerSource,
};
use backstop_units::{Amount, Base, Label, MarketId, Price, Signed, Span, Timestamp};
use std::collections::HashMap;

/// What one layer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Who pays it.
    pub source: LayerSource,
    /// How much, in atoms; of a layer that pays later: what it was asked for.
    pub amount: Amount,
}

/// Who pays in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payers {
    /// Name of the preset.
    pub preset: Label,
    /// Decimals of its asset.
    pub decimals: u8,
    /// All losses, in atoms: the deficits rounded up, and what a policy adds to them.
    pub gross: Amount,
    /// Layer by layer, in the order of the waterfall. **Invariant** with the residual they add up to the gross.
    pub layers: Vec<Paid>,
    /// What nobody pays.
    pub residual: Amount,
    /// Deficits settled.
    pub settlements: usize,
}

impl Payers {
    /// What lands on traders: socialised, deleveraged, or nobody's. What a larger fund would have paid.
    pub fn left(&self) -> Amount {
        let bears = |paid: &&Paid| {
            matches!(
                paid.source,
                LayerSource::Socialised
                    | LayerSource::Adl
                    | LayerSource::Depositors
                    | LayerSource::Haircut(_)
                    | LayerSource::Equity
            )
        };
        let sum = self.layers.iter().filter(bears).map(|paid| paid.amount);
        sum.fold(self.residual, Amount::saturating_add)
    }
}

/// The time of the ledger at which a scenario begins; only distances matter.
const BEGINS: Timestamp = Timestamp::from_ms(1_000_000_000);

/// Settles the deficits of a scenario on a new ledger.
///
/// `fund` is the fund's size in quote units, before the scenario; `step` the time of a step.
///
/// # Errors
/// [`NeedError::Ledger`] when the preset does not fit: it keeps positions itself, or needs lists of accounts; or
/// when it refuses a settlement.
pub fn payers(
    genesis: &Genesis,
    portfolio: &Portfolio,
    trace: &Trace,
    (fund, step): (f64, Span),
) -> Result<Payers, NeedError> {
    let cast = fits(genesis)?;
    if cast.hosted {
        return Err(RiskError::Missing("market whose positions a venue keeps").into());
    }
    let markets = labels(portfolio)?;
    let genesis = staged(genesis, &markets)?;
    let cast = Cast { waterfalls: Cast::of(&genesis)?.waterfalls, ..cast };
    let mut ledger = Memory::begin(&genesis, BEGINS.minus(Span::hours(1)))?;
    let atoms = libm::pow(10.0, f64::from(cast.decimals));
    let short = short(trace);
    let liquidators = opened(&cast, short.len(), &mut ledger)?;
    let total = Amount::new(to_units(libm::floor(fund.max(0.0) * atoms)));
    let opening = BEGINS.minus(Span::hours(1));
    if !total.is_zero() {
        fill_fund(&cast, &VenueParams::DEMO, (0, total), opening, &mut ledger)?;
    }
    report_interest(portfolio, &cast, &markets, &mut ledger)?;
    let mut paid = Payers {
        preset: genesis.preset,
        decimals: cast.decimals,
        gross: Amount::ZERO,
        layers: Vec::new(),
        residual: Amount::ZERO,
        settlements: short.len(),
    };
    let mut rows = Rows::default();
    for (number, deficit) in (1u32..).zip(short) {
        let elapsed = u64::try_from(deficit.step + 1).unwrap_or(u64::MAX);
        let at = BEGINS.plus(Span::from_ms(step.ms().saturating_mul(elapsed)));
        let turn = usize::try_from(number).unwrap_or(0) % liquidators.len().max(1);
        let owed = to_units(libm::ceil(deficit.amount * atoms));
        let owed = i128::try_from(owed).map_err(|_| backstop_units::MathError::Overflow)?;
        let account = numbered("trader", number).map_err(RiskError::from)?;
        let settle = SettleLiquidation {
            market: markets.get(deficit.market).copied().unwrap_or_default(),
            account,
            liquidator: liquidators.get(turn).copied().unwrap_or_default(),
            outcome: Signed::new(-owed),
            notional: Amount::ZERO,
            mark: Price::new(1),
            open_interest: None,
            evidence: Some(merkle::leaf(&number.to_le_bytes())),
        };
        for event in ledger.send(at, cast.venue, settle.into())? {
            rows.take(&event);
        }
    }
    ledger.check()?;
    rows.into_layers(&cast, &markets, &mut ledger, &mut paid)?;
    Ok(paid)
}

/// What each account lacks in all, at the place and time of its first cost, in the order in which they were closed:
/// what is worked off later belongs to the same account.
fn short(trace: &Trace) -> Vec<Deficit> {
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut all: Vec<Deficit> = Vec::new();
    for deficit in &trace.deficits {
        let known = places.get(&deficit.account).and_then(|place| all.get_mut(*place));
        if let Some(first) = known {
            first.amount += deficit.amount;
        } else {
            places.insert(deficit.account, all.len());
            all.push(*deficit);
        }
    }
    all.retain(|deficit| is_positive(deficit.amount));
    all
}

/// Names of the portfolio's markets in the ledger: their own in small letters where that is a label, else a number.
fn labels(portfolio: &Portfolio) -> Result<Vec<Label>, NeedError> {
    let mut found: Vec<Label> = Vec::with_capacity(portfolio.markets.len());
    for (number, name) in (1u32..).zip(&portfolio.markets) {
        let own = Label::parse(&name.to_lowercase()).ok();
        let own = own.filter(|label| name.len() <= 16 && !found.contains(label));
        let label = match own {
            Some(label) => label,
            None => numbered("market", number).map_err(RiskError::from)?,
        };
        found.push(label);
    }
    Ok(found)
}

/// The genesis with a market for each name.
fn staged(genesis: &Genesis, markets: &[Label]) -> Result<Genesis, NeedError> {
    let none = Bars { span: Span::hours(1), quote_decimals: 0, bars: Vec::new() };
    let feed = |market: &Label| Feed { market: *market, bars: none.clone() };
    let feeds: Vec<Feed> = markets.iter().map(feed).collect();
    Ok(stage(genesis.clone(), &feeds, &VenueParams::DEMO)?)
}

/// Opens liquidators, stakers and an account for each deficit. Returns the liquidators.
fn opened(cast: &Cast, number: usize, ledger: &mut Memory) -> Result<Vec<Label>, NeedError> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let account = |number| {
        let (collateral, positions) = (Amount::ZERO, Vec::new());
        Ok(Account { label: numbered("trader", number)?, collateral, positions })
    };
    let accounts = (1..=number).map(account).collect::<Result<_, RiskError>>()?;
    let maker = Label::parse("maker").map_err(RiskError::from)?;
    let at = BEGINS.minus(Span::hours(1));
    Ok(open_accounts((cast, maker), &VenueParams::DEMO, &Book { accounts }, at, ledger)?)
}

/// Reports open interest, which a layer that spreads losses over positions divides by.
fn report_interest(
    portfolio: &Portfolio,
    cast: &Cast,
    markets: &[Label],
    ledger: &mut Memory,
) -> Result<(), NeedError> {
    let mut bodies: Vec<Body> = Vec::new();
    let interest = portfolio.open_interest();
    for ((market, size), price) in markets.iter().zip(interest).zip(&portfolio.prices) {
        let base = Base::new(to_units(size / price * 1e9));
        bodies.push(ReportOpenInterest { market: *market, base }.into());
    }
    ledger.send_all(BEGINS.minus(Span::hours(1)), cast.venue, bodies)?;
    Ok(())
}

/// Rows of all losses, by market and layer.
#[derive(Debug, Default)]
struct Rows {
    gross: Amount,
    residual: Amount,
    paid: Vec<(MarketId, u8, Amount)>,
}

impl Rows {
    fn take(&mut self, event: &Event) {
        match event {
            Event::LossPlaced(placed) => {
                self.gross = self.gross.saturating_add(placed.gross);
                self.add(placed.market, &placed.rows);
            }
            Event::LossReallocated(more) => self.add(more.market, &more.rows),
            _ => {}
        }
    }

    fn add(&mut self, market: MarketId, rows: &[Row]) {
        for row in rows {
            if row.cohort == Cohort::Residual {
                self.residual = self.residual.saturating_add(row.amount);
                continue;
            }
            let known =
                self.paid.iter_mut().find(|(at, layer, _)| (*at, *layer) == (market, row.layer));
            match known {
                Some((.., sum)) => *sum = sum.saturating_add(row.amount),
                None => self.paid.push((market, row.layer, row.amount)),
            }
        }
    }

    /// Adds up layers of one source over all markets.
    fn into_layers(
        self,
        cast: &Cast,
        markets: &[Label],
        ledger: &mut Memory,
        into: &mut Payers,
    ) -> Result<(), NeedError> {
        (into.gross, into.residual) = (self.gross, self.residual);
        for label in markets {
            let id = ledger.state().market_id(*label).map_err(|_| RiskError::Market(*label))?;
            let waterfall = cast.waterfalls.iter().find(|(known, _)| known == label);
            for (at, source) in (0u8..).zip(waterfall.iter().flat_map(|(_, layers)| layers)) {
                let paid =
                    self.paid.iter().find(|(market, layer, _)| (*market, *layer) == (id, at));
                let amount = paid.map_or(Amount::ZERO, |(.., amount)| *amount);
                match into.layers.iter_mut().find(|layer| layer.source == *source) {
                    Some(layer) => layer.amount = layer.amount.saturating_add(amount),
                    None => into.layers.push(Paid { source: *source, amount }),
                }
            }
        }
        Ok(())
    }
}
