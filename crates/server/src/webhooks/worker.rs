//! One subscription's deliveries: record after record, in order, each until the receiver has taken it.

use super::{
    address::Target,
    client::{Client, Line, Signed, Undelivered},
    keeper::{Counts, Shared},
    schedule,
    store::Subscription,
};
use crate::{
    app::WeakApp,
    identity::wall,
    live::{Kinds, of_kinds, record_json},
};
use axum::body::Bytes;
use backstop_units::{Label, Timestamp};
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::watch;

/// How long to wait after the journal could not be read.
const UNREADABLE: Duration = Duration::from_secs(5);

/// What makes one subscription's deliveries.
pub(super) struct Worker {
    pub(super) app: WeakApp,
    pub(super) ledger: Label,
    pub(super) subscription: Subscription,
    pub(super) shared: Arc<Shared>,
    pub(super) client: Arc<Client>,
    pub(super) counts: Arc<Counts>,
    /// How many records reads see.
    pub(super) head: watch::Receiver<u64>,
}

/// A record as it is sent.
struct Message {
    seq: u64,
    body: Bytes,
}

impl Worker {
    /// Delivers until the subscription is disabled or the service ends.
    pub(super) async fn run(mut self) {
        let words = self.subscription.kinds.clone();
        // A word of a newer program's command: nothing of it comes while this one runs.
        let known = words.iter().filter(|word| Kinds::of([word.as_str()]).is_ok());
        let kinds = Kinds::of(known.map(String::as_str)).unwrap_or_default();
        let hears_nothing = kinds == Kinds::default() && !words.is_empty();
        if hears_nothing {
            let webhook = self.subscription.id;
            tracing::warn!(webhook, "a subscription names commands of a newer program only");
            return;
        }
        let mut line: Option<Line> = None;
        loop {
            self.rest().await;
            let Some((messages, next)) = self.find(&kinds).await else { return };
            let mut all = true;
            for message in messages {
                let id = message_id(self.ledger, &message.seq.to_string());
                match self.deliver(&mut line, &id, message.body).await {
                    Ok(()) => self.delivered(message.seq),
                    Err(undelivered) => {
                        if !self.failed(message.seq, undelivered) {
                            return;
                        }
                        all = false;
                        break;
                    }
                }
            }
            if all {
                self.shared.change(|progress| progress.next_seq = next);
            }
        }
    }

    /// Waits until the next attempt is due.
    async fn rest(&self) {
        let due = self.shared.progress().retry_at;
        let left = due.map(|due| due.since(wall()).ms()).unwrap_or_default();
        if left > 0 {
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
    }

    /// The next records that are wanted, and the first that was not looked at; none once the ledger is gone.
    async fn find(&mut self, kinds: &Kinds) -> Option<(Vec<Message>, u64)> {
        loop {
            let from = self.shared.progress().next_seq;
            let until = *self.head.wait_for(|head| *head > from).await.ok()?;
            let (app, kinds) = (self.app.upgrade()?, kinds.clone());
            let read = tokio::task::spawn_blocking(move || {
                let (records, next) = of_kinds(&app, &kinds, from, until)?;
                let told = records.iter().map(|record| {
                    let data = app.engine().read(|state| record_json(record, state));
                    let body = body(&data["command"], record.time, &data);
                    Message { seq: record.seq.get(), body }
                });
                Ok::<_, String>((told.collect::<Vec<_>>(), next))
            });
            match read.await.unwrap_or_else(|error| Err(error.to_string())) {
                Ok((messages, next)) if messages.is_empty() => {
                    self.shared.change(|progress| progress.next_seq = next);
                }
                Ok(found) => return Some(found),
                Err(error) => {
                    tracing::error!(
                        error,
                        webhook = self.subscription.id,
                        "the journal can't be read"
                    );
                    tokio::time::sleep(UNREADABLE).await;
                }
            }
        }
    }

    async fn deliver(
        &self,
        line: &mut Option<Line>,
        id: &str,
        body: Bytes,
    ) -> Result<(), Undelivered> {
        send(&self.client, line, &self.subscription, (id, body)).await
    }

    fn delivered(&self, seq: u64) {
        self.counts.delivered.fetch_add(1, Ordering::Relaxed);
        self.shared.change(|progress| {
            progress.next_seq = seq.saturating_add(1);
            progress.delivered = progress.delivered.saturating_add(1);
            progress.delivered_at = Some(wall());
            (progress.failures, progress.error, progress.retry_at) = (0, None, None);
        });
    }

    /// Writes a failure down; whether another attempt follows.
    fn failed(&self, seq: u64, undelivered: Undelivered) -> bool {
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        let Undelivered { why, is_gone, asked } = undelivered;
        let now = wall();
        let failures = self.shared.progress().failures.saturating_add(1);
        let noise = crate::identity::random::<2>().map(u16::from_le_bytes).unwrap_or_default();
        let wait = schedule::wait(&self.client.schedule, failures, asked, noise);
        let wait = wait.filter(|_| !is_gone);
        let webhook = self.subscription.id.as_str();
        if let Some(wait) = wait {
            let seconds = wait.as_secs();
            tracing::warn!(
                webhook,
                seq,
                failures,
                why,
                seconds,
                "a delivery failed; it is tried again"
            );
        } else {
            tracing::error!(
                webhook,
                seq,
                failures,
                why,
                "a delivery failed for good: the subscription is disabled until somebody resumes it"
            );
        }
        self.shared.change(|progress| {
            progress.next_seq = seq;
            progress.failures = failures;
            progress.error = Some(why);
            progress.retry_at = wait.map(|wait| {
                let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                Timestamp::from_ms(now.ms().saturating_add(ms))
            });
            progress.disabled_at = wait.is_none().then_some(now);
        });
        wait.is_some()
    }
}

/// The id of a delivery, the same each time it is made. It holds no full stop: those part it from what else is signed.
pub(super) fn message_id(ledger: Label, what: &str) -> String {
    format!("msg_{}_{what}", hex::encode(ledger.bytes()))
}

/// What is sent: the word, the moment, and what happened.
pub(super) fn body(word: &Value, time: Timestamp, data: &Value) -> Bytes {
    Bytes::from(json!({ "type": word, "timestamp": time, "data": data }).to_string())
}

/// Signs a delivery and makes it.
///
/// # Errors
/// [`Undelivered`].
pub(super) async fn send(
    client: &Client,
    line: &mut Option<Line>,
    subscription: &Subscription,
    (id, body): (&str, Bytes),
) -> Result<(), Undelivered> {
    let target = Target::parse(&subscription.url, client.allow_private)?;
    let now = wall();
    let signatures = subscription.signatures(id, now, &body);
    let signed = Signed { id: id.to_owned(), seconds: now.ms() / 1_000, signatures, body };
    client.send(line, &target, &signed).await
}
