//! A venue's accounts and terms, ready for scenarios: floats for speed, integers for judgement.

use super::{
    account::{Draft, Margins, PRICE_QUANTUM, SIZE_DECIMALS},
    cascade::Rules,
    error::NeedError,
    exposure::{Entry, Exposure, Held, MarketTerms, Pledge, PledgeTerms},
    impact::{Curve, Liquidity},
};
use crate::{
    data::{
        Accounts, Collateral, DataError, DataFault, History, MarketSpec, Position, Return, Size,
        Venue,
    },
    float::count,
};

/// A venue's accounts and terms, ready for scenarios.
#[derive(Clone, Debug)]
pub struct Portfolio {
    /// Name of the quote asset.
    pub quote: String,
    /// Names of the markets.
    pub markets: Vec<String>,
    /// Names of the pledged assets, without the quote asset.
    pub assets: Vec<String>,
    /// Names of the accounts.
    pub accounts: Vec<String>,
    /// Names of the owner groups.
    pub owners: Vec<String>,
    /// Prices of now.
    pub prices: Vec<f64>,
    /// The accounts as floats.
    pub(super) exposure: Exposure,
    /// The accounts as integers.
    pub margins: Margins,
    /// Which markets somebody has positions or collateral in.
    pub(super) used: Vec<Option<&'static str>>,
    /// Part of each market in all open interest.
    pub(super) weights: Vec<f64>,
}

/// Prices of now, and standard deviations of a day's return where there is a history for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Market0 {
    /// One for each market of the venue.
    pub prices: Vec<f64>,
    /// The same; `None` without history or a setting.
    pub sigmas: Vec<Option<f64>>,
}

impl Market0 {
    /// The price of a market; zero of one that there is none of.
    pub fn price(&self, market: usize) -> f64 {
        self.prices.get(market).copied().unwrap_or(0.0)
    }

    /// What a position is worth in quote, below zero for a short.
    pub fn notional(&self, position: &Position) -> f64 {
        match position.size {
            Size::Base(size) => size * self.price(position.market),
            Size::Notional(notional) => notional,
        }
    }

    /// What posted collateral is worth in quote before its haircut.
    pub fn worth(&self, held: &Collateral, venue: &Venue) -> f64 {
        held.amount * venue.asset(held).map_or(1.0, |asset| self.price(asset.market))
    }
}

const DAY_MS: f64 = 86_400_000.0;

/// What is wrong with a market that has no price of now.
pub fn no_price(market: &str) -> DataFault {
    let (what, missing) = (format!("market {market}"), "price");
    let hint = "set its price, or name the column of the price files with `history`";
    DataFault::Lacks { what, missing, hint }
}

/// The first market of a venue without a price of now, as [`opening`] refuses it.
pub fn unpriced<'v>(venue: &'v Venue, history: Option<&History>) -> Option<&'v str> {
    let known =
        |market: &MarketSpec| history.is_some_and(|all| all.series(&market.history).is_some());
    let lacks = |market: &&MarketSpec| market.price.is_none() && !known(market);
    venue.markets.iter().find(lacks).map(|market| market.name.as_str())
}

/// Prices of now of a venue's markets: what the settings say, else the last close. Deviations of a day likewise, from
/// log returns of all the history, scaled by the square root of time.
///
/// # Errors
/// [`DataFault::Lacks`] for a market without either.
pub fn opening(venue: &Venue, history: Option<&History>) -> Result<Market0, DataError> {
    let mut found = Market0 { prices: Vec::new(), sigmas: Vec::new() };
    for market in &venue.markets {
        let series = history.and_then(|history| history.series(&market.history));
        let price = market.price.or(series.map(crate::data::Series::last));
        let lacks = || DataError::file("markets", no_price(&market.name));
        found.prices.push(price.ok_or_else(lacks)?);
        let measured = || {
            let history = history?;
            let aligned = history.aligned(&[market.history.as_str()]).ok()?;
            let returns = aligned.returns(0, Return::Log);
            let squares: f64 = returns.iter().map(|r| r * r).sum();
            let days = crate::float::ms_to_float(history.step().ms()) / DAY_MS;
            (!returns.is_empty()).then(|| (squares / count(returns.len()) / days).sqrt())
        };
        found.sigmas.push(market.sigma.or_else(measured));
    }
    Ok(found)
}

impl Portfolio {
    /// Lays out a venue's accounts.
    ///
    /// # Errors
    /// [`NeedError::Lacks`] for a market in which somebody has something and whose settings lack what the curve of
    /// impact needs; [`NeedError::NoPosition`]; [`NeedError::Rule`] for money past 128 bits.
    pub fn new(
        venue: &Venue,
        accounts: &Accounts,
        now: &Market0,
        rules: &Rules,
    ) -> Result<Self, NeedError> {
        rules.check()?;
        let mut margins = Margins::default();
        for (market, price) in venue.markets.iter().zip(&now.prices) {
            let steps: Vec<(f64, f64)> =
                market.maintenance.iter().map(|step| (step.above, step.rate)).collect();
            margins.market(*price, &steps)?;
        }
        let mut assets = Vec::with_capacity(venue.assets.len());
        for asset in &venue.assets {
            margins.asset(asset.haircut, asset.market);
            let haircut = f64::from(super::account::ppm(asset.haircut).get()) / 1e6;
            assets.push(PledgeTerms { haircut, market: asset.market });
        }
        let mut used = vec![None; venue.markets.len()];
        let mut entries = Vec::with_capacity(accounts.accounts.len());
        for account in &accounts.accounts {
            let (draft, entry) = lay_out(account, venue, &now.prices);
            for held in &entry.positions {
                used[held.market as usize] = Some("positions");
            }
            for (asset, _) in &draft.pledges {
                let market = venue.assets[*asset].market;
                used[market] = used[market].or(Some("collateral"));
            }
            margins.account(&draft).map_err(|error| {
                let account = account.name.clone();
                NeedError::Account { account, error: Box::new(error) }
            })?;
            entries.push(entry);
        }
        let mut markets = Vec::with_capacity(venue.markets.len());
        for (at, market) in venue.markets.iter().enumerate() {
            let sigma = now.sigmas.get(at).copied().flatten();
            let liquidity = liquidity(market, sigma, (rules.pressure.curve, used[at].is_some()))?;
            markets.push(MarketTerms { tiers: margins.tiers(at), liquidity });
        }
        let exposure = Exposure::new(markets, assets, &entries);
        if exposure.is_empty() {
            return Err(NeedError::NoPosition);
        }
        let interest = exposure.open_interest();
        let total: f64 = interest.iter().sum();
        Ok(Self {
            quote: venue.quote.clone(),
            markets: venue.markets.iter().map(|market| market.name.clone()).collect(),
            assets: venue.assets.iter().map(|asset| asset.name.clone()).collect(),
            accounts: accounts.accounts.iter().map(|account| account.name.clone()).collect(),
            owners: accounts.owners.clone(),
            prices: now.prices.clone(),
            weights: interest.iter().map(|one| one / total).collect(),
            exposure,
            margins,
            used,
        })
    }

    /// Open interest of each market, long and short together, at the prices of now.
    pub fn open_interest(&self) -> Vec<f64> {
        self.exposure.open_interest()
    }

    /// Which markets somebody has positions or collateral in: what scenarios must have.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        let named = self.markets.iter().zip(&self.used);
        named.filter_map(|(name, used)| used.map(|_| name.as_str()))
    }
}

/// Rounds a size to what the integer code counts, so that both see one number.
fn counted(size: f64) -> f64 {
    let atoms = libm::pow(10.0, f64::from(SIZE_DECIMALS));
    libm::round(size * atoms) / atoms
}

/// An account as integers and as floats. The quote asset is the first of the accounts' assets.
fn lay_out(account: &crate::data::Account, venue: &Venue, prices: &[f64]) -> (Draft, Entry) {
    let mut draft = Draft::default();
    let mut entry =
        Entry { group: u32::try_from(account.owner).unwrap_or(u32::MAX), ..Entry::default() };
    for collateral in &account.collateral {
        let Some(asset) = collateral.asset.checked_sub(1) else {
            draft.cash += collateral.amount;
            continue;
        };
        let amount = counted(collateral.amount);
        if amount > 0.0 {
            draft.pledges.push((asset, amount));
            let value = amount * prices[venue.assets[asset].market];
            entry.pledges.push(Pledge { asset: u32::try_from(asset).unwrap_or(u32::MAX), value });
        }
    }
    entry.cash = draft.cash;
    let sizes = draft.pledges.iter().map(|(_, amount)| amount).sum::<f64>();
    entry.quantum = PRICE_QUANTUM * sizes;
    for position in &account.positions {
        let price = prices[position.market];
        let size = counted(match position.size {
            Size::Base(size) => size,
            Size::Notional(notional) => notional / price,
        });
        if size.abs() > 0.0 {
            draft.positions.push((position.market, size));
            entry.quantum += PRICE_QUANTUM * size.abs();
            let market = u32::try_from(position.market).unwrap_or(u32::MAX);
            entry.positions.push(Held { market, notional: size * price });
        }
    }
    (draft, entry)
}

fn liquidity(
    market: &MarketSpec,
    sigma: Option<f64>,
    (curve, used): (Curve, bool),
) -> Result<Liquidity, NeedError> {
    let lacks = |missing, hint| NeedError::Lacks { market: market.name.clone(), missing, hint };
    let found = Liquidity {
        depth_per_percent: market.depth_per_percent.unwrap_or(f64::INFINITY),
        volume: market.adv.unwrap_or(f64::INFINITY),
        sigma: sigma.unwrap_or(0.0),
        half_spread: market.half_spread,
    };
    match curve {
        Curve::Linear if used && market.depth_per_percent.is_none() => Err(lacks(
            "depth_per_percent",
            "set the quote that moves its mark by one percent, or inf where nothing does",
        )),
        Curve::SquareRoot { .. } if used && market.adv.is_none() => {
            Err(lacks("adv", "set the quote traded in a day, or inf where nothing moves the mark"))
        }
        Curve::SquareRoot { .. } if used && sigma.is_none() => {
            Err(lacks("sigma", "set the standard deviation of a day, or give its price history"))
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Account, AssetSpec, Collateral, Position, Step},
        desk::Silent,
        need::{Closing, Pressure, Stressed, outcomes},
        random::Random,
        scenarios::{Draft as Made, Origin, Scenarios},
    };
    use backstop_units::Span;

    fn venue() -> Venue {
        let flat = |rate| vec![Step { above: 0.0, rate }];
        let tiers = vec![
            Step { above: 0.0, rate: 0.004 },
            Step { above: 50_000.0, rate: 0.01 },
            Step { above: 1_000_000.0, rate: 0.125 },
        ];
        let market = |(name, maintenance): (&str, Vec<Step>)| MarketSpec {
            name: name.to_owned(),
            history: name.to_owned(),
            price: None,
            initial: maintenance.clone(),
            maintenance,
            adv: None,
            depth_per_percent: Some(f64::INFINITY),
            half_spread: 0.0,
            fee: 0.0,
            sigma: None,
        };
        let all = [("A", flat(0.025)), ("B", tiers), ("C", flat(0.1))];
        Venue {
            quote: "usd".to_owned(),
            markets: all.map(market).to_vec(),
            assets: vec![AssetSpec { name: "B".to_owned(), haircut: 0.15, market: 1 }],
        }
    }

    fn accounts(random: &mut Random) -> Accounts {
        let account = |at: usize, random: &mut Random| {
            let mut positions: Vec<Position> = Vec::new();
            for market in 0..3 {
                let side = if random.chance(0.5) { 1.0 } else { -1.0 };
                let size = Size::Notional(side * random.lognormal(100_000.0, 3.0));
                positions.push(Position { market, size });
            }
            let mut collateral = vec![Collateral { asset: 0, amount: 0.0 }];
            if random.chance(0.5) {
                collateral.push(Collateral { asset: 1, amount: random.lognormal(1_000.0, 2.0) });
            }
            Account { name: format!("a{at}"), owner: at, collateral, positions }
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Accounts {
            assets: names(&["usd", "B"]),
            markets: names(&["A", "B", "C"]),
            owners: (0..50).map(|at| format!("a{at}")).collect(),
            accounts: (0..50).map(|at| account(at, random)).collect(),
        }
    }

    /// Every account within two atoms of its maintenance at the scenario's end: the engine decides as the core does,
    /// and the float is off by less than its bound.
    #[test]
    fn on_the_edge_the_integer_code_decides() {
        let mut rules = Rules::DEFAULT;
        rules.closing = Closing { jump_share: 1.0, ..rules.closing };
        rules.pressure = Pressure { curve: Curve::Linear, ..rules.pressure };
        let (mut random, venue, mut fell) = (Random::new(23), venue(), 0);
        for round in 0..40 {
            let now = Market0 {
                prices: vec![random.lognormal(1e4, 3.0), random.lognormal(1.0, 3.0), 1e-5],
                sigmas: vec![None; 3],
            };
            let mut held = accounts(&mut random);
            let ends: Vec<f64> = (0..3).map(|_| random.lognormal(1.0, 0.3) - 1.0).collect();
            let ratio = |market: usize| 1.0 + ends[market];
            let first = Portfolio::new(&venue, &held, &now, &rules).unwrap();
            for (at, account) in held.accounts.iter_mut().enumerate() {
                let standing = first.margins.standing(at, &ratio).unwrap();
                let lacks =
                    i128::try_from(standing.maintenance.get()).unwrap() - standing.equity.get();
                let edge = i128::from(u8::try_from(at % 5).unwrap()) - 2;
                // Atoms of so many digits are exact in a double.
                let atoms = u32::try_from((lacks + edge).unsigned_abs() % 1_000_000).unwrap();
                let units = u32::try_from((lacks + edge).unsigned_abs() / 1_000_000).unwrap_or(0);
                let sign = if lacks + edge < 0 { -1.0 } else { 1.0 };
                account.collateral[0].amount = sign * (f64::from(units) + f64::from(atoms) / 1e6);
            }
            let portfolio = Portfolio::new(&venue, &held, &now, &rules).unwrap();
            let book = &portfolio.exposure;
            let mut want = 0;
            for place in 0..book.len() {
                let origin = usize::try_from(book.origin[place]).unwrap();
                let exact = portfolio.margins.standing(origin, &ratio).unwrap();
                let at_now = portfolio.margins.standing(origin, &|_| 1.0).unwrap();
                want += u32::from(exact.is_liquidatable() || at_now.is_liquidatable());
                let atoms = exact.equity.get() - i128::try_from(exact.maintenance.get()).unwrap();
                let highest = ends.iter().fold(1.0, |most: f64, end| most.max(1.0 + end));
                let off = book.excess(place, ratio) - float(atoms) / 1e6;
                assert!(off.abs() <= book.error(place, highest), "{round} {place}: {off}");
            }
            let scenarios = Scenarios::new(Made {
                markets: venue.markets.iter().map(|market| market.name.clone()).collect(),
                labels: vec!["edge".to_owned()],
                steps: 1,
                step: Span::hours(1),
                origin: Origin::made_up("file", Vec::new()),
                cells: ends,
            })
            .unwrap();
            let stressed = Stressed { scenarios: &scenarios, conditions: &[] };
            let found = outcomes(&portfolio, &stressed, &rules, &Silent).unwrap();
            assert_eq!(found[0].fell, want, "{round}");
            fell += want;
        }
        assert!((200..1_950).contains(&fell), "{fell}");
    }

    fn float(atoms: i128) -> f64 {
        let size = crate::float::to_float(atoms.unsigned_abs());
        if atoms < 0 { -size } else { size }
    }
}
