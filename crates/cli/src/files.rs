//! Reading inputs whole, writing outputs whole or not at all.

use crate::exit::Failure;
use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// Inputs past this size are refused.
const INPUT_MAX: u64 = 256 << 20;

/// Reads a text file; `-` is standard input.
///
/// # Errors
/// [`Failure::Environment`] when it can't be read, [`Failure::Input`] when it is no text or too long.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(INPUT_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(INPUT_MAX + 1).read_to_end(&mut bytes))
    };
    let length = read.map_err(|error| Failure::file(path, &error))?;
    if length as u64 > INPUT_MAX {
        return Err(Failure::Input(format!("{}: longer than {INPUT_MAX} bytes", path.display())));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Input(format!("{}: byte {at} is no UTF-8 text", path.display()))
    })
}

/// Writes a file under a temporary name beside it, syncs it, and renames it: whole or not there.
///
/// # Errors
/// [`Failure::Environment`]; the temporary file is removed.
pub(crate) fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let temporary = temporary(path);
    let done = fill_and_sync(&temporary, fill)
        .and_then(|()| fs::rename(&temporary, path).map_err(|error| Failure::file(path, &error)));
    if done.is_err() {
        // What is left of it is of no use; the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    done
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn fill_and_sync(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let told = |error: std::io::Error| Failure::file(path, &error);
    let mut file = BufWriter::new(File::create(path).map_err(told)?);
    fill(&mut file)?;
    let file = file.into_inner().map_err(|error| Failure::file(path, error.error()))?;
    file.sync_all().map_err(told)
}

/// Writes a secret that only its owner can read, and never over another file.
///
/// # Errors
/// [`Failure::Environment`].
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| Failure::file(path, &error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| Failure::file(path, &error))
}
