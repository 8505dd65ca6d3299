//! Windows of resident series as a batch: a block stays on the device and a batch is a list of
//! places in it.

pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
mod portable;
pub mod reference;

use burn::backend::Dispatch;
use burn::tensor::{DType, Int, Tensor};

use super::backend::{KernelOps, check_type};

pub use portable::portable;

/// The windows of `block` that start at `places`, as a batch.
///
/// ```text
/// batch[i, l, f] = block[row_i, start_i + l, f]    for l in 0..length
/// ```
/// # Shapes and units
/// - `block`: `[N, T, F]`, float32
/// - `places`: `[B, 2]`, (row, start) with `row < N` and `start + length <= T`
/// - returns: `[B, L, F]` with L = `length`
/// # Edge cases
/// A place outside the block is a programmer's error that a device cannot report without a
/// read-back: row and start are clamped to the nearest legal value, on every backend alike.
/// # Gradient
/// None: features are constants. On an autodiff device the result is untracked.
/// # Panics
/// If `places` is not `[B, 2]`, if `length` is 0 or exceeds T, if a non-empty batch asks for rows of
/// an empty block, or if `block` is tracked by autodiff.
/// # Source
/// Oracle: [`reference::windows`].
pub fn windows(block: Tensor<3>, places: Tensor<2, Int>, length: usize) -> Tensor<3> {
    check(block.dims(), places.dims(), length);
    check_type("windows", &block);
    let [_, _, features] = block.dims();
    let [num_windows, _] = places.dims();
    if num_windows * features == 0 {
        return Tensor::zeros([num_windows, length, features], &block.device());
    }
    let places = places.cast(DType::I32);
    let (block, places) = (block.into_dispatch(), places.into_dispatch());
    Tensor::from_dispatch(Dispatch::windows(block, places, length))
}

fn check([rows, bars, features]: [usize; 3], places: [usize; 2], length: usize) {
    assert_eq!(
        places[1], 2,
        "windows: places must be [B, 2], got {places:?}"
    );
    assert!(
        (1..=bars).contains(&length),
        "windows: a window of {length} bars in a block of {bars}"
    );
    assert!(
        rows * features > 0 || places[0] == 0,
        "windows: {} windows of an empty block [{rows}, {bars}, {features}]",
        places[0]
    );
}
