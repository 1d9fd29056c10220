//! How much of one asset stands for how much of another: exact, rounded once.

use backstop_units::{Amount, MathError, Ppm, Price, Quotient};

/// The price of an asset, and the decimals that it counts a whole unit by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Quote atoms for a whole unit × 10⁹.
    pub price: Price,
    /// Atoms of a whole unit, as a power of ten.
    pub decimals: u8,
}

impl Quoted {
    /// The quote asset itself: a whole unit is worth its own atoms. None where that can't be written.
    pub fn par(decimals: u8) -> Option<Self> {
        let price = ten_to(u32::from(decimals).saturating_add(9)).map(Price::new)?;
        Some(Self { price, decimals })
    }
}

/// What a layer's asset is worth in the market's, after a haircut.
///
/// ```text
///   market atoms = layer atoms × p_layer × (1 − haircut) × 10^d_market ÷ (p_market × 10^d_layer)
/// ```
///
/// **Source** `DESIGN` section 5: a layer in another asset draws `need × p_need ÷ (p_layer × (1 − haircut))`.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    layer: [u128; 2],
    need: [u128; 2],
}

impl Rate {
    /// The rate at these prices.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] when a price is zero or the haircut takes all,
    /// [`MathError::Overflow`] when there are more decimals than an asset can have.
    pub fn new(layer: Quoted, need: Quoted, haircut: Ppm) -> Result<Self, MathError> {
        let kept = u128::from(Ppm::WHOLE.saturating_sub(haircut).get());
        if kept == 0 || layer.price == Price::ZERO || need.price == Price::ZERO {
            return Err(MathError::DivisionByZero);
        }
        let scaled = |decimals: u8, by: u128| {
            ten_to(u32::from(decimals))
                .and_then(|ten| ten.checked_mul(by))
                .ok_or(MathError::Overflow)
        };
        Ok(Self {
            layer: [layer.price.get(), scaled(need.decimals, kept)?],
            need: [need.price.get(), scaled(layer.decimals, u128::from(Ppm::WHOLE.get()))?],
        })
    }

    /// What `atoms` of the layer's asset stand for, in atoms of the market's.
    ///
    /// **Rounding** down: a layer never stands for more than it is worth; past 128 bits the most that
    /// can be written.
    ///
    /// # Errors
    /// None for a rate that [`Self::new`] made.
    pub fn worth(&self, atoms: Amount) -> Result<Amount, MathError> {
        match self.value(atoms)?.floor() {
            Err(MathError::Overflow) => Ok(Amount::MAX),
            worth => worth.map(Amount::new),
        }
    }

    /// The least that a sale of `atoms` of the layer's asset must bring, in atoms of the market's.
    ///
    /// **Rounding** up: selling single atoms gives nothing away.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 128 bits.
    pub fn least(&self, atoms: Amount) -> Result<Amount, MathError> {
        self.value(atoms)?.ceil().map(Amount::new)
    }

    /// How many atoms of the layer's asset a need takes.
    ///
    /// **Rounding** up: the market keeps the dust, less than one atom of the layer's asset.
    ///
    /// # Errors
    /// [`MathError::Overflow`] past 128 bits.
    pub fn atoms(&self, need: Amount) -> Result<Amount, MathError> {
        let ([price, kept], [need_price, whole]) = (self.layer, self.need);
        let atoms = Quotient::new([need.get(), need_price, whole], [price, kept, 1])?;
        atoms.ceil().map(Amount::new)
    }

    fn value(&self, atoms: Amount) -> Result<Quotient<3>, MathError> {
        let ([price, kept], [need_price, whole]) = (self.layer, self.need);
        Quotient::new([atoms.get(), price, kept], [need_price, whole, 1])
    }
}

fn ten_to(power: u32) -> Option<u128> {
    10u128.checked_pow(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(price: u128, decimals: u8) -> Quoted {
        Quoted { price: Price::new(price), decimals }
    }

    /// Whole units of a quote asset with six decimals.
    const fn dollars(whole: u128) -> u128 {
        whole * 1_000_000 * 1_000_000_000
    }

    #[test]
    fn table() {
        let usd = Quoted::par(6).unwrap();
        let one = dollars(1);
        for (layer, need, haircut, atoms, worth, taken) in [
            // 6 against 6 decimals, one dollar each: a haircut of 10 %, an atom over where it is not even.
            (quoted(one, 6), usd, 0, 1_000, 1_000, 1_000),
            (quoted(one, 6), usd, 100_000, 1_000, 900, 1_000),
            (quoted(one, 6), usd, 100_000, 1_001, 900, 1_000),
            (quoted(one, 6), usd, 300_000, 10, 7, 10),
            (quoted(one, 6), usd, 300_000, 9, 6, 9),
            // 9 decimals at 150 dollars: a thousandth of a unit is 15 cents.
            (quoted(dollars(150), 9), usd, 0, 1_000_000, 150_000, 1_000_000),
            (quoted(dollars(150), 9), usd, 200_000, 1_000_000, 120_000, 1_000_000),
            // 6 atoms of 9 decimals are less than one of the market's.
            (quoted(dollars(150), 9), usd, 0, 6, 0, 0),
            (quoted(dollars(150), 9), usd, 0, 7, 1, 7),
            // 18 decimals at 2,500 dollars.
            (
                quoted(dollars(2_500), 18),
                usd,
                50_000,
                10u128.pow(18),
                2_375_000_000,
                10u128.pow(18),
            ),
            (quoted(dollars(2_500), 18), usd, 0, 399_999_999, 0, 0),
            (quoted(dollars(2_500), 18), usd, 0, 400_000_000, 1, 400_000_000),
            // The other way: a layer of dollars under a market of 18 decimals.
            (usd, quoted(dollars(2_500), 18), 0, 1, 400_000_000, 1),
            (usd, quoted(dollars(2_500), 18), 0, 2_500_000_000, 10u128.pow(18), 2_500_000_000),
            // All but a millionth is taken off.
            (quoted(one, 6), usd, 999_999, 2_000_000, 2, 2_000_000),
            (quoted(one, 6), usd, 999_999, 999_999, 0, 0),
            // Both by index, in a quote that is neither.
            (quoted(dollars(2), 6), quoted(dollars(3), 6), 0, 300, 200, 300),
            (quoted(dollars(3), 0), quoted(dollars(2), 30), 0, 2, 3 * 10u128.pow(30), 2),
            // More than can be written is as much as can be.
            (quoted(u128::MAX, 0), quoted(1, 30), 0, u128::MAX, u128::MAX, 1),
        ] {
            let rate = Rate::new(layer, need, Ppm::new(haircut)).unwrap();
            let got = rate.worth(Amount::new(atoms)).unwrap();
            assert_eq!(got.get(), worth, "worth of {atoms} at {layer:?} {need:?} {haircut}");
            assert_eq!(rate.atoms(got).unwrap().get(), taken, "taken for {worth} of {atoms}");
        }
    }

    #[test]
    fn a_haircut_of_all_has_no_rate() {
        let (usd, zero) = (Quoted::par(6).unwrap(), quoted(0, 6));
        for (layer, need, haircut) in [(usd, usd, 1_000_000), (zero, usd, 0), (usd, zero, 0)] {
            let got = Rate::new(layer, need, Ppm::new(haircut)).map(drop);
            assert_eq!(got, Err(MathError::DivisionByZero), "{layer:?} {need:?} {haircut}");
        }
        assert_eq!(Quoted::par(29).map(|quoted| quoted.price.get()), Some(10u128.pow(38)));
        assert_eq!(Quoted::par(30), None);
    }

    #[test]
    fn a_sale_of_single_atoms_gives_nothing_away() {
        let rate = Rate::new(quoted(dollars(150), 9), Quoted::par(6).unwrap(), Ppm::ZERO).unwrap();
        for (sold, least) in [(0, 0), (1, 1), (6, 1), (7, 2), (20, 3)] {
            assert_eq!(rate.least(Amount::new(sold)).unwrap().get(), least, "{sold} sold");
        }
    }
}
