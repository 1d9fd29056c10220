//! Which handles labels stand for.

use std::collections::HashMap;

use backstop_units::Label;
use rusqlite::Connection;

use super::{error::Fault, number::handle};

/// What a label stands for, as the table `name` has it; 0 are accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Fund,
    Tranche,
    Market,
    Index,
}

impl Named {
    const ALL: [Self; 4] = [Self::Fund, Self::Tranche, Self::Market, Self::Index];

    const fn key(self) -> u8 {
        match self {
            Self::Fund => 1,
            Self::Tranche => 2,
            Self::Market => 3,
            Self::Index => 4,
        }
    }
}

/// The labels that the fold looks up again and again.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<(Label, Named), u32>,
}

impl Names {
    /// Reads them back.
    pub(super) fn load(connection: &Connection) -> Result<Self, Fault> {
        let mut names = Self::default();
        for kind in Named::ALL {
            let mut rows = connection.prepare("SELECT label, id FROM name WHERE kind = ?1")?;
            let rows = rows.query_map([kind.key()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in rows {
                let (label, id): ([u8; 16], i64) = row?;
                names.known.insert((Label::from_bytes(label), kind), handle(id));
            }
        }
        Ok(names)
    }

    /// What a label stands for.
    pub(super) fn find(&self, label: Label, kind: Named) -> Option<u32> {
        self.known.get(&(label, kind)).copied()
    }

    /// Remembers a label.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        label: Label,
        (kind, id): (Named, u32),
    ) -> Result<(), Fault> {
        self.known.insert((label, kind), id);
        name(connection, label, kind.key(), id)
    }
}

/// Stores which handle a label stands for: 0 accounts, the others as in [`Named`].
pub(super) fn name(connection: &Connection, label: Label, kind: u8, id: u32) -> Result<(), Fault> {
    let sql = "INSERT INTO name VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute((label.bytes(), kind, id))?;
    Ok(())
}
