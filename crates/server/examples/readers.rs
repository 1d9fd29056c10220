//! How much readers of `/v1/events` slow the writer down.
//!
//! ```text
//! cargo run --release -p backstop-server --example readers -- [READERS] [SECONDS] [ROUNDS] [--json]
//! ```
//!
//! One process serves a new ledger and sends it single settlements over 64 connections of loopback, for some
//! seconds without readers and for as long with them, in turns. The readers are a second process, this program
//! once more. The median of each is printed.

use std::{
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Command as Process, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use backstop_core::{Command, command::SettleLiquidation, policy::Limits};
use backstop_engine::{Engine, Options, ids::uuid7, read_model::beside};
use backstop_server::{Mounted, Settings, Site, config::Written};
use backstop_testkit::{
    bench::{Row, print},
    world::{Setup, label},
};
use backstop_units::{Amount, Price, Signed, Timestamp};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that send commands.
const SENDERS: usize = 64;
const CHILD: &str = "--reading";

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    if words.iter().any(|word| word == CHILD) {
        let [address, readers] = numbers[..] else { return Err("an address and a count".into()) };
        return read(address.parse()?, readers.parse()?);
    }
    let number = |at: usize, default: u64| numbers.get(at).map_or(Ok(default), |text| text.parse());
    let (readers, seconds, rounds) = (number(0, 200)?, number(1, 5)?, number(2, 3)?);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("journal.db");
    let limits = Limits { sandbox: true, ..Limits::default() };
    let threshold = Amount::new(u128::MAX >> 1);
    let genesis = Setup { limits, threshold, ..Setup::default() }.genesis();
    let options = Options { read_model: Some(beside(&path)), ..Options::default() };
    let engine = Engine::create(&path, &genesis, options)?;
    let flags = [("listen", "127.0.0.1:0"), ("commands", "open")];
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::read(&Written::gather(&flags, |_| None, None)?)?;
    let mounted = Mounted { name: String::new(), title: "bench".to_owned(), engine, signer: None };
    let running = Site { ledgers: vec![mounted], settings }.start()?;
    let address = running.address();
    let time = Duration::from_secs(seconds);
    send(address, Duration::from_secs(1))?;
    let (mut alone, mut read) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.push(send(address, time)?);
        let mut child = Process::new(std::env::current_exe()?)
            .args([CHILD, &address.to_string(), &readers.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut ready)?;
        read.push(send(address, time)?);
        child.kill()?;
        child.wait()?;
    }
    let (alone, read) = (median(alone), median(read));
    let rows = [
        Row::new("single commands over HTTP, nobody reads", alone, "/s", None),
        Row::new("  with readers of /v1/events", read, "/s", None),
        Row::new("  slower by", (1.0 - read / alone) * 100.0, "%", Some(10.0)),
    ];
    print(&rows, words.iter().any(|word| word == "--json"));
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Reads until it is killed; says when all readers have their first bytes.
fn read(address: SocketAddr, readers: u64) -> Outcome<()> {
    let open = (0..readers).map(|_| {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut first = [0; 12];
        stream.read_exact(&mut first)?;
        if &first != b"HTTP/1.1 200" {
            return Err("refused".into());
        }
        Ok(stream)
    });
    let open = open.collect::<Outcome<Vec<TcpStream>>>()?;
    println!("reading");
    std::thread::scope(|scope| {
        for mut stream in open {
            let body = move || {
                let mut bytes = vec![0; 16_384];
                while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
            };
            let _ = std::thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, body);
        }
    });
    Ok(())
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Sends settlements for a while; how many were answered in a second.
fn send(address: SocketAddr, time: Duration) -> Outcome<f64> {
    let (count, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = BufReader::new(TcpStream::connect(address)?);
                    stream.get_ref().set_nodelay(true)?;
                    while !stop.load(Ordering::Relaxed) {
                        settle(&mut stream)?;
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Outcome::Ok(())
                })
            })
            .collect();
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        senders.into_iter().try_for_each(|sender| sender.join().map_err(|_| "a panic")?)
    })?;
    Ok(f64::from(u32::try_from(count.into_inner())?) / begun.elapsed().as_secs_f64())
}

/// Sends one settlement and waits for its answer.
fn settle(stream: &mut BufReader<TcpStream>) -> Outcome<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let body = SettleLiquidation {
        market: label("sol"),
        account: label("alice"),
        liquidator: label("bob"),
        outcome: Signed::new(1_000),
        notional: Amount::new(50_000),
        mark: Price::default(),
        open_interest: None,
        evidence: None,
    };
    let id = uuid7(Timestamp::from_ms(u64::try_from(since.as_millis())?), number);
    let (actor, body) = (label("venue"), body.into());
    let command = Command { id, actor, occurred_at: None, body, approvals: None };
    let body = serde_json::to_string(&command)?;
    let length = body.len();
    let request = format!(
        "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.get_mut().write_all(request.as_bytes())?;
    let (mut line, mut left) = (String::new(), 0);
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        return Err(line.into());
    }
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        if let Some(length) = line.to_lowercase().strip_prefix("content-length:") {
            left = length.trim().parse()?;
        }
        if line.len() <= 2 {
            break;
        }
    }
    std::io::copy(&mut stream.take(left), &mut std::io::sink())?;
    Ok(())
}
