//! The figures of `docs/incidents.md` are fields of the runs that its tables name.

use crate::scenarios::play;
use serde_json::Value;
use std::{fs, path::Path};

/// What a cell claims: atoms or a word; nothing for a dash.
fn claim(cell: &str) -> Option<String> {
    if let Some(word) = cell.strip_prefix('`') {
        return Some(word.trim_end_matches('`').to_owned());
    }
    let (number, asset) = cell.split_once(' ')?;
    let decimals = match asset {
        "USDT" => 6,
        "XBT" => 8,
        _ => panic!("no unit in {cell:?}"),
    };
    let number = number.replace(',', "");
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    assert!(part.len() <= decimals, "{cell}");
    let atoms: u128 = format!("{whole}{part:0<decimals$}").parse().expect("a number in a cell");
    Some(atoms.to_string())
}

/// Whether a field of this name has this value anywhere in the results.
fn stands(value: &Value, field: &str, claim: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| stands(item, field, claim)),
        Value::Object(map) => map.iter().any(|(name, inner)| {
            (name == field && inner.as_str() == Some(claim)) || stands(inner, field, claim)
        }),
        _ => false,
    }
}

fn links(cell: &str) -> Vec<String> {
    cell.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
}

#[test]
fn every_figure_is_a_field_of_its_run() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let text = fs::read_to_string(docs.join("incidents.md")).unwrap();
    let (mut runs, mut files, mut checked) = (Vec::new(), Vec::new(), 0);
    for line in text.lines() {
        let cells: Vec<&str> =
            line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
        if cells.first().is_some_and(|cell| cell.starts_with("[faulty]")) {
            let named = links(cells[0]);
            runs = named.iter().map(|file| play(&docs.join(file))).collect();
            files.extend(named);
        } else if cells.len() == 4 && cells[1].starts_with('`') && !runs.is_empty() {
            let field = cells[1].trim_matches('`');
            for (steps, cell) in runs.iter().zip(&cells[2..]) {
                let Some(claim) = claim(cell) else { continue };
                let found = steps.iter().any(|step| stands(step, field, &claim));
                assert!(found, "{line}\nno {field} = {claim} in its run");
                checked += 1;
            }
        } else if line.is_empty() {
            runs.clear();
        }
    }
    let folder = docs.join("../scenarios/incidents");
    let all = fs::read_dir(folder).unwrap().count();
    assert_eq!((files.len(), checked >= 50), (all, true), "{checked} figures, {files:?}");
}
