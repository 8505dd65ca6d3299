//! A checkpoint measured on a split of its run, or on bars that it has never seen.

use std::sync::Arc;

use burn::tensor::Device;
use chrono::DateTime;

use super::foretold::contestant;
use super::survey::estimate;
use super::{
    Baselines, FeatureImportance, Fitted, Foretold, Prepared, RunConfig, RunError, Survey,
    importance, inputs, scale, train,
};
use crate::checkpoint::{Checkpoint, Manifest};
use crate::evaluation::{self, Contestant, Evaluation, EvaluationInput};
use crate::features::FeatureSet;
use crate::market::{self, Bars, DataConfig};
use crate::metrics::Forecasts;
use crate::model::Forecaster;
use crate::scoring::{Recipe, ScoreError};
use crate::training;
use crate::windows::{self, Outcomes, Split};

/// Windows from which the importance of features is taken at most: every feature takes a pass over them.
pub const IMPORTANCE_WINDOWS: usize = 4096;

/// A checkpoint on bars, with its windows split as in its run; before any device is opened.
#[derive(Debug)]
pub struct Examination {
    /// Bars, windows and splits.
    pub survey: Survey,
    /// How the bars were read.
    pub data: DataConfig,
    /// Which split is measured.
    pub split: Split,
    /// What a reader of the numbers must know: other bars than in training, no row to fit baselines on.
    pub notes: Vec<String>,
    fitted: Fitted,
}

/// What a checkpoint and the baselines forecast on the split's windows.
#[derive(Debug)]
pub struct Examined {
    /// Everything on the device.
    pub prepared: Prepared,
    /// The model.
    pub model: Forecaster,
    /// What came after the windows.
    pub outcomes: Outcomes,
    /// What the model says of the windows.
    pub foretold: Foretold,
    /// The baselines on the same windows.
    pub baselines: Vec<Forecasts>,
}

/// Loads bars as a checkpoint reads them (`change` may alter path, span and symbols) and finds the
/// windows of `split` between the run's own cuts.
///
/// # Errors
/// Bars of another kind than the checkpoint's, features that are made otherwise, or no window in the
/// split.
pub fn examine(
    checkpoint: &Checkpoint,
    split: Split,
    change: impl FnOnce(&mut DataConfig),
) -> Result<Examination, RunError> {
    let manifest = &checkpoint.manifest;
    let recipe = Recipe::new(manifest)?;
    let mut data = recipe.data.clone();
    let mut config = RunConfig::from_table(&manifest.configuration, "the checkpoint")?;
    data.path.clone_from(&config.data.path);
    change(&mut data);
    let bars = Arc::new(market::load(&super::survey::with_sample(&data)?, None)?);
    recipe.check(&bars, &data)?;
    let set = recipe.feature_set(&bars)?;
    pin(&mut config, manifest)?;
    config.data = data.clone();
    let legal = windows::legal(
        &bars,
        recipe.required_bars(&set) - recipe.windows.length,
        &config.windows,
        &config.target,
    )?
    .require()?;
    let plan = windows::divide(
        &bars,
        &legal,
        &config.windows,
        &config.target,
        &config.splits,
    )?;
    if plan.samples(split).is_empty() {
        return Err(RunError::NothingToMeasure {
            split,
            windows: plan.train.len() + plan.validation.len() + plan.test.len(),
            train_end: super::survey::time(plan.cuts.train_end_ns),
            validation_end: super::survey::time(plan.cuts.validation_end_ns),
        });
    }
    let notes = notes(manifest, &bars, plan.train.len());
    let memory = estimate(&config, &bars, &set, &plan);
    Ok(Examination {
        survey: Survey {
            data: data.path.clone().unwrap_or_default(),
            config,
            dropped: Vec::new(),
            plan,
            memory,
            bars,
            set: set.clone(),
        },
        data,
        split,
        notes,
        fitted: Fitted {
            set,
            scaler: recipe.scaler,
        },
    })
}

impl Examination {
    /// Computes features, forecasts the split's windows and fits the baselines on the training windows
    /// that these bars have.
    ///
    /// # Errors
    /// Features refused, or weights that do not fit.
    pub fn run(&self, checkpoint: &Checkpoint, device: &Device) -> Result<Examined, RunError> {
        let survey = &self.survey;
        let set: &FeatureSet = &self.fitted.set;
        let prepared = scale(
            &inputs(survey, set, device)?,
            survey,
            Some(self.fitted.clone()),
        )?;
        let model =
            Forecaster::from_weights(&survey.config.model, checkpoint.weights.clone(), device)?;
        let criterion = training::criterion(&survey.config.training, &model, &prepared.train)?;
        let loader = prepared.loader(self.split);
        let outcomes = prepared.targets.outcomes(&survey.bars, loader.samples());
        Ok(Examined {
            foretold: Foretold::new(&model, &criterion, loader),
            baselines: Baselines::fit(survey, &prepared).forecasts(&outcomes, loader),
            outcomes,
            model,
            prepared,
        })
    }
}

impl Examination {
    /// Every number of the model beside the baselines.
    pub fn measure(&self, examined: &Examined, device: &Device) -> Evaluation {
        let config = &self.survey.config;
        let mut contestants = vec![contestant(config, std::slice::from_ref(&examined.foretold))];
        contestants.extend(examined.baselines.iter().cloned().map(Contestant::from));
        evaluation::evaluate(&EvaluationInput {
            bars: &self.survey.bars,
            target: &config.target,
            outcomes: &examined.outcomes,
            objective: train::objective(config),
            contestants: &contestants,
            config: &config.evaluation(),
            trials: None,
            device,
        })
    }

    /// What each feature is worth to the model on at most [`IMPORTANCE_WINDOWS`] of the split's windows,
    /// evenly thinned; nothing for 0 repeats.
    ///
    /// # Errors
    /// As [`training::criterion`].
    pub fn importance(
        &self,
        examined: &Examined,
        repeats: usize,
    ) -> Result<Vec<FeatureImportance>, RunError> {
        if repeats == 0 {
            return Ok(Vec::new());
        }
        let config = &self.survey.config;
        let prepared = &examined.prepared;
        let criterion = training::criterion(&config.training, &examined.model, &prepared.train)?;
        let all = prepared.loader(self.split).samples();
        let count = all.len().min(IMPORTANCE_WINDOWS);
        let thinned: Vec<_> = (0..count).map(|at| all[at * all.len() / count]).collect();
        let outcomes = prepared.targets.outcomes(&self.survey.bars, &thinned);
        Ok(importance(
            &examined.model,
            &criterion,
            &prepared.loader(self.split).with_samples(thinned),
            &train::scorer_of(&self.survey, outcomes, &[]),
            &prepared.set.names(),
            repeats,
            config.training.seed,
        ))
    }
}

/// Splits by the dates of the run: shares would cut other bars elsewhere.
fn pin(config: &mut RunConfig, manifest: &Manifest) -> Result<(), RunError> {
    let cut = |name: &'static str| {
        let text = manifest.splits[name].as_str();
        let time = text.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        // the cut is the first instant behind the span; a date names the last one in it
        time.and_then(|time| time.timestamp_nanos_opt())
            .map(|cut| super::survey::time(cut - 1))
            .ok_or_else(|| {
                RunError::Score(ScoreError::Manifest {
                    part: "splits",
                    reason: format!("it has no time `{name}`"),
                })
            })
    };
    config.splits.train_end = Some(cut("train_end")?);
    config.splits.validation_end = Some(cut("validation_end")?);
    Ok(())
}

fn notes(manifest: &Manifest, bars: &Bars, train_windows: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if bars.fingerprint() != manifest.data.fingerprint {
        notes.push("these are not the bars that the model was trained on".to_owned());
    }
    if train_windows == 0 {
        notes.push(
            "no training window lies in these bars: the fitted baselines are left out".to_owned(),
        );
    }
    notes
}
