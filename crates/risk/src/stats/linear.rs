//! Small dense linear algebra: what correlations and regressions of a few dozen columns need.
//!
//! Matrices here have at most some hundred rows and columns, so plain loops in a fixed order do.

use crate::float::{count, is_positive};

/// Rotations of all pairs that [`eigen`] does at most; ten suffice for well-scaled matrices.
const SWEEPS_MAX: usize = 64;
/// Projections that [`nearest_correlation`] does at most.
const PROJECTIONS_MAX: usize = 10_000;
/// Change of a projection, relative to the matrix, below which it has settled.
const SETTLED: f64 = 1e-12;

/// Why a matrix can't be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LinearError {
    /// A Cholesky factor does not exist.
    #[error("the matrix is not positive definite: pivot {pivot} is {value:e}, it must be above 0")]
    NotPositive {
        /// Which pivot, from 0.
        pivot: usize,
        /// What it is.
        value: f64,
    },
    /// A regression's columns depend on each other.
    #[error("column {column} of the regression depends on the columns before it: leave it out")]
    Dependent {
        /// Which column, from 0.
        column: usize,
    },
    /// Fewer rows than a regression has columns, or rows of another length.
    #[error("{rows} rows for {columns} columns: a regression needs more rows than columns")]
    Shape {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
}

/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    cells: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, cells: vec![0.0; rows * columns] }
    }

    /// Ones on the diagonal.
    pub fn identity(size: usize) -> Self {
        Self::from_fn(size, size, |row, column| if row == column { 1.0 } else { 0.0 })
    }

    /// Each cell from its place.
    pub fn from_fn(rows: usize, columns: usize, cell: impl Fn(usize, usize) -> f64) -> Self {
        let cell = &cell;
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| cell(row, column)));
        Self { rows, columns, cells: cells.collect() }
    }

    /// How many rows.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// One cell.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.columns + column]
    }

    /// One cell, to be changed.
    pub fn at_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.cells[row * self.columns + column]
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    /// This matrix times a column.
    pub fn times(&self, column: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|row| dot(self.row(row), column)).collect()
    }

    /// The largest absolute value of a cell.
    pub fn largest(&self) -> f64 {
        self.cells.iter().fold(0.0, |most: f64, cell| most.max(cell.abs()))
    }
}

/// Sum of products, from the first to the last.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangle `L` with `L Lᵀ` equal to a symmetric matrix, of which the lower half is read.
///
/// # Errors
/// [`LinearError::NotPositive`].
pub fn cholesky(matrix: &Matrix) -> Result<Matrix, LinearError> {
    let size = matrix.rows();
    let mut lower = Matrix::zeros(size, size);
    for row in 0..size {
        for column in 0..=row {
            let above = dot(&lower.row(row)[..column], &lower.row(column)[..column]);
            let rest = matrix.at(row, column) - above;
            *lower.at_mut(row, column) = if row == column {
                // Written so that a value that is no number is refused too.
                if !is_positive(rest) {
                    return Err(LinearError::NotPositive { pivot: row, value: rest });
                }
                rest.sqrt()
            } else {
                rest / lower.at(column, column)
            };
        }
    }
    Ok(lower)
}

/// The inverse of a symmetric positive definite matrix.
///
/// # Errors
/// [`LinearError::NotPositive`].
pub fn inverse(matrix: &Matrix) -> Result<Matrix, LinearError> {
    let (size, lower) = (matrix.rows(), cholesky(matrix)?);
    let mut inverse = Matrix::zeros(size, size);
    for column in 0..size {
        let mut solved = vec![0.0; size];
        for row in 0..size {
            let one = if row == column { 1.0 } else { 0.0 };
            solved[row] = (one - dot(&lower.row(row)[..row], &solved[..row])) / lower.at(row, row);
        }
        for row in (0..size).rev() {
            let below: f64 = (row + 1..size).map(|at| lower.at(at, row) * solved[at]).sum();
            solved[row] = (solved[row] - below) / lower.at(row, row);
        }
        for (row, value) in solved.into_iter().enumerate() {
            *inverse.at_mut(row, column) = value;
        }
    }
    Ok(inverse)
}

/// Eigenvalues, and eigenvectors as columns, of a symmetric matrix, by Jacobi's rotations.
pub fn eigen(matrix: &Matrix) -> (Vec<f64>, Matrix) {
    let size = matrix.rows();
    let (mut turned, mut vectors) = (matrix.clone(), Matrix::identity(size));
    let tiny = matrix.largest() * 1e-15;
    for _ in 0..SWEEPS_MAX {
        let mut still = true;
        for a in 0..size {
            for b in a + 1..size {
                if turned.at(a, b).abs() > tiny {
                    still = false;
                    rotate(&mut turned, &mut vectors, (a, b));
                }
            }
        }
        if still {
            break;
        }
    }
    ((0..size).map(|at| turned.at(at, at)).collect(), vectors)
}

/// Turns the plane of two axes so that their cell becomes zero.
fn rotate(turned: &mut Matrix, vectors: &mut Matrix, (a, b): (usize, usize)) {
    let size = turned.rows();
    let theta = (turned.at(b, b) - turned.at(a, a)) / (2.0 * turned.at(a, b));
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for at in 0..size {
        let (left, right) = (turned.at(at, a), turned.at(at, b));
        *turned.at_mut(at, a) = cosine * left - sine * right;
        *turned.at_mut(at, b) = sine * left + cosine * right;
    }
    for at in 0..size {
        let (upper, lower) = (turned.at(a, at), turned.at(b, at));
        *turned.at_mut(a, at) = cosine * upper - sine * lower;
        *turned.at_mut(b, at) = sine * upper + cosine * lower;
        let (left, right) = (vectors.at(at, a), vectors.at(at, b));
        *vectors.at_mut(at, a) = cosine * left - sine * right;
        *vectors.at_mut(at, b) = sine * left + cosine * right;
    }
}

/// The correlation matrix nearest to a symmetric one in the sum of squared differences.
///
/// **Source** Higham, "Computing the nearest correlation matrix", IMA J. Numer. Anal. 22 (2002): projections in
/// turns, with Dykstra's correction. Eigenvalues are held at `floor` or above, so that a factor exists.
pub fn nearest_correlation(matrix: &Matrix, floor: f64) -> Matrix {
    let size = matrix.rows();
    let (mut near, mut correction) = (matrix.clone(), Matrix::zeros(size, size));
    for _ in 0..PROJECTIONS_MAX {
        let shifted = Matrix::from_fn(size, size, |a, b| near.at(a, b) - correction.at(a, b));
        let positive = above(&shifted, floor);
        correction = Matrix::from_fn(size, size, |a, b| positive.at(a, b) - shifted.at(a, b));
        let next = Matrix::from_fn(size, size, |a, b| if a == b { 1.0 } else { positive.at(a, b) });
        let moved = Matrix::from_fn(size, size, |a, b| next.at(a, b) - near.at(a, b)).largest();
        near = next;
        if moved <= SETTLED * near.largest() {
            break;
        }
    }
    // What the last projection left below the floor is scaled away; the diagonal stays one.
    let positive = above(&near, floor);
    let root: Vec<f64> = (0..size).map(|at| positive.at(at, at).sqrt()).collect();
    Matrix::from_fn(size, size, |a, b| {
        if a == b { 1.0 } else { positive.at(a.min(b), a.max(b)) / (root[a] * root[b]) }
    })
}

/// The nearest matrix whose eigenvalues are `floor` or more.
fn above(matrix: &Matrix, floor: f64) -> Matrix {
    let (values, vectors) = eigen(matrix);
    let size = matrix.rows();
    let held: Vec<f64> = values.iter().map(|value| value.max(floor)).collect();
    Matrix::from_fn(size, size, |a, b| {
        (0..size).map(|at| vectors.at(a, at) * held[at] * vectors.at(b, at)).sum()
    })
}

/// A least squares fit.
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSquares {
    /// One for each column.
    pub coefficients: Vec<f64>,
    /// Standard error of each, for residuals of equal variance.
    pub standard_errors: Vec<f64>,
    /// Standard deviation of the residuals, over rows less columns.
    pub residual_deviation: f64,
    /// Share of the variance around the mean that is explained.
    pub r_squared: f64,
}

/// Fits `y` by the columns of `x`, a constant among them if one is wanted, by Householder's reflections of columns
/// scaled to one length.
///
/// # Errors
/// [`LinearError::Shape`], [`LinearError::Dependent`].
pub fn least_squares(x: &Matrix, y: &[f64]) -> Result<LeastSquares, LinearError> {
    let (rows, columns) = (x.rows(), x.columns());
    if rows <= columns || y.len() != rows {
        return Err(LinearError::Shape { rows, columns });
    }
    let length = |column| (0..rows).map(|row| x.at(row, column).powi(2)).sum::<f64>().sqrt();
    let scales: Vec<f64> = (0..columns).map(length).collect();
    if let Some(column) = scales.iter().position(|scale| !is_positive(*scale)) {
        return Err(LinearError::Dependent { column });
    }
    // Columns first: a reflection works on one column at a time.
    let mut upper =
        Matrix::from_fn(columns, rows, |column, row| x.at(row, column) / scales[column]);
    let mut turned = y.to_vec();
    for column in 0..columns {
        reflect(&mut upper, &mut turned, column)?;
    }
    let mut inverse = Matrix::zeros(columns, columns);
    for column in 0..columns {
        *inverse.at_mut(column, column) = 1.0 / upper.at(column, column);
        for row in (0..column).rev() {
            let inner = (row + 1..=column).map(|at| upper.at(at, row) * inverse.at(at, column));
            let sum: f64 = inner.sum();
            *inverse.at_mut(row, column) = -sum / upper.at(row, row);
        }
    }
    let left: f64 = turned[columns..].iter().map(|rest| rest * rest).sum();
    let residual_deviation = (left / count(rows - columns)).sqrt();
    let mean = y.iter().sum::<f64>() / count(rows);
    let spread: f64 = y.iter().map(|value| (value - mean).powi(2)).sum();
    let of_row = |row: usize| (inverse.row(row), scales[row]);
    Ok(LeastSquares {
        coefficients: (0..columns)
            .map(|row| dot(of_row(row).0, &turned[..columns]) / of_row(row).1)
            .collect(),
        standard_errors: (0..columns)
            .map(|row| {
                dot(of_row(row).0, of_row(row).0).sqrt() * residual_deviation / of_row(row).1
            })
            .collect(),
        residual_deviation,
        r_squared: 1.0 - left / spread,
    })
}

/// Makes everything below the diagonal of one column zero. `upper` holds columns as rows.
fn reflect(upper: &mut Matrix, turned: &mut [f64], column: usize) -> Result<(), LinearError> {
    let rows = upper.columns();
    let head = upper.at(column, column);
    let norm = upper.row(column)[column..].iter().map(|cell| cell * cell).sum::<f64>().sqrt();
    // Columns have length one: what is left of this one tells how far it is its own.
    if !is_positive(norm - 1e-13) {
        return Err(LinearError::Dependent { column });
    }
    let signed = if head > 0.0 { -norm } else { norm };
    let mut axis = upper.row(column)[column..].to_vec();
    axis[0] -= signed;
    let square = dot(&axis, &axis);
    for other in column..upper.rows() {
        let twice = 2.0 * dot(&axis, &upper.row(other)[column..]) / square;
        for row in column..rows {
            *upper.at_mut(other, row) -= twice * axis[row - column];
        }
    }
    let twice = 2.0 * dot(&axis, &turned[column..]) / square;
    for row in column..rows {
        turned[row] -= twice * axis[row - column];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_times_itself_is_the_matrix() {
        let matrix =
            Matrix::from_fn(3, 3, |a, b| [[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]][a][b]);
        let lower = cholesky(&matrix).unwrap();
        let inverted = inverse(&matrix).unwrap();
        for a in 0..3 {
            for b in 0..3 {
                assert!((dot(lower.row(a), lower.row(b)) - matrix.at(a, b)).abs() < 1e-12);
                let column: Vec<f64> = (0..3).map(|at| inverted.at(at, b)).collect();
                let one = if a == b { 1.0 } else { 0.0 };
                assert!((dot(matrix.row(a), &column) - one).abs() < 1e-12);
            }
        }
        let flat = Matrix::from_fn(2, 2, |_, _| 1.0);
        assert!(matches!(cholesky(&flat), Err(LinearError::NotPositive { pivot: 1, .. })));
        let none = Matrix::from_fn(1, 1, |_, _| f64::NAN);
        assert!(matches!(cholesky(&none), Err(LinearError::NotPositive { pivot: 0, .. })));
    }

    #[test]
    fn eigenvalues_of_a_chain_are_known() {
        // 2 on the diagonal, -1 beside it: 2 - 2 cos(k pi / (n + 1)).
        let size = 6;
        let chain = |a: usize, b: usize| match a.abs_diff(b) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let matrix = Matrix::from_fn(size, size, chain);
        let (mut values, vectors) = eigen(&matrix);
        for (at, value) in values.iter().enumerate() {
            let column: Vec<f64> = (0..size).map(|row| vectors.at(row, at)).collect();
            for (image, part) in matrix.times(&column).iter().zip(&column) {
                assert!((image - value * part).abs() < 1e-12);
            }
        }
        values.sort_by(f64::total_cmp);
        for (k, value) in values.iter().enumerate() {
            let angle = count(k + 1) * core::f64::consts::PI / count(size + 1);
            assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-12);
        }
    }

    #[test]
    fn the_published_nearest_correlation_comes_out() {
        // Higham (2002), also the example of NAG's g02aa: to the four digits that are printed.
        let chain = |a: usize, b: usize| match a.abs_diff(b) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let near = nearest_correlation(&Matrix::from_fn(4, 4, chain), 0.0);
        let published = [
            [1.0, -0.8084, 0.1916, 0.1068],
            [-0.8084, 1.0, -0.6562, 0.1916],
            [0.1916, -0.6562, 1.0, -0.8084],
            [0.1068, 0.1916, -0.8084, 1.0],
        ];
        for (a, row) in published.iter().enumerate() {
            for (b, wanted) in row.iter().enumerate() {
                assert!((near.at(a, b) - wanted).abs() < 5e-5, "{a} {b}: {}", near.at(a, b));
            }
        }
        let held = nearest_correlation(&Matrix::from_fn(4, 4, chain), 1e-8);
        assert!(cholesky(&held).is_ok());
    }

    #[test]
    fn columns_that_depend_on_each_other_are_refused() {
        let x = Matrix::from_fn(4, 2, |row, column| count((row + 1) * (column + 1)));
        let refused = least_squares(&x, &[1.0, 2.0, 3.0, 4.0]).unwrap_err();
        assert_eq!(refused, LinearError::Dependent { column: 1 });
        let short = least_squares(&Matrix::identity(2), &[1.0, 2.0]).unwrap_err();
        assert_eq!(short, LinearError::Shape { rows: 2, columns: 2 });
    }
}
