//! `/metrics` in the text format of Prometheus.
//!
//! Atoms can exceed what a scraper's floats hold exactly; each gauge of atoms has a `_units` one beside it, in whole
//! units of its asset. No account, loss or other unbounded name is a label.

use crate::{app::App, problem::Problem};
use axum::{
    extract::{MatchedPath, Request, State as Of},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backstop_core::{
    Halt, RULES_VERSION, State,
    event::Cohort,
    fund::{
        coverage::{ratio_bps, target_at},
        coverage_at,
    },
    ledger::LedgerAccount,
    state::{LossRow, LossStatus, Source},
};
use backstop_engine::{BUCKETS, Histogram, ReadModel, Status, Timings};
use backstop_units::{Timestamp, format_decimal};
use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// How requests went, since the start.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    times: Histogram,
    /// By method, route and status: few, since routes are and not addresses.
    counts: Mutex<BTreeMap<(String, String, u16), u64>>,
}

impl Requests {
    fn count(&self, method: &Method, route: &str, status: StatusCode) {
        let key = (method.as_str().to_owned(), route.to_owned(), status.as_u16());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }
}

/// Counts and times each request.
pub(crate) async fn measure(Of(app): Of<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    app.requests().times.add(begun.elapsed());
    app.requests().count(&method, route.as_deref().unwrap_or("none"), response.status());
    response
}

/// All metrics.
pub(crate) async fn get(Of(app): Of<App>) -> Result<Response, Problem> {
    let mut page = Page::default();
    process(&mut page, &app);
    let status = app.engine().status();
    engine(&mut page, &status, app.engine().failed().is_some_and(is_invariant));
    history(&mut page, &app);
    webhooks(&mut page, &app);
    page.times(
        "backstop_journal_append_duration_seconds",
        "Durable appends of one batch",
        &app.engine().append_timings(),
    );
    page.times(
        "backstop_http_request_duration_seconds",
        "Requests",
        &app.requests().times.timings(),
    );
    let counts = app.requests().counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    page.head("backstop_http_requests_total", "counter", "Requests answered, by route and status");
    for ((method, route, status), count) in counts {
        let labels = [("method", method), ("route", route), ("status", status.to_string())];
        page.line("backstop_http_requests_total", &labels, count);
    }
    let domain = app.look(domain).await??;
    page.0.push_str(&domain);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, page.0).into_response())
}

fn is_invariant(failure: &backstop_engine::Failure) -> bool {
    use backstop_engine::Failure::{Decide, Follow, Invariant};
    matches!(failure, Invariant { .. } | Follow { .. } | Decide { .. })
}

/// Lines of the text format.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a String can't fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, String)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("{key}=\"{value}\"")
            })
            .collect();
        let braces =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{braces} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.head(name, kind, help);
        self.line(name, &[], value);
    }

    fn times(&mut self, name: &str, help: &str, timings: &Timings) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (end, count) in BUCKETS.iter().zip(timings.at_most) {
            self.line(&bucket, &[("le", seconds(*end))], count);
        }
        self.line(&bucket, &[("le", "+Inf".to_owned())], timings.count);
        self.line(&format!("{name}_sum"), &[], seconds(timings.micros));
        self.line(&format!("{name}_count"), &[], timings.count);
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let text = format_decimal(micros.into(), 6);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn process(page: &mut Page, app: &App) {
    page.head(
        "backstop_build_info",
        "gauge",
        "1, with the version of the program and of its rules",
    );
    let labels = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("rules", RULES_VERSION.to_string()),
        ("ledger", app.engine().ledger().to_string()),
    ];
    page.line("backstop_build_info", &labels, 1);
    page.one(
        "backstop_uptime_seconds",
        "gauge",
        "Since this process began",
        app.uptime().as_secs(),
    );
}

fn engine(page: &mut Page, status: &Status, broken: bool) {
    let flag = u8::from;
    let lag = status.head.size.saturating_sub(status.applied);
    let rows: [(&str, &str, &str, u64); 9] = [
        ("backstop_journal_last_seq", "counter", "Records that are durable", status.head.size),
        ("backstop_applied_seq", "counter", "Records that reads see", status.applied),
        (
            "backstop_follower_lag_records",
            "gauge",
            "Durable records that reads do not see yet",
            lag,
        ),
        (
            "backstop_queue_commands",
            "gauge",
            "Commands that wait for the writer",
            wide(status.queued),
        ),
        ("backstop_queue_bytes", "gauge", "Bytes of commands that wait", wide(status.queued_bytes)),
        (
            "backstop_follower_lag_bytes",
            "gauge",
            "Bytes that reads do not see yet",
            wide(status.lag_bytes),
        ),
        (
            "backstop_writer_stopped",
            "gauge",
            "1 when nothing is written any more",
            flag(status.stopped).into(),
        ),
        (
            "backstop_clock_jumped",
            "gauge",
            "1 when the clock waits for an operator",
            flag(status.clock_jumped).into(),
        ),
        (
            "backstop_invariant_violations_total",
            "counter",
            "Broken invariants; one stops the writer",
            flag(broken).into(),
        ),
    ];
    for (name, kind, help, value) in rows {
        page.one(name, kind, help, value);
    }
    if let Some(left) = status.journal_bytes_left {
        page.one(
            "backstop_journal_left_bytes",
            "gauge",
            "Bytes by which the journal can grow",
            left,
        );
    }
}

/// The read model, and who reads live.
fn history(page: &mut Page, app: &App) {
    let readers = wide(app.live().readers());
    page.one("backstop_sse_readers", "gauge", "Readers of /v1/events", readers);
    let Some(status) = app.engine().read_model().map(ReadModel::status) else { return };
    let failed = u64::from(status.failure.is_some());
    for (name, kind, help, value) in [
        ("backstop_read_model_seq", "counter", "Records that history holds", status.applied),
        (
            "backstop_read_model_fell_behind_total",
            "counter",
            "Times that history caught up from the journal",
            status.fell_behind,
        ),
        ("backstop_read_model_failed", "gauge", "1 when history has stopped", failed),
    ] {
        page.one(name, kind, help, value);
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Sums by label of one metric of atoms, each with its asset's decimals.
type Atoms = BTreeMap<Vec<(&'static str, String)>, (u128, u8)>;

/// Subscriptions and their deliveries.
fn webhooks(page: &mut Page, app: &App) {
    let standing = app.webhooks().standing(app.engine().applied_seq().get());
    let name = "backstop_webhooks";
    page.head(name, "gauge", "Subscriptions, by how they are doing");
    let by_status = [
        ("active", standing.active),
        ("failing", standing.failing),
        ("disabled", standing.disabled),
    ];
    for (status, count) in by_status {
        page.line(name, &[("status", status.to_owned())], count);
    }
    page.one(
        "backstop_webhook_lag_records",
        "gauge",
        "Records that the subscription furthest behind has not been told of, disabled ones left out",
        standing.lag,
    );
    let name = "backstop_webhook_deliveries_total";
    page.head(name, "counter", "Attempts to deliver, by how they went");
    for (result, count) in [("delivered", standing.delivered), ("failed", standing.failed)] {
        page.line(name, &[("result", result.to_owned())], count);
    }
}

/// What the state says of funds, losses and layers.
fn domain(state: &State, now: Timestamp) -> Result<String, Halt> {
    let mut page = Page::default();
    let (mut balances, mut queued, mut drawn, mut uncovered) =
        (Atoms::new(), Atoms::new(), Atoms::new(), Atoms::new());
    page.head("backstop_coverage_ratio", "gauge", "What counts of a fund, over its target");
    for (id, fund) in state.funds.iter() {
        let asset = state.assets.expect(fund.asset)?;
        let parts = coverage_at(state, id, fund, now)?;
        let labels = || vec![("fund", fund.label.to_string()), ("asset", asset.label.to_string())];
        balances.insert(labels(), (parts.total().get(), asset.decimals));
        queued.insert(labels(), (parts.queued.get(), asset.decimals));
        if let Some(bps) = ratio_bps(parts.counted, target_at(state, id, fund, now)?) {
            let labels = [("fund", fund.label.to_string()), ("scenario", "target".to_owned())];
            page.line("backstop_coverage_ratio", &labels, format_decimal(bps, 4));
        }
    }
    for (id, market) in state.markets.iter() {
        let fund = state.funds.expect(market.fund)?;
        let decimals = state.assets.expect(fund.asset)?.decimals;
        let of =
            |layer: &str| vec![("market", market.label.to_string()), ("layer", layer.to_owned())];
        for (_, layer) in state.layers_of(market) {
            let sum = drawn.entry(of(kind(layer.source))).or_insert((0, decimals));
            sum.0 = sum.0.saturating_add(layer.used.get());
        }
        let residual = state.ledger.held(LedgerAccount::Residual(id), fund.asset);
        uncovered.insert(vec![("market", market.label.to_string())], (residual.get(), decimals));
    }
    atoms(&mut page, "backstop_balance", "What a fund holds", &balances);
    atoms(&mut page, "backstop_cooldown_pending", "Stake on its way out", &queued);
    // Both fall: when money comes back, a loss is withdrawn or a layer is replaced.
    atoms(&mut page, "backstop_layer_drawn", "What layers in place have paid of losses", &drawn);
    atoms(&mut page, "backstop_uncovered_loss", "Losses that no layer bore", &uncovered);
    losses(&mut page, state);
    Ok(page.0)
}

fn atoms(page: &mut Page, name: &str, help: &str, sums: &Atoms) {
    for (unit, whole) in [("atoms", false), ("units", true)] {
        let name = format!("{name}_{unit}");
        page.head(&name, "gauge", &format!("{help}, in {unit}"));
        for (labels, (atoms, decimals)) in sums {
            let value = if whole { format_decimal(*atoms, *decimals) } else { atoms.to_string() };
            page.line(&name, labels, value);
        }
    }
}

fn losses(page: &mut Page, state: &State) {
    const STATES: [(LossStatus, &str); 5] = [
        (LossStatus::Declared, "declared"),
        (LossStatus::Open, "open"),
        (LossStatus::Placed, "placed"),
        (LossStatus::Closed, "closed"),
        (LossStatus::Void, "void"),
    ];
    let mut by_status = [0u64; STATES.len()];
    let (mut covered, mut uncovered) = (0u64, 0u64);
    for (_, loss) in state.losses.iter() {
        let place = STATES.iter().position(|(status, _)| *status == loss.status);
        if let Some(count) = place.and_then(|place| by_status.get_mut(place)) {
            *count = count.saturating_add(1);
        }
        let left = |row: &LossRow| row.row.cohort == Cohort::Residual && !row.row.amount.is_zero();
        let count = match (loss.rows.is_empty(), loss.rows.iter().any(left)) {
            (true, _) => continue,
            (_, true) => &mut uncovered,
            (_, false) => &mut covered,
        };
        *count = count.saturating_add(1);
    }
    page.head("backstop_losses", "gauge", "Losses, by the state they are in");
    for ((_, word), count) in STATES.iter().zip(by_status) {
        page.line("backstop_losses", &[("status", (*word).to_owned())], count);
    }
    let name = "backstop_losses_total";
    page.head(name, "counter", "Losses that were placed, by whether layers bore all of them");
    for (word, count) in [("covered", covered), ("uncovered", uncovered)] {
        page.line(name, &[("result", word.to_owned())], count);
    }
}

const fn kind(source: Source) -> &'static str {
    match source {
        Source::FeePool => "fee_pool",
        Source::Reserve(_) => "reserve",
        Source::Staked(_) => "staked",
        Source::Socialised => "socialised",
        Source::Adl => "adl",
        Source::Depositors => "depositors",
        Source::Haircut => "withdrawal_haircut",
        Source::Equity => "equity",
    }
}
