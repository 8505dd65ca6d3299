//! The ledger of a run folder: a line for every look at a test span.
//!
//! A test span is worth what it is because it is looked at once. Nothing can keep a person from looking
//! again, but the count can stand in every report.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RunError;
use super::survey::time;
use crate::market::Bars;
use crate::windows::Outcomes;

/// The file's name in a run folder.
pub const LEDGER: &str = "test_ledger.jsonl";

/// One look at a test span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When, UTC.
    pub at: String,
    /// The command: `evaluate`, `walk-forward`, `sweep`.
    pub command: String,
    /// Open of the first test window's last bar, UTC.
    pub first: String,
    /// Open of the last test window's last bar, UTC.
    pub last: String,
    /// Test windows looked at.
    pub windows: usize,
    /// Models, configurations or seeds that were measured on them.
    pub models: usize,
    /// SHA-256 of the bars.
    pub fingerprint: String,
}

impl Look {
    /// A look at the windows of `outcomes`, now.
    pub fn now(command: &str, bars: &Bars, outcomes: &Outcomes, models: usize) -> Self {
        let times = || outcomes.times.iter().copied();
        Self {
            at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            command: command.to_owned(),
            first: time(times().min().unwrap_or(0)),
            last: time(times().max().unwrap_or(0)),
            windows: outcomes.samples.len(),
            models,
            fingerprint: bars.fingerprint(),
        }
    }
}

/// Appends a look and returns all looks so far, this one included.
///
/// # Errors
/// [`RunError::Write`] if the ledger cannot be written: then nothing may be shown.
pub fn record(run_dir: &Path, look: &Look) -> Result<Vec<Look>, RunError> {
    let path = run_dir.join(LEDGER);
    let failed = |source| RunError::Write {
        path: path.clone(),
        source,
    };
    let line = serde_json::to_string(look).map_err(|error| failed(error.into()))?;
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(failed)?;
    file.write_all(format!("{line}\n").as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(failed)?;
    looks(run_dir)
}

/// All looks at the test span of a run folder; none without a ledger. Lines that are not ours are
/// passed over.
///
/// # Errors
/// [`RunError::Read`] if the ledger is there but cannot be read.
pub fn looks(run_dir: &Path) -> Result<Vec<Look>, RunError> {
    let path: PathBuf = run_dir.join(LEDGER);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(RunError::Read { path, source }),
    }
}
