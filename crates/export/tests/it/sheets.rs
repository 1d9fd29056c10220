//! CSV files read back by a CSV reader.

use crate::world::{World, golden};
use backstop_core::ledger::postings;
use backstop_export::{
    csv::{PostingsCsv, balances_csv, losses_csv},
    fund_csv::FundsCsv,
};
use std::collections::BTreeMap;

fn rows(text: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(Result::unwrap).collect()
}

#[test]
fn postings_add_up_to_the_balances() {
    let world = World::full();
    let mut out = PostingsCsv::new(Vec::new()).unwrap();
    let mut count = 0;
    for record in &world.records {
        out.record(&world.state, record).unwrap();
        for event in &record.events {
            let _ = postings(event, |posting| {
                count += usize::from(!posting.amount.is_zero());
                Ok::<(), ()>(())
            });
        }
    }
    let text = String::from_utf8(out.finish().unwrap()).unwrap();
    assert!(
        text.starts_with("seq,time,command,debit_account,credit_account,asset,amount_atoms\r\n")
    );
    assert_eq!(text.lines().count(), count + 1);
    let mut sums: BTreeMap<(String, String), [u128; 2]> = BTreeMap::new();
    for row in rows(&text) {
        for (at, column) in [(0, 3), (1, 4)] {
            let key = (row[column].to_owned(), row[5].to_owned());
            sums.entry(key).or_default()[at] += row[6].parse::<u128>().unwrap();
        }
    }
    let balances = String::from_utf8(balances_csv(Vec::new(), &world.state).unwrap()).unwrap();
    golden("balances.csv", &balances);
    let balances = rows(&balances);
    assert_eq!(balances.len(), sums.len());
    for row in balances {
        let want = sums[&(row[0].to_owned(), row[1].to_owned())];
        assert_eq!([2, 3].map(|at| row[at].parse::<u128>().unwrap()), want, "{row:?}");
        let side = if want[0] >= want[1] { "debit" } else { "credit" };
        assert_eq!((&row[4], row[5].parse()), (side, Ok(want[0].abs_diff(want[1]))));
    }
}

#[test]
fn losses_have_a_line_for_each_row() {
    let world = World::full();
    let text = String::from_utf8(losses_csv(Vec::new(), &world.state).unwrap()).unwrap();
    golden("losses.csv", &text);
    let rows = rows(&text);
    for (id, loss) in world.state.losses.iter() {
        let own: Vec<_> = rows.iter().filter(|row| row[0] == id.to_string()).collect();
        assert_eq!(own.len(), loss.rows.len().max(1));
        let sum: u128 = own.iter().map(|row| row[15].parse::<u128>().unwrap_or(0)).sum();
        assert!(loss.rows.is_empty() || sum == loss.gross.get());
    }
}

#[test]
fn a_funds_history_ends_with_what_it_holds() {
    let world = World::full();
    let mut out = FundsCsv::new(Vec::new()).unwrap();
    world.records.iter().for_each(|record| out.record(&world.state, record).unwrap());
    let text = String::from_utf8(out.finish().unwrap()).unwrap();
    let mut last: BTreeMap<String, u128> = BTreeMap::new();
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    for row in rows(&text) {
        let number = |at: usize| row[at].parse::<u128>().unwrap_or(0);
        let before = last.insert(row[2].to_owned(), number(10)).unwrap_or(0);
        assert_eq!(before + number(7) - number(8), number(10), "{row:?}");
        assert!(number(9) <= number(10), "a part is larger than its fund: {row:?}");
        *reasons.entry(row[4].to_owned()).or_default() += 1;
    }
    for (_, fund) in world.state.funds.iter() {
        let id = world.state.fund_id(fund.label).unwrap();
        let holds = world.state.gauges.get(id).unwrap().holdings.get();
        assert_eq!(last.get(&fund.label.to_string()).copied().unwrap_or(0), holds);
    }
    for reason in ["contributed", "staked", "unstaked", "bankruptcy", "liquidation"] {
        assert!(reasons.contains_key(reason), "{reason} is not among {reasons:?}");
    }
}
