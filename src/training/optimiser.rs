//! `AdamW` over weights that are known by their path, and the global clip before it.

use std::collections::BTreeMap;

use burn::tensor::{Bool, Device, Tensor};

use crate::checkpoint::{CheckpointError, Moments};
use crate::device::transfer;
use crate::model::Weight;
use crate::ops::adamw::{self, Moving, Settings};

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
/// [`adamw::step`] does the arithmetic. Burn's optimiser is not used: it knows weights by identifiers
/// that no file carries, and takes some twenty passes over each.
pub struct Optimiser {
    settings: Settings,
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
            settings: settings(weight_decay),
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
                settings: settings(weight_decay),
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
        let control = Tensor::cat(vec![factor.clone(), skip.clone().float()], 0);
        let coefficients = self.settings.at(step, rate);
        let mut updated = Vec::with_capacity(weights.len());
        for ((path, weight), gradient) in weights.into_iter().zip(gradients) {
            let pair = self.moments.remove(&path);
            let (weight, pair) = match (weight, gradient, pair) {
                (
                    Weight::Matrix(weight),
                    Weight::Matrix(gradient),
                    Some(Pair::Matrix(first, second)),
                ) => {
                    let state = Moving {
                        weight,
                        first,
                        second,
                    };
                    let state = adamw::step(state, gradient, control.clone(), coefficients);
                    let pair = Pair::Matrix(state.first, state.second);
                    (Weight::Matrix(state.weight), pair)
                }
                (
                    Weight::Vector(weight),
                    Weight::Vector(gradient),
                    Some(Pair::Vector(first, second)),
                ) => {
                    let state = Moving {
                        weight,
                        first,
                        second,
                    };
                    let state = adamw::step(state, gradient, control.clone(), coefficients);
                    let pair = Pair::Vector(state.first, state.second);
                    (Weight::Vector(state.weight), pair)
                }
                _ => panic!("`{path}`: weight, gradient and moments do not belong together"),
            };
            self.moments.insert(path.clone(), pair);
            updated.push((path, weight));
        }
        updated
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

fn settings(weight_decay: f64) -> Settings {
    Settings {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
        weight_decay,
    }
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
        Weight::Matrix(gradient) => adamw::sum_squares(gradient.clone()),
        Weight::Vector(gradient) => adamw::sum_squares(gradient.clone()),
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
