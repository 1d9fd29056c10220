//! Steps of markets as they are stored, and as the fold has them at hand.

use std::array;

use backstop_core::state::Source;
use backstop_units::{Amount, Base, LossId, MarketId, Price};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    error::{Fault, Misfit},
    number::{Atoms, from_sql, handle, to_sql},
};

/// Levels; a step of the last one holds some thirty million changes.
pub(super) const LEVELS: usize = 12;

/// A layer of a market's waterfall at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerThen {
    /// Which layer.
    pub source: Source,
    /// What it had borne of this market's losses until then, in atoms.
    pub paid: Amount,
    /// What it held, in atoms of the market's asset: none where users bear it, for a layer in another asset,
    /// and for one that stands in the waterfall no more.
    pub held: Option<Amount>,
}

/// How a market stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    /// The last record that concerned it.
    pub(super) last: u64,
    pub(super) price: Option<Price>,
    pub(super) interest: Option<Base>,
    pub(super) liquidations: u64,
    pub(super) losses: u64,
    pub(super) lost: Amount,
    pub(super) balance: Amount,
    pub(super) layers: Vec<LayerThen>,
}

/// A step that goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) first: u64,
    /// When its first change came.
    pub(super) begun: u64,
    pub(super) parts: u32,
    pub(super) high: Option<Price>,
    pub(super) low: Option<Price>,
    pub(super) lowest: Amount,
    pub(super) worst: Option<(LossId, Amount)>,
    /// Differs from what is stored.
    pub(super) changed: bool,
}

/// A market with its open steps, one on each level.
#[derive(Debug, Default)]
pub(super) struct Market {
    pub(super) scene: Scene,
    pub(super) open: [Option<Open>; LEVELS],
}

impl Market {
    /// What was stored of a market.
    pub(super) fn load(connection: &Connection, id: MarketId) -> Result<Self, Fault> {
        let mut market = Self::default();
        let sql = "SELECT last, open, parts, price, high, low, interest, liquidations, losses, lost, worst, \
                 worst_gross, balance, lowest, layers, first, time \
               FROM frame JOIN record ON record.seq = first \
               WHERE market = ?1 AND level = ?2 ORDER BY first DESC LIMIT 1";
        let mut statement = connection.prepare_cached(sql)?;
        for (place, level) in market.open.iter_mut().zip(0i64..) {
            let found = statement.query_row((id.get(), level), |row| {
                let frame = stored(row)?;
                let open: bool = row.get(1)?;
                let open = open.then_some(Open {
                    first: frame.first,
                    begun: from_sql(row.get(16)?),
                    parts: frame.parts,
                    high: frame.high,
                    low: frame.low,
                    lowest: frame.lowest,
                    worst: frame.worst,
                    changed: false,
                });
                Ok((frame.scene, open))
            });
            let Some((scene, open)) = found.optional()? else { continue };
            if level == 0 {
                market.scene = scene;
            }
            *place = open;
        }
        Ok(market)
    }
}

/// A row as it is stored.
pub(super) struct Stored {
    pub(super) scene: Scene,
    pub(super) first: u64,
    pub(super) parts: u32,
    pub(super) high: Option<Price>,
    pub(super) low: Option<Price>,
    pub(super) lowest: Amount,
    pub(super) worst: Option<(LossId, Amount)>,
}

/// Reads a row: last, open, parts, price, high, low, interest, liquidations, losses, lost, worst, its gross,
/// balance, lowest, layers, first.
pub(super) fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let atoms = |at: usize| -> rusqlite::Result<Option<Amount>> {
        let atoms: Option<Atoms> = row.get(at)?;
        Ok(atoms.map(|Atoms(amount)| amount))
    };
    let price = |at: usize| -> rusqlite::Result<Option<Price>> {
        Ok(atoms(at)?.map(|amount| Price::new(amount.get())))
    };
    let worst: Option<i64> = row.get(10)?;
    let layers = row.get_ref(14)?.as_blob()?;
    Ok(Stored {
        scene: Scene {
            last: from_sql(row.get(0)?),
            price: price(3)?,
            interest: atoms(6)?.map(|amount| Base::new(amount.get())),
            liquidations: from_sql(row.get(7)?),
            losses: from_sql(row.get(8)?),
            lost: atoms(9)?.unwrap_or_default(),
            balance: atoms(12)?.unwrap_or_default(),
            layers: unpacked(layers).unwrap_or_default(),
        },
        first: from_sql(row.get(15)?),
        parts: row.get(2)?,
        high: price(4)?,
        low: price(5)?,
        lowest: atoms(13)?.unwrap_or_default(),
        worst: worst.map(handle).map(LossId::new).zip(atoms(11)?),
    })
}

/// Stores a step; one that goes on takes the place of what was stored of it.
pub(super) fn store(
    connection: &Connection,
    (market, level): (MarketId, usize),
    scene: &Scene,
    (step, open): (&Open, bool),
) -> Result<(), Fault> {
    let sql = "INSERT OR REPLACE INTO frame (market, level, first, last, open, parts, price, high, low, interest, \
                 liquidations, losses, lost, worst, worst_gross, balance, lowest, layers) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
    let price = |price: Option<Price>| price.map(|price| Atoms(Amount::new(price.get())));
    let level = i64::try_from(level).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute(rusqlite::params![
        market.get(),
        level,
        to_sql(step.first),
        to_sql(scene.last),
        open,
        step.parts,
        price(scene.price),
        price(step.high),
        price(step.low),
        scene.interest.map(|base| Atoms(Amount::new(base.get()))),
        to_sql(scene.liquidations),
        to_sql(scene.losses),
        Atoms(scene.lost),
        step.worst.map(|(loss, _)| loss.get()),
        step.worst.map(|(_, gross)| Atoms(gross)),
        Atoms(scene.balance),
        Atoms(step.lowest),
        packed(&scene.layers).ok_or(Misfit::Handle)?,
    ])?;
    Ok(())
}

/// Layers as bytes: the source as its encoding has it, then both amounts without their leading zeros, each
/// behind its length; 255 stands for no amount.
fn packed(layers: &[LayerThen]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(layers.len().saturating_mul(20));
    for layer in layers {
        borsh::to_writer(&mut bytes, &layer.source).ok()?;
        for amount in [Some(layer.paid), layer.held] {
            let Some(amount) = amount else {
                bytes.push(u8::MAX);
                continue;
            };
            let all = amount.get().to_be_bytes();
            let zeros = all.iter().take_while(|byte| **byte == 0).count();
            let some = all.get(zeros..)?;
            bytes.push(u8::try_from(some.len()).ok()?);
            bytes.extend_from_slice(some);
        }
    }
    Some(bytes)
}

/// The layers of [`packed`]; none for other bytes.
fn unpacked(mut bytes: &[u8]) -> Option<Vec<LayerThen>> {
    use borsh::BorshDeserialize as _;
    let mut layers = Vec::new();
    while !bytes.is_empty() {
        let source = Source::deserialize(&mut bytes).ok()?;
        let [paid, held]: [Option<Option<Amount>>; 2] = array::from_fn(|_| {
            let (length, rest) = bytes.split_first()?;
            if *length == u8::MAX {
                bytes = rest;
                return Some(None);
            }
            let (some, rest) = rest.split_at_checked(usize::from(*length))?;
            bytes = rest;
            let mut all = [0; 16];
            all.get_mut(16usize.checked_sub(some.len())?..)?.copy_from_slice(some);
            Some(Some(Amount::new(u128::from_be_bytes(all))))
        });
        layers.push(LayerThen { source, paid: paid??, held: held? });
    }
    Some(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_units::{FundId, TrancheId};

    #[test]
    fn layers_come_back() {
        let layer = |source, paid: u128, held: Option<u128>| LayerThen {
            source,
            paid: Amount::new(paid),
            held: held.map(Amount::new),
        };
        let layers = vec![
            layer(Source::FeePool, 0, Some(0)),
            layer(Source::Reserve(FundId::new(7)), 300, Some(u128::MAX)),
            layer(Source::Staked(TrancheId::new(u32::MAX)), u128::MAX, None),
            layer(Source::Equity, 1 << 64, None),
        ];
        let bytes = packed(&layers).unwrap();
        assert_eq!(unpacked(&bytes), Some(layers));
        assert_eq!(unpacked(&[]), Some(Vec::new()));
        for cut in 1..bytes.len() {
            // What is cut within a layer is refused; between two of them it is the shorter list.
            let known = unpacked(&bytes[..cut]);
            assert!(known.is_none_or(|known| known.len() < 4), "{cut}");
        }
        assert_eq!(unpacked(&[99]), None);
    }
}
