//! Cases with a closed form.

use super::{Case, number, numbers};
use backstop_core::{
    fund::{control::WHOLE, controls::Control},
    policy::{ControlPolicy, Law, PiLaw},
};
use backstop_risk::{
    kernel::{Run, select::risk_of, simulate::StudentT},
    models::{
        copula::tail_dependence,
        ewma,
        gpd::{Gpd, Tail},
        scores::{pinball, qlike},
        tail::{Risk, of_normal, of_student},
        verdict::{Forecasts, Transitions, Zone, kupiec, traffic_light},
    },
    sizing::fees::{FeeSetup, path},
    stats::linear::{Matrix, cholesky},
};
use backstop_units::{Amount, Ppm, Span, Timestamp};

pub(super) fn ewma(case: &Case) {
    let found = ewma::variances(&numbers(&case.input["returns"]), number(&case.input["lambda"]));
    let next = *found.unwrap().last().unwrap();
    case.relative(next, &case.expected["variance_next"], "rel");
    case.relative(next.sqrt(), &case.expected["vol_next"], "rel");
}

pub(super) fn tail(case: &Case) {
    let of = |name: &str| number(&case.input[name]);
    let gpd = Gpd { shape: of("xi"), scale: of("beta") };
    let tail = Tail { gpd, threshold: of("u"), exceed: of("zeta_u") };
    case.relative(tail.value_at_risk(of("q")).unwrap(), &case.expected["VaR"], "rel");
    case.relative(tail.expected_shortfall(of("q")).unwrap(), &case.expected["ES"], "rel");
    case.relative(tail.stop_loss(of("fund")).unwrap(), &case.expected["stop_loss"], "rel");
}

fn risk(case: &Case, risk: Risk, (at_risk, shortfall): (&str, &str)) {
    case.relative(risk.value_at_risk, &case.expected[at_risk], "rel");
    case.relative(risk.expected_shortfall, &case.expected[shortfall], "rel");
}

pub(super) fn normal(case: &Case) {
    risk(case, of_normal(number(&case.input["alpha"])).unwrap(), ("VaR", "ES"));
}

pub(super) fn student(case: &Case) {
    let (nu, level) = (number(&case.input["nu"]), number(&case.input["alpha"]));
    risk(case, of_student(nu, level, false).unwrap(), ("VaR", "ES"));
    risk(case, of_student(nu, level, true).unwrap(), ("VaR_unit_variance", "ES_unit_variance"));
}

fn whole(value: &serde_json::Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

pub(super) fn kupiec_ratios(case: &Case) {
    for (at, row) in case.input["T_x_p"].as_array().unwrap().iter().enumerate() {
        let found = kupiec(whole(&row[0]), whole(&row[1]), number(&row[2])).unwrap();
        case.relative(found.statistic, &case.expected["LR"][at], "rel");
        case.relative(found.p_value, &case.expected["p_value"][at], "rel");
    }
}

pub(super) fn christoffersen(case: &Case) {
    let of = |name: &str| whole(&case.input[name]);
    let counts = Transitions { n00: of("n00"), n01: of("n01"), n10: of("n10"), n11: of("n11") };
    let alone = counts.independence();
    case.relative(alone.statistic, &case.expected["LR_ind"], "rel");
    case.relative(alone.p_value, &case.expected["p_ind"], "rel");
    let p = number(&case.input["p"]);
    let both = counts.conditional_coverage(p).unwrap();
    case.relative(both.statistic, &case.expected["LR_cc"], "rel");
    case.relative(both.p_value, &case.expected["p_cc"], "rel");
    let all = counts.n00 + counts.n01 + counts.n10 + counts.n11;
    let coverage = kupiec(all, counts.n01 + counts.n11, p).unwrap();
    case.relative(coverage.statistic, &case.expected["LR_uc"], "rel");
}

pub(super) fn basel(case: &Case) {
    let (steps, p) = (case.input["T"].as_u64().unwrap(), number(&case.input["p"]));
    for (at, exceedances) in case.input["k"].as_array().unwrap().iter().enumerate() {
        let light = traffic_light(steps, exceedances.as_u64().unwrap(), p);
        case.absolute(100.0 * light.at_most, &case.expected["cum_percent"][at], "abs");
        case.absolute(light.multiplier, &case.expected["multiplier"][at], "abs");
        let zone = match light.zone {
            Zone::Green => "green",
            Zone::Yellow => "yellow",
            Zone::Red => "red",
        };
        assert_eq!(zone, case.expected["zone"][at], "{at}");
    }
}

pub(super) fn acerbi_szekely(case: &Case) {
    let of = |name: &str| numbers(&case.input[name]);
    let (profit, at_risk, shortfall) = (of("pnl"), of("var"), of("es"));
    let (profit, at_risk, shortfall) = (&profit[..], &at_risk[..], &shortfall[..]);
    let level = 1.0 - number(&case.input["a"]);
    let found = Forecasts { profit, at_risk, shortfall, level }.acerbi_szekely().unwrap();
    assert_eq!(found.exceedances, whole(&case.expected["N"]));
    case.relative(found.z1.unwrap(), &case.expected["Z1"], "rel");
    case.relative(found.z2, &case.expected["Z2"], "rel");
}

pub(super) fn scores(case: &Case) {
    let (rv, forecast) = (numbers(&case.input["rv"]), numbers(&case.input["forecast"]));
    case.relative(qlike(&rv, &forecast).unwrap(), &case.expected["qlike"], "rel");
    let score = pinball(&rv, &forecast, number(&case.input["tau"])).unwrap();
    case.relative(score, &case.expected["pinball"], "rel");
}

pub(super) fn copula(case: &Case) {
    for (at, pair) in case.input["pairs"].as_array().unwrap().iter().enumerate() {
        let [nu, rho] = numbers(pair)[..] else { panic!("two numbers") };
        case.absolute(tail_dependence(nu, rho), &case.expected["lambda"][at], "abs");
    }
}

/// A unit of the case has a million millions of atoms, so that rounding lies far below its tolerance.
const UNIT: u128 = 1_000_000_000_000;

fn amount(value: &serde_json::Value) -> Amount {
    Amount::new(u128::from(value.as_u64().unwrap()) * UNIT)
}

pub(super) fn fees(case: &Case) {
    let ppm = |name: &str| {
        // The case's gains have at most six decimals.
        let parts = (number(&case.input[name]) * 1e6).round();
        Ppm::new(format!("{parts}").parse().unwrap())
    };
    let law = PiLaw {
        base: ppm("u0"),
        kp: ppm("Kp"),
        ki: ppm("Ki"),
        ki_period: Span::days(1),
        dead_from: Ppm::WHOLE,
        dead_to: Ppm::WHOLE,
    };
    let policy = ControlPolicy {
        law: Law::Pi(law),
        rate_max: ppm("umax"),
        slew: None,
        ..ControlPolicy::default()
    };
    let control = Control { policy: Some(Box::new(policy)), ..Control::default() };
    let setup = FeeSetup {
        control: &control,
        target: amount(&case.input["target"]),
        balance: amount(&case.input["balance0"]),
        // The case's own text: 40 of fees and 2 of losses in each step.
        income: Amount::new(40 * UNIT),
        begins: Timestamp::ZERO,
        each: Span::days(1),
    };
    let losses = vec![Amount::new(2 * UNIT); whole(&case.input["steps"])];
    let steps = path(&setup, &losses).unwrap();
    let float = |units: u128| format!("{units}").parse::<f64>().unwrap();
    for (step, wanted) in steps.iter().zip(case.expected["rate_balance"].as_array().unwrap()) {
        case.relative(float(step.rate) / float(WHOLE), &wanted[0], "rel");
        case.relative(float(step.balance.get()) / float(UNIT), &wanted[1], "rel");
    }
}

pub(super) fn simulated_portfolio(case: &Case) {
    let rows: Vec<Vec<f64>> = case.input["sigma"].as_array().unwrap().iter().map(numbers).collect();
    let sigma = Matrix::from_fn(rows.len(), rows.len(), |a, b| rows[a][b]);
    let root = cholesky(&sigma).unwrap();
    for (row, wanted) in case.input["cholesky"].as_array().unwrap().iter().enumerate() {
        for (got, wanted) in root.row(row).iter().zip(wanted.as_array().unwrap()) {
            assert!((got - number(wanted)).abs() <= 1e-15, "{got} is not {wanted}");
        }
    }
    let (weights, nu) = (numbers(&case.input["weights"]), number(&case.input["nu"]));
    // The closed form: a linear portfolio of them is a Student t whose scale is the root of wᵀΣw.
    let spread = |column: usize| -> f64 {
        weights.iter().enumerate().map(|(row, w)| w * root.at(row, column)).sum()
    };
    let scale = (0..rows.len()).map(|column| spread(column).powi(2)).sum::<f64>().sqrt();
    case.relative(scale, &case.expected["stdev_of_dispersion"], "exact_rel");
    let exact = of_student(nu, 0.99, false).unwrap();
    case.relative(scale * exact.value_at_risk, &case.expected["VaR99"], "exact_rel");
    case.relative(scale * exact.expected_shortfall, &case.expected["ES99"], "exact_rel");

    let model = StudentT::new(&vec![0.0; weights.len()], &root, Some(nu), 1).unwrap();
    let losses = model.losses(&weights, 1_000_000, &Run::default()).unwrap();
    let found = risk_of(&losses, 0.99).unwrap();
    case.relative(found.value_at_risk, &case.expected["VaR99"], "mc_1e6_paths_rel");
    case.relative(found.expected_shortfall, &case.expected["ES99"], "mc_1e6_paths_rel");
}
