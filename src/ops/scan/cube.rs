//! The kernels. A row is cut into chunks: each chunk's composite, then the state
//! at the start of each chunk, then the bars of each chunk from that state. Few rows still fill a
//! GPU; short rows take the last step alone.

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

pub(in crate::ops) fn linear_scan(a: CubeTensor, b: CubeTensor) -> CubeTensor {
    let (a, b) = (into_contiguous(a), into_contiguous(b));
    let shape = b.shape();
    let [rows, bars] = [shape[0], shape[1]];
    let chunk = CHUNK.max(bars.div_ceil(MOST_CHUNKS));
    let chunks = bars.div_ceil(chunk);
    let empty = |shape| empty_device_dtype(b.client.clone(), b.device.clone(), shape, DType::F32);
    let y = empty(shape);
    let states = empty(Shape::new([rows * chunks, kernel::FIELDS]));
    let (count, dim) = grid(rows * chunks);
    if chunks > 1 {
        kernel::composites::launch(
            &y.client,
            count.clone(),
            dim,
            a.clone().into_tensor_arg(),
            b.clone().into_tensor_arg(),
            states.clone().into_tensor_arg(),
            bars,
            chunk,
            0,
        );
        let (rows_count, rows_dim) = grid(rows);
        kernel::starts::launch(
            &y.client,
            rows_count,
            rows_dim,
            states.clone().into_tensor_arg(),
            rows,
            chunks,
            0,
        );
    }
    kernel::replay::launch(
        &y.client,
        count,
        dim,
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        states.into_tensor_arg(),
        y.clone().into_tensor_arg(),
        rows * chunks,
        bars,
        chunk,
        0,
        chunks > 1,
    );
    y
}

mod kernel {
    use cubecl::prelude::*;

    use crate::ops::compensated::{Pair, add, is_zero, multiply, opaque, pair, product_error};

    /// Of a chunk: factor (high, low), state (high, low), restarted. After `starts` the first two
    /// hold the state before the chunk.
    pub(super) const FIELDS: usize = 5;

    /// The state after a bar.
    #[cube]
    fn step(high: f32, low: f32, a: f32, b: f32, zero: u32) -> Pair {
        let product = multiply(high, low, a, zero);
        let sum = add(product.high, product.low, b, zero);
        let restart = is_zero(a);
        Pair {
            high: select(restart, b, sum.high),
            low: select(restart, 0.0f32, sum.low),
        }
    }

    #[cube(launch)]
    pub(super) fn composites(
        a: &Tensor<f32>,
        b: &Tensor<f32>,
        states: &mut Tensor<f32>,
        bars: usize,
        chunk: usize,
        zero: u32,
    ) {
        let unit = ABSOLUTE_POS;
        if unit >= states.len() / 5 {
            terminate!();
        }
        let chunks = bars.div_ceil(chunk);
        let row = unit / chunks;
        let first = (unit % chunks) * chunk;
        let mut last = first + chunk;
        if last > bars {
            last = bars;
        }
        let mut factor_high = 1.0f32;
        let mut factor_low = 0.0f32;
        let mut high = 0.0f32;
        let mut low = 0.0f32;
        let mut restarted = 0.0f32;
        for t in first..last {
            let a_t = a[row * bars + t];
            let state = step(high, low, a_t, b[row * bars + t], zero);
            high = state.high;
            low = state.low;
            if is_zero(a_t) {
                restarted = 1.0f32;
            }
            let factor = multiply(factor_high, factor_low, a_t, zero);
            factor_high = factor.high;
            factor_low = factor.low;
        }
        states[unit * 5] = factor_high;
        states[unit * 5 + 1] = factor_low;
        states[unit * 5 + 2] = high;
        states[unit * 5 + 3] = low;
        states[unit * 5 + 4] = restarted;
    }

    #[cube(launch)]
    pub(super) fn starts(states: &mut Tensor<f32>, rows: usize, chunks: usize, zero: u32) {
        let row = ABSOLUTE_POS;
        if row >= rows {
            terminate!();
        }
        let mut high = 0.0f32;
        let mut low = 0.0f32;
        for c in 0..chunks {
            let at = (row * chunks + c) * 5;
            let factor_high = states[at];
            let factor_low = states[at + 1];
            let chunk_high = states[at + 2];
            let chunk_low = states[at + 3];
            let restarted = states[at + 4];
            states[at] = high;
            states[at + 1] = low;
            if restarted > 0.5f32 {
                high = chunk_high;
                low = chunk_low;
            } else {
                let product = opaque(factor_high * high, zero);
                let error = product_error(factor_high, high, product, zero);
                let carried = pair(product, error + factor_high * low + factor_low * high, zero);
                let sum = add(carried.high, carried.low, chunk_high, zero);
                let state = pair(sum.high, sum.low + chunk_low, zero);
                high = state.high;
                low = state.low;
            }
        }
    }

    #[cube(launch)]
    pub(super) fn replay(
        a: &Tensor<f32>,
        b: &Tensor<f32>,
        states: &Tensor<f32>,
        y: &mut Tensor<f32>,
        units: usize,
        bars: usize,
        chunk: usize,
        zero: u32,
        #[comptime] carried: bool,
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
        let mut high = 0.0f32;
        let mut low = 0.0f32;
        if comptime!(carried) {
            high = states[unit * 5];
            low = states[unit * 5 + 1];
        }
        for t in first..last {
            let state = step(high, low, a[row * bars + t], b[row * bars + t], zero);
            high = state.high;
            low = state.low;
            y[row * bars + t] = high;
        }
    }
}
