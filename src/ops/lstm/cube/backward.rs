//! The kernel that walks the whole sequence backward: a cube owns rows of the batch, keeps the
//! gradients of the gates in shared memory and those of h and c in registers, and meets no other cube.

use cubecl::prelude::*;

use super::gates::{self, Cell};
use super::plan::Tile;
use super::tile::{keep, multiply, total};

/// Steps `first..last` backward, from the last.
///
/// - `saved`, and the gradient of `out`: as in [`super::forward::forward`]
/// - `weights`: `[4H, H]`, as they are
/// - `dh`, `dc`: `[B, H]`, the gradients of the state after the last step (not read where the
///   sequence ends), then before the first
/// - `slopes`: `[B, L, 4H]`, the gradients of the pre-activations
#[cube(launch, address_type = "dynamic")]
pub(super) fn backward(
    saved: &Tensor<f32>,
    gradient: &Tensor<f32>,
    weights: &Tensor<f32>,
    c0: &Tensor<f32>,
    dh: &mut Tensor<f32>,
    dc: &mut Tensor<f32>,
    slopes: &mut Tensor<f32>,
    batch: usize,
    length: usize,
    first: usize,
    last: usize,
    gradient_stride: usize,
    every: u32,
    packed: u32,
    #[comptime] tile: Tile,
) {
    let unit = UNIT_POS as usize;
    let units = comptime!(tile.units);
    let rows = comptime!(tile.rows);
    let hidden = comptime!(tile.hidden);
    let elements = comptime!((tile.rows * tile.hidden).div_ceil(tile.units));
    let first_row = CUBE_POS * rows;

    let mut inputs =
        Shared::<[f32]>::new_aligned_slice(comptime!(tile.groups * 4 * tile.rows), 16usize);
    let mut partial =
        Shared::<[f32]>::new_slice(comptime!(tile.slices * tile.width * (tile.rows + 1)));
    let mut kept = Shared::<[f32]>::new_slice(comptime!((tile.kept * 4 * tile.width).max(1)));
    keep(weights, &mut kept, tile);

    let mut dh_later = Array::<f32>::new(elements);
    let mut dc_later = Array::<f32>::new(elements);
    // i, f, g, o, c, the c before, and the gradient from above.
    let mut given = Array::<f32>::new(comptime!(elements * 7));
    #[unroll]
    for element in 0..elements {
        let index = element * units + unit;
        let b = first_row + index / hidden;
        let at = b * hidden + index % hidden;
        dh_later[element] = 0.0f32;
        dc_later[element] = 0.0f32;
        given[element * 7 + 5] = 0.0f32;
        if index < rows * hidden && b < batch {
            given[element * 7 + 5] =
                saved[(b * length + last - 1) * 6 * hidden + 4 * hidden + index % hidden];
            if last < length {
                dh_later[element] = dh[at];
                dc_later[element] = dc[at];
            } else if packed == 1u32 {
                dc_later[element] =
                    gradient[b * gradient_stride + length * hidden + index % hidden];
            }
        }
    }
    fetch(
        saved,
        gradient,
        c0,
        &mut given,
        first_row,
        batch,
        length,
        last - 1,
        gradient_stride,
        every,
        tile,
    );
    sync_cube();

    for step in 0..last - first {
        let t = last - 1 - step;
        #[unroll]
        for element in 0..elements {
            let index = element * units + unit;
            if index < rows * hidden {
                let row = index / hidden;
                let h_unit = index % hidden;
                let at = element * 7;
                let cell = Cell {
                    i: given[at],
                    f: given[at + 1],
                    g: given[at + 2],
                    o: given[at + 3],
                    c: given[at + 4],
                    h: 0.0f32,
                };
                let change = gates::backward(
                    &cell,
                    given[at + 5],
                    dh_later[element] + given[at + 6],
                    dc_later[element],
                );
                dc_later[element] = change.c;
                let place = h_unit * rows + row;
                inputs[place] = change.i;
                inputs[place + hidden * rows] = change.f;
                inputs[place + 2 * hidden * rows] = change.g;
                inputs[place + 3 * hidden * rows] = change.o;
                let b = first_row + row;
                if b < batch {
                    let at = (b * length + t) * 4 * hidden + h_unit;
                    slopes[at] = change.i;
                    slopes[at + hidden] = change.f;
                    slopes[at + 2 * hidden] = change.g;
                    slopes[at + 3 * hidden] = change.o;
                }
            }
        }
        sync_cube();
        // On their way while the product runs.
        if t > first {
            fetch(
                saved,
                gradient,
                c0,
                &mut given,
                first_row,
                batch,
                length,
                t - 1,
                gradient_stride,
                every,
                tile,
            );
        }
        multiply(&inputs, &kept, weights, &mut partial, tile);
        sync_cube();
        #[unroll]
        for element in 0..elements {
            let index = element * units + unit;
            if index < rows * hidden {
                dh_later[element] = total(&partial, index % hidden, index / hidden, tile);
            }
        }
    }

    #[unroll]
    for element in 0..elements {
        let index = element * units + unit;
        let b = first_row + index / hidden;
        if index < rows * hidden && b < batch {
            dh[b * hidden + index % hidden] = dh_later[element];
            dc[b * hidden + index % hidden] = dc_later[element];
        }
    }
}

/// What the backward step `t` reads; the c of the step is the c before the one after it.
#[cube]
fn fetch(
    saved: &Tensor<f32>,
    gradient: &Tensor<f32>,
    c0: &Tensor<f32>,
    given: &mut Array<f32>,
    first_row: usize,
    batch: usize,
    length: usize,
    t: usize,
    gradient_stride: usize,
    every: u32,
    #[comptime] tile: Tile,
) {
    let hidden = comptime!(tile.hidden);
    #[unroll]
    for element in 0..comptime!((tile.rows * tile.hidden).div_ceil(tile.units)) {
        let index = element * comptime!(tile.units) + UNIT_POS as usize;
        let b = first_row + index / hidden;
        let h_unit = index % hidden;
        let into = element * 7;
        given[into + 4] = given[into + 5];
        #[unroll]
        for gate in 0..4usize {
            given[into + gate] = 0.0f32;
        }
        given[into + 5] = 0.0f32;
        given[into + 6] = 0.0f32;
        if index < comptime!(tile.rows * tile.hidden) && b < batch {
            let at = (b * length + t) * 6 * hidden + h_unit;
            #[unroll]
            for gate in 0..4usize {
                given[into + gate] = saved[at + gate * hidden];
            }
            if t > 0 {
                given[into + 5] = saved[at - 2 * hidden];
            } else {
                given[into + 5] = c0[b * hidden + h_unit];
            }
            if every == 1u32 {
                given[into + 6] = gradient[b * gradient_stride + t * hidden + h_unit];
            } else if t + 1 == length {
                given[into + 6] = gradient[b * gradient_stride + h_unit];
            }
        }
    }
}
