//! What a week came to, read from the ledger. Amounts are atoms; a page or a terminal turns them into decimals.

use super::{
    aftermath::Settled,
    book::{Depositor, LendingBook},
    stage::Names,
    told,
    walk::Walk,
    week::Cover,
};
use crate::{demo::Cast, error::RiskError, ledger::Ledger};
use backstop_core::{
    Halt, State,
    ledger::LedgerAccount,
    lending::vault::{snapshot::shares_of, touch::preview, worth::stands_for},
    pool::liable::payment,
};
use backstop_units::{AccountId, Amount, AssetId, Fixed60, Label, Shares, Signed, Span, VaultId};
use serde::Serialize;

/// Roundings down that one person's count can come to, and some of the vault's own.
const FLOORS: u128 = 1_000;

/// Some depositors, and what became of their money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How many.
    pub people: u64,
    /// What they put in.
    pub put_in: Amount,
    /// What they have in the end: money, and what their shares are worth.
    pub have: Amount,
    /// Of that, what their shares are worth.
    pub in_vault: Amount,
}

impl Group {
    /// What they lost; nothing where they gained.
    pub const fn lost(&self) -> Amount {
        self.put_in.saturating_sub(self.have)
    }

    const fn and(self, other: Self) -> Self {
        Self {
            people: self.people + other.people,
            put_in: self.put_in.saturating_add(other.put_in),
            have: self.have.saturating_add(other.have),
            in_vault: self.in_vault.saturating_add(other.in_vault),
        }
    }
}

/// An insurance pool's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolMoney {
    /// What it was worth before the week.
    pub before: Amount,
    /// What it paid toward losses.
    pub paid: Amount,
    /// What it is worth in the end.
    pub left: Amount,
}

/// What a week came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeekReport {
    /// The week.
    pub week: &'static str,
    /// How its loss was met.
    pub cover: Cover,
    /// The preset that the ledger was begun with.
    pub preset: Label,
    /// What is deposited.
    pub asset: Label,
    /// Its decimals.
    pub decimals: u8,
    /// Seed of the people.
    pub seed: u64,
    /// Borrowers.
    pub borrowers: u64,
    /// All that depositors, curator and matcher put in.
    pub deposits: Amount,
    /// What was lent when the week began.
    pub lent: Amount,
    /// Liquidations, in part or whole.
    pub liquidations: u64,
    /// What liquidators repaid.
    pub repaid: Amount,
    /// The most that collateral was marked as lacking at once.
    pub impaired: Amount,
    /// Loans that were not repaid in full.
    pub bad_loans: u64,
    /// What of them was left to lenders.
    pub bad_debt: Amount,
    /// Losses of the vault that were recorded.
    pub recorded: u64,
    /// Those of them with something lost for good that the pool did not bear at once.
    pub assessed: u64,
    /// Depositors who were there before and stayed.
    pub stayed: Group,
    /// Depositors who asked to leave during the week.
    pub leaving: Group,
    /// Depositors who came during the week.
    pub came: Group,
    /// Curator and matcher, with what they have in the pool.
    pub backers: Group,
    /// The pool.
    pub pool: PoolMoney,
    /// What was paid or released for no one: what of the losses stays with those who bore them.
    pub shortfall: Amount,
    /// Claims that were paid.
    pub claims: u64,
    /// What a million shares were worth before the week, in atoms.
    pub price_before: Amount,
    /// After its last loss.
    pub price_lost: Amount,
    /// In the end.
    pub price_after: Amount,
    /// From the first loss until everybody was made whole, where they were: nothing where no share fell.
    pub whole_after: Option<Span>,
    /// All that is counted and belongs to nobody above: crank money, dead shares, what rounding left on compensation
    /// accounts.
    pub nobodys: Amount,
    /// What roundings of this count come to.
    pub dust: Signed,
}

impl WeekReport {
    /// All depositors, without curator and matcher.
    pub const fn depositors(&self) -> Group {
        self.stayed.and(self.leaving).and(self.came)
    }
}

/// Money that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbalanced {
    /// What was put in.
    pub put_in: Amount,
    /// What everybody has.
    pub have: Amount,
    /// What belongs to nobody.
    pub nobodys: Amount,
    /// What was not repaid.
    pub bad_debt: Amount,
}

/// What one person has.
#[derive(Clone, Copy, Debug, Default)]
struct Wealth {
    have: Amount,
    in_vault: Amount,
}

/// Everybody's money at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    price: Amount,
    depositors: Vec<Wealth>,
    curator: Wealth,
    matcher: Wealth,
    pool: Amount,
    nobodys: Amount,
}

/// Looks at everybody's money.
pub(super) fn seen(
    names: &Names,
    book: &LendingBook,
    ledger: &mut impl Ledger,
) -> Result<Seen, RiskError> {
    ledger.read(|state| look(state, names, book))?.map_err(told)
}

/// The vault's worth at a moment.
struct Worth<'a> {
    state: &'a State,
    vault: VaultId,
    asset: AssetId,
    net: Fixed60,
    all: Shares,
}

impl Worth<'_> {
    /// What so many shares are worth. **Rounding** down.
    fn of(&self, shares: Shares) -> Result<Amount, Halt> {
        Ok(stands_for(self.net, self.all, shares)?)
    }

    fn person(&self, account: AccountId) -> Result<Wealth, Halt> {
        let held = match self.state.holding(self.vault, account) {
            Some((_, holding)) => shares_of(self.state, holding)?,
            None => Shares::ZERO,
        };
        let in_vault = self.of(held)?;
        let free = self.state.ledger.owed(LedgerAccount::Balance(account), self.asset);
        Ok(Wealth { have: free.saturating_add(in_vault), in_vault })
    }
}

fn look(state: &State, names: &Names, book: &LendingBook) -> Result<Seen, Halt> {
    let vault = state.vault_id(names.vault)?;
    let (held, valued) = preview(state, vault, state.meta.now)?;
    let (asset, all) = (held.asset, held.held.shares);
    let worth = Worth { state, vault, asset, net: valued.net(held.held.pending), all };
    let person = |label| worth.person(state.account_id(label)?);
    let people = book.depositors.iter().map(|one| person(one.label));
    let (mut curator, mut matcher) = (person(names.curator)?, person(names.matcher)?);
    let mut pool = Amount::ZERO;
    if let Ok((_, held)) = state.insurance_pool(names.vault) {
        for (owner, shares) in
            [(&mut curator, held.own.shares), (&mut matcher, held.matched.shares)]
        {
            let part = worth.of(shares)?;
            owner.have = owner.have.saturating_add(part);
            owner.in_vault = owner.in_vault.saturating_add(part);
            pool = pool.saturating_add(part);
        }
    }
    let owed = |account| state.ledger.owed(account, asset);
    let mut nobodys = worth.of(held.held.dead.saturating_add(held.held.escrowed))?;
    let money = [LedgerAccount::VaultCrank(vault), LedgerAccount::VaultQueue(vault)];
    let compensation = state.vault_losses.iter().map(|(loss, _)| LedgerAccount::Compensation(loss));
    for account in money.into_iter().chain(compensation) {
        nobodys = nobodys.saturating_add(owed(account));
    }
    Ok(Seen {
        price: worth.of(Shares::new(1_000_000))?,
        depositors: people.collect::<Result<_, _>>()?,
        curator,
        matcher,
        pool,
        nobodys,
    })
}

/// Puts a report together out of what was seen before the week, after its losses, and in the end.
pub(super) fn report(
    walk: &Walk<'_>,
    cast: &Cast,
    [before, lost, after]: [Seen; 3],
    settled: &Settled,
    ledger: &mut impl Ledger,
) -> Result<WeekReport, RiskError> {
    let (book, setup, tally) = (walk.book, walk.setup, walk.tally);
    let group = |picks: &dyn Fn(&Depositor) -> bool| {
        let people = book.depositors.iter().zip(&after.depositors);
        let picked = people.filter(|(one, _)| picks(one));
        picked.fold(Group::default(), |sum, (one, wealth)| sum.and(of(one.amount, *wealth)))
    };
    let losses = ledger.read(|state| losses(state, settled))?.map_err(told)?;
    let mut report = WeekReport {
        week: setup.week.name,
        cover: setup.cover,
        preset: cast.preset,
        asset: cast.asset,
        decimals: cast.decimals,
        seed: setup.seed,
        borrowers: book.borrowers.len() as u64,
        deposits: book.put_in(),
        lent: book.lent(),
        liquidations: tally.liquidations,
        repaid: tally.repaid,
        impaired: tally.impaired,
        bad_loans: tally.bad_loans,
        bad_debt: tally.bad_debt,
        recorded: losses.recorded,
        assessed: settled.assessed.len() as u64,
        stayed: group(&|one| one.leaves.is_none() && one.comes.is_none()),
        leaving: group(&|one| one.leaves.is_some()),
        came: group(&|one| one.comes.is_some()),
        backers: of(book.own, after.curator).and(of(book.matched, after.matcher)),
        pool: PoolMoney { before: before.pool, paid: losses.paid, left: after.pool },
        shortfall: losses.shortfall,
        claims: settled.claims,
        price_before: before.price,
        price_lost: lost.price,
        price_after: after.price,
        whole_after: None,
        nobodys: after.nobodys,
        dust: Signed::ZERO,
    };
    report.whole_after = match (tally.bad_debt.is_zero(), losses.shortfall.is_zero()) {
        (false, true) => Some(settled.paid_at.map_or(Span::ZERO, |at| at.since(losses.first))),
        _ => None,
    };
    report.dust = balance(&report)?;
    Ok(report)
}

fn of(put_in: Amount, wealth: Wealth) -> Group {
    Group { people: 1, put_in, have: wealth.have, in_vault: wealth.in_vault }
}

/// Everything that was put in is somebody's, nobody's, or was not repaid. What is left over are roundings.
fn balance(report: &WeekReport) -> Result<Signed, RiskError> {
    let all = report.depositors().and(report.backers);
    let put_in = i128::try_from(report.deposits.get());
    let there = [all.have, report.nobodys, report.bad_debt];
    let there = i128::try_from(there.iter().map(|amount| amount.get()).sum::<u128>());
    let unbalanced = RiskError::Unbalanced(Unbalanced {
        put_in: report.deposits,
        have: all.have,
        nobodys: report.nobodys,
        bad_debt: report.bad_debt,
    });
    let (Ok(put_in), Ok(there)) = (put_in, there) else { return Err(unbalanced) };
    let dust = put_in - there;
    if dust.unsigned_abs() > u128::from(all.people) + FLOORS {
        return Err(unbalanced);
    }
    Ok(Signed::new(dust))
}

/// What became of the vault's losses.
struct Losses {
    recorded: u64,
    first: backstop_units::Timestamp,
    paid: Amount,
    shortfall: Amount,
}

fn losses(state: &State, settled: &Settled) -> Result<Losses, Halt> {
    let mut all =
        Losses { recorded: 0, first: state.meta.now, paid: Amount::ZERO, shortfall: Amount::ZERO };
    for (loss, record) in state.vault_losses.iter() {
        let released = payment(state, loss).map_or(Amount::ZERO, |payment| payment.value);
        all.recorded += 1;
        all.paid = all.paid.saturating_add(released).saturating_add(record.absorbed.floor());
        if settled.assessed.contains(&loss) {
            let short = state.compensation(loss).map(|held| held.shortfall(state)).transpose()?;
            all.shortfall = all.shortfall.saturating_add(short.unwrap_or_default());
            all.first = all.first.min(record.at);
        }
    }
    Ok(all)
}
