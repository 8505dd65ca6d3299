//! Everything that a model says of a list of windows.

use super::RunConfig;
use crate::evaluation::{Contestant, Distribution};
use crate::model::{Criterion, Forecaster, Outputs};
use crate::training;
use crate::windows::Loader;

/// A model's forecasts of windows, and what it says beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foretold {
    /// `[S, Hn]`, in the label's units.
    pub forecasts: Vec<f32>,
    /// Loss of each horizon, where forecasts alone do not tell it.
    pub losses: Option<Vec<f64>>,
    /// Quantiles or probabilities, `[S, Hn K]`, horizon by horizon.
    pub beside: Option<Vec<f32>>,
}

impl Foretold {
    pub(super) fn new(model: &Forecaster, criterion: &Criterion, loader: &Loader) -> Self {
        let forecast = training::forecast(model, criterion, loader);
        let has_more = model.config().outputs != Outputs::Point && loader.num_samples() > 0;
        let beside = has_more.then(|| {
            let epoch = loader.sequential();
            let tables = (0..epoch.len())
                .map(|step| model.table(model.outputs(epoch.windows(step))))
                .collect(); // [B, Hn + Hn K] each
            let table = epoch.to_sample_order(tables);
            let width = table.len() / loader.num_samples();
            let horizons = model.num_horizons();
            table
                .chunks_exact(width)
                .flat_map(|row| row[horizons..].iter().copied())
                .collect()
        });
        Self {
            forecasts: forecast.values,
            losses: forecast.losses,
            beside,
        }
    }

    /// Puts what the model of a later fold says of other windows behind this; losses are means over the
    /// windows of both.
    pub(super) fn extend(&mut self, later: &Self) {
        let (before, more) = (self.forecasts.len() as f64, later.forecasts.len() as f64);
        self.losses = match (self.losses.take(), &later.losses) {
            (Some(own), Some(others)) => {
                let both = own.iter().zip(others);
                Some(
                    both.map(|(a, b)| (a * before + b * more) / (before + more))
                        .collect(),
                )
            }
            (None, others) if before == 0.0 => others.clone(),
            (own, _) => own,
        };
        self.beside = match (self.beside.take(), &later.beside) {
            (Some(mut own), Some(others)) => {
                own.extend_from_slice(others);
                Some(own)
            }
            (None, others) if before == 0.0 => others.clone(),
            (own, _) => own,
        };
        self.forecasts.extend_from_slice(&later.forecasts);
    }
}

/// The model with all its seeds, as an evaluation takes it.
pub(super) fn contestant(config: &RunConfig, seeds: &[Foretold]) -> Contestant {
    let runs = seeds.iter().map(|seed| seed.forecasts.clone()).collect();
    let mut contestant = Contestant::model("lstm", runs);
    let losses: Option<Vec<_>> = seeds.iter().map(|seed| seed.losses.clone()).collect();
    if let Some(losses) = losses {
        contestant = contestant.with_losses(losses);
    }
    let beside: Option<Vec<_>> = seeds.iter().map(|seed| seed.beside.clone()).collect();
    let Some(runs) = beside else {
        return contestant;
    };
    match config.model.outputs {
        Outputs::Point => contestant,
        Outputs::Quantiles => contestant.with_distribution(Distribution::Quantiles {
            levels: config.model.quantiles.clone(),
            runs,
        }),
        Outputs::Classes => contestant.with_distribution(Distribution::Directions {
            flat_band: config.model.flat_band,
            runs,
        }),
    }
}
