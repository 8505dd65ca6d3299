//! One step of `AdamW` in one pass over weight, gradient and moments, and the sum of squares that a
//! gradient's norm is made of.
//!
//! In plain tensor operations a step is about twenty passes over every weight, most of them with a
//! fresh buffer. Here a weight's numbers are read once and written once. Gradients are scaled and a
//! step is left out by numbers on the device, so that nothing is read back.

pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
mod portable;
pub mod reference;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{KernelOps, check_type};

pub use portable::portable;

/// The constants of an optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Share of the first moment that is kept.
    pub beta_1: f64,
    /// Share of the second moment that is kept.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Pull of every weight towards zero, times the rate.
    pub weight_decay: f64,
}

/// What one step multiplies with, in float32; see [`Settings::at`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    pub(in crate::ops) beta_1: f32,
    pub(in crate::ops) rest_1: f32,
    pub(in crate::ops) beta_2: f32,
    pub(in crate::ops) rest_2: f32,
    pub(in crate::ops) epsilon: f32,
    /// `1 - rate * decay`
    pub(in crate::ops) keep: f32,
    /// `rate / (1 - beta_1^t)`
    pub(in crate::ops) rate: f32,
    /// `1 / sqrt(1 - beta_2^t)`
    pub(in crate::ops) root: f32,
}

impl Settings {
    /// The coefficients of step number `step` (from 1) at learning rate `rate`.
    ///
    /// # Panics
    /// If `step` is 0.
    pub fn at(&self, step: u64, rate: f64) -> Coefficients {
        assert!(step > 0, "adamw: steps count from 1");
        let step = step as f64;
        Coefficients {
            beta_1: self.beta_1 as f32,
            rest_1: (1.0 - self.beta_1) as f32,
            beta_2: self.beta_2 as f32,
            rest_2: (1.0 - self.beta_2) as f32,
            epsilon: self.epsilon as f32,
            keep: (1.0 - rate * self.weight_decay) as f32,
            rate: (rate / (1.0 - self.beta_1.powf(step))) as f32,
            root: (1.0 / (1.0 - self.beta_2.powf(step)).sqrt()) as f32,
        }
    }
}

/// A weight with its two moments.
#[derive(Clone, Debug)]
pub struct Moving<const D: usize> {
    /// The weight.
    pub weight: Tensor<D>,
    /// First moment.
    pub first: Tensor<D>,
    /// Second moment.
    pub second: Tensor<D>,
}

/// One step of one weight.
///
/// ```text
/// g = factor * gradient
/// m = beta_1 m + (1 - beta_1) g          v = beta_2 v + (1 - beta_2) g^2
/// w = w (1 - rate decay) - rate (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)
/// ```
/// # Shapes and units
/// - `state` and `gradient`: one shape, float32, outside the gradient graph
/// - `control`: `[2]`: the factor, then 0 to take the step or anything else to leave all as it is
/// # Edge cases
/// In a step that is left out no bit changes, whatever the gradient holds.
/// # Panics
/// If shapes differ or a tensor is tracked by autodiff.
/// # Source
/// Loshchilov and Hutter (2019), as `torch.optim.AdamW`. Oracle: [`reference::step`].
pub fn step<const D: usize>(
    state: Moving<D>,
    gradient: Tensor<D>,
    control: Tensor<1>,
    coefficients: Coefficients,
) -> Moving<D> {
    check(&state, &gradient, &control);
    let Moving {
        weight,
        first,
        second,
    } = state;
    check_type("adamw", &weight);
    check_type("adamw", &gradient);
    if weight.shape().num_elements() == 0 {
        return Moving {
            weight,
            first,
            second,
        };
    }
    let (weight, first, second) = Dispatch::adamw(
        weight.into_dispatch(),
        gradient.into_dispatch(),
        first.into_dispatch(),
        second.into_dispatch(),
        control.into_dispatch(),
        coefficients,
    );
    Moving {
        weight: Tensor::from_dispatch(weight),
        first: Tensor::from_dispatch(first),
        second: Tensor::from_dispatch(second),
    }
}

/// The sum of the squares of all elements, `[1]`.
///
/// # Precision
/// float64 on the CPU, in an order that does not depend on threads; float32 on GPUs, in an order that
/// depends on nothing but the count.
/// # Edge cases
/// NaN if an element is NaN, infinite if one is or if the sum exceeds float32. 0 for no elements.
/// # Panics
/// If the tensor is tracked by autodiff.
/// # Source
/// Oracle: [`reference::sum_squares`].
pub fn sum_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    check_type("sum_squares", &x);
    if x.shape().num_elements() == 0 {
        return Tensor::zeros([1], &x.device());
    }
    Tensor::from_dispatch(Dispatch::sum_squares(x.into_dispatch()))
}

fn check<const D: usize>(state: &Moving<D>, gradient: &Tensor<D>, control: &Tensor<1>) {
    let shape = state.weight.dims();
    assert_eq!(gradient.dims(), shape, "adamw: the gradient's shape");
    assert_eq!(state.first.dims(), shape, "adamw: the first moment's shape");
    assert_eq!(
        state.second.dims(),
        shape,
        "adamw: the second moment's shape"
    );
    assert_eq!(control.dims(), [2], "adamw: control");
}
