//! How fast the kernels of the risk desk are, on inputs like those of `peers/risk`.
//!
//! ```text
//! cargo run --profile dist -p backstop-risk --example bench_kernels -- [WORK …] [--threads N] [--repeats N] [--json]
//! cargo run --profile dist -p backstop-risk --example bench_kernels -- --write FOLDER
//! ```
//!
//! Each work runs in a process of its own, so that its peak memory is its own, on one thread and on two. Median and
//! least of the repeats after one that is not counted; `hash` is of the result's bytes, the same on any number of
//! threads and any instruction set. `--write` gives a peer the same inputs. `BACKSTOP_LANES` chooses an instruction set
//! by name.

#![expect(clippy::cast_possible_truncation, reason = "small counts")]

mod inputs;
mod works;

use std::{error::Error, path::PathBuf, process::Command, time::Instant};
use works::{WORKS, Work};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the command line asks for.
struct Ask {
    works: Vec<String>,
    threads: Option<usize>,
    repeats: usize,
    json: bool,
    write: Option<PathBuf>,
    /// Run here and now, not in a process for each.
    here: bool,
}

fn ask() -> Outcome<Ask> {
    let (mut works, mut threads, mut repeats) = (Vec::new(), None, 5);
    let (mut json, mut write, mut here) = (false, None, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--threads" => threads = Some(next()?.parse()?),
            "--repeats" => repeats = next()?.parse()?,
            "--write" => write = Some(PathBuf::from(next()?)),
            "--json" => json = true,
            "--here" => here = true,
            _ => works.push(word),
        }
    }
    Ok(Ask { works, threads, repeats, json, write, here })
}

fn main() -> Outcome<()> {
    let ask = ask()?;
    if let Some(folder) = &ask.write {
        return inputs::write(folder);
    }
    let asked =
        |work: &&Work| ask.works.is_empty() || ask.works.iter().any(|name| name == work.name);
    if let Some(unknown) = ask.works.iter().find(|name| WORKS.iter().all(|w| w.name != **name)) {
        return Err(format!("{unknown} is no work; there are {:?}", WORKS.map(|w| w.name)).into());
    }
    let mut rows = Vec::new();
    for work in WORKS.iter().filter(asked) {
        let all: Vec<usize> = match ask.threads {
            Some(threads) => vec![threads],
            None => {
                if work.parallel {
                    vec![1, 2]
                } else {
                    vec![1]
                }
            }
        };
        for threads in all {
            let row = if ask.here {
                measure(work, threads, ask.repeats)?
            } else {
                apart(work, threads, ask.repeats)?
            };
            if !ask.json && !ask.here {
                println!("{row}");
            }
            rows.push(row);
        }
    }
    if ask.here {
        println!("{}", rows.join("\n"));
    } else if ask.json {
        println!("[{}]", rows.join(","));
    }
    Ok(())
}

/// Runs a work in a process of its own.
fn apart(work: &Work, threads: usize, repeats: usize) -> Outcome<String> {
    let (threads, repeats) = (threads.to_string(), repeats.to_string());
    let words = [work.name, "--here", "--threads", &threads, "--repeats", &repeats];
    let out = Command::new(std::env::current_exe()?).args(words).output()?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

/// Times a work on so many threads; a row of JSON.
fn measure(work: &Work, threads: usize, repeats: usize) -> Outcome<String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let lanes = works::lanes()?;
    let mut ready = (work.prepare)(lanes)?;
    let mut hash = 0;
    let mut note = String::new();
    let mut times = Vec::new();
    for turn in 0..=repeats {
        let start = Instant::now();
        let done = pool.install(&mut ready)?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        if turn > 0 {
            times.push(took);
            if done.hash != hash {
                return Err(format!("{}: another result in run {turn}", work.name).into());
            }
        }
        (hash, note) = (done.hash, done.note);
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
    let least = times.first().copied().unwrap_or(f64::NAN);
    let bar = if threads == 1 { work.bar } else { None };
    let bar = bar.map_or_else(|| "null".to_owned(), |bar| bar.to_string());
    let (words, isa) = (work.words, lanes.name());
    Ok(format!(
        r#"{{"work":"{words}","value":{median:.3},"unit":"ms","bar":{bar},"least":{least:.3},"threads":{threads},"instructions":"{isa}","peak MiB":{:.1},"hash":"{hash:016x}","note":"{note}"}}"#,
        peak()
    ))
}

/// Peak memory of this process in MiB; zero where the system does not tell.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.unwrap_or(0.0) / 1024.0
}
