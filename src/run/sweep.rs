//! A grid of configurations, each walked forward, chosen on validation windows; what the search itself
//! is worth stands beside the best.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use burn::tensor::Device;
use serde::Serialize;
use toml::Table;

use super::{
    Inputs, Pooled, RunConfig, RunError, Survey, Walk, WalkEvent, WalkOptions, claim_walk, folds,
    inputs, survey_bars, walk,
};
use crate::device::Selection;
use crate::evaluation::backtest::{Flow, Ledger, backtest};
use crate::evaluation::{
    Evaluation, Overfitting, SharpeMoments, Trials, backtest_overfitting, bars_per_year,
};
use crate::market::Bars;
use crate::metrics::{Direction, Metric, Panel};

/// Blocks that the probability of backtest overfitting cuts the bars into: 12,870 splits.
const OVERFITTING_BLOCKS: usize = 16;

/// One configuration of the grid.
#[derive(Clone, Debug)]
pub struct Trial {
    /// From 1.
    pub number: usize,
    /// `model.hidden=64`, for every key of the grid.
    pub settings: Vec<String>,
    /// The configuration.
    pub config: RunConfig,
}

/// All combinations of a grid over `settings`, the last key fastest.
///
/// A line of the grid is `key=a,b,c`; a value with a comma in it stands in brackets: `key=[1,12],[5]`.
///
/// # Errors
/// As [`RunConfig::load`], a line without values, or a key that appears twice.
pub fn trials(
    source: Option<&str>,
    settings: &[String],
    grid: &[String],
    change: impl Fn(&mut RunConfig),
) -> Result<Vec<Trial>, RunError> {
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    for line in grid {
        let Some((key, values)) = line.split_once('=') else {
            return Err(RunError::Setting {
                setting: line.clone(),
            });
        };
        let values = values_of(values);
        if values.is_empty() || axes.iter().any(|(other, _)| other == key.trim()) {
            return Err(RunError::Conflict {
                what: format!("the grid `{line}` has no value, or its key stands there twice"),
                hint: "as in --grid model.hidden=32,64 --grid training.learning_rate=1e-3,5e-4"
                    .to_owned(),
            });
        }
        axes.push((key.trim().to_owned(), values));
    }
    let count: usize = axes.iter().map(|(_, values)| values.len()).product();
    (0..count)
        .map(|index| {
            let mut rest = index;
            let mut own: Vec<String> = axes
                .iter()
                .rev()
                .map(|(key, values)| {
                    let value = &values[rest % values.len()];
                    rest /= values.len();
                    format!("{key}={value}")
                })
                .collect();
            own.reverse();
            let all: Vec<String> = settings.iter().chain(&own).cloned().collect();
            let mut config = RunConfig::load(source, &all)?;
            change(&mut config);
            Ok(Trial {
                number: index + 1,
                settings: own,
                config,
            })
        })
        .collect()
}

/// `a,b` and `[1,12],[5]` to their values.
fn values_of(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut depth = 0_usize;
    for letter in text.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                values.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(value) = values.last_mut() {
            value.push(letter);
        }
    }
    values
        .into_iter()
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

/// How a sweep is carried out.
pub struct SweepOptions<'a> {
    /// The sweep's folder; trials are walks in it.
    pub run_dir: &'a Path,
    /// Runs at the same time, as [`WalkOptions::jobs`].
    pub jobs: usize,
    /// Set by a signal.
    pub stop: Arc<AtomicUsize>,
    /// Told of each trial as it begins, with what is to be run.
    pub begin: &'a dyn Fn(&Trial),
    /// Told what happens, from any thread.
    pub on: &'a (dyn Fn(WalkEvent<'_>) + Sync),
}

/// A trial that was walked.
#[derive(Clone, Debug, Serialize)]
pub struct TrialResult {
    /// From 1.
    pub number: usize,
    /// What sets it apart.
    pub settings: Vec<String>,
    /// Its walk's folder.
    pub run_dir: PathBuf,
    /// The metric that decides, mean over folds and seeds, on validation windows.
    pub metric: f64,
    /// Standard deviation over folds and seeds (ddof 1); none for one run.
    pub spread: Option<f64>,
    /// Sharpe ratio of a year of the configured strategy after costs, on validation windows.
    pub sharpe: Option<f64>,
}

/// What a sweep found.
#[derive(Clone, Debug, Serialize)]
pub struct Swept {
    /// The metric that decides.
    pub metric: String,
    /// Every trial, in the order of the grid.
    pub trials: Vec<TrialResult>,
    /// Index of the best.
    pub best: usize,
    /// Whether the choice carries over from one half of the bars to the other; none for one trial or too
    /// few bars.
    pub overfitting: Option<Overfitting>,
    /// The best trial on its test windows, with the number of trials held against its Sharpe ratio.
    pub test: Evaluation,
    /// What came in the best trial's test windows.
    #[serde(skip)]
    pub outcomes: crate::windows::Outcomes,
}

/// How a sweep ended.
#[derive(Debug)]
pub enum SweepEnd {
    /// Every trial was walked.
    Finished(Box<Swept>),
    /// A signal asked for an end; the same command goes on.
    Interrupted(i32),
}

/// Walks every trial over the same resident bars, chooses by the validation windows, and measures the
/// best, and only it, on its test windows.
///
/// # Errors
/// As [`walk`]; trials whose metrics differ.
pub fn sweep(
    trials: &[Trial],
    bars: &Arc<Bars>,
    device: &Selection,
    options: &SweepOptions<'_>,
) -> Result<SweepEnd, RunError> {
    let mut shared: Option<(Table, Inputs)> = None;
    let mut results = Vec::with_capacity(trials.len());
    let mut returns: Vec<BTreeMap<i64, f64>> = Vec::with_capacity(trials.len());
    let mut best: Option<(usize, f64, Survey, Pooled)> = None;
    for trial in trials {
        (options.begin)(trial);
        let survey = survey_bars(trial.config.clone(), Arc::clone(bars))?;
        let folds = folds(&survey)?;
        // features and labels are computed again only where the trial asks for others
        let key = decides_inputs(&survey.config);
        let inputs = match shared.take() {
            Some((known, inputs)) if known == key => inputs,
            _ => inputs(&survey, &survey.set, &device.device)?,
        };
        let run_dir = options.run_dir.join(format!("trial-{}", trial.number));
        claim_walk(&survey, &run_dir)?;
        let walked = walk(
            &folds,
            &inputs,
            device,
            &WalkOptions {
                run_dir: &run_dir,
                jobs: options.jobs,
                stop: Arc::clone(&options.stop),
                on: options.on,
            },
        )?;
        shared = Some((key, inputs));
        let folds = match walked {
            Walk::Interrupted(signal) => return Ok(SweepEnd::Interrupted(signal)),
            Walk::Finished(folds) => folds,
        };
        let values: Vec<f64> = folds
            .iter()
            .flat_map(|fold| &fold.runs)
            .filter_map(|run| run.state.best.as_ref())
            .map(|best| best.value.get())
            .collect();
        let metric = mean(&values);
        let validation = Pooled::validation(&folds);
        let earned = strategy_returns(&survey, &validation, &device.device);
        let net: Vec<f64> = earned.values().copied().collect();
        results.push(TrialResult {
            number: trial.number,
            settings: trial.settings.clone(),
            run_dir,
            metric,
            spread: deviation(&values),
            sharpe: SharpeMoments::of(&net)
                .map(|moments| moments.sharpe * bars_per_year(bars).sqrt()),
        });
        returns.push(earned);
        let direction = direction(&survey.config)?;
        let is_better = best
            .as_ref()
            .is_none_or(|(_, value, ..)| direction.improves(metric, *value));
        if is_better {
            best = Some((results.len() - 1, metric, survey, Pooled::test(&folds)));
        }
    }
    let Some((best, _, survey, test)) = best else {
        return Err(RunError::Conflict {
            what: "the grid has no trial".to_owned(),
            hint: "as in --grid model.hidden=32,64".to_owned(),
        });
    };
    let returns = common(&returns);
    let evaluation = test.measure(&survey, trials_of(&returns), &device.device);
    Ok(SweepEnd::Finished(Box::new(Swept {
        metric: survey.config.training.metric.clone(),
        overfitting: overfitting(&returns),
        trials: results,
        best,
        test: evaluation,
        outcomes: test.outcomes,
    })))
}

/// The part of a configuration that features and labels are made from.
fn decides_inputs(config: &RunConfig) -> Table {
    let mut table = config.to_table();
    table.retain(|section, _| ["data", "features", "target"].contains(&section));
    table
}

fn direction(config: &RunConfig) -> Result<Direction, RunError> {
    let metric = Metric::parse(&config.training.metric, &config.target.horizons)
        .map_err(crate::training::TrainingError::from)?;
    Ok(metric.direction())
}

/// Net returns at each bar of the configured strategy, the mean over horizons and seeds.
fn strategy_returns(survey: &Survey, pooled: &Pooled, device: &Device) -> BTreeMap<i64, f64> {
    let outcomes = &pooled.outcomes;
    let config = survey.config.evaluation();
    let Some(ledger) = Ledger::new(
        &survey.bars,
        &outcomes.samples,
        &survey.config.target,
        device,
    ) else {
        return BTreeMap::new();
    };
    let panel = Panel::new(&outcomes.samples, &outcomes.times);
    let width = outcomes.horizons.len();
    let mut flows = Vec::new();
    for (column, &horizon) in outcomes.horizons.iter().enumerate() {
        for run in &pooled.runs {
            let forecast: Vec<f64> = run
                .forecasts
                .iter()
                .zip(&outcomes.scale)
                .skip(column)
                .step_by(width)
                .map(|(value, scale)| f64::from(*value) * f64::from(*scale))
                .collect();
            flows.push(backtest(
                &ledger,
                &outcomes.samples,
                &panel,
                &forecast,
                horizon,
                config.backtest.strategy,
                &config.backtest,
            ));
        }
    }
    let costs = config.costs.resolve(survey.bars.calendar);
    let net = Flow::mean(&flows).net(&costs, bars_per_year(&survey.bars), 1.0);
    ledger.times.iter().copied().zip(net).collect()
}

/// The bars that all trials have, one row a trial.
fn common(returns: &[BTreeMap<i64, f64>]) -> Vec<Vec<f64>> {
    let Some((first, others)) = returns.split_first() else {
        return Vec::new();
    };
    let times: Vec<i64> = first
        .keys()
        .copied()
        .filter(|time| others.iter().all(|one| one.contains_key(time)))
        .collect();
    returns
        .iter()
        .map(|one| times.iter().map(|time| one[time]).collect())
        .collect()
}

/// The number of trials, and how far apart their Sharpe ratios per bar lie.
fn trials_of(returns: &[Vec<f64>]) -> Option<Trials> {
    let sharpes: Vec<f64> = returns
        .iter()
        .filter_map(|one| SharpeMoments::of(one))
        .map(|moments| moments.sharpe)
        .collect();
    Some(Trials {
        count: returns.len(),
        sharpe_variance: deviation(&sharpes)?.powi(2),
    })
}

fn overfitting(returns: &[Vec<f64>]) -> Option<Overfitting> {
    let rows: Vec<&[f64]> = returns.iter().map(Vec::as_slice).collect();
    let is_enough = rows.len() > 1 && rows[0].len() >= 2 * OVERFITTING_BLOCKS;
    is_enough
        .then(|| backtest_overfitting(&rows, OVERFITTING_BLOCKS))
        .flatten()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation, ddof 1; none below two values.
fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values);
    let sum: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((sum / (values.len() - 1) as f64).sqrt())
}
