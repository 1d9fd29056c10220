//! Every fee of lending: who gets it, what it is a part of, what it is for, what it is if nothing is said, and what is
//! recommended. One table, for the command line, the pages and the documentation.

use backstop_units::{Amount, Bps};
use serde_json::{Value, json};

/// What a fee comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// A part.
    Part(Bps),
    /// So many atoms.
    Atoms(Amount),
}

/// One fee.
#[derive(Clone, Copy, Debug)]
pub struct Fee {
    /// What it is called.
    pub name: &'static str,
    /// Which rules it stands in.
    pub of: &'static str,
    /// The setting.
    pub setting: &'static str,
    /// Who gets it.
    pub recipient: &'static str,
    /// What it is a part of, or counted for.
    pub basis: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// What it is if nothing is said.
    pub default: Rate,
    /// What is recommended, in words.
    pub recommended: &'static str,
}

/// Every fee of lending.
pub const FEES: &[Fee] = &[
    Fee {
        name: "performance fee",
        of: "vault",
        setting: "performance",
        recipient: "curator",
        basis: "profit, above the highest share price so far",
        purpose: "pays the curator for yield",
        default: Rate::Part(Bps::ZERO),
        recommended: "up to 15 %",
    },
    Fee {
        name: "management fee",
        of: "vault",
        setting: "management",
        recipient: "curator",
        basis: "net assets, by the year",
        purpose: "pays the curator for management, whatever the yield",
        default: Rate::Part(Bps::ZERO),
        recommended: "up to 2 %",
    },
    Fee {
        name: "withdrawal penalty, part",
        of: "vault",
        setting: "penalty",
        recipient: "vault: who stays",
        basis: "what is delivered; the greater of the two penalties",
        purpose: "who comes for a yield and leaves with it gains nothing; no revenue",
        default: Rate::Part(Bps::new(1)),
        recommended: "0.01 %",
    },
    Fee {
        name: "withdrawal penalty, atoms",
        of: "vault",
        setting: "penalty_min",
        recipient: "vault: who stays",
        basis: "each withdrawal; the greater of the two penalties",
        purpose: "dust can't round the penalty away; no revenue",
        default: Rate::Atoms(Amount::new(1)),
        recommended: "1",
    },
    Fee {
        name: "crank fee",
        of: "vault",
        setting: "crank_fee",
        recipient: "vault's crank account",
        basis: "each active reserve, each deposit",
        purpose: "pays what roundings cost when deposits are invested; no revenue",
        default: Rate::Atoms(Amount::new(1)),
        recommended: "1 to 2",
    },
    Fee {
        name: "take rate",
        of: "reserve",
        setting: "interest.take",
        recipient: "reserve's treasury",
        basis: "interest that borrowers pay by the curve",
        purpose: "pays the protocol",
        default: Rate::Part(Bps::new(1_500)),
        recommended: "10 to 20 %",
    },
    Fee {
        name: "referral",
        of: "reserve",
        setting: "interest.referral",
        recipient: "referrers",
        basis: "the protocol's part of interest",
        purpose: "pays who brings borrowers; lenders pay nothing of it",
        default: Rate::Part(Bps::ZERO),
        recommended: "0 %",
    },
    Fee {
        name: "host rate",
        of: "reserve",
        setting: "interest.host_rate",
        recipient: "reserve's treasury",
        basis: "debts, by the year, on top of the curve",
        purpose: "pays the protocol for a term or a market; borrowers pay it",
        default: Rate::Part(Bps::ZERO),
        recommended: "0 %",
    },
    Fee {
        name: "liquidation bonus",
        of: "reserve",
        setting: "collateral.bonus",
        recipient: "liquidator",
        basis: "what he repays, taken in collateral",
        purpose: "somebody repays while the collateral is enough",
        default: Rate::Part(Bps::ZERO),
        recommended: "5 %, so that liquidation × (1 + bonus) stays below 100 %",
    },
    Fee {
        name: "protocol's part of the bonus",
        of: "reserve",
        setting: "collateral.bonus_take",
        recipient: "reserve's treasury",
        basis: "the liquidation bonus",
        purpose: "pays the protocol",
        default: Rate::Part(Bps::ZERO),
        recommended: "up to 20 %",
    },
    Fee {
        name: "fee on rewards",
        of: "farm",
        setting: "fee",
        recipient: "farm's treasury",
        basis: "rewards, when they are claimed",
        purpose: "pays who runs the farm",
        default: Rate::Part(Bps::ZERO),
        recommended: "0 %",
    },
    Fee {
        name: "early-exit penalty",
        of: "farm",
        setting: "penalty",
        recipient: "whom the farm names",
        basis: "stake that leaves a lock, less with every moment of it",
        purpose: "a lock that can be broken at a price",
        default: Rate::Part(Bps::ZERO),
        recommended: "0 %, or what the lock's rewards are worth",
    },
    Fee {
        name: "release of an insurance pool",
        of: "pool",
        setting: "–",
        recipient: "nobody",
        basis: "what is released for a loss",
        purpose: "all of it is for those who were hurt; the withdrawal penalty is not taken",
        default: Rate::Atoms(Amount::ZERO),
        recommended: "none, fixed",
    },
];

impl Rate {
    /// As people read it.
    pub fn told(self) -> String {
        match self {
            Self::Part(part) => part.to_string().replace('%', " %"),
            Self::Atoms(atoms) => atoms.to_string(),
        }
    }
}

/// The table as JSON.
pub fn fees() -> Value {
    let rows = FEES.iter().map(|fee| {
        json!({
            "fee": fee.name, "of": fee.of, "setting": fee.setting, "recipient": fee.recipient,
            "basis": fee.basis, "purpose": fee.purpose, "default": fee.default.told(),
            "recommended": fee.recommended,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backstop_core::policy::{FarmPolicy, InterestPolicy, PledgePolicy, VaultPolicy};

    /// The table says what the settings are if nothing is said.
    #[test]
    fn defaults_are_the_rules_own() {
        let (vault, interest, farm) =
            (VaultPolicy::default(), InterestPolicy::default(), FarmPolicy::default());
        let pledge: PledgePolicy = serde_json::from_value(json!({
            "asset": "eth", "borrow": 7_000, "liquidation": 8_000,
        }))
        .unwrap();
        for (of, setting, want) in [
            ("vault", "performance", Rate::Part(vault.performance)),
            ("vault", "management", Rate::Part(vault.management)),
            ("vault", "penalty", Rate::Part(vault.penalty)),
            ("vault", "penalty_min", Rate::Atoms(vault.penalty_min)),
            ("vault", "crank_fee", Rate::Atoms(vault.crank_fee)),
            ("reserve", "interest.take", Rate::Part(interest.take)),
            ("reserve", "interest.referral", Rate::Part(interest.referral)),
            ("reserve", "interest.host_rate", Rate::Part(interest.host_rate)),
            ("reserve", "collateral.bonus", Rate::Part(pledge.bonus)),
            ("reserve", "collateral.bonus_take", Rate::Part(pledge.bonus_take)),
            ("farm", "fee", Rate::Part(farm.fee)),
            ("farm", "penalty", Rate::Part(farm.penalty)),
            ("pool", "–", Rate::Atoms(Amount::ZERO)),
        ] {
            let fee = FEES.iter().find(|fee| (fee.of, fee.setting) == (of, setting)).unwrap();
            assert_eq!(fee.default, want, "{of} {setting}");
        }
        assert_eq!(FEES.len(), 13);
        assert_eq!(
            (Rate::Part(Bps::new(1)).told(), Rate::Atoms(Amount::new(1)).told()),
            ("0.01 %".to_owned(), "1".to_owned())
        );
    }
}
