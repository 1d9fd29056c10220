//! Every collected case of a published table or another library, each within its own tolerance.
//!
//! Cases on data that may not lie in this repository read it below `BACKSTOP_EXTERNAL_DATA` and are skipped, loudly,
//! without it.

mod fits;
mod formulas;
mod needs;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// One case.
struct Case {
    id: String,
    input: Value,
    expected: Value,
    tolerance: Value,
}

type Check = fn(&Case);

/// Which code answers which case.
const CHECKS: &[(&str, Check)] = &[
    ("garch_fcp_dem2gbp", fits::garch_published),
    ("garch_recursion_dem2gbp", fits::garch_recursion),
    ("arch_garch11_normal_dem2gbp", fits::garch_of_arch),
    ("arch_gjr11_t_dem2gbp", fits::garch_of_arch),
    ("ewma_riskmetrics", formulas::ewma),
    ("gpd_danish_u3", fits::gpd),
    ("gpd_danish_u4", fits::gpd),
    ("gpd_danish_u20", fits::gpd),
    ("hill_danish", fits::hill_estimate),
    ("gpd_var_es_stoploss", formulas::tail),
    ("normal_var_es_0.999", formulas::normal),
    ("student_var_es_nu4_0.975", formulas::student),
    ("student_var_es_nu6.5_0.99", formulas::student),
    ("t_copula_tail_dependence", formulas::copula),
    ("pi_fee_controller", formulas::fees),
    ("mc_multivariate_t_portfolio", formulas::simulated_portfolio),
    ("kupiec_pof_lr", formulas::kupiec_ratios),
    ("christoffersen_independence", formulas::christoffersen),
    ("basel_traffic_light", formulas::basel),
    ("acerbi_szekely_z1_z2", formulas::acerbi_szekely),
    ("qlike_pinball", formulas::scores),
    ("cross_margin_shortfall", needs::shortfall),
    ("event_bitmex_2020_03_12", needs::bitmex),
    ("logit_spector", fits::spector),
    ("ols_longley_nist", fits::longley),
    ("btc_backtest_hs_vs_fhs", fits::bitcoin),
];

#[test]
fn each_collected_case_comes_out() {
    let text = include_str!("../../../../conformance/risk.json");
    let all: Value = serde_json::from_str(text).unwrap();
    let mut left: BTreeSet<&str> = CHECKS.iter().map(|(id, _)| *id).collect();
    for case in all["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        assert!(left.remove(id), "nothing answers {id}");
        let Some((_, check)) = CHECKS.iter().find(|(known, _)| *known == id) else { continue };
        let part = |name: &str| case[name].clone();
        let case = Case {
            id: id.to_owned(),
            input: part("input"),
            expected: part("expected"),
            tolerance: part("tolerance"),
        };
        if case.input["file"].is_string() && external().is_none() {
            println!("SKIPPED: {id}: BACKSTOP_EXTERNAL_DATA is not set");
            continue;
        }
        check(&case);
    }
    assert!(left.is_empty(), "no case is called {left:?}");
}

fn external() -> Option<PathBuf> {
    std::env::var_os("BACKSTOP_EXTERNAL_DATA").map(PathBuf::from)
}

/// A number of a case.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

impl Case {
    /// Text of the case's file, which must be the very one that the case was made with.
    fn file(&self) -> String {
        let path = external().unwrap().join(self.input["file"].as_str().unwrap());
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(wanted) = self.input["sha256"].as_str() {
            assert_eq!(hex::encode(Sha256::digest(&text)), wanted, "{}", path.display());
        }
        text
    }

    /// One column of the case's file.
    fn column(&self, name: &str) -> Vec<f64> {
        let text = self.file();
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let at = header.split(',').position(|column| column.trim() == name).unwrap();
        lines.map(|line| line.split(',').nth(at).unwrap().trim().parse().unwrap()).collect()
    }

    #[track_caller]
    fn relative(&self, got: f64, wanted: &Value, tolerance: &str) {
        let (wanted, tolerance) = (number(wanted), number(&self.tolerance[tolerance]));
        let off = (got - wanted).abs();
        let id = &self.id;
        assert!(off <= tolerance * wanted.abs(), "{id}: {got} is not {wanted} within {tolerance}");
    }

    #[track_caller]
    fn absolute(&self, got: f64, wanted: &Value, tolerance: &str) {
        let (wanted, tolerance) = (number(wanted), number(&self.tolerance[tolerance]));
        let id = &self.id;
        assert!(
            (got - wanted).abs() <= tolerance,
            "{id}: {got} is not {wanted} within {tolerance}"
        );
    }
}
