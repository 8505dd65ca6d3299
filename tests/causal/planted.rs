//! Eight leaks and two more, each a small change of one step.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use emberline::checkpoint::Checkpoint;
use emberline::device::{Selection, transfer};
use emberline::features::FeatureSet;
use emberline::market::{Bars, Series};
use emberline::run::causal::{Check, OwnPipeline, Pipeline};
use emberline::run::{self, Fitted, Inputs, Prepared, ProofOptions, RunConfig, RunError, Survey};
use emberline::scoring::{Forecasts, ScoreOptions};
use emberline::windows::{self, Entry, Loader, Resident, Sample};

use super::{first_what, found, options, proof, proof_of};

/// One: centres and widths of the features from all rows, test included.
struct ScalerOnAllRows;

impl Pipeline for ScalerOnAllRows {
    fn scale(
        &self,
        inputs: &Inputs,
        survey: &Survey,
        fitted: Option<Fitted>,
    ) -> Result<Prepared, RunError> {
        let mut survey = survey.clone();
        survey.plan.cuts.train_end_ns = i64::MAX;
        run::scale(inputs, &survey, fitted)
    }
}

#[test]
fn a_scaler_fitted_on_all_rows_is_found() {
    let proof = proof(&ScalerOnAllRows);
    assert_eq!(proof.leaks(), [Check::TestRows, Check::ValidationRows]);
    found(
        &proof,
        Check::TestRows,
        &["scaler statistics", "other bars from"],
    );
}

/// Two: each symbol's rows are cut at 70 and 85 per cent, wherever those lie on the calendar.
struct SplitByRows;

impl Pipeline for SplitByRows {
    fn survey(&self, config: RunConfig, bars: Arc<Bars>) -> Result<Survey, RunError> {
        let mut survey = run::survey_bars(config, bars)?;
        let config = &survey.config;
        let memory = survey.set.memory_bars();
        let legal = windows::legal(&survey.bars, memory, &config.windows, &config.target)?;
        let ahead = config.target.longest_exit_offset_bars();
        let mut splits: [Vec<Sample>; 3] = Default::default();
        for own in legal.samples.chunk_by(|a, b| a.series == b.series) {
            let cuts = [own.len() * 70 / 100, own.len() * 85 / 100];
            splits[0].extend(own[..cuts[0] - ahead].iter().step_by(config.windows.stride));
            splits[1].extend(&own[cuts[0]..cuts[1] - ahead]);
            splits[2].extend(&own[cuts[1]..]);
        }
        [survey.plan.train, survey.plan.validation, survey.plan.test] = splits;
        Ok(survey)
    }
}

#[test]
fn a_split_by_rows_of_each_symbol_is_found() {
    let proof = proof(&SplitByRows);
    found(&proof, Check::Splits, &["S3", "one instant for all"]);
    found(&proof, Check::TestRows, &[]);
}

/// Three: windows reach to the end of their longest target.
struct WindowOverTarget;

impl Pipeline for WindowOverTarget {
    fn scale(
        &self,
        inputs: &Inputs,
        survey: &Survey,
        fitted: Option<Fitted>,
    ) -> Result<Prepared, RunError> {
        let prepared = run::scale(inputs, survey, fitted)?;
        let ahead = survey.config.target.longest_exit_offset_bars();
        let later = |block: &Tensor<3>| {
            let [_, bars, _] = block.dims();
            let ahead = ahead.min(bars - 1);
            let end = block.clone().narrow(1, bars - ahead, ahead);
            Tensor::cat(vec![block.clone().narrow(1, ahead, bars - ahead), end], 1)
        };
        let own = prepared.test.resident();
        let resident = Arc::new(Resident {
            features: own.features.iter().map(later).collect(),
            ..own.clone()
        });
        let of = |loader: &Loader| {
            Loader::new(
                Arc::clone(&resident),
                loader.samples().to_vec(),
                survey.config.windows.length,
                loader.batch_size(),
            )
        };
        Ok(Prepared {
            train: of(&prepared.train),
            validation: of(&prepared.validation),
            test: of(&prepared.test),
            ..prepared
        })
    }
}

#[test]
fn a_window_that_reaches_over_its_target_is_found() {
    let proof = proof(&WindowOverTarget);
    found(
        &proof,
        Check::LaterBars,
        &["scaled input", "other bars behind"],
    );
    let record = proof.record(Check::LaterBars).unwrap();
    assert!(record.violations > 100, "{}", proof.text());
}

/// Other numbers in the place of the first feature.
fn with_first_feature(
    survey: &Survey,
    inputs: Inputs,
    value: impl Fn(&Series, usize) -> f32,
) -> Inputs {
    let blocks = &inputs.resident().features;
    assert_eq!(blocks.len(), 1, "the CPU takes all symbols in one block");
    let [rows, bars, features] = blocks[0].dims();
    let device = blocks[0].device();
    let mut values = transfer::to_host(blocks[0].clone());
    for (row, series) in survey.bars.series.iter().enumerate() {
        for t in 0..series.len() {
            let place = (row * bars + t) * features;
            if !values[place].is_nan() {
                values[place] = value(series, t);
            }
        }
    }
    let changed = transfer::upload(values, [rows, bars, features], &device);
    inputs.with_features(vec![changed])
}

/// Four: the distance to the highest high of the twenty bars around, half of them to come.
pub(super) struct FutureAnchor;

impl Pipeline for FutureAnchor {
    fn inputs(
        &self,
        survey: &Survey,
        set: &FeatureSet,
        device: &Device,
    ) -> Result<Inputs, RunError> {
        let inputs = run::inputs(survey, set, device)?;
        Ok(with_first_feature(survey, inputs, |series, t| {
            let around = t.saturating_sub(10)..(t + 10).min(series.len());
            let extreme = series.high[around].iter().fold(0.0_f32, |a, &b| a.max(b));
            (series.close[t] / extreme).ln()
        }))
    }
}

#[test]
fn an_anchor_at_a_future_extreme_is_found() {
    let proof = proof(&FutureAnchor);
    found(
        &proof,
        Check::LaterBars,
        &["feature BOP", "other bars behind"],
    );
}

/// Five: open, high and low are adjusted by a factor that only the last bar tells, close is not.
struct AdjustedByTheFuture;

impl Pipeline for AdjustedByTheFuture {
    fn read(&self, bars: Arc<Bars>) -> Arc<Bars> {
        let mut bars = (*bars).clone();
        for series in &mut bars.series {
            let factor = series.close[series.len() - 1] / series.close[0];
            let first_half = series.len() / 2;
            for column in [&mut series.open, &mut series.high, &mut series.low] {
                for price in &mut column[..first_half] {
                    *price *= factor;
                }
            }
        }
        Arc::new(bars)
    }
}

/// Five again: half a split, written into the bars before a date.
struct HalfASplit;

impl Pipeline for HalfASplit {
    fn read(&self, bars: Arc<Bars>) -> Arc<Bars> {
        let mut bars = (*bars).clone();
        let date = bars.series[0].time[0] + 500 * bars.interval_ns;
        for series in &mut bars.series {
            let before = series.time.partition_point(|&time| time < date);
            for column in [&mut series.open, &mut series.high, &mut series.low] {
                for price in &mut column[..before] {
                    *price *= 0.5;
                }
            }
        }
        Arc::new(bars)
    }
}

#[test]
fn half_adjusted_prices_are_found() {
    let later = proof(&AdjustedByTheFuture);
    found(&later, Check::LaterBars, &["the bar's open"]);
    // a factor that was always known moves nothing, but the bars are torn
    let written = proof(&HalfASplit);
    assert_eq!(written.leaks(), [Check::WholeBars], "{}", written.text());
    found(&written, Check::WholeBars, &["close", "adjusted alike"]);
}

/// Six: labels from the window's own last close, under the name of the next.
struct CloseEntry;

impl Pipeline for CloseEntry {
    fn inputs(
        &self,
        survey: &Survey,
        set: &FeatureSet,
        device: &Device,
    ) -> Result<Inputs, RunError> {
        let mut survey = survey.clone();
        survey.config.target.entry = Entry::Close;
        run::inputs(&survey, set, device)
    }
}

#[test]
fn a_close_entry_that_is_called_next_close_is_found() {
    let proof = proof(&CloseEntry);
    assert_eq!(proof.leaks(), [Check::Labels], "{}", proof.text());
    found(
        &proof,
        Check::Labels,
        &["log return of label_1", "entry and exit bars"],
    );
}

/// Seven: the epoch that does best on the test windows is the one that is kept.
struct StopsByTest;

impl Pipeline for StopsByTest {
    fn train(
        &self,
        survey: &Survey,
        prepared: &Prepared,
        device: &Selection,
        run_dir: &Path,
    ) -> Result<(), RunError> {
        let prepared = Prepared {
            validation: prepared.test.clone(),
            ..prepared.clone()
        };
        OwnPipeline.train(survey, &prepared, device, run_dir)
    }
}

#[test]
fn early_stopping_on_test_is_found() {
    let proof = proof(&StopsByTest);
    assert_eq!(proof.leaks(), [Check::TestRows], "{}", proof.text());
    let what = first_what(&proof, Check::TestRows);
    assert!(what.starts_with("run epochs[0] validation"), "{what}");
}

/// Eight: training windows whose targets end among the validation bars stay.
struct NoPurge;

impl Pipeline for NoPurge {
    fn survey(&self, config: RunConfig, bars: Arc<Bars>) -> Result<Survey, RunError> {
        let mut survey = run::survey_bars(config, bars)?;
        let config = &survey.config;
        let memory = survey.set.memory_bars();
        let legal = windows::legal(&survey.bars, memory, &config.windows, &config.target)?;
        let end = survey.plan.cuts.train_end_ns;
        let ahead = config.target.longest_exit_offset_bars();
        let purged = legal.samples.iter().filter(|sample| {
            let time = &survey.bars.series[sample.series as usize].time;
            let last = sample.last as usize;
            time[last] < end && time[last + ahead] >= end
        });
        survey.plan.train.extend(purged);
        survey.plan.train.sort_unstable();
        Ok(survey)
    }
}

#[test]
fn training_targets_that_end_in_the_validation_span_are_found() {
    let proof = proof(&NoPurge);
    assert_eq!(
        proof.leaks(),
        [Check::Splits, Check::ValidationRows],
        "{}",
        proof.text()
    );
    found(
        &proof,
        Check::Splits,
        &["a window of train", "not before validation"],
    );
}

/// Scores from closes that were smoothed with the bar behind them.
struct SmoothedScores;

impl Pipeline for SmoothedScores {
    fn score(
        &self,
        checkpoint: &Checkpoint,
        bars: &Bars,
        options: &ScoreOptions,
        device: &Device,
    ) -> Result<Forecasts, RunError> {
        let mut bars = bars.clone();
        for series in &mut bars.series {
            for row in 1..series.len() {
                series.close[row - 1] = f32::midpoint(series.close[row - 1], series.close[row]);
            }
        }
        OwnPipeline.score(checkpoint, &bars, options, device)
    }
}

#[test]
fn scores_that_read_the_next_bar_are_found() {
    let proof = proof(&SmoothedScores);
    assert_eq!(proof.leaks(), [Check::CutOff], "{}", proof.text());
    found(&proof, Check::CutOff, &["forecast_1", "alone"]);
}

/// The first feature is the return to come, and labels are made again behind the shuffle's back.
struct KnowsTheReturn;

impl Pipeline for KnowsTheReturn {
    fn inputs(
        &self,
        survey: &Survey,
        set: &FeatureSet,
        device: &Device,
    ) -> Result<Inputs, RunError> {
        let inputs = run::inputs(survey, set, device)?;
        Ok(with_first_feature(survey, inputs, |series, t| {
            let price = |row: usize| series.close[row.min(series.len() - 1)];
            (price(t + 2) / price(t + 1)).ln()
        }))
    }

    fn scale(
        &self,
        inputs: &Inputs,
        survey: &Survey,
        fitted: Option<Fitted>,
    ) -> Result<Prepared, RunError> {
        let targets = windows::targets(&survey.bars, &survey.config.target);
        run::scale(&inputs.clone().with_targets(targets), survey, fitted)
    }
}

#[test]
fn a_skill_that_survives_shuffled_targets_is_found() {
    let options = ProofOptions {
        shuffles: 6,
        ..options()
    };
    let proof = proof_of(&KnowsTheReturn, &options);
    found(
        &proof,
        Check::ShuffledTargets,
        &["ic_ts_1", "does not contain 0"],
    );
    found(&proof, Check::LaterBars, &["feature BOP"]);
}
