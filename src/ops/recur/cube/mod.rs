//! The kernels: one unit per row. A launch takes [`PIECE`] bars and leaves its state for the next,
//! because software drivers stop a loop after 65,535 rounds.

#[allow(
    clippy::too_many_lines,
    reason = "a state of 22 numbers, each by its name"
)]
mod cycle;
mod math;
mod phase;
#[allow(clippy::float_cmp, reason = "levels that are equal are reached")]
#[allow(
    clippy::too_many_lines,
    reason = "one bar of a stop, read from top to bottom"
)]
mod stop;

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

pub(in crate::ops) use cycle::cycle;
pub(in crate::ops) use phase::phase;
pub(in crate::ops) use stop::{parabolic, trailing_band};

/// Bars of a launch.
const PIECE: usize = 32_768;

/// A new tensor where `like` is.
fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_dtype(client, device, Shape::new(shape), DType::F32)
}

/// `launch(first, last)` of every piece of `bars` bars.
fn pieces(bars: usize, mut launch: impl FnMut(usize, usize)) {
    for first in (0..bars).step_by(PIECE) {
        launch(first, (first + PIECE).min(bars));
    }
}

fn dims(x: &CubeTensor) -> [usize; 2] {
    let shape = x.shape();
    [shape[0], shape[1]]
}
