//! The loss of a run, with the class weights that its training windows give.

use super::{ClassWeights, TrainingConfig, TrainingError};
use crate::device::transfer;
use crate::model::{Criterion, Forecaster};
use crate::windows::Loader;

/// The loss of a run: a function of the settings and of the training windows' labels alone, so that a
/// resumed run finds the same again.
///
/// The classes are counted on the device as whole numbers and read back once.
///
/// # Errors
/// [`TrainingError::Setting`] if the model's outputs are not those that the loss needs.
pub fn criterion(
    config: &TrainingConfig,
    model: &Forecaster,
    train: &Loader,
) -> Result<Criterion, TrainingError> {
    if config.loss.outputs() != model.config().outputs {
        return Err(TrainingError::Setting {
            key: "training.loss",
            value: format!("{:?}", config.loss).to_lowercase(),
            rule: "the model was made for another loss",
        });
    }
    let device = train.resident().device();
    let criterion = Criterion::new(config.loss, model.config(), &device);
    if config.class_weights == ClassWeights::None {
        return Ok(criterion);
    }
    let epoch = train.sequential();
    let counts = (0..epoch.len())
        .map(|step| criterion.class_counts(epoch.labels(step).inner()))
        .reduce(|total, counts| total + counts);
    let counts = counts.map(transfer::to_host_int).unwrap_or_default();
    Ok(criterion.weighted(balanced(&counts), &device))
}

/// Counts `[Hn, 3]` to weights.
///
/// ```
/// use emberline::training::balanced;
/// assert_eq!(balanced(&[1, 2, 1, 0, 3, 3]), [4.0 / 3.0, 2.0 / 3.0, 4.0 / 3.0, 1.0, 2.0 / 3.0, 2.0 / 3.0]);
/// ```
/// # Source
/// scikit-learn's `class_weight = "balanced"`, which counts the classes that occur; here there are
/// always three.
pub fn balanced(counts: &[i32]) -> Vec<f32> {
    let of_horizon = |counts: &[i32]| -> Vec<f32> {
        let total = f64::from(counts.iter().sum::<i32>());
        let weight = |&count: &i32| match count {
            0 => 1.0,
            count => (total / (3.0 * f64::from(count))) as f32,
        };
        counts.iter().map(weight).collect()
    };
    counts.chunks_exact(3).flat_map(of_horizon).collect()
}
