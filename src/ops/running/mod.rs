//! The greatest value since a restart: what a day's highest price has been up to each bar.

pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
mod portable;
pub mod reference;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{KernelOps, check_type};

pub use portable::portable;

/// The greatest value along the last axis since the bar where `keep` was last zero.
///
/// ```text
/// y_t = max(y_{t-1}, x_t)    where keep_t != 0
/// y_t = x_t                  where keep_t == 0 (y_{t-1} is not read), and at t = 0
/// ```
/// # Shapes and units
/// - `x`, `keep`: `[N, T]`, float32; `keep` holds no NaN
/// - returns: `[N, T]`, the unit of `x`, exactly one of its values
/// # Edge cases
/// A NaN in `x` makes every later bar NaN up to the next restart. An empty tensor gives an empty
/// tensor. The least since a restart is `max(-x, keep)` with its sign turned.
/// # Panics
/// If the shapes of `x` and `keep` differ, or one of them is tracked by autodiff.
/// # Source
/// Oracle: [`reference::max`].
pub fn max(x: Tensor<2>, keep: Tensor<2>) -> Tensor<2> {
    assert_eq!(x.dims(), keep.dims(), "running max: shapes of x and keep");
    check_type("running max", &x);
    check_type("running max", &keep);
    if x.shape().num_elements() == 0 {
        return x;
    }
    Tensor::from_dispatch(Dispatch::running_max(
        x.into_dispatch(),
        keep.into_dispatch(),
    ))
}
