//! What the host alone can tell of a run: bars, features by name, windows, splits, memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{RunConfig, RunError};
use crate::features::{Dropped, FeatureContext, FeatureSet};
use crate::market::{self, Bars, DataConfig};
use crate::windows::{self, MemoryEstimate, Plan, Split};

/// A run before any device is opened.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The resolved configuration.
    pub config: RunConfig,
    /// Where the bars were read: the configuration's path, or the sample's.
    pub data: PathBuf,
    /// The bars, loaded, checked and filled.
    pub bars: Arc<Bars>,
    /// The features asked for, as far as the data reaches.
    pub set: FeatureSet,
    /// Columns that look back further than the data reaches.
    pub dropped: Vec<Dropped>,
    /// Which windows train, validate and test.
    pub plan: Plan,
    /// Bytes on the device.
    pub memory: MemoryEstimate,
}

/// Loads the bars and plans the run. Opens no device, computes no feature.
///
/// # Errors
/// Bars, features, windows or splits refused.
pub fn survey(config: RunConfig) -> Result<Survey, RunError> {
    config.check()?;
    let data = with_sample(&config.data)?;
    let bars = market::load(&data, None)?;
    let survey = survey_bars(config, Arc::new(bars))?;
    Ok(Survey {
        data: data.path.unwrap_or_default(),
        ..survey
    })
}

/// As [`survey()`], from bars that are loaded already; [`Survey::data`] stays empty.
///
/// # Errors
/// Features, windows or splits refused.
pub fn survey_bars(config: RunConfig, bars: Arc<Bars>) -> Result<Survey, RunError> {
    config.check()?;
    let (set, dropped) =
        FeatureSet::for_model(&config.features.set, &FeatureContext::from(&*bars))?;
    let plan = windows::plan(
        &bars,
        set.memory_bars(),
        &config.windows,
        &config.target,
        &config.splits,
    )?;
    let memory = estimate(&config, &bars, &set, &plan);
    Ok(Survey {
        data: PathBuf::new(),
        config,
        bars,
        set,
        dropped,
        plan,
        memory,
    })
}

pub(super) fn estimate(
    config: &RunConfig,
    bars: &Bars,
    set: &FeatureSet,
    plan: &Plan,
) -> MemoryEstimate {
    let lengths: Vec<usize> = bars.series.iter().map(market::Series::len).collect();
    windows::estimate(
        &lengths,
        set.names().len(),
        config.target.horizons.len(),
        set.required_columns().len(),
        config.windows.length,
        config.training.batch_size,
        plan.num_table_rows(),
    )
}

/// The bars of the configuration, or where it names none the sample: `data/sample.parquet` where that
/// is the one of this build, else a copy in the temporary folder.
pub(super) fn with_sample(data: &DataConfig) -> Result<DataConfig, RunError> {
    if data.path.is_some() {
        return Ok(data.clone());
    }
    let here = Path::new("data").join(market::sample::FILE);
    let is_ours = std::fs::read(&here).is_ok_and(|found| found == market::sample::bytes());
    let path = if is_ours {
        here
    } else {
        let version = env!("CARGO_PKG_VERSION");
        market::sample::place(&std::env::temp_dir().join(format!("emberline-{version}")))?
    };
    Ok(DataConfig {
        path: Some(path),
        ..data.clone()
    })
}

impl Survey {
    /// Batches in an epoch: the last partial one is dropped if there is a full one.
    pub fn steps_per_epoch(&self) -> usize {
        (self.plan.train.len() / self.config.training.batch_size).max(1)
    }

    /// The survey as one JSON document.
    pub fn document(&self) -> Value {
        let split = |split: Split| {
            let total = self.plan.total(split);
            json!({ "windows": total.windows, "first": total.first.map(time), "last": total.last.map(time), "purged": total.purged })
        };
        json!({
            "symbols": self.bars.series.iter().map(|series| json!({
                "symbol": series.symbol,
                "bars": series.len(),
                "first": series.time.first().copied().map(time),
                "last": series.time.last().copied().map(time),
            })).collect::<Vec<_>>(),
            "interval_s": self.bars.interval_ns as f64 / 1e9,
            "calendar": self.bars.calendar.to_string(),
            "gaps": self.bars.gaps.to_string(),
            "adjusted": self.bars.adjusted,
            "notes": self.bars.notes,
            "fingerprint": self.bars.fingerprint(),
            "features": self.set.names(),
            "dropped": self.dropped,
            "memory_bars": self.set.memory_bars(),
            "window_bars": self.config.windows.length,
            "horizons_bars": self.config.target.horizons,
            "train_end": time(self.plan.cuts.train_end_ns),
            "validation_end": time(self.plan.cuts.validation_end_ns),
            "train": split(Split::Train),
            "validation": split(Split::Validation),
            "test": split(Split::Test),
            "splits": self.plan.table,
            "steps_per_epoch": self.steps_per_epoch(),
            "bytes": self.memory,
            "bytes_total": self.memory.total(),
            "caveat": self.plan.caveat,
        })
    }
}

/// `2026-01-31T23:55:00Z`.
pub(super) fn time(time_ns: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(time_ns)
        .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
