//! Proof that nothing looks ahead, by experiment: bars that must not matter are made other bars, and
//! nothing may change.
//!
//! A leak is a number that moves when it should not. So the pipeline runs twice, once on the bars as
//! they are and once with others in the place of those that lie ahead, and what both give is compared
//! bit for bit. What scrambling cannot show (labels that start too early, cuts that differ by symbol)
//! is computed again from the bars, the plain way. [`prove`] looks at the program's own steps;
//! [`prove_pipeline`] at any [`Pipeline`], so that tests can plant leaks and see them found.

mod ahead;
mod changed;
mod findings;
mod record;
mod retrain;
mod score;
mod shuffle;
mod structure;

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::train::{self, Begin};
use super::{Fitted, Inputs, Prepared, RunConfig, RunError, Survey, inputs, scale, survey_bars};
use crate::checkpoint::Checkpoint;
use crate::device::{Kind, Selection};
use crate::features::{FeatureSet, ScalerScope};
use crate::market::Bars;
use crate::model::Forecaster;
use crate::scoring::{self, Recipe, ScoreOptions};
use crate::training::Silent;
use crate::windows::{self, Loader, MIN_CROSS_SECTION};

use findings::{Findings, Near};
pub use record::{CANNOT_SEE, Check, CheckRecord, Proof, Violation};

/// The steps from bars to forecasts, as a proof runs them. What is not written is the program's own.
pub trait Pipeline {
    /// Bars as they were loaded to bars as features see them: as they are.
    fn read(&self, bars: Arc<Bars>) -> Arc<Bars> {
        bars
    }

    /// Features by name, windows, splits.
    ///
    /// # Errors
    /// As [`survey_bars`].
    fn survey(&self, config: RunConfig, bars: Arc<Bars>) -> Result<Survey, RunError> {
        survey_bars(config, bars)
    }

    /// Features and labels on the device.
    ///
    /// # Errors
    /// As [`fn@inputs`].
    fn inputs(
        &self,
        survey: &Survey,
        set: &FeatureSet,
        device: &Device,
    ) -> Result<Inputs, RunError> {
        inputs(survey, set, device)
    }

    /// The scaler and the windows.
    ///
    /// # Errors
    /// As [`scale`].
    fn scale(
        &self,
        inputs: &Inputs,
        survey: &Survey,
        fitted: Option<Fitted>,
    ) -> Result<Prepared, RunError> {
        scale(inputs, survey, fitted)
    }

    /// The loop into a run folder, without baselines.
    ///
    /// # Errors
    /// As [`super::train()`].
    fn train(
        &self,
        survey: &Survey,
        prepared: &Prepared,
        device: &Selection,
        run_dir: &Path,
    ) -> Result<(), RunError> {
        let windows = prepared.validation.samples();
        let outcomes = prepared.targets.outcomes(&survey.bars, windows);
        let scorer = train::scorer_of(survey, outcomes, &[]);
        train::in_folder(
            survey,
            prepared,
            &scorer,
            device,
            run_dir,
            Begin::Anew(None),
            Arc::default(),
            &mut Silent,
        )?;
        Ok(())
    }

    /// What the command `score` gives.
    ///
    /// # Errors
    /// As [`scoring::score`].
    fn score(
        &self,
        checkpoint: &Checkpoint,
        bars: &Bars,
        options: &ScoreOptions,
        device: &Device,
    ) -> Result<scoring::Forecasts, RunError> {
        Ok(scoring::score(checkpoint, bars, options, device)?)
    }
}

/// The program's own steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnPipeline;

impl Pipeline for OwnPipeline {}

/// How much is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProofOptions {
    /// Random instants after which bars are scrambled, and cut off.
    pub instants: usize,
    /// The most epochs of a model that is trained again.
    pub epochs: u64,
    /// The most training windows of such a model: with more, the stride grows.
    pub train_windows: usize,
    /// Models trained on shuffled labels, at least 2.
    pub shuffles: usize,
    /// Numbers that whole passes over all bars may compute, over all instants; the instants beyond look
    /// at the bars around them alone.
    pub numbers: usize,
    /// Of instants, scrambled bars and shuffled labels.
    pub seed: u64,
    /// What is looked at; all by default.
    pub checks: Vec<Check>,
}

impl Default for ProofOptions {
    fn default() -> Self {
        Self {
            instants: 100,
            epochs: 2,
            train_windows: 20_000,
            shuffles: 5,
            numbers: 400_000_000,
            seed: 0,
            checks: Check::ALL.to_vec(),
        }
    }
}

/// Looks for leaks in the steps that made a checkpoint, on the bars of `survey` (as
/// [`super::Examination::survey`] has them), and returns what every check found.
///
/// A leak is not an error here: see [`Proof::holds`]. `tell` hears what is being done. Where the bars
/// hold no training window, the checks that train are not run and say so. On a GPU numbers may differ by
/// 1e-5 of their unit; models are trained again on the CPU, where equal means equal.
///
/// # Errors
/// A checkpoint that does not fit the bars, or a step that fails.
pub fn prove(
    checkpoint: &Checkpoint,
    survey: &Survey,
    device: &Selection,
    options: &ProofOptions,
    tell: &mut dyn FnMut(&str),
) -> Result<Proof, RunError> {
    prove_pipeline(&OwnPipeline, checkpoint, survey, device, options, tell)
}

/// [`prove`] of other steps than the program's own.
///
/// # Errors
/// As [`prove`].
pub fn prove_pipeline(
    pipeline: &dyn Pipeline,
    checkpoint: &Checkpoint,
    survey: &Survey,
    device: &Selection,
    options: &ProofOptions,
    tell: &mut dyn FnMut(&str),
) -> Result<Proof, RunError> {
    let prover = Prover::new(pipeline, checkpoint, survey, device, options)?;
    let mut checks = Vec::new();
    let mut retrained = None;
    for &check in Check::ALL
        .iter()
        .filter(|check| options.checks.contains(check))
    {
        tell(&format!("proof: {check}"));
        let started = std::time::Instant::now();
        let mut findings = match check {
            Check::WholeBars => prover.whole_bars(),
            Check::Splits => prover.splits(),
            Check::Labels => prover.labels()?,
            Check::LaterBars => prover.later_bars()?,
            Check::CutOff => prover.cut_off()?,
            Check::TestRows => prover.test_rows(&mut retrained)?,
            Check::ValidationRows => prover.validation_rows(&mut retrained)?,
            Check::ShuffledTargets => prover.shuffled_targets()?,
        };
        findings.seconds = started.elapsed().as_secs_f64();
        checks.push(findings.record(check));
    }
    Ok(Proof {
        device: device.name.clone(),
        tolerance: prover.near.tolerance(),
        symbols: survey.bars.series.len(),
        bars: survey.bars.num_bars(),
        options: options.clone(),
        checks,
        cannot_see: CANNOT_SEE.map(str::to_owned).to_vec(),
    })
}

/// What every check needs.
struct Prover<'a> {
    pipeline: &'a dyn Pipeline,
    checkpoint: &'a Checkpoint,
    device: &'a Selection,
    options: &'a ProofOptions,
    /// As loaded.
    raw: Arc<Bars>,
    /// The examined run; its bars are those that features see.
    survey: Survey,
    /// The plan of a model that is trained again, or why there is none.
    training: Result<Survey, String>,
    fitted: Fitted,
    model: Forecaster,
    /// Bars of one gap-free stretch that a forecast needs.
    required_bars: usize,
    near: Near,
}

impl<'a> Prover<'a> {
    fn new(
        pipeline: &'a dyn Pipeline,
        checkpoint: &'a Checkpoint,
        survey: &Survey,
        device: &'a Selection,
        options: &'a ProofOptions,
    ) -> Result<Self, RunError> {
        let raw = Arc::clone(&survey.bars);
        let bars = pipeline.read(Arc::clone(&raw));
        let recipe = Recipe::new(&checkpoint.manifest)?;
        let set = recipe.feature_set(&bars)?;
        let required_bars = recipe.required_bars(&set);
        let model =
            Forecaster::from_weights(&recipe.model, checkpoint.weights.clone(), &device.device)?;
        let survey = Survey {
            bars,
            ..survey.clone()
        };
        Ok(Self {
            training: training(pipeline, &survey, options),
            pipeline,
            checkpoint,
            device,
            options,
            raw,
            survey,
            fitted: Fitted {
                set,
                scaler: recipe.scaler,
            },
            model,
            required_bars,
            near: Near::new(device.kind == Kind::Cpu),
        })
    }

    /// Random instants at which some symbol has a full window and after which there are bars, falling
    /// nowhere twice, in the order of the draw.
    fn instants(&self) -> Vec<i64> {
        let bars = &*self.survey.bars;
        let length = self.survey.config.windows.length;
        let mut times: Vec<i64> =
            windows::scorable(bars, self.required_bars.saturating_sub(length), length)
                .iter()
                .map(|sample| bars.series[sample.series as usize].time[sample.last as usize])
                .collect();
        times.sort_unstable();
        times.dedup();
        let last = bars.series.iter().filter_map(|one| one.time.last()).max();
        let enough = self.first_cross_section();
        times.retain(|time| Some(time) < last && *time >= enough);
        let mut random = self.random(0);
        let wanted = self.options.instants.min(times.len());
        for place in 0..wanted {
            let other = place + below(times.len() - place, &mut random);
            times.swap(place, other);
        }
        times.truncate(wanted);
        times
    }

    /// From when on so many symbols have bars that a scaler across symbols can act.
    fn first_cross_section(&self) -> i64 {
        let config = self.fitted.scaler.config();
        if config.scope != ScalerScope::CrossSection {
            return i64::MIN;
        }
        let series = &self.survey.bars.series;
        let mut first: Vec<i64> = series
            .iter()
            .filter_map(|one| one.time.first().copied())
            .collect();
        first.sort_unstable();
        first
            .get(MIN_CROSS_SECTION - 1)
            .copied()
            .unwrap_or(i64::MAX)
    }

    /// How many of the instants are looked at with all bars.
    fn whole_passes(&self, instants: usize) -> usize {
        let one = self.survey.bars.num_bars() * self.fitted.set.len().max(1);
        (self.options.numbers / one.max(1)).clamp(2, instants.max(2))
    }

    fn random(&self, stream: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
        random.set_stream(stream);
        random
    }
}

/// The configuration of models that are trained again: as the examined run's, shorter, and without
/// early stopping, so that runs of the same length are compared.
fn training(
    pipeline: &dyn Pipeline,
    survey: &Survey,
    options: &ProofOptions,
) -> Result<Survey, String> {
    if survey.plan.train.is_empty() || survey.plan.validation.is_empty() {
        return Err("these bars hold no training or no validation window".to_owned());
    }
    let mut config = survey.config.clone();
    let shorter = &mut config.training;
    shorter.epochs = shorter.epochs.min(options.epochs.max(1));
    shorter.patience = shorter.epochs + 1;
    shorter.checkpoint_every = 1_000_000_000;
    shorter.tensorboard = false;
    let again = survey
        .plan
        .train
        .len()
        .div_ceil(options.train_windows.max(1));
    config.windows.stride *= again.max(1);
    pipeline
        .survey(config, Arc::clone(&survey.bars))
        .map_err(|error| error.to_string())
}

/// The model over windows in their own order, `[S, Hn]` row by row, in the label's units.
fn forecasts(model: &Forecaster, loader: &Loader) -> Vec<f32> {
    let epoch = loader.sequential();
    let batch = |step| model.forecast(epoch.windows(step));
    epoch.to_sample_order((0..epoch.len()).map(batch).collect())
}

/// A number below `count`, which is above 0.
fn below(count: usize, random: &mut ChaCha8Rng) -> usize {
    ((u128::from(random.next_u64()) * count as u128) >> 64) as usize
}

/// Bars by name: a symbol that has none is left out when bars are cut off.
fn place_of(bars: &Bars, symbol: &str) -> Option<usize> {
    bars.series
        .binary_search_by(|one| one.symbol.as_str().cmp(symbol))
        .ok()
}

/// `2026-01-31T23:55:00Z`.
fn time(time_ns: i64) -> String {
    super::survey::time(time_ns)
}
