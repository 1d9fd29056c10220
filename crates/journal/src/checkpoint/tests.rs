//! The text form against the rules of the specification, and forged texts.

use super::*;

const NAME: &str = "example.org/fund";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn sample() -> Checkpoint {
    Checkpoint { origin: NAME.to_owned(), size: 2300, root: [0xab; 32] }
}

#[test]
fn text_form() {
    let text = sample().sign(&key(), NAME).unwrap();
    let mut lines = text.split('\n');
    assert_eq!(lines.next(), Some(NAME));
    assert_eq!(lines.next(), Some("2300"));
    assert_eq!(lines.next(), Some("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="));
    assert_eq!(lines.next(), Some(""));
    let signature = lines.next().unwrap().strip_prefix("— example.org/fund ").unwrap();
    let blob = BASE64.decode(signature).unwrap();
    assert_eq!(blob.len(), 4 + 64);
    assert_eq!(blob[..4], key_id(NAME, &key().verifying_key()));
    assert_eq!(lines.collect::<Vec<_>>(), [""]);
}

#[test]
fn key_id_of_the_published_note_key() {
    // The key and note that the Go package `golang.org/x/mod/sumdb/note` documents.
    let published = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let mut parts = published.splitn(3, '+');
    let (name, id) = (parts.next().unwrap(), parts.next().unwrap());
    let bytes = BASE64.decode(parts.next().unwrap()).unwrap();
    let key = VerifyingKey::from_bytes(bytes[1..].try_into().unwrap()).unwrap();
    assert_eq!(u32::from_be_bytes(key_id(name, &key)), u32::from_str_radix(id, 16).unwrap());
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let (signer, blob) = signature_line(line).unwrap();
    assert_eq!(signer, name);
    let signature = Signature::from_slice(&blob[4..]).unwrap();
    assert!(key.verify_strict(text.as_bytes(), &signature).is_ok());
}

#[test]
fn open_returns_what_was_signed() {
    let text = sample().sign(&key(), NAME).unwrap();
    let verifying = key().verifying_key();
    assert_eq!(Checkpoint::open(&text, NAME, &verifying), Ok(sample()));
    assert_eq!(Checkpoint::parse_unverified(&text), Ok(sample()));
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    assert_eq!(Checkpoint::open(&text, NAME, &other), Err(CheckpointError::NotSigned));
    assert_eq!(Checkpoint::open(&text, "else", &verifying), Err(CheckpointError::NotSigned));
}

#[test]
fn other_signatures_are_passed_over() {
    let verifying = key().verifying_key();
    let text = sample().sign(&key(), NAME).unwrap();
    let (body, line) = text.split_once("\n\n").unwrap();
    let witness = sample().sign(&SigningKey::from_bytes(&[8; 32]), "witness").unwrap();
    let (_, other) = witness.split_once("\n\n").unwrap();
    let both = format!("{body}\n\n{other}{line}");
    assert_eq!(Checkpoint::open(&both, NAME, &verifying), Ok(sample()));
}

#[test]
fn extension_lines_are_signed_too() {
    let body = "log\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\nextra line\n";
    let mut blob = key_id("log", &key().verifying_key()).to_vec();
    blob.extend_from_slice(&key().sign(body.as_bytes()).to_bytes());
    let text = format!("{body}\n— log {}\n", BASE64.encode(blob));
    let opened = Checkpoint::open(&text, "log", &key().verifying_key()).unwrap();
    assert_eq!(opened.size, 7);
    let changed = text.replace("extra", "other");
    assert_eq!(
        Checkpoint::open(&changed, "log", &key().verifying_key()),
        Err(CheckpointError::WrongSignature)
    );
}

#[test]
fn every_changed_byte_is_refused() {
    let verifying = key().verifying_key();
    let text = sample().sign(&key(), NAME).unwrap();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(Checkpoint::open(&changed, NAME, &verifying).is_err(), "byte {at}");
    }
    for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
        assert!(Checkpoint::open(&text[..cut], NAME, &verifying).is_err(), "cut at {cut}");
    }
}

#[test]
fn malformed_bodies_name_the_line() {
    let root = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
    let line = "— n AAAAAAAA\n";
    let cases = [
        (format!("\n1\n{root}\n\n{line}"), 1),
        (format!("log\n01\n{root}\n\n{line}"), 2),
        (format!("log\n+1\n{root}\n\n{line}"), 2),
        (format!("log\n\n{root}\n\n{line}"), 2),
        (format!("log\n18446744073709551616\n{root}\n\n{line}"), 2),
        (format!("log\n1\n{}\n\n{line}", &root[4..]), 3),
        (format!("log\n1\n{root}\n\nno dash\n"), 5),
        (format!("log\n1\n{root}\n\n{}", line.trim_end()), 5),
    ];
    for (text, line) in cases {
        assert_eq!(
            Checkpoint::parse_unverified(&text),
            Err(CheckpointError::Malformed { line }),
            "{text:?}"
        );
    }
}

#[test]
fn names_that_cannot_be_written() {
    for name in ["", "two words", "a+b", "a\nb"] {
        assert_eq!(sample().sign(&key(), name), Err(CheckpointError::BadName));
    }
    let multi = Checkpoint { origin: "a\nb".to_owned(), ..sample() };
    assert_eq!(multi.sign(&key(), NAME), Err(CheckpointError::BadName));
}
