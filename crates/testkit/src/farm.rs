//! Farms over the vault of [`vault`](crate::vault), and a naive model of one.
//!
//! ```text
//!   farm barn    ore staked, rewards in usdt          alice runs it
//!   farm crop    shares of the vault safe staked      carol, its curator, runs it
//! ```

use crate::{label, world::World};
use backstop_core::{
    Body,
    command::{
        CreateFarm, FarmStake, FundFarm, HarvestFarm, RefreshFarm, SetReward, StakeFarm,
        UnstakeFarm, WithdrawFarm,
    },
    policy::{FarmKind, FarmPolicy, RewardPoint, RewardTerms},
};
use backstop_units::{Amount, Shares, Timestamp};
use std::collections::BTreeMap;

/// The farm of ore.
pub const BARN: &str = "barn";
/// The farm of the vault's shares.
pub const CROP: &str = "crop";

/// Opens the farm of ore.
pub fn barn(policy: FarmPolicy) -> CreateFarm {
    CreateFarm {
        label: label(BARN),
        kind: FarmKind::Open,
        stake: FarmStake::Asset(label("ore")),
        owner: label("alice"),
        treasury: label("treasury"),
        penalties_to: label("treasury"),
        policy: Box::new(policy),
    }
}

/// Opens the farm of the vault's shares.
pub fn crop(kind: FarmKind, policy: FarmPolicy) -> CreateFarm {
    CreateFarm {
        label: label(CROP),
        kind,
        stake: FarmStake::Vault(label(crate::vault::SAFE)),
        owner: label("carol"),
        penalties_to: label("dave"),
        ..barn(policy)
    }
}

/// So much a second from a moment on.
pub fn rate(at: Timestamp, rate: u128) -> RewardTerms {
    let points = vec![RewardPoint { at, rate: Amount::new(rate) }];
    RewardTerms { points, ..RewardTerms::default() }
}

/// Sets how dollars come.
pub fn reward(farm: &str, terms: RewardTerms) -> SetReward {
    SetReward { farm: label(farm), asset: label("usdt"), terms: Box::new(terms) }
}

/// Pays dollars in.
pub fn fund(account: &str, farm: &str, amount: u128) -> FundFarm {
    let (account, farm, asset) = (label(account), label(farm), label("usdt"));
    FundFarm { account, farm, asset, amount: Amount::new(amount) }
}

/// Stakes.
pub fn stake(account: &str, farm: &str, amount: u128) -> StakeFarm {
    StakeFarm { account: label(account), farm: label(farm), amount: Amount::new(amount) }
}

/// Takes shares out.
pub fn unstake(account: &str, farm: &str, shares: u128) -> UnstakeFarm {
    UnstakeFarm { account: label(account), farm: label(farm), shares: Shares::new(shares) }
}

/// Pays exits.
pub fn withdraw(account: &str, farm: &str) -> WithdrawFarm {
    WithdrawFarm { account: label(account), farm: label(farm) }
}

/// Claims dollars.
pub fn harvest(account: &str, farm: &str) -> HarvestFarm {
    HarvestFarm { account: label(account), farm: label(farm), asset: label("usdt") }
}

/// Brings a place up to now.
pub fn refresh(account: &str, farm: &str) -> RefreshFarm {
    RefreshFarm { farm: label(farm), account: Some(label(account)) }
}

/// The world of the vault, with the farm of ore.
pub fn world(policy: FarmPolicy) -> World {
    let mut world = crate::vault::world(crate::vault::policy());
    world.must("alice", barn(policy));
    world
}

/// Opens a farm, sent by whom it will belong to.
///
/// # Panics
/// When it is refused.
pub fn create(world: &mut World, command: CreateFarm) {
    let owner = world.state.account_id(command.owner).expect("an account of the world");
    let owner = world.state.accounts.get(owner).expect("an account").label.to_string();
    world.must(&owner, Body::from(command));
}

/// Fractions of an atom in the model: fine enough that thousands of seconds stay far below an atom.
const PARTS: u128 = 1_000_000_000_000_000_000;

/// One farm with one reward, second by second: what everybody has is a list, and each second is shared out by itself.
/// Written from the design's text.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The rate a second, in parts of an atom.
    pub rate: u128,
    /// Ten to the power of the rate's decimals.
    pub scale: u128,
    /// Atoms that nobody was given.
    pub left: u128,
    /// Seconds that a deposit waits.
    pub warmup: u64,
    /// What earns, by name.
    pub active: BTreeMap<String, u128>,
    /// Deposits that wait: whose, how much, until when.
    pub warming: Vec<(String, u128, u64)>,
    /// At most what each has earned ever, in [`PARTS`] of an atom.
    pub most: BTreeMap<String, u128>,
    /// At least.
    pub least: BTreeMap<String, u128>,
    /// Parts of an atom that were due and made no whole one yet.
    due: u128,
    now: u64,
}

impl Model {
    /// A farm that pays so much a second, in parts of an atom; its deposits wait so many seconds.
    pub fn new(rate: u128, scale: u128, warmup: u64) -> Self {
        Self { rate, scale, warmup, ..Self::default() }
    }

    /// Lets seconds pass.
    pub fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1;
            let all: u128 = self.active.values().sum();
            if all == 0 {
                continue;
            }
            self.due += self.rate;
            let amount = (self.due / self.scale).min(self.left);
            self.due %= self.scale;
            self.left -= amount;
            for (name, own) in &self.active {
                let part = amount * PARTS * own;
                *self.least.entry(name.clone()).or_default() += part / all;
                *self.most.entry(name.clone()).or_default() += part.div_ceil(all);
            }
        }
    }

    /// Somebody shows up: his deposits whose wait is over begin to earn.
    pub fn touch(&mut self, name: &str) {
        let now = self.now;
        let due = |(whose, _, until): &(String, u128, u64)| whose == name && *until <= now;
        for (_, amount, _) in self.warming.iter().filter(|deposit| due(deposit)) {
            *self.active.entry(name.to_owned()).or_default() += amount;
        }
        self.warming.retain(|deposit| !due(deposit));
    }

    /// Somebody stakes.
    pub fn stake(&mut self, name: &str, amount: u128) {
        if self.warmup == 0 {
            *self.active.entry(name.to_owned()).or_default() += amount;
        } else {
            self.warming.push((name.to_owned(), amount, self.now + self.warmup));
        }
    }

    /// Between which whole atoms somebody's rewards ever lie. An index rounds each issue by less than a step a
    /// share, which the carry hands on: an atom at most either way for what the tests stake.
    pub fn bounds(&self, name: &str) -> (u128, u128) {
        let of = |sums: &BTreeMap<String, u128>| sums.get(name).copied().unwrap_or(0);
        ((of(&self.least) / PARTS).saturating_sub(1), of(&self.most) / PARTS + 1)
    }
}
