//! Cases that fit a model to data.

use super::{Case, number, numbers};
use backstop_risk::{
    models::{
        ewma,
        garch::{Garch, Innovation, Params, Spec, Start},
        gpd::{Gpd, Tail, hill},
        logistic::Logistic,
        tail::of_sample,
        verdict::{Transitions, kupiec},
    },
    stats::linear::{Matrix, least_squares},
};
use serde_json::Value;

const FCP: Spec =
    Spec { asymmetric: false, innovation: Innovation::Normal, start: Start::MeanSquare };

pub(super) fn garch_published(case: &Case) {
    let returns = case.column("ret_pct");
    let fit = Garch::fit(&returns, FCP).unwrap();
    let Params { mu, omega, alpha, beta, .. } = fit.params;
    let found = [("mu", mu), ("omega", omega), ("alpha", alpha), ("beta", beta)];
    let errors = fit.standard_errors(&returns).unwrap();
    for ((name, value), error) in found.into_iter().zip(errors) {
        case.relative(value, &case.expected[name], "params_rel");
        assert_eq!(error.name, name);
        case.relative(error.hessian, &case.expected["se_hessian"][name], "se_rel");
    }
    case.absolute(fit.log_likelihood, &case.expected["loglik"], "loglik_abs");
}

pub(super) fn garch_recursion(case: &Case) {
    let [mu, omega, alpha, beta] = numbers(&case.input["params"])[..] else { panic!("four") };
    let params = Params { mu, omega, alpha, gamma: 0.0, beta, nu: None };
    let found = Garch::at(&case.column("ret_pct"), FCP, params).unwrap();
    case.relative(found.log_likelihood, &case.expected["loglik"], "rel");
    for (got, wanted) in found.variances.iter().zip(case.expected["h_first3"].as_array().unwrap()) {
        case.relative(*got, wanted, "rel");
    }
    case.relative(*found.variances.last().unwrap(), &case.expected["h_last"], "rel");
    case.relative(found.next_variance, &case.expected["h_next"], "rel");
}

pub(super) fn garch_of_arch(case: &Case) {
    let returns = case.column("ret_pct");
    let wanted = &case.expected["params"];
    let spec = Spec {
        asymmetric: wanted["gamma[1]"].is_f64(),
        innovation: if wanted["nu"].is_f64() { Innovation::Student } else { Innovation::Normal },
        start: Start::Backcast,
    };
    let fit = Garch::fit(&returns, spec).unwrap();
    let Params { mu, omega, alpha, gamma, beta, nu } = fit.params;
    let found = [
        ("mu", Some(mu)),
        ("omega", Some(omega)),
        ("alpha[1]", Some(alpha)),
        ("gamma[1]", spec.asymmetric.then_some(gamma)),
        ("beta[1]", Some(beta)),
        ("nu", nu),
    ];
    for (name, value) in found {
        let Some(value) = value else { continue };
        case.relative(value, &wanted[name], "params_rel");
    }
    case.absolute(fit.log_likelihood, &case.expected["loglik"], "loglik_abs");
    // No tolerance is stated for what follows: figures of a fit that agrees to two thousandths agree to one hundredth.
    let near = |got: f64, wanted: &Value| {
        let wanted = number(wanted);
        assert!((got / wanted - 1.0).abs() < 0.01, "{}: {got} is not near {wanted}", case.id);
    };
    for error in fit.standard_errors(&returns).unwrap() {
        let name = match error.name {
            name @ ("mu" | "nu" | "omega") => name.to_owned(),
            name => format!("{name}[1]"),
        };
        near(error.robust, &case.expected["std_err_robust"][&name]);
    }
    let ahead = fit.params.forecast(fit.next_variance, 5);
    for (got, wanted) in
        ahead.iter().zip(case.expected["variance_forecast_1_5"].as_array().unwrap())
    {
        near(*got, wanted);
    }
}

fn danish(case: &Case) -> Vec<f64> {
    let text = case.file();
    let last = |line: &str| line.rsplit(',').next().unwrap().trim().trim_matches('"').parse().ok();
    text.lines().filter_map(last).collect()
}

pub(super) fn gpd(case: &Case) {
    let losses = danish(case);
    let threshold = number(&case.input["threshold"]);
    let excesses: Vec<f64> =
        losses.iter().filter(|loss| **loss > threshold).map(|loss| loss - threshold).collect();
    assert_eq!(excesses.len() as u64, case.expected["n_exceed"].as_u64().unwrap());
    // The highest threshold leaves 36 excesses, fewer than a user may ask for.
    let fit = Gpd::fit_any(&excesses).unwrap();
    case.absolute(fit.gpd.shape, &case.expected["xi"], "xi_abs");
    case.relative(fit.gpd.scale, &case.expected["beta"], "beta_rel");
    case.absolute(fit.loss, &case.expected["nll"], "nll_abs");
    let (of_shape, of_scale) = fit.standard_errors.unwrap();
    case.relative(of_shape, &case.expected["se_xi"], "se_rel");
    case.relative(of_scale, &case.expected["se_beta"], "se_rel");
    let exceed = number(&case.expected["n_exceed"]) / number(&case.input["n_total"]);
    let tail = Tail { gpd: fit.gpd, threshold, exceed };
    for (name, level) in [("0.99", 0.99), ("0.995", 0.995), ("0.999", 0.999)] {
        let wanted = |what: &str| &case.expected[format!("{what}_{name}")];
        case.relative(tail.value_at_risk(level).unwrap(), wanted("VaR"), "var_rel");
        case.relative(tail.expected_shortfall(level).unwrap(), wanted("ES"), "var_rel");
    }
}

pub(super) fn hill_estimate(case: &Case) {
    let losses = danish(case);
    for (at, largest) in case.input["k"].as_array().unwrap().iter().enumerate() {
        let largest = usize::try_from(largest.as_u64().unwrap()).unwrap();
        case.relative(hill(&losses, largest).unwrap(), &case.expected["xi"][at], "rel");
    }
}

/// The rows of a regression: a constant and all columns but the last, and the last.
fn regression(case: &Case) -> (Matrix, Vec<f64>) {
    let rows: Vec<Vec<f64>> = case.input["rows"].as_array().unwrap().iter().map(numbers).collect();
    let columns = rows[0].len();
    let cell = |row: usize, column: usize| if column == 0 { 1.0 } else { rows[row][column - 1] };
    let x = Matrix::from_fn(rows.len(), columns, cell);
    (x, rows.iter().map(|row| row[columns - 1]).collect())
}

pub(super) fn spector(case: &Case) {
    let (x, y) = regression(case);
    let happened: Vec<bool> = y.iter().map(|value| *value > 0.5).collect();
    let fit = Logistic::fit(&x, &happened, 0.0).unwrap();
    for (at, name) in ["const", "GPA", "TUCE", "PSI"].into_iter().enumerate() {
        case.relative(fit.coefficients[at], &case.expected["coef"][name], "rel");
        case.relative(fit.standard_errors[at], &case.expected["se"][name], "rel");
    }
    case.relative(fit.log_likelihood, &case.expected["loglik"], "rel");
}

pub(super) fn longley(case: &Case) {
    let (x, y) = regression(case);
    let fit = least_squares(&x, &y).unwrap();
    for at in 0..x.columns() {
        case.relative(fit.coefficients[at], &case.expected["coef"][at], "rel");
        case.relative(fit.standard_errors[at], &case.expected["se"][at], "rel");
    }
    case.relative(fit.residual_deviation, &case.expected["resid_sd"], "rel");
}

/// Value at risk of each day from the window before it, in units of `scales`: of history as it is, or filtered.
fn rolling(losses: &[f64], scales: &[f64], window: usize, level: f64) -> Vec<f64> {
    let shares: Vec<f64> = losses.iter().zip(scales).map(|(loss, scale)| loss / scale).collect();
    let at = |day: usize| {
        let mut past = shares[day - window..day].to_vec();
        scales[day] * of_sample(&mut past, level).unwrap().value_at_risk
    };
    (window..losses.len()).map(at).collect()
}

pub(super) fn bitcoin(case: &Case) {
    let text = case.file();
    let closes: Vec<f64> = text
        .lines()
        .filter(|line| line.split(',').nth(1) == Some("BTC"))
        .map(|line| line.split(',').nth(5).unwrap().parse().unwrap())
        .collect();
    let losses: Vec<f64> =
        closes.windows(2).map(|pair| -100.0 * (pair[1] / pair[0]).ln()).collect();
    assert_eq!(losses.len() as u64, case.input["n"].as_u64().unwrap());
    let window = usize::try_from(case.input["window"].as_u64().unwrap()).unwrap();
    let level = number(&case.input["alpha"]);
    let variances = ewma::variances(&losses, ewma::DAILY).unwrap();
    let deviations: Vec<f64> = variances.iter().map(|variance| variance.sqrt()).collect();
    let flat = vec![1.0; losses.len()];
    for (name, scales) in [("HS", &flat[..]), ("FHS", &deviations[..losses.len()])] {
        let at_risk = rolling(&losses, scales, window, level);
        let hits: Vec<bool> =
            losses[window..].iter().zip(&at_risk).map(|(loss, v)| loss > v).collect();
        let wanted = &case.expected[name];
        let number_of = hits.iter().filter(|hit| **hit).count();
        assert_eq!(
            (hits.len() as u64, number_of as u64),
            (count(wanted, "n"), count(wanted, "x")),
            "{name}"
        );
        let ratio = kupiec(hits.len(), number_of, 1.0 - level).unwrap();
        case.relative(ratio.statistic, &wanted["LR_pof"], "rel");
        let Transitions { n00, n01, n10, n11 } = Transitions::of(&hits);
        let of = ["n00", "n01", "n10", "n11"].map(|name| count(wanted, name));
        assert_eq!([n00, n01, n10, n11].map(|n| n as u64), of, "{name}");
        case.relative(at_risk[0], &case.expected[format!("{name}_first")], "rel");
        case.relative(*at_risk.last().unwrap(), &case.expected[format!("{name}_last")], "rel");
    }
}

fn count(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}
