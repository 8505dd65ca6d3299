//! Linear recurrences along the bars of a row: moving averages of the exponential family, cumulative
//! sums since an anchor, equity curves.
//!
//! One operation, [`linear_scan`], with a gradient. It knows no market words: a gap, an anchor or a
//! first bar is a zero coefficient.

pub(in crate::ops) mod backward;
pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
mod portable;
pub mod reference;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{KernelOps, check_type};

pub use portable::portable;

/// A linear recurrence along the last axis, restarted where its coefficient is zero.
///
/// ```text
/// y_t = a_t * y_{t-1} + b_t    where a_t != 0
/// y_t = b_t                    where a_t == 0 (y_{t-1} is not read), and at t = 0
/// ```
/// # Shapes and units
/// - `a`, `b`: `[N, T]`, float32
/// - returns: `[N, T]`, the unit of `b`
/// # Edge cases
/// A NaN in `a` or `b` makes every later bar NaN up to the next bar with `a_t == 0`, which does not
/// read the state and so recovers. `a_0` matters only if it is NaN: then `y_0` is NaN. An empty
/// tensor gives an empty tensor.
/// # Gradient
/// For `a` and `b`. At a restart the gradient of `a` is zero: there the coefficient is a switch.
/// # Precision
/// The state is float64 on the CPU and a pair of float32 on GPUs, so that a sum of a million terms
/// (`a = 1`) keeps float32's precision.
/// # Panics
/// If the shapes of `a` and `b` differ.
/// # Source
/// Oracle: [`reference::linear_scan`].
pub fn linear_scan(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    assert_eq!(a.dims(), b.dims(), "linear_scan: shapes of a and b differ");
    check_type("linear_scan", &a);
    check_type("linear_scan", &b);
    if b.shape().num_elements() == 0 {
        return b;
    }
    Tensor::from_dispatch(Dispatch::linear_scan(a.into_dispatch(), b.into_dispatch()))
}
