//! A copy of a journal that is in use: whole, of one moment, and on the disk.

use std::fs;
use std::path::Path;

use super::SqliteJournal;
use super::open::{beside, io, refuse_existing, remove_if_there, sync, sync_folder};
use crate::error::JournalError;

impl SqliteJournal {
    /// Writes all that is committed now into a new file. A writer goes on meanwhile; what it
    /// commits from then on is not in the copy.
    ///
    /// The copy is made under another name, synced and renamed, so a copy that exists is whole.
    /// Snapshots are not copied: they can be made anew.
    ///
    /// # Errors
    ///
    /// [`JournalError::AlreadyExists`], [`JournalError::Io`], [`JournalError::Sqlite`].
    pub fn copy_to(&self, to: impl AsRef<Path>) -> Result<(), JournalError> {
        let to = to.as_ref();
        refuse_existing(to)?;
        let draft = beside(to, ".new");
        remove_if_there(&draft)?;
        let name = draft.to_string_lossy();
        let copied = self.connection.execute("VACUUM INTO ?1", [&*name]).map(drop);
        let copied = copied.map_err(|source| JournalError::sqlite("copy the journal", 0, source));
        let placed = copied
            .and_then(|()| sync(&draft))
            .and_then(|()| fs::rename(&draft, to).map_err(|source| io("rename to", to, source)));
        if placed.is_err() {
            // Half a copy is of no use; that it could not be made is what there is to tell.
            let _ = remove_if_there(&draft);
            return placed;
        }
        sync_folder(to)
    }
}
