//! How series move together, whatever each does alone: rank correlation and the t copula.
//!
//! The Gaussian copula is not here: joint extremes become independent in its tail, so it understates what a fund must
//! cover when all markets fall at once.
//!
//! **Source** `McNeil`, Frey and Embrechts, "Quantitative Risk Management", sections 7.3 and 7.5; Kendall's statistic by
//! Knight (1966) in O(n log n).

use super::error::{ModelError, alike, checked};
use crate::{
    float::{count, is_positive, to_count},
    kernel::{KernelError, simulate::StudentT},
    stats::{
        golden,
        linear::{Matrix, cholesky, inverse, nearest_correlation},
        special::{chi_squared_quantile_above, ln_gamma, student_quantile},
        student,
    },
};
use std::collections::BTreeMap;

/// Rows that a copula's fit needs.
pub const ROWS_LEAST: usize = 100;
/// Degrees of freedom between which a fit looks.
pub const NU_RANGE: (f64, f64) = (2.0, 100.0);
/// Least eigenvalue of a fitted correlation, so that it has a factor.
pub const EIGEN_FLOOR: f64 = 1e-6;
/// Steps of a search over the degrees of freedom.
const STEPS: usize = 40;

/// Kendall's rank correlation with its correction for ties (tau-b): pairs that move together less those that move
/// apart, over the pairs that are no ties.
///
/// # Errors
/// [`ModelError::TooFew`] below two rows, [`ModelError::NotFinite`], [`ModelError::Unequal`], [`ModelError::Constant`]
/// where all values of a series are alike.
pub fn kendall(x: &[f64], y: &[f64]) -> Result<f64, ModelError> {
    let rows = alike(&[x, y], "the second series of a rank correlation")?;
    for series in [x, y] {
        checked(series, ("a rank correlation", 2, "give at least two rows"))?;
    }
    // Plus zero: the order of floats puts minus zero below zero, and they tie.
    let mut pairs: Vec<(f64, f64)> = x.iter().zip(y).map(|(x, y)| (x + 0.0, y + 0.0)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let tied_x = ties(pairs.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()).map(<[_]>::len));
    let same =
        |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).is_eq() && a.1.total_cmp(&b.1).is_eq();
    let tied_both = ties(pairs.chunk_by(same).map(<[_]>::len));
    let mut second: Vec<f64> = pairs.into_iter().map(|(_, y)| y).collect();
    let apart = exchanges(&mut second);
    let tied_y = ties(second.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(<[_]>::len));
    let all = rows * (rows - 1) / 2;
    let under = count(all - tied_x).sqrt() * count(all - tied_y).sqrt();
    if !is_positive(under) {
        return Err(ModelError::Constant { got: rows });
    }
    let untied = count(all + tied_both) - count(tied_x) - count(tied_y);
    Ok((untied - 2.0 * count(apart)) / under)
}

/// Pairs within groups of these sizes.
fn ties(groups: impl Iterator<Item = usize>) -> usize {
    groups.map(|size| size * (size - 1) / 2).sum()
}

/// Sorts, and counts the pairs that stood in falling order.
fn exchanges(values: &mut [f64]) -> usize {
    let size = values.len();
    if size < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(size / 2);
    let mut apart = exchanges(left) + exchanges(right);
    let mut merged = Vec::with_capacity(size);
    let (mut a, mut b) = (0, 0);
    while a < left.len() && b < right.len() {
        if right[b].total_cmp(&left[a]).is_lt() {
            apart += left.len() - a;
            merged.push(right[b]);
            b += 1;
        } else {
            merged.push(left[a]);
            a += 1;
        }
    }
    merged.extend_from_slice(&left[a..]);
    merged.extend_from_slice(&right[b..]);
    values.copy_from_slice(&merged);
    apart
}

/// Ranks over `n + 1`, ties at their mean rank: where each value lies in its own series, strictly between 0 and 1.
pub fn pseudo_observations(values: &[f64]) -> Vec<f64> {
    // Plus zero, as in `kendall`.
    let values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let over = count(values.len() + 1);
    let (mut places, mut before) = (vec![0.0; values.len()], 0);
    for alike in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        // The mean of the ranks before + 1 to before + len.
        let rank = count(before) + f64::midpoint(1.0, count(alike.len()));
        for at in alike {
            places[*at] = rank / over;
        }
        before += alike.len();
    }
    places
}

/// Probability that one of two series with a t copula lies in its far tail, given that the other does.
pub fn tail_dependence(nu: f64, rho: f64) -> f64 {
    if rho >= 1.0 {
        return 1.0;
    }
    2.0 * student::tail(((nu + 1.0) * (1.0 - rho) / (1.0 + rho)).sqrt(), nu + 1.0)
}

/// Checks that a matrix is a correlation that has a factor.
///
/// # Errors
/// [`ModelError::NotCorrelation`], [`ModelError::Linear`] where it is not positive definite.
pub fn check_correlation(matrix: &Matrix) -> Result<(), ModelError> {
    for row in 0..matrix.rows() {
        for column in 0..matrix.columns() {
            let got = matrix.at(row, column);
            let square = row < matrix.columns() && column < matrix.rows();
            let fits = square
                && (got - matrix.at(column, row)).abs() <= 1e-9
                && if row == column { (got - 1.0).abs() <= 1e-9 } else { got.abs() <= 1.0 };
            if !fits {
                return Err(ModelError::NotCorrelation { row, column, got });
            }
        }
    }
    cholesky(matrix)?;
    Ok(())
}

/// The correlation of a crash: no pair below `floor`, as if one factor drove all, made the nearest correlation.
pub fn crash_correlation(matrix: &Matrix, floor: f64) -> Matrix {
    let size = matrix.rows();
    let lifted =
        Matrix::from_fn(size, size, |a, b| if a == b { 1.0 } else { matrix.at(a, b).max(floor) });
    nearest_correlation(&lifted, EIGEN_FLOOR)
}

/// A t copula.
#[derive(Clone, Debug, PartialEq)]
pub struct TCopula {
    correlation: Matrix,
    factor: Matrix,
    nu: f64,
}

/// A fitted t copula.
#[derive(Clone, Debug, PartialEq)]
pub struct CopulaFit {
    /// The copula.
    pub copula: TCopula,
    /// Degrees of freedom between which the likelihood ratio does not tell at 95 %; an end of [`NU_RANGE`] where it
    /// has no end within.
    pub nu_interval: (f64, f64),
    /// Log-likelihood of the ranks.
    pub log_likelihood: f64,
    /// Kendall's rank correlations.
    pub tau: Matrix,
    /// Rows fitted.
    pub rows: usize,
}

impl TCopula {
    /// A copula of given correlation and degrees of freedom.
    ///
    /// # Errors
    /// As [`check_correlation`]; [`ModelError::Range`] for degrees of freedom that are not above zero.
    pub fn new(correlation: Matrix, nu: f64) -> Result<Self, ModelError> {
        check_correlation(&correlation)?;
        if !is_positive(nu) || !nu.is_finite() {
            let what = "the degrees of freedom of a copula";
            return Err(ModelError::Range { what, got: nu, range: "above 0" });
        }
        let factor = cholesky(&correlation)?;
        Ok(Self { correlation, factor, nu })
    }

    /// Fits to rows of series, one slice for each series: correlations from Kendall's statistic, made the nearest
    /// correlation matrix; degrees of freedom where the likelihood of the ranks is highest.
    ///
    /// # Errors
    /// [`ModelError::TooFew`] below [`ROWS_LEAST`] rows or two series; as [`kendall`].
    pub fn fit(series: &[&[f64]]) -> Result<CopulaFit, ModelError> {
        let rows = alike(series, "a series of the copula")?;
        let size = series.len();
        if size < 2 {
            let (what, hint) = ("the copula's series", "one series alone needs no copula");
            return Err(ModelError::TooFew { what, got: size, least: 2, hint });
        }
        for one in series {
            checked(one, ("a copula fit", ROWS_LEAST, "give a longer common history"))?;
        }
        let mut tau = Matrix::identity(size);
        for a in 0..size {
            for b in 0..a {
                let found = kendall(series[a], series[b])?;
                (*tau.at_mut(a, b), *tau.at_mut(b, a)) = (found, found);
            }
        }
        let of_tau = |a, b| libm::sin(core::f64::consts::FRAC_PI_2 * tau.at(a, b));
        let correlation = nearest_correlation(&Matrix::from_fn(size, size, of_tau), EIGEN_FLOOR);
        let profile = Profile::new(series, &correlation)?;
        let (nu, best) = profile.highest();
        let nu_interval = profile.interval(nu, best);
        let copula = Self::new(correlation, nu)?;
        Ok(CopulaFit { copula, nu_interval, log_likelihood: best, tau, rows })
    }

    /// The correlation matrix.
    pub const fn correlation(&self) -> &Matrix {
        &self.correlation
    }

    /// Degrees of freedom.
    pub const fn nu(&self) -> f64 {
        self.nu
    }

    /// The same dependence with no correlation below a floor: see [`crash_correlation`].
    ///
    /// # Errors
    /// As [`TCopula::new`].
    pub fn crashed(&self, floor: f64) -> Result<Self, ModelError> {
        Self::new(crash_correlation(&self.correlation, floor), self.nu)
    }

    /// Student variates with the copula's degrees of freedom, one for each series, to draw from. Two copulas with one seed
    /// get the same shocks row by row: only how these hang together differs.
    ///
    /// # Errors
    /// [`KernelError::Range`] for degrees of freedom that are not drawn, below two.
    pub fn variates(&self, seed: u64) -> Result<StudentT, KernelError> {
        StudentT::new(&vec![0.0; self.factor.rows()], &self.factor, Some(self.nu), seed)
    }
}

/// The likelihood of ranks over the degrees of freedom.
struct Profile {
    /// For each row, which of `places` each series is at.
    rows: Vec<Vec<usize>>,
    places: Vec<f64>,
    precision: Matrix,
    ln_determinant: f64,
}

impl Profile {
    fn new(series: &[&[f64]], correlation: &Matrix) -> Result<Self, ModelError> {
        let ranks: Vec<Vec<f64>> = series.iter().map(|one| pseudo_observations(one)).collect();
        // Ranks are halves: twice the rank is a whole number, by which a quantile is found again.
        let number = ranks[0].len();
        let twice = |place: f64| to_count(libm::round(2.0 * place * count(number + 1)));
        let mut known = BTreeMap::new();
        for place in ranks.iter().flatten() {
            known.insert(twice(*place), *place);
        }
        let at: BTreeMap<usize, usize> = known.keys().copied().zip(0..).collect();
        let row = |row: usize| ranks.iter().map(|rank| at[&twice(rank[row])]).collect();
        let factor = cholesky(correlation)?;
        let diagonal = (0..factor.rows()).map(|place| libm::log(factor.at(place, place)));
        Ok(Self {
            rows: (0..number).map(row).collect(),
            places: known.into_values().collect(),
            precision: inverse(correlation)?,
            ln_determinant: 2.0 * diagonal.sum::<f64>(),
        })
    }

    fn log_likelihood(&self, nu: f64) -> f64 {
        let size = self.precision.rows();
        let d = count(size);
        let quantiles: Vec<f64> =
            self.places.iter().map(|place| student_quantile(*place, nu)).collect();
        let constant = ln_gamma(f64::midpoint(nu, d)) + (d - 1.0) * ln_gamma(nu / 2.0)
            - d * ln_gamma(f64::midpoint(nu, 1.0))
            - self.ln_determinant / 2.0;
        let one = |row: &Vec<usize>| {
            let mut form = 0.0;
            let mut alone = 0.0;
            for (a, left) in row.iter().enumerate() {
                let x = quantiles[*left];
                alone += libm::log1p(x * x / nu);
                let weights = self.precision.row(a);
                let inner: f64 = row.iter().zip(weights).map(|(at, w)| w * quantiles[*at]).sum();
                form += x * inner;
            }
            constant + f64::midpoint(nu, 1.0) * alone
                - f64::midpoint(nu, d) * libm::log1p(form / nu)
        };
        self.rows.iter().map(one).sum()
    }

    /// Where the likelihood is highest, by golden sections over the logarithm.
    fn highest(&self) -> (f64, f64) {
        let ends = (libm::log(NU_RANGE.0), libm::log(NU_RANGE.1));
        let nu = libm::exp(golden::lowest(ends, |log| -self.log_likelihood(libm::exp(log))).at);
        let nu = nu.clamp(NU_RANGE.0, NU_RANGE.1);
        (nu, self.log_likelihood(nu))
    }

    /// Where twice the fall of the likelihood reaches chi squared's 95 %.
    fn interval(&self, nu: f64, best: f64) -> (f64, f64) {
        let least = best - chi_squared_quantile_above(0.05, 1.0) / 2.0;
        let edge = |outer: f64| {
            if self.log_likelihood(outer) >= least {
                return outer;
            }
            let (mut inside, mut outside) = (libm::log(nu), libm::log(outer));
            for _ in 0..STEPS / 2 {
                let middle = f64::midpoint(inside, outside);
                if self.log_likelihood(libm::exp(middle)) >= least {
                    inside = middle;
                } else {
                    outside = middle;
                }
            }
            libm::exp(outside)
        };
        (edge(NU_RANGE.0), edge(NU_RANGE.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kernel::Lanes, random::Random};

    /// The sum over all pairs, as the definition has it.
    fn naive(x: &[f64], y: &[f64]) -> f64 {
        let (mut sum, mut of_x, mut of_y) = (0.0, 0.0, 0.0);
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        for a in 0..x.len() {
            for b in 0..a {
                let (left, right) = (sign(x[a] - x[b]), sign(y[a] - y[b]));
                sum += left * right;
                of_x += left * left;
                of_y += right * right;
            }
        }
        sum / f64::sqrt(of_x * of_y)
    }

    #[test]
    fn rank_correlation_is_the_sum_over_all_pairs() {
        let mut random = Random::new(4);
        for rows in [2, 3, 7, 40, 129] {
            // Few distinct values, so that there are ties of every kind.
            let mut draw = || -> Vec<f64> { (0..rows).map(|_| count(random.below(9))).collect() };
            let (x, mut y) = (draw(), draw());
            y[0] = x[0] + 10.0;
            let Ok(found) = kendall(&x, &y) else { continue };
            assert!((found - naive(&x, &y)).abs() < 1e-12, "{rows}: {found}");
        }
        assert!((kendall(&[1., 2., 3.], &[5., 6., 7.]).unwrap() - 1.0).abs() < 1e-15);
        assert!((kendall(&[1., 2., 3.], &[7., 6., 5.]).unwrap() + 1.0).abs() < 1e-15);
        // Zeros tie, whatever their sign: tau-b of scipy.
        let zeros = kendall(&[0., -0., 1.], &[1., 2., 3.]).unwrap();
        assert!((zeros - 0.816_496_580_927_726).abs() < 1e-15, "{zeros}");
        assert_eq!(pseudo_observations(&[0., -0., 1.]), [1.5 / 4., 1.5 / 4., 0.75]);
        assert!(matches!(kendall(&[1., 1.], &[1., 2.]), Err(ModelError::Constant { got: 2 })));
        assert!(matches!(kendall(&[1., 2.], &[1.]), Err(ModelError::Unequal { .. })));
        assert!(matches!(kendall(&[1., f64::NAN], &[1., 2.]), Err(ModelError::NotFinite { .. })));
    }

    #[test]
    fn ranks_of_ties_are_shared() {
        assert_eq!(pseudo_observations(&[3.0, 1.0, 3.0]), [2.5 / 4.0, 0.25, 2.5 / 4.0]);
    }

    #[test]
    fn a_fit_finds_what_was_drawn() {
        let wanted =
            Matrix::from_fn(3, 3, |a, b| [[1.0, 0.7, 0.3], [0.7, 1.0, 0.5], [0.3, 0.5, 1.0]][a][b]);
        let copula = TCopula::new(wanted.clone(), 4.0).unwrap();
        let mut rows = copula.variates(9).unwrap().rows(0..3_000, Lanes::best());
        // Margins are changed beyond recognition: only ranks matter.
        rows[..3_000].iter_mut().for_each(|cell| *cell = cell.powi(3));
        rows[6_000..].iter_mut().for_each(|cell| *cell = libm::atan(*cell));
        let series: Vec<&[f64]> = rows.chunks_exact(3_000).collect();
        let fit = TCopula::fit(&series).unwrap();
        for a in 0..3 {
            for b in 0..3 {
                let off = fit.copula.correlation().at(a, b) - wanted.at(a, b);
                assert!(off.abs() < 0.04, "{a} {b}: {off}");
            }
        }
        let (low, high) = fit.nu_interval;
        assert!(low < fit.copula.nu() && fit.copula.nu() < high, "{fit:?}");
        assert!(low < 4.0 && 4.0 < high && high - low < 2.0, "{:?}", fit.nu_interval);
    }

    #[test]
    fn what_is_no_correlation_is_refused() {
        let with = |a: f64, b: f64| Matrix::from_fn(2, 2, |r, c| [[1.0, a], [b, 1.0]][r][c]);
        assert!(TCopula::new(with(0.5, 0.5), 4.0).is_ok());
        for bad in [with(0.5, 0.4), with(1.5, 1.5), with(f64::NAN, f64::NAN)] {
            assert!(matches!(TCopula::new(bad, 4.0), Err(ModelError::NotCorrelation { .. })));
        }
        assert!(matches!(TCopula::new(with(1.0, 1.0), 4.0), Err(ModelError::Linear(_))));
        assert!(matches!(TCopula::new(with(0.1, 0.1), 0.0), Err(ModelError::Range { .. })));
        let short = vec![0.5; 99];
        assert!(matches!(TCopula::fit(&[&short, &short]), Err(ModelError::TooFew { .. })));
    }

    #[test]
    fn in_a_crash_no_pair_is_below_the_floor() {
        let calm = Matrix::from_fn(3, 3, |a, b| if a == b { 1.0 } else { -0.2 });
        let crash = crash_correlation(&calm, 0.9);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            assert!((crash.at(a, b) - 0.9).abs() < 1e-9);
        }
        assert!(check_correlation(&crash).is_ok());
    }
}
