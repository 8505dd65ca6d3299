//! The run's configuration: one TOML section per storey, collected from files, flags and defaults.
//!
//! A value comes from the first of: `--set` and flags, the file or preset, the default. Every value
//! is checked against [`super::keys`] before serde reads it, so that a wrong one is named with its
//! bounds.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::keys::{self, Bounds, KEYS};
use super::{RunError, WalkConfig, WalkMode};
use crate::evaluation::{BacktestConfig, CostsConfig, EvaluationConfig};
use crate::features::ScalerConfig;
use crate::market::DataConfig;
use crate::market::split::SplitConfig;
use crate::model::{ForecasterConfig, Loss};
use crate::training::{CheckpointsConfig, ClassWeights, TrainingConfig};
use crate::windows::{Normalise, TargetConfig, WindowConfig};

/// Everything that decides what a run does, resolved.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// Which bars, and how to read them.
    pub data: DataConfig,
    /// What the model sees of a bar.
    pub features: FeaturesConfig,
    /// How inputs are centred and scaled.
    pub scaler: ScalerConfig,
    /// How far back the model looks.
    pub windows: WindowConfig,
    /// What it forecasts.
    pub target: TargetConfig,
    /// Which windows train, validate and test.
    pub splits: SplitConfig,
    /// The model.
    pub model: ForecasterConfig,
    /// The loop.
    pub training: TrainingConfig,
    /// What is kept.
    pub checkpoints: CheckpointsConfig,
    /// What trading costs.
    pub costs: CostsConfig,
    /// Folds and seeds of a walk forward.
    pub walk_forward: WalkConfig,
    /// How forecasts are traded in evaluations.
    pub backtest: BacktestConfig,
}

/// Section `[features]`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeaturesConfig {
    /// Preset, comma list of columns, or path of a TOML file.
    pub set: String,
    /// Scaled inputs are clipped to plus and minus this.
    pub clip: f64,
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self {
            set: "base".to_owned(),
            clip: 5.0,
        }
    }
}

/// The presets of the program: name and TOML text.
pub const PRESETS: [(&str, &str); 3] = [
    ("demo", include_str!("../../configs/demo.toml")),
    ("crypto-5m", include_str!("../../configs/crypto-5m.toml")),
    (
        "daily-equities",
        include_str!("../../configs/daily-equities.toml"),
    ),
];

impl RunConfig {
    /// Reads a preset or a TOML file (`source`), then applies `key=value` settings in order.
    ///
    /// ```
    /// use emberline::run::RunConfig;
    /// let config = RunConfig::load(Some("demo"), &["training.epochs=3".to_owned()])?;
    /// assert_eq!(config.training.epochs, 3);
    /// assert_eq!(config.windows.length, 60);
    /// # Ok::<(), emberline::run::RunError>(())
    /// ```
    /// # Errors
    /// A file that cannot be read or parsed, an unknown preset or key, a value outside its bounds,
    /// settings that contradict each other.
    pub fn load(source: Option<&str>, settings: &[String]) -> Result<Self, RunError> {
        let mut table = match source {
            None => Table::new(),
            Some(source) => read(source)?,
        };
        for setting in settings {
            apply(&mut table, setting)?;
        }
        Self::from_table(&table, source.unwrap_or("--set"))
    }

    /// Checks a table against the keys and fills the rest with defaults. `origin` is named in errors.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_table(table: &Table, origin: &str) -> Result<Self, RunError> {
        check(table, origin)?;
        let mut config: Self =
            Value::Table(table.clone())
                .try_into()
                .map_err(|source| RunError::Invalid {
                    origin: origin.to_owned(),
                    source,
                })?;
        config.model = config.model.with_loss(config.training.loss);
        config.check()?;
        Ok(config)
    }

    /// Itself with other strategies and costs: what an evaluation may change of a run that is trained.
    ///
    /// # Errors
    /// As [`Self::load`], and a key of another section.
    pub fn for_evaluation(&self, settings: &[String]) -> Result<Self, RunError> {
        let mut table = self.to_table();
        for setting in settings {
            let section = setting.split('.').next().unwrap_or_default().trim();
            if !["backtest", "costs"].contains(&section) {
                return Err(RunError::Conflict {
                    what: format!("`{setting}` would change a model that is trained already"),
                    hint: "an evaluation changes keys of [backtest] and [costs] only".to_owned(),
                });
            }
            apply(&mut table, setting)?;
        }
        Self::from_table(&table, "--set")
    }

    /// The configuration as a table, unset keys left out.
    ///
    /// # Panics
    /// Never: every section is plain data.
    pub fn to_table(&self) -> Table {
        match Value::try_from(self) {
            Ok(Value::Table(table)) => table,
            other => panic!("a configuration is a table, not {other:?}"),
        }
    }

    /// What `evaluation::evaluate` takes of it.
    pub fn evaluation(&self) -> EvaluationConfig {
        EvaluationConfig {
            backtest: self.backtest.clone(),
            costs: self.costs.clone(),
            ..EvaluationConfig::default()
        }
    }

    /// The resolved configuration as TOML that can be run.
    pub fn to_toml(&self) -> String {
        let table = self.to_table();
        let mut text = String::new();
        let mut section = "";
        for key in KEYS {
            if key.section != section {
                section = key.section;
                let apart = if text.is_empty() { "" } else { "\n" };
                text += &format!("{apart}[{section}]\n");
            }
            let comment = format!("# {}; {}", key.meaning, key.bounds);
            let value = table.get(section).and_then(|section| section.get(key.name));
            let line = value.map_or_else(
                || format!("# {} is unset", key.name),
                |value| format!("{} = {value}", key.name),
            );
            text += &format!("{comment}\n{line}\n");
        }
        text
    }

    /// Rules between keys.
    pub(super) fn check(&self) -> Result<(), RunError> {
        self.training.validate()?;
        self.checkpoints.validate()?;
        if self.walk_forward.warm_start && self.walk_forward.mode == WalkMode::PurgedKfold {
            return Err(RunError::Conflict {
                what: "walk_forward.warm_start with walk_forward.mode = purged_kfold: a fold would begin \
                       with weights that have seen its test span"
                    .to_owned(),
                hint: "train each fold anew, or use mode expanding or rolling".to_owned(),
            });
        }
        let splits = &self.splits;
        let sum = splits.train + splits.validation + splits.test;
        let by_date = splits.train_end.is_some() || splits.validation_end.is_some();
        if !by_date && (sum - 1.0).abs() > 1e-6 {
            return Err(RunError::Conflict {
                what: format!(
                    "splits.train {} + splits.validation {} + splits.test {} = {sum}, not 1",
                    splits.train, splits.validation, splits.test
                ),
                hint: "the three shares add up to 1; set them together".to_owned(),
            });
        }
        self.model.validate()?;
        if self.training.loss == Loss::Direction {
            self.check_classes()?;
        }
        if self.training.class_weights != ClassWeights::None
            && self.training.loss != Loss::Direction
        {
            return Err(RunError::Conflict {
                what: "training.class_weights = balanced with a loss that has no classes"
                    .to_owned(),
                hint: "leave it out, or set training.loss = direction".to_owned(),
            });
        }
        Ok(())
    }

    /// The classes need labels in units of one volatility that reach beyond the band.
    fn check_classes(&self) -> Result<(), RunError> {
        let (band, clip) = (self.model.flat_band, f64::from(self.target.clip));
        if self.target.normalise == Normalise::None {
            return Err(RunError::Conflict {
                what: format!(
                    "training.loss = direction with target.normalise = none: model.flat_band {band} is in \
                     units of one volatility"
                ),
                hint: "set target.normalise = volatility".to_owned(),
            });
        }
        let (widest, why) = match self.target.normalise {
            Normalise::CsRank => (3.0_f64.sqrt(), "the largest rank"),
            _ => (clip, "target.clip"),
        };
        if band >= widest {
            return Err(RunError::Conflict {
                what: format!(
                    "model.flat_band {band} is not below {why}, {widest}: no label is up or down"
                ),
                hint: "set model.flat_band lower, as 0.25".to_owned(),
            });
        }
        Ok(())
    }
}

/// The text of a preset or file, parsed.
fn read(source: &str) -> Result<Table, RunError> {
    let preset = PRESETS.iter().find(|(name, _)| *name == source);
    let path = Path::new(source);
    let text = match preset {
        Some((_, text)) if !path.is_file() => (*text).to_owned(),
        _ => {
            let looks_like_a_name = !source.contains(['/', '\\', '.']);
            if looks_like_a_name && !path.exists() {
                return Err(RunError::UnknownPreset {
                    name: source.to_owned(),
                    nearest: PRESETS
                        .iter()
                        .map(|(name, _)| {
                            (strsim::normalized_damerau_levenshtein(source, name), *name)
                        })
                        .filter(|(likeness, _)| *likeness >= 0.5)
                        .max_by(|a, b| a.0.total_cmp(&b.0))
                        .map(|(_, name)| name.to_owned()),
                });
            }
            std::fs::read_to_string(path).map_err(|source| RunError::Read {
                path: path.to_owned(),
                source,
            })?
        }
    };
    text.parse().map_err(|error| RunError::Parse {
        path: path.to_owned(),
        source: error,
    })
}

/// Puts `section.name=value` into the table.
fn apply(table: &mut Table, setting: &str) -> Result<(), RunError> {
    let Some((path, text)) = setting.split_once('=') else {
        return Err(RunError::Setting {
            setting: setting.to_owned(),
        });
    };
    let path = path.trim();
    let key = keys::find(path).ok_or_else(|| unknown(path, "--set"))?;
    let value = key.bounds.read(text);
    if !key.bounds.allow(&value) {
        return Err(refused(path, &value, key.bounds, "--set"));
    }
    let section = table
        .entry(key.section)
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(key.name.to_owned(), value);
    }
    Ok(())
}

/// Every key exists and every value is inside its bounds.
fn check(table: &Table, origin: &str) -> Result<(), RunError> {
    for (section, content) in table {
        let Value::Table(content) = content else {
            return Err(unknown(section, origin));
        };
        for (name, value) in content {
            let path = format!("{section}.{name}");
            let key = keys::find(&path).ok_or_else(|| unknown(&path, origin))?;
            if !key.bounds.allow(value) {
                return Err(refused(&path, value, key.bounds, origin));
            }
        }
    }
    Ok(())
}

fn unknown(key: &str, origin: &str) -> RunError {
    RunError::UnknownKey {
        key: key.to_owned(),
        origin: origin.to_owned(),
        nearest: keys::nearest(key),
    }
}

fn refused(key: &str, value: &Value, bounds: Bounds, origin: &str) -> RunError {
    RunError::Value {
        key: key.to_owned(),
        value: value.to_string(),
        bounds: bounds.to_string(),
        origin: origin.to_owned(),
    }
}
