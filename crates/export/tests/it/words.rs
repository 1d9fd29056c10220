//! The words for events are those of their JSON, for every kind that the frozen log of the rules holds.

use backstop_core::{Event, Record};
use backstop_export::event_word;
use std::collections::BTreeSet;

const LOG: &[u8] = include_bytes!("../../../core/tests/golden/rules-v1.bin");

fn records() -> Vec<Record> {
    let (mut rest, mut records) = (LOG, Vec::new());
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (record, tail) = tail.split_at(usize::try_from(u32::from_le_bytes(*length)).unwrap());
        records.push(Record::decode(record).unwrap());
        rest = tail;
    }
    records
}

fn word(event: &Event) -> String {
    let json = serde_json::to_value(event).unwrap();
    json.as_object().unwrap().keys().next().unwrap().clone()
}

#[test]
fn every_event_has_the_word_of_its_json() {
    let events: Vec<Event> = records().into_iter().flat_map(|record| record.events).collect();
    let wrong = events.iter().find(|event| word(event) != event_word(event));
    assert!(wrong.is_none(), "{wrong:?} is {:?}", wrong.map(event_word));
    let words: BTreeSet<&str> = events.iter().map(event_word).collect();
    assert!(words.len() >= 75, "only {} kinds", words.len());
}
