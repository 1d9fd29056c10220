//! What the model remembers.

use super::{
    adl::Taken,
    control::Control,
    deposits::Lent,
    math::{covered, floor},
    reserve::{Held, Offline},
};
use backstop_core::{
    Body,
    command::{Direction, OpenAdl, Outcome, Party},
    loss::{adl::Candidate, claim::Kind, equity::Holder},
    policy::{
        AdlPolicy, Cause, EquityPolicy, FundPolicy, IndexPolicy, LayerPolicy, LayerSource, Limits,
        PoolPolicy, Role, TranchePolicy, Underwater,
    },
    state::LossStatus,
};
use backstop_units::{Hash, Label, Span, Timestamp};
use ruint::aliases::U256;
use std::ops::Range;

/// Past this, the core may refuse with `OVERFLOW`: sums of such amounts meet the end of 128 bits.
const HUGE: u128 = 1 << 96;

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) limits: Limits,
    pub(super) council: (u8, u8),
    pub(super) nonce: u64,
    pub(super) accounts: Vec<Label>,
    pub(super) roles: Vec<(Label, Vec<Role>)>,
    /// Free balances by account and asset.
    pub(super) balances: Vec<((Label, Label), u128)>,
    pub(super) pending: Vec<((Party, Label), u128)>,
    pub(super) custody: Vec<Custody>,
    pub(super) funds: Vec<Fund>,
    pub(super) tranches: Vec<Tranche>,
    pub(super) tickets: Vec<Ticket>,
    pub(super) markets: Vec<Market>,
    pub(super) losses: Vec<Loss>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) indexes: Vec<Index>,
    /// Why a refusal would be right as well.
    pub(super) unsure: Option<&'static str>,
}

/// What goes both ways: two sums that only grow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Net {
    pub(super) plus: U256,
    pub(super) minus: U256,
}

#[derive(Clone, Debug)]
pub(super) struct Custody {
    pub(super) asset: Label,
    pub(super) signed: bool,
    /// As of when it was last compared.
    pub(super) as_of: Timestamp,
    pub(super) held: u128,
    pub(super) suspense: Net,
    pub(super) transit: Net,
}

#[derive(Clone, Debug)]
pub(super) struct Fund {
    pub(super) label: Label,
    pub(super) threshold: u128,
    pub(super) target: u128,
    pub(super) policy: FundPolicy,
    pub(super) reserve: u128,
    pub(super) contributions: u128,
    pub(super) gifts: Vec<(Label, u128)>,
    /// Stretches during which alerts held exits.
    pub(super) alerts: Vec<Hold>,
    pub(super) pauses: Vec<Hold>,
    pub(super) gates: Vec<Gate>,
    /// Income that waits to be settled.
    pub(super) revenue: u128,
    pub(super) settled_at: Timestamp,
    /// What is free behind it, if that was reported.
    pub(super) free: Option<i128>,
    /// What of the reserve is at a yield venue.
    pub(super) idle: u128,
    pub(super) control: Option<Control>,
    /// All reservations there ever were.
    pub(super) held: Vec<Held>,
}

/// Exits or entries are held for a stretch of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// What was asked for, if it was ended early.
    pub(super) asked: Timestamp,
}

/// A loss holds a fund from `from` until `until`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    pub(super) loss: usize,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// Placed, void or lapsed: it holds no longer.
    pub(super) over: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Tranche {
    pub(super) label: Label,
    pub(super) fund: usize,
    pub(super) policy: TranchePolicy,
    pub(super) series: u32,
    pub(super) assets: u128,
    /// Who holds how many shares of the current series.
    pub(super) holders: Vec<(Label, u128)>,
    /// Shares of the protocol.
    pub(super) protocol: u128,
    /// What rescaling rounded away from holders: it is nobody's.
    pub(super) dust: u128,
    /// Shares on open tickets, by holder, and of all.
    pub(super) queued: Vec<(Label, u128)>,
    pub(super) queued_all: u128,
    /// By how many powers of ten the series was rescaled.
    pub(super) base: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) tranche: usize,
    pub(super) account: Label,
    pub(super) series: u32,
    pub(super) shares: u128,
    pub(super) value: u128,
    pub(super) ready_at: Timestamp,
    pub(super) window: Span,
    pub(super) closed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Market {
    pub(super) label: Label,
    pub(super) fund: usize,
    pub(super) underwater: Underwater,
    pub(super) event_window: Span,
    pub(super) layers: Vec<LayerPolicy>,
    /// How far a mark may lie from the index, in millionths; none: any mark will do.
    pub(super) mark_band: Option<u32>,
    pub(super) fee_pool: u128,
    pub(super) clearing: Net,
    pub(super) socialised: u128,
    pub(super) residual: u128,
    pub(super) deleveraged: u128,
    pub(super) depositors: u128,
    /// What lenders hold, once reported.
    pub(super) lent: Option<Lent>,
    pub(super) adl: Option<AdlPolicy>,
    pub(super) equity: Option<EquityPolicy>,
    pub(super) by_equity: u128,
    pub(super) open_interest: u128,
    /// What the index has distributed, and its carry, in 1/2⁶⁰ atom.
    pub(super) index: u128,
    pub(super) index_carry: u128,
    /// Every draw ever, by layer.
    pub(super) uses: Vec<Use>,
    pub(super) pools: Option<PoolPolicy>,
    pub(super) pnl_pool: u128,
    pub(super) results: Results,
    pub(super) offline: Offline,
    pub(super) open_interest_max: Option<u128>,
}

/// What a market's pools were told and have moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Results {
    pub(super) exchange_fees: u128,
    pub(super) liquidation_fees: u128,
    pub(super) surplus: i128,
    pub(super) net_revenue: i128,
    pub(super) passed_on: u128,
    pub(super) received: i128,
    pub(super) moved_at: Timestamp,
}

/// A layer paid this much at that moment.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) source: LayerSource,
    pub(super) cause: Cause,
    pub(super) at: Timestamp,
    pub(super) amount: u128,
    /// Given back since: the loss was void.
    pub(super) returned: u128,
    pub(super) loss: usize,
    /// The rows of the loss that it is.
    pub(super) rows: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) market: usize,
    pub(super) cause: Cause,
    pub(super) status: LossStatus,
    pub(super) gross: u128,
    pub(super) evidence: Hash,
    pub(super) lapses_at: Timestamp,
    pub(super) rows: Vec<Row>,
    /// What layers that pay later are asked for.
    pub(super) claims: Vec<Claim>,
}

/// What a layer that pays later is asked for, and who has paid of it.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) kind: Kind,
    pub(super) row: usize,
    pub(super) amount: u128,
    pub(super) placed_at: Timestamp,
    /// What was announced last: how many, how much in all, and under which root.
    pub(super) open: Option<(u32, u128, Hash)>,
    /// The prices of a deleveraging.
    pub(super) prices: Option<OpenAdl>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) holders: Vec<Holder>,
    /// How many have paid, and who: lots or equity, and money.
    pub(super) payers: usize,
    pub(super) taken: Vec<Taken>,
    pub(super) done: bool,
    pub(super) closed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Of which layer; the residual stands behind all.
    pub(super) layer: usize,
    pub(super) bearer: Bearer,
    pub(super) amount: u128,
    pub(super) recovered: u128,
    /// What each bearer was paid of it.
    pub(super) paid: Vec<(Label, u128)>,
}

#[derive(Clone, Debug)]
pub(super) enum Bearer {
    FeePool,
    Reserve(usize),
    Contributions(usize),
    /// Of which tranche, and who held how many shares when it struck.
    Stakers(usize, Vec<(Label, u128)>),
    Positions,
    /// Who paid a claim of the loss, by its number.
    Claim(usize),
    Lenders,
    Nobody,
}

#[derive(Clone, Debug)]
pub(super) struct Transfer {
    pub(super) direction: Direction,
    pub(super) party: Party,
    pub(super) asset: Label,
    pub(super) amount: u128,
    pub(super) outcome: Option<Outcome>,
}

#[derive(Clone, Debug)]
pub(super) struct Proposal {
    pub(super) by: Label,
    pub(super) body: Body,
    pub(super) expires_at: Timestamp,
    pub(super) nonce: u64,
    pub(super) delay: Span,
    pub(super) keys: Vec<u8>,
    pub(super) ready_at: Option<Timestamp>,
    pub(super) closed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) policy: IndexPolicy,
    pub(super) feeds: Vec<Feed>,
    /// Every accepted price since the last one that had to be confirmed.
    pub(super) accepted: Vec<(Timestamp, u128)>,
    /// The medians outside of the band that hang together.
    pub(super) outside: Vec<(Timestamp, u128)>,
}

#[derive(Clone, Debug)]
pub(super) struct Feed {
    pub(super) label: Label,
    pub(super) family: Label,
    /// Of its key; without one the venue reports.
    pub(super) seed: Option<u8>,
    pub(super) retired: bool,
    /// Price, its own time, when it came.
    pub(super) last: Option<(u128, Timestamp, Timestamp)>,
}

impl Model {
    pub(super) fn balance(&mut self, account: Label, asset: Label) -> &mut u128 {
        entry(&mut self.balances, (account, asset))
    }

    /// Where a label stands among the funds, and so on; nothing for an unknown one.
    pub(super) fn fund(&self, label: Label) -> Result<usize, super::No> {
        let found = self.funds.iter().position(|fund| fund.label == label);
        found.ok_or(super::No::Refused("unknown fund"))
    }
    pub(super) fn tranche(&self, label: Label) -> Result<usize, super::No> {
        let found = self.tranches.iter().position(|tranche| tranche.label == label);
        found.ok_or(super::No::Refused("unknown tranche"))
    }
    pub(super) fn market(&self, label: Label) -> Result<usize, super::No> {
        let found = self.markets.iter().position(|market| market.label == label);
        found.ok_or(super::No::Refused("unknown market"))
    }
    pub(super) fn account(&self, label: Label) -> super::Answer {
        super::need(self.accounts.contains(&label), "unknown account")
    }

    /// The tranches of a fund, oldest first.
    pub(super) fn tranches_of(&self, fund: usize) -> impl Iterator<Item = (usize, &Tranche)> {
        self.tranches.iter().enumerate().filter(move |(_, tranche)| tranche.fund == fund)
    }

    /// Whether sums with the amounts of this command may pass 128 bits.
    pub(super) fn is_huge(&self, body: &Body) -> bool {
        let text = format!("{body:?}");
        let numbers = text.split(|c: char| !c.is_ascii_digit());
        let huge = |number: &str| number.parse::<u128>().is_ok_and(|n| n > HUGE);
        let mut held = self.balances.iter().map(|(_, amount)| *amount);
        held.any(|amount| amount > HUGE)
            || self.tranches.iter().any(|t| t.shares() > HUGE || t.assets > HUGE)
            || self
                .funds
                .iter()
                .any(|fund| fund.threshold > HUGE || fund.target > HUGE || fund.revenue > HUGE)
            || numbers.into_iter().any(huge)
    }
}

/// The value under a key of a list, which is added with nothing when it is not there.
pub(super) fn entry<K: PartialEq, V: Default>(list: &mut Vec<(K, V)>, key: K) -> &mut V {
    let at = list.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
        list.push((key, V::default()));
        list.len() - 1
    });
    &mut list[at].1
}

impl Net {
    pub(super) fn add(&mut self, amount: u128) {
        self.plus += U256::from(amount);
    }
    pub(super) fn sub(&mut self, amount: u128) {
        self.minus += U256::from(amount);
    }
}

impl Tranche {
    pub(super) fn shares(&self) -> u128 {
        self.holders.iter().map(|(_, shares)| shares).sum::<u128>() + self.protocol + self.dust
    }
    /// Whether anybody but the protocol holds shares.
    pub(super) fn has_stakers(&self) -> bool {
        self.shares() > self.protocol
    }
    /// All that is gone when a series ends.
    pub(super) fn clear(&mut self) {
        self.holders.clear();
        self.queued.clear();
        (self.protocol, self.dust, self.queued_all, self.base) = (0, 0, 0, 0);
    }
    /// What so many shares are worth now.
    pub(super) fn worth(&self, shares: u128) -> u128 {
        floor(self.assets, shares, self.shares()).unwrap_or(0)
    }
}

impl Fund {
    pub(super) fn gated(&self, now: Timestamp) -> bool {
        self.gates.iter().any(|gate| !gate.over && now < gate.until)
    }
    pub(super) fn on_alert(&self, now: Timestamp) -> bool {
        self.alerts.iter().any(|hold| now < hold.until)
    }
    pub(super) fn paused(&self, now: Timestamp) -> bool {
        self.pauses.iter().any(|hold| now < hold.until)
    }
    /// For how long exits were held between two moments.
    pub(super) fn held(&self, from: Timestamp, to: Timestamp) -> Span {
        let gates = self.gates.iter().map(|gate| (gate.from, gate.until));
        let alerts = self.alerts.iter().map(|hold| (hold.from, hold.until));
        let stretches: Vec<_> = alerts.chain(gates).collect();
        if from < to { covered(&stretches, from, to) } else { Span::ZERO }
    }
}
