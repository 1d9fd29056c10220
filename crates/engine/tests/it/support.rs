//! A ledger to test on, commands for it, and a store that fails when told to.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use backstop_core::{
    Body, Command, Genesis, State,
    command::{Contribute, Linked, SettleLiquidation, Stake},
    policy::Limits,
};
use backstop_engine::{Engine, EngineError, Options, ScenarioClock, Store, ids};
use backstop_journal::{Batch, GenesisMeta, JournalError, SqliteJournal, StoredBatch};
use backstop_testkit::world::{START, Setup, label};
use backstop_units::{Amount, Base, Hash, Label, Price, Seq, Shares, Signed, Span, Timestamp};

pub(crate) const SECOND: Span = Span::from_ms(1_000);

/// Makes commands with ids of the scenario's time, and deterministic numbers.
#[derive(Debug)]
pub(crate) struct Maker {
    pub(crate) clock: ScenarioClock,
    pub(crate) now: Timestamp,
    counter: u64,
    random: u64,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Self {
        let clock = ScenarioClock::at(START);
        Self { clock, now: START, counter: 0, random: seed | 1 }
    }

    pub(crate) fn options(&self) -> Options {
        Options { snapshot_every: 0, ..Options::with_clock(self.clock.clone()) }
    }

    pub(crate) fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
        self.clock.set(self.now);
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % limit
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len() as u64);
        words[usize::try_from(at).unwrap()]
    }

    pub(crate) fn command(&mut self, actor: &str, body: impl Into<Body>) -> Command {
        self.counter += 1;
        let id = ids::uuid7(self.now, self.counter);
        Command { id, actor: label(actor), occurred_at: None, body: body.into(), approvals: None }
    }

    /// A settlement with something left, or now and then with a deficit.
    pub(crate) fn settlement(&mut self) -> Command {
        let body = self.settle();
        self.command("venue", body)
    }

    fn settle(&mut self) -> SettleLiquidation {
        let who = self.one_of(&["alice", "bob", "carol"]);
        let left = i128::from(self.below(10_000));
        let outcome = if self.below(8) == 0 { -left / 4 } else { left };
        SettleLiquidation {
            market: label(self.one_of(&["sol", "btc"])),
            account: label(who),
            liquidator: label("dave"),
            outcome: Signed::new(outcome),
            notional: Amount::new(50_000),
            mark: Price::default(),
            open_interest: Some(Base::new(1_000_000)),
            evidence: Some(Hash::new([7; 32])),
        }
    }

    /// Any of the commands that always go through: settlements, gifts, stakes, linked ones.
    pub(crate) fn any(&mut self) -> Command {
        let asset = label("usdt");
        match self.below(6) {
            0 => {
                let amount = Amount::new(1 + u128::from(self.below(5)));
                let body =
                    Contribute { fund: label("main"), account: label("erin"), asset, amount };
                self.command("erin", body)
            }
            1 => {
                let amount = Amount::new(100 + u128::from(self.below(50)));
                let (tranche, account) = (label("jun"), label("erin"));
                let min_shares = Shares::ZERO;
                self.command("erin", Stake { tranche, account, asset, amount, min_shares })
            }
            2 => {
                let steps = (0..=self.below(4)).map(|_| self.settle().into()).collect();
                self.command("venue", Linked { steps })
            }
            _ => self.settlement(),
        }
    }
}

pub(crate) fn genesis() -> Genesis {
    genesis_with(Limits::default())
}

pub(crate) fn genesis_with(limits: Limits) -> Genesis {
    let limits = Limits { sandbox: true, config_delay: Span::ZERO, ..limits };
    let (balance, reserve) = (Amount::new(1 << 60), Amount::new(1_000_000));
    Setup { limits, balance, reserve, ..Setup::default() }.genesis()
}

/// Waits until reads see everything that was answered.
pub(crate) fn settle_down(engine: &Engine) {
    let last = Seq::new(engine.head().size - 1);
    engine.wait_for(last, Duration::from_secs(30)).expect("the follower keeps up");
}

/// The hash of everything that is durable.
pub(crate) fn state_hash(engine: &Engine) -> Hash {
    settle_down(engine);
    engine.read(State::hash)
}

/// Opens a journal. Another test may have forked in this moment, and its child holds our lock until
/// it has become the other program.
pub(crate) fn try_open(path: &Path, maker: &Maker) -> Result<Engine, EngineError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Engine::open(path, maker.options()) {
            Err(EngineError::Journal(JournalError::Locked { .. })) if Instant::now() < deadline => {
                std::thread::yield_now();
            }
            opened => return opened,
        }
    }
}

pub(crate) fn open(path: &Path, maker: &Maker) -> Engine {
    try_open(path, maker).expect("a journal that opens")
}

/// Tells a [`Flaky`] store what to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch {
    /// Appends fail from now on.
    pub(crate) fail: Arc<AtomicBool>,
    /// Appends wait until this is off.
    pub(crate) hold: Arc<AtomicBool>,
    /// Records that are stored.
    pub(crate) stored: Arc<AtomicU64>,
}

impl Switch {
    pub(crate) fn set_fail(&self) {
        self.fail.store(true, Ordering::SeqCst);
    }
    pub(crate) fn set_hold(&self, on: bool) {
        self.hold.store(on, Ordering::SeqCst);
    }
}

/// A journal in memory behind a switch.
pub(crate) struct Flaky {
    journal: SqliteJournal,
    switch: Switch,
}

impl Flaky {
    pub(crate) fn boxed(ledger: Label, switch: Switch) -> Box<dyn Store> {
        let meta = GenesisMeta { ledger_id: *ledger.bytes() };
        let journal = SqliteJournal::memory(&meta).expect("a journal in memory");
        Box::new(Self { journal, switch })
    }
}

impl fmt::Debug for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flaky")
    }
}

impl Store for Flaky {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        while self.switch.hold.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        if self.switch.fail.load(Ordering::SeqCst) {
            return Err(JournalError::Poisoned);
        }
        self.journal.append(batch)?;
        self.switch.stored.store(batch.next_seq(), Ordering::SeqCst);
        Ok(())
    }
    fn batch_with(&self, seq: u64) -> Result<Option<StoredBatch>, JournalError> {
        Store::batch_with(&self.journal, seq)
    }
    fn put_checkpoint(&mut self, size: u64, text: &str) -> Result<(), JournalError> {
        self.journal.put_checkpoint(size, text)
    }
    fn bytes_left(&self) -> Result<Option<u64>, JournalError> {
        Ok(None)
    }
}
