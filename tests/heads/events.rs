//! `events.out.tfevents.*`, read by a reader that shares nothing with its writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberline::training::{Line, Silent, read_log};

use super::super::toy::{Toy, latest};

/// One scalar: step, tag, value.
type Scalar = (u64, String, f32);

fn file_of(run_dir: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(run_dir)
        .expect("a run folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("tfevents"))
        .collect();
    assert!(found.len() <= 1, "{found:?}");
    found.pop()
}

/// CRC-32C bit by bit, masked as records are.
fn masked_crc(data: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        assert_eq!(number(&bytes[8..12]), masked_crc(&bytes[..8]));
        let record = &bytes[12..12 + length];
        assert_eq!(number(&bytes[12 + length..16 + length]), masked_crc(record));
        records.push(record);
        bytes = &bytes[16 + length..];
    }
    records
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Fields of a message: number, then a number as 8 bytes or the bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                let value = varint(&mut bytes);
                fields.push((key >> 3, value.to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            wire => panic!("wire type {wire}"),
        };
        let (value, rest) = bytes.split_at(length);
        fields.push((key >> 3, value.to_vec()));
        bytes = rest;
    }
    fields
}

fn field(fields: &[(u64, Vec<u8>)], number: u64) -> Option<&[u8]> {
    let found = fields.iter().find(|(found, _)| *found == number)?;
    Some(&found.1)
}

/// All scalars of a file, whose first record is the version and whose times never fall.
fn scalars(bytes: &[u8]) -> Vec<Scalar> {
    let mut scalars = Vec::new();
    let mut time = 0.0;
    for (index, record) in records(bytes).into_iter().enumerate() {
        let event = fields(record);
        let at = f64::from_le_bytes(field(&event, 1).expect("a time").try_into().expect("eight"));
        assert!(at >= time, "{at} after {time}");
        time = at;
        if index == 0 {
            assert_eq!(field(&event, 3), Some(b"brain.Event:2".as_slice()));
            continue;
        }
        let step = u64::from_le_bytes(field(&event, 2).expect("a step").try_into().expect("eight"));
        for (number, value) in fields(field(&event, 5).expect("a summary")) {
            assert_eq!(number, 1);
            let value = fields(&value);
            let tag = String::from_utf8(field(&value, 1).expect("a tag").to_vec()).expect("text");
            let bits = field(&value, 2).expect("a value").try_into().expect("four");
            scalars.push((step, tag, f32::from_le_bytes(bits)));
        }
    }
    assert!(time > 1.6e9, "{time} is no time of today");
    scalars
}

/// What the log says they are.
fn expected(run_dir: &Path) -> Vec<Scalar> {
    let mut all = Vec::new();
    for line in read_log(&run_dir.join("log.jsonl")).expect("a log") {
        let mut add = |step: u64, tag: String, value: f64| all.push((step, tag, value as f32));
        match line {
            Line::Step {
                step,
                loss,
                learning_rate,
                gradient_norm,
                samples_per_s,
                ..
            } => {
                add(step, "train/loss".into(), loss.get());
                add(step, "train/learning_rate".into(), learning_rate.get());
                add(step, "train/gradient_norm".into(), gradient_norm.get());
                add(step, "train/windows_per_s".into(), samples_per_s.get());
            }
            Line::Epoch {
                step,
                train_loss,
                validation,
                ..
            } => {
                add(step, "epoch/train_loss".into(), train_loss.get());
                for (name, value) in validation {
                    add(step, format!("validation/{name}"), value.get());
                }
            }
            Line::NotFinite { .. } => {}
        }
    }
    all
}

#[test]
fn the_checksum_is_the_published_one() {
    // RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 0x8a9136aa.
    let crc = masked_crc(&[0; 32]).wrapping_sub(0xa282_ead8);
    assert_eq!(crc.rotate_left(15), 0x8a91_36aa);
}

#[test]
fn events_say_what_the_log_says() {
    let toy = Toy::new();
    let folder = tempfile::tempdir().expect("a folder");
    toy.train_whole(folder.path()).expect("a run");
    let file = file_of(folder.path()).expect("a file of events");
    let found = scalars(&std::fs::read(file).expect("the events"));
    assert_eq!(found, expected(folder.path()));
    for tag in [
        "train/loss",
        "epoch/train_loss",
        "validation/validation_loss",
    ] {
        assert!(found.iter().any(|(_, name, _)| name == tag), "no {tag}");
    }
}

#[test]
fn a_resumed_run_has_every_step_once() {
    let toy = Toy::new();
    let folder = tempfile::tempdir().expect("a folder");
    toy.train_until(folder.path(), None, 11);
    let before = std::fs::read(file_of(folder.path()).expect("events")).expect("the events");
    let checkpoint = latest(folder.path());
    // What a crash leaves behind: lines after the checkpoint, and half a record.
    let file = file_of(folder.path()).expect("events");
    let mut torn = before.clone();
    torn.extend(&before[before.len() - 50..]);
    std::fs::write(&file, torn).expect("a torn file");
    toy.train(
        folder.path(),
        Some(checkpoint),
        &mut Silent,
        &Arc::default(),
    )
    .expect("a run");
    assert_eq!(file_of(folder.path()).as_deref(), Some(file.as_path()));
    let after = std::fs::read(&file).expect("the events");
    assert!(after.starts_with(&before), "the first part is another");
    let found = scalars(&after);
    assert_eq!(found, expected(folder.path()));
    let mut places: Vec<_> = found.iter().map(|(step, tag, _)| (step, tag)).collect();
    let count = places.len();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), count, "a step stands there twice");
}

#[test]
fn no_events_without_the_key() {
    let mut toy = Toy::new();
    toy.config.tensorboard = false;
    let folder = tempfile::tempdir().expect("a folder");
    toy.train_whole(folder.path()).expect("a run");
    assert_eq!(file_of(folder.path()), None);
}
