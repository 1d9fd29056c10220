//! A folder of files that is there whole or not at all.

use super::{Unfinished, write};
use crate::exit::Failure;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Refuses a folder that holds something.
///
/// # Errors
/// [`Failure::Input`], [`Failure::Environment`].
pub(crate) fn check(folder: &Path) -> Result<(), Failure> {
    if !folder.exists() {
        return Ok(());
    }
    let mut inside = fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    match inside.next() {
        None => Ok(()),
        Some(_) => Err(Failure::Input(format!(
            "{}: not empty, and a report is never written over another\n\nhint: name a new folder with --out",
            folder.display()
        ))),
    }
}

/// Writes files into a new folder, or an empty one; returns their names.
///
/// # Errors
/// [`Failure::Environment`].
pub(crate) fn fill(folder: &Path, files: Vec<(String, String)>) -> Result<Vec<String>, Failure> {
    let told = |error: std::io::Error| Failure::file(folder, &error);
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(told)?;
    }
    let partial = Unfinished::folder(partial(folder))?;
    let mut names = Vec::with_capacity(files.len());
    for (name, text) in files {
        let path = partial.path().join(&name);
        write(&path, |out| {
            out.write_all(text.as_bytes()).map_err(|error| Failure::file(&path, &error))
        })?;
        names.push(name);
    }
    if folder.exists() {
        fs::remove_dir(folder).map_err(told)?;
    }
    fs::rename(partial.path(), folder).map_err(told)?;
    Ok(names)
}

fn partial(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    folder.with_file_name(name)
}
