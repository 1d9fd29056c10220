//! Single commands over HTTP: how many in a second, how long each waits, and what live readers change.
//!
//! ```text
//! cargo run --profile dist -p backstop-server --example http -- [SECONDS] [ROUNDS] [READERS] [--json]
//! ```
//!
//! This process serves a new ledger on loopback. A second one, this program once more, sends single settlements
//! over 64 connections, each waiting for its answer before it sends the next: an answer comes once the record is
//! durable and reads see it. A third one holds readers of `/v1/events` open for every second round. The median
//! of each row is printed.

use std::{
    cell::Cell,
    error::Error,
    fmt::Write as _,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command as Process, Stdio},
    rc::Rc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use backstop_core::{Command, command::SettleLiquidation, policy::Limits};
use backstop_engine::{Engine, Options, ids::uuid7, read_model::beside};
use backstop_server::{Mounted, Running, Settings, Site, config::Written};
use backstop_testkit::{
    bench::{Row, medians, print},
    world::{Setup, label},
};
use backstop_units::{Amount, Price, Signed, Timestamp};
use tokio::{net::TcpStream as Stream, task::LocalSet};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that send commands.
const CONNECTIONS: u64 = 64;
const SENDING: &str = "--sending";
const READING: &str = "--reading";

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is = |flag: &str| words.iter().any(|word| word == flag);
    let numbers: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    if is(SENDING) || is(READING) {
        let [address, count] = numbers[..] else { return Err("an address and a count".into()) };
        let (address, count) = (address.parse()?, count.parse()?);
        return if is(SENDING) { send(address, count) } else { read(address, count) };
    }
    let number = |at: usize, default: u64| numbers.get(at).map_or(Ok(default), |text| text.parse());
    let (seconds, rounds, readers) = (number(0, 5)?, number(1, 5)?, number(2, 200)?);
    let folder = tempfile::tempdir()?;
    let running = serve(&folder.path().join("journal.db"))?;
    let address = running.address();
    sent(address, 1)?;
    let mut runs = Vec::new();
    for _ in 0..rounds {
        let mut rows = sent(address, seconds)?;
        let alone = rows[0].value;
        let mut child = spawn(READING, address, readers)?;
        let mut ready = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut ready)?;
        let read = sent(address, seconds)?[0].value;
        child.kill()?;
        child.wait()?;
        rows.push(Row::new("  with readers of /v1/events", read, "/s", None));
        rows.push(Row::new("  slower by", (1.0 - read / alone) * 100.0, "%", Some(10.0)));
        runs.push(rows);
    }
    print(&medians(&runs), is("--json"));
    Ok(())
}

/// A new ledger with its read model, behind the service as it is.
fn serve(path: &Path) -> Outcome<Running> {
    let limits = Limits { sandbox: true, ..Limits::default() };
    let threshold = Amount::new(u128::MAX >> 1);
    let genesis = Setup { limits, threshold, ..Setup::default() }.genesis();
    let options = Options { read_model: Some(beside(path)), ..Options::default() };
    let engine = Engine::create(path, &genesis, options)?;
    let flags = [("listen", "127.0.0.1:0"), ("commands", "open")];
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::read(&Written::gather(&flags, |_| None, None)?)?;
    let mounted = Mounted { name: String::new(), title: "bench".to_owned(), engine, signer: None };
    Ok(Site { ledgers: vec![mounted], settings }.start()?)
}

fn spawn(role: &str, address: SocketAddr, count: u64) -> Outcome<Child> {
    Ok(Process::new(std::env::current_exe()?)
        .args([role, &address.to_string(), &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()?)
}

/// Lets a second process send for some seconds; what it measured.
fn sent(address: SocketAddr, seconds: u64) -> Outcome<Vec<Row>> {
    let output = spawn(SENDING, address, seconds)?.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let figures = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [rate, half, most, worst] = figures[..] else { return Err("the sender failed".into()) };
    Ok(vec![
        Row::new("single commands over HTTP, 64 connections", rate, "/s", Some(20_000.0)),
        Row::new("  an answer, median", half, "ms", None),
        Row::new("  99 of 100 answers", most, "ms", Some(10.0)),
        Row::new("  999 of 1,000 answers", worst, "ms", None),
    ])
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

/// Sends for some seconds; prints answers in a second and three quantiles of their times in milliseconds.
fn send(address: SocketAddr, seconds: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (begun, local) = (Instant::now(), LocalSet::new());
    let until = begun + Duration::from_secs(seconds);
    let times = local.block_on(&runtime, async {
        let number = Rc::new(Cell::new(0));
        let connection =
            |_| tokio::task::spawn_local(connection(address, Rc::clone(&number), until));
        let senders: Vec<_> = (0..CONNECTIONS).map(connection).collect();
        let mut times = Vec::new();
        for sender in senders {
            times.extend(sender.await??);
        }
        Outcome::Ok(times)
    });
    let (mut times, took) = (times?, begun.elapsed().as_secs_f64());
    times.sort_unstable();
    let quantile = |of: usize| {
        let at = (times.len() * of / 1000).min(times.len().saturating_sub(1));
        times.get(at).copied().map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    let rate = f64::from(u32::try_from(times.len())?) / took;
    println!("{rate} {} {} {}", quantile(500), quantile(990), quantile(999));
    Ok(())
}

/// One connection: a command, its answer, the next command.
async fn connection(
    address: SocketAddr,
    number: Rc<Cell<u64>>,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let stream = Stream::connect(address).await?;
    stream.set_nodelay(true)?;
    let id = "00000000-0000-7000-8000-000000000000";
    let body = settlement(id)?;
    let (before, after) = body.split_once(id).ok_or("no id")?;
    let (mut request, mut answer) = (String::new(), Vec::new());
    let (mut times, mut bytes) = (Vec::new(), [0; 16_384]);
    while Instant::now() < until {
        number.set(number.get() + 1);
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let id = uuid7(Timestamp::from_ms(u64::try_from(since.as_millis())?), number.get());
        request.clear();
        write!(
            request,
            "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{before}{id}{after}",
            body.len()
        )?;
        let begun = Instant::now();
        put(&stream, request.as_bytes()).await?;
        answer.clear();
        while !is_whole(&answer)? {
            stream.readable().await?;
            match stream.try_read(&mut bytes) {
                Ok(0) => return Err("cut off".into()),
                Ok(count) => answer.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}

async fn put(stream: &Stream, mut bytes: &[u8]) -> Outcome<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn settlement(id: &str) -> Outcome<String> {
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
    let (id, actor, body) = (id.parse()?, label("venue"), body.into());
    let command = Command { id, actor, occurred_at: None, body, approvals: None };
    Ok(serde_json::to_string(&command)?)
}

/// Whether all of an answer is there, which must be a good one.
fn is_whole(answer: &[u8]) -> Outcome<bool> {
    let text = std::str::from_utf8(answer)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(false) };
    if !head.starts_with("HTTP/1.1 200") {
        return Err(text.into());
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(body.len() >= length.ok_or("no length")?)
}
