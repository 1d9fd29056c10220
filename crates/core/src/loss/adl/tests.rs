//! Whole selections: published and hand-computed tables, then what holds for any list.

use super::{
    testing::{candidate, price, terms},
    *,
};
use crate::policy::{AdlPolicy, AdlRank, AdlSelect};
use std::vec::Vec;

fn policy(rank: AdlRank, select: AdlSelect) -> AdlPolicy {
    let base_unit = Base::new(1);
    AdlPolicy { rank, select, hedge_aware: false, base_unit, ..AdlPolicy::default() }
}

fn pairs(selection: &Selection) -> Vec<(u32, u128, u128)> {
    selection.cuts.iter().map(|cut| (cut.at, cut.lots.get(), cut.forgone.get())).collect()
}

fn hedged(hedged: u128, candidate: Candidate) -> Candidate {
    Candidate { hedged: Base::new(hedged), ..candidate }
}

/// A venue's published example: a short of 20 is liquidated with a bankruptcy price of 650.
#[test]
fn the_published_queue_closes_twenty() {
    let positions = [(10, 3), (10, 6), (20, 1), (30, 4), (20, 5), (10, 2)];
    let candidates: Vec<Candidate> = positions
        .iter()
        .map(|(size, score)| candidate(*size, 350, size * 700 * 20 / score))
        .collect();
    let rules = policy(AdlRank::ProfitTimesLeverage, AdlSelect::Queue);
    let terms = terms(PositionSide::Long, 700, 650);
    let chosen = select(&rules, &terms, Need::Lots(Base::new(20)), &candidates).unwrap();
    assert_eq!(pairs(&chosen), [(1, 10, 500), (4, 10, 500)]);
    assert_eq!((chosen.lots.get(), chosen.rest), (20, Need::Lots(Base::ZERO)));
    // The same need as the money that it is.
    let money = select(&rules, &terms, Need::Atoms(Amount::new(1_000)), &candidates).unwrap();
    assert_eq!((money.cuts, money.rest), (chosen.cuts, Need::Atoms(Amount::ZERO)));
}

#[test]
fn by_hand() {
    use AdlSelect::{ProRataGains, Queue, WaterFilling};
    // Mark 100, price 90. Gains 500, 300, 0; leverage 10, 4, 5.
    let list = [candidate(10, 50, 100), candidate(12, 75, 300), candidate(20, 110, 400)];
    let whole = |rules: AdlPolicy| AdlPolicy { gains_only: false, ..rules };
    for (rules, need, cuts, rest) in [
        (
            policy(AdlRank::Given, Queue),
            Need::Lots(Base::new(15)),
            vec![(0, 10, 100), (1, 5, 50)],
            0,
        ),
        // The third has no gain to give.
        (
            policy(AdlRank::Given, Queue),
            Need::Lots(Base::new(25)),
            vec![(0, 10, 100), (1, 12, 120)],
            3,
        ),
        (
            whole(policy(AdlRank::Given, Queue)),
            Need::Lots(Base::new(25)),
            vec![(0, 10, 100), (1, 12, 120), (2, 3, 30)],
            0,
        ),
        // 95 atoms need ten lots, and the last lot keeps five of its ten.
        (policy(AdlRank::Given, Queue), Need::Atoms(Amount::new(95)), vec![(0, 10, 95)], 0),
        (
            policy(AdlRank::Given, Queue),
            Need::Atoms(Amount::new(300)),
            vec![(0, 10, 100), (1, 12, 120)],
            80,
        ),
        // 16 lots as 5 to 3.
        (
            policy(AdlRank::Given, ProRataGains),
            Need::Lots(Base::new(16)),
            vec![(0, 10, 100), (1, 6, 60)],
            0,
        ),
        (
            policy(AdlRank::Given, ProRataGains),
            Need::Lots(Base::new(3)),
            vec![(0, 2, 20), (1, 1, 10)],
            0,
        ),
        // The whole first position, and what is left of the second.
        (
            policy(AdlRank::Given, ProRataGains),
            Need::Lots(Base::new(20)),
            vec![(0, 10, 100), (1, 10, 100)],
            0,
        ),
        // From leverage 10 down to 6 (6 lots on 100) before the next, at 5, is touched.
        (
            whole(policy(AdlRank::Given, WaterFilling)),
            Need::Lots(Base::new(4)),
            vec![(0, 4, 40)],
            0,
        ),
        // Down to 4: 4 on 100, 16 on 400; the second stands there already.
        (
            whole(policy(AdlRank::Given, WaterFilling)),
            Need::Lots(Base::new(10)),
            vec![(0, 6, 60), (2, 4, 40)],
            0,
        ),
    ] {
        let terms = terms(PositionSide::Long, 100, 90);
        let chosen = select(&rules, &terms, need, &list).unwrap();
        let left = match chosen.rest {
            Need::Lots(lots) => lots.get(),
            Need::Atoms(atoms) => atoms.get(),
        };
        assert_eq!((pairs(&chosen), left), (cuts, rest), "{need:?} by {rules:?}");
    }
}

#[test]
fn hedged_lots_come_last() {
    let list = [hedged(8, candidate(10, 50, 100)), hedged(0, candidate(5, 50, 100))];
    let rules = AdlPolicy { hedge_aware: true, ..policy(AdlRank::Given, AdlSelect::Queue) };
    let terms = terms(PositionSide::Long, 100, 90);
    for (need, cuts) in [
        (2, vec![(0, 2, 20)]),
        (6, vec![(0, 2, 20), (1, 4, 40)]),
        (9, vec![(0, 4, 40), (1, 5, 50)]),
        (99, vec![(0, 10, 100), (1, 5, 50)]),
    ] {
        let chosen = select(&rules, &terms, Need::Lots(Base::new(need)), &list).unwrap();
        assert_eq!(pairs(&chosen), cuts, "{need}");
    }
}

#[test]
fn prices_and_sides() {
    let rules = policy(AdlRank::Given, AdlSelect::Queue);
    // A short that sold at 150, with a mark of 100: closed at 120 it forgoes 20 of its 50 a lot.
    let short = Candidate { side: PositionSide::Short, ..candidate(10, 150, 100) };
    let chosen =
        select(&rules, &terms(PositionSide::Short, 100, 120), Need::Lots(Base::new(3)), &[short]);
    assert_eq!(pairs(&chosen.unwrap()), [(0, 3, 60)]);
    // At the mark lots can be closed, and no money comes of it.
    let even = terms(PositionSide::Short, 100, 100);
    let chosen = select(&rules, &even, Need::Lots(Base::new(3)), &[short]).unwrap();
    assert_eq!(pairs(&chosen), [(0, 3, 0)]);
    let chosen = select(&rules, &even, Need::Atoms(Amount::new(3)), &[short]).unwrap();
    assert_eq!((pairs(&chosen), chosen.rest), (vec![], Need::Atoms(Amount::new(3))));
    // A price past the entry: the gain of 500 ends it after six of ten lots, with 20 atoms to spare.
    let chosen =
        select(&rules, &terms(PositionSide::Short, 100, 180), Need::Lots(Base::new(9)), &[short]);
    let chosen = chosen.unwrap();
    assert_eq!((pairs(&chosen), chosen.rest), (vec![(0, 6, 480)], Need::Lots(Base::new(3))));
    let wide = Terms { base_unit: Base::MAX, ..even };
    let wide = select(&rules, &wide, Need::Atoms(Amount::new(1)), &[short]);
    assert_eq!(wide, Err(MathError::Overflow));
}

/// Numbers for lists in which much ties and much rounds.
struct Random(u128);

impl Random {
    fn below(&mut self, most: u128) -> u128 {
        self.0 = self.0.wrapping_mul(0xDA94_2042_E4DD_58B5_9E37_79B9_7F4A_7C15).wrapping_add(1);
        (self.0 >> 64) % most
    }
    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u128::try_from(all.len()).unwrap())).unwrap()]
    }
    fn list(&mut self, side: PositionSide) -> Vec<Candidate> {
        (0..self.below(9))
            .map(|name| {
                let size = self.below(40) + 1;
                Candidate {
                    account: Label::from_bytes((name + 1).to_be_bytes()),
                    side,
                    hedged: Base::new(self.below(size + 1)),
                    entry: Price::new(PRICE_SCALE * (self.below(12) + 1)),
                    ..candidate(size, 1, self.pick(&[1, 10, 10, 20, 77]))
                }
            })
            .collect()
    }
    fn case(&mut self) -> (AdlPolicy, Terms, Need, Vec<Candidate>) {
        let side = self.pick(PositionSide::ALL);
        let terms = Terms {
            side,
            mark: Price::new(PRICE_SCALE * 6 + self.below(9)),
            price: Price::new(PRICE_SCALE * (self.below(12) + 1)),
            base_unit: Base::new(self.pick(&[1, 1, 3, 7])),
        };
        let rules = AdlPolicy {
            hedge_aware: self.below(2) == 0,
            gains_only: self.below(3) > 0,
            ..policy(self.pick(AdlRank::ALL), self.pick(AdlSelect::ALL))
        };
        let amount = self.below(200);
        let lots = self.below(2) == 0;
        let need =
            if lots { Need::Lots(Base::new(amount)) } else { Need::Atoms(Amount::new(amount)) };
        (rules, terms, need, self.list(side))
    }
}

/// Lots and money taken of each candidate.
fn taken(selection: &Selection, count: usize) -> Vec<(u128, u128)> {
    let mut taken = vec![(0, 0); count];
    for cut in &selection.cuts {
        let sum = &mut taken[usize::try_from(cut.at).unwrap()];
        *sum = (sum.0 + cut.lots.get(), sum.1 + cut.forgone.get());
    }
    taken
}

/// The most lots each could give, by the words of the rules.
fn room(rules: &AdlPolicy, terms: &Terms, candidate: &Candidate) -> u128 {
    let size = candidate.size.get();
    if rules.gains_only || rules.select == AdlSelect::ProRataGains {
        let gain = terms.gain(candidate).unwrap().get();
        let (scale, distance) = (terms.base_unit.get() * PRICE_SCALE, terms.distance().get());
        let within = (0..=size).rev().find(|lots| lots * distance <= gain * scale);
        return if gain == 0 { 0 } else { within.unwrap() };
    }
    size
}

#[test]
fn sums_are_exact_and_nobody_gives_more_than_he_has() {
    let mut random = Random(1);
    let mut placed = 0;
    for _ in 0..6_000 {
        let (rules, terms, need, list) = random.case();
        let chosen = select(&rules, &terms, need, &list).unwrap();
        let told = || format!("{need:?} {rules:?} {terms:?} {list:?} {chosen:?}");
        let most: u128 = list.iter().map(|c| room(&rules, &terms, c)).sum();
        let taken = taken(&chosen, list.len());
        let (lots, money) = taken.iter().fold((0, 0), |sum, t| (sum.0 + t.0, sum.1 + t.1));
        assert_eq!((lots, money), (chosen.lots.get(), chosen.forgone.get()), "{}", told());
        let scale = terms.base_unit.get() * PRICE_SCALE;
        let all = lots * terms.distance().get() / scale;
        match (need, chosen.rest) {
            (Need::Lots(need), Need::Lots(rest)) => {
                assert_eq!(
                    (lots, lots + rest.get()),
                    (need.get().min(most), need.get()),
                    "{}",
                    told()
                );
                assert_eq!(money, all, "{}", told());
            }
            (Need::Atoms(need), Need::Atoms(rest)) => {
                let need = need.get();
                assert_eq!((money, money + rest.get()), (need.min(all), need), "{}", told());
                // Not a lot more than it takes, and not one less while there is one.
                assert!(
                    lots == 0 || (lots - 1) * terms.distance().get() < need * scale,
                    "{}",
                    told()
                );
                assert!(money == need || lots == most || terms.distance().is_zero(), "{}", told());
            }
            _ => panic!("{}", told()),
        }
        for ((lots, money), candidate) in taken.iter().zip(&list) {
            assert!(*lots <= room(&rules, &terms, candidate), "{}", told());
            let gain = terms.gain(candidate).unwrap().get();
            assert!(!rules.gains_only || *money <= gain, "{}", told());
        }
        placed += u32::from(lots > 0);
    }
    assert!(placed > 2_500, "{placed}");
}

#[test]
fn a_queue_skips_nobody_and_hedges_wait() {
    let mut random = Random(2);
    for _ in 0..3_000 {
        let (rules, terms, need, list) = random.case();
        let rules = AdlPolicy { select: AdlSelect::Queue, ..rules };
        let chosen = select(&rules, &terms, need, &list).unwrap();
        let taken = taken(&chosen, list.len());
        let order = order(rules.rank, &terms, &list).unwrap();
        let free = |at: &usize| {
            let all = room(&rules, &terms, &list[*at]);
            if rules.hedge_aware { all.min(list[*at].unhedged().get()) } else { all }
        };
        for (before, after) in order.iter().zip(order.iter().skip(1)) {
            let (before_free, after_free) = (free(before), free(after));
            let full = taken[*before].0 >= before_free;
            assert!(full || taken[*after].0 == 0, "{rules:?} {list:?} {chosen:?}");
            // Hedged lots are touched only when nobody has others left.
            let hedged = taken[*before].0 > before_free;
            assert!(!hedged || taken[*after].0 >= after_free, "{rules:?} {list:?} {chosen:?}");
        }
    }
}

#[test]
fn the_order_of_a_list_matters_to_ties_only() {
    let mut random = Random(3);
    for _ in 0..3_000 {
        let (mut rules, terms, need, list) = random.case();
        if rules.rank == AdlRank::Given {
            rules.rank = AdlRank::MoveTimesLeverage;
        }
        let mut other: Vec<Candidate> = list.clone();
        let turn = usize::try_from(random.below(9)).unwrap();
        other.rotate_left(turn.min(list.len()));
        other.reverse();
        let by_account = |list: &[Candidate]| {
            let chosen = select(&rules, &terms, need, list).unwrap();
            let mut rows: Vec<_> = list.iter().zip(taken(&chosen, list.len())).collect();
            rows.sort_by_key(|(candidate, _)| candidate.account);
            let rows: Vec<(Candidate, u128)> = rows.iter().map(|(c, t)| (**c, t.0)).collect();
            (chosen.lots, chosen.forgone, rows)
        };
        let ((lots, money, here), (other_lots, other_money, there)) =
            (by_account(&list), by_account(&other));
        assert_eq!((lots, money), (other_lots, other_money));
        for ((one, a), (same, b)) in here.iter().zip(&there) {
            assert_eq!(one.account, same.account);
            if rules.select == AdlSelect::Queue {
                // Who ranks like another may take his place; all who rank alike give the same.
                let alike = |rows: &[(Candidate, u128)]| -> u128 {
                    let like = |other: &Candidate| {
                        order(rules.rank, &terms, &[*one, *other]).unwrap() == [0, 1]
                            && order(rules.rank, &terms, &[*other, *one]).unwrap() == [0, 1]
                    };
                    rows.iter().filter(|(c, _)| like(c)).map(|(_, lots)| lots).sum()
                };
                assert_eq!(alike(&here), alike(&there), "{rules:?} {list:?}");
            } else {
                // An odd lot for each pass.
                assert!(a.abs_diff(*b) <= 2, "{rules:?} {list:?}");
            }
        }
    }
}

#[test]
fn candidates_compare_by_price_not_by_scale() {
    // The same book in a base unit of a million lots ranks and shares alike.
    let mut random = Random(4);
    for _ in 0..500 {
        let (rules, terms, _, list) = random.case();
        let large = Terms { base_unit: Base::new(terms.base_unit.get() * 1_000_000), ..terms };
        let rules = AdlPolicy { gains_only: false, ..rules };
        let need = Need::Lots(Base::new(20));
        if rules.select != AdlSelect::ProRataGains {
            let small = select(&rules, &terms, need, &list).unwrap();
            let large = select(&rules, &large, need, &list).unwrap();
            assert_eq!(taken(&small, list.len()).len(), taken(&large, list.len()).len());
            let lots = |s: &Selection| s.cuts.iter().map(|c| (c.at, c.lots)).collect::<Vec<_>>();
            assert_eq!(lots(&small), lots(&large));
        }
    }
    assert_eq!(price(3), Price::new(3 * PRICE_SCALE));
}
