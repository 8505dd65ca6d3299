//! Who is measured.

use crate::metrics::{
    Forecasts, ProbabilityCalibration, QuantileCalibration, probability_calibration,
    quantile_calibration,
};
use crate::windows::Outcomes;

use super::result::DirectionCalibration;

/// Bins of a probability's calibration.
const BINS: usize = 10;

/// A forecaster to be measured: its forecasts of every window, once a run.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Its name: `lstm`, `ridge`.
    pub name: String,
    /// Whether it is a model and not a baseline.
    pub is_model: bool,
    /// Of each run (seed), at least one: `[S, Hn]` in the label's units, in the order of the outcomes.
    pub runs: Vec<Vec<f32>>,
    /// Of each run the loss of each horizon, where the forecasts alone do not tell it.
    pub losses: Option<Vec<Vec<f64>>>,
    /// What it says beside its forecasts.
    pub distribution: Option<Distribution>,
}

/// What a model says of the label's distribution, for its calibration.
#[derive(Clone, Debug)]
pub enum Distribution {
    /// Quantiles in the label's units.
    Quantiles {
        /// K levels.
        levels: Vec<f64>,
        /// Of each run `[S, Hn K]`, horizon by horizon.
        runs: Vec<Vec<f32>>,
    },
    /// Probabilities of down, flat and up.
    Directions {
        /// Labels from minus to plus this are flat.
        flat_band: f64,
        /// Of each run `[S, Hn 3]`, horizon by horizon.
        runs: Vec<Vec<f32>>,
    },
}

impl Contestant {
    /// A model, with the forecasts of each of its seeds.
    pub fn model(name: &str, runs: Vec<Vec<f32>>) -> Self {
        Self {
            name: name.to_owned(),
            is_model: true,
            runs,
            losses: None,
            distribution: None,
        }
    }

    /// The same with each run's loss at each horizon: of quantiles and of classes.
    #[must_use]
    pub fn with_losses(mut self, losses: Vec<Vec<f64>>) -> Self {
        self.losses = Some(losses);
        self
    }

    /// The same with what it says of the label's distribution.
    #[must_use]
    pub fn with_distribution(mut self, distribution: Distribution) -> Self {
        self.distribution = Some(distribution);
        self
    }
}

impl From<Forecasts> for Contestant {
    /// A baseline.
    fn from(forecasts: Forecasts) -> Self {
        Self {
            is_model: false,
            ..Self::model(&forecasts.name, vec![forecasts.values])
        }
    }
}

impl Distribution {
    /// Calibration of the quantiles at the horizon of a column, over all runs; empty without them.
    ///
    /// # Panics
    /// If a run does not have K numbers for each window and horizon.
    pub(super) fn quantiles(&self, outcomes: &Outcomes, column: usize) -> Vec<QuantileCalibration> {
        let Self::Quantiles { levels, runs } = self else {
            return Vec::new();
        };
        let label = labels(outcomes, column, runs.len());
        let of = |(place, &level): (usize, &f64)| {
            let forecast = numbers(runs, outcomes, column, levels.len(), place);
            quantile_calibration(&forecast, &label, level)
        };
        levels.iter().enumerate().map(of).collect()
    }

    /// Calibration of the probabilities at the horizon of a column, over all runs.
    ///
    /// # Panics
    /// If a run does not have 3 numbers for each window and horizon.
    pub(super) fn directions(
        &self,
        outcomes: &Outcomes,
        column: usize,
    ) -> Option<DirectionCalibration> {
        let Self::Directions { flat_band, runs } = self else {
            return None;
        };
        let label = labels(outcomes, column, runs.len());
        let of = |place: usize, is: &dyn Fn(f64) -> bool| -> Option<ProbabilityCalibration> {
            let happened: Vec<bool> = label.iter().map(|&label| is(label)).collect();
            let forecast = numbers(runs, outcomes, column, 3, place);
            probability_calibration(&forecast, &happened, BINS)
        };
        Some(DirectionCalibration {
            down: of(0, &|label| label < -flat_band)?,
            flat: of(1, &|label| label.abs() <= *flat_band)?,
            up: of(2, &|label| label > *flat_band)?,
        })
    }
}

/// The labels of a column, once for each run.
fn labels(outcomes: &Outcomes, column: usize, num_runs: usize) -> Vec<f64> {
    let width = outcomes.horizons.len();
    let once = outcomes.label.iter().skip(column).step_by(width);
    let once: Vec<f64> = once.map(|&label| f64::from(label)).collect();
    once.repeat(num_runs)
}

/// One of the K numbers of a column, of all runs one after another.
fn numbers(
    runs: &[Vec<f32>],
    outcomes: &Outcomes,
    column: usize,
    k: usize,
    place: usize,
) -> Vec<f64> {
    let stride = outcomes.horizons.len() * k;
    let of_run = |run: &Vec<f32>| -> Vec<f64> {
        assert_eq!(
            run.len(),
            outcomes.samples.len() * stride,
            "numbers of a run"
        );
        let own = run.iter().skip(column * k + place).step_by(stride);
        own.map(|&value| f64::from(value)).collect()
    };
    runs.iter().flat_map(of_run).collect()
}
