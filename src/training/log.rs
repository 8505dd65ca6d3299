//! `log.jsonl`: one JSON object a line, and cut back to the checkpoint when a run goes on.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::events::Events;
use crate::checkpoint::{Number, Numbers};

/// One line of the log. Everything but the times and rates is the same after a resume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// Every `log_every` steps.
    Step {
        /// Steps taken.
        step: u64,
        /// The epoch under way, counted from 1.
        epoch: u64,
        /// Mean loss of the batches since the line before, or since the epoch began.
        loss: Number,
        /// Learning rate of the last step.
        learning_rate: Number,
        /// Norm of the last step's gradient before it was clipped.
        gradient_norm: Number,
        /// Windows per second.
        samples_per_s: Number,
        /// Seconds of training.
        elapsed_s: Number,
    },
    /// At an epoch's end.
    Epoch {
        /// Steps taken.
        step: u64,
        /// Whole epochs, counted from 1.
        epoch: u64,
        /// Mean loss of the epoch's batches.
        train_loss: Number,
        /// What validation gave.
        validation: Numbers,
        /// Whether this is the best epoch so far.
        best: bool,
        /// Seconds of training.
        elapsed_s: Number,
    },
    /// The run failed here.
    NotFinite {
        /// The first step whose loss or gradient was not finite.
        step: u64,
    },
}

/// The log being written.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    lines: u64,
    events: Option<Events>,
}

impl Log {
    /// Opens the log of a run folder and cuts it back to its first `lines` lines; a torn last line goes
    /// with the rest. The events are made again from the lines that stay.
    pub(super) fn open(
        run_dir: &Path,
        lines: u64,
        tensorboard: bool,
    ) -> Result<Self, TrainingError> {
        let path = &run_dir.join("log.jsonl");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(TrainingError::io("open", path))?;
        let (kept, length) = first_lines(&file, lines).map_err(TrainingError::io("read", path))?;
        file.set_len(length)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(TrainingError::io("cut", path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            lines: kept,
            events: tensorboard
                .then(|| Events::open(run_dir, &read_log(path)?))
                .transpose()?,
        })
    }

    pub(super) fn append(&mut self, line: &Line) -> Result<(), TrainingError> {
        let written = serde_json::to_string(line)
            .map_err(io::Error::from)
            .and_then(|text| self.file.write_all(format!("{text}\n").as_bytes()));
        written.map_err(TrainingError::io("write", &self.path))?;
        self.lines += 1;
        match &mut self.events {
            Some(events) => events.append(line),
            None => Ok(()),
        }
    }

    /// Lines so far, once they are on the disk.
    pub(super) fn sync(&self) -> Result<u64, TrainingError> {
        self.file
            .sync_data()
            .map_err(TrainingError::io("sync", &self.path))?;
        Ok(self.lines)
    }
}

/// How many of the first `lines` whole lines there are, and their bytes.
fn first_lines(file: &File, lines: u64) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::new(file);
    let (mut kept, mut length) = (0, 0);
    let mut line = Vec::new();
    while kept < lines {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        kept += 1;
        length += read as u64;
    }
    Ok((kept, length))
}

/// Reads a log; a last line without its end, as a crash leaves it, is passed over.
///
/// # Errors
/// [`TrainingError::Io`] if the file cannot be read, [`TrainingError::LogLine`] names a line that is
/// not one of ours.
pub fn read_log(path: &Path) -> Result<Vec<Line>, TrainingError> {
    let text = std::fs::read_to_string(path).map_err(TrainingError::io("read", path))?;
    let mut lines = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let Some(line) = line.strip_suffix('\n') else {
            break;
        };
        lines.push(
            serde_json::from_str(line).map_err(|source| TrainingError::LogLine {
                path: path.to_owned(),
                line: at + 1,
                source,
            })?,
        );
    }
    Ok(lines)
}
