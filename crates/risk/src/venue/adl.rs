//! Deleveraging: when a loss reaches the winners, the venue names them, has them cut, and closes it.
//!
//! The list is the front of the venue's own ranking, as far as it can bring [`FRONT`] times the claim:
//! whoever stands behind it would not be cut by a queue. The maker, hedged elsewhere, is not on it.

use super::{Status, Venue, close::Closed};
use crate::{
    book::BASE_DECIMALS,
    error::RiskError,
    ledger::Ledger,
    margin::{Position, signed, size, value},
};
use backstop_core::{
    Body, Event,
    command::{CloseAdl, OpenAdl, RunAdl, SubmitAdlPart},
    event::Cohort,
    liquidation::bankruptcy,
    loss::{
        adl::{Candidate, Terms, order},
        claim::Tally,
    },
    policy::{AdlPolicy, PositionSide},
};
use backstop_units::{Amount, Base, LossId, MathError, Price, Signed};

/// How many times the claim the listed winners can bring together.
const FRONT: u128 = 2;

/// The winners of one side of a market, first to be cut first, with their places among the traders.
struct Queue {
    market: usize,
    side: PositionSide,
    winners: Vec<(usize, Candidate)>,
}

/// A row of deleveraging, and the position that nobody took.
struct Claim {
    loss: LossId,
    amount: Amount,
    closed: Position,
}

impl Venue {
    /// Deleverages for every loss of these events that has reached the winners.
    pub(super) fn deleverage(
        &mut self,
        events: &[Event],
        closed: &[Closed],
        ledger: &mut impl Ledger,
    ) -> Result<(), RiskError> {
        let claims = claims(events, closed);
        if claims.is_empty() {
            return Ok(());
        }
        let mut queues: Vec<Queue> = Vec::new();
        for claim in &claims {
            self.books.socialised(claim.amount)?;
            self.deleverage_one(claim, &mut queues, ledger)?;
        }
        self.arm()
    }

    fn deleverage_one(
        &mut self,
        claim: &Claim,
        queues: &mut Vec<Queue>,
        ledger: &mut impl Ledger,
    ) -> Result<(), RiskError> {
        let market = self.markets.get(claim.closed.market).ok_or(MathError::Overflow)?;
        let id = market.id;
        let policy = ledger.read(|state| state.markets.get(id).and_then(|market| market.adl))?;
        let policy = policy.ok_or(RiskError::Answer("a policy of deleveraging"))?;
        let terms = self.terms(&policy, claim)?;
        let key = (claim.closed.market, terms.side);
        if !queues.iter().any(|queue| (queue.market, queue.side) == key) {
            queues.push(self.queue_of(&policy, &terms, claim.closed.market)?);
        }
        let queue = queues.iter_mut().find(|queue| (queue.market, queue.side) == key);
        let Some(queue) = queue else { return Ok(()) };
        let listed = front(&policy, &terms, &queue.winners, claim.amount)?;
        let list: Vec<Candidate> =
            queue.winners.iter().take(listed).map(|(_, candidate)| *candidate).collect();
        let events = self.cut(claim.loss, &terms, &list, ledger)?;
        self.apply_cuts(&terms, claim.closed.market, queue, &events)?;
        self.finish(claim, ledger)
    }

    /// At which prices winners are cut: at the mark, less what the position that nobody took lacks.
    fn terms(&self, policy: &AdlPolicy, claim: &Claim) -> Result<Terms, RiskError> {
        let Position { market, base } = claim.closed;
        let mark = self.mark(market);
        let delta = Signed::new(-base);
        let worth = value(base, mark)?;
        let quote = Signed::new(worth + signed(claim.amount.get())?);
        let price = bankruptcy::price(delta, BASE_DECIMALS, quote)?.unwrap_or_default();
        let tick = Price::new(1);
        // A loss below the resolution of a price is worth a tick of it.
        let (side, price) = if base > 0 {
            (PositionSide::Short, price.max(mark.saturating_add(tick)))
        } else {
            (PositionSide::Long, price.min(mark.saturating_sub(tick)).max(tick))
        };
        Ok(Terms { side, mark, price, base_unit: policy.base_unit })
    }

    /// Ranks the winners of one side.
    fn queue_of(
        &self,
        policy: &AdlPolicy,
        terms: &Terms,
        market: usize,
    ) -> Result<Queue, RiskError> {
        let marks = self.marks();
        let entry = self.markets.get(market).map(|market| market.opened).unwrap_or_default();
        let mut winners = Vec::new();
        if terms.moved(entry).0 {
            for (index, trader) in self.traders.iter().enumerate() {
                let position = trader.positions.iter().find(|p| p.market == market);
                let Some(position) = position else { continue };
                let alone = trader.status != Status::Closed && position.base != 0;
                if !alone || position.side() != terms.side {
                    continue;
                }
                let Some(standing) = self.standing(index, &marks)? else { continue };
                let size = Base::new(position.base.unsigned_abs());
                let mut winner = Candidate {
                    account: trader.label,
                    side: terms.side,
                    size,
                    hedged: Base::ZERO,
                    entry,
                    equity: standing.equity.positive(),
                    collateral: Amount::ZERO,
                    maintenance: standing.maintenance,
                };
                winner.collateral = winner.equity.saturating_sub(terms.gain(&winner)?);
                if !winner.collateral.is_zero() {
                    winners.push((index, winner));
                }
            }
        }
        let candidates: Vec<Candidate> = winners.iter().map(|(_, winner)| *winner).collect();
        let ranks = order(policy.rank, terms, &candidates)?;
        let winners = ranks.into_iter().filter_map(|at| winners.get(at).copied()).collect();
        Ok(Queue { market, side: terms.side, winners })
    }

    /// Announces the list, brings it, and has the cuts made.
    fn cut(
        &mut self,
        loss: LossId,
        terms: &Terms,
        list: &[Candidate],
        ledger: &mut impl Ledger,
    ) -> Result<Vec<Event>, RiskError> {
        let mut tally = Tally::default();
        for candidate in list {
            tally.push(candidate)?;
        }
        let Terms { side, price, mark, .. } = *terms;
        let (count, lots, root) = (tally.count, Base::new(tally.sum.get()), tally.root());
        let open = OpenAdl { loss, side, price, mark, count, lots, root };
        let part = usize::from(AdlPolicy::PART_MAX);
        let parts =
            list.chunks(part).map(|entries| SubmitAdlPart { loss, entries: entries.into() });
        let mut bodies: Vec<Body> = vec![open.into()];
        bodies.extend(parts.map(Body::from));
        ledger.send_all(self.now, self.names.venue, bodies)?;
        let mut made = Vec::new();
        loop {
            let events = ledger.send(self.now, self.names.venue, RunAdl { loss }.into())?;
            let ended =
                events.iter().any(|event| matches!(event, Event::AdlRan { done: true, .. }));
            let moved = !events.is_empty();
            made.extend(events);
            if ended || !moved {
                return Ok(made);
            }
        }
    }

    /// Closes cut lots at the mark against the maker and takes what they forgo.
    fn apply_cuts(
        &mut self,
        terms: &Terms,
        market: usize,
        queue: &mut Queue,
        events: &[Event],
    ) -> Result<(), RiskError> {
        for event in events {
            let Event::AdlRan { cuts, .. } = event else { continue };
            for cut in cuts {
                let at = usize::try_from(cut.at).unwrap_or(usize::MAX);
                let (index, winner) = queue.winners.get_mut(at).ok_or(MathError::Overflow)?;
                let lots = signed(cut.lots.get())?;
                let base = if terms.side == PositionSide::Long { -lots } else { lots };
                self.trade(*index, Position { market, base }, terms.mark)?;
                self.tally.cut(*index, Amount::new(size(lots, terms.mark)?));
                let forgone = signed(cut.forgone.get())?;
                if let Some(trader) = self.traders.get_mut(*index) {
                    trader.cash -= forgone;
                }
                self.books.collected(forgone);
                winner.size = winner.size.saturating_sub(cut.lots);
                winner.equity = winner.equity.saturating_sub(cut.forgone);
                winner.collateral = winner.equity.saturating_sub(terms.gain(winner)?);
            }
        }
        queue.winners.retain(|(_, winner)| !winner.size.is_zero() && !winner.collateral.is_zero());
        Ok(())
    }

    /// Ends a deleveraging whose cuts are made; what they lack goes to the layers behind.
    fn finish(&mut self, claim: &Claim, ledger: &mut impl Ledger) -> Result<(), RiskError> {
        let close = CloseAdl { loss: claim.loss };
        let events = ledger.send(self.now, self.names.venue, close.into())?;
        self.take(&events)?;
        for event in &events {
            if let Event::AdlClosed { rest, .. } = event {
                self.books.collected(signed(rest.get())?);
            }
        }
        self.socialise(&events)
    }
}

/// The rows of deleveraging among these events, each with the position whose loss it is.
fn claims(events: &[Event], closed: &[Closed]) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut closed = closed.iter();
    let mut waiting = Vec::new();
    for event in events {
        match event {
            Event::LossPlaced(placement) => {
                let rows = placement.rows.iter();
                let rows = rows.filter(|row| matches!(row.cohort, Cohort::Adl { .. }));
                waiting.extend(rows.map(|row| (placement.loss, row.amount)));
            }
            // The last event of each settlement.
            Event::LiquidationSettled { .. } => {
                let Some(one) = closed.next() else { continue };
                let of = |(loss, amount)| Claim { loss, amount, closed: one.position };
                claims.extend(waiting.drain(..).map(of));
            }
            _ => {}
        }
    }
    claims
}

/// How many of the first winners bring [`FRONT`] times a claim, each by his lots and his gain.
fn front(
    policy: &AdlPolicy,
    terms: &Terms,
    winners: &[(usize, Candidate)],
    claim: Amount,
) -> Result<usize, RiskError> {
    let enough = claim.get().saturating_mul(FRONT);
    let mut brought = 0u128;
    for (before, (_, winner)) in winners.iter().enumerate() {
        if brought >= enough {
            return Ok(before);
        }
        let by_lots = terms.forgone(winner.size)?;
        let gives = if policy.gains_only { by_lots.min(terms.gain(winner)?) } else { by_lots };
        brought = brought.saturating_add(gives.get());
    }
    let most = usize::try_from(policy.candidates_max).unwrap_or(usize::MAX);
    Ok(winners.len().min(most))
}
