//! What a checkpoint says about itself.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::CheckpointError;

/// The layout of a checkpoint folder that this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// A number for people and scripts: twelve significant digits, `null` where it is undefined.
///
/// Rounding makes the text that is stored read back as the same value, so that "is this the best so
/// far" has one answer before and after a resume.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Number(f64);

impl Number {
    /// Rounds to twelve significant digits.
    ///
    /// ```
    /// use emberline::checkpoint::Number;
    /// assert_eq!(Number::new(1.0 / 3.0).get(), 0.333_333_333_333);
    /// assert!(Number::new(f64::INFINITY).get().is_nan());
    /// ```
    pub fn new(value: f64) -> Self {
        Self(if value.is_finite() {
            format!("{value:.11e}").parse().unwrap_or(f64::NAN)
        } else {
            f64::NAN
        })
    }

    /// The value; `NaN` where it is undefined.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_none()
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(
            Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN),
        ))
    }
}

/// Named numbers of one validation.
pub type Numbers = BTreeMap<String, Number>;

/// One feature of the model's input, in the order of the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureRecord {
    /// The column's name.
    pub name: String,
    /// How the raw value becomes a model input, before the scaler.
    pub transform: String,
}

/// The bars that the run was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRecord {
    /// SHA-256 of the bars as loaded. It binds `resume` only.
    pub fingerprint: String,
    /// Nanoseconds from bar to bar.
    pub interval_ns: i64,
    /// `24x7`, `24x5`, `sessions` or `daily`.
    pub calendar: String,
    /// How the file stamps bars: `open` or `close`.
    pub stamp: String,
    /// The zone of times without one.
    pub timezone: String,
    /// Whether prices were multiplied by `adj close / close`.
    pub adjusted: bool,
    /// `fill`, `break` or `ignore`.
    pub gaps: String,
    /// The symbols trained on.
    pub symbols: Vec<String>,
}

/// What the device had added up since it was last read, and what the host had.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Accumulators {
    /// Sum of the batch losses since the last line of the log (the device's own f32).
    #[serde(with = "exact")]
    pub loss_sum: f64,
    /// Batches in it.
    pub loss_steps: u64,
    /// Sum of the batch losses of the epoch under way, up to the last line of the log.
    #[serde(with = "exact")]
    pub epoch_loss_sum: f64,
    /// Batches in it.
    pub epoch_steps: u64,
    /// The first step whose loss or gradient was not finite. No checkpoint is written once it is set.
    pub first_bad_step: Option<u64>,
}

/// The best value so far of the metric that the configuration names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The metric's name.
    pub metric: String,
    /// Its value.
    pub value: Number,
    /// The step it was reached at.
    pub step: u64,
    /// The number of whole epochs then.
    pub epoch: u64,
}

/// One epoch's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Whole epochs behind, this one included: 1, 2, ..
    pub epoch: u64,
    /// Optimiser steps behind.
    pub step: u64,
    /// Mean of the batch losses of the epoch.
    pub train_loss: Number,
    /// What validation gave.
    pub validation: Numbers,
}

/// Where a run stands: all that a resume needs beside weights and moments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Optimiser steps taken.
    pub step: u64,
    /// Whole epochs behind, validation included.
    pub epoch: u64,
    /// Batches taken of the epoch under way. Equal to `steps_per_epoch` when only its validation
    /// is outstanding.
    pub position: u64,
    /// Batches in an epoch.
    pub steps_per_epoch: u64,
    /// Epochs that the schedule was made for.
    pub epochs: u64,
    /// Whether early stopping ended the run.
    pub stopped_early: bool,
    /// Epochs since the best one.
    pub epochs_without_improvement: u64,
    /// Lines that `log.jsonl` had when this was written.
    pub log_lines: u64,
    /// Seconds of training behind.
    pub elapsed_s: Number,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// Sums under way.
    pub accumulators: Accumulators,
    /// Every epoch so far.
    pub metrics: Vec<EpochRecord>,
}

impl Default for Number {
    fn default() -> Self {
        Self(0.0)
    }
}

/// `manifest.json`.
///
/// The configuration is opaque here: who wrote the table reads it back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// The crate's version.
    pub crate_version: String,
    /// Name of the device that trained.
    pub device: String,
    /// CPU threads that trained; results on the CPU are promised for the same number.
    pub threads: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// Where the run stands.
    #[serde(flatten)]
    pub state: State,
    /// The resolved configuration, with the names that TOML and `--set` use.
    pub configuration: toml::Table,
    /// Version of the indicator catalogue.
    pub catalogue_version: String,
    /// The model's inputs in order.
    pub features: Vec<FeatureRecord>,
    /// Bars of history that a forecast needs.
    pub required_history: usize,
    /// Bars ahead, one output each.
    pub horizons: Vec<usize>,
    /// The bars.
    pub data: DataRecord,
    /// Cut times and windows per symbol and split.
    pub splits: serde_json::Value,
    /// The fitted scaler.
    pub scaler: serde_json::Value,
    /// How labels were scaled.
    pub label_scaling: serde_json::Value,
    /// SHA-256 of every other file of the folder.
    pub files: BTreeMap<String, String>,
    /// SHA-256 of this file with this value replaced by 64 zeros.
    pub manifest_sha256: String,
}

const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Manifest {
    /// The text of `manifest.json`, sealed with its own hash.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if a value has no JSON form.
    pub fn to_text(&self, path: &Path) -> Result<String, CheckpointError> {
        let mut blank = self.clone();
        BLANK.clone_into(&mut blank.manifest_sha256);
        let text = serde_json::to_string_pretty(&blank)
            .map_err(|error| CheckpointError::io("serialise", path)(error.into()))?
            + "\n";
        let hash = sha256(text.as_bytes());
        Ok(replace_last(&text, BLANK, &hash))
    }

    /// Reads `manifest.json` and checks its seal.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`] if it is not what was written, [`CheckpointError::Format`] if a
    /// later build wrote it.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, CheckpointError> {
        let damaged = |reason: String| CheckpointError::Damaged {
            file: path.to_owned(),
            reason,
        };
        if bytes.is_empty() {
            return Err(damaged("it is empty".to_owned()));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
        // The version first: another layout need not parse as this one.
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let sealed = value["manifest_sha256"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if sealed.len() != BLANK.len()
            || sha256(replace_last(text, &sealed, BLANK).as_bytes()) != sealed
        {
            return Err(damaged(
                "its SHA-256 differs from the one written in it".to_owned(),
            ));
        }
        let version = value["format_version"].as_u64().unwrap_or(0) as u32;
        if version != FORMAT_VERSION {
            return Err(CheckpointError::Format {
                path: path.to_owned(),
                found: version,
                known: FORMAT_VERSION,
            });
        }
        serde_json::from_str(text).map_err(|error| damaged(error.to_string()))
    }
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn replace_last(text: &str, from: &str, to: &str) -> String {
    match text.rfind(from) {
        Some(at) if !from.is_empty() => [&text[..at], to, &text[at + from.len()..]].concat(),
        _ => text.to_owned(),
    }
}

/// A float as text that reads back as the same bits: `serde_json` may be off by one unit in the
/// last place.
mod exact {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    // serde asks for a reference.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde calls"
    )]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value:?}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
