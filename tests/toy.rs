//! A tiny learnable problem: two features, one label that is a function of the window's last bars.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Device;
use emberline::checkpoint::{Checkpoint, Manifest, NamedTensor, Number, State, Store, load};
use emberline::device::transfer::upload;
use emberline::metrics::{Objective, Scorer};
use emberline::model::{Forecaster, ForecasterConfig};
use emberline::training::{
    Job, Line, Outcome, Progress, Resume, TrainingConfig, TrainingError, run,
};
use emberline::windows::{Loader, Outcomes, Resident, Sample};

pub(crate) const LENGTH: usize = 5;
const NUM_BARS: usize = 96;
const NUM_FEATURES: usize = 2;

/// Numbers in -1..1 that look random and are the same everywhere.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn labels() -> Vec<f32> {
    noise(NUM_BARS * NUM_FEATURES, 3)
        .chunks_exact(NUM_FEATURES)
        .map(|bar| 1.5 * bar[0] - 0.8 * bar[1])
        .collect()
}

/// What came after the windows of `loader`: labels are returns.
fn outcomes(loader: &Loader) -> Outcomes {
    let samples = loader.samples().to_vec();
    let labels = labels();
    let label: Vec<f32> = samples
        .iter()
        .map(|sample| labels[sample.last as usize])
        .collect();
    Outcomes {
        times: samples
            .iter()
            .map(|sample| i64::from(sample.last))
            .collect(),
        horizons: vec![1],
        scale: vec![1.0; samples.len()],
        last_return: vec![0.0; samples.len()],
        raw: label.clone(),
        label,
        samples,
    }
}

/// The problem, and how it is trained.
#[derive(Clone)]
pub(crate) struct Toy {
    pub(crate) config: TrainingConfig,
    pub(crate) keep: usize,
    /// The bar whose label is not a number.
    pub(crate) bad_bar: Option<usize>,
    pub(crate) forecaster: ForecasterConfig,
}

impl Toy {
    /// 64 training windows in batches of 8: 8 steps an epoch.
    pub(crate) fn new() -> Self {
        let config = TrainingConfig {
            epochs: 3,
            batch_size: 8,
            checkpoint_every: 3,
            learning_rate: 5e-3,
            log_every: 2,
            warmup_steps: 4,
            seed: 7,
            ..TrainingConfig::default()
        };
        Self {
            config,
            keep: 3,
            bad_bar: None,
            forecaster: ForecasterConfig {
                hidden: 6,
                dropout: 0.2,
                ..ForecasterConfig::default()
            },
        }
    }

    pub(crate) fn loaders(&self) -> (Loader, Loader) {
        let device = Device::flex();
        let features = noise(NUM_BARS * NUM_FEATURES, 3);
        let mut labels = labels();
        if let Some(bar) = self.bad_bar {
            labels[bar] = f32::NAN;
        }
        let resident = Arc::new(Resident {
            features: vec![upload(features, [1, NUM_BARS, NUM_FEATURES], &device)],
            labels: vec![upload(labels, [1, NUM_BARS, 1], &device)],
            places: vec![(0, 0)],
        });
        let samples =
            |bars: std::ops::Range<u32>| bars.map(|last| Sample { series: 0, last }).collect();
        (
            Loader::new(
                Arc::clone(&resident),
                samples(4..68),
                LENGTH,
                self.config.batch_size,
            ),
            Loader::new(resident, samples(70..91), LENGTH, self.config.batch_size),
        )
    }

    pub(crate) fn model(&self) -> Forecaster {
        Forecaster::init(
            &self.forecaster,
            NUM_FEATURES,
            1,
            self.config.seed,
            &Device::flex(),
        )
    }

    pub(crate) fn model_from(&self, weights: Vec<NamedTensor>) -> Forecaster {
        Forecaster::from_weights(&self.forecaster, weights, &Device::flex()).unwrap()
    }

    pub(crate) fn manifest() -> Manifest {
        Manifest {
            horizons: vec![1],
            crate_version: "test".to_owned(),
            ..Manifest::default()
        }
    }

    /// Trains into `run_dir` from the beginning, or goes on from `checkpoint`.
    pub(crate) fn train(
        &self,
        run_dir: &Path,
        checkpoint: Option<Checkpoint>,
        progress: &mut dyn Progress,
        stop: &Arc<AtomicUsize>,
    ) -> Result<Outcome, TrainingError> {
        let (train, validation) = self.loaders();
        let scorer = Scorer::new(outcomes(&validation), Objective::default(), &[], None);
        let (model, store, resume) = match checkpoint {
            None => (self.model(), Store::create(run_dir, self.keep)?, None),
            Some(checkpoint) => {
                let (weights, resume) = Resume::split(checkpoint);
                (
                    self.model_from(weights),
                    Store::open(run_dir, self.keep)?,
                    Some(resume),
                )
            }
        };
        run(Job {
            model,
            device: Device::flex(),
            train,
            validation,
            store,
            manifest: Self::manifest(),
            config: self.config.clone(),
            resume,
            stop: Arc::clone(stop),
            progress,
            validate: &mut |forecasts: &[f32]| scorer.validation(forecasts),
        })
    }

    /// Trains without a stop.
    pub(crate) fn train_whole(&self, run_dir: &Path) -> Result<Outcome, TrainingError> {
        self.train(
            run_dir,
            None,
            &mut emberline::training::Silent,
            &Arc::default(),
        )
    }

    /// Trains until `step` is taken, as SIGINT would have it.
    pub(crate) fn train_until(
        &self,
        run_dir: &Path,
        checkpoint: Option<Checkpoint>,
        step: u64,
    ) -> Outcome {
        let stop = Arc::new(AtomicUsize::new(0));
        let mut listener = StopAt {
            step,
            stop: Arc::clone(&stop),
        };
        self.train(run_dir, checkpoint, &mut listener, &stop)
            .unwrap()
    }
}

struct StopAt {
    step: u64,
    stop: Arc<AtomicUsize>,
}

impl Progress for StopAt {
    fn step(&mut self, step: u64) {
        if step == self.step {
            self.stop.store(2, Ordering::Relaxed);
        }
    }
}

/// The checkpoint that `RUN/latest` points to.
pub(crate) fn latest(run_dir: &Path) -> Checkpoint {
    load(&run_dir.join("latest")).unwrap()
}

/// The log without what a clock says.
pub(crate) fn log_without_times(run_dir: &Path) -> Vec<Line> {
    let mut lines = emberline::training::read_log(&run_dir.join("log.jsonl")).unwrap();
    for line in &mut lines {
        match line {
            Line::Step {
                samples_per_s,
                elapsed_s,
                ..
            } => {
                (*samples_per_s, *elapsed_s) = (Number::default(), Number::default());
            }
            Line::Epoch { elapsed_s, .. } => *elapsed_s = Number::default(),
            Line::NotFinite { .. } => {}
        }
    }
    lines
}

/// Every bit of weights and moments by name, and the state but for what a clock says.
pub(crate) fn bits(checkpoint: &Checkpoint) -> (Vec<(String, Vec<u32>)>, State) {
    let bits = |name: String, values: &[f32]| {
        let bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
        (name, bits)
    };
    let mut named = Vec::new();
    for (path, _, values) in &checkpoint.weights {
        named.push(bits(path.clone(), values));
    }
    for pair in &checkpoint.moments {
        named.push(bits(format!("{}.moment_1", pair.path), &pair.moment_1));
        named.push(bits(format!("{}.moment_2", pair.path), &pair.moment_2));
    }
    let mut state = checkpoint.manifest.state.clone();
    state.elapsed_s = Number::default();
    (named, state)
}
