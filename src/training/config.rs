//! The settings `[training]` and `[checkpoints]`.

use serde::{Deserialize, Serialize};

use super::TrainingError;
use crate::metrics::{Metric, MetricError};
use crate::model::Loss;

/// The section `[training]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Times through the training windows, at least 1.
    pub epochs: u64,
    /// Windows per step, at least 1.
    pub batch_size: usize,
    /// Steps between checkpoints inside an epoch, at least 1; one more is written at every epoch's end.
    pub checkpoint_every: u64,
    /// The highest learning rate, reached after the warm-up. Above 0.
    pub learning_rate: f64,
    /// Decoupled weight decay per unit of learning rate, on all weights and biases (as `PyTorch`'s
    /// `AdamW` does by default). 0 or more.
    pub weight_decay: f64,
    /// Steps between lines of the log, at least 1. The only times the loop waits for the device.
    pub log_every: u64,
    /// Seed of initial weights, order of windows and dropout.
    pub seed: u64,
    /// Epochs without a better `metric` before the run stops, at least 1.
    pub patience: u64,
    /// The validation number that decides which epoch is best: `validation_loss`, or another name of
    /// [`Metric`] such as `ic_ts_12`.
    pub metric: String,
    /// Largest global norm of the gradient over all weights; longer ones are shortened to it. Above 0.
    pub clip_norm: f64,
    /// Steps over which the learning rate rises in a line, before it falls as a cosine.
    pub warmup_steps: u64,
    /// What is made small.
    pub loss: Loss,
    /// What a window of each class weighs in the loss `direction`.
    pub class_weights: ClassWeights,
    /// Whether the log is also written as a file of events that `TensorBoard` reads.
    pub tensorboard: bool,
}

/// What a window of each class weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Every class the same.
    #[default]
    None,
    /// `n / (3 n_c)` where `n_c` of the `n` training labels of a horizon are of the class; 1 for a
    /// class without any.
    Balanced,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 20,
            batch_size: 256,
            checkpoint_every: 500,
            learning_rate: 1e-3,
            weight_decay: 1e-3,
            log_every: 50,
            seed: 0,
            patience: 10,
            metric: "validation_loss".to_owned(),
            clip_norm: 1.0,
            warmup_steps: 100,
            loss: Loss::default(),
            class_weights: ClassWeights::None,
            tensorboard: true,
        }
    }
}

impl TrainingConfig {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] names the key, its value and the rule; [`TrainingError::Metric`] a
    /// metric that there is none of.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let refuse = |key, value: String, rule| Err(TrainingError::Setting { key, value, rule });
        let counts = [
            ("training.epochs", self.epochs),
            ("training.batch_size", self.batch_size as u64),
            ("training.checkpoint_every", self.checkpoint_every),
            ("training.log_every", self.log_every),
            ("training.patience", self.patience),
        ];
        for (key, value) in counts {
            if value == 0 {
                return refuse(key, value.to_string(), "it must be at least 1");
            }
        }
        for (key, value) in [
            ("training.learning_rate", self.learning_rate),
            ("training.clip_norm", self.clip_norm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return refuse(key, value.to_string(), "it must be above 0");
            }
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return refuse(
                "training.weight_decay",
                self.weight_decay.to_string(),
                "it must be 0 or more",
            );
        }
        if self.class_weights != ClassWeights::None && self.loss != Loss::Direction {
            return refuse(
                "training.class_weights",
                "balanced".to_owned(),
                "only training.loss = direction has classes",
            );
        }
        // Its horizon is checked against the target's when the run starts.
        if let Err(error @ MetricError::Unknown { .. }) = Metric::parse(&self.metric, &[]) {
            return Err(error.into());
        }
        Ok(())
    }
}

/// The section `[checkpoints]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointsConfig {
    /// How many of the latest checkpoints are kept beside the best, at least 1.
    pub keep: usize,
}

impl Default for CheckpointsConfig {
    fn default() -> Self {
        Self { keep: 3 }
    }
}

impl CheckpointsConfig {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] if `keep` is 0.
    pub fn validate(&self) -> Result<(), TrainingError> {
        if self.keep == 0 {
            return Err(TrainingError::Setting {
                key: "checkpoints.keep",
                value: "0".to_owned(),
                rule: "it must be at least 1",
            });
        }
        Ok(())
    }
}
