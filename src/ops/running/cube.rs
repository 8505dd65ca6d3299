//! The kernels, as those of the linear recurrence: each chunk's greatest since its last restart,
//! then the value before each chunk, then the bars of each chunk from that value.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::backend::grid;

/// Bars of a chunk, unless that makes more than [`MOST_CHUNKS`].
const CHUNK: usize = 256;

/// One unit walks over a row's chunks, and software drivers stop a loop after 65,535 rounds.
const MOST_CHUNKS: usize = 16_384;

pub(in crate::ops) fn max(x: CubeTensor, keep: CubeTensor) -> CubeTensor {
    let (x, keep) = (into_contiguous(x), into_contiguous(keep));
    let shape = x.shape();
    let [rows, bars] = [shape[0], shape[1]];
    let chunk = CHUNK.max(bars.div_ceil(MOST_CHUNKS));
    let chunks = bars.div_ceil(chunk);
    let empty = |shape| empty_device_dtype(x.client.clone(), x.device.clone(), shape, DType::F32);
    let y = empty(shape);
    let states = empty(Shape::new([rows * chunks, kernel::FIELDS]));
    let (count, dim) = grid(rows * chunks);
    if chunks > 1 {
        kernel::composites::launch(
            &y.client,
            count.clone(),
            dim,
            x.clone().into_tensor_arg(),
            keep.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            bars,
            chunk,
        );
        let (rows_count, rows_dim) = grid(rows);
        kernel::starts::launch(
            &y.client,
            rows_count,
            rows_dim,
            states.clone().into_tensor_arg(),
            rows,
            chunks,
        );
    }
    kernel::replay::launch(
        &y.client,
        count,
        dim,
        x.into_tensor_arg(),
        keep.into_tensor_arg(),
        states.into_tensor_arg(),
        y.clone().into_tensor_arg(),
        rows * chunks,
        bars,
        chunk,
    );
    y
}

mod kernel {
    use cubecl::prelude::*;

    use crate::ops::compensated::{is_nan, is_zero};

    /// Of a chunk: the greatest, and whether it restarted. After `starts` the first holds the value
    /// before the chunk.
    pub(super) const FIELDS: usize = 2;

    /// Whether `x` takes the place of `most`; a NaN does, and keeps it.
    #[cube]
    fn takes(most: f32, x: f32) -> bool {
        is_nan(x) || (!is_nan(most) && x > most)
    }

    #[cube(launch)]
    pub(super) fn composites(
        x: &Tensor<f32>,
        keep: &Tensor<f32>,
        states: &mut Tensor<f32>,
        bars: usize,
        chunk: usize,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= states.len() / 2 {
            terminate!();
        }
        let chunks = bars.div_ceil(chunk);
        let row = unit / chunks;
        let first = (unit % chunks) * chunk;
        let mut last = first + chunk;
        if last > bars {
            last = bars;
        }
        let mut most = x[row * bars + first];
        let mut restarted = 0.0f32;
        for t in first..last {
            let value = x[row * bars + t];
            let restart = is_zero(keep[row * bars + t]);
            if restart {
                restarted = 1.0f32;
            }
            if restart || takes(most, value) {
                most = value;
            }
        }
        states[unit * 2] = most;
        states[unit * 2 + 1] = restarted;
    }

    #[cube(launch)]
    pub(super) fn starts(states: &mut Tensor<f32>, rows: usize, chunks: usize) {
        let row = ABSOLUTE_POS;
        if row >= rows {
            terminate!();
        }
        // Bar 0 does not read what comes before it.
        let mut before = states[row * chunks * 2];
        for c in 0..chunks {
            let at = (row * chunks + c) * 2;
            let most = states[at];
            let restarted = states[at + 1];
            states[at] = before;
            if restarted > 0.5f32 || c == 0 || takes(before, most) {
                before = most;
            }
        }
    }

    #[cube(launch)]
    pub(super) fn replay(
        x: &Tensor<f32>,
        keep: &Tensor<f32>,
        states: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        chunk: usize,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= units {
            terminate!();
        }
        let chunks = bars.div_ceil(chunk);
        let row = unit / chunks;
        let first = (unit % chunks) * chunk;
        let mut last = first + chunk;
        if last > bars {
            last = bars;
        }
        let mut most = x[row * bars + first];
        if first > 0 {
            most = states[unit * 2];
        }
        for t in first..last {
            let value = x[row * bars + t];
            if is_zero(keep[row * bars + t]) || takes(most, value) {
                most = value;
            }
            y[row * bars + t] = most;
        }
    }
}
