//! Which files a run reads, and how: the command line and the service do it alike.

use backstop_api::Preset;
use backstop_core::Genesis;
use backstop_risk::desk::{
    Setup,
    inputs::{Text, Texts},
    setup::Files,
};
use backstop_units::Label;
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Inputs past this size are refused.
pub const INPUT_MAX: u64 = 256 << 20;

/// Makes the names in settings those of files seen from a folder, that of the settings file.
pub fn from_folder(setup: &mut Setup, folder: &Path) {
    let Files { prices, venue, accounts, positions, shocks, outcomes } = &mut setup.files;
    let single = [venue, accounts, positions, shocks, outcomes];
    let all = prices.iter_mut().chain(single.into_iter().flatten());
    for name in all {
        *name = folder.join(&*name).display().to_string();
    }
}

/// Reads every file that settings name.
///
/// # Errors
/// The first of the reader.
pub fn texts<E>(setup: &Setup, read: &dyn Fn(&Path) -> Result<String, E>) -> Result<Texts, E> {
    let text = |name: &String| -> Result<Text, E> {
        Ok(Text { file: name.clone(), text: read(Path::new(name))? })
    };
    let one = |name: &Option<String>| name.as_ref().map(text).transpose();
    let files = &setup.files;
    Ok(Texts {
        prices: files.prices.iter().map(text).collect::<Result<_, _>>()?,
        venue: one(&files.venue)?,
        accounts: one(&files.accounts)?,
        positions: one(&files.positions)?,
        shocks: one(&files.shocks)?,
        outcomes: one(&files.outcomes)?,
    })
}

/// The ledger of the preset that settings name: its waterfall says who pays in a crisis.
///
/// # Errors
/// What is wrong with the name, after the setting's.
pub fn waterfall(setup: &Setup) -> Result<Genesis, String> {
    let preset = Preset::named(&setup.fund.preset);
    let preset = preset.map_err(|error| format!("fund.preset: {error}"))?;
    Ok(preset.genesis(Label::parse("risk-desk").unwrap_or(Label::NONE)))
}

/// Reads a text file whole, unzipped if its name ends in `.gz`.
///
/// # Errors
/// Of the file; [`io::ErrorKind::FileTooLarge`] past [`INPUT_MAX`].
pub fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let mut text = String::new();
    let length = if path.extension().is_some_and(|end| end == "gz") {
        flate2::read::GzDecoder::new(file).take(INPUT_MAX + 1).read_to_string(&mut text)?
    } else {
        file.take(INPUT_MAX + 1).read_to_string(&mut text)?
    };
    if length as u64 > INPUT_MAX {
        let what = format!("longer than {INPUT_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(text)
}
