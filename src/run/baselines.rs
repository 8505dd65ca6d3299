//! What a forecaster has to beat, fitted on the training windows.

use super::Prepared;
use crate::metrics::{Forecasts, RIDGE_LAMBDA, Ridge, minus_last_return, zero};
use crate::windows::{Loader, Outcomes};

/// The baselines of a run: two that need no fit, and those fitted on its training windows.
#[derive(Clone, Debug)]
pub struct Baselines {
    ridge: Option<Ridge>,
}

impl Baselines {
    /// Fits on the training windows; without one, only the unfitted baselines remain.
    pub fn fit(prepared: &Prepared) -> Self {
        let epoch = prepared.train.sequential();
        Self {
            ridge: Ridge::fit(&epoch, RIDGE_LAMBDA),
        }
    }

    /// Forecasts of the loader's windows, whose outcomes are given: `zero`, `minus last return`, then
    /// the fitted ones.
    pub fn forecasts(&self, outcomes: &Outcomes, windows: &Loader) -> Vec<Forecasts> {
        let mut all = vec![zero(outcomes), minus_last_return(outcomes)];
        all.extend(
            self.ridge
                .iter()
                .map(|ridge| ridge.forecasts(&windows.sequential())),
        );
        all
    }
}
