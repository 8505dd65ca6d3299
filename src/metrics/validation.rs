//! The numbers of one validation, as they are logged, stored and compared.

use serde::{Deserialize, Serialize};

use super::{HitRate, Ic, Metric, MetricError, Objective};

/// Everything measured on one set of windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Windows measured.
    pub num_windows: usize,
    /// Symbols that they are of.
    pub num_symbols: usize,
    /// Open time of the first window's last bar, nanoseconds since the epoch, UTC.
    pub first: i64,
    /// Open time of the last window's last bar.
    pub last: i64,
    /// What `validation_loss` is.
    pub objective: Objective,
    /// Mean loss over all windows and horizons, in the label's units.
    pub validation_loss: f64,
    /// One entry a horizon.
    pub horizons: Vec<HorizonScores>,
    /// The sentence that goes with every output, if the target cannot be traded.
    pub caveat: Option<String>,
}

/// One horizon: the model, and what it has to beat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HorizonScores {
    /// Bars ahead.
    pub horizon_bars: usize,
    /// The model's scores.
    pub model: Scores,
    /// The baselines' scores on the same windows.
    pub baselines: Vec<NamedScores>,
}

/// The scores of a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedScores {
    /// The baseline.
    pub name: String,
    /// Its scores.
    pub scores: Scores,
}

/// One forecaster at one horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean of the objective, label units.
    pub loss: f64,
    /// [`super::mse`], label units squared.
    pub mse: f64,
    /// [`super::mae`], label units.
    pub mae: f64,
    /// [`super::huber`], label units.
    pub huber: f64,
    /// [`super::r2`], of labels.
    #[serde(default)]
    pub r2: Option<f64>,
    /// Signs of log returns.
    pub hit_rate: Option<HitRate>,
    /// Over time, of log returns.
    pub ic_ts: Option<Ic>,
    /// Across symbols, of log returns; its `icir` is the metric `icir`.
    pub ic_cs: Option<Ic>,
    /// Across symbols, of ranks.
    pub rank_ic_cs: Option<Ic>,
    /// [`super::break_even_bps`], basis points.
    pub break_even_bps: Option<f64>,
}

impl Validation {
    /// A metric by name: see [`Metric`].
    ///
    /// # Errors
    /// [`MetricError::Unknown`] with the nearest names, [`MetricError::Horizon`], or
    /// [`MetricError::Undefined`] if it cannot be had from this data.
    pub fn value(&self, name: &str) -> Result<f64, MetricError> {
        let horizons: Vec<usize> = self
            .horizons
            .iter()
            .map(|scores| scores.horizon_bars)
            .collect();
        Metric::parse(name, &horizons)?.of(self)
    }
}
