//! A venue's accounts and terms, ready for scenarios: floats for speed, integers for judgement.

use super::{
    account::{Draft, Margins, SIZE_DECIMALS},
    cascade::Rules,
    error::NeedError,
    exposure::{Entry, Exposure, Held, MarketTerms, Pledge, PledgeTerms},
    impact::{Curve, Liquidity},
};
use crate::{
    data::{Accounts, DataError, DataFault, History, MarketSpec, Return, Size, Venue},
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

const DAY_MS: f64 = 86_400_000.0;

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
        let lacks = || {
            let (what, missing) = (format!("market {}", market.name), "price");
            let hint = "set its price, or name the column of the price files with `history`";
            let fault = DataFault::Lacks { what, missing, hint };
            DataError::file("markets", fault)
        };
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
            margins.account(&draft)?;
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
    for position in &account.positions {
        let price = prices[position.market];
        let size = counted(match position.size {
            Size::Base(size) => size,
            Size::Notional(notional) => notional / price,
        });
        if size.abs() > 0.0 {
            draft.positions.push((position.market, size));
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
