//! The loop: steps, log, validation, checkpoints, and every way to end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use burn::tensor::Device;

use super::criterion::criterion;
use super::log::Log;
use super::validation::{forecast_until, numbers_of};
use super::{
    Line, Outcome, Plan, Progress, Reading, Schedule, Summary, TrafficReport, Trainer,
    TrainingConfig, TrainingError, draw_losses, read_log, stop,
};
use crate::checkpoint::{
    Best, Checkpoint, EpochRecord, FORMAT_VERSION, Manifest, Moments, NamedTensor, Number, State,
    Store,
};
use crate::device::transfer;
use crate::metrics::{Metric, Validation};
use crate::model::Forecaster;
use crate::windows::Loader;

/// Everything a run needs.
pub struct Job<'a> {
    /// The model, on `device` and without a graph: fresh, or with a checkpoint's weights.
    pub model: Forecaster,
    /// Where tensors live.
    pub device: Device,
    /// Training windows.
    pub train: Loader,
    /// Validation windows.
    pub validation: Loader,
    /// The run folder.
    pub store: Store,
    /// What every checkpoint says beside state and hashes, which the loop fills in.
    pub manifest: Manifest,
    /// The settings.
    pub config: TrainingConfig,
    /// Where a checkpoint stood; `None` begins anew.
    pub resume: Option<Resume>,
    /// Set by a signal: see [`super::stop::install`].
    pub stop: Arc<AtomicUsize>,
    /// Listens.
    pub progress: &'a mut dyn Progress,
    /// Scores the forecasts of all validation windows: row-major `[windows, horizons]`, in the order
    /// of the loader's samples, in the label's units.
    pub validate: &'a mut dyn FnMut(&[f32]) -> Validation,
}

/// Where a checkpoint stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Resume {
    /// Step, epoch, position, sums, best.
    pub state: State,
    /// The optimiser's moments.
    pub moments: Vec<Moments>,
}

impl Resume {
    /// Splits a checkpoint into the weights for [`Forecaster::from_weights`] and what [`Job::resume`]
    /// takes.
    pub fn split(checkpoint: Checkpoint) -> (Vec<NamedTensor>, Self) {
        let Checkpoint {
            manifest,
            weights,
            moments,
            ..
        } = checkpoint;
        (
            weights,
            Self {
                state: manifest.state,
                moments,
            },
        )
    }
}

/// Trains to the end.
///
/// # Errors
/// [`TrainingError::is_refusal`] tells what was wrong from the start from what failed on the way;
/// [`TrainingError::NotFinite`] leaves the last good checkpoint in place.
pub fn run(job: Job<'_>) -> Result<Outcome, TrainingError> {
    Run::start(job)?.go()
}

struct Run<'a> {
    job: Job<'a>,
    trainer: Trainer,
    schedule: Schedule,
    metric: Metric,
    state: State,
    log: Log,
    /// The step that the newest checkpoint holds, and whether the state changed since.
    saved: Option<PathBuf>,
    started: Instant,
    elapsed_before_s: f64,
    line_started: Instant,
    first_step: u64,
    at_start: transfer::Traffic,
    traffic: TrafficReport,
}

impl<'a> Run<'a> {
    fn start(mut job: Job<'a>) -> Result<Self, TrainingError> {
        job.config.validate()?;
        let steps_per_epoch = job.train.steps_per_epoch(false) as u64;
        for (split, is_empty) in [
            ("training", steps_per_epoch == 0),
            ("validation", job.validation.num_samples() == 0),
        ] {
            if is_empty {
                return Err(TrainingError::NoWindows { split });
            }
        }
        let metric = usable_metric(&mut job)?;
        let at_start = transfer::traffic();
        let (trainer, mut state) = begin(&mut job, steps_per_epoch)?;
        let run_dir = job.store.run_dir().to_owned();
        let log = Log::open(&run_dir, state.log_lines, job.config.tensorboard)?;
        let saved = job.store.folder_of(state.step);
        let saved = (job.manifest.state == state && saved.is_dir()).then_some(saved);
        state.epochs = job.config.epochs;
        let schedule = Schedule {
            peak: job.config.learning_rate,
            warmup_steps: job.config.warmup_steps,
            total_steps: job.config.epochs * steps_per_epoch,
        };
        job.progress.begin(&Plan {
            step: state.step,
            total_steps: schedule.total_steps,
            steps_per_epoch,
            epochs: job.config.epochs,
            batch_size: job.config.batch_size,
        });
        Ok(Self {
            trainer,
            schedule,
            metric,
            log,
            saved,
            started: Instant::now(),
            elapsed_before_s: state.elapsed_s.get(),
            line_started: Instant::now(),
            first_step: state.step,
            at_start,
            traffic: TrafficReport::default(),
            state,
            job,
        })
    }

    fn go(mut self) -> Result<Outcome, TrainingError> {
        while self.state.epoch < self.job.config.epochs && !self.state.stopped_early {
            let epoch = self
                .job
                .train
                .shuffled(self.job.config.seed, self.state.epoch);
            while self.state.position < self.state.steps_per_epoch {
                if let Some(signal) = stop::asked(&self.job.stop) {
                    return self.interrupted(signal);
                }
                let before = transfer::traffic();
                let rate = self.schedule.rate(self.state.step);
                let batch = epoch.batch(self.state.position as usize);
                self.trainer.step(batch, self.state.step + 1, rate);
                self.traffic.step_bytes_down += transfer::traffic().since(before).bytes_down;
                self.state.step += 1;
                self.state.position += 1;
                self.state.accumulators.loss_steps += 1;
                self.saved = None;
                self.job.progress.step(self.state.step);
                if self.state.step.is_multiple_of(self.job.config.log_every) {
                    self.write_step_line(rate)?;
                }
                // The epoch's end writes its own.
                let is_due = self
                    .state
                    .step
                    .is_multiple_of(self.job.config.checkpoint_every);
                if is_due && self.state.position < self.state.steps_per_epoch {
                    self.save()?;
                }
            }
            drop(epoch);
            if let Some(signal) = self.end_epoch()? {
                return self.interrupted(signal);
            }
        }
        let stopped_early = self.state.stopped_early;
        let checkpoint = self.save()?;
        let summary = self.summary(checkpoint);
        Ok(if stopped_early {
            Outcome::StoppedEarly(summary)
        } else {
            Outcome::Finished(summary)
        })
    }

    /// Reads the device, fails if it met a bad step, and folds its sum into the epoch's.
    ///
    /// Returns the mean loss since the last line, the number of steps in it and the gradient's norm.
    fn take_reading(&mut self) -> Result<(f64, u64, f64), TrainingError> {
        let before = transfer::traffic();
        let reading = self.trainer.read();
        self.traffic.log_bytes_down += transfer::traffic().since(before).bytes_down;
        self.check_finite(reading.first_bad_step)?;
        self.trainer.clear_loss();
        let sums = &mut self.state.accumulators;
        let (sum, steps) = (f64::from(reading.loss_sum), sums.loss_steps);
        sums.epoch_loss_sum += sum;
        sums.epoch_steps += steps;
        (sums.loss_sum, sums.loss_steps) = (0.0, 0);
        Ok((sum / steps as f64, steps, f64::from(reading.gradient_norm)))
    }

    fn check_finite(&mut self, first_bad_step: Option<u64>) -> Result<(), TrainingError> {
        let Some(step) = first_bad_step else {
            return Ok(());
        };
        self.log.append(&Line::NotFinite { step })?;
        let latest = self.job.store.run_dir().join("latest");
        Err(TrainingError::NotFinite {
            step,
            last_good: latest.is_dir().then_some(latest),
        })
    }

    fn write_step_line(&mut self, rate: f64) -> Result<(), TrainingError> {
        let (loss, steps, gradient_norm) = self.take_reading()?;
        let samples_per_s = (steps * self.job.config.batch_size as u64) as f64
            / self.line_started.elapsed().as_secs_f64();
        self.line_started = Instant::now();
        let remaining = self.schedule.total_steps.saturating_sub(self.state.step);
        let reading = Reading {
            step: self.state.step,
            epoch: self.state.epoch + 1,
            loss,
            learning_rate: rate,
            gradient_norm,
            samples_per_s,
            remaining_s: (remaining * self.job.config.batch_size as u64) as f64 / samples_per_s,
        };
        self.log.append(&Line::Step {
            step: reading.step,
            epoch: reading.epoch,
            loss: Number::new(loss),
            learning_rate: Number::new(rate),
            gradient_norm: Number::new(gradient_norm),
            samples_per_s: Number::new(samples_per_s),
            elapsed_s: self.elapsed_s(),
        })?;
        self.job.progress.reading(&reading);
        Ok(())
    }

    /// Validates, logs, keeps the best, writes the checkpoint. The signal, if one came on the way.
    fn end_epoch(&mut self) -> Result<Option<i32>, TrainingError> {
        self.take_reading()?;
        let before = transfer::traffic();
        let model = self.trainer.model();
        let criterion = self.trainer.criterion();
        let forecast = forecast_until(model, criterion, &self.job.validation, &self.job.stop);
        self.traffic.validation_bytes_down += transfer::traffic().since(before).bytes_down;
        let Some(forecast) = forecast else {
            return Ok(stop::asked(&self.job.stop));
        };
        let validation = forecast.score(&mut *self.job.validate);
        let numbers = numbers_of(&validation);

        let sums = std::mem::take(&mut self.state.accumulators);
        let train_loss = Number::new(sums.epoch_loss_sum / sums.epoch_steps as f64);
        self.state.epoch += 1;
        self.state.position = 0;
        let is_best = self.keep_best(&validation);
        self.state.stopped_early = self.state.epochs_without_improvement
            >= self.job.config.patience
            && self.state.epoch < self.job.config.epochs;
        self.state.metrics.push(EpochRecord {
            epoch: self.state.epoch,
            step: self.state.step,
            train_loss,
            validation: numbers.clone(),
        });
        let line = Line::Epoch {
            step: self.state.step,
            epoch: self.state.epoch,
            train_loss,
            validation: numbers,
            best: is_best,
            elapsed_s: self.elapsed_s(),
        };
        self.log.append(&line)?;
        self.job.progress.epoch(&line, &validation);
        self.saved = None;
        self.save()?;
        let run_dir = self.job.store.run_dir();
        draw_losses(
            &read_log(&run_dir.join("log.jsonl"))?,
            &run_dir.join("loss.svg"),
        )?;
        self.line_started = Instant::now();
        Ok(None)
    }

    fn keep_best(&mut self, validation: &Validation) -> bool {
        // A metric that is undefined for once, as a correlation of constant forecasts, is no best.
        let value = Number::new(self.metric.of(validation).unwrap_or(f64::NAN));
        let is_best = match &self.state.best {
            None => !value.get().is_nan(),
            Some(best) => self
                .metric
                .direction()
                .improves(value.get(), best.value.get()),
        };
        if is_best {
            self.state.best = Some(Best {
                metric: self.metric.name().to_owned(),
                value,
                step: self.state.step,
                epoch: self.state.epoch,
            });
            self.state.epochs_without_improvement = 0;
        } else {
            self.state.epochs_without_improvement += 1;
        }
        is_best
    }

    /// Writes a checkpoint of where the run stands, unless the newest one is that already.
    fn save(&mut self) -> Result<PathBuf, TrainingError> {
        if let Some(path) = &self.saved {
            return Ok(path.clone());
        }
        let before = transfer::traffic();
        let reading = self.trainer.read();
        self.check_finite(reading.first_bad_step)?;
        self.state.accumulators.loss_sum = f64::from(reading.loss_sum);
        let (weights, moments) = self.trainer.to_host();
        self.traffic.checkpoint_bytes_down += transfer::traffic().since(before).bytes_down;
        // The log is on the disk before the checkpoint that counts its lines.
        self.state.log_lines = self.log.sync()?;
        self.state.elapsed_s = self.elapsed_s();
        let mut manifest = self.job.manifest.clone();
        manifest.format_version = FORMAT_VERSION;
        manifest.seed = self.job.config.seed;
        manifest.state = self.state.clone();
        let path = self.job.store.save(&manifest, &weights, &moments)?;
        self.job.progress.checkpoint(&path);
        self.saved = Some(path.clone());
        Ok(path)
    }

    fn interrupted(mut self, signal: i32) -> Result<Outcome, TrainingError> {
        let checkpoint = self.save()?;
        Ok(Outcome::Interrupted {
            signal,
            summary: self.summary(checkpoint),
        })
    }

    fn elapsed_s(&self) -> Number {
        Number::new(self.elapsed_before_s + self.started.elapsed().as_secs_f64())
    }

    fn summary(self, checkpoint: PathBuf) -> Summary {
        let now = transfer::traffic();
        let in_loop = now.since(self.at_start);
        Summary {
            checkpoint,
            elapsed_s: self.started.elapsed().as_secs_f64(),
            samples: (self.state.step - self.first_step) * self.job.config.batch_size as u64,
            traffic: TrafficReport {
                bytes_up: now.bytes_up,
                bytes_down: now.bytes_down,
                loop_bytes_up: in_loop.bytes_up,
                loop_bytes_down: in_loop.bytes_down,
                ..self.traffic
            },
            state: self.state,
        }
    }
}

/// A fresh trainer, or one that stands where the checkpoint stood, with the run folder put back.
fn begin(job: &mut Job<'_>, steps_per_epoch: u64) -> Result<(Trainer, State), TrainingError> {
    let criterion = criterion(&job.config, &job.model, &job.train)?;
    let Some(Resume { state, moments }) = job.resume.take() else {
        let trainer = Trainer::new(job.model.clone(), &job.config, &job.device);
        return Ok((
            trainer.with_criterion(criterion),
            State {
                steps_per_epoch,
                ..State::default()
            },
        ));
    };
    if state.steps_per_epoch != steps_per_epoch {
        return Err(TrainingError::StepsPerEpoch {
            was: state.steps_per_epoch,
            now: steps_per_epoch,
        });
    }
    let trainer = Trainer::resumed(
        job.model.clone(),
        moments,
        &state.accumulators,
        &job.config,
        &job.device,
    )?;
    Ok((trainer.with_criterion(criterion), go_on(job, state)?))
}

fn go_on(job: &mut Job<'_>, mut state: State) -> Result<State, TrainingError> {
    job.manifest.state = state.clone();
    for step in job.store.rewind(&job.manifest)? {
        job.progress.line(&format!(
            "checkpoint step-{step} is later than the one resumed: kept as superseded-step-{step}"
        ));
    }
    if state.epochs != job.config.epochs {
        job.progress.line(&format!(
            "the schedule changes: {} epochs instead of {}, so the learning rate from step {} on is another",
            job.config.epochs, state.epochs, state.step
        ));
        // More epochs were asked for: patience is counted anew.
        if state.stopped_early {
            state.stopped_early = false;
            state.epochs_without_improvement = 0;
        }
    }
    Ok(state)
}

/// Refuses a metric that these windows do not have, before the first step: forecasts that differ
/// everywhere stand in for the model's.
fn usable_metric(job: &mut Job<'_>) -> Result<Metric, TrainingError> {
    let horizons = &job.manifest.horizons;
    let metric = Metric::parse(&job.config.metric, horizons)?;
    let count = job.validation.num_samples() * horizons.len();
    let different: Vec<f32> = (0..count)
        .map(|at| (at as f32 * 0.618).fract() - 0.5)
        .collect();
    metric.of(&(job.validate)(&different))?;
    Ok(metric)
}
