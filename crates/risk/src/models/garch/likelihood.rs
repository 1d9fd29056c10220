//! The likelihood of a GARCH model, its slope, and the free numbers that a search walks over.

use super::{Innovation, NU_MOST, PERSISTENCE_MOST, Params, Spec, Start};
use crate::{
    float::count,
    stats::{
        linear::{Matrix, inverse},
        special::{digamma, ln_gamma},
    },
};
use core::f64::consts::{PI, TAU};

/// Parameters in the order of slopes.
pub(super) const NAMES: [&str; 6] = ["mu", "omega", "alpha", "gamma", "beta", "nu"];
/// How many there are.
const SIZE: usize = NAMES.len();
/// Least degrees of freedom.
pub(super) const NU_LEAST: f64 = 2.05;
/// Returns that a backcast looks at, and how its weights fall.
const BACKCAST: (usize, f64) = (75, 0.94);
/// Between these the running product of a batch of logarithms is kept.
const PRODUCT: core::ops::Range<f64> = 1e-200..1e200;

/// What a search climbs over.
pub(super) struct Data<'a> {
    returns: &'a [f64],
    spec: Spec,
    mean: f64,
    pub(super) variance: f64,
    backcast: f64,
}

/// The likelihood at one place.
pub(super) struct Told {
    /// Mean of the negative log-likelihoods.
    pub(super) loss: f64,
    /// Its slope in each parameter.
    pub(super) slope: [f64; SIZE],
    full: bool,
    /// Mean of the products of single slopes; zero unless asked for.
    pub(super) products: [[f64; SIZE]; SIZE],
}

/// A sum of logarithms, most of them taken together: a logarithm costs more than ten products.
struct Logs {
    sum: f64,
    product: f64,
}

impl Logs {
    const NONE: Self = Self { sum: 0.0, product: 1.0 };

    fn add(&mut self, value: f64) {
        self.product *= value;
        if !PRODUCT.contains(&self.product) {
            self.sum += libm::log(self.product);
            self.product = 1.0;
        }
    }

    fn total(self) -> f64 {
        self.sum + libm::log(self.product)
    }
}

/// Where the recursion stands: residual and variance of a return, and the variance's slope.
struct Step {
    residual: f64,
    variance: f64,
    bend: [f64; 5],
}

impl<'a> Data<'a> {
    pub(super) fn new(returns: &'a [f64], spec: Spec) -> Self {
        let number = count(returns.len());
        let mean = returns.iter().sum::<f64>() / number;
        let variance = returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / number;
        let (most, fall) = BACKCAST;
        let (mut weight, mut weights, mut backcast) = (1.0, 0.0, 0.0);
        for value in returns.iter().take(most) {
            backcast += weight * (value - mean).powi(2);
            weights += weight;
            weight *= fall;
        }
        Self { returns, spec, mean, variance, backcast: backcast / weights }
    }

    /// What stands before the first return, and its slope in the mean.
    fn before(&self, mu: f64) -> (f64, f64) {
        match self.spec.start {
            Start::Backcast => (self.backcast, 0.0),
            // The mean of (r - mu)² is the variance plus the distance of the means, squared.
            Start::MeanSquare => {
                (self.variance + (self.mean - mu).powi(2), -2.0 * (self.mean - mu))
            }
        }
    }

    /// Walks the recursion; gives the variance of the return after the last.
    fn walk(&self, params: &Params, mut see: impl FnMut(&Step)) -> f64 {
        let Params { mu, omega, alpha, gamma, beta, .. } = *params;
        let (before, before_bend) = self.before(mu);
        let weight = params.persistence();
        let mut step = Step {
            residual: 0.0,
            variance: omega + weight * before,
            bend: [weight * before_bend, 1.0, before, before / 2.0, before],
        };
        for value in self.returns {
            step.residual = value - mu;
            see(&step);
            let square = step.residual * step.residual;
            let (fall, fallen) = if step.residual < 0.0 { (gamma, square) } else { (0.0, 0.0) };
            let bend = &mut step.bend;
            bend[0] = beta * bend[0] - 2.0 * (alpha + fall) * step.residual;
            bend[1] = beta * bend[1] + 1.0;
            bend[2] = beta * bend[2] + square;
            bend[3] = beta * bend[3] + fallen;
            bend[4] = beta * bend[4] + step.variance;
            step.variance = omega + (alpha + fall) * square + beta * step.variance;
        }
        step.variance
    }

    pub(super) fn variances(&self, params: &Params) -> (Vec<f64>, f64) {
        let mut variances = Vec::with_capacity(self.returns.len());
        let next = self.walk(params, |step| variances.push(step.variance));
        (variances, next)
    }

    /// The likelihood and its slope; the products of slopes too if `full`.
    pub(super) fn evaluate(&self, params: &Params, full: bool) -> Told {
        match params.nu {
            None => self.normal(params, full),
            Some(nu) => self.student(params, nu, full),
        }
    }

    fn normal(&self, params: &Params, full: bool) -> Told {
        let (mut logs, mut squares, mut told) = (Logs::NONE, 0.0, Told::none(full));
        self.walk(params, |step| {
            let over = 1.0 / step.variance;
            let share = step.residual * step.residual * over;
            logs.add(step.variance);
            squares += share;
            let pull = (1.0 - share) * over / 2.0;
            told.add(step, pull, -step.residual * over, 0.0);
        });
        let number = count(self.returns.len());
        let loss = (number * libm::log(TAU) + logs.total() + squares) / 2.0;
        told.mean(loss, number)
    }

    fn student(&self, params: &Params, nu: f64, full: bool) -> Told {
        let (mut logs, mut shares, mut told) = (Logs::NONE, 0.0, Told::none(full));
        let spread = nu - 2.0;
        let half = f64::midpoint(nu, 1.0);
        let of_gamma = ln_gamma(half) - ln_gamma(nu / 2.0) - libm::log(PI * spread) / 2.0;
        let of_nu = (digamma(half) - digamma(nu / 2.0) - 1.0 / spread) / 2.0;
        self.walk(params, |step| {
            let over = 1.0 / step.variance;
            let share = step.residual * step.residual * over / spread;
            let part = share / (1.0 + share);
            logs.add(step.variance);
            let log = libm::log(1.0 + share);
            shares += log;
            let pull = (0.5 - half * part) * over;
            let mean = -(nu + 1.0) * step.residual * over / (spread * (1.0 + share));
            told.add(step, pull, mean, log / 2.0 - of_nu - half * part / spread);
        });
        let number = count(self.returns.len());
        let loss = -number * of_gamma + logs.total() / 2.0 + half * shares;
        told.mean(loss, number)
    }

    /// The best of a few usual places.
    pub(super) fn first_guess(&self) -> Params {
        let nu = (self.spec.innovation == Innovation::Student).then_some(6.0);
        let guesses =
            [(0.05, 0.9), (0.05, 0.98), (0.1, 0.9), (0.1, 0.98), (0.15, 0.95), (0.2, 0.7)];
        let params = guesses.map(|(alpha, persistence)| Params {
            mu: self.mean,
            omega: self.variance * (1.0 - persistence),
            alpha,
            gamma: 0.0,
            beta: persistence - alpha,
            nu,
        });
        let losses = params.map(|params| self.evaluate(&params, false).loss);
        let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
        params[best.unwrap_or(0)]
    }
}

impl Told {
    const fn none(full: bool) -> Self {
        Self { loss: 0.0, full, slope: [0.0; SIZE], products: [[0.0; SIZE]; SIZE] }
    }

    /// Adds one return: how its loss moves with the variance, with the mean alone and with `nu` alone.
    fn add(&mut self, step: &Step, pull: f64, mean: f64, nu: f64) {
        let bend = &step.bend;
        let one = [
            mean + pull * bend[0],
            pull * bend[1],
            pull * bend[2],
            pull * bend[3],
            pull * bend[4],
            nu,
        ];
        for (sum, slope) in self.slope.iter_mut().zip(one) {
            *sum += slope;
        }
        if !self.full {
            return;
        }
        for (a, slope) in one.iter().enumerate() {
            for (b, other) in one.iter().enumerate().take(a + 1) {
                self.products[a][b] += slope * other;
            }
        }
    }

    fn mean(mut self, loss: f64, number: f64) -> Self {
        self.loss = loss / number;
        for a in 0..SIZE {
            self.slope[a] /= number;
            for b in 0..=a {
                self.products[a][b] /= number;
                self.products[b][a] = self.products[a][b];
            }
        }
        self
    }

    /// A guess of the inverse second derivatives over the free numbers, from the products of slopes (Berndt, Hall,
    /// Hall and Hausman 1974).
    pub(super) fn curvature(&self, params: &Params, spec: Spec) -> Option<Matrix> {
        let free = Free::of(params, spec);
        let (numbers, size) = (free.numbers(), free.active().len());
        // How each natural parameter moves with each free number.
        let mut moves = Matrix::zeros(size, SIZE);
        for natural in 0..SIZE {
            let mut unit = [0.0; SIZE];
            unit[natural] = 1.0;
            let mut slope = vec![0.0; size];
            free.slope(&numbers, &unit, &mut slope);
            for (at, value) in slope.into_iter().enumerate() {
                *moves.at_mut(at, natural) = value;
            }
        }
        let products = Matrix::from_fn(size, size, |a, b| {
            (0..SIZE)
                .flat_map(|c| (0..SIZE).map(move |d| (c, d)))
                .map(|(c, d)| moves.at(a, c) * self.products[c][d] * moves.at(b, d))
                .sum()
        });
        inverse(&products).ok()
    }
}

/// The numbers that a search walks over: all of the real line each.
///
/// Mean; logarithm of omega; persistence; the share of news in it; how news is split between falls and rises;
/// logarithm of the degrees of freedom above the least.
pub(super) struct Free {
    start: [f64; SIZE],
    active: Vec<usize>,
}

fn squash(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn unsquash(share: f64) -> f64 {
    libm::log(share / (1.0 - share))
}

pub(super) fn natural(params: &Params) -> [f64; SIZE] {
    let Params { mu, omega, alpha, gamma, beta, nu } = *params;
    [mu, omega, alpha, gamma, beta, nu.unwrap_or(NU_MOST)]
}

pub(super) fn of_natural(numbers: &[f64; SIZE], spec: Spec) -> Params {
    let [mu, omega, alpha, gamma, beta, nu] = *numbers;
    let nu = (spec.innovation == Innovation::Student).then_some(nu);
    Params { mu, omega, alpha, gamma, beta, nu }
}

impl Free {
    pub(super) fn of(params: &Params, spec: Spec) -> Self {
        let news = params.alpha + params.gamma / 2.0;
        let tilt = if news > 0.0 { params.gamma / (2.0 * news) } else { 0.0 };
        let persistence = params.persistence();
        let start = [
            params.mu,
            libm::log(params.omega),
            unsquash(persistence / PERSISTENCE_MOST),
            unsquash(news / persistence),
            libm::atanh(tilt),
            libm::log(params.nu.unwrap_or(NU_MOST) - NU_LEAST),
        ];
        let is_active = |at: &usize| match at {
            3 => spec.asymmetric,
            5 => spec.innovation == Innovation::Student,
            _ => true,
        };
        // The tilt stands where gamma does among the natural parameters, so that one list serves both.
        Self { start, active: (0..SIZE).filter(is_active).collect() }
    }

    /// Which parameters are fitted, by their places in [`NAMES`].
    pub(super) fn active(&self) -> &[usize] {
        &self.active
    }

    /// Places of the free numbers in `start` beside those of the natural parameters.
    const PLACES: [usize; SIZE] = [0, 1, 3, 4, 2, 5];

    pub(super) fn numbers(&self) -> Vec<f64> {
        self.active.iter().map(|natural| self.start[Self::PLACES[*natural]]).collect()
    }

    fn all(&self, numbers: &[f64]) -> [f64; SIZE] {
        let mut all = self.start;
        for (natural, number) in self.active.iter().zip(numbers) {
            all[Self::PLACES[*natural]] = *number;
        }
        all
    }

    pub(super) fn params(&self, numbers: &[f64]) -> Params {
        let [mu, omega, persistence, share, tilt, nu] = self.all(numbers);
        let persistence = PERSISTENCE_MOST * squash(persistence);
        let (news, tilt) = (persistence * squash(share), libm::tanh(tilt));
        let student = self.active.contains(&5);
        Params {
            mu,
            omega: libm::exp(omega),
            alpha: news * (1.0 - tilt),
            gamma: 2.0 * news * tilt,
            beta: persistence - news,
            nu: student.then(|| (NU_LEAST + libm::exp(nu)).min(NU_MOST)),
        }
    }

    /// The slope in the free numbers, from that in the natural parameters.
    pub(super) fn slope(&self, numbers: &[f64], natural: &[f64; SIZE], slope: &mut [f64]) {
        let [_, omega, persistence, share, tilt, nu] = self.all(numbers);
        let (whole, share, tilt) = (squash(persistence), squash(share), libm::tanh(tilt));
        let persistence = PERSISTENCE_MOST * whole;
        let news = persistence * share;
        let [mean, constant, alpha, gamma, beta, freedom] = *natural;
        let of_news = alpha * (1.0 - tilt) + gamma * 2.0 * tilt - beta;
        let above = if NU_LEAST + libm::exp(nu) < NU_MOST { libm::exp(nu) } else { 0.0 };
        let all = [
            mean,
            constant * libm::exp(omega),
            persistence * (1.0 - whole) * (beta + share * of_news),
            news * (1.0 - share) * of_news,
            news * (2.0 * gamma - alpha) * (1.0 - tilt * tilt),
            freedom * above,
        ];
        for (natural, slope) in self.active.iter().zip(slope) {
            *slope = all[Self::PLACES[*natural]];
        }
    }
}
