//! The venue's markets and what it takes as collateral: one TOML file.
//!
//! ```toml
//! quote = "usdt"                    # name of the quote asset
//!
//! [market.BTC]
//! maintenance = 0.005               # part of the notional; or tiers = [{ above = 0, rate = 0.004 }, …]
//! initial = 0.01                    # the same; or initial_tiers
//! price = 64000.0                   # else the last close
//! history = "btc"                   # name in the price files, else the market's own
//! adv = 20e9                        # quote traded in a day; inf: no trade moves it
//! depth_per_percent = 40e6          # quote that moves the mark by one percent
//! half_spread = 0.0001
//! fee = 0.00045                     # income, not part of the need: taken as far as an account can pay it
//!
//! [asset.SOL]
//! haircut = 0.1
//! market = "SOL"                    # whose price it follows
//! ```

use super::{
    error::{DataError, DataFault, Place, line_and_column},
    positions::Collateral,
    table::{PRICE_RANGE, PRICES},
};
use serde::Deserialize;
use std::{collections::BTreeMap, ops::Range};
use toml::Spanned;

/// A stretch of a margin table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Notional above which it holds, in quote units.
    pub above: f64,
    /// Part of the notional above that, up to the next step.
    pub rate: f64,
}

/// A market's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketSpec {
    /// Its name.
    pub name: String,
    /// Its name in the price files.
    pub history: String,
    /// Price of now in quote units; none: the last close.
    pub price: Option<f64>,
    /// Maintenance margin, from the smallest notional up: rates rise, the first step begins at zero.
    pub maintenance: Vec<Step>,
    /// Initial margin, the same.
    pub initial: Vec<Step>,
    /// Quote traded in a day; none: not given.
    pub adv: Option<f64>,
    /// Quote that moves the mark by one percent; none: not given.
    pub depth_per_percent: Option<f64>,
    /// Half of the distance of best bid and offer, as a fraction.
    pub half_spread: f64,
    /// Fee on a fill, as a fraction.
    pub fee: f64,
    /// Standard deviation of a day's return, as a fraction; none: from the price history.
    pub sigma: Option<f64>,
}

/// What the venue takes as collateral beside the quote asset.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetSpec {
    /// Its name.
    pub name: String,
    /// Part of its worth that does not count in margin.
    pub haircut: f64,
    /// The market whose price it follows, by its place.
    pub market: usize,
}

/// All settings of a venue. Markets and assets are in the order of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct Venue {
    /// Name of the quote asset.
    pub quote: String,
    /// Markets; those that only give collateral its price too.
    pub markets: Vec<MarketSpec>,
    /// Collateral beside the quote asset.
    pub assets: Vec<AssetSpec>,
}

impl Venue {
    /// The asset of posted collateral; none of the quote asset.
    pub fn asset(&self, held: &Collateral) -> Option<&AssetSpec> {
        held.asset.checked_sub(1).and_then(|place| self.assets.get(place))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVenue {
    #[serde(default = "usd")]
    quote: String,
    market: BTreeMap<String, Spanned<RawMarket>>,
    #[serde(default)]
    asset: BTreeMap<String, RawAsset>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMarket {
    history: Option<String>,
    price: Option<Spanned<f64>>,
    maintenance: Option<Spanned<f64>>,
    tiers: Option<Vec<RawStep>>,
    initial: Option<Spanned<f64>>,
    initial_tiers: Option<Vec<RawStep>>,
    adv: Option<Spanned<f64>>,
    depth_per_percent: Option<Spanned<f64>>,
    half_spread: Option<Spanned<f64>>,
    fee: Option<Spanned<f64>>,
    sigma: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    above: Spanned<f64>,
    rate: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAsset {
    haircut: Spanned<f64>,
    market: Spanned<String>,
}

fn usd() -> String {
    "usd".to_owned()
}

/// A file of settings, for errors by place.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Settings<'_> {
    /// An error at a stretch of the text.
    pub(super) fn fault(&self, at: &Range<usize>, name: &str, fault: DataFault) -> DataError {
        let (line, column) = line_and_column(self.text, at.start);
        DataError::field(self.file, Place { line, column, name: name.to_owned() }, fault)
    }

    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, DataError> {
        toml::from_str(self.text).map_err(|error| {
            let fault = DataFault::Toml(error.message().to_owned());
            self.fault(&error.span().unwrap_or(0..0), "settings", fault)
        })
    }

    /// A number within a range; not a number never is.
    fn within(
        &self,
        (name, value): (&str, &Spanned<f64>),
        (low, high): (f64, f64),
        range: &'static str,
    ) -> Result<f64, DataError> {
        let got = *value.get_ref();
        if got >= low && got <= high {
            return Ok(got);
        }
        Err(self.fault(&value.span(), name, DataFault::Range { got, range }))
    }

    fn positive(&self, name: &str, value: Option<&Spanned<f64>>) -> Result<Option<f64>, DataError> {
        let range = "it must be above zero";
        let checked = value
            .map(|value| self.within((name, value), (f64::MIN_POSITIVE, f64::INFINITY), range));
        checked.transpose()
    }

    fn price(&self, value: Option<&Spanned<f64>>) -> Result<Option<f64>, DataError> {
        let checked = value.map(|value| self.within(("price", value), PRICES, PRICE_RANGE));
        checked.transpose()
    }

    fn fraction(&self, name: &str, value: Option<&Spanned<f64>>) -> Result<f64, DataError> {
        let range = "it is a fraction from 0 to below 1, where 0.05 is five percent";
        let checked = value.map(|value| self.within((name, value), (0.0, 0.999_999), range));
        Ok(checked.transpose()?.unwrap_or(0.0))
    }
}

/// Reads the markets file.
///
/// # Errors
/// [`DataError`] with file, line and column: a setting that is missing, unknown, no number or out of range.
pub fn read_venue(file: &str, text: &str) -> Result<Venue, DataError> {
    let venue = read_beside(file, text)?;
    let settings = Settings { file, text };
    let raw: RawVenue = settings.parse()?;
    for (name, market) in &raw.market {
        if market.get_ref().maintenance.is_none() && market.get_ref().tiers.is_none() {
            let (what, missing) = (format!("market {name}"), "maintenance");
            let hint = "give maintenance, a part of the notional, or tiers";
            let fault = DataFault::Lacks { what, missing, hint };
            return Err(settings.fault(&market.span(), name, fault));
        }
    }
    let named = |market: MarketSpec| {
        let history = Some(market.history).filter(|history| !history.is_empty());
        MarketSpec { history: history.unwrap_or_else(|| market.name.clone()), ..market }
    };
    Ok(Venue { markets: venue.markets.into_iter().map(named).collect(), ..venue })
}

/// Reads a markets file that stands beside a ledger's own markets, so that no row needs margin: a market without has no
/// step of it, and an empty `history` where none is named.
///
/// # Errors
/// As [`read_venue`].
pub fn read_beside(file: &str, text: &str) -> Result<Venue, DataError> {
    let settings = Settings { file, text };
    let raw: RawVenue = settings.parse()?;
    let mut markets = Vec::with_capacity(raw.market.len());
    for (name, market) in &raw.market {
        markets.push(read_market(settings, name, market)?);
    }
    if markets.is_empty() {
        return Err(DataError::file(file, DataFault::Empty));
    }
    let mut assets = Vec::with_capacity(raw.asset.len());
    for (name, asset) in &raw.asset {
        if *name == raw.quote {
            let hint = "the quote asset needs no section: it has no haircut";
            let fault = DataFault::Twice { what: "asset", name: name.clone(), hint };
            return Err(settings.fault(&asset.market.span(), "asset", fault));
        }
        let haircut = settings.fraction("haircut", Some(&asset.haircut))?;
        let wanted = asset.market.get_ref();
        let hint = "give it a section [market.NAME]; one without positions is fine";
        let unknown = || {
            let fault = DataFault::Unknown { what: "market", name: wanted.clone(), hint };
            settings.fault(&asset.market.span(), "market", fault)
        };
        let market = markets.iter().position(|market: &MarketSpec| market.name == *wanted);
        let market = market.ok_or_else(unknown)?;
        assets.push(AssetSpec { name: name.clone(), haircut, market });
    }
    Ok(Venue { quote: raw.quote, markets, assets })
}

fn read_market(
    settings: Settings<'_>,
    name: &str,
    spanned: &Spanned<RawMarket>,
) -> Result<MarketSpec, DataError> {
    let raw = spanned.get_ref();
    let section = spanned.span();
    let maintenance = match (&raw.maintenance, &raw.tiers) {
        (Some(rate), None) => vec![flat(settings, ("maintenance", rate))?],
        (None, Some(steps)) => read_steps(settings, steps)?,
        (Some(_), Some(_)) => {
            let fault = DataFault::Either("maintenance", "tiers");
            return Err(settings.fault(&section, name, fault));
        }
        (None, None) => Vec::new(),
    };
    let initial = match (&raw.initial, &raw.initial_tiers) {
        (Some(rate), None) => vec![flat(settings, ("initial", rate))?],
        (None, Some(steps)) => read_steps(settings, steps)?,
        (None, None) => maintenance.clone(),
        (Some(_), Some(_)) => {
            let fault = DataFault::Either("initial", "initial_tiers");
            return Err(settings.fault(&section, name, fault));
        }
    };
    if let Some(fault) = too_low(&initial, &maintenance) {
        let at = raw.initial.as_ref().map_or(section, Spanned::span);
        return Err(settings.fault(&at, "initial", fault));
    }
    Ok(MarketSpec {
        name: name.to_owned(),
        history: raw.history.clone().unwrap_or_default(),
        price: settings.price(raw.price.as_ref())?,
        maintenance,
        initial,
        adv: settings.positive("adv", raw.adv.as_ref())?,
        depth_per_percent: settings
            .positive("depth_per_percent", raw.depth_per_percent.as_ref())?,
        half_spread: settings.fraction("half_spread", raw.half_spread.as_ref())?,
        fee: settings.fraction("fee", raw.fee.as_ref())?,
        sigma: settings.positive("sigma", raw.sigma.as_ref())?,
    })
}

/// Margin on a notional: each step's rate for what lies in it.
pub(crate) fn margin(steps: &[Step], notional: f64) -> f64 {
    let ends = steps.iter().skip(1).map(|step| step.above).chain([f64::INFINITY]);
    let within = |(step, end): (&Step, f64)| step.rate * (notional.min(end) - step.above).max(0.0);
    steps.iter().zip(ends).map(within).sum()
}

/// Whether initial margin lies below maintenance at some notional: both are straight between edges, so they and the last
/// rates tell. Without maintenance there is nothing to compare.
fn too_low(initial: &[Step], maintenance: &[Step]) -> Option<DataFault> {
    let (last, least) = (initial.last()?.rate, maintenance.last()?.rate);
    let edges = initial.iter().chain(maintenance).map(|step| step.above).filter(|at| *at > 0.0);
    for notional in edges {
        let (initial, least) = (margin(initial, notional), margin(maintenance, notional));
        if initial < least * (1.0 - 1e-12) {
            let (initial, maintenance) = (initial / notional, least / notional);
            return Some(DataFault::Initial { initial, maintenance, notional });
        }
    }
    let notional = f64::INFINITY;
    (last < least).then_some(DataFault::Initial { initial: last, maintenance: least, notional })
}

/// A refusal at a market's section of a markets file.
pub fn at_market(file: &str, text: &str, market: &str, fault: DataFault) -> DataError {
    let settings = Settings { file, text };
    let section =
        settings.parse::<RawVenue>().ok().and_then(|raw| Some(raw.market.get(market)?.span()));
    match section {
        Some(section) => settings.fault(&section, market, fault),
        None => DataError::file(file, fault),
    }
}

fn flat(settings: Settings<'_>, (name, rate): (&str, &Spanned<f64>)) -> Result<Step, DataError> {
    Ok(Step { above: 0.0, rate: settings.fraction(name, Some(rate))? })
}

fn read_steps(settings: Settings<'_>, steps: &[RawStep]) -> Result<Vec<Step>, DataError> {
    let mut found: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        let rate = settings.fraction("rate", Some(&step.rate))?;
        let range = "tiers begin at above = 0 and rise from one to the next";
        let least = found.last().map_or(0.0, |last| last.above);
        let above = settings.within(("above", &step.above), (least, f64::MAX), range)?;
        let again = found.last().is_some_and(|last| above <= last.above);
        let late = found.is_empty() && above > 0.0;
        if again || late {
            let fault = DataFault::Range { got: above, range };
            return Err(settings.fault(&step.above.span(), "above", fault));
        }
        if found.last().is_some_and(|last| rate < last.rate) {
            let range = "rates rise from tier to tier";
            return Err(settings.fault(
                &step.rate.span(),
                "rate",
                DataFault::Range { got: rate, range },
            ));
        }
        found.push(Step { above, rate });
    }
    if found.is_empty() {
        return Err(DataError::file(settings.file, DataFault::Empty));
    }
    Ok(found)
}
