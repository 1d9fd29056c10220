//! Deleveraging as the design's text tells it: every fraction multiplied out, every sum taken anew.

use super::{Answer, Call, No, claim::fits, model::Model, need, refuse, rights::Right};
use backstop_core::{
    Body,
    command::{OpenAdl, RunAdl, SubmitAdlPart},
    loss::{adl::Candidate, claim::Kind},
    policy::{AdlPolicy, AdlRank, AdlSelect, PositionSide, Role},
};
use backstop_units::{Amount, Label, Price};
use ruint::aliases::U256;
use std::cmp::Ordering;

impl Model {
    pub(super) fn adl_command(&mut self, call: &mut Call<'_>, body: &Body) -> Answer {
        match body {
            Body::OpenEquity(c) => self.open_equity(c),
            Body::SubmitEquityPart(c) => self.submit_equity(c),
            Body::RunEquity(c) => self.run_equity(c),
            Body::CloseEquity(c) => self.close_claim(call, c.loss.get(), Kind::Equity),
            Body::OpenAdl(c) => self.open_adl(c),
            Body::SubmitAdlPart(c) => self.submit_adl(c),
            Body::RunAdl(c) => self.run_adl(c),
            Body::CloseAdl(c) => self.close_claim(call, c.loss.get(), Kind::Adl),
            _ => refuse("not about claims"),
        }
    }

    /// The list is the venue's; what follows from it is anybody's who cranks. All else is the operator's.
    pub(super) fn adl_right(&self, body: &Body) -> Result<Right, No> {
        use Role::{Keeper, Operator, Venue};
        Ok(match body {
            Body::OpenAdl(c) => self.loss(c.loss.get()).map(|_| Right::Venue)?,
            Body::SubmitAdlPart(c) => self.loss(c.loss.get()).map(|_| Right::Venue)?,
            Body::OpenEquity(c) => self.loss(c.loss.get()).map(|_| Right::Venue)?,
            Body::SubmitEquityPart(c) => self.loss(c.loss.get()).map(|_| Right::Venue)?,
            Body::RunAdl(_) | Body::CloseAdl(_) | Body::RunEquity(_) | Body::CloseEquity(_) => {
                Right::Roles(&[Keeper, Venue, Operator])
            }
            _ => Right::Roles(&[Operator]),
        })
    }

    fn open_adl(&mut self, c: &OpenAdl) -> Answer {
        let (at, one) = self.running(c.loss.get(), Kind::Adl)?;
        let policy = self.adl_rules(at)?;
        self.announce(at, one, (c.count, c.lots.get(), c.root), policy.candidates_max)?;
        need(!c.price.is_zero() && distance(c) > 0, "a price that costs nobody anything")?;
        self.losses[at].claims[one].prices = Some(c.clone());
        Ok(())
    }

    fn adl_rules(&self, loss: usize) -> Result<AdlPolicy, No> {
        self.markets[self.losses[loss].market].adl.ok_or(No::Refused("no rules"))
    }

    fn submit_adl(&mut self, c: &SubmitAdlPart) -> Answer {
        let (at, one) = self.running(c.loss.get(), Kind::Adl)?;
        let policy = self.adl_rules(at)?;
        let claim = &mut self.losses[at].claims[one];
        let prices = claim.prices.clone().ok_or(No::Refused("not announced"))?;
        need((1..=4_096).contains(&c.entries.len()), "none or too many at once")?;
        for entry in &c.entries {
            need(entry.side == prices.side, "the wrong side")?;
            need(!entry.size.is_zero() && entry.hedged <= entry.size, "no size")?;
            need(!entry.entry.is_zero() && !entry.equity.is_zero(), "can't be ranked")?;
            let collateral = policy.rank != AdlRank::LeveragedPnl || !entry.collateral.is_zero();
            need(collateral, "can't be ranked")?;
        }
        let mut entries = claim.candidates.clone();
        entries.extend(&c.entries);
        fits(claim.open, &entries, |entry| entry.size.get())?;
        claim.candidates = entries;
        Ok(())
    }

    fn run_adl(&mut self, c: &RunAdl) -> Answer {
        let (at, one) = self.running(c.loss.get(), Kind::Adl)?;
        let policy = self.adl_rules(at)?;
        let claim = &self.losses[at].claims[one];
        let prices = claim.prices.clone().ok_or(No::Refused("not announced"))?;
        let cuts = select(&policy, &prices, claim.amount, &claim.candidates);
        let who = |at: usize| claim.candidates[at].account;
        let all = cuts.into_iter().map(|(at, lots, forgone)| (who(at), (lots, forgone))).collect();
        let come = claim.candidates.len();
        self.pay(at, one, come, (all, policy.batch))
    }
}

/// What each lot forgoes, on the scale of a price.
fn distance(c: &OpenAdl) -> u128 {
    let (mark, price) = (c.mark.get(), c.price.get());
    match c.side {
        PositionSide::Long => mark.saturating_sub(price),
        PositionSide::Short => price.saturating_sub(mark),
    }
}

/// Quote atoms of lots at a price, rounded down.
fn worth(policy: &AdlPolicy, lots: u128, price: u128) -> u128 {
    let scale = U256::from(policy.base_unit.get()) * U256::from(1_000_000_000u32);
    u128::try_from(U256::from(lots) * U256::from(price) / scale).unwrap_or(u128::MAX)
}

/// Whether the position gains, and by how much a lot, on the scale of a price.
fn moved(c: &OpenAdl, entry: Price) -> (bool, u128) {
    let (mark, entry) = (c.mark.get(), entry.get());
    match c.side {
        PositionSide::Long => (mark > entry, mark.abs_diff(entry)),
        PositionSide::Short => (mark < entry, mark.abs_diff(entry)),
    }
}

/// A fraction with a sign; small numbers only.
struct Score(bool, U256, U256);

impl Score {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.1 * other.2, other.1 * self.2);
        match (self.0 || a.is_zero(), other.0 || b.is_zero()) {
            (true, true) => a.cmp(&b),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => b.cmp(&a),
        }
    }
}

/// Each rank by its formula, with every factor in it.
fn score(rank: AdlRank, c: &OpenAdl, candidate: &Candidate) -> Score {
    let (gains, moved) = moved(c, candidate.entry);
    let big = |number: u128| U256::from(number);
    let amount = |amount: Amount| U256::from(amount.get());
    let (size, entry, mark) =
        (big(candidate.size.get()), big(candidate.entry.get()), big(c.mark.get()));
    // Notional and equity, up to the scale that is the same for all.
    let (notional, equity) = (size * mark, amount(candidate.equity));
    match rank {
        AdlRank::Given => Score(true, big(0), big(1)),
        AdlRank::ProfitTimesLeverage if gains => Score(true, big(moved) * notional, entry * equity),
        AdlRank::ProfitTimesLeverage => Score(false, big(moved) * equity, entry * notional),
        AdlRank::LeveragedPnl => {
            let profit = big(moved) * size * amount(candidate.maintenance);
            Score(gains, profit, amount(candidate.collateral) * equity)
        }
        AdlRank::MoveTimesLeverage if c.side == PositionSide::Long => {
            Score(true, mark * notional, entry * equity)
        }
        AdlRank::MoveTimesLeverage => Score(true, entry * notional, mark * equity),
    }
}

/// Who is cut, in order: his place, his lots and what he forgoes.
fn select(
    policy: &AdlPolicy,
    c: &OpenAdl,
    claim: u128,
    list: &[Candidate],
) -> Vec<(usize, u128, u128)> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by(|a, b| score(policy.rank, c, &list[*b]).cmp(&score(policy.rank, c, &list[*a])));
    let distance = distance(c);
    // The fewest lots that bring the claim.
    let mut least = 0;
    let all: u128 = list.iter().map(|candidate| candidate.size.get()).sum();
    while least < all && worth(policy, least, distance) < claim {
        least += 1;
    }
    let gains: Vec<u128> = list
        .iter()
        .map(|candidate| match moved(c, candidate.entry) {
            (true, moved) => worth(policy, candidate.size.get(), moved),
            (false, _) => 0,
        })
        .collect();
    let by_gain = policy.gains_only || policy.select == AdlSelect::ProRataGains;
    let scale = policy.base_unit.get() * 1_000_000_000;
    let cap = |(candidate, gain): (&Candidate, &u128)| {
        let within = |lots: &u128| lots * distance <= gain * scale;
        let size = candidate.size.get();
        if by_gain { (0..=size).rev().find(within).unwrap_or(0) } else { size }
    };
    let caps: Vec<u128> = list.iter().zip(&gains).map(cap).collect();
    let mut taken = vec![0; list.len()];
    let spared = [policy.hedge_aware, false];
    for spare in spared {
        let left = least - taken.iter().sum::<u128>();
        let room: Vec<u128> = (0..list.len())
            .map(|at| {
                let (size, hedged) = (list[at].size.get(), list[at].hedged.get());
                let part = if spare { size - hedged } else { size };
                part.min(caps[at]).saturating_sub(taken[at])
            })
            .collect();
        let lots = match policy.select {
            AdlSelect::Queue => in_turn(left, &order, &room),
            AdlSelect::ProRataGains => in_proportion(left, &gains, &room),
            AdlSelect::WaterFilling => {
                let kept = list.iter().zip(&taken).map(|(c, taken)| c.size.get() - taken);
                let equity: Vec<u128> = list.iter().map(|c| c.equity.get()).collect();
                to_a_level(left, &kept.collect::<Vec<_>>(), &equity, &room)
            }
        };
        taken.iter_mut().zip(lots).for_each(|(taken, lots)| *taken += lots);
    }
    let mut sum = 0;
    let mut cuts = Vec::new();
    for at in order {
        let before = worth(policy, sum, distance).min(claim);
        sum += taken[at];
        if taken[at] > 0 {
            cuts.push((at, taken[at], worth(policy, sum, distance).min(claim) - before));
        }
    }
    cuts
}

fn in_turn(need: u128, order: &[usize], room: &[u128]) -> Vec<u128> {
    let mut lots = vec![0; room.len()];
    for at in order {
        lots[*at] = room[*at].min(need - lots.iter().sum::<u128>());
    }
    lots
}

/// Floors first, then a lot each to the largest fractions.
fn shares(total: u128, weights: &[u128]) -> Vec<u128> {
    let sum: u128 = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts: Vec<u128> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(total * weights[*at] % sum));
    let left = total - parts.iter().sum::<u128>();
    for at in order.iter().take(usize::try_from(left).expect("fewer than there are weights")) {
        parts[*at] += 1;
    }
    parts
}

/// Whoever would give more than he has gives all he has, and the rest is shared anew.
pub(super) fn in_proportion(need: u128, weights: &[u128], room: &[u128]) -> Vec<u128> {
    let mut full = vec![false; weights.len()];
    loop {
        let given: u128 = (0..full.len()).filter(|at| full[*at]).map(|at| room[at]).sum();
        let left = need - given;
        let open = |at: usize| if full[at] || room[at] == 0 { 0 } else { weights[at] };
        let open: Vec<u128> = (0..full.len()).map(open).collect();
        let sum: u128 = open.iter().sum();
        let over: Vec<usize> = (0..full.len())
            .filter(|at| open[*at] > 0 && left * open[*at] >= room[*at] * sum)
            .collect();
        if over.is_empty() {
            let parts = shares(left, &open);
            return (0..full.len()).map(|at| if full[at] { room[at] } else { parts[at] }).collect();
        }
        for at in over {
            full[at] = true;
        }
    }
}

/// Tries every leverage at which something changes as the level, the highest first.
fn to_a_level(need: u128, sizes: &[u128], equity: &[u128], room: &[u128]) -> Vec<u128> {
    let all = || (0..sizes.len()).filter(|at| room[*at] > 0);
    let mut levels: Vec<(u128, u128)> = all()
        .flat_map(|at| [(sizes[at], equity[at]), (sizes[at] - room[at], equity[at])])
        .collect();
    levels.sort_by(|a, b| (b.0 * a.1).cmp(&(a.0 * b.1)));
    for (lots, per) in levels {
        // What each gives at this level, × `per`.
        let gives =
            |at: usize| (sizes[at] * per).saturating_sub(lots * equity[at]).min(room[at] * per);
        if all().map(gives).sum::<u128>() < need * per {
            continue;
        }
        let full = |at: usize| (sizes[at] - room[at]) * per > lots * equity[at];
        let cut = |at: usize| sizes[at] * per > lots * equity[at] && !full(at);
        let given: u128 = all().filter(|at| full(*at)).map(|at| room[at]).sum();
        let level: Vec<usize> = all().filter(|at| cut(*at)).collect();
        let kept = level.iter().map(|at| sizes[*at]).sum::<u128>() + given - need;
        let parts = shares(kept, &level.iter().map(|at| equity[*at]).collect::<Vec<_>>());
        let mut lots: Vec<u128> = vec![0; sizes.len()];
        all().filter(|at| full(*at)).for_each(|at| lots[at] = room[at]);
        level.iter().zip(parts).for_each(|(at, kept)| lots[*at] = sizes[*at] - kept);
        return lots;
    }
    room.to_vec()
}

/// What one holder gave up.
pub(super) type Taken = (Label, (u128, u128));
