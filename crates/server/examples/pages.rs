//! How long every page takes on a ledger with many records.
//!
//! ```text
//! cargo run --profile dist -p backstop-server --example pages -- [RECORDS] [ROUNDS] [--json]
//! ```
//!
//! One process makes a ledger of single settlements, one in fifty with a deficit that the fund pays, serves it on
//! loopback and walks every page it can reach from the first one, a few of each kind. Each address is asked for once
//! and then some rounds more; a row is the slowest address of its kind by the median of its rounds, and what the very
//! first request of that kind took.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    error::Error,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use backstop_core::{
    Command,
    command::{Body, SettleLiquidation, Stake},
    policy::Limits,
};
use backstop_engine::{Engine, Options, ids::uuid7, read_model::beside};
use backstop_server::{Mounted, Settings, Site, config::Written};
use backstop_testkit::{
    bench::{Row, print},
    world::{Setup, TRADERS, label},
};
use backstop_units::{Amount, Hash, Price, Seq, Shares, Signed};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Commands in one library batch.
const BATCH: u64 = 8_192;
/// Addresses of one kind that are walked.
const PER_KIND: usize = 3;
/// What the issue of the pages asks for, in milliseconds.
const BAR: f64 = 50.0;
const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let number = |at: usize, default: u64| numbers.get(at).map_or(Ok(default), |text| text.parse());
    let (records, rounds) = (number(0, 1_000_000)?, number(1, 15)?);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("journal.db");
    let limits = Limits { sandbox: true, ..Limits::default() };
    let rich = Amount::new(1 << 90);
    let genesis = Setup { limits, balance: rich, reserve: rich, ..Setup::default() }.genesis();
    let options = Options { read_model: Some(beside(&path)), ..Options::default() };
    let engine = Engine::create(&path, &genesis, options)?;
    fill(&engine, records)?;
    let flags = [("listen", "127.0.0.1:0"), ("commands", "open")];
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::read(&Written::gather(&flags, |_| None, None)?)?;
    let mounted = Mounted { name: String::new(), title: "bench".to_owned(), engine, signer: None };
    let running = Site { ledgers: vec![mounted], settings }.start()?;
    let rows = walk(running.address(), usize::try_from(rounds)?)?;
    print(&rows, words.iter().any(|word| word == "--json"));
    Ok(())
}

/// Records stakes and settlements, and waits until history has them.
fn fill(engine: &Engine, records: u64) -> Outcome<()> {
    let mut number = 0;
    let mut command = |actor, body: Body| {
        number += 1;
        let id = uuid7(engine.now(), number);
        Command { id, actor, occurred_at: None, body, approvals: None }
    };
    for name in TRADERS {
        let (account, amount) = (label(name), Amount::new(1 << 60));
        let (tranche, asset) = (label("jun"), label("usdt"));
        let stake = Stake { account, tranche, asset, amount, min_shares: Shares::ZERO };
        engine.call(command(account, stake.into())).map_err(|reject| format!("{reject:?}"))?;
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut left = records;
    while left > 0 {
        let count = left.min(BATCH);
        left -= count;
        let batch = (0..count).map(|_| command(label("venue"), settlement(&mut random))).collect();
        for answer in engine.call_many(batch) {
            answer.map_err(|reject| format!("{reject:?}"))?;
        }
    }
    let last = Seq::new(engine.head().size - 1);
    engine.wait_for(last, PATIENCE)?;
    engine.read_model().ok_or("no read model")?.wait_for(last, PATIENCE)?;
    Ok(())
}

fn settlement(random: &mut u64) -> Body {
    *random =
        random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let draw = *random >> 33;
    let size = i128::from(draw % 1_000_000) + 1;
    let outcome = Signed::new(if draw.is_multiple_of(50) { -size } else { size });
    let name = TRADERS[usize::try_from(draw % 5).unwrap_or(0)];
    SettleLiquidation {
        market: label(if (draw / 50).is_multiple_of(2) { "sol" } else { "btc" }),
        account: label(name),
        liquidator: label("keeper"),
        outcome,
        notional: Amount::new(50_000_000),
        mark: Price::default(),
        open_interest: None,
        evidence: Some(Hash::new([7; 32])),
    }
    .into()
}

/// Follows links from the first page; the slowest of each kind.
fn walk(address: SocketAddr, rounds: usize) -> Outcome<Vec<Row>> {
    let mut queue = VecDeque::from(["/".to_owned()]);
    let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
    let mut slowest: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut walked: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(path) = queue.pop_front() {
        let kind = kind_of(&path);
        let count = walked.entry(kind.clone()).or_default();
        *count += 1;
        if *count > PER_KIND {
            continue;
        }
        let (body, first) = get(address, &path)?;
        let again = (0..rounds).map(|_| Ok(get(address, &path)?.1));
        let mut times = again.collect::<Outcome<Vec<f64>>>()?;
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or(first);
        let row = slowest.entry(kind).or_insert((median, first));
        row.0 = row.0.max(median);
        let links = body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        // Without a signer there is no checkpoint to prove a record against.
        let ours = |link: &&str| link.starts_with('/') && !link.ends_with("/proof");
        for link in links.filter(ours).filter(|link| !link.starts_with("/assets")) {
            let link =
                link.split('#').next().unwrap_or(link).replace("&amp;", "&").replace("&#38;", "&");
            if seen.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    let mut rows: Vec<_> = slowest.into_iter().collect();
    rows.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    let rows = rows.into_iter().flat_map(|(kind, (median, first))| {
        let first_time = format!("  {kind}, the first time").leak();
        [Row::new(kind.leak(), median, "ms", Some(BAR)), Row::new(first_time, first, "ms", None)]
    });
    Ok(rows.collect())
}

/// An address without the names and numbers in it.
fn kind_of(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts = path.split('/').skip(1);
    let head = parts.next().unwrap_or("");
    // Names stand behind what they are names of: one part later below `/v1`, nowhere in the documents.
    let is_name = |at: usize| head != "docs" && at.is_multiple_of(2) != (head == "v1");
    let shown = |(at, part)| if is_name(at) { "/…".to_owned() } else { format!("/{part}") };
    let rest: String = parts.enumerate().map(shown).collect();
    let names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let names = if query.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
    format!("/{head}{rest}{names}")
}

/// An answer's body, and how many milliseconds it took.
fn get(address: SocketAddr, path: &str) -> Outcome<(String, f64)> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let took = begun.elapsed().as_secs_f64() * 1_000.0;
    let answer = String::from_utf8_lossy(&bytes);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("cut off")?;
    let status = head.split(' ').nth(1).unwrap_or("none");
    if !matches!(status, "200" | "303" | "308") {
        return Err(format!("{path}: {status}").into());
    }
    Ok((body.to_owned(), took))
}
