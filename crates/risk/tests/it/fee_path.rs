//! The fee path of the desk: under the fund's own policy, from where its controller is.

use crate::{
    desk::{setup, texts},
    fixture::{Recorder, backstop, fill_reserve, label},
};
use backstop_core::{
    Body, Event, Genesis,
    command::{RunControl, SetControl, SetTarget},
    fund::control::WHOLE,
    policy::{ControlPolicy, Law, PiLaw, Slew},
};
use backstop_risk::{
    Ledger as _,
    desk::{
        Inputs, LedgerFund, Report, Setup, Silent,
        run::{Maker, Parts, run},
    },
};
use backstop_units::{Amount, Ppm, Span};

const FEES: Parts = Parts {
    size: false,
    sensitivity: false,
    stress: false,
    back_test: false,
    forecast: false,
    fee: true,
    tranches: false,
};

fn small() -> Setup {
    let mut setup = setup();
    setup.scenarios.number = 1_000;
    setup.levels = vec![0.95];
    setup.costs.draws = 20;
    setup.ruin.paths = 500;
    setup.fee.days = 20;
    setup
}

fn report(setup: &Setup, change: impl Fn(&mut Inputs)) -> Report {
    let mut inputs = Inputs::read(setup, &texts()).unwrap();
    change(&mut inputs);
    run(setup, &inputs, (FEES, &Maker::default()), &Silent).unwrap()
}

/// A policy that differs from the default in whatever decides a rate.
fn own() -> ControlPolicy {
    ControlPolicy {
        law: Law::Pi(PiLaw {
            base: Ppm::new(40_000),
            kp: Ppm::new(150_000),
            ki: Ppm::new(20_000),
            ki_period: Span::days(1),
            dead_from: Ppm::new(900_000),
            dead_to: Ppm::new(1_200_000),
        }),
        rate_max: Ppm::new(180_000),
        slew: Some(Slew { by: Ppm::new(30_000), per: Span::days(1) }),
        ..ControlPolicy::default()
    }
}

fn controlled(policy: ControlPolicy, target: Amount) -> Genesis {
    let fund = label("main");
    let mut genesis = backstop();
    genesis.setup.push(SetTarget { fund, target }.into());
    genesis.setup.push(SetControl { fund, policy: Box::new(policy) }.into());
    genesis
}

#[test]
fn the_policy_is_that_of_the_preset_and_settings_change_it() {
    let mut setup = small();
    // Far below any size that is recommended: the law asks for more than the ceiling until the end.
    (setup.fund.size, setup.fund.income_per_day) = (10.0, 1.0);
    let last = |report: &Report| {
        let page = report.fee.as_ref().unwrap();
        (page.rates.last().unwrap()[1], page.control.clone().unwrap())
    };
    let none = report(&setup, |inputs| inputs.waterfall = Some(backstop()));
    let (rate, told) = last(&none);
    assert!((rate - 0.25).abs() < 1e-12, "{rate}");
    assert_eq!(told.whose, "the default: fund main of the preset backstop sets no fee control");

    let genesis = controlled(own(), Amount::new(5));
    let (rate, told) = last(&report(&setup, |inputs| inputs.waterfall = Some(genesis.clone())));
    assert!((rate - 0.18).abs() < 1e-12, "{rate}");
    assert_eq!(told.whose, "fund main of the preset backstop");
    assert_eq!((told.rails, told.base), ((0.0, 0.18), Some(0.04)));
    assert_eq!(told.gains, Some((0.15, 0.02, "1d".to_owned())));
    assert_eq!((told.range, told.slew), (Some((0.9, 1.2)), Some((0.03, "1d".to_owned()))));

    let text =
        "[fee.control]\nrate_max = 90000\nrate_min = 40000\nslew = { by = 20000, per = \"1d\" }\n";
    setup.fee.control = Setup::parse("a.toml", text).unwrap().fee.control;
    let changed = report(&setup, |inputs| inputs.waterfall = Some(genesis.clone()));
    let (rate, told) = last(&changed);
    assert!((rate - 0.09).abs() < 1e-12, "{rate}");
    assert!(
        told.whose.ends_with("; the settings change rate_max, rate_min, slew"),
        "{}",
        told.whose
    );
    // It counts as set now: the rate begins at the new floor and rises by the new limit.
    let rates: Vec<f64> = changed.fee.unwrap().rates.iter().map(|points| points[1]).collect();
    for (rate, wanted) in rates.iter().zip([0.06, 0.08, 0.09, 0.09]) {
        assert!((rate - wanted).abs() < 1e-9, "{rates:?}");
    }

    let text = "[fee.control]\nrate_max = 30000\n";
    setup.fee.control = Setup::parse("a.toml", text).unwrap().fee.control;
    let mut inputs = Inputs::read(&setup, &texts()).unwrap();
    inputs.waterfall = Some(genesis);
    let refused = run(&setup, &inputs, (FEES, &Maker::default()), &Silent).unwrap_err().to_string();
    assert!(refused.starts_with("fee.control: BAD_POLICY"), "a base above the ceiling: {refused}");
}

/// The path's first step is what the ledger's own next run of its control makes of the same reading, to the last digit.
#[test]
fn a_ledgers_controller_goes_on_where_it_is() {
    let mut setup = small();
    let atoms = report(&setup, |_| ()).size.unwrap().atoms;
    let target = Amount::new(atoms.parse().unwrap());
    let mut ledger = Recorder::begin(&controlled(own(), target));
    // Six tenths of the target, so that the rate rises and its integral grows.
    let dollars = target.get() * 6 / 10 / 1_000_000;
    fill_reserve(&mut ledger, "main", dollars);
    let begun = ledger.read(|state| state.meta.now).unwrap();
    let fund = label("main");
    for hours in [7, 30, 55] {
        ledger
            .send(begun.plus(Span::hours(hours)), label("keeper"), RunControl { fund }.into())
            .unwrap();
    }
    // Something is recorded after the last run: the path begins there, and the integral has grown since the run.
    let later = begun.plus(Span::hours(60));
    ledger.send(later, label("risk"), SetTarget { fund, target }.into()).unwrap();
    let found = ledger.read(|state| LedgerFund::of(state, None)).unwrap().unwrap().unwrap();
    assert_eq!((found.now, found.counted), (later, Amount::new(dollars * 1_000_000)));
    setup.fund.size = 0.0;
    found.settle(&mut setup);
    assert_eq!(setup.fund.size.to_string(), dollars.to_string());
    let made = report(&setup, |inputs| inputs.fund = Some(found.clone()));
    let page = made.fee.unwrap();
    assert_eq!(made.size.unwrap().atoms, atoms);

    let next = later.plus(Span::days(1));
    let events = ledger.send(next, label("keeper"), RunControl { fund }.into()).unwrap();
    let Some(Event::ControlRan(ran)) = events.into_iter().next() else { panic!("no run") };
    let float = |units: u128| format!("{units}").parse::<f64>().unwrap();
    let rate = float(ran.rate.positive().get()) / float(WHOLE);
    assert_eq!(page.rates[0].map(f64::to_bits), [rate; 3].map(f64::to_bits));
    let told = page.control.unwrap();
    assert!(told.whose.starts_with("fund main of ledger test after "), "{}", told.whose);
    assert_eq!(told.last_run, Some(begun.plus(Span::hours(55)).to_string()));
    assert!(told.integral > 0.0 && rate > told.rate && told.rate > 0.0, "{told:?}");
    // A controller without memory would begin elsewhere.
    let mut fresh = found;
    fresh.control.controller =
        backstop_core::fund::control::Controller { at: later, ..Default::default() };
    let fresh = report(&setup, |inputs| inputs.fund = Some(fresh.clone())).fee.unwrap();
    assert!(fresh.rates[0][1] < rate, "{} {rate}", fresh.rates[0][1]);
}

#[test]
fn of_several_funds_one_is_named() {
    let mut genesis = backstop();
    let second = genesis.setup.iter().find_map(|body| match body {
        Body::CreateFund(fund) => Some(fund.clone()),
        _ => None,
    });
    let mut second = second.unwrap();
    second.label = label("second");
    genesis.setup.push(second.into());
    let mut ledger = Recorder::begin(&genesis);
    let mut of = |name: Option<&str>| ledger.read(|state| LedgerFund::of(state, name)).unwrap();
    let several = of(None).unwrap_err().to_string();
    assert!(several.contains("main, second") && several.contains("fund.name"), "{several}");
    assert_eq!(of(Some("second")).unwrap().unwrap().name, label("second"));
    let nobody = of(Some("third")).unwrap_err().to_string();
    assert!(nobody.contains("\"third\"") && nobody.contains("main, second"), "{nobody}");
    genesis.setup.clear();
    let mut none = Recorder::begin(&genesis);
    assert!(none.read(|state| LedgerFund::of(state, None)).unwrap().unwrap().is_none());
    let told = none.read(|state| LedgerFund::of(state, Some("third"))).unwrap().unwrap_err();
    let told = told.to_string();
    assert!(told.contains("\"third\"") && told.contains("has no fund: create one"), "{told}");
}
