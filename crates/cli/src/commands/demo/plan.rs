//! What runs: every crash under every preset that the venue can run with.

use super::vault::Keys;
use crate::{args::DemoArgs, exit::Failure};
use backstop_api::{PRESETS, Preset};
use backstop_core::Genesis;
use backstop_risk::{
    CRASHES, Cover, Crash, Feed, LendingParams, VenueParams, WEEKS, Week,
    demo::{fits, stage},
    vault,
};
use backstop_units::Label;
use std::path::{Path, PathBuf};

/// The preset of the main run.
const MAIN: &str = "backstop";

/// One run: a crash under a preset's rules.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) crash: &'static Crash,
    pub(crate) preset: &'static str,
    pub(crate) genesis: Genesis,
    pub(crate) feeds: Vec<Feed>,
}

impl Job {
    /// Where it lies below a folder: the first run in the folder itself.
    pub(super) fn place(&self, top: &Path, is_first: bool) -> PathBuf {
        if is_first {
            top.to_owned()
        } else {
            top.join(format!("runs/{}-{}", self.crash.name, self.preset))
        }
    }
}

/// One run of a vault: a week, with or without a pool.
#[derive(Debug)]
pub(crate) struct WeekJob {
    pub(crate) week: &'static Week,
    pub(crate) cover: Cover,
    pub(crate) genesis: Genesis,
}

impl WeekJob {
    /// Its name, as that of its folder below `runs`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.week.name, self.cover.name())
    }
}

/// What runs, and what can't.
#[derive(Debug)]
pub(super) struct Plan {
    /// The runs, the main crash first and the main preset first in each.
    pub(super) jobs: Vec<Job>,
    /// The weeks of a vault, each without a pool first.
    pub(super) weeks: Vec<WeekJob>,
    /// Presets that this venue can't run with, and why.
    pub(super) left_out: Vec<(&'static str, String)>,
}

/// The runs that the arguments ask for.
///
/// # Errors
/// [`Failure::Input`] for a crash or preset that there is not, or if no preset can run.
pub(super) fn plan(args: &DemoArgs) -> Result<Plan, Failure> {
    let mut plan = Plan { jobs: Vec::new(), weeks: Vec::new(), left_out: Vec::new() };
    let mut fitting = Vec::new();
    let names: Vec<&'static str> = crashes().collect();
    let asked: Vec<&str> =
        chosen(&names, &args.crash, |name| name, "crash")?.into_iter().copied().collect();
    let presets = presets(&args.preset)?;
    if presets.contains(&MAIN) {
        let weeks = WEEKS.iter().filter(|week| asked.contains(&week.name));
        plan.weeks = weeks
            .flat_map(|week| Cover::ALL.map(|cover| (week, cover)))
            .map(|run| week_job(run, args.seed))
            .collect::<Result<_, _>>()?;
    }
    let crashes: Vec<&Crash> = CRASHES.iter().filter(|crash| asked.contains(&crash.name)).collect();
    // Without a crash nobody is asked who can run one.
    for preset in presets.into_iter().filter(|_| !crashes.is_empty()) {
        let genesis = genesis(preset, args.seed)?;
        match fits(&genesis) {
            Ok(cast) => fitting.push((preset, genesis, cast.decimals)),
            Err(error) => plan.left_out.push((preset, error.reason())),
        }
    }
    for crash in crashes {
        for (preset, genesis, decimals) in &fitting {
            let feeds = crash.feeds(*decimals).map_err(|error| Failure::machine(&error))?;
            let genesis = stage(genesis.clone(), &feeds, &VenueParams::DEMO);
            let genesis = genesis.map_err(|error| Failure::machine(&error))?;
            plan.jobs.push(Job { crash, preset, genesis, feeds });
        }
    }
    if plan.jobs.is_empty() && plan.weeks.is_empty() && plan.left_out.is_empty() {
        return Err(Failure::Input(format!("nothing can run: a vault's weeks need preset {MAIN}")));
    }
    if plan.jobs.is_empty() && plan.weeks.is_empty() {
        let why: Vec<_> =
            plan.left_out.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        return Err(Failure::Input(format!("nothing can run: {}", why.join("; "))));
    }
    Ok(plan)
}

/// The names of all crashes, the vault's weeks behind the venue's.
fn crashes() -> impl Iterator<Item = &'static str> {
    CRASHES.iter().map(|crash| crash.name).chain(WEEKS.iter().map(|week| week.name))
}

fn week_job((week, cover): (&'static Week, Cover), seed: u64) -> Result<WeekJob, Failure> {
    let genesis = genesis(MAIN, seed)?;
    let genesis = vault::stage(genesis, (week, cover), &LendingParams::DEMO, &Keys::of(seed));
    let genesis = genesis.map_err(|error| Failure::machine(&error))?;
    Ok(WeekJob { week, cover, genesis })
}

fn presets(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut known: Vec<&'static str> = PRESETS.iter().map(|(name, _)| *name).collect();
    known.sort_by_key(|name| *name != MAIN);
    Ok(chosen(&known, names, |name| name, "preset")?.into_iter().copied().collect())
}

/// Those of these names in the order of `all`; all without a name.
fn chosen<'a, T>(
    all: &'a [T],
    names: &[String],
    name: impl Fn(&'a T) -> &'static str,
    what: &str,
) -> Result<Vec<&'a T>, Failure> {
    if let Some(unknown) = names.iter().find(|wanted| all.iter().all(|one| name(one) != **wanted)) {
        let known: Vec<&str> = all.iter().map(&name).collect();
        return Err(Failure::Input(format!(
            "no {what} {unknown:?}\n\nhint: there are {}",
            known.join(", ")
        )));
    }
    Ok(all.iter().filter(|one| names.is_empty() || names.iter().any(|n| n == name(one))).collect())
}

fn genesis(preset: &str, seed: u64) -> Result<Genesis, Failure> {
    let preset = Preset::named(preset).map_err(|error| Failure::Input(error.to_string()))?;
    let label = format!("demo-{seed:x}");
    let label = Label::parse(label.get(..16).unwrap_or(&label))
        .map_err(|error| Failure::Input(error.to_string()))?;
    Ok(preset.genesis(label))
}
