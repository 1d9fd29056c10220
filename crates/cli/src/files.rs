//! Reading inputs whole, writing outputs whole or not at all; an interrupt takes away what is unfinished.

pub(crate) mod folder;

use crate::exit::Failure;
use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
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
        let good = error.utf8_error().valid_up_to();
        let (before, bad) = error.as_bytes().split_at(good);
        let line = before.split(|byte| *byte == b'\n').count();
        let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(last).chars().count() + 1;
        let got = bad.first().copied().unwrap_or_default();
        Failure::Input(format!(
            "{}:{line}:{column}: not UTF-8 text\ngot byte 0x{got:02x}, expected a character\n\n\
             hint: save the file as UTF-8, then run again",
            path.display()
        ))
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
    let temporary = Unfinished::at(temporary(path));
    fill_and_sync(temporary.path(), fill).map_err(|failure| failure.of(path))?;
    fs::rename(temporary.path(), path).map_err(|error| Failure::file(path, &error))
}

/// What has been begun and not finished. It goes when this goes, and when the program is interrupted.
#[derive(Debug)]
pub(crate) struct Unfinished(PathBuf);

/// Everything unfinished.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Times that an interrupt tries to remove a folder into which a thread still writes.
const REMOVALS: u32 = 5;

impl Unfinished {
    fn at(path: PathBuf) -> Self {
        unfinished().push(path.clone());
        Self(path)
    }

    /// A new folder.
    ///
    /// # Errors
    /// [`Failure::Environment`], also when it is there already.
    pub(crate) fn folder(path: PathBuf) -> Result<Self, Failure> {
        fs::create_dir(&path).map_err(|error| Failure::file(&path, &error))?;
        Ok(Self::at(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // During an interrupt this waits for the end of the program.
        unfinished().retain(|path| *path != self.0);
        // Nothing may be left of it: then it was finished, and renamed.
        let _ = remove(&self.0);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// What the next interrupt does instead of ending the program.
static END: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// The next interrupt calls `end`, which lets the program come to its end; the one after it ends it at once.
pub(crate) fn end_when_interrupted(end: impl FnOnce() + Send + 'static) {
    *END.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(end));
}

/// From now on an interrupt removes what is unfinished, and ends the program with exit code 130.
///
/// # Errors
/// [`Failure::Environment`] when the system does not let us.
pub(crate) fn clean_up_when_interrupted() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        let end = END.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(end) = end {
            return end();
        }
        let paths = unfinished();
        for path in paths.iter() {
            // A folder may be filled while it is emptied.
            (0..REMOVALS).any(|_| remove(path).is_ok());
        }
        // Nobody may be there to read it.
        let _ = writeln!(std::io::stderr(), "\ninterrupted; what was unfinished is removed");
        std::process::exit(130);
    })
    .map_err(|error| Failure::Environment(format!("interrupts: {error}")))
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
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a secret is none, and the next try wants the name.
        let _ = fs::remove_file(path);
        Failure::file(path, &error)
    })
}
