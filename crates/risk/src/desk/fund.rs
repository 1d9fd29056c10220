//! The fund that a run is about: its fee control and what counts of its money, out of a ledger or a preset.

use super::{error::DeskError, setup::Setup};
use crate::{demo::Cast, float::to_float};
use backstop_core::{
    Genesis, State, begin,
    fund::{controls::Control, coverage},
    state::Fund,
};
use backstop_units::{Amount, FundId, Label, Timestamp};

/// One fund as a ledger has it.
#[derive(Clone, Debug)]
pub struct LedgerFund {
    /// Its handle.
    pub id: FundId,
    /// Its name.
    pub name: Label,
    /// Which one it is, in the report's words: its name, its ledger or preset, after how many records.
    pub place: String,
    /// Policy, rate, integral and last run of its fee control, with what was reported to it.
    pub control: Control,
    /// What counts toward its target under its own policy, in atoms.
    pub counted: Amount,
    /// What it has besides and does not count: stakers' money under most policies, what is reserved or not within reach.
    pub beside: Amount,
    /// Decimals of its asset.
    pub decimals: u8,
    /// The time of the last record.
    pub now: Timestamp,
}

impl LedgerFund {
    /// The fund of a ledger that has this name, or its only one; none where there is no fund.
    ///
    /// # Errors
    /// [`DeskError::WhichFund`] without a name where there are several, [`DeskError::NoFund`] for a name that none has; both
    /// with the names there are. [`DeskError::Ledger`] for a name in a ledger without a fund.
    pub fn of(state: &State, name: Option<&str>) -> Result<Option<Self>, DeskError> {
        Self::among(state, name, &|_| true)
    }

    /// The same among those funds that come into question.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(super) fn among(
        state: &State,
        name: Option<&str>,
        may: &dyn Fn(FundId) -> bool,
    ) -> Result<Option<Self>, DeskError> {
        let all: Vec<(FundId, &Fund)> = state.funds.iter().filter(|(id, _)| may(*id)).collect();
        let known = || {
            let names: Vec<String> = all.iter().map(|(_, fund)| fund.label.to_string()).collect();
            names.join(", ")
        };
        let found = match (name, all.as_slice()) {
            (None, []) => return Ok(None),
            (None, [only]) => *only,
            (None, _) => return Err(DeskError::WhichFund { known: known() }),
            (Some(name), []) => {
                let fault = format!(
                    "fund.name names {name:?}, and the ledger has no fund: create one, or take the name out of the settings"
                );
                return Err(DeskError::Ledger {
                    place: format!("ledger {}", state.meta.ledger),
                    fault,
                });
            }
            (Some(name), _) => {
                let called = all.iter().find(|(_, fund)| fund.label.to_string() == name);
                let no_fund = || DeskError::NoFund { name: name.to_owned(), known: known() };
                *called.ok_or_else(no_fund)?
            }
        };
        let of = format!("ledger {} after {} records", state.meta.ledger, state.meta.next.get());
        Self::read(state, found, &of).map(Some)
    }

    /// The fund of a preset's first market, as it is when its ledger begins; none where the preset has none.
    pub(super) fn of_preset(genesis: &Genesis) -> Option<Self> {
        let cast = Cast::of(genesis).ok()?;
        let (state, _) = begin(genesis, Timestamp::ZERO).ok()?;
        let found = state.funds.iter().find(|(_, fund)| fund.label == cast.fund)?;
        Self::read(&state, found, &format!("the preset {}", genesis.preset)).ok()
    }

    fn read(state: &State, (id, fund): (FundId, &Fund), of: &str) -> Result<Self, DeskError> {
        let refused = |halt: &dyn std::fmt::Display| DeskError::Ledger {
            place: format!("fund {} of {of}", fund.label),
            fault: halt.to_string(),
        };
        let parts = coverage(state, id, fund).map_err(|halt| refused(&halt))?;
        let control = state.controls.get(id).cloned();
        Ok(Self {
            id,
            name: fund.label,
            place: format!("fund {} of {of}", fund.label),
            control: control.unwrap_or_default(),
            counted: parts.counted,
            beside: parts.total().saturating_sub(parts.counted),
            decimals: state.assets.get(fund.asset).map_or(0, |asset| asset.decimals),
            now: state.meta.now,
        })
    }

    /// What counts toward its target, in whole units of its asset.
    pub fn size(&self) -> f64 {
        self.whole(self.counted)
    }

    fn whole(&self, atoms: Amount) -> f64 {
        to_float(atoms.get()) / libm::pow(10.0, f64::from(self.decimals))
    }

    /// Whether a run takes its size from here.
    pub(super) fn is_size_of(&self, setup: &Setup) -> bool {
        self.size().to_bits() == setup.fund.size.to_bits()
    }

    /// What a reader must know of that size; none when all the fund's money counts.
    pub(super) fn note(&self, setup: &Setup) -> Option<String> {
        let told = self.is_size_of(setup) && !self.beside.is_zero();
        told.then(|| {
            format!(
                "{} has {} besides, staked, reserved or out of reach, which does not count toward its target: the fund of \
                 this report is without it",
                self.place,
                self.whole(self.beside)
            )
        })
    }

    /// Puts into settings what they leave to the ledger: name and decimals, and the size where they have none.
    pub fn settle(&self, setup: &mut Setup) {
        setup.fund.name = Some(self.name.to_string());
        setup.fund.decimals = self.decimals;
        if setup.fund.size <= 0.0 {
            setup.fund.size = self.size();
        }
    }
}
