//! Books and loss pages of one run, out of its journal.

use crate::{exit::Failure, files, ledger::walk};
use backstop_core::State;
use backstop_export::{
    ExportError,
    ledger::LedgerWriter,
    loss::{History, Picture, PictureLayer, loss_page, loss_svg, waterfall_svg},
    names::Unit,
};
use backstop_risk::{DemoReport, demo::LayerPaid, sweep::layer_name};
use std::{fmt::Write as _, fs, io::Write, path::Path};

/// Writes `books.ledger`, `waterfall.svg` and, if asked for, one page and picture for each loss;
/// returns how many losses there are.
///
/// # Errors
/// [`Failure`] of the journal or an output.
pub(super) fn write(
    journal: &Path,
    folder: &Path,
    report: &DemoReport,
    with_pages: bool,
) -> Result<u64, Failure> {
    let mut history = History::default();
    let mut closing = None;
    files::write(&folder.join("books.ledger"), |out| {
        let mut books = LedgerWriter::new(out);
        let state = walk(journal, |state, record| {
            if with_pages {
                history.observe(state, record).map_err(told)?;
            }
            books.record(state, record).map_err(told)
        })?;
        books.finish(&state).map_err(told)?;
        closing = Some(state);
        Ok(())
    })?;
    let state = closing.ok_or_else(|| Failure::Environment("the journal is empty".to_owned()))?;
    text_file(&folder.join("waterfall.svg"), &waterfall_svg(&picture(report)))?;
    if with_pages {
        losses(&state, &history, &folder.join("losses"))?;
    }
    Ok(state.losses.len() as u64)
}

/// One page and picture for each loss, and their list.
fn losses(state: &State, history: &History, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut index = String::from("# Losses\n\n| loss | gross, in atoms |\n| --- | --- |\n");
    for (id, loss) in state.losses.iter() {
        // Pages are small and many: no sync for each, one for the folder's index at the end.
        let page = loss_page(state, id, history).map_err(told)?;
        let svg = loss_svg(state, id, history).map_err(told)?;
        for (name, text) in [(format!("{id}.md"), page), (format!("{id}.svg"), svg)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
        }
        let _ = writeln!(index, "| [{id}]({id}.md) | {} |", loss.gross);
    }
    text_file(&folder.join("index.md"), &index)
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
pub(super) fn picture(report: &DemoReport) -> Picture {
    let layer = |layer: &LayerPaid| PictureLayer {
        name: layer_name(layer.source).replace("paid by ", ""),
        capacity: None,
        used: None,
        draw: layer.amount,
        note: String::new(),
    };
    Picture {
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
