//! Models that learnt from shuffled labels: what they forecast is worth nothing, or something leaks.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::{Findings, Prover, Violation};
use crate::evaluation::{Ingredients, Interval, IntervalConfig, interval};
use crate::metrics::Panel;
use crate::model::Forecaster;
use crate::run::{Prepared, RunError, Survey};
use crate::windows::{Outcomes, Sample, Targets, permutation};

/// How often an honest pipeline may be taken for a leaky one, over all horizons.
const FALSE_ALARMS: f64 = 0.01;

impl Prover<'_> {
    /// [`super::Check::ShuffledTargets`].
    pub(super) fn shuffled_targets(&self) -> Result<Findings, RunError> {
        let survey = match &self.training {
            Ok(survey) => survey,
            Err(reason) => return Ok(Findings::not_run(reason)),
        };
        let shuffles = self.options.shuffles.max(2);
        let level = 1.0 - FALSE_ALARMS / survey.config.target.horizons.len() as f64;
        let mut findings = Findings::of(format!(
            "{shuffles} models trained on labels permuted among the training windows, after their last epoch on \
             the validation windows: the interval of each horizon's ic_ts at level {level:.4}"
        ));
        let inputs = self
            .pipeline
            .inputs(survey, &survey.set, &self.device.device)?;
        let (mut runs, mut outcomes) = (Vec::new(), Outcomes::default());
        for number in 0..shuffles as u64 {
            let targets = shuffled(
                inputs.targets(),
                &survey.plan.train,
                self.options.seed,
                number,
            );
            let mut survey = survey.clone();
            survey.config.training.seed = survey.config.training.seed.wrapping_add(number);
            let prepared =
                self.pipeline
                    .scale(&inputs.clone().with_targets(targets), &survey, None)?;
            runs.push(self.learnt(&survey, &prepared)?);
            let windows = prepared.validation.samples();
            outcomes = prepared.targets.outcomes(&survey.bars, windows);
        }
        let panel = Panel::new(&outcomes.samples, &outcomes.times);
        for (column, &horizon) in outcomes.horizons.iter().enumerate() {
            let ingredients: Vec<Ingredients> = runs
                .iter()
                .map(|run| ingredients(&panel, &outcomes, run, column))
                .collect();
            let Some((low, high, value)) = widest(&ingredients, horizon, level, self.options.seed)
            else {
                continue; // forecasts that do not differ have no correlation
            };
            findings.done += &format!("; {horizon} bars: {value:+.4} in [{low:+.4}, {high:+.4}]");
            findings.require(low <= 0.0 && 0.0 <= high, || Violation {
                symbol: None,
                bar: None,
                what: format!("ic_ts_{horizon}"),
                expected: Some(0.0),
                found: Some(value),
                because: format!(
                    "and its interval [{low:.4}, {high:.4}] does not contain 0, though labels were shuffled"
                ),
            });
        }
        Ok(findings)
    }

    /// Forecasts of the validation windows, label units, after the last epoch.
    fn learnt(&self, survey: &Survey, prepared: &Prepared) -> Result<Vec<f32>, RunError> {
        let trained = self.train_in_scratch(survey, prepared, self.device)?;
        let model = Forecaster::from_weights(
            &survey.config.model,
            trained.latest_weights(),
            &self.device.device,
        )?;
        Ok(super::forecasts(&model, &prepared.validation))
    }
}

/// The labels of `windows` in another order among themselves; all horizons of a window stay together.
fn shuffled(targets: &Targets, windows: &[Sample], seed: u64, number: u64) -> Targets {
    let mut changed = targets.clone();
    let width = targets.horizons.len();
    let row = |sample: Sample| {
        let first = sample.last as usize * width;
        (sample.series as usize, first..first + width)
    };
    for (to, from) in permutation(windows.len(), seed, number)
        .into_iter()
        .enumerate()
    {
        let (giver, given) = row(windows[from as usize]);
        let (taker, taken) = row(windows[to]);
        changed.series[taker].label[taken].copy_from_slice(&targets.series[giver].label[given]);
    }
    changed
}

/// A run's forecasts of one horizon as log returns, beside what came.
fn ingredients(panel: &Panel, outcomes: &Outcomes, run: &[f32], column: usize) -> Ingredients {
    let width = outcomes.horizons.len();
    let pick = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (column..outcomes.raw.len())
            .step_by(width)
            .map(value)
            .collect()
    };
    let forecast = pick(&|at| f64::from(run[at]) * f64::from(outcomes.scale[at]));
    let actual = pick(&|at| f64::from(outcomes.raw[at]));
    Ingredients::correlation(panel, &forecast, &actual)
}

/// The hull of two intervals, and the mean: bars and runs drawn again, which a few runs make too
/// narrow, and Student's over the runs, which knows nothing of the bars.
fn widest(runs: &[Ingredients], horizon: usize, level: f64, seed: u64) -> Option<(f64, f64, f64)> {
    let config = IntervalConfig {
        level,
        seed,
        resamples: 4000,
    };
    let Interval {
        value, low, high, ..
    } = interval(runs, horizon, &config)?;
    let values: Vec<f64> = runs.iter().filter_map(Ingredients::value).collect();
    let count = values.len() as f64;
    let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
    let half = student.inverse_cdf(0.5 + 0.5 * level) * error;
    let (low, high) = (low.min(value - half), high.max(value + half));
    // a correlation ends there
    Some((low.max(-1.0), high.min(1.0), value))
}
