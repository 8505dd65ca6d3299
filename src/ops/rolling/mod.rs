//! Statistics of the last `period` bars of a row, at a cost per bar that does not depend on the
//! period.
//!
//! Every window is the end of one stretch of `period` bars and the beginning of the next (van Herk,
//! 1992; Gil and Werman, 1993), so it is merged from two partial results that start afresh at every
//! stretch: there is no running sum, hence no drift, and a NaN is forgotten once it has left the
//! window. All are undefined (NaN) before bar `period - 1` and where the window holds a NaN. None
//! has a gradient: they make features, which are constants.

pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
mod portable;
pub mod reference;

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::{Device, Tensor};

use super::backend::{KernelOps, check_type};

pub use portable::portable;

/// Which statistic of the window [`portable()`] and [`reference::rolling`] compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The sum.
    Sum,
    /// The arithmetic mean.
    Mean,
    /// The greatest value.
    Max,
    /// The least value.
    Min,
    /// The sum of squared deviations from the mean over (period - `ddof`).
    Variance {
        /// Delta degrees of freedom: 0 for a population's variance, 1 for a sample's.
        ddof: usize,
    },
    /// The mean with weights 1, 2, ..., period, the newest bar weighing most.
    WeightedMean,
}

/// The sum of the last `period` bars.
///
/// # Shapes and units
/// - `x`: `[N, T]`, float32
/// - returns: `[N, T]`, the unit of `x`
/// # Warm-up
/// Bars `0..period - 1` are NaN.
/// # Edge cases
/// A window that holds a NaN gives NaN; the first whole window after it is right again. Period 1
/// returns `x`. A period longer than T gives NaN everywhere, an empty tensor an empty tensor.
/// # Precision
/// Partial sums are float64 on the CPU and compensated (Knuth's two-sum) on GPUs; there, periods
/// beyond 16,384 bars take the float32 tree of [`portable()`].
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
/// # Source
/// Oracle: [`reference::rolling`].
pub fn sum(x: Tensor<2>, period: usize) -> Tensor<2> {
    rolling(x, Statistic::Sum, period)
}

/// The arithmetic mean of the last `period` bars; otherwise as [`sum`].
///
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
pub fn mean(x: Tensor<2>, period: usize) -> Tensor<2> {
    rolling(x, Statistic::Mean, period)
}

/// The greatest of the last `period` bars, exactly; otherwise as [`sum`].
///
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
pub fn max(x: Tensor<2>, period: usize) -> Tensor<2> {
    rolling(x, Statistic::Max, period)
}

/// The least of the last `period` bars, exactly; otherwise as [`sum`].
///
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
pub fn min(x: Tensor<2>, period: usize) -> Tensor<2> {
    rolling(x, Statistic::Min, period)
}

/// The variance of the last `period` bars.
///
/// ```text
/// variance_t = sum (x_i - mean_t)^2 / (period - ddof)    over i in t-period+1..=t
/// ```
/// # Shapes and units
/// - `x`: `[N, T]`, float32
/// - returns: `[N, T]`, the unit of `x` squared, >= 0
/// # Warm-up
/// Bars `0..period - 1` are NaN.
/// # Edge cases
/// As [`sum`]. A flat window gives exactly 0. `ddof >= period` gives NaN everywhere.
/// # Precision
/// Deviations are taken from a bar inside the window before anything is squared, so that the level
/// of `x` cancels exactly: a price of 1e6 that moves by 1 keeps its variance.
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
/// # Source
/// Chan, Golub and `LeVeque` (1983), merging (n, mean, M2). Oracle: [`reference::rolling`].
pub fn variance(x: Tensor<2>, period: usize, ddof: usize) -> Tensor<2> {
    rolling(x, Statistic::Variance { ddof }, period)
}

/// The mean of the last `period` bars with weights 1 (the oldest) to `period` (the newest);
/// otherwise as [`sum`].
///
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
pub fn weighted_mean(x: Tensor<2>, period: usize) -> Tensor<2> {
    rolling(x, Statistic::WeightedMean, period)
}

/// The longest window that a kernel's unit walks through: beyond it the doubling of [`portable()`] has
/// more parallel work, and software drivers stop a loop after 65,535 rounds.
const LONGEST_KERNEL: usize = 16_384;

fn on_cpu(device: &Device) -> bool {
    let device = device.clone().without_autodiff();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

fn rolling(x: Tensor<2>, statistic: Statistic, period: usize) -> Tensor<2> {
    assert!(period > 0, "rolling: a period of 0 bars");
    check_type("rolling", &x);
    if x.shape().num_elements() == 0 {
        return x;
    }
    if period > LONGEST_KERNEL && !on_cpu(&x.device()) {
        return portable(x.detach(), statistic, period);
    }
    Tensor::from_dispatch(Dispatch::rolling(x.into_dispatch(), statistic, period))
}
