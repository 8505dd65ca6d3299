//! Where the folds of a walk lie: each is a configuration of its own, with its splits as dates, that
//! `train` takes as well.

use serde::{Deserialize, Serialize};

use super::super::survey::{estimate, time};
use super::super::{RunConfig, RunError, Survey};
use crate::windows::{self, Legal};

/// The section `[walk_forward]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WalkConfig {
    /// Test spans, one behind the other.
    pub folds: usize,
    /// What each of them trains on.
    pub mode: WalkMode,
    /// Share of the legal windows before the first test span.
    pub start: f64,
    /// Whether a fold begins with the weights of the fold before it.
    pub warm_start: bool,
    /// Runs of each fold: the seeds `training.seed`, `training.seed + 1`, ..
    pub seeds: usize,
}

impl Default for WalkConfig {
    fn default() -> Self {
        Self {
            folds: 5,
            mode: WalkMode::default(),
            start: 0.5,
            warm_start: false,
            seeds: 1,
        }
    }
}

/// What the folds of a walk train on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalkMode {
    /// All windows before the test span.
    #[default]
    Expanding,
    /// As many windows before the test span as the first fold has.
    Rolling,
    /// All windows before the test span, and those behind it and an embargo: purged k-fold, which
    /// answers how well the model would have done had it known the future's habits.
    PurgedKfold,
}

/// One fold: a run that could stand alone.
#[derive(Clone, Debug)]
pub struct Fold {
    /// From 1.
    pub number: usize,
    /// The run, its splits given as dates. Its seed is the walk's first.
    pub survey: Survey,
}

/// Cuts the walk's test spans, each with as many legal windows as the next, and plans every fold.
///
/// ```text
/// expanding  |------ train ------|- val -|test|
///            |-------- train ---------|- val --|test|
/// rolling    |------ train ------|- val -|test|
///                 |------ train ------|- val -|test|
/// purged     |------ train ------|- val -|test|embargo|--- train ---|
/// ```
/// Validation takes the share of the windows before the test span that `splits.validation` has of
/// `splits.train + splits.validation`.
///
/// # Errors
/// Splits that are given as dates already, or a fold without windows to train, validate or test.
pub fn folds(survey: &Survey) -> Result<Vec<Fold>, RunError> {
    let config = &survey.config;
    let splits = &config.splits;
    let dated = [
        ("splits.train_start", &splits.train_start),
        ("splits.train_end", &splits.train_end),
        ("splits.validation_end", &splits.validation_end),
        ("splits.test_end", &splits.test_end),
    ];
    if let Some((key, Some(date))) = dated.into_iter().find(|(_, date)| date.is_some()) {
        return Err(RunError::Conflict {
            what: format!("{key} is {date}, but a walk forward cuts its own spans"),
            hint: "leave the dates out; data.from and data.to bound the bars".to_owned(),
        });
    }
    let legal = windows::legal(
        &survey.bars,
        survey.set.memory_bars(),
        &config.windows,
        &config.target,
    )?
    .require()?;
    let spans = Spans::new(survey, &legal);
    (0..config.walk_forward.folds)
        .map(|index| fold(survey, &legal, &spans, index))
        .collect()
}

/// The last bars of all legal windows in the order of time, and where test spans begin among them.
struct Spans {
    times: Vec<i64>,
    /// One more than folds.
    starts: Vec<usize>,
}

impl Spans {
    #[expect(
        clippy::cast_sign_loss,
        reason = "shares of a count are not below zero"
    )]
    fn new(survey: &Survey, legal: &Legal) -> Self {
        let series = &survey.bars.series;
        let mut times: Vec<i64> = legal
            .samples
            .iter()
            .map(|sample| series[sample.series as usize].time[sample.last as usize])
            .collect();
        times.sort_unstable();
        let walk = &survey.config.walk_forward;
        let count = times.len() as f64;
        let starts = (0..=walk.folds)
            .map(|index| {
                let share = walk.start + (1.0 - walk.start) * index as f64 / walk.folds as f64;
                first_of(&times, (share * count).round() as usize)
            })
            .collect();
        Self { times, starts }
    }

    /// The opening time of the window at `rank`; behind all of them for the last one.
    fn at(&self, rank: usize) -> i64 {
        self.times
            .get(rank)
            .copied()
            .unwrap_or_else(|| self.times[self.times.len() - 1] + 1)
    }
}

/// The first rank with the same time: a bar's windows are not torn apart.
fn first_of(times: &[i64], rank: usize) -> usize {
    match times.get(rank) {
        Some(time) => times.partition_point(|other| other < time),
        None => times.len(),
    }
}

#[expect(
    clippy::cast_sign_loss,
    reason = "shares of a count are not below zero"
)]
fn fold(survey: &Survey, legal: &Legal, spans: &Spans, index: usize) -> Result<Fold, RunError> {
    let walk = &survey.config.walk_forward;
    let (test, end) = (spans.starts[index], spans.starts[index + 1]);
    let from = match walk.mode {
        WalkMode::Rolling => first_of(&spans.times, test - spans.starts[0].min(test)),
        WalkMode::Expanding | WalkMode::PurgedKfold => 0,
    };
    let shares = &survey.config.splits;
    let train = shares.train / (shares.train + shares.validation);
    let train_end = from + ((test - from) as f64 * train).round() as usize;
    let train_end = first_of(&spans.times, train_end);
    let is_last = end == spans.times.len();

    let mut config: RunConfig = survey.config.clone();
    let splits = &mut config.splits;
    // a time names the last instant that still belongs to the span
    splits.train_start = (from > 0).then(|| time(spans.at(from)));
    splits.train_end = Some(time(spans.at(train_end) - 1));
    splits.validation_end = Some(time(spans.at(test) - 1));
    splits.test_end = (!is_last).then(|| time(spans.at(end) - 1));
    splits.train_after_test = walk.mode == WalkMode::PurgedKfold && !is_last;
    if !splits.train_after_test {
        splits.embargo = 0;
    }
    let plan = windows::divide(
        &survey.bars,
        legal,
        &config.windows,
        &config.target,
        &config.splits,
    )?;
    for split in windows::Split::ALL {
        if plan.samples(split).is_empty() {
            return Err(RunError::EmptyFold {
                fold: index + 1,
                folds: walk.folds,
                split,
                legal: legal.samples.len(),
            });
        }
    }
    let memory = estimate(&config, &survey.bars, &survey.set, &plan);
    Ok(Fold {
        number: index + 1,
        survey: Survey {
            config,
            plan,
            memory,
            ..survey.clone()
        },
    })
}
