//! A prepared run through the loop, and what came of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde_json::json;

use super::{Baselines, Prepared, RunConfig, RunError, Survey};
use crate::checkpoint::{
    self, Checkpoint, CheckpointError, DataRecord, FeatureRecord, Manifest, Store, Want,
};
use crate::device::Selection;
use crate::features::{self, FeatureSet, Scaler};
use crate::metrics::{Forecasts, Objective, Scorer, Validation};
use crate::model::{Forecaster, Loss};
use crate::training::{self, Job, Outcome, Progress, Resume};
use crate::windows::{Outcomes, VOLATILITY_FLOOR};

/// A run that ended, or was interrupted.
#[derive(Debug)]
pub struct Finished {
    /// How it ended, with its numbers.
    pub outcome: Outcome,
    /// The best checkpoint on the validation windows, beside the baselines; none if interrupted.
    pub validation: Option<Validation>,
}

/// Refuses a run folder that holds a run already.
///
/// # Errors
/// [`CheckpointError::Occupied`].
pub fn check_free(run_dir: &Path) -> Result<(), RunError> {
    let occupied = run_dir.join("log.jsonl").exists()
        || (run_dir.is_dir() && !checkpoint::steps_in(run_dir)?.is_empty());
    if occupied {
        return Err(CheckpointError::Occupied {
            path: run_dir.to_owned(),
        }
        .into());
    }
    Ok(())
}

/// Trains from the start.
///
/// # Errors
/// A setting refused, a file that cannot be written, a loss that is not finite.
pub fn train(
    survey: &Survey,
    prepared: Prepared,
    device: &Selection,
    run_dir: &Path,
    stop: Arc<AtomicUsize>,
    progress: &mut dyn Progress,
) -> Result<Finished, RunError> {
    check_free(run_dir)?;
    finish(
        survey,
        &prepared,
        device,
        run_dir,
        Begin::Anew(None),
        stop,
        progress,
    )
}

/// Where a run begins.
#[derive(Debug)]
pub(super) enum Begin {
    /// At its first step, with these weights or new ones.
    Anew(Option<Forecaster>),
    /// Where the folder's newest checkpoint stands, if it is one of the same run.
    Resume,
    /// Where this checkpoint stands, which was compared already.
    From(Box<Checkpoint>),
}

/// Saves the resolved configuration beside the run.
fn write_configuration(survey: &Survey, run_dir: &Path) -> Result<(), RunError> {
    let path = run_dir.join("config.toml");
    std::fs::write(&path, survey.config.to_toml())
        .map_err(|source| RunError::Write { path, source })
}

/// The loop, and then the best checkpoint against the baselines.
pub(super) fn finish(
    survey: &Survey,
    prepared: &Prepared,
    device: &Selection,
    run_dir: &Path,
    begin: Begin,
    stop: Arc<AtomicUsize>,
    progress: &mut dyn Progress,
) -> Result<Finished, RunError> {
    let outcomes = prepared
        .targets
        .outcomes(&survey.bars, &survey.plan.validation);
    let baselines = Baselines::fit(survey, prepared).forecasts(&outcomes, &prepared.validation);
    let scorer = scorer_of(survey, outcomes, &baselines);
    let outcome = in_folder(
        survey, prepared, &scorer, device, run_dir, begin, stop, progress,
    )?;
    if let Outcome::Interrupted { .. } = outcome {
        return Ok(Finished {
            outcome,
            validation: None,
        });
    }
    let best = checkpoint::load(&checkpoint::resolve(run_dir, Want::Best)?)?;
    let model = Forecaster::from_weights(&survey.config.model, best.weights, &device.device)?;
    let criterion = training::criterion(&survey.config.training, &model, &prepared.train)?;
    let forecast = training::forecast(&model, &criterion, &prepared.validation);
    Ok(Finished {
        outcome,
        validation: Some(forecast.score(|values| scorer.validation(values))),
    })
}

/// The loop in a run folder, from wherever it begins to wherever it ends.
#[expect(
    clippy::too_many_arguments,
    reason = "the one place where everything of a run meets"
)]
pub(super) fn in_folder(
    survey: &Survey,
    prepared: &Prepared,
    scorer: &Scorer,
    device: &Selection,
    run_dir: &Path,
    begin: Begin,
    stop: Arc<AtomicUsize>,
    progress: &mut dyn Progress,
) -> Result<Outcome, RunError> {
    let config = &survey.config;
    let manifest = manifest(survey, &prepared.set, &prepared.scaler, &device.name);
    let begin = match begin {
        Begin::Resume => {
            let newest = checkpoint::load(&checkpoint::resolve(run_dir, Want::Latest)?)?;
            let stored = with_all_keys(&newest.manifest)?;
            let drifts = checkpoint::compare(&stored, &manifest, &[]);
            checkpoint::refuse(drifts, &[])?;
            Begin::From(Box::new(newest))
        }
        begin => begin,
    };
    let (store, model, resume) = match begin {
        Begin::From(newest) => {
            let (weights, resume) = Resume::split(*newest);
            let model = Forecaster::from_weights(&config.model, weights, &device.device)?;
            let store = Store::open(run_dir, config.checkpoints.keep)?;
            (store, model, Some(resume))
        }
        Begin::Anew(model) => {
            let model = model.unwrap_or_else(|| {
                Forecaster::init(
                    &config.model,
                    prepared.set.names().len(),
                    config.target.horizons.len(),
                    config.training.seed,
                    &device.device,
                )
            });
            (
                Store::create(run_dir, config.checkpoints.keep)?,
                model,
                None,
            )
        }
        Begin::Resume => unreachable!("taken apart above"),
    };
    write_configuration(survey, run_dir)?;
    Ok(training::run(Job {
        model,
        device: device.device.clone(),
        train: prepared.train.clone(),
        validation: prepared.validation.clone(),
        store,
        manifest,
        config: config.training.clone(),
        resume,
        stop,
        progress,
        validate: &mut |forecasts| scorer.validation(forecasts),
    })?)
}

/// A manifest whose configuration has the keys that this build added since, at their defaults.
pub(super) fn with_all_keys(stored: &Manifest) -> Result<Manifest, RunError> {
    let config = RunConfig::from_table(&stored.configuration, "the checkpoint")?;
    Ok(Manifest {
        configuration: config.to_table(),
        ..stored.clone()
    })
}

/// What `validation_loss` is, for forecasts that are one number.
pub(super) fn objective(config: &RunConfig) -> Objective {
    match config.training.loss {
        Loss::Huber => Objective::Huber { delta: 1.0 },
        Loss::Mse => Objective::Mse,
        Loss::Quantile => {
            let levels = &config.model.quantiles;
            Objective::Quantile {
                mean_level: levels.iter().sum::<f64>() / levels.len() as f64,
            }
        }
        Loss::Direction => Objective::Direction,
    }
}

/// Scores forecasts of these windows beside the baselines.
pub(super) fn scorer_of(survey: &Survey, outcomes: Outcomes, baselines: &[Forecasts]) -> Scorer {
    Scorer::new(
        outcomes,
        objective(&survey.config),
        baselines,
        survey.plan.caveat.as_deref(),
    )
}

/// What every checkpoint of this run says beside where it stands.
pub(super) fn manifest(
    survey: &Survey,
    set: &FeatureSet,
    scaler: &Scaler,
    device: &str,
) -> Manifest {
    let Survey {
        config, bars, plan, ..
    } = survey;
    Manifest {
        crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        device: device.to_owned(),
        threads: rayon::current_num_threads(),
        seed: config.training.seed,
        configuration: config.to_table(),
        catalogue_version: features::CATALOGUE_VERSION.to_string(),
        features: set
            .records()
            .into_iter()
            .map(|column| FeatureRecord {
                name: column.name,
                transform: column.transform.to_string(),
            })
            .collect(),
        required_history: config
            .target
            .history_bars(set.memory_bars(), config.windows.length),
        horizons: config.target.horizons.clone(),
        data: DataRecord {
            fingerprint: bars.fingerprint(),
            interval_ns: bars.interval_ns,
            calendar: bars.calendar.to_string(),
            stamp: config.data.stamp.to_string(),
            timezone: config.data.timezone.clone(),
            adjusted: bars.adjusted,
            gaps: bars.gaps.to_string(),
            symbols: bars
                .series
                .iter()
                .map(|series| series.symbol.clone())
                .collect(),
        },
        splits: json!({
            "train_end": super::survey::time(plan.cuts.train_end_ns),
            "validation_end": super::survey::time(plan.cuts.validation_end_ns),
            "table": plan.table,
        }),
        scaler: json!(scaler),
        label_scaling: json!({
            "normalise": config.target.normalise,
            "volatility_span_bars": config.target.volatility_span,
            "volatility_floor": VOLATILITY_FLOOR,
            "clip": config.target.clip,
            "formula": "log return = forecast * sigma_t * sqrt(horizon) for volatility and cs_demean, forecast for none; cs_rank is a rank",
        }),
        ..Manifest::default()
    }
}
