//! One optimiser step, all of it on the device.

use burn::tensor::{Bool, Device, Int, Tensor};

use super::{Optimiser, TrainingConfig, clip_factor, global_norm};
use crate::checkpoint::{Accumulators, CheckpointError, Moments, NamedTensor};
use crate::device::transfer;
use crate::model::{Criterion, Forecaster, Weight};
use crate::windows::Batch;

/// What the device had added up when it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceReading {
    /// Sum of the batch losses since the sum was last taken.
    pub loss_sum: f32,
    /// Norm of the last step's gradient before it was clipped.
    pub gradient_norm: f32,
    /// The first step, from 1, whose loss or gradient was not finite.
    pub first_bad_step: Option<u64>,
}

/// Weights, optimiser and the two accumulators, resident on one device.
pub struct Trainer {
    model: Forecaster,
    optimiser: Optimiser,
    criterion: Criterion,
    seed: u64,
    clip_norm: f64,
    loss_sum: Tensor<1>,
    gradient_norm: Tensor<1>,
    /// 0 while all is well.
    first_bad_step: Tensor<1, Int>,
}

impl Trainer {
    /// Begins with all moments zero.
    ///
    /// # Panics
    /// If the model's outputs are not those that the loss of the configuration needs.
    pub fn new(model: Forecaster, config: &TrainingConfig, device: &Device) -> Self {
        let optimiser = Optimiser::new(&model.weights(), config.weight_decay);
        Self::with(model, optimiser, config, device, &Accumulators::default())
    }

    /// Goes on with the moments and the sums of a checkpoint.
    ///
    /// # Errors
    /// As [`Optimiser::from_moments`].
    /// # Panics
    /// As [`Trainer::new`].
    pub fn resumed(
        model: Forecaster,
        moments: Vec<Moments>,
        accumulators: &Accumulators,
        config: &TrainingConfig,
        device: &Device,
    ) -> Result<Self, CheckpointError> {
        let device = device.clone().without_autodiff();
        let optimiser =
            Optimiser::from_moments(&model.weights(), moments, config.weight_decay, &device)?;
        Ok(Self::with(model, optimiser, config, &device, accumulators))
    }

    fn with(
        model: Forecaster,
        optimiser: Optimiser,
        config: &TrainingConfig,
        device: &Device,
        accumulators: &Accumulators,
    ) -> Self {
        let device = device.clone().without_autodiff();
        let criterion = Criterion::new(config.loss, model.config(), &device);
        let first_bad_step = accumulators.first_bad_step.unwrap_or(0) as i32;
        Self {
            model: model.inner(),
            optimiser,
            criterion,
            seed: config.seed,
            clip_norm: config.clip_norm,
            loss_sum: transfer::upload(vec![accumulators.loss_sum as f32], [1], &device),
            gradient_norm: Tensor::zeros([1], &device),
            first_bad_step: transfer::upload_int(vec![first_bad_step], [1], &device),
        }
    }

    /// The same with another loss: one with class weights.
    #[must_use]
    pub fn with_criterion(self, criterion: Criterion) -> Self {
        Self { criterion, ..self }
    }

    /// What is made small.
    pub fn criterion(&self) -> &Criterion {
        &self.criterion
    }

    /// Takes step number `step` (from 1) with learning rate `rate`. Reads nothing back.
    ///
    /// From the first step whose loss or gradient is not finite, weights, moments and the sum of the
    /// losses stay as they are.
    ///
    /// # Panics
    /// If a weight takes no part in the forecast, so that it has no gradient.
    pub fn step(&mut self, batch: Batch, step: u64, rate: f64) {
        let tracked = self.model.clone().map(|_, weight| match weight {
            Weight::Matrix(weight) => Weight::Matrix(weight.autodiff().require_grad()),
            Weight::Vector(weight) => Weight::Vector(weight.autodiff().require_grad()),
        });
        let outputs = tracked.forward(batch.x, Some((self.seed, step)));
        let loss = self.criterion.mean(outputs, batch.y);
        let mut gradients = loss.backward();
        let loss = loss.inner();
        let gradients: Vec<Weight> = tracked
            .weights()
            .into_iter()
            .map(|(path, weight)| {
                let gradient = match weight {
                    Weight::Matrix(weight) => {
                        weight.grad_remove(&mut gradients).map(Weight::Matrix)
                    }
                    Weight::Vector(weight) => {
                        weight.grad_remove(&mut gradients).map(Weight::Vector)
                    }
                };
                gradient.unwrap_or_else(|| panic!("`{path}` has no gradient"))
            })
            .collect();
        drop(tracked);
        let norm = global_norm(&gradients);
        let bad_step = self.first_bad_step.clone();
        let (bad_step, skip) = guard(bad_step, loss.clone(), norm.clone(), step);
        self.first_bad_step = bad_step;
        let factor = clip_factor(norm.clone(), self.clip_norm);
        let optimiser = &mut self.optimiser;
        self.model
            .update(|weights| optimiser.step(step, rate, weights, gradients, &factor, &skip));
        self.loss_sum = self.loss_sum.clone().add(loss.mask_fill(skip, 0.0));
        self.gradient_norm = norm;
    }

    /// Reads the accumulators: the only wait for the device outside validation and checkpoints.
    pub fn read(&self) -> DeviceReading {
        let values = transfer::to_host(Tensor::cat(
            vec![self.loss_sum.clone(), self.gradient_norm.clone()],
            0,
        ));
        let bad = transfer::to_host_int(self.first_bad_step.clone())[0];
        DeviceReading {
            loss_sum: values[0],
            gradient_norm: values[1],
            first_bad_step: (bad > 0).then_some(u64::from(bad.unsigned_abs())),
        }
    }

    /// Begins a new sum of losses.
    pub fn clear_loss(&mut self) {
        self.loss_sum = self.loss_sum.zeros_like();
    }

    /// The model as it stands, without a graph.
    pub fn model(&self) -> &Forecaster {
        &self.model
    }

    /// Reads weights and moments back, both sorted by path.
    pub fn to_host(&self) -> (Vec<NamedTensor>, Vec<Moments>) {
        let mut weights: Vec<NamedTensor> = self
            .model
            .weights()
            .into_iter()
            .map(|(path, weight)| (path, weight.shape(), weight.to_host()))
            .collect();
        weights.sort_by(|left, right| left.0.cmp(&right.0));
        (weights, self.optimiser.moments())
    }
}

/// Remembers the first bad step, and says whether it is behind.
///
/// # Shapes and units
/// - `first_bad_step`: `[1]`, 0 while all is well
/// - `loss`, `norm`: `[1]`, of step number `step` (from 1)
/// - returns: the first bad step, `[1]`; true from it on, `[1]`
pub fn guard(
    first_bad_step: Tensor<1, Int>,
    loss: Tensor<1>,
    norm: Tensor<1>,
    step: u64,
) -> (Tensor<1, Int>, Tensor<1, Bool>) {
    let bad = loss.add(norm).is_finite().bool_not();
    let is_first = first_bad_step.clone().equal_scalar(0).bool_and(bad);
    let first_bad_step = first_bad_step.mask_fill(is_first, step as i32);
    (first_bad_step.clone(), first_bad_step.greater_scalar(0))
}
