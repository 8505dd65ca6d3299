//! All folds of a walk as one stretch of windows, so that a metric has one definition for one fold and
//! for many.

use burn::tensor::Device;

use super::super::foretold::contestant;
use super::super::train::objective;
use super::super::{Foretold, Survey};
use super::FoldResult;
use crate::evaluation::{self, Contestant, Evaluation, EvaluationInput, Trials};
use crate::metrics::Forecasts;
use crate::windows::Outcomes;

/// Forecasts of several runs and the baselines, on windows of one kind of all folds.
#[derive(Clone, Debug)]
pub struct Pooled {
    /// What came, fold after fold.
    pub outcomes: Outcomes,
    /// Fold, from 1, of each window.
    pub fold: Vec<u32>,
    /// Seeds in rising order.
    pub seeds: Vec<u64>,
    /// What the models of each seed say.
    pub runs: Vec<Foretold>,
    /// The baselines, with their names.
    pub baselines: Vec<Forecasts>,
}

impl Pooled {
    /// The validation windows of all folds: what a choice may look at.
    pub fn validation(results: &[FoldResult]) -> Self {
        Self::of(
            results,
            |result| (&result.validation, &result.validation_baselines),
            |run| &run.validation,
        )
    }

    /// The test windows of all folds. Whoever looks at them writes a line into the ledger.
    pub fn test(results: &[FoldResult]) -> Self {
        Self::of(
            results,
            |result| (&result.test, &result.test_baselines),
            |run| &run.test,
        )
    }

    fn of<'a>(
        results: &'a [FoldResult],
        windows: impl Fn(&'a FoldResult) -> (&'a Outcomes, &'a Vec<Forecasts>),
        foretold: impl Fn(&'a super::FoldRun) -> &'a Foretold,
    ) -> Self {
        let mut pooled = Self {
            outcomes: Outcomes::default(),
            fold: Vec::new(),
            seeds: results
                .first()
                .map(|result| result.runs.iter().map(|run| run.job.seed).collect())
                .unwrap_or_default(),
            runs: Vec::new(),
            baselines: Vec::new(),
        };
        pooled.runs = vec![Foretold::default(); pooled.seeds.len()];
        for result in results {
            let (outcomes, baselines) = windows(result);
            pooled.outcomes.extend(outcomes);
            pooled
                .fold
                .extend(vec![result.fold.number as u32; outcomes.samples.len()]);
            for (all, run) in pooled.runs.iter_mut().zip(&result.runs) {
                all.extend(foretold(run));
            }
            for (index, baseline) in baselines.iter().enumerate() {
                match pooled.baselines.get_mut(index) {
                    Some(all) => all.values.extend_from_slice(&baseline.values),
                    None => pooled.baselines.push(baseline.clone()),
                }
            }
        }
        pooled
    }

    /// Every number of the seeds together beside the baselines.
    pub fn measure(&self, survey: &Survey, trials: Option<Trials>, device: &Device) -> Evaluation {
        let mut contestants = vec![contestant(&survey.config, &self.runs)];
        contestants.extend(self.baselines.iter().cloned().map(Contestant::from));
        let config = &survey.config;
        evaluation::evaluate(&EvaluationInput {
            bars: &survey.bars,
            target: &config.target,
            outcomes: &self.outcomes,
            objective: objective(config),
            contestants: &contestants,
            config: &config.evaluation(),
            trials,
            device,
        })
    }
}
