//! How fast the core is by itself, and how much memory a million stakers take.
//!
//! `bench [all|core|stakers|adl|lending] [--accounts=N] [--json]`: a table, or one line of JSON for `cargo xtask bench`;
//! `N` is how many depositors a vault has.
//!
//! **Work** liquidation settlements on one market, decided and applied on one thread: signatures absent,
//! nothing encoded, nothing written. The state holds a million accounts; each command names two of
//! them at random, no account twice in one round. Commands are made beforehand in batches of 8,192,
//! outside the clock, as the writer would find them in its queue; like the writer, the bench looks up
//! ahead what the next few of them need. What vaults do is in `lending.rs`.

mod lending;

use backstop_core::{
    Asked, Body, Checked, Command, Event, Genesis, RULES_VERSION, Record, State, apply, begin,
    command::{
        CreateFund, CreateMarket, CreateTranche, OpenAccount, Opening, OpeningAccount,
        RegisterAsset, SetRoles, SettleLiquidation, Stake,
    },
    loss::adl::{Candidate, Need, Terms, select},
    policy::{
        AdlPolicy, AdlSelect, FundKind, LayerPolicy, LayerSource, Limits, PositionSide, Role,
        Roles, TranchePolicy,
    },
    record, replay, warm,
};
use backstop_testkit::{
    bench::{Row, print},
    label,
    world::START,
    world::layer,
    world::market,
};
use backstop_units::{Amount, Base, Hash, Label, Price, Shares, Signed, Timestamp};
use std::time::{Duration, Instant};

const ACCOUNTS: u32 = 1_000_000;
const BATCH: usize = 8_192;
const ROUNDS: usize = 7;
const PER_ROUND: usize = 61 * BATCH;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let json = args.iter().any(|arg| arg == "--json");
    let what = args.iter().find(|arg| !arg.starts_with("--")).map_or("all", String::as_str);
    let depositors = args.iter().find_map(|arg| arg.strip_prefix("--accounts="));
    let depositors = depositors.and_then(|count| count.parse().ok()).unwrap_or(ACCOUNTS);
    let mut rows = Vec::new();
    match what {
        "all" => {
            // The benches that measure memory come first.
            rows.extend(stakers());
            rows.extend(lending::lending(depositors));
            rows.extend(core());
            rows.extend(adl());
        }
        "adl" => rows.extend(adl()),
        "lending" => rows.extend(lending::lending(depositors)),
        "core" => rows.extend(core()),
        "stakers" => rows.extend(stakers()),
        _ => {
            eprintln!("usage: bench [all|core|stakers|adl|lending] [--accounts=N] [--json]");
            std::process::exit(2);
        }
    }
    print(&rows, json);
}

/// A small deterministic generator: the same commands in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
    fn below(&mut self, count: u32) -> u32 {
        u32::try_from(self.next() % u64::from(count)).unwrap_or(0)
    }
    fn shuffle(&mut self, items: &mut [u32]) {
        for at in (1..items.len()).rev() {
            let other = self.below(u32::try_from(at + 1).unwrap_or(u32::MAX));
            items.swap(at, usize::try_from(other).unwrap_or(0));
        }
    }
}

/// A trader's label: sixteen bytes, as a client would make them.
fn trader(number: u32) -> Label {
    let mixed = Random(u64::from(number)).next();
    Label::from_bytes((u128::from(number) << 96 | u128::from(mixed)).to_be_bytes())
}

fn genesis() -> Genesis {
    let (main, usdt, venue) = (label("main"), label("usdt"), label("venue"));
    let account =
        |name: &str| Body::from(OpenAccount { label: label(name), group: None, venue: None });
    let roles = Roles::of(&[Role::Operator, Role::Venue]);
    // The limits of a real market, so that deficits also keep their rolling windows.
    let limited = LayerPolicy {
        per_event: Some(Amount::new(1 << 60)),
        per_24h: Some(Amount::new(1 << 60)),
        ..layer(LayerSource::Reserve(main))
    };
    let waterfall = vec![layer(LayerSource::FeePool), limited, layer(LayerSource::Socialised)];
    let setup = vec![
        RegisterAsset { label: usdt, decimals: 6, custodian: None }.into(),
        account("op"),
        account("venue"),
        SetRoles { account: label("op"), roles }.into(),
        CreateFund {
            label: main,
            asset: usdt,
            kind: FundKind::Shared,
            treasury: label("op"),
            threshold: Amount::new(1 << 100),
            target: Amount::ZERO,
            policy: Box::default(),
        }
        .into(),
        CreateTranche { label: label("jun"), fund: main, policy: TranchePolicy::default() }.into(),
        CreateMarket {
            label: label("sol"),
            fund: main,
            venue,
            policy: Box::new(market(waterfall)),
        }
        .into(),
        Opening {
            account: OpeningAccount::Reserve(main),
            asset: usdt,
            amount: Amount::new(1 << 70),
        }
        .into(),
    ];
    genesis_of(setup)
}

fn genesis_of(setup: Vec<Body>) -> Genesis {
    let limits = Limits { sandbox: true, ..Limits::default() };
    Genesis { ledger: label("bench"), rules: RULES_VERSION, preset: label("bench"), limits, setup }
}

/// A ledger and what its commands need.
struct Ledger {
    state: State,
    events: Vec<Event>,
    count: u128,
}

impl Ledger {
    fn begin(genesis: &Genesis) -> Self {
        let (state, events) = begin(genesis, START).expect("a genesis");
        Self { state, events, count: 0 }
    }

    fn with_accounts() -> Self {
        let mut ledger = Self::begin(&genesis());
        ledger.open_accounts(ACCOUNTS);
        ledger
    }

    fn open_accounts(&mut self, count: u32) {
        for number in 0..count {
            let venue = Some(label("op"));
            self.send("op", OpenAccount { label: trader(number), group: None, venue });
        }
    }

    fn command(&mut self, actor: &str, body: impl Into<Body>) -> Command {
        self.count += 1;
        let id = u128::from(START.ms()) << 80 | 7 << 76 | 2 << 62 | self.count;
        Command {
            id: Label::from_bytes(id.to_be_bytes()),
            actor: label(actor),
            occurred_at: None,
            body: body.into(),
            approvals: None,
        }
    }

    fn send(&mut self, actor: &str, body: impl Into<Body>) {
        let command = self.command(actor, body);
        self.apply(&command, START);
    }

    #[inline]
    fn apply(&mut self, command: &Command, now: Timestamp) {
        let checked = Checked::new(self.state.meta.ledger, command).expect("no signatures");
        apply(&mut self.state, &checked, now, &mut self.events).expect("a valid command");
    }

    /// Settlements of accounts that are taken from `order` in pairs; `deficits` of a thousand are under
    /// water.
    fn batch(&mut self, order: &[u32], random: &mut Random, deficits: u32) -> Vec<Command> {
        let pairs = order.chunks_exact(2);
        pairs.map(|pair| self.settlement([pair[0], pair[1]], random, deficits)).collect()
    }

    fn settlement(&mut self, pair: [u32; 2], random: &mut Random, deficits: u32) -> Command {
        let amount = i128::from(random.below(1_000_000)) + 1;
        let under = random.below(1_000) < deficits;
        let settle = SettleLiquidation {
            market: label("sol"),
            account: trader(pair[0]),
            liquidator: trader(pair[1]),
            outcome: Signed::new(if under { -amount } else { amount }),
            notional: Amount::new(20_000_000),
            mark: Price::new(150_000_000_000),
            open_interest: None,
            evidence: under.then(|| Hash::new([1; 32])),
        };
        self.command("venue", settle)
    }
}

/// Hands batches of a round to `work` and returns the time it took, and only it.
fn round(
    ledger: &mut Ledger,
    seed: u64,
    deficits: u32,
    mut work: impl FnMut(&mut Ledger, &[Command]),
) -> Duration {
    let mut random = Random(seed);
    let mut order: Vec<u32> = (0..ACCOUNTS).collect();
    random.shuffle(&mut order);
    let mut spent = Duration::ZERO;
    for order in order[..2 * PER_ROUND].chunks_exact(2 * BATCH) {
        let commands = ledger.batch(order, &mut random, deficits);
        let begun = Instant::now();
        work(ledger, &commands);
        spent += begun.elapsed();
    }
    spent
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Commands a second: the median of several rounds.
fn rate(ledger: &mut Ledger, deficits: u32, mut work: impl FnMut(&mut Ledger, &[Command])) -> f64 {
    let rounds = (0..ROUNDS).map(|seed| {
        let seed = 1_000 * u64::from(deficits) + u64::try_from(seed).unwrap_or(0);
        let spent = round(ledger, seed, deficits, &mut work);
        count(PER_ROUND) / spent.as_secs_f64()
    });
    median(rounds.collect())
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}

/// As the writer does it: looks ahead in its queue, then applies one after the other.
fn apply_all(ledger: &mut Ledger, commands: &[Command]) {
    for ahead in commands.chunks(warm::AHEAD) {
        warm::commands(&ledger.state, ahead.iter());
        apply_each(ledger, ahead);
    }
}

fn apply_each(ledger: &mut Ledger, commands: &[Command]) {
    for command in commands {
        ledger.apply(command, START);
    }
}

fn core() -> Vec<Row> {
    let mut ledger = Ledger::with_accounts();
    // A round that is not counted gives every account its entry in the books.
    round(&mut ledger, 99, 0, apply_all);
    let mut rows = vec![Row::new(
        "core: liquidation settlements, 1 thread",
        rate(&mut ledger, 0, apply_all),
        "commands/s",
        Some(1e6),
    )];
    rows.push(Row::new(
        "core: the same, nothing looked up ahead",
        rate(&mut ledger, 0, apply_each),
        "commands/s",
        None,
    ));
    rows.push(Row::new("core: the same, p99.9 each", tail(&mut ledger, 0), "ns", None));
    let mut bytes = Vec::with_capacity(BATCH * 600);
    let encoded = rate(&mut ledger, 0, |ledger, commands| {
        bytes.clear();
        for ahead in commands.chunks(warm::AHEAD) {
            warm::commands(&ledger.state, ahead.iter());
            for command in ahead {
                let head = (ledger.state.meta.next, START, RULES_VERSION);
                ledger.apply(command, START);
                record::encode_command(&mut bytes, head, command, &ledger.events);
            }
        }
    });
    rows.push(Row::new("core: the same with its record encoded", encoded, "commands/s", None));
    rows.push(Row::new("core: bytes per record", count(bytes.len()) / count(BATCH), "bytes", None));
    rows.push(Row::new(
        "core: settlements, 2% with a deficit",
        rate(&mut ledger, 20, apply_all),
        "commands/s",
        None,
    ));
    rows.push(Row::new("core: the same, p99.9 each", tail(&mut ledger, 20), "ns", None));
    rows.extend(replayed(&mut ledger));
    rows
}

/// The 99.9th percentile of one command's time, the clock's own cost included.
fn tail(ledger: &mut Ledger, deficits: u32) -> f64 {
    let mut times: Vec<u128> = Vec::with_capacity(PER_ROUND);
    round(ledger, 7, deficits, |ledger, commands| {
        for command in commands {
            let begun = Instant::now();
            ledger.apply(command, START);
            times.push(begun.elapsed().as_nanos());
        }
    });
    times.sort_unstable();
    let at = times.len() - times.len() / 1_000 - 1;
    times.get(at).and_then(|ns| u32::try_from(*ns).ok()).map_or(f64::NAN, f64::from)
}

/// Decodes and replays records, and decides them again.
fn replayed(ledger: &mut Ledger) -> Vec<Row> {
    let mut before = ledger.state.clone();
    let mut log: Vec<Vec<u8>> = Vec::with_capacity(PER_ROUND);
    round(ledger, 5, 20, |ledger, commands| {
        for command in commands {
            let head = (ledger.state.meta.next, START, RULES_VERSION);
            ledger.apply(command, START);
            let mut bytes = Vec::with_capacity(300);
            record::encode_command(&mut bytes, head, command, &ledger.events);
            log.push(bytes);
        }
    });
    let mut fresh = before.clone();
    let begun = Instant::now();
    for bytes in &log {
        let record = Record::decode(bytes).expect("a record");
        replay(&mut before, &record).expect("it follows");
    }
    let replayed = count(log.len()) / begun.elapsed().as_secs_f64();
    let mut scratch = Vec::new();
    let begun = Instant::now();
    for bytes in &log {
        let asked = Asked::decode(bytes).expect("a record");
        backstop_core::recheck(&mut fresh, &asked, false, &mut scratch).expect("the same rules");
    }
    let rechecked = count(log.len()) / begun.elapsed().as_secs_f64();
    assert_eq!(before.hash(), ledger.state.hash(), "replay gives another state");
    vec![
        Row::new("core: decode and replay", replayed, "commands/s", Some(1e6)),
        Row::new("core: decode and decide again", rechecked, "commands/s", Some(7e5)),
    ]
}

/// A million stakers with a stake each; the process's peak memory, where the system tells it.
fn stakers() -> Vec<Row> {
    forget_peak();
    let mut ledger = Ledger::with_accounts();
    let (usdt, amount) = (label("usdt"), Amount::new(1_000_000));
    let begun = Instant::now();
    for number in 0..ACCOUNTS {
        let account = trader(number);
        ledger
            .send("op", Opening { account: OpeningAccount::Account(account), asset: usdt, amount });
        let (tranche, min_shares) = (label("jun"), Shares::ZERO);
        ledger.send("op", Stake { tranche, account, asset: usdt, amount, min_shares });
    }
    let spent = begun.elapsed().as_secs_f64();
    let positions = ledger.state.positions.len();
    assert_eq!(u32::try_from(positions), Ok(ACCOUNTS));
    let rate = 2.0 * f64::from(ACCOUNTS) / spent;
    let mut rows =
        vec![Row::new("stakers: opening balances and stakes of 1 M", rate, "commands/s", None)];
    if let Some(mib) = peak_mib() {
        rows.push(Row::new("stakers: peak memory with 1 M", mib, "MiB", Some(1_024.0)));
    }
    let size = count(ledger.state.to_bytes().len()) / (1_024.0 * 1_024.0);
    rows.push(Row::new("stakers: snapshot of 1 M", size, "MiB", None));
    rows
}

/// Selections for deleveraging among 100,000 candidates that close a third of their lots.
fn adl() -> Vec<Row> {
    const CANDIDATES: u32 = 100_000;
    const DOLLAR: u128 = 1_000_000 * 1_000_000_000;
    let mut random = Random(11);
    let list: Vec<Candidate> = (0..CANDIDATES)
        .map(|number| {
            let size = 1 + u128::from(random.next() % 1_000_000_000_000);
            Candidate {
                account: trader(number),
                side: PositionSide::Short,
                size: Base::new(size),
                hedged: Base::new(size / 4),
                entry: Price::new(DOLLAR * (120 + u128::from(random.below(130)))),
                equity: Amount::new(1 + size / u128::from(1 + random.below(200))),
                collateral: Amount::new(1 + size / 10),
                maintenance: Amount::new(size / 100),
            }
        })
        .collect();
    let lots: u128 = list.iter().map(|candidate| candidate.size.get()).sum();
    let terms = Terms {
        side: PositionSide::Short,
        mark: Price::new(DOLLAR * 140),
        price: Price::new(DOLLAR * 150),
        base_unit: Base::new(1_000_000_000),
    };
    let works = [
        ("adl: queue of 100,000", AdlSelect::Queue),
        ("adl: pro rata on gains of 100,000", AdlSelect::ProRataGains),
        ("adl: water-filling of 100,000", AdlSelect::WaterFilling),
    ];
    let timed = |(work, rule)| {
        let policy = AdlPolicy { select: rule, ..AdlPolicy::default() };
        let once = |_| {
            let begun = Instant::now();
            let chosen = select(&policy, &terms, Need::Lots(Base::new(lots / 3)), &list);
            let spent = begun.elapsed().as_secs_f64() * 1_000.0;
            assert!(!chosen.expect("a sound list").cuts.is_empty());
            spent
        };
        Row::new(work, median((0..ROUNDS).map(once).collect()), "ms", Some(50.0))
    };
    works.into_iter().map(timed).collect()
}

/// Lets the system measure the peak anew from what is held now, where it can.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory of this process, since it was last forgotten.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) / 1_024.0)
}
