//! `/v1/events`: nothing twice, nothing missing, nobody waited for.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use backstop_core::{
    Body,
    command::{Contribute, Linked, Stake},
};
use backstop_testkit::label;
use backstop_units::{Amount, Shares};

use crate::events::{Client, Event, command, service, until};

static NUMBER: AtomicU64 = AtomicU64::new(0);

fn contribute(fund: &str) -> Body {
    let (fund, account, asset) = (label(fund), label("alice"), label("usdt"));
    Contribute { fund, account, asset, amount: Amount::new(5) }.into()
}

fn stake() -> Body {
    let (tranche, account, asset) = (label("jun"), label("bob"), label("usdt"));
    Stake { tranche, account, asset, amount: Amount::new(5_000), min_shares: Shares::ZERO }.into()
}

/// Sends what must be accepted.
fn send(client: &mut Client, actor: &str, body: Body) {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let answered = client.post(&command(number, actor, body));
    assert_eq!(answered.status, 200, "{}", answered.body);
}

fn seqs(event: &Event) -> Vec<u64> {
    assert_eq!(event.name, "records");
    let records = event.data["records"].as_array().unwrap();
    records.iter().map(|record| record["seq"].as_u64().unwrap()).collect()
}

/// Reads every record from 1 to `last`, leaving and coming back after each few frames.
fn read_all(address: SocketAddr, last: u64, stay: usize) -> Vec<u64> {
    let mut all = Vec::new();
    let mut id = 0;
    while id < last {
        let events = Client::events(address, "?detail=full", Some(id));
        assert_eq!(events.status, 200, "{}", events.head);
        for event in events.take(stay) {
            assert!(event.id > id, "{} after {id}", event.id);
            id = event.id;
            all.extend(seqs(&event));
            if id >= last {
                break;
            }
        }
    }
    all
}

#[test]
fn readers_who_leave_and_come_back_miss_nothing_and_get_nothing_twice() {
    let service = service(&[]);
    let address = service.running.address();
    let count = 4 * 150;
    let want: Vec<u64> = (1..=count).collect();
    std::thread::scope(|scope| {
        let readers =
            [1, 2, 7, usize::MAX].map(|stay| scope.spawn(move || read_all(address, count, stay)));
        for _ in 0..4 {
            scope.spawn(move || {
                let mut client = Client::new(address);
                for _ in 0..150 {
                    send(&mut client, "alice", contribute("main"));
                }
            });
        }
        for reader in readers {
            assert_eq!(reader.join().unwrap(), want);
        }
    });
    assert_eq!(read_all(address, count, usize::MAX), want, "from the journal alone");
}

#[test]
fn summaries_follow_each_other_and_tell_what_changed() {
    let service = service(&[]);
    let address = service.running.address();
    let mut client = Client::new(address);
    let mut events = Client::events(address, "", None);
    let kind = events.head.to_lowercase();
    assert!(kind.contains("content-type: text/event-stream"), "{kind}");
    for _ in 0..60 {
        send(&mut client, "alice", contribute("main"));
        send(&mut client, "bob", stake());
    }
    let (mut next, mut records) = (1, 0);
    while next <= 120 {
        let event = events.next().unwrap();
        assert_eq!((event.name.as_str(), event.data["from_seq"].as_u64()), ("summary", Some(next)));
        assert_eq!(event.data["last_seq"].as_u64(), Some(event.id));
        records += event.data["records"].as_u64().unwrap();
        assert_eq!(event.data["funds"][0]["fund"], "main");
        next = event.id + 1;
        if next > 120 {
            let total = 60 * 5 + 60 * 5_000;
            assert_eq!(event.data["funds"][0]["balance"], total.to_string());
        }
    }
    assert_eq!(records, 120);
}

/// A stake names its tranche alone; the fund's balance is another all the same.
#[test]
fn a_summary_tells_of_a_fund_that_only_stakers_changed() {
    let service = service(&[]);
    let address = service.running.address();
    let mut events = Client::events(address, "", None);
    send(&mut Client::new(address), "bob", stake());
    let event = events.next().unwrap();
    assert_eq!(event.data["records"], 1);
    assert_eq!(event.data["funds"][0]["fund"], "main", "{}", event.data);
}

#[test]
fn filters_leave_out_what_does_not_concern() {
    let service = service(&[]);
    let address = service.running.address();
    let mut client = Client::new(address);
    for _ in 0..10 {
        send(&mut client, "alice", contribute("main"));
        send(&mut client, "alice", contribute("iso"));
        send(&mut client, "bob", stake());
    }
    let read = |query: &str, count: usize| -> BTreeSet<u64> {
        let mut events =
            Client::events(address, &format!("?after_seq=0&detail=full&{query}"), None);
        assert_eq!(events.status, 200, "{}", events.head);
        let mut found = BTreeSet::new();
        while found.len() < count {
            found.extend(seqs(&events.next().unwrap()));
        }
        found
    };
    let every = |from: u64| (0..10).map(|at| from + 3 * at).collect::<BTreeSet<u64>>();
    assert_eq!(read("fund=iso", 10), every(2));
    assert_eq!(read("kind=stake", 10), every(3));
    assert_eq!(read("account=bob", 10), every(3));
    assert_eq!(read("fund=main&account=alice", 10), every(1));
    for (query, status) in
        [("fund=none", 404), ("kind=none", 400), ("detail=none", 400), ("else=1", 400)]
    {
        let refused = Client::events(address, &format!("?{query}"), None);
        assert_eq!(refused.status, status, "{query}: {}", refused.head);
    }
}

#[test]
fn too_many_readers_are_told_to_wait() {
    let service = service(&[("sse_readers", "2")]);
    let address = service.running.address();
    let first = Client::events(address, "", None);
    let second = Client::events(address, "?detail=full", None);
    assert_eq!((first.status, second.status), (200, 200));
    let metrics = Client::metrics(address);
    assert!(metrics.contains("backstop_sse_readers 2\n"), "{metrics}");
    assert!(metrics.contains("backstop_read_model_failed 0\n"), "{metrics}");
    let third = Client::events(address, "", None);
    assert_eq!(third.status, 429);
    assert!(third.head.to_lowercase().contains("retry-after:"), "{}", third.head);
    drop(first);
    let mut client = Client::new(address);
    until("a place", || {
        // The server sees that a reader has gone when it next has something for him.
        send(&mut client, "alice", contribute("main"));
        (Client::events(address, "", None).status == 200).then_some(())
    });
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off() {
    let service = service(&[("sse_readers", "1"), ("request_seconds", "1")]);
    let address = service.running.address();
    let slow = Client::events(address, "?detail=full", None);
    assert_eq!(slow.status, 200);
    let mut client = Client::new(address);
    let steps = || Linked { steps: (0..200).map(|_| contribute("main")).collect() }.into();
    until("the place of the slow reader", || {
        send(&mut client, "alice", steps());
        (Client::events(address, "", None).status == 200).then_some(())
    });
    drop(slow);
}

#[test]
fn two_hundred_readers_get_the_same() {
    let service = service(&[]);
    let address = service.running.address();
    let mut readers: Vec<_> =
        (0..200).map(|_| Client::events(address, "?after_seq=0", None)).collect();
    let mut client = Client::new(address);
    for _ in 0..100 {
        send(&mut client, "alice", contribute("main"));
    }
    for reader in &mut readers {
        let (mut next, mut records) = (1, 0);
        while next <= 100 {
            let event = reader.next().unwrap();
            assert_eq!(event.data["from_seq"].as_u64(), Some(next));
            records += event.data["records"].as_u64().unwrap();
            next = event.id + 1;
        }
        assert_eq!(records, 100);
    }
}
