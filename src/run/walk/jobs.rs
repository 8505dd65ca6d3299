//! The runs of a walk, side by side on the CPU and one behind the other on a GPU.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::super::train::{self, Begin};
use super::super::{Baselines, Foretold, Inputs, Prepared, RunError, Survey, scale};
use super::Fold;
use crate::checkpoint::{self, State, Want};
use crate::device::Selection;
use crate::metrics::{Forecasts, Scorer, Validation};
use crate::model::Forecaster;
use crate::training::{self, Line, Outcome, Plan, Progress, stop};
use crate::windows::Outcomes;

/// Which run of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct WalkJob {
    /// From 1.
    pub fold: usize,
    /// The run's seed.
    pub seed: u64,
}

/// How the runs of a walk are carried out. Changes no number.
pub struct WalkOptions<'a> {
    /// The walk's folder.
    pub run_dir: &'a Path,
    /// Runs at the same time, each on its share of the threads; 1 on GPUs.
    pub jobs: usize,
    /// Set by a signal: see [`crate::training::stop::install`].
    pub stop: Arc<AtomicUsize>,
    /// Told what happens, from any thread.
    pub on: &'a (dyn Fn(WalkEvent<'_>) + Sync),
}

/// Something that happened in a walk.
#[derive(Clone, Copy, Debug)]
pub enum WalkEvent<'a> {
    /// A run begins or goes on.
    Begin(WalkJob, &'a Plan),
    /// A run took a step.
    Step(WalkJob, u64),
    /// A run's epoch ended.
    Epoch(WalkJob, &'a Line, &'a Validation),
    /// Something to be told once.
    Note(WalkJob, &'a str),
    /// A run ended.
    Done(WalkJob, &'a FoldRun),
}

/// One trained run of a walk.
#[derive(Clone, Debug)]
pub struct FoldRun {
    /// Which.
    pub job: WalkJob,
    /// Its run folder.
    pub run_dir: PathBuf,
    /// Where it stands, with its learning curve.
    pub state: State,
    /// Step of the checkpoint that forecast: the best on the validation windows.
    pub step: u64,
    /// What it says of the fold's validation windows.
    pub validation: Foretold,
    /// What it says of the fold's test windows.
    pub test: Foretold,
    /// Seconds in this process.
    pub elapsed_s: f64,
}

/// A fold with its baselines and its runs.
#[derive(Clone, Debug)]
pub struct FoldResult {
    /// The fold.
    pub fold: Fold,
    /// What came after the validation windows.
    pub validation: Outcomes,
    /// What came after the test windows.
    pub test: Outcomes,
    /// The baselines on the validation windows.
    pub validation_baselines: Vec<Forecasts>,
    /// The baselines on the test windows, in the same order.
    pub test_baselines: Vec<Forecasts>,
    /// The trained runs in the order of their seeds.
    pub runs: Vec<FoldRun>,
}

/// How a walk ended.
#[derive(Clone, Debug)]
pub enum Walk {
    /// Every run of every fold.
    Finished(Vec<FoldResult>),
    /// A signal asked for an end; the same command goes on.
    Interrupted(i32),
}

/// Trains every fold and seed that is not trained yet, and forecasts validation and test windows with
/// the best checkpoint of each.
///
/// # Errors
/// A fold refused, a run that failed, a folder that holds runs of another configuration.
pub fn walk(
    folds: &[Fold],
    inputs: &Inputs,
    device: &Selection,
    options: &WalkOptions<'_>,
) -> Result<Walk, RunError> {
    let Some(first) = folds.first() else {
        return Ok(Walk::Finished(Vec::new()));
    };
    let config = &first.survey.config;
    let seeds: Vec<u64> = (0..config.walk_forward.seeds as u64)
        .map(|index| config.training.seed + index)
        .collect();
    let chains: Vec<Vec<(usize, u64)>> = if config.walk_forward.warm_start {
        let chain = |&seed: &u64| (0..folds.len()).map(|fold| (fold, seed)).collect();
        seeds.iter().map(chain).collect()
    } else {
        (0..folds.len())
            .flat_map(|fold| seeds.iter().map(move |&seed| vec![(fold, seed)]))
            .collect()
    };
    let jobs = Jobs {
        inputs,
        device,
        options,
        chains,
        next: AtomicUsize::new(0),
        slots: folds
            .iter()
            .map(|fold| {
                Mutex::new(Slot {
                    fold: fold.clone(),
                    left: seeds.len(),
                    ready: None,
                    result: None,
                })
            })
            .collect(),
        failure: Mutex::new(None),
    };
    jobs.run();
    jobs.finish()
}

struct Jobs<'a> {
    inputs: &'a Inputs,
    device: &'a Selection,
    options: &'a WalkOptions<'a>,
    /// Runs that follow each other.
    chains: Vec<Vec<(usize, u64)>>,
    next: AtomicUsize,
    slots: Vec<Mutex<Slot>>,
    failure: Mutex<Option<RunError>>,
}

/// A fold's part that its seeds share; what lies on the device goes with the last of them.
struct Slot {
    fold: Fold,
    left: usize,
    ready: Option<Arc<Ready>>,
    result: Option<FoldResult>,
}

struct Ready {
    survey: Survey,
    prepared: Prepared,
    scorer: Scorer,
}

impl Jobs<'_> {
    fn run(&self) {
        let jobs = self.options.jobs.clamp(1, self.chains.len());
        if jobs == 1 {
            self.work();
            return;
        }
        let threads = (rayon::current_num_threads() / jobs).max(1);
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                    match pool {
                        Ok(pool) => pool.install(|| self.work()),
                        // no thread to be had: this one does it in the pool of all
                        Err(_) => self.work(),
                    }
                });
            }
        });
    }

    fn work(&self) {
        while let Some(chain) = self.chains.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let mut before: Option<Forecaster> = None;
            for &(fold, seed) in chain {
                if stop::asked(&self.options.stop).is_some() {
                    return;
                }
                match self.one(fold, seed, before.take()) {
                    Ok(Some(model)) => before = Some(model),
                    Ok(None) => return,
                    Err(error) => {
                        lock(&self.failure).get_or_insert(error);
                        // the other runs end at their next step
                        self.options.stop.store(FAILED, Ordering::Relaxed);
                        return;
                    }
                }
            }
        }
    }

    /// One run; none if it was interrupted.
    fn one(
        &self,
        fold: usize,
        seed: u64,
        before: Option<Forecaster>,
    ) -> Result<Option<Forecaster>, RunError> {
        let started = Instant::now();
        let ready = self.ready(fold)?;
        let job = WalkJob {
            fold: fold + 1,
            seed,
        };
        let mut survey = ready.survey.clone();
        survey.config.training.seed = seed;
        let run_dir = run_dir(self.options.run_dir, job);
        let begin = if checkpoint::steps_in(&run_dir).is_ok_and(|steps| !steps.is_empty()) {
            Begin::Resume
        } else {
            Begin::Anew(before)
        };
        let mut told = Told {
            job,
            on: self.options.on,
        };
        let outcome = train::in_folder(
            &survey,
            &ready.prepared,
            &ready.scorer,
            self.device,
            &run_dir,
            begin,
            Arc::clone(&self.options.stop),
            &mut told,
        )?;
        let state = match outcome {
            Outcome::Interrupted { .. } => return Ok(None),
            Outcome::Finished(summary) | Outcome::StoppedEarly(summary) => summary.state,
        };
        let best = checkpoint::load(&checkpoint::resolve(&run_dir, Want::Best)?)?;
        let step = best.manifest.state.step;
        let model =
            Forecaster::from_weights(&survey.config.model, best.weights, &self.device.device)?;
        let prepared = &ready.prepared;
        let criterion = training::criterion(&survey.config.training, &model, &prepared.train)?;
        let run = FoldRun {
            job,
            state,
            step,
            validation: Foretold::new(&model, &criterion, &prepared.validation),
            test: Foretold::new(&model, &criterion, &prepared.test),
            elapsed_s: started.elapsed().as_secs_f64(),
            run_dir,
        };
        (self.options.on)(WalkEvent::Done(job, &run));
        let mut slot = lock(&self.slots[fold]);
        slot.left -= 1;
        if slot.left == 0 {
            slot.ready = None;
        }
        if let Some(result) = &mut slot.result {
            result.runs.push(run);
        }
        Ok(Some(model))
    }

    /// The fold on the device, with its baselines; the first seed prepares it for all.
    fn ready(&self, fold: usize) -> Result<Arc<Ready>, RunError> {
        let mut slot = lock(&self.slots[fold]);
        if let Some(ready) = &slot.ready {
            return Ok(Arc::clone(ready));
        }
        let survey = slot.fold.survey.clone();
        let prepared = scale(self.inputs, &survey, None)?;
        let baselines = Baselines::fit(&survey, &prepared);
        let outcomes = |samples| prepared.targets.outcomes(&survey.bars, samples);
        let validation = outcomes(&survey.plan.validation);
        let test = outcomes(&survey.plan.test);
        let result = FoldResult {
            fold: slot.fold.clone(),
            validation_baselines: baselines.forecasts(&validation, &prepared.validation),
            test_baselines: baselines.forecasts(&test, &prepared.test),
            validation,
            test,
            runs: Vec::new(),
        };
        let scorer = train::scorer_of(
            &survey,
            result.validation.clone(),
            &result.validation_baselines,
        );
        slot.result = Some(result);
        let ready = Arc::new(Ready {
            survey,
            prepared,
            scorer,
        });
        slot.ready = Some(Arc::clone(&ready));
        Ok(ready)
    }

    fn finish(self) -> Result<Walk, RunError> {
        if let Some(error) = into_inner(self.failure) {
            return Err(error);
        }
        if let Some(signal) = stop::asked(&self.options.stop) {
            return Ok(Walk::Interrupted(signal));
        }
        let results = self.slots.into_iter().filter_map(|slot| {
            let mut result = into_inner(slot).result?;
            result.runs.sort_by_key(|run| run.job);
            Some(result)
        });
        Ok(Walk::Finished(results.collect()))
    }
}

/// What `stop` holds when a run failed: no signal has this number.
const FAILED: usize = 1 << 16;

/// `DIR/fold-<k>/seed-<s>`.
fn run_dir(walk: &Path, job: WalkJob) -> PathBuf {
    walk.join(format!("fold-{}", job.fold))
        .join(format!("seed-{}", job.seed))
}

// A panic of another run has been reported by then; what the lock guards is whole after every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Passes a run's news on with its name.
struct Told<'a> {
    job: WalkJob,
    on: &'a (dyn Fn(WalkEvent<'_>) + Sync),
}

impl Progress for Told<'_> {
    fn begin(&mut self, plan: &Plan) {
        (self.on)(WalkEvent::Begin(self.job, plan));
    }
    fn step(&mut self, step: u64) {
        (self.on)(WalkEvent::Step(self.job, step));
    }
    fn epoch(&mut self, line: &Line, validation: &Validation) {
        (self.on)(WalkEvent::Epoch(self.job, line, validation));
    }
    fn line(&mut self, text: &str) {
        (self.on)(WalkEvent::Note(self.job, text));
    }
}
