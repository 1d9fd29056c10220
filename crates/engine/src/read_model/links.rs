//! What events leave unsaid: whose a margin account, a loan or a ticket is, which fund a tranche belongs to.

use backstop_core::{
    Event,
    event::{FarmEvent, LendingEvent, PoolEvent},
};
use backstop_units::AccountId;

use super::party::{Part, Party};

/// One thing that an event tells about handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Whatever concerns the first concerns the second too, from now on.
    Belongs(u64, u64),
    /// The record concerns whatever this belongs to.
    Concerns(u64),
}

/// Hands every link of `event` to `tell`. What an event belongs to in turn is found by [`follows`].
pub(super) fn links(event: &Event, mut tell: impl FnMut(Link)) {
    let mut owner = |part: Part, account: AccountId| {
        tell(Link::Belongs(part.key(), Party::Account(account).key()));
    };
    match event {
        Event::Staked { position, account, .. }
        | Event::ProtocolSharesGranted { position, account, .. }
        | Event::SharesOpened { position: Some(position), account: Some(account), .. } => {
            owner(Part::Position(*position), *account);
        }
        Event::MarginDeposited(it) => owner(Part::Margin(it.margin), it.account),
        Event::CollateralDeposited(it) => owner(Part::Margin(it.margin), it.account),
        Event::MarginMoved(it) => owner(Part::Margin(it.to), it.account),
        Event::MarginOpened { margin, account, .. } => owner(Part::Margin(*margin), *account),
        Event::MarginAbsorbed { to, account, .. } => owner(Part::Margin(*to), *account),
        Event::TrancheCreated { tranche, fund, .. } => {
            tell(Link::Belongs(Party::Tranche(*tranche).key(), Party::Fund(*fund).key()));
        }
        Event::UnstakeRequested { ticket, tranche, position, .. } => {
            let ticket = Party::Ticket(*ticket).key();
            tell(Link::Belongs(ticket, Part::Position(*position).key()));
            tell(Link::Belongs(ticket, Party::Tranche(*tranche).key()));
        }
        Event::LossDeclared { loss, market, .. } => belongs_to_market(*loss, *market, tell),
        Event::LossParked(it) => belongs_to_market(it.loss, it.market, tell),
        Event::LossPlaced(it) => belongs_to_market(it.loss, it.market, tell),
        Event::Lending(event) => loans(event, tell),
        Event::Farm(event) => stakers(event, tell),
        Event::Pool(event) => pools(event, tell),
        _ => traded(event, tell),
    }
}

fn belongs_to_market(
    loss: backstop_units::LossId,
    market: backstop_units::MarketId,
    mut tell: impl FnMut(Link),
) {
    tell(Link::Belongs(Party::Loss(loss).key(), Party::Market(market).key()));
}

/// Events of margin accounts that don't say whose they are.
fn traded(event: &Event, mut tell: impl FnMut(Link)) {
    let mut concerns = |margin: u32| tell(Link::Concerns(Part::Margin(margin).key()));
    match event {
        Event::Traded(it) => {
            concerns(it.buyer);
            concerns(it.seller);
        }
        Event::MarginLiquidated(it) => concerns(it.margin),
        Event::LiquidatorPaid(it) => {
            concerns(it.margin);
            concerns(it.liquidator);
        }
        Event::PoolPaid(it) => concerns(it.margin),
        Event::CollateralSeized(it) => concerns(it.margin),
        _ => {}
    }
}

fn loans(event: &LendingEvent, mut tell: impl FnMut(Link)) {
    match event {
        LendingEvent::Pledged { loan, account, .. }
        | LendingEvent::Borrowed { loan, account, .. } => {
            let account = Party::Account(*account).key();
            tell(Link::Belongs(Part::Loan(*loan).key(), account));
        }
        LendingEvent::Repaid(it) => tell(Link::Concerns(Part::Loan(it.loan).key())),
        LendingEvent::LoanLiquidated(it) => {
            tell(Link::Concerns(Part::Loan(it.repayment.loan).key()));
        }
        LendingEvent::ImpairmentMarked { loan, .. } => {
            tell(Link::Concerns(Part::Loan(*loan).key()));
        }
        LendingEvent::LoanSocialised(it) => tell(Link::Concerns(Part::Loan(it.loan).key())),
        _ => {}
    }
}

fn stakers(event: &FarmEvent, mut tell: impl FnMut(Link)) {
    let mut concerns = |staker: u32| tell(Link::Concerns(Part::Staker(staker).key()));
    match event {
        FarmEvent::StakerOpened { staker, account, farm } => {
            let place = Part::Staker(*staker).key();
            tell(Link::Belongs(place, Party::Account(*account).key()));
            tell(Link::Belongs(place, Party::Farm(*farm).key()));
        }
        FarmEvent::StakerSettled { staker, .. }
        | FarmEvent::StakeWarmed { staker, .. }
        | FarmEvent::RewardGiven { staker, .. } => concerns(*staker),
        FarmEvent::FarmUnstaked(it) => concerns(it.staker),
        FarmEvent::FarmStakeSet(it) => concerns(it.staker),
        FarmEvent::FarmStakeMoved(it) => {
            concerns(it.from);
            concerns(it.to);
        }
        _ => {}
    }
}

fn pools(event: &PoolEvent, mut tell: impl FnMut(Link)) {
    let pool = match event {
        PoolEvent::InsurancePoolCreated { pool, vault, .. } => {
            tell(Link::Belongs(Party::Pool(*pool).key(), Party::Vault(*vault).key()));
            *pool
        }
        PoolEvent::PoolExitSignalled { ticket, pool, account, .. } => {
            let exit = Part::PoolExit(*ticket).key();
            tell(Link::Belongs(exit, Party::Account(*account).key()));
            tell(Link::Belongs(exit, Party::Pool(*pool).key()));
            *pool
        }
        PoolEvent::PoolExitCancelled { ticket } => {
            tell(Link::Concerns(Part::PoolExit(*ticket).key()));
            return;
        }
        PoolEvent::PoolStaked(it) => it.pool,
        PoolEvent::PoolMatched { staked, .. } => staked.pool,
        PoolEvent::PoolExitPaid(it) => it.pool,
        PoolEvent::PoolReleased(it) => it.pool,
        PoolEvent::LossAbsorbed(it) => it.pool,
        PoolEvent::ReleaseAnnounced { announced, .. } => announced.pool,
        PoolEvent::CommitmentBroken { broken, .. } => broken.pool,
        PoolEvent::PoolOffered { pool, .. }
        | PoolEvent::PoolAccepted { pool, .. }
        | PoolEvent::PoolSignerSet { pool, .. }
        | PoolEvent::ReleaseDisputed { pool, .. } => *pool,
    };
    tell(Link::Concerns(Party::Pool(pool).key()));
}

/// Whether a record that concerns this party concerns what the party belongs to as well.
pub(super) fn follows(key: u64) -> bool {
    // What only the fold knows says nothing by itself.
    let Some(party) = Party::of_key(key) else { return true };
    matches!(party, Party::Tranche(_) | Party::Loss(_) | Party::Ticket(_) | Party::Pool(_))
}
