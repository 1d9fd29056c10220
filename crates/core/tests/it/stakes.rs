//! Stakes beside the protocol's shares: what rescaling, ownerless assets, kept atoms and revenue do to
//! holders, step by step.

use backstop_core::{
    Event,
    command::{
        CancelUnstake, ClaimRecovery, ClaimUnstake, GrantProtocolShares, Party, PayRevenue,
        RecoverLoss, RequestUnstake, SettleRevenue, Stake, StakeProtocol,
    },
    fund::exits::exits,
    ledger::LedgerAccount,
    policy::{CancelTerms, EntryPrice, ProtocolHolding},
};
use backstop_testkit::{Setup, World, label};
use backstop_units::{Amount, AssetId, FundId, LossId, Ppm, Shares, Span, TicketId, TrancheId};

use crate::run::lose;

fn world(change: impl Fn(&mut Setup)) -> World {
    let mut setup = Setup::default();
    setup.tranches[0].cooldown = Span::ZERO;
    setup.tranches[0].protocol = ProtocolHolding::Shares;
    change(&mut setup);
    World::of(&setup)
}

fn stake(world: &mut World, who: &str, amount: u128) {
    let (tranche, account, asset) = (label("jun"), label(who), label("usdt"));
    let amount = Amount::new(amount);
    world.must(who, Stake { tranche, account, asset, amount, min_shares: Shares::ZERO });
}

fn request(world: &mut World, who: &str, shares: u128) {
    let (tranche, account, shares) = (label("jun"), label(who), Shares::new(shares));
    world.must(who, RequestUnstake { tranche, account, shares, amount: None });
}

fn held(world: &World, who: &str) -> u128 {
    let account = world.state.account_id(label(who)).unwrap();
    let (_, position) = world.state.position(TrancheId::new(0), account).unwrap();
    let tranche = world.state.tranches.get(TrancheId::new(0)).unwrap();
    backstop_core::fund::rescale::shares_now(position, tranche).0.get()
}

fn owed(world: &World, account: LedgerAccount) -> u128 {
    world.state.ledger.owed(account, AssetId::new(0)).get()
}

#[test]
fn after_a_near_total_loss_a_newcomer_keeps_what_he_brings() {
    let mut world = world(|setup| {
        setup.tranches[0].spare_decimals = 1;
        setup.tranches[0].keeps = Amount::new(1);
    });
    stake(&mut world, "alice", 800_000);
    lose(&mut world, 900_000);
    stake(&mut world, "bob", 500_000);
    let tranche = world.state.tranches.get(TrancheId::new(0)).unwrap().clone();
    // 800,000 shares over 1 atom: ⌊log₁₀ 80,000⌋ = 4 digits go.
    assert_eq!((tranche.base, held(&world, "alice")), (4, 80));
    assert_eq!(held(&world, "bob"), 500_000 * 80);
    request(&mut world, "bob", 500_000 * 80);
    world.must("bob", ClaimUnstake { ticket: TicketId::new(0) });
    let bob = world.state.account_id(label("bob")).unwrap();
    assert_eq!(owed(&world, LedgerAccount::Balance(bob)), 1_000_000);
}

#[test]
fn what_the_last_staker_leaves_is_the_protocols_and_its_recoveries_too() {
    let mut world = world(|setup| setup.tranches[0].keeps = Amount::new(100));
    stake(&mut world, "alice", 1_000);
    request(&mut world, "alice", 1_000);
    world.must("alice", ClaimUnstake { ticket: TicketId::new(0) });
    assert_eq!(owed(&world, LedgerAccount::Tranche(TrancheId::new(0))), 100);
    stake(&mut world, "bob", 300);
    let taken =
        |event: &Event| matches!(event, Event::OrphansTaken { shares, .. } if shares.get() == 100);
    assert!(world.events.iter().any(taken));
    assert_eq!(held(&world, "bob"), 300, "nothing of it is the newcomer's");
    lose(&mut world, 200);
    let from = Party::Account(label("carol"));
    world.must("carol", RecoverLoss { loss: LossId::new(0), from, amount: Amount::new(200) });
    for (who, balance) in [("treasury", 50), ("bob", 999_700 + 150)] {
        world.must(who, ClaimRecovery { loss: LossId::new(0), account: label(who) });
        let account = world.state.account_id(label(who)).unwrap();
        assert_eq!(owed(&world, LedgerAccount::Balance(account)), balance, "{who}");
    }
}

#[test]
fn a_ticket_taken_back_keeps_losses_and_gives_up_gains() {
    let mut world = world(|setup| {
        setup.tranches[0].cancel = CancelTerms::ForfeitGains;
        setup.fund.revenue.pool_share = Ppm::WHOLE;
        setup.fund.revenue.apr_max = Ppm::new(u32::MAX);
        setup.fund.revenue.staker_factor = Ppm::WHOLE;
        setup.tranches[1].revenue_weight = 0;
    });
    stake(&mut world, "alice", 100_000);
    stake(&mut world, "bob", 100_000);
    request(&mut world, "alice", 100_000);
    let (fund, from) = (label("main"), Party::Account(label("carol")));
    world.must("carol", PayRevenue { fund, from, amount: Amount::new(20_000) });
    world.wait(Span::hours(3));
    world.must("erin", SettleRevenue { fund });
    let assets = owed(&world, LedgerAccount::Tranche(TrancheId::new(0)));
    assert!(assets > 200_000, "{assets}");
    world.must("alice", CancelUnstake { ticket: TicketId::new(0) });
    let (alice, bob) = (held(&world, "alice"), held(&world, "bob"));
    let worth = |shares: u128| assets * shares / (alice + bob);
    assert!((99_998..=100_000).contains(&worth(alice)), "alice has {}", worth(alice));
    assert!(worth(bob) >= assets - 100_001, "the gain is bob's: {}", worth(bob));
}

#[test]
fn who_joins_just_before_a_settlement_gains_nothing_of_it() {
    // Under a yearly cap a large stake also lets more move at once: that is not the newcomer's either.
    let all =
        [u32::MAX, 400_000_000].map(|apr| ProtocolHolding::ALL.iter().map(move |p| (apr, *p)));
    let all = all.into_iter().flatten();
    for ((apr_max, holding), entry) in
        all.flat_map(|way| EntryPrice::ALL.iter().map(move |e| (way, e)))
    {
        let mut world = world(|setup| {
            setup.fund.revenue.entry = *entry;
            setup.fund.revenue.pool_share = Ppm::WHOLE;
            setup.fund.revenue.apr_max = Ppm::new(apr_max);
            setup.tranches[0].protocol = holding;
        });
        stake(&mut world, "alice", 100_000);
        let (fund, from) = (label("main"), Party::Account(label("carol")));
        world.must("carol", PayRevenue { fund, from, amount: Amount::new(10_000) });
        stake(&mut world, "bob", 900_000);
        world.wait(Span::hours(3));
        world.must("erin", SettleRevenue { fund });
        let shares = held(&world, "bob");
        request(&mut world, "bob", shares);
        world.must("bob", ClaimUnstake { ticket: TicketId::new(0) });
        let bob = world.state.account_id(label("bob")).unwrap();
        let balance = owed(&world, LedgerAccount::Balance(bob));
        match entry {
            EntryPrice::Spot => assert!(balance > 1_000_000, "bob gains at spot: {balance}"),
            EntryPrice::WithPending => {
                let (least, most) = (999_990, 1_000_000);
                assert!(
                    (least..=most).contains(&balance),
                    "{holding:?} {apr_max}: bob has {balance}"
                );
            }
        }
    }
}

#[test]
fn shares_of_the_protocol_become_a_stakers_at_their_worth() {
    let mut world = world(|_| {});
    stake(&mut world, "alice", 600);
    let (tranche, account) = (label("jun"), label("bob"));
    world.must("bob", StakeProtocol { tranche, account, amount: Amount::new(400) });
    lose(&mut world, 500);
    let grant = GrantProtocolShares { tranche, account, shares: Shares::new(400) };
    world.must("op", grant);
    let granted = |event: &Event| matches!(event, Event::ProtocolSharesGranted { value, .. } if value.get() == 200);
    assert!(world.events.iter().any(granted));
    assert_eq!((held(&world, "alice"), held(&world, "bob")), (600, 400));
}

#[test]
fn exits_stand_by_the_day_on_which_they_can_be_paid() {
    let mut world = world(|setup| setup.tranches[0].cooldown = Span::days(2));
    stake(&mut world, "alice", 600);
    stake(&mut world, "bob", 400);
    let seen = |world: &World| {
        let found = exits(&world.state, FundId::new(0), world.now).unwrap();
        let days = found.days.iter().map(|day| {
            let text = day.day.to_string();
            assert!(text.ends_with("T00:00:00Z"), "{text}");
            (text[..10].to_owned(), day.tickets, day.amount.get(), day.left.get())
        });
        (found.staked.get(), found.queued.get(), days.collect::<Vec<_>>())
    };
    assert_eq!(seen(&world), (1_000, 0, vec![]));
    // Nine in the morning of 2025-10-09, and the days after it.
    request(&mut world, "alice", 100);
    request(&mut world, "bob", 100);
    world.wait(Span::days(1));
    request(&mut world, "alice", 300);
    let day = |day: &str, tickets, amount, left| (day.to_owned(), tickets, amount, left);
    let two = vec![day("2025-10-11", 2, 200, 800), day("2025-10-12", 1, 300, 500)];
    assert_eq!(seen(&world), (1_000, 500, two));
    // A loss comes to those on their way out too; each ticket is rounded down by itself.
    lose(&mut world, 501);
    let two = vec![day("2025-10-11", 2, 98, 401), day("2025-10-12", 1, 149, 252)];
    assert_eq!(seen(&world), (499, 247, two));
    // Whoever could have been paid long ago can be paid today.
    world.wait(Span::days(3));
    assert_eq!(seen(&world), (499, 247, vec![day("2025-10-13", 3, 247, 252)]));
    world.must("alice", ClaimUnstake { ticket: TicketId::new(0) });
    // What the rounding of that ticket left lifts the price of all others to one half exactly.
    assert_eq!(seen(&world), (450, 200, vec![day("2025-10-13", 2, 200, 250)]));
    // A series that is wiped leaves nothing to take.
    lose(&mut world, 450);
    assert_eq!(seen(&world), (0, 0, vec![]));
}
