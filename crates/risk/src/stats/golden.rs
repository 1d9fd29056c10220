//! The lowest place of a function of one number with one dip, by golden sections.

/// Sections: they leave less than a part in 10⁸ of the stretch.
const SECTIONS: usize = 40;

/// Where a function is lowest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lowest {
    /// The place.
    pub at: f64,
    /// The least that was seen.
    pub value: f64,
}

/// The lowest place between two ends. A function with several dips gives one of them.
pub fn lowest((mut low, mut high): (f64, f64), value: impl Fn(f64) -> f64) -> Lowest {
    let share = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - share * (high - low), low + share * (high - low));
    let (mut of_left, mut of_right) = (value(left), value(right));
    for _ in 0..SECTIONS {
        if of_left < of_right {
            (high, right, of_right) = (right, left, of_left);
            left = high - share * (high - low);
            of_left = value(left);
        } else {
            (low, left, of_left) = (left, right, of_right);
            right = low + share * (high - low);
            of_right = value(right);
        }
    }
    Lowest { at: f64::midpoint(low, high), value: of_left.min(of_right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dips_are_found() {
        let found = lowest((-3.0, 5.0), |x| (x - 1.25) * (x - 1.25) + 2.0);
        assert!((found.at - 1.25).abs() < 1e-6 && (found.value - 2.0).abs() < 1e-12, "{found:?}");
        // At an end, where there is no dip.
        assert!((lowest((0.0, 1.0), |x| x).at).abs() < 1e-7);
    }
}
