//! Vaults: how fast the core takes deposits, what a million depositors take, and how long the root over all their
//! claims on a loss takes.
//!
//! **Work** deposits of accounts taken at random into one vault with money in two reserves, one of them lent; a second
//! passes with each batch, so that interest and fees are charged anew. Then the borrower goes bankrupt, and everybody
//! has a claim. Commands are made outside the clock.

use super::{
    BATCH, Ledger, ROUNDS, Random, count, forget_peak, genesis_of, median, peak_mib, trader,
};
use backstop_core::{
    Body, Command,
    command::{
        AssessVaultLoss, DepositVault, OpenAccount, OpenClaims, Opening, OpeningAccount,
        PayCompensation, RecogniseLoss, RegisterAsset, ReportPrice, SetRoles,
    },
    compensation::{
        claims::leaves,
        root::{Leaf, Tree, includes},
    },
    policy::{Role, Roles, VaultPolicy},
    warm,
};
use backstop_testkit::{
    bench::Row,
    label,
    lending::{CASH, borrow, impair, liquidate, pledge, socialise},
    vault::{SAFE, SPARE, allocate, invest},
    world::START,
};
use backstop_units::{Amount, Bps, Hash, Label, Price, Shares, Span, Timestamp, VaultLossId};
use std::time::{Duration, Instant};

const LOSS: VaultLossId = VaultLossId::new(0);
const RICH: u128 = 1 << 60;
const EACH: u128 = 1_000_000;

fn setup() -> Vec<Body> {
    let mut setup: Vec<Body> =
        vec![RegisterAsset { label: label("usdt"), decimals: 6, custodian: None }.into()];
    for name in ["op", "venue", "risk", "keeper", "treasury", "bob", "carol", "erin"] {
        setup.push(OpenAccount { label: label(name), group: None, venue: None }.into());
    }
    let offices = [
        ("op", Role::Operator),
        ("venue", Role::Venue),
        ("risk", Role::Risk),
        ("keeper", Role::Keeper),
    ];
    for (name, role) in offices {
        setup.push(SetRoles { account: label(name), roles: Roles::of(&[role]) }.into());
    }
    let fees = VaultPolicy { management: Bps::new(200), ..backstop_testkit::vault::policy() };
    let reserve = backstop_testkit::lending::policy();
    setup.extend(backstop_testkit::lending::bodies(reserve.clone()));
    setup.extend(backstop_testkit::vault::bodies(reserve, fees));
    setup.extend([(CASH, 3), (SPARE, 1)].map(|(name, part)| allocate(name, part, 1 << 90).into()));
    for (name, asset) in [("bob", "ore"), ("erin", "usdt")] {
        setup.push(opening(label(name), asset, RICH));
    }
    setup
}

fn opening(account: Label, asset: &str, amount: u128) -> Body {
    let account = OpeningAccount::Account(account);
    Opening { account, asset: label(asset), amount: Amount::new(amount) }.into()
}

/// A ledger with a vault, and its clock.
struct Bench {
    ledger: Ledger,
    now: Timestamp,
}

impl Bench {
    fn new(holders: u32) -> Self {
        let mut ledger = Ledger::begin(&genesis_of(setup()));
        ledger.open_accounts(holders);
        Self { ledger, now: START }
    }

    fn send(&mut self, actor: &str, body: impl Into<Body>) {
        let command = self.ledger.command(actor, body);
        self.ledger.apply(&command, self.now);
    }

    fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
    }

    fn price(&mut self, thousand: u128) {
        self.wait(Span::from_ms(1_000));
        let price = Price::new(thousand * 1_000 * 1_000_000_000);
        let (feed, at) = (label("ore-own"), self.now);
        self.send("venue", ReportPrice { feed, price, at, signature: None });
    }

    /// Deposits of these accounts; the time that they took, and only it.
    fn deposits(&mut self, accounts: &[u32]) -> Duration {
        let mut spent = Duration::ZERO;
        for part in accounts.chunks(BATCH) {
            let commands: Vec<Command> = part.iter().map(|number| self.deposit(*number)).collect();
            self.wait(Span::from_ms(1_000));
            let begun = Instant::now();
            for ahead in commands.chunks(warm::AHEAD) {
                warm::commands(&self.ledger.state, ahead.iter());
                for command in ahead {
                    self.ledger.apply(command, self.now);
                }
            }
            spent += begun.elapsed();
        }
        spent
    }

    fn deposit(&mut self, number: u32) -> Command {
        let (account, vault, min_shares) = (trader(number), label(SAFE), Shares::ZERO);
        let deposit = DepositVault { account, vault, amount: Amount::new(EACH), min_shares };
        self.ledger.command("op", deposit)
    }

    /// The borrower goes bankrupt, and claims on what is paid for it are open.
    fn lose(&mut self) {
        self.price(1);
        self.send("keeper", impair("bob"));
        self.send("keeper", RecogniseLoss { vault: label(SAFE) });
        self.send("erin", liquidate("bob", "erin", RICH));
        self.send("risk", socialise("bob", None));
        let (evidence, excluded) = (Hash::new([7; 32]), Vec::new());
        self.send("op", AssessVaultLoss { loss: LOSS, amount: None, evidence, excluded });
        let held = self.ledger.state.compensation(LOSS).expect("an assessment");
        let (account, amount) = (label("erin"), held.assessment.amount);
        self.send("erin", PayCompensation { account, loss: LOSS, amount });
        self.wait(Span::days(3));
        self.send("op", OpenClaims { loss: LOSS });
    }
}

/// Deposits, memory and the root, with so many depositors.
pub(super) fn lending(holders: u32) -> Vec<Row> {
    forget_peak();
    let mut bench = Bench::new(holders);
    for number in 0..holders {
        bench.send("op", opening(trader(number), "usdt", EACH * 100));
    }
    let mut order: Vec<u32> = (0..holders).collect();
    let whole = count(order.len());
    let first = whole / bench.deposits(&order).as_secs_f64();
    let peak = peak_mib();
    bench.price(1_000);
    let lent = EACH * u128::from(holders) / 10;
    bench.send("keeper", invest(CASH));
    bench.send("keeper", invest(SPARE));
    bench.send("bob", pledge("bob", lent * 2));
    bench.send("bob", borrow("bob", lent));
    let mut rates = Vec::new();
    for seed in 0..ROUNDS {
        Random(u64::try_from(seed).unwrap_or(0)).shuffle(&mut order);
        rates.push(whole / bench.deposits(&order).as_secs_f64());
    }
    let bar = Some(5e5);
    let mut rows = vec![
        Row::new("vault: deposits, 1 thread", median(rates), "commands/s", bar),
        Row::new("vault: first deposits of accounts", first, "commands/s", None),
    ];
    rows.extend(peak.map(|mib| Row::new("vault: peak memory", mib, "MiB", Some(1_024.0))));
    bench.lose();
    let times = (0..ROUNDS).map(|_| root(&bench)).collect();
    rows.push(Row::new("compensation: root over all claims", median(times), "s", Some(3.0)));
    rows.push(Row::new("compensation: claims in it", whole, "claims", None));
    rows
}

/// How long it takes to list all claims and make the tree over them.
fn root(bench: &Bench) -> f64 {
    let begun = Instant::now();
    let leaves = leaves(&bench.ledger.state, LOSS).expect("open claims");
    let tree = Tree::new(leaves.iter().map(Leaf::hash).collect());
    let root = tree.root().expect("claims");
    let spent = begun.elapsed().as_secs_f64();
    assert_eq!(leaves.len(), bench.ledger.state.holdings.len());
    let last = leaves.last().expect("a claim").hash();
    assert!(includes(last, &tree.proof(last).expect("a proof"), root));
    spent
}
