//! The kernel that walks the whole sequence: a cube owns rows of the batch, keeps h in shared
//! memory and c in registers, and meets no other cube.

use cubecl::prelude::*;

use super::gates;
use super::plan::Tile;
use super::tile::{keep, multiply, total};

/// Steps `first..last` forward.
///
/// - `input`: `[B, L, 4H]` products of x, or x `[B, L, F]`
/// - `weights`: `[F + H, 4H]` or `[H, 4H]`, the depth rounded up with zeros
/// - `carry`: the bias `[4H]`, h and c `[B, H]` before the first step, then after the last
/// - `saved`: `[B, L, 6H]`, i, f, g, o, c of every step and the h before it, if `save` is 1
/// - `out`: every h if `every` is 1, else the last; behind them the last c if `packed` is 1
#[cube(launch, address_type = "dynamic")]
pub(super) fn forward(
    input: &Tensor<f32>,
    weights: &Tensor<f32>,
    carry: &mut Tensor<f32>,
    saved: &mut Tensor<f32>,
    out: &mut Tensor<f32>,
    batch: usize,
    length: usize,
    first: usize,
    last: usize,
    out_stride: usize,
    every: u32,
    packed: u32,
    save: u32,
    #[comptime] tile: Tile,
) {
    let unit = UNIT_POS as usize;
    let units = comptime!(tile.units);
    let rows = comptime!(tile.rows);
    let hidden = comptime!(tile.hidden);
    let features = comptime!(tile.features);
    let elements = comptime!((tile.rows * tile.hidden).div_ceil(tile.units));
    let first_row = CUBE_POS * rows;
    let depth = comptime!(tile.groups * 4);
    let known = comptime!(tile.features + tile.hidden);

    let mut inputs =
        Shared::<[f32]>::new_aligned_slice(comptime!(tile.groups * 4 * tile.rows), 16usize);
    let mut partial =
        Shared::<[f32]>::new_slice(comptime!(tile.slices * tile.width * (tile.rows + 1)));
    let mut bias = Shared::<[f32]>::new_slice(comptime!(4 * tile.hidden));
    let mut kept = Shared::<[f32]>::new_slice(comptime!((tile.kept * 4 * tile.width).max(1)));
    keep(weights, &mut kept, tile);

    #[unroll]
    for round in 0..comptime!((4 * tile.hidden).div_ceil(tile.units)) {
        let index = round * units + unit;
        if index < comptime!(4 * tile.hidden) {
            bias[index] = carry[index];
        }
    }
    #[unroll]
    for round in 0..comptime!(
        ((tile.groups * 4 - tile.features - tile.hidden) * tile.rows).div_ceil(tile.units)
    ) {
        let index = known * rows + round * units + unit;
        if index < depth * rows {
            inputs[index] = 0.0f32;
        }
    }
    let next_size = comptime!((tile.rows * tile.features).div_ceil(tile.units));
    let mut next = Array::<f32>::new(comptime!(next_size.max(1)));
    if comptime!(tile.features > 0) {
        load(input, &mut next, first_row, batch, length, first, tile);
        store(&mut inputs, &next, tile);
    }
    let mut cells = Array::<f32>::new(elements);
    #[unroll]
    for element in 0..elements {
        let index = element * units + unit;
        cells[element] = 0.0f32;
        if index < rows * hidden {
            let row = index / hidden;
            let h_unit = index % hidden;
            let at = (first_row + row) * hidden + h_unit;
            let mut h = 0.0f32;
            if first_row + row < batch {
                h = carry[4 * hidden + at];
                cells[element] = carry[4 * hidden + batch * hidden + at];
                if save == 1u32 && first == 0 {
                    saved[(first_row + row) * length * 6 * hidden + 5 * hidden + h_unit] = h;
                }
            }
            inputs[(features + h_unit) * rows + row] = h;
        }
    }
    sync_cube();

    let mut given = Array::<f32>::new(comptime!(elements * 4));
    for t in first..last {
        // On their way while the product runs.
        if comptime!(tile.features == 0) {
            #[unroll]
            for element in 0..elements {
                let index = element * units + unit;
                let row = index / hidden;
                let live = index < rows * hidden && first_row + row < batch;
                #[unroll]
                for gate in 0..4usize {
                    given[element * 4 + gate] = 0.0f32;
                    if live {
                        given[element * 4 + gate] =
                            input[((first_row + row) * length + t) * 4 * hidden
                                + gate * hidden
                                + index % hidden];
                    }
                }
            }
        } else {
            load(input, &mut next, first_row, batch, length, t + 1, tile);
        }
        multiply(&inputs, &kept, weights, &mut partial, tile);
        sync_cube();

        #[unroll]
        for element in 0..elements {
            let index = element * units + unit;
            if index < rows * hidden {
                let row = index / hidden;
                let h_unit = index % hidden;
                let mut sums = Array::<f32>::new(4usize);
                #[unroll]
                for gate in 0..4usize {
                    let column = gate * hidden + h_unit;
                    sums[gate] = total(&partial, column, row, tile) + bias[column];
                    if comptime!(tile.features == 0) {
                        sums[gate] += given[element * 4 + gate];
                    }
                }
                let cell = gates::forward(sums[0], sums[1], sums[2], sums[3], cells[element]);
                cells[element] = cell.c;
                inputs[(features + h_unit) * rows + row] = cell.h;
                let b = first_row + row;
                if b < batch {
                    if save == 1u32 {
                        let at = (b * length + t) * 6 * hidden + h_unit;
                        saved[at] = cell.i;
                        saved[at + hidden] = cell.f;
                        saved[at + 2 * hidden] = cell.g;
                        saved[at + 3 * hidden] = cell.o;
                        saved[at + 4 * hidden] = cell.c;
                        if t + 1 < length {
                            saved[at + 11 * hidden] = cell.h;
                        }
                    }
                    if every == 1u32 {
                        out[b * out_stride + t * hidden + h_unit] = cell.h;
                    }
                }
            }
        }
        if comptime!(tile.features > 0) {
            store(&mut inputs, &next, tile);
        }
        sync_cube();
    }

    #[unroll]
    for element in 0..elements {
        let index = element * units + unit;
        if index < rows * hidden {
            let row = index / hidden;
            let h_unit = index % hidden;
            let b = first_row + row;
            if b < batch {
                let h = inputs[(features + h_unit) * rows + row];
                let at = 4 * hidden + b * hidden + h_unit;
                carry[at] = h;
                carry[at + batch * hidden] = cells[element];
                if last == length {
                    if every == 0u32 {
                        out[b * out_stride + h_unit] = h;
                    }
                    if packed == 1u32 {
                        out[b * out_stride + length * hidden + h_unit] = cells[element];
                    }
                }
            }
        }
    }
}

/// Step `t` of x for the cube's rows, zeros beyond the batch and the sequence.
#[cube]
fn load(
    input: &Tensor<f32>,
    next: &mut Array<f32>,
    first_row: usize,
    batch: usize,
    length: usize,
    t: usize,
    #[comptime] tile: Tile,
) {
    let features = comptime!(tile.features);
    #[unroll]
    for round in 0..comptime!((tile.rows * tile.features).div_ceil(tile.units)) {
        let index = round * comptime!(tile.units) + UNIT_POS as usize;
        let b = first_row + index / features;
        next[round] = 0.0f32;
        if index < comptime!(tile.rows * tile.features) && b < batch && t < length {
            next[round] = input[(b * length + t) * features + index % features];
        }
    }
}

#[cube]
fn store(inputs: &mut Shared<[f32]>, next: &Array<f32>, #[comptime] tile: Tile) {
    let features = comptime!(tile.features);
    #[unroll]
    for round in 0..comptime!((tile.rows * tile.features).div_ceil(tile.units)) {
        let index = round * comptime!(tile.units) + UNIT_POS as usize;
        if index < comptime!(tile.rows * tile.features) {
            inputs[(index % features) * comptime!(tile.rows) + index / features] = next[round];
        }
    }
}
