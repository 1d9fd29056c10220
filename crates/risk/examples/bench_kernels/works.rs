//! What is measured.

use crate::{Outcome, inputs};
use backstop_risk::{
    kernel::{
        Lanes, Pruning, Run, portfolios::historical, select::risk_of, shortfall::Exposure,
        simulate::StudentT,
    },
    models::{
        garch::{Garch, Innovation, Spec, Start},
        gpd::Gpd,
    },
};

/// Something to measure.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    /// Milliseconds that one thread may take: a share of what the peer took on a quiet machine.
    pub(crate) bar: Option<f64>,
    pub(crate) parallel: bool,
    pub(crate) prepare: fn(Lanes) -> Outcome<Ready>,
}

/// What one run gave.
pub(crate) struct Done {
    pub(crate) hash: u64,
    pub(crate) note: String,
}

/// A run that can be repeated.
pub(crate) type Ready = Box<dyn FnMut() -> Result<Done, String> + Send>;

pub(crate) const WORKS: [Work; 8] = [
    Work {
        name: "stress",
        words: "stress, 1e6 accounts x 1,000 scenarios, all pairs",
        bar: Some(135.0),
        parallel: true,
        prepare: |lanes| stress(lanes, Pruning::None, false),
    },
    Work {
        name: "stress-pruned",
        words: "stress, 1e6 accounts x 1,000 scenarios, exact pruning",
        bar: Some(34.5),
        parallel: true,
        prepare: |lanes| stress(lanes, Pruning::Exact, false),
    },
    Work {
        name: "below",
        words: "who is below maintenance, 1e6 accounts x 1,000 scenarios",
        bar: None,
        parallel: true,
        prepare: |lanes| stress(lanes, Pruning::Exact, true),
    },
    Work {
        name: "simulate",
        words: "Monte Carlo, 1e6 paths x 50 assets, Student t, VaR and ES",
        bar: Some(260.0),
        parallel: true,
        prepare: simulate,
    },
    Work {
        name: "portfolios",
        words: "historical VaR and ES, 1e6 portfolios x 1,000 days",
        bar: Some(600.0),
        parallel: true,
        prepare: portfolios,
    },
    Work {
        name: "garch",
        words: "GARCH(1,1) fit, normal, n = 3,000",
        bar: Some(2.25),
        parallel: false,
        prepare: |_| Ok(garch(Innovation::Normal)),
    },
    Work {
        name: "garch-t",
        words: "GARCH(1,1) fit, Student t, n = 3,000",
        bar: None,
        parallel: false,
        prepare: |_| Ok(garch(Innovation::Student)),
    },
    Work {
        name: "gpd",
        words: "GPD fit, n = 5,000",
        bar: Some(0.917),
        parallel: false,
        prepare: |_| Ok(gpd()),
    },
];

/// The instruction set to measure.
pub(crate) fn lanes() -> Outcome<Lanes> {
    let Ok(name) = std::env::var("BACKSTOP_LANES") else { return Ok(Lanes::best()) };
    let all = Lanes::all();
    let found = all.iter().find(|lanes| lanes.name() == name);
    found.copied().ok_or_else(|| format!("this machine has no {name}").into())
}

/// FNV-1a over the bits of a result, word by word.
fn hash(seed: u64, values: impl Iterator<Item = u64>) -> u64 {
    values.fold(seed ^ 0xCBF2_9CE4_8422_2325, |hash, value| {
        (hash ^ value).wrapping_mul(0x0100_0000_01B3)
    })
}

fn bits(values: &[f64]) -> impl Iterator<Item = u64> + '_ {
    values.iter().map(|value| value.to_bits())
}

fn stress(lanes: Lanes, pruning: Pruning, list: bool) -> Outcome<Ready> {
    let (book, panel) = (inputs::book()?, inputs::panel()?);
    let book = if list { book.above_line(&[0.005; inputs::MARKETS])? } else { book };
    Ok(Box::new(move || {
        let exposure = Exposure { pruning, ..Exposure::new(&book, &panel) };
        let run = Run { lanes, ..Run::default() };
        if list {
            let below = exposure.below(&run).map_err(|error| error.to_string())?;
            let all = (0..below.scenarios()).flat_map(|at| below.of(at));
            let hash = hash(0, all.map(|account| u64::from(*account)));
            return Ok(Done { hash, note: format!("{} pairs", below.len()) });
        }
        let stress = exposure.shortfall(&run).map_err(|error| error.to_string())?;
        let hash = hash(hash(0, bits(&stress.sums)), stress.short.iter().copied());
        let most = stress.sums.iter().fold(0.0, |a: f64, b| a.max(*b));
        let all: f64 = stress.sums.iter().sum();
        let effort = stress.effort;
        let note = format!("max {most:.6e}, sum {all:.10e}, {effort:?}");
        Ok(Done { hash, note })
    }))
}

fn simulate(lanes: Lanes) -> Outcome<Ready> {
    let (root, weights) = inputs::portfolio()?;
    let model = StudentT::new(&[0.0; inputs::ASSETS], &root, Some(inputs::NU), 1)?;
    Ok(Box::new(move || {
        let run = Run { lanes, ..Run::default() };
        let losses = model.losses(&weights, inputs::PATHS, &run).map_err(|e| e.to_string())?;
        let risk = risk_of(&losses, 0.99).map_err(|error| error.to_string())?;
        let hash = hash(hash(0, bits(&losses)), bits(&[risk.expected_shortfall]));
        Ok(Done { hash, note: format!("{risk:?}").replace('"', "'") })
    }))
}

fn portfolios(lanes: Lanes) -> Outcome<Ready> {
    let (book, panel) = (inputs::book()?, inputs::panel()?);
    Ok(Box::new(move || {
        let run = Run { lanes, ..Run::default() };
        let risks = historical(&book, &panel, 0.99, &run).map_err(|error| error.to_string())?;
        let hash = hash(hash(0, bits(&risks.value_at_risk)), bits(&risks.expected_shortfall));
        let first: f64 = risks.value_at_risk.iter().take(100_000).sum();
        Ok(Done { hash, note: format!("VaR of the first 1e5 {first:.10e}") })
    }))
}

fn garch(innovation: Innovation) -> Ready {
    let series = inputs::series();
    let spec = Spec { asymmetric: false, innovation, start: Start::Backcast };
    Box::new(move || {
        let fit = Garch::fit(&series, spec).map_err(|error| error.to_string())?;
        let hash = hash(0, bits(&[fit.params.omega, fit.params.alpha, fit.params.beta]));
        let steps = fit.steps;
        Ok(Done { hash, note: format!("{steps} steps, logL {:.9}", fit.log_likelihood) })
    })
}

fn gpd() -> Ready {
    let excesses = inputs::excesses();
    Box::new(move || {
        let fit = Gpd::fit(&excesses).map_err(|error| error.to_string())?;
        let hash = hash(0, bits(&[fit.gpd.shape, fit.gpd.scale]));
        Ok(Done { hash, note: format!("{:?}, loss {:.9}", fit.gpd, fit.loss) })
    })
}
