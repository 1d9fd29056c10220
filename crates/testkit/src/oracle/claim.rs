//! Layers that pay later: a list that is announced, comes in parts and pays in steps; and sharing by equity.

use super::{
    Answer, Call, No,
    adl::{Taken, in_proportion},
    math::floor,
    model::{Bearer, Claim, Model, Use, entry},
    need,
};
use backstop_core::{
    command::{OpenEquity, RunEquity, SubmitEquityPart},
    loss::claim::{Kind, Listed, Tally},
    policy::EquityPolicy,
};
use backstop_units::{Hash, Timestamp};

/// What was announced of a list: how many, how much in all, and the root.
type Seal = (u32, u128, Hash);

impl Model {
    /// A loss with a claim of this kind that goes on: the first of those that are open.
    pub(super) fn running(&self, loss: u32, kind: Kind) -> Result<(usize, usize), No> {
        let at = self.loss(loss)?;
        let mut claims = self.losses[at].claims.iter();
        let open = claims.position(|claim| claim.kind == kind && !claim.closed);
        Ok((at, open.ok_or(No::Refused("no such claim, or it is closed"))?))
    }

    pub(super) fn announce(&mut self, at: usize, one: usize, seal: Seal, most: u32) -> Answer {
        let claim = &mut self.losses[at].claims[one];
        need(claim.payers == 0, "it has begun")?;
        need(seal.0 <= most, "a long list")?;
        claim.open = Some(seal);
        claim.candidates.clear();
        claim.holders.clear();
        Ok(())
    }

    /// The next of all who must pay do, up to the policy's number.
    pub(super) fn pay(
        &mut self,
        at: usize,
        one: usize,
        come: usize,
        (all, batch): (Vec<Taken>, u16),
    ) -> Answer {
        let claim = &mut self.losses[at].claims[one];
        let (count, ..) = claim.open.ok_or(No::Refused("not announced"))?;
        need(u32::try_from(come) == Ok(count), "the list has not all come")?;
        need(!claim.done, "all have paid")?;
        let until = claim.payers + usize::from(batch);
        for (account, (measure, amount)) in all.iter().take(until).skip(claim.payers) {
            let taken = entry(&mut claim.taken, *account);
            *taken = (taken.0 + measure, taken.1 + amount);
        }
        claim.done = until >= all.len();
        claim.payers = until.min(all.len());
        Ok(())
    }

    pub(super) fn close_claim(&mut self, call: &mut Call<'_>, loss: u32, kind: Kind) -> Answer {
        let (at, one) = self.running(loss, kind)?;
        let market = self.losses[at].market;
        let rules = &self.markets[market];
        let deadline = match kind {
            Kind::Adl => rules.adl.map(|rules| rules.deadline),
            Kind::Equity => rules.equity.map(|rules| rules.deadline),
        };
        let deadline = deadline.ok_or(No::Refused("no rules"))?;
        let claim = &mut self.losses[at].claims[one];
        need(claim.done || call.now >= claim.placed_at.plus(deadline), "not at its end")?;
        claim.closed = true;
        let brought: u128 = claim.taken.iter().map(|(_, (_, amount))| amount).sum();
        let (rest, row) = (claim.amount - brought, claim.row);
        self.losses[at].rows[row].amount = brought;
        let behind = self.losses[at].rows[row].layer + 1;
        // The layer has not used what it could not bring.
        let uses = self.markets[market].uses.iter_mut();
        let own = |used: &&mut Use| used.loss == at && used.rows.contains(&row);
        uses.filter(own).for_each(|used| used.returned += rest);
        match kind {
            Kind::Adl => self.markets[market].deleveraged -= rest,
            Kind::Equity => self.markets[market].by_equity -= rest,
        }
        self.free_behind(at, call.now);
        if rest == 0 { Ok(()) } else { self.reallocate(call, at, rest, behind) }
    }

    /// Whoever stands behind no open claim of the loss any more is free.
    fn free_behind(&mut self, at: usize, now: Timestamp) {
        let loss = &self.losses[at];
        let open = loss.claims.iter().filter(|claim| !claim.closed);
        let first = open.map(|claim| loss.rows[claim.row].layer + 1).min();
        let market = loss.market;
        let kept = first.map_or(Vec::new(), |first| self.behind_layers(market, first));
        for (number, fund) in self.funds.iter_mut().enumerate() {
            let held = fund.gates.iter_mut().filter(|gate| gate.loss == at && !gate.over);
            if !kept.contains(&number) {
                held.for_each(|gate| (gate.until, gate.over) = (gate.until.min(now), true));
            }
        }
    }

    /// Whether somebody of a market's waterfall has yet to pay for a loss.
    pub(super) fn has_claims(&self, market: usize) -> bool {
        let of = self.losses.iter().filter(|loss| loss.market == market);
        of.flat_map(|loss| &loss.claims).any(|claim| !claim.closed)
    }

    /// Nothing comes back to a claim before it is known who paid it.
    pub(super) fn settled(&self, loss: usize, row: usize) -> Answer {
        let open = |claim: &Claim| claim.row == row && !claim.closed;
        need(!self.losses[loss].claims.iter().any(open), "who pays is not settled")
    }

    /// A layer that pays later takes its part of a loss as a claim; whoever stands behind is held.
    pub(super) fn ask_later(
        &mut self,
        loss: usize,
        (layer, kind): (usize, Kind),
        amount: u128,
        at: Timestamp,
    ) -> Answer {
        let market = self.losses[loss].market;
        match kind {
            Kind::Adl => self.markets[market].deleveraged += amount,
            Kind::Equity => self.markets[market].by_equity += amount,
        }
        let claim = Claim {
            kind,
            row: self.losses[loss].rows.len(),
            amount,
            placed_at: at,
            open: None,
            prices: None,
            candidates: Vec::new(),
            holders: Vec::new(),
            payers: 0,
            taken: Vec::new(),
            done: false,
            closed: false,
        };
        let number = self.losses[loss].claims.len();
        self.losses[loss].claims.push(claim);
        self.row(loss, layer, Bearer::Claim(number), amount);
        self.hold_behind(loss, layer, at)
    }

    fn equity_rules(&self, loss: usize) -> Result<EquityPolicy, No> {
        self.markets[self.losses[loss].market].equity.ok_or(No::Refused("no rules"))
    }

    pub(super) fn open_equity(&mut self, c: &OpenEquity) -> Answer {
        let (at, one) = self.running(c.loss.get(), Kind::Equity)?;
        let most = self.equity_rules(at)?.accounts_max;
        self.announce(at, one, (c.count, c.equity.get(), c.root), most)
    }

    pub(super) fn submit_equity(&mut self, c: &SubmitEquityPart) -> Answer {
        let (at, one) = self.running(c.loss.get(), Kind::Equity)?;
        let claim = &mut self.losses[at].claims[one];
        need((1..=4_096).contains(&c.entries.len()), "none or too many at once")?;
        need(c.entries.iter().all(|entry| !entry.equity.is_zero()), "nothing to share by")?;
        let mut entries = claim.holders.clone();
        entries.extend(&c.entries);
        fits(claim.open, &entries, |entry| entry.equity.get())?;
        claim.holders = entries;
        Ok(())
    }

    /// Everybody the same part of his equity, up to his cap.
    pub(super) fn run_equity(&mut self, c: &RunEquity) -> Answer {
        let (at, one) = self.running(c.loss.get(), Kind::Equity)?;
        let policy = self.equity_rules(at)?;
        let claim = &self.losses[at].claims[one];
        let equity: Vec<u128> = claim.holders.iter().map(|holder| holder.equity.get()).collect();
        let cap = u128::from(policy.cap.get());
        let cap = |equity: &u128| floor(*equity, cap, 1_000_000).unwrap_or(0);
        let room: Vec<u128> = equity.iter().map(cap).collect();
        let most: u128 = room.iter().sum();
        let pays = in_proportion(claim.amount.min(most), &equity, &room);
        let list = claim.holders.iter().zip(pays).filter(|(_, pays)| *pays > 0);
        let all = list.map(|(holder, pays)| (holder.account, (holder.equity.get(), pays)));
        let (all, come) = (all.collect(), claim.holders.len());
        self.pay(at, one, come, (all, policy.batch))
    }
}

/// Whether what has come is, or may still become, what was announced.
pub(super) fn fits<T: Listed>(
    open: Option<Seal>,
    entries: &[T],
    measure: impl Fn(&T) -> u128,
) -> Answer {
    let (announced, all, root) = open.ok_or(No::Refused("not announced"))?;
    let count = u32::try_from(entries.len()).expect("a short list");
    let sum: u128 = entries.iter().map(measure).sum();
    need(count <= announced && sum <= all, "more than was announced")?;
    if count == announced {
        need(sum == all, "less than announced")?;
        let mut tally = Tally::default();
        for entry in entries {
            tally.push(entry).expect("small numbers");
        }
        need(tally.root() == root, "another list than announced")?;
    }
    Ok(())
}
