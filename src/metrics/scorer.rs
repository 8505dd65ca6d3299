//! Scores one set of windows again and again: what does not change is computed once.

use super::{
    Forecasts, HorizonScores, NamedScores, Objective, Panel, Scores, Validation, break_even_bps,
    hit_rate, huber, ic_cs, ic_ts, mae, mse, r2, rank_ic_cs,
};
use crate::windows::Outcomes;

/// The windows of a validation, their outcomes, and the baselines' scores.
#[derive(Clone, Debug)]
pub struct Scorer {
    outcomes: Outcomes,
    panel: Panel,
    objective: Objective,
    baselines: Vec<(String, Vec<Scores>)>,
    caveat: Option<String>,
}

impl Scorer {
    /// Groups the windows and scores the baselines.
    ///
    /// # Panics
    /// If there is no window, or a baseline does not have one forecast for each window and horizon.
    pub fn new(
        outcomes: Outcomes,
        objective: Objective,
        baselines: &[Forecasts],
        caveat: Option<&str>,
    ) -> Self {
        assert!(!outcomes.samples.is_empty(), "no window to score");
        let panel = Panel::new(&outcomes.samples, &outcomes.times);
        let mut scorer = Self {
            outcomes,
            panel,
            objective,
            baselines: Vec::new(),
            caveat: caveat.map(str::to_owned),
        };
        scorer.baselines = baselines
            .iter()
            .map(|baseline| (baseline.name.clone(), scorer.scores(&baseline.values)))
            .collect();
        scorer
    }

    /// The windows and what came after them.
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// Scores the model's forecasts, `[S, Hn]` in the label's units, in the order of the outcomes.
    ///
    /// # Panics
    /// If there is not one forecast for each window and horizon.
    pub fn validation(&self, forecasts: &[f32]) -> Validation {
        let model = self.scores(forecasts);
        let times = || self.outcomes.times.iter().copied();
        let horizons: Vec<HorizonScores> = model
            .into_iter()
            .enumerate()
            .map(|(column, model)| HorizonScores {
                horizon_bars: self.outcomes.horizons[column],
                model,
                baselines: self
                    .baselines
                    .iter()
                    .map(|(name, scores)| NamedScores {
                        name: name.clone(),
                        scores: scores[column],
                    })
                    .collect(),
            })
            .collect();
        Validation {
            num_windows: self.panel.len(),
            num_symbols: self.panel.num_symbols(),
            first: times().min().unwrap_or(0),
            last: times().max().unwrap_or(0),
            objective: self.objective,
            validation_loss: horizons.iter().map(|one| one.model.loss).sum::<f64>()
                / horizons.len() as f64,
            horizons,
            caveat: self.caveat.clone(),
        }
    }

    /// The scores of forecasts at each horizon, as [`Self::validation`] has them.
    ///
    /// # Panics
    /// As [`Self::validation`].
    pub fn scores(&self, forecasts: &[f32]) -> Vec<Scores> {
        let outcomes = &self.outcomes;
        let width = outcomes.horizons.len();
        assert_eq!(
            forecasts.len(),
            outcomes.label.len(),
            "forecasts of {} windows",
            outcomes.samples.len()
        );
        let column = |values: &[f32], column: usize| -> Vec<f64> {
            values
                .iter()
                .skip(column)
                .step_by(width)
                .map(|&value| f64::from(value))
                .collect()
        };
        let of_horizon = |(index, &bars): (usize, &usize)| {
            let forecast = column(forecasts, index);
            let label = column(&outcomes.label, index);
            let raw = column(&outcomes.raw, index);
            let scale = column(&outcomes.scale, index);
            let unscaled: Vec<f64> = forecast
                .iter()
                .zip(&scale)
                .map(|(value, scale)| value * scale)
                .collect();
            let delta = match self.objective {
                Objective::Huber { delta } => delta,
                _ => 1.0,
            };
            Scores {
                loss: self.objective.mean(&forecast, &label),
                mse: mse(&forecast, &label),
                mae: mae(&forecast, &label),
                huber: huber(&forecast, &label, delta),
                r2: r2(&forecast, &label),
                hit_rate: hit_rate(&unscaled, &raw),
                ic_ts: ic_ts(&self.panel, &unscaled, &raw, bars),
                ic_cs: ic_cs(&self.panel, &unscaled, &raw, bars),
                rank_ic_cs: rank_ic_cs(&self.panel, &unscaled, &raw, bars),
                break_even_bps: break_even_bps(&self.panel, &unscaled, &raw, bars),
            }
        };
        outcomes
            .horizons
            .iter()
            .enumerate()
            .map(of_horizon)
            .collect()
    }
}
