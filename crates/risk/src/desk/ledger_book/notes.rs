//! What a reader must know of a book that was taken from a ledger.

use crate::{data::MarketSpec, desk::setup::Shape};
use backstop_units::{Label, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Pledged assets that the notes are about.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The ledger never had a price of it.
    pub(super) unpriced: BTreeSet<Label>,
    /// Of when its last price is, where none is fresh.
    pub(super) stale: BTreeMap<Label, Timestamp>,
    /// No market is known that it follows.
    pub(super) unknown: BTreeSet<Label>,
}

impl Found {
    pub(super) fn notes(&self) -> Vec<String> {
        let unknown = self.unknown.iter().map(|asset| {
            format!(
                "pledges of {asset} count as cash at their value after haircut, so no fall of {asset} is in the need: the ledger \
                 knows no market that it follows; name one as [asset.{asset}] in a markets file (--venue)"
            )
        });
        let unpriced = self.unpriced.iter().map(|asset| {
            format!("pledges of {asset} count for nothing: the ledger never had a price of it")
        });
        let stale = self.stale.iter().map(|(asset, at)| {
            format!(
                "pledges of {asset} are valued at the ledger's last price of it, of {at}: none is fresh"
            )
        });
        unknown.chain(unpriced).chain(stale).collect()
    }
}

/// Markets of which a file does not say what forced trades need to know.
#[derive(Debug)]
pub(super) struct Lacks {
    shape: Shape,
    depth: Vec<String>,
    adv: Vec<String>,
    sigma: Vec<String>,
}

impl Lacks {
    /// None yet; the shape decides what trades need.
    pub(super) const fn new(shape: Shape) -> Self {
        Self { shape, depth: Vec::new(), adv: Vec::new(), sigma: Vec::new() }
    }

    pub(super) fn look(&mut self, name: &str, row: Option<&MarketSpec>, blind: bool) {
        let lacks = |pick: fn(&MarketSpec) -> Option<f64>| row.and_then(pick).is_none();
        let (depth, adv) = (lacks(|row| row.depth_per_percent), lacks(|row| row.adv));
        let sigma = blind && !adv && lacks(|row| row.sigma);
        for (lacks, names) in
            [(depth, &mut self.depth), (adv, &mut self.adv), (sigma, &mut self.sigma)]
        {
            if lacks {
                names.push(name.to_owned());
            }
        }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let (deciding, column) = match self.shape {
            Shape::Linear => (&self.depth, "depth_per_percent"),
            Shape::SquareRoot => (&self.adv, "adv"),
        };
        let infinite = format!(
            "infinitely deep, because no row of a markets file (--venue) gives {column}, so forced trades move no price: "
        );
        let no_volume =
            "no adv in a markets file, so days to sell the largest position are not known: ";
        let no_sigma = "no price history and no sigma, so a day's deviation of 5% stands in: ";
        let square = matches!(self.shape, Shape::SquareRoot);
        [
            (infinite.as_str(), deciding, true),
            (no_volume, &self.adv, !square),
            (no_sigma, &self.sigma, square),
        ]
        .into_iter()
        .filter(|(_, names, told)| *told && !names.is_empty())
        .map(|(words, names, _)| format!("{words}{}", names.join(", ")))
        .collect()
    }
}
