//! Models trained again on bars that differ where training must not look.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::Rng as _;
use serde_json::Value;

use super::changed::{self, Span};
use super::{Findings, Prover, Violation, time};
use crate::checkpoint::{self, Checkpoint, NamedTensor, Want};
use crate::device::{self, Selection};
use crate::market::Bars;
use crate::run::{Prepared, RunError, Survey};
use crate::windows::Split;

/// What training gave.
pub(super) struct Trained {
    /// Of the best epoch.
    best: Checkpoint,
    /// Of the last one.
    latest: Checkpoint,
}

/// A folder that goes when it is no longer needed.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("emberline-proof-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // it may never have been made
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Prover<'_> {
    /// [`super::Check::TestRows`].
    pub(super) fn test_rows(&self, base: &mut Option<Trained>) -> Result<Findings, RunError> {
        let survey = match self.trainable() {
            Ok(survey) => survey,
            Err(reason) => return Ok(Findings::not_run(reason)),
        };
        let cuts = survey.plan.cuts;
        let from_ns = first_instant(survey, Split::Test).map_or(cuts.validation_end_ns, |first| {
            first.min(cuts.validation_end_ns)
        });
        let done = "the same configuration and seed with all bars of the test span scrambled: columns, scaler, \
                    weights of the best epoch, every epoch's numbers";
        self.retrained(base, from_ns, done, |one, other, because, findings| {
            compare(&one.best, &other.best, true, because, findings);
        })
    }

    /// [`super::Check::ValidationRows`].
    pub(super) fn validation_rows(&self, base: &mut Option<Trained>) -> Result<Findings, RunError> {
        let survey = match self.trainable() {
            Ok(survey) => survey,
            Err(reason) => return Ok(Findings::not_run(reason)),
        };
        let cuts = survey.plan.cuts;
        let from_ns = first_instant(survey, Split::Validation)
            .map_or(cuts.train_end_ns, |first| first.min(cuts.train_end_ns));
        let done = "the same with all bars behind the training span scrambled: columns, scaler, training losses, \
                    weights of the last epoch, which no validation chose";
        self.retrained(base, from_ns, done, |one, other, because, findings| {
            compare(&one.latest, &other.latest, false, because, findings);
        })
    }

    /// The survey of models that are trained again, or why there is none.
    pub(super) fn trainable(&self) -> Result<&Survey, String> {
        let survey = self.training.as_ref().map_err(Clone::clone)?;
        if survey.plan.train_again.is_some() {
            return Err(
                "training goes on behind the test span (splits.train_after_test), where features may look \
                 back into it"
                    .to_owned(),
            );
        }
        Ok(survey)
    }

    fn retrained(
        &self,
        base: &mut Option<Trained>,
        from_ns: i64,
        done: &str,
        compare: impl Fn(&Trained, &Trained, &str, &mut Findings),
    ) -> Result<Findings, RunError> {
        let mut findings = Findings::of(done);
        let last = self
            .survey
            .bars
            .series
            .iter()
            .filter_map(|one| one.time.last())
            .max();
        if last.is_none_or(|&last| last < from_ns) {
            return Ok(Findings::not_run("these bars end before that span"));
        }
        if base.is_none() {
            *base = Some(self.train_again(&self.raw)?);
        }
        let Some(one) = base else {
            unreachable!("trained above")
        };
        let seed = self.random(1 << 40).next_u64();
        let span = Span {
            from_ns,
            until_ns: i64::MAX,
        };
        let other = self.train_again(&changed::scrambled(&self.raw, span, seed, false))?;
        let because = format!("trained with other bars from {} on", time(from_ns));
        compare(one, &other, &because, &mut findings);
        Ok(findings)
    }

    fn train_again(&self, raw: &Bars) -> Result<Trained, RunError> {
        let device = cpu();
        let config = match &self.training {
            Ok(survey) => survey.config.clone(),
            Err(_) => self.survey.config.clone(),
        };
        let bars = self.pipeline.read(Arc::new(raw.clone()));
        let survey = self.pipeline.survey(config, bars)?;
        let inputs = self.pipeline.inputs(&survey, &survey.set, &device.device)?;
        let prepared = self.pipeline.scale(&inputs, &survey, None)?;
        drop(inputs);
        self.train_in_scratch(&survey, &prepared, &device)
    }

    pub(super) fn train_in_scratch(
        &self,
        survey: &Survey,
        prepared: &Prepared,
        device: &Selection,
    ) -> Result<Trained, RunError> {
        let scratch = Scratch::new();
        self.pipeline.train(survey, prepared, device, &scratch.0)?;
        let read = |want| checkpoint::load(&checkpoint::resolve(&scratch.0, want)?);
        Ok(Trained {
            best: read(Want::Best)?,
            latest: read(Want::Latest)?,
        })
    }
}

impl Trained {
    /// The weights that no validation chose.
    pub(super) fn latest_weights(self) -> Vec<NamedTensor> {
        self.latest.weights
    }
}

fn cpu() -> Selection {
    device::select("cpu", None)
        .unwrap_or_else(|error| unreachable!("the CPU is always there: {error}"))
}

/// Open of the first last bar of a split's windows, over all symbols.
pub(super) fn first_instant(survey: &Survey, split: Split) -> Option<i64> {
    let time = |sample: &crate::windows::Sample| {
        survey.bars.series[sample.series as usize].time[sample.last as usize]
    };
    survey.plan.samples(split).iter().map(time).min()
}

/// Columns, scaler, epochs, weights.
fn compare(
    one: &Checkpoint,
    other: &Checkpoint,
    with_validation: bool,
    because: &str,
    findings: &mut Findings,
) {
    let names = |checkpoint: &Checkpoint| -> Value {
        let features = checkpoint.manifest.features.iter();
        features.map(|feature| feature.name.as_str()).collect()
    };
    let epochs = |checkpoint: &Checkpoint| -> Value {
        let state = &checkpoint.manifest.state;
        if with_validation {
            serde_json::json!({ "epochs": state.metrics, "best": state.best })
        } else {
            let losses = state.metrics.iter();
            losses
                .map(|epoch| serde_json::json!({ "train_loss": epoch.train_loss }))
                .collect()
        }
    };
    values("column", &names(one), &names(other), because, findings);
    let scalers = [one, other].map(|checkpoint| &checkpoint.manifest.scaler);
    values("scaler", scalers[0], scalers[1], because, findings);
    let what = if with_validation { "run" } else { "epoch" };
    values(what, &epochs(one), &epochs(other), because, findings);
    for (name, _, weights) in &one.weights {
        let found = other.weights.iter().find(|(found, ..)| found == name);
        for (place, &a) in weights.iter().enumerate() {
            let b = found.and_then(|(_, _, values)| values.get(place)).copied();
            let same = b.is_some_and(|b| a.to_bits() == b.to_bits());
            findings.require(same, || Violation {
                symbol: None,
                bar: None,
                what: format!("weight {name}[{place}]"),
                expected: Some(f64::from(a)),
                found: b.map(f64::from),
                because: because.to_owned(),
            });
        }
    }
}

/// Two documents, leaf by leaf.
fn values(path: &str, one: &Value, other: &Value, because: &str, findings: &mut Findings) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (key, a) in a {
                values(&format!("{path} {key}"), a, &b[key], because, findings);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (place, (a, b)) in a.iter().zip(b).enumerate() {
                values(&format!("{path}[{place}]"), a, b, because, findings);
            }
        }
        (a, b) => findings.require(a == b, || Violation {
            symbol: None,
            bar: None,
            what: if a.is_number() {
                path.to_owned()
            } else {
                format!("{path} {b} instead of {a}")
            },
            expected: a.as_f64(),
            found: b.as_f64(),
            because: because.to_owned(),
        }),
    }
}
