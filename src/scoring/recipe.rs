//! A checkpoint read for use.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ScoreError;
use crate::checkpoint::{FeatureRecord, Manifest};
use crate::features::{self, ColumnRecord, FeatureContext, FeatureSet, Scaler};
use crate::market::{Bars, DataConfig};
use crate::model::{ForecasterConfig, Loss};
use crate::windows::{TargetConfig, WindowConfig};

/// What a checkpoint says about making forecasts.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// How bars were read, without which bars.
    pub data: DataConfig,
    /// Window.
    pub windows: WindowConfig,
    /// Target and label scaling.
    pub target: TargetConfig,
    /// Shape of the model.
    pub model: ForecasterConfig,
    /// The fitted scaler, its clip included.
    pub scaler: Scaler,
    /// Columns in order, with their transforms.
    pub features: Vec<FeatureRecord>,
    /// Nanoseconds from bar to bar.
    pub interval_ns: i64,
    /// The calendar's name.
    pub calendar: String,
    /// Whether prices were adjusted.
    pub adjusted: bool,
    /// What gaps became.
    pub gaps: String,
    /// Bars that a forecast needed in training.
    pub required_history: usize,
    catalogue_version: String,
}

impl Recipe {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ScoreError::Manifest`] names a part that cannot be read.
    pub fn new(manifest: &Manifest) -> Result<Self, ScoreError> {
        let mut data: DataConfig = section(manifest, "data")?;
        data.path = None;
        data.from = None;
        data.to = None;
        data.days = None;
        data.symbols.clear();
        Ok(Self {
            data,
            windows: section(manifest, "windows")?,
            target: section(manifest, "target")?,
            model: section::<ForecasterConfig>(manifest, "model")?.with_loss(loss(manifest)?),
            scaler: serde_json::from_value(manifest.scaler.clone()).map_err(|error| {
                ScoreError::Manifest {
                    part: "scaler",
                    reason: error.to_string(),
                }
            })?,
            features: manifest.features.clone(),
            interval_ns: manifest.data.interval_ns,
            calendar: manifest.data.calendar.clone(),
            adjusted: manifest.data.adjusted,
            gaps: manifest.data.gaps.clone(),
            required_history: manifest.required_history,
            catalogue_version: manifest.catalogue_version.clone(),
        })
    }

    /// The columns as this build makes them, on these bars.
    ///
    /// # Errors
    /// [`ScoreError::Catalogue`] or [`ScoreError::Columns`] if they are not what the model was trained
    /// on; [`ScoreError::Features`] if they cannot be had from these bars.
    pub fn feature_set(&self, bars: &Bars) -> Result<FeatureSet, ScoreError> {
        let found = features::CATALOGUE_VERSION.to_string();
        if found != self.catalogue_version {
            return Err(ScoreError::Catalogue {
                trained: self.catalogue_version.clone(),
                found,
            });
        }
        // What a window needs before its first bar: bars that are fewer than those of training can
        // show shorter sessions, and ask for less.
        let memory_bars = self.required_history.saturating_sub(self.windows.length);
        let mut records = Vec::with_capacity(self.features.len());
        for feature in &self.features {
            records.push(ColumnRecord {
                name: feature.name.clone(),
                transform: feature.transform.parse()?,
                memory_bars,
            });
        }
        let set = FeatureSet::from_records(&records, &FeatureContext::from(bars))?;
        if set.names() != self.scaler.features() {
            return Err(ScoreError::Columns {
                trained: self.scaler.features().join(" "),
                found: set.names().join(" "),
            });
        }
        Ok(set)
    }

    /// Whether bars are of the kind that the model was trained on. `data` is how they were read.
    ///
    /// # Errors
    /// [`ScoreError::Mismatch`] names the first thing that differs.
    pub fn check(&self, bars: &Bars, data: &DataConfig) -> Result<(), ScoreError> {
        let seconds = |interval_ns: i64| format!("{} s", interval_ns as f64 / 1e9);
        let adjusted = |is: bool| {
            if is {
                "adjusted prices"
            } else {
                "prices as they are"
            }
            .to_owned()
        };
        let pairs = [
            (
                "interval",
                seconds(self.interval_ns),
                seconds(bars.interval_ns),
                "a model only fits bars of its own interval",
            ),
            (
                "stamp",
                self.data.stamp.to_string(),
                data.stamp.to_string(),
                "leave --stamp out; `data convert` makes files that are stamped alike",
            ),
            (
                "calendar",
                self.calendar.clone(),
                bars.calendar.to_string(),
                "a short file may look like another calendar: name it with --calendar",
            ),
            (
                "adjustment",
                adjusted(self.adjusted),
                adjusted(bars.adjusted),
                "give bars with the same columns, or --adjusted=false or true as in training",
            ),
            (
                "gaps",
                self.gaps.clone(),
                bars.gaps.to_string(),
                "leave --gaps out",
            ),
        ];
        for (what, trained, found, hint) in pairs {
            if trained != found {
                return Err(ScoreError::Mismatch {
                    what,
                    trained,
                    found,
                    hint,
                });
            }
        }
        Ok(())
    }

    /// Bars of one gap-free stretch that a forecast needs.
    pub fn required_bars(&self, set: &FeatureSet) -> usize {
        self.target
            .history_bars(set.memory_bars(), self.windows.length)
    }
}

/// `training.loss`, which decides what the model's outputs are.
fn loss(manifest: &Manifest) -> Result<Loss, ScoreError> {
    #[derive(Deserialize)]
    struct Training {
        #[serde(default)]
        loss: Loss,
    }
    Ok(section::<Training>(manifest, "training")?.loss)
}

fn section<T: DeserializeOwned>(manifest: &Manifest, name: &'static str) -> Result<T, ScoreError> {
    let value = manifest
        .configuration
        .get(name)
        .cloned()
        .unwrap_or_else(|| toml::Value::Table(toml::Table::new()));
    value
        .try_into()
        .map_err(|error: toml::de::Error| ScoreError::Manifest {
            part: name,
            reason: error.message().to_owned(),
        })
}
