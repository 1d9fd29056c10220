//! What several formulas are asked about: decimals, positions, accounts.

use backstop_core::{
    Reject, RejectCode,
    liquidation::{
        margin::{Account, Margin, Position},
        tiers::{Bracket, OpenInterestScale, brackets},
    },
};
use backstop_units::{Amount, Label, Ppm, Price, Signed, format_decimal, parse_decimal};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

/// Decimals of a price beyond those of its quote.
const PRICE_DECIMALS: u8 = 9;
/// Decimals that a text may have.
const DECIMALS_MAX: usize = 38;

/// An exact decimal number as people write it, such as `"7890.08"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal {
    digits: u128,
    decimals: u8,
}

impl Decimal {
    /// One.
    pub(super) const ONE: Self = Self { digits: 1, decimals: 0 };

    /// The number in units of 10^−`decimals`.
    pub(super) fn scaled(self, decimals: u8) -> Result<u128, Reject> {
        let places = |count: u8| 10u128.checked_pow(u32::from(count));
        let wide = Reject::new(RejectCode::Overflow, "more than 128 bits", u128::MAX);
        if let Some(more) = decimals.checked_sub(self.decimals) {
            return places(more).and_then(|by| self.digits.checked_mul(by)).ok_or(wide);
        }
        let by = places(self.decimals - decimals).ok_or(wide)?;
        let exact = self.digits.is_multiple_of(by);
        let (got, limit) = (u32::from(self.decimals), u32::from(decimals));
        let deep = Reject::new(RejectCode::TooManyDecimals, got, limit);
        if exact { Ok(self.digits / by) } else { Err(deep) }
    }

    /// The number as a price in whole quote units for each whole base unit.
    pub(super) fn price(self, quote_decimals: u8) -> Result<Price, Reject> {
        self.scaled(quote_decimals.saturating_add(PRICE_DECIMALS)).map(Price::new)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Decimal;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a decimal number in quotes, such as \"7890.08\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let decimals = u8::try_from(places.min(DECIMALS_MAX)).unwrap_or(0);
                let digits = parse_decimal(text, decimals).map_err(E::custom)?;
                Ok(Decimal { digits, decimals })
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
                Ok(Decimal { digits: u128::from(value), decimals: 0 })
            }
        }
        from.deserialize_any(Text)
    }
}

/// Digits and decimals as a person writes them: no zeros at the end, no point without a fraction.
pub(super) fn decimal(value: u128, decimals: u8) -> String {
    let text = format_decimal(value, decimals);
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A price in whole quote units for each whole base unit.
pub(super) fn price_text(price: Price, quote_decimals: u8) -> String {
    decimal(price.get(), quote_decimals.saturating_add(PRICE_DECIMALS))
}

/// USDC, USDT and most others.
pub(super) const fn six() -> u8 {
    6
}

/// One bracket of a margin table.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BracketInput {
    /// Notional above which it holds, in quote atoms.
    above: Amount,
    /// Of the whole notional, in parts per million.
    rate: Ppm,
    /// Taken off, in quote atoms; where no bracket names one, those that make the margin continuous.
    #[serde(default)]
    deduction: Option<Amount>,
}

/// A rise of initial margin with open interest, in quote atoms.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleInput {
    lower: Amount,
    upper: Amount,
    open: Amount,
}

/// One position.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PositionInput {
    /// Which market; the name by which a query means this position.
    pub(super) market: Label,
    /// Base atoms, below zero for a short.
    size: Signed,
    /// Decimals of the base.
    decimals: u8,
    /// Whole quote units for each whole base unit.
    mark: Decimal,
    /// Not yet settled, in quote atoms: above zero when the account is owed it.
    #[serde(default)]
    funding: Signed,
    /// Maintenance margin in parts per million of the notional.
    #[serde(default)]
    maintenance: Ppm,
    /// In place of `maintenance`: a table by notional.
    #[serde(default)]
    brackets: Vec<BracketInput>,
    /// Initial margin in parts per million; the maintenance margin if left out.
    #[serde(default)]
    initial: Option<Ppm>,
    /// Raises `initial` as open interest grows.
    #[serde(default)]
    open_interest: Option<ScaleInput>,
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountInput {
    /// Free collateral in quote atoms; below zero where entries cost more than was paid in.
    collateral: Signed,
    /// In any order, one for each market.
    #[serde(default)]
    pub(super) positions: Vec<PositionInput>,
}

/// The margin tables of an account's positions, which the formulas borrow.
pub(super) type Tables = Vec<Vec<Bracket>>;

impl AccountInput {
    pub(super) fn tables(&self) -> Result<Tables, Reject> {
        self.positions.iter().map(PositionInput::table).collect()
    }

    pub(super) fn account<'a>(
        &self,
        tables: &'a [Vec<Bracket>],
        quote_decimals: u8,
    ) -> Result<Account<'a>, Reject> {
        let pairs = self.positions.iter().zip(tables);
        let positions = pairs.map(|(input, table)| input.position(table, quote_decimals));
        Ok(Account { collateral: self.collateral, positions: positions.collect::<Result<_, _>>()? })
    }

    /// The index of the position in a market; past the end if there is none, which formulas refuse.
    pub(super) fn index(&self, market: Label) -> usize {
        let at = self.positions.iter().position(|position| position.market == market);
        at.unwrap_or(self.positions.len())
    }
}

impl PositionInput {
    fn table(&self) -> Result<Vec<Bracket>, Reject> {
        if self.brackets.iter().all(|bracket| bracket.deduction.is_none()) {
            let steps: Vec<_> = self.brackets.iter().map(|b| (b.above, b.rate)).collect();
            return brackets(&steps);
        }
        let given = self.brackets.iter().map(|&BracketInput { above, rate, deduction }| Bracket {
            above,
            rate,
            deduction: deduction.unwrap_or_default(),
        });
        Ok(given.collect())
    }

    fn position<'a>(
        &self,
        table: &'a [Bracket],
        quote_decimals: u8,
    ) -> Result<Position<'a>, Reject> {
        let maintenance =
            if table.is_empty() { Margin::Rate(self.maintenance) } else { Margin::Brackets(table) };
        let initial = match (self.initial, self.open_interest) {
            (initial, Some(ScaleInput { lower, upper, open })) => {
                let base = initial.unwrap_or(self.maintenance);
                Margin::Scaled(OpenInterestScale { base, lower, upper, open })
            }
            (Some(rate), None) => Margin::Rate(rate),
            (None, None) => maintenance,
        };
        Ok(Position {
            size: self.size,
            decimals: self.decimals,
            mark: self.mark.price(quote_decimals)?,
            funding: self.funding,
            maintenance,
            initial,
        })
    }
}

/// An account as a result: its collateral and equity, and the size of each position.
pub(super) fn account_json(input: &AccountInput, account: &Account<'_>) -> Result<Value, Reject> {
    let standing = account.standing()?;
    let sizes = input
        .positions
        .iter()
        .zip(&account.positions)
        .map(|(input, position)| json!({ "market": input.market, "size": position.size }));
    Ok(json!({
        "collateral": account.collateral,
        "equity": standing.equity,
        "positions": sizes.collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let read = |text: &str| serde_json::from_value::<Decimal>(json!(text)).unwrap();
        for (text, decimals, want) in [
            ("7890.08", 15, Ok(7_890_080_000_000_000_000)),
            ("50000", 0, Ok(50_000)),
            ("1.500", 1, Ok(15)),
            ("0.0000000001", 15, Ok(100_000)),
            ("1.25", 1, Err(RejectCode::TooManyDecimals)),
            ("340282366920938463463374607431768211455", 1, Err(RejectCode::Overflow)),
        ] {
            let got = read(text).scaled(decimals).map_err(|reject| reject.code);
            assert_eq!(got, want, "{text} by {decimals}");
        }
        for bad in ["", "1.", "-1", "1e3", "1.2.3"] {
            assert!(serde_json::from_value::<Decimal>(json!(bad)).is_err(), "{bad}");
        }
        let long = format!("0.{}", "1".repeat(39));
        assert!(serde_json::from_value::<Decimal>(json!(long)).is_err());
    }

    #[test]
    fn spelled_without_zeros() {
        for (value, decimals, want) in
            [(49_999_000, 3, "49999"), (7_735_372, 3, "7735.372"), (0, 6, "0"), (100, 0, "100")]
        {
            assert_eq!(decimal(value, decimals), want);
        }
    }
}
