//! Every rule of deleveraging on the accounts that a venue deleveraged on 10 October 2025.
//!
//! The data does not come with the project. `docs/adl.md` says where it is from and what is assumed; its
//! tables are this test's output:
//!
//! `BACKSTOP_EXTERNAL_DATA=… cargo test -p backstop-risk --test it deleveraging -- --nocapture`

use backstop_core::{
    loss::adl::{Candidate, Need, Selection, Terms, select},
    policy::{AdlPolicy, AdlRank, AdlSelect, PositionSide},
};
use backstop_units::{Amount, Base, Label, Price, grouped};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A lot is a millionth of a dollar at a mark of one dollar for each base unit.
const UNIT: u128 = 1_000_000;
const MARK: u128 = UNIT * 1_000_000_000;
/// Sum of the rows of negative equity, in atoms: what was missing, at most.
const NEED: u128 = 23_191_104_484_829;
/// Maintenance margin that is assumed, in parts of a thousand.
const MAINTENANCE: u128 = 25;

/// The rules that are compared: a rank only matters to a queue.
const RULES: [(&str, AdlRank, AdlSelect); 6] = [
    ("queue, as listed (largest first)", AdlRank::Given, AdlSelect::Queue),
    ("queue by profit × leverage", AdlRank::ProfitTimesLeverage, AdlSelect::Queue),
    ("queue by leveraged PnL", AdlRank::LeveragedPnl, AdlSelect::Queue),
    ("queue by move × leverage", AdlRank::MoveTimesLeverage, AdlSelect::Queue),
    ("pro rata by gains", AdlRank::ProfitTimesLeverage, AdlSelect::ProRataGains),
    ("water-filling", AdlRank::ProfitTimesLeverage, AdlSelect::WaterFilling),
];

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("BACKSTOP_EXTERNAL_DATA")?;
    Some(Path::new(&root).join("hyperliquid-2025-10-10-gpl3"))
}

/// The accounts as (notional that was cut, gain, account value), in atoms.
fn accounts() -> Option<Vec<(i128, i128, i128)>> {
    let Some(folder) = folder() else {
        println!("SKIPPED: BACKSTOP_EXTERNAL_DATA is not set; no rule is tried on real accounts");
        return None;
    };
    let file = folder.join("adl_by_account_anonymised.csv.gz");
    let text = match Command::new("gzip").arg("-dc").arg(&file).output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        Ok(output) => panic!("{}: {}", file.display(), String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            println!("SKIPPED: gzip did not start ({error}); no rule is tried on real accounts");
            return None;
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "amounts of six digits, in dollars")]
    let atoms = |text: &str| (text.parse::<f64>().unwrap() * 1e6).round() as i128;
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (atoms(cells[0]), atoms(cells[1]), atoms(cells[2]))
    };
    Some(text.lines().skip(1).map(row).collect())
}

/// One market in which all are shorts, with entries that give each his gain. Left out are accounts
/// without equity, and those that lost more than their position.
fn candidates(accounts: &[(i128, i128, i128)]) -> Vec<Candidate> {
    let able = |(notional, gain, value): &&(i128, i128, i128)| *value > 0 && *gain > -*notional;
    let atoms = |amount: i128| Amount::new(u128::try_from(amount).unwrap());
    let mut list = Vec::new();
    for (at, (notional, gain, value)) in accounts.iter().filter(able).enumerate() {
        let size = u128::try_from(*notional).unwrap();
        let worth = u128::try_from(notional + gain).unwrap();
        list.push(Candidate {
            account: Label::from_bytes(((1 << 80) + at as u128).to_be_bytes()),
            side: PositionSide::Short,
            size: Base::new(size),
            hedged: Base::ZERO,
            entry: Price::new(MARK * worth / size),
            equity: atoms(*value),
            collateral: atoms((value - gain).max(1)),
            maintenance: Amount::new((size * MAINTENANCE / 1_000).max(1)),
        });
    }
    list
}

/// Closing at so many percent beyond the mark.
fn terms(percent: u128) -> Terms {
    Terms {
        side: PositionSide::Short,
        mark: Price::new(MARK),
        price: Price::new(MARK + MARK * percent / 100),
        base_unit: Base::new(UNIT),
    }
}

fn policy(rank: AdlRank, select: AdlSelect, gains_only: bool) -> AdlPolicy {
    AdlPolicy { rank, select, gains_only, base_unit: Base::new(UNIT), ..AdlPolicy::default() }
}

/// What each candidate may give.
fn cap(rules: &AdlPolicy, terms: &Terms, candidate: &Candidate) -> u128 {
    let within = terms.lots_within(terms.gain(candidate).unwrap()).unwrap();
    let bounded = rules.gains_only || rules.select == AdlSelect::ProRataGains;
    if bounded { candidate.size.min(within).get() } else { candidate.size.get() }
}

/// Σ cuts = need, to the lot and to the atom; nobody gives more than he can.
fn exact(rules: &AdlPolicy, terms: &Terms, list: &[Candidate], chosen: &Selection) {
    let lots: u128 = chosen.cuts.iter().map(|cut| cut.lots.get()).sum();
    let forgone: u128 = chosen.cuts.iter().map(|cut| cut.forgone.get()).sum();
    assert_eq!((lots, forgone), (chosen.lots.get(), chosen.forgone.get()));
    assert_eq!((forgone, chosen.rest), (NEED, Need::Atoms(Amount::ZERO)), "{rules:?}");
    assert_eq!(lots, terms.lots_for(Amount::new(NEED)).unwrap().get(), "{rules:?}");
    for cut in &chosen.cuts {
        let candidate = &list[cut.at as usize];
        assert!(cut.lots.get() <= cap(rules, terms, candidate), "{cut:?} {candidate:?}");
        if rules.gains_only {
            assert!(cut.forgone <= terms.gain(candidate).unwrap(), "{cut:?} {candidate:?}");
        }
    }
}

/// A queue gives all of everybody before the last; water-filling leaves nobody whom it cut below the
/// level to which it cuts, but for an odd lot.
fn by_its_rule(rules: &AdlPolicy, terms: &Terms, list: &[Candidate], chosen: &Selection) {
    let able = |at: u32| cap(rules, terms, &list[at as usize]);
    match rules.select {
        AdlSelect::Queue => {
            let short = chosen.cuts.iter().filter(|cut| cut.lots.get() < able(cut.at)).count();
            assert!(short <= 1, "{short} of a queue gave a part");
        }
        AdlSelect::WaterFilling => {
            let mut taken = vec![0; list.len()];
            chosen.cuts.iter().for_each(|cut| taken[cut.at as usize] = cut.lots.get());
            // The highest leverage among those who could still give: (lots left, equity).
            let (mut level, mut equity) = (0_u128, 1_u128);
            for (at, candidate) in list.iter().enumerate() {
                if taken[at] < able(u32::try_from(at).unwrap()) {
                    let left = (candidate.size.get() - taken[at]).saturating_sub(1);
                    if left * equity > level * candidate.equity.get() {
                        (level, equity) = (left, candidate.equity.get());
                    }
                }
            }
            assert!(level > 0);
            for cut in &chosen.cuts {
                let candidate = &list[cut.at as usize];
                let left = candidate.size.get() - cut.lots.get() + 1;
                assert!(left * equity >= level * candidate.equity.get(), "{cut:?} {candidate:?}");
            }
        }
        AdlSelect::ProRataGains => {
            // Whoever gained more gives no less, but for an odd lot of each pass and for his size.
            let mut rows: Vec<(u128, u128, bool)> = Vec::new();
            let mut taken = vec![0; list.len()];
            chosen.cuts.iter().for_each(|cut| taken[cut.at as usize] = cut.lots.get());
            for (at, candidate) in list.iter().enumerate() {
                let full = taken[at] == able(u32::try_from(at).unwrap());
                rows.push((terms.gain(candidate).unwrap().get(), taken[at], full));
            }
            rows.sort_unstable();
            let mut most = 0;
            for (_, lots, full) in rows {
                assert!(full || lots + 2 >= most, "{lots} after {most}");
                most = most.max(lots);
            }
        }
    }
}

fn dollars(atoms: u128) -> String {
    grouped(&(atoms / 1_000_000).to_string())
}

fn percent(part: u128, of: u128) -> String {
    let bps = part * 10_000 / of;
    format!("{}.{:02} %", bps / 100, bps % 100)
}

fn row(name: &str, rules: &AdlPolicy, terms: &Terms, list: &[Candidate]) -> String {
    let chosen = select(rules, terms, Need::Atoms(Amount::new(NEED)), list).unwrap();
    exact(rules, terms, list, &chosen);
    by_its_rule(rules, terms, list, &chosen);
    let whole = |lots: Base, at: u32| lots == list[at as usize].size;
    let low = |at: u32| list[at as usize].size.get() < list[at as usize].equity.get();
    let lots = |pick: &dyn Fn(u32) -> bool| -> u128 {
        chosen.cuts.iter().filter(|cut| pick(cut.at)).map(|cut| cut.lots.get()).sum()
    };
    let largest = chosen.cuts.iter().map(|cut| cut.forgone.get()).max().unwrap();
    format!(
        "| {name} | {} | {} | {} | {} | {} |",
        dollars(chosen.lots.get()),
        grouped(&chosen.cuts.len().to_string()),
        grouped(&chosen.cuts.iter().filter(|cut| whole(cut.lots, cut.at)).count().to_string()),
        percent(largest, NEED),
        percent(lots(&low), chosen.lots.get()),
    )
}

#[test]
fn deleveraging_of_real_accounts() {
    let Some(accounts) = accounts() else { return };
    let list = candidates(&accounts);
    let all: i128 = accounts.iter().map(|account| account.0).sum();
    assert_eq!((accounts.len(), all / 1_000_000_000_000), (19_337, 2_103));
    let lots: u128 = list.iter().map(|candidate| candidate.size.get()).sum();
    let gains: u128 = list.iter().map(|c| terms(7).gain(c).unwrap().get()).sum();
    let mut lines = vec![format!(
        "{} of {} accounts, {} of {} USD of notional, gains of {}",
        grouped(&list.len().to_string()),
        grouped(&accounts.len().to_string()),
        dollars(lots),
        dollars(u128::try_from(all).unwrap()),
        dollars(gains)
    )];
    for gains_only in [true, false] {
        for (name, rank, select) in RULES {
            // Sharing by gains never goes past a gain.
            if gains_only || select != AdlSelect::ProRataGains {
                let name = if gains_only { name.to_owned() } else { format!("{name}, past gains") };
                lines.push(row(&name, &policy(rank, select, gains_only), &terms(7), &list));
            }
        }
    }
    for percent in [2, 7, 20] {
        for (name, rank, select) in [RULES[1], RULES[4], RULES[5]] {
            let name = format!("{percent} %: {name}");
            lines.push(row(&name, &policy(rank, select, true), &terms(percent), &list));
        }
    }
    println!("{}", lines.join("\n"));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adl.md");
    let page = fs::read_to_string(page).unwrap();
    for line in lines {
        assert!(page.contains(&line), "docs/adl.md lacks: {line}");
    }
}
