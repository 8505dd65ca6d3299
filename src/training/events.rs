//! `events.out.tfevents.*`: the log once more, as `TensorBoard` reads it while the run goes on.
//!
//! A file of records (length, its checksum, bytes, their checksum), each an `Event` of the protocol
//! buffers that `TensorBoard` publishes; scalars alone need five of its fields, which are written here by
//! hand. The log is the truth: when a run goes on, the file is written again from the lines that stayed,
//! byte for byte what it was, so that no step stands in it twice.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crc::{CRC_32_ISCSI, Crc};

use super::{Line, TrainingError};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const PREFIX: &str = "events.out.tfevents.";

/// The file being written.
#[derive(Debug)]
pub(super) struct Events {
    path: PathBuf,
    file: File,
    /// When the run began, in seconds since 1970, in the file's name: all times follow from it and from
    /// the seconds of training in the log.
    began_s: u64,
    elapsed_s: f64,
}

impl Events {
    /// Opens the file of a run folder anew, with the events of `lines`.
    pub(super) fn open(run_dir: &Path, lines: &[Line]) -> Result<Self, TrainingError> {
        let elapsed_s = lines.iter().filter_map(elapsed_s).next_back();
        let began_s = began_before(run_dir)?.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.map_or(0, |now| now.as_secs())
                .saturating_sub(seconds(elapsed_s.unwrap_or(0.0)))
        });
        let path = run_dir.join(format!("{PREFIX}{began_s}.emberline"));
        let file = File::create(&path).map_err(TrainingError::io("create", &path))?;
        let mut events = Self {
            path,
            file,
            began_s,
            elapsed_s: 0.0,
        };
        let mut version = time_of(began_s as f64);
        bytes(&mut version, 3, b"brain.Event:2");
        let mut all = record(&version);
        for line in lines {
            all.extend(events.records(line));
        }
        events.write(&all)?;
        Ok(events)
    }

    /// Adds a line of the log.
    pub(super) fn append(&mut self, line: &Line) -> Result<(), TrainingError> {
        let records = self.records(line);
        self.write(&records)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), TrainingError> {
        self.file
            .write_all(bytes)
            .map_err(TrainingError::io("write", &self.path))
    }

    fn records(&mut self, line: &Line) -> Vec<u8> {
        self.elapsed_s = elapsed_s(line).unwrap_or(self.elapsed_s);
        let Some((step, scalars)) = scalars(line) else {
            return Vec::new();
        };
        let mut event = time_of(self.began_s as f64 + self.elapsed_s);
        key(&mut event, 2, VARINT);
        varint(&mut event, step);
        let mut summary = Vec::new();
        for (tag, value) in scalars {
            let mut scalar = Vec::new();
            bytes(&mut scalar, 1, tag.as_bytes());
            key(&mut scalar, 2, FIXED_32);
            scalar.extend((value as f32).to_le_bytes());
            bytes(&mut summary, 1, &scalar);
        }
        bytes(&mut event, 5, &summary);
        record(&event)
    }
}

fn seconds(elapsed_s: f64) -> u64 {
    Duration::try_from_secs_f64(elapsed_s).map_or(0, |elapsed| elapsed.as_secs())
}

/// The start in the name of the file that the folder holds already.
fn began_before(run_dir: &Path) -> Result<Option<u64>, TrainingError> {
    let failed = || TrainingError::io("read", run_dir);
    for entry in std::fs::read_dir(run_dir).map_err(failed())? {
        let name = entry.map_err(failed())?.file_name();
        let name = name.to_string_lossy();
        let began = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_suffix(".emberline"));
        if let Some(Ok(began)) = began.map(str::parse) {
            return Ok(Some(began));
        }
    }
    Ok(None)
}

fn elapsed_s(line: &Line) -> Option<f64> {
    match line {
        Line::Step { elapsed_s, .. } | Line::Epoch { elapsed_s, .. } => Some(elapsed_s.get()),
        Line::NotFinite { .. } => None,
    }
}

/// The step and what is drawn over it; numbers that are undefined are left out.
fn scalars(line: &Line) -> Option<(u64, Vec<(String, f64)>)> {
    let (step, mut scalars) = match line {
        Line::Step {
            step,
            loss,
            learning_rate,
            gradient_norm,
            samples_per_s,
            ..
        } => {
            let scalars = [
                ("train/loss", loss),
                ("train/learning_rate", learning_rate),
                ("train/gradient_norm", gradient_norm),
                ("train/windows_per_s", samples_per_s),
            ];
            let scalars = scalars.map(|(tag, value)| (tag.to_owned(), value.get()));
            (*step, scalars.to_vec())
        }
        Line::Epoch {
            step,
            train_loss,
            validation,
            ..
        } => {
            let mut scalars = vec![("epoch/train_loss".to_owned(), train_loss.get())];
            for (name, value) in validation {
                scalars.push((format!("validation/{name}"), value.get()));
            }
            (*step, scalars)
        }
        Line::NotFinite { .. } => return None,
    };
    scalars.retain(|(_, value)| value.is_finite());
    Some((step, scalars))
}

// Protocol buffers: a field's number and wire type, then its value.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, LENGTH);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// An event that only has its time.
fn time_of(seconds: f64) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, FIXED_64);
    event.extend(seconds.to_le_bytes());
    event
}

/// The frame of a record, as in TensorFlow's `record_writer`.
fn record(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(event.len() + 16);
    out.extend(length);
    out.extend(masked(&length).to_le_bytes());
    out.extend(event);
    out.extend(masked(event).to_le_bytes());
    out
}

/// CRC-32C, turned and moved so that a checksum of data that holds checksums stays a good one.
fn masked(data: &[u8]) -> u32 {
    CRC.checksum(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}
