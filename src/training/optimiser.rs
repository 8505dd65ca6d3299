//! `AdamW` over weights that are known by their path, and the global clip before it.

use std::collections::BTreeMap;

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Bool, Device, Tensor};

use crate::checkpoint::{CheckpointError, Moments};
use crate::device::transfer;
use crate::model::Weight;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
/// `PyTorch`'s; Burn's own default is 1e-5.
const EPSILON: f32 = 1e-8;

/// Both moments of one weight, on the device.
enum Pair {
    Matrix(Tensor<2>, Tensor<2>),
    Vector(Tensor<1>, Tensor<1>),
}

/// `AdamW` with the state in a map from path to moments.
///
/// ```text
/// m_t = 0.9 m_{t-1} + 0.1 g_t            v_t = 0.999 v_{t-1} + 0.001 g_t^2
/// w_t = w_{t-1} (1 - rate decay) - rate (m_t / (1 - 0.9^t)) / (sqrt(v_t / (1 - 0.999^t)) + 1e-8)
/// ```
/// The decay acts on every weight and bias, as in `PyTorch`'s `AdamW` without parameter groups.
/// Burn's `AdamW` does the arithmetic; its module-wide wrapper does not, since it knows weights by
/// identifiers that no file carries.
pub struct Optimiser {
    adamw: AdamW,
    moments: BTreeMap<String, Pair>,
}

impl Optimiser {
    /// All moments zero.
    pub fn new(weights: &[(String, Weight)], weight_decay: f64) -> Self {
        let moments = weights
            .iter()
            .map(|(path, weight)| {
                let pair = match weight {
                    Weight::Matrix(weight) => {
                        let zeros =
                            Tensor::zeros(weight.dims(), &weight.device().without_autodiff());
                        Pair::Matrix(zeros.clone(), zeros)
                    }
                    Weight::Vector(weight) => {
                        let zeros =
                            Tensor::zeros(weight.dims(), &weight.device().without_autodiff());
                        Pair::Vector(zeros.clone(), zeros)
                    }
                };
                (path.clone(), pair)
            })
            .collect();
        Self {
            adamw: adamw(weight_decay),
            moments,
        }
    }

    /// The moments of a checkpoint, moved to `device`.
    ///
    /// # Errors
    /// [`CheckpointError::MissingMoment`], [`CheckpointError::ExtraMoment`] or
    /// [`CheckpointError::MomentShape`] unless there is exactly one pair of the right shape per weight.
    pub fn from_moments(
        weights: &[(String, Weight)],
        moments: Vec<Moments>,
        weight_decay: f64,
        device: &Device,
    ) -> Result<Self, CheckpointError> {
        let mut given: BTreeMap<String, Moments> = moments
            .into_iter()
            .map(|moments| (moments.path.clone(), moments))
            .collect();
        let mut map = BTreeMap::new();
        for (path, weight) in weights {
            let Some(moments) = given.remove(path) else {
                return Err(CheckpointError::MissingMoment {
                    name: format!("{path}.moment_1"),
                });
            };
            let expected = weight.shape();
            if moments.shape != expected {
                return Err(CheckpointError::MomentShape {
                    name: format!("{path}.moment_1"),
                    found: moments.shape,
                    expected,
                });
            }
            let (first, second) = (moments.moment_1, moments.moment_2);
            let pair = match weight {
                Weight::Matrix(weight) => Pair::Matrix(
                    transfer::upload(first, weight.dims(), device),
                    transfer::upload(second, weight.dims(), device),
                ),
                Weight::Vector(weight) => Pair::Vector(
                    transfer::upload(first, weight.dims(), device),
                    transfer::upload(second, weight.dims(), device),
                ),
            };
            map.insert(path.clone(), pair);
        }
        match given.into_keys().next() {
            Some(path) => Err(CheckpointError::ExtraMoment {
                name: format!("{path}.moment_1"),
            }),
            None => Ok(Self {
                adamw: adamw(weight_decay),
                moments: map,
            }),
        }
    }

    /// Step number `step` (from 1) with gradients that are multiplied by `factor` (`[1]`) first.
    ///
    /// Where `skip` (`[1]`) is true nothing changes: neither weights nor moments.
    ///
    /// # Panics
    /// If `gradients` are not those of `weights`, or a weight is not one that this optimiser was
    /// made for.
    pub fn step(
        &mut self,
        step: u64,
        rate: f64,
        weights: Vec<(String, Weight)>,
        gradients: Vec<Weight>,
        factor: &Tensor<1>,
        skip: &Tensor<1, Bool>,
    ) -> Vec<(String, Weight)> {
        assert_eq!(weights.len(), gradients.len(), "one gradient per weight");
        let mut updated = Vec::with_capacity(weights.len());
        for ((path, weight), gradient) in weights.into_iter().zip(gradients) {
            let pair = self.moments.remove(&path);
            let (weight, pair) = match (weight, gradient, pair) {
                (
                    Weight::Matrix(weight),
                    Weight::Matrix(gradient),
                    Some(Pair::Matrix(first, second)),
                ) => {
                    let (weight, [first, second]) =
                        self.update(step, rate, weight, gradient, [first, second], factor, skip);
                    (Weight::Matrix(weight), Pair::Matrix(first, second))
                }
                (
                    Weight::Vector(weight),
                    Weight::Vector(gradient),
                    Some(Pair::Vector(first, second)),
                ) => {
                    let (weight, [first, second]) =
                        self.update(step, rate, weight, gradient, [first, second], factor, skip);
                    (Weight::Vector(weight), Pair::Vector(first, second))
                }
                _ => panic!("`{path}`: weight, gradient and moments do not belong together"),
            };
            self.moments.insert(path.clone(), pair);
            updated.push((path, weight));
        }
        updated
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the arithmetic of one weight, called twice above"
    )]
    fn update<const D: usize>(
        &self,
        step: u64,
        rate: f64,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        moments: [Tensor<D>; 2],
        factor: &Tensor<1>,
        skip: &Tensor<1, Bool>,
    ) -> (Tensor<D>, [Tensor<D>; 2]) {
        let shape = weight.dims();
        let gradient = gradient.mul(factor.clone().reshape([1; D]));
        let [first, second] = moments;
        let state = AdamWState::new(AdaptiveMomentumState::new(
            step as usize - 1,
            first.clone(),
            second.clone(),
        ));
        let (updated, state) = self.adamw.step(rate, weight.clone(), gradient, Some(state));
        let Some(AdamWState { momentum }) = state else {
            unreachable!("AdamW always returns its state");
        };
        let skip: Tensor<D, Bool> = skip.clone().reshape([1; D]).expand(shape);
        (
            updated.mask_where(skip.clone(), weight),
            [
                momentum.moment_1.mask_where(skip.clone(), first),
                momentum.moment_2.mask_where(skip, second),
            ],
        )
    }

    /// Reads the moments back, sorted by path.
    pub fn moments(&self) -> Vec<Moments> {
        self.moments
            .iter()
            .map(|(path, pair)| {
                let (shape, moment_1, moment_2) = match pair {
                    Pair::Matrix(first, second) => (
                        first.dims().to_vec(),
                        transfer::to_host(first.clone()),
                        transfer::to_host(second.clone()),
                    ),
                    Pair::Vector(first, second) => (
                        first.dims().to_vec(),
                        transfer::to_host(first.clone()),
                        transfer::to_host(second.clone()),
                    ),
                };
                Moments {
                    path: path.clone(),
                    shape,
                    moment_1,
                    moment_2,
                }
            })
            .collect()
    }
}

fn adamw(weight_decay: f64) -> AdamW {
    AdamWConfig::new()
        .with_beta_1(BETA_1)
        .with_beta_2(BETA_2)
        .with_epsilon(EPSILON)
        .with_weight_decay(weight_decay as f32)
        .build()
}

/// The Euclidean norm of all gradients together.
///
/// # Shapes and units
/// - returns: `[1]`, on the device; not finite if any element is not
///
/// # Panics
/// If there is no gradient.
pub fn global_norm(gradients: &[Weight]) -> Tensor<1> {
    let squares = gradients.iter().map(|gradient| match gradient {
        // Row by row first: a sum over a whole large matrix depends on the number of threads.
        Weight::Matrix(gradient) => gradient.clone().square().sum_dim(1).sum(),
        Weight::Vector(gradient) => gradient.clone().square().sum(),
    });
    squares
        .reduce(Tensor::add)
        .expect("a model has weights")
        .sqrt()
}

/// What gradients are multiplied by so that their norm is at most `clip_norm`.
///
/// ```text
/// factor = min(1, clip_norm / norm) = clip_norm / max(norm, clip_norm)
/// ```
/// # Shapes and units
/// - `norm` and returns: `[1]`, on the device
pub fn clip_factor(norm: Tensor<1>, clip_norm: f64) -> Tensor<1> {
    // The second form never divides by zero: WGSL has no infinite constants for fusion to fold into.
    let longest = norm.zeros_like().add_scalar(clip_norm);
    longest.div(norm.clamp_min(clip_norm))
}
