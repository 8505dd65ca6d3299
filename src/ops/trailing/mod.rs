//! Statistics of the last bars of a row that no merging of partial results gives: means whose period
//! changes from bar to bar, ranks and quantiles.
//!
//! On GPUs every bar has its unit and reads its whole window; quantiles read it 32 times at most.
//! None has a gradient: they make features, which are constants.

pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
#[allow(
    clippy::inline_always,
    reason = "a step belongs into its caller's loop"
)]
mod sorted;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::backend::{KernelOps, check_type};

pub use sorted::Sorted;

/// The mean of the last `period_t` bars minus the newest of them, `period_t` being `periods` at that
/// bar without its fraction.
///
/// # Shapes and units
/// - `x`: `[N, T]`, float32
/// - `periods`: `[N, T]`, bars, 1 or more
/// - returns: `[N, T]`, the unit of `x`: `x` plus it is the mean
/// # Edge cases
/// NaN where the period is NaN or below 1, reaches before the row's first bar, or the window holds a
/// NaN.
/// # Precision
/// Sums of differences from the newest value, so that the level costs nothing: float32 on GPUs,
/// float64 on the CPU.
/// # Panics
/// If shapes differ or an input is tracked by autodiff.
pub fn gap_to_mean(x: Tensor<2>, periods: Tensor<2>) -> Tensor<2> {
    assert_eq!(x.dims(), periods.dims(), "gap_to_mean: shapes differ");
    check_type("gap_to_mean", &x);
    check_type("gap_to_mean", &periods);
    if x.shape().num_elements() == 0 {
        return x;
    }
    Tensor::from_dispatch(Dispatch::gap_to_mean(
        x.into_dispatch(),
        periods.into_dispatch(),
    ))
}

/// How many of the `period` bars before a bar are less than it.
///
/// # Shapes and units
/// - `x`: `[N, T]`, float32
/// - returns: `[N, T]`, bars, 0 to `period`
/// # Warm-up
/// Bars `0..period` are NaN.
/// # Edge cases
/// A window, the bar itself included, that holds a NaN gives NaN.
/// # Panics
/// If `period` is 0 or `x` is tracked by autodiff.
pub fn count_less(x: Tensor<2>, period: usize) -> Tensor<2> {
    check_type("count_less", &x);
    assert!(period > 0, "count_less: period 0");
    if x.shape().num_elements() == 0 {
        return x;
    }
    Tensor::from_dispatch(Dispatch::count_less(x.into_dispatch(), period))
}

/// The value of `rank` 1 (the least) to `period` (the greatest) among the last `period` bars.
///
/// # Shapes and units
/// - `x`: `[N, T]`, float32
/// - returns: `[N, T]`, one of the window's values, exactly
/// # Warm-up
/// Bars `0..period - 1` are NaN.
/// # Edge cases
/// A window that holds a NaN gives NaN.
/// # Panics
/// If `rank` is not in `1..=period` or `x` is tracked by autodiff.
pub fn value_of_rank(x: Tensor<2>, period: usize, rank: usize) -> Tensor<2> {
    check_type("value_of_rank", &x);
    assert!(
        (1..=period).contains(&rank),
        "value_of_rank: rank {rank} of {period}"
    );
    if x.shape().num_elements() == 0 {
        return x;
    }
    Tensor::from_dispatch(Dispatch::value_of_rank(x.into_dispatch(), period, rank))
}
