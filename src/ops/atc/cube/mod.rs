//! The kernel: one cube a series, one unit an average, all stages in one launch.
//!
//! A block of bars goes through four steps that meet in shared memory: every unit its average's
//! crossings and first-layer equity; the families' signals; the second layer; the votes. Nothing else
//! is written. Averages over windows are sums of weights times distances from the newest price, so
//! that float32 rounds the distance and not the price; equities are pairs of float32.
//!
//! A launch takes a few hundred bars and leaves its state for the next, because software drivers stop a
//! loop after 65,535 rounds.

#[allow(
    clippy::float_cmp,
    reason = "ages are whole numbers, and a tie is one exactly"
)]
#[allow(
    clippy::too_many_lines,
    reason = "one bar of an average, read from top to bottom"
)]
mod kernel;
mod table;

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::{CubeCount, CubeDim};

use super::backend::PLANES;
use super::recipe::{AdaptiveStart, DoubleStart, Idle, Recipe};
use crate::ops::compensated::NAN_BITS;

pub(super) use table::table;

/// Rounds of loops that one launch makes at most.
const ROUNDS: usize = 40_000;

/// Cubes of one row of the grid; some drivers refuse more than 65,535.
const SIDE: usize = 32_768;

/// `tensors`: prices `[N, T]`, the recipe's table and growth, ends `[N]`.
pub(super) fn classify(tensors: [CubeTensor; 4], recipe: &Recipe, kept: usize) -> CubeTensor {
    let [prices, table, growth, ends] = tensors.map(into_contiguous);
    let shape = prices.shape();
    let [rows, bars] = [shape[0], shape[1]];
    let width = table.shape()[1];
    let empty = |shape| {
        let (client, device) = (prices.client.clone(), prices.device.clone());
        empty_device_dtype(client, device, shape, DType::F32)
    };
    let y = empty(Shape::new([PLANES, rows, kept]));
    let states = empty(Shape::new([rows, kernel::UNITS * kernel::FIELDS]));
    let piece = (ROUNDS / (width + 16)).max(1) * kernel::BLOCK;
    let piece = (piece / kernel::BLOCK).max(kernel::BLOCK) / kernel::BLOCK * kernel::BLOCK;
    let height = rows.div_ceil(SIDE);
    let count = CubeCount::Static(rows.min(SIDE) as u32, height as u32, 1);
    for first in (0..bars).step_by(piece) {
        kernel::classify::launch(
            &prices.client,
            count.clone(),
            CubeDim::new_1d(kernel::UNITS as u32),
            prices.clone().into_tensor_arg(),
            table.clone().into_tensor_arg(),
            growth.clone().into_tensor_arg(),
            ends.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            y.clone().into_tensor_arg(),
            rules(recipe),
            rows,
            bars,
            kept,
            width,
            first,
            (first + piece).min(bars),
            NAN_BITS,
            0,
            first > 0,
        );
    }
    y
}

fn rules(recipe: &Recipe) -> kernel::RulesLaunch {
    let keep = 1.0 - recipe.decay;
    let keep_high = keep as f32;
    let [above, below] = hundredths(recipe.cut);
    kernel::RulesLaunch::new(
        keep_high,
        (keep - f64::from(keep_high)) as f32,
        recipe.cutout,
        recipe.long as f32,
        recipe.short as f32,
        above,
        below,
        u32::from(recipe.idle == Idle::Repeat),
        u32::from(recipe.double_start == DoubleStart::Mean),
        u32::from(recipe.adaptive_start == AdaptiveStart::Zero),
    )
}

/// The least whole number of hundredths above the first threshold, the greatest below the second: a
/// signal is compared as the whole number that it is.
fn hundredths([above, below]: [f64; 2]) -> [f32; 2] {
    let mut least = (100.0 * above).floor() - 1.0;
    while least / 100.0 <= above {
        least += 1.0;
    }
    let mut most = (100.0 * below).ceil() + 1.0;
    while most / 100.0 >= below {
        most -= 1.0;
    }
    [least as f32, most as f32]
}
