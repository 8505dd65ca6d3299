//! What a forecaster has to beat, fitted on the training windows.

use super::{Prepared, Survey};
use crate::metrics::{Forecasts, RIDGE_LAMBDA, Ridge, Trees, TreesConfig, minus_last_return, zero};
use crate::windows::{Loader, Outcomes};

/// The baselines of a run: two that need no fit, and those fitted on its training windows.
#[derive(Clone, Debug)]
pub struct Baselines {
    ridge: Option<Ridge>,
    trees: Option<Trees>,
}

impl Baselines {
    /// Fits on the training windows; without enough of them, only the unfitted baselines remain.
    pub fn fit(survey: &Survey, prepared: &Prepared) -> Self {
        let series = &survey.bars.series;
        let times: Vec<i64> = prepared
            .train
            .samples()
            .iter()
            .map(|sample| series[sample.series as usize].time[sample.last as usize])
            .collect();
        let purge_bars = survey.config.target.longest_exit_offset_bars();
        Self {
            ridge: Ridge::fit(&prepared.train.sequential(), RIDGE_LAMBDA),
            trees: Trees::fit(&prepared.train, &times, purge_bars, &TreesConfig::default()),
        }
    }

    /// Forecasts of the loader's windows, whose outcomes are given: `zero`, `minus last return`, then
    /// the fitted ones.
    pub fn forecasts(&self, outcomes: &Outcomes, windows: &Loader) -> Vec<Forecasts> {
        let epoch = windows.sequential();
        let mut all = vec![zero(outcomes), minus_last_return(outcomes)];
        all.extend(self.ridge.iter().map(|ridge| ridge.forecasts(&epoch)));
        all.extend(
            self.trees
                .iter()
                .filter_map(|trees| trees.forecasts(&epoch)),
        );
        all
    }
}
