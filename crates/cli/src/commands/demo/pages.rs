//! Books and loss pages of one run, out of its journal.

use crate::{exit::Failure, files, ledger::walk};
use backstop_core::{State, policy::LayerSource};
use backstop_export::{
    ExportError,
    ledger::LedgerWriter,
    loss::{History, loss_page, loss_svg},
    names::Unit,
    picture::{Waterfall, WaterfallLayer, waterfall_svg},
};
use backstop_risk::{DemoReport, demo::LayerPaid, sweep::layer_name};
use std::{cmp::Reverse, fmt::Write as _, fs, io::Write, path::Path};

/// Writes `books.ledger`, `waterfall.svg`, and a page and picture for each of the `most` largest losses;
/// returns how many of them there are.
///
/// # Errors
/// [`Failure`] of the journal or an output.
pub(super) fn write(
    journal: &Path,
    folder: &Path,
    report: &DemoReport,
    most: usize,
) -> Result<u64, Failure> {
    let mut history = History::default();
    let mut closing = None;
    files::write(&folder.join("books.ledger"), |out| {
        let mut books = LedgerWriter::new(out);
        let state = walk(journal, |state, record| {
            history.observe(state, record).and_then(|()| books.record(state, record)).map_err(told)
        })?;
        books.finish(&state).map_err(told)?;
        closing = Some(state);
        Ok(())
    })?;
    let state = closing.ok_or_else(|| Failure::Environment("the journal is empty".to_owned()))?;
    text_file(&folder.join("waterfall.svg"), &waterfall_svg(&picture(report)))?;
    losses(&state, &history, &folder.join("losses"), most)
}

/// A page and a picture for each of the largest losses, and their list in the order of the log.
fn losses(state: &State, history: &History, folder: &Path, most: usize) -> Result<u64, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut shown: Vec<_> = state.losses.iter().map(|(id, loss)| (id, loss.gross)).collect();
    shown.sort_by_key(|(id, gross)| (Reverse(*gross), *id));
    shown.truncate(most);
    shown.sort_unstable();
    let mut index = format!("# Losses: the largest {} of {}\n\n", shown.len(), state.losses.len());
    index.push_str("| loss | gross, in atoms |\n| --- | --- |\n");
    for (id, gross) in &shown {
        // Pages are small and many: no sync for each, one for the folder's index at the end.
        let page = loss_page(state, *id, history).map_err(told)?;
        let svg = loss_svg(state, *id, history).map_err(told)?;
        for (name, text) in [(format!("{id}.md"), page), (format!("{id}.svg"), svg)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
        }
        let _ = writeln!(index, "| [{id}]({id}.md) | {gross} |");
    }
    text_file(&folder.join("index.md"), &index)?;
    Ok(shown.len() as u64)
}

fn text_file(path: &Path, text: &str) -> Result<(), Failure> {
    files::write(path, |out: &mut dyn Write| {
        out.write_all(text.as_bytes()).map_err(|error| Failure::file(path, &error))
    })
}

fn told(error: ExportError) -> Failure {
    Failure::machine(&error)
}

/// All losses of a run as one picture: who paid how much in the end.
pub(super) fn picture(report: &DemoReport) -> Waterfall {
    let layer = |layer: &LayerPaid| WaterfallLayer {
        name: layer_name(layer.source).replace("paid by ", ""),
        capacity: None,
        used: None,
        draw: layer.amount,
        note: String::new(),
        by_users: !matches!(
            layer.source,
            LayerSource::FeePool | LayerSource::Reserve(_) | LayerSource::Staked(_)
        ),
    };
    Waterfall {
        id: "waterfall".to_owned(),
        title: format!("Who paid under preset {}", report.preset),
        facts: vec![format!(
            "{} deficits out of {} liquidations; synthetic book, real prices",
            report.deficits, report.liquidations
        )],
        unit: Unit { symbol: report.asset.to_string().to_uppercase(), decimals: report.decimals },
        loss: report.gross_loss,
        layers: report.layers.iter().map(layer).collect(),
        residual: report.residual,
    }
}
