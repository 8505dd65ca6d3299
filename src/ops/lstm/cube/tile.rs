//! The product of a step inside a persistent kernel.

use cubecl::prelude::*;

use super::plan::Tile;

/// The column of a unit's sum; surplus columns repeat the last.
#[cube]
pub(super) fn column(place: usize, index: usize, #[comptime] tile: Tile) -> usize {
    let across = comptime!(tile.across);
    let last = comptime!(tile.width - 1);
    let mut column = place + index * across;
    if column > last {
        column = last.runtime();
    }
    column
}

/// Copies the groups of weights that stay on chip.
#[cube]
pub(super) fn keep(weights: &Tensor<f32>, kept: &mut Shared<[f32]>, #[comptime] tile: Tile) {
    let count = comptime!(tile.kept * 4 * tile.width);
    let rounds = comptime!(count.div_ceil(tile.units));
    for round in 0..rounds {
        let index = round * comptime!(tile.units) + UNIT_POS as usize;
        if index < count {
            kept[index] = weights[index];
        }
    }
}

/// Leaves the sums over every slice of the depth in `partial`, `[slices, width, rows + 1]`.
///
/// `inputs` is `[depth, rows]`, so that the rows of one depth are read at once.
#[cube]
pub(super) fn multiply(
    inputs: &Shared<[f32]>,
    kept: &Shared<[f32]>,
    weights: &Tensor<f32>,
    partial: &mut Shared<[f32]>,
    #[comptime] tile: Tile,
) {
    let unit = UNIT_POS as usize;
    let place = unit % comptime!(tile.across);
    let slice = unit / comptime!(tile.across);
    let slices = comptime!(tile.slices);
    let rows = comptime!(tile.rows);
    let columns = comptime!(tile.columns);
    let width = comptime!(tile.width);

    let mut sums = Array::<f32>::new(comptime!(tile.rows * tile.columns));
    #[unroll]
    for index in 0..comptime!(tile.rows * tile.columns) {
        sums[index] = 0.0f32;
    }
    // Surplus units have nothing to do.
    if slice < slices {
        let middle = (comptime!(tile.kept + tile.slices - 1) - slice) / slices;
        let last = (comptime!(tile.groups + tile.slices - 1) - slice) / slices;
        if comptime!(tile.kept > 0) {
            for round in 0..middle {
                #[unroll]
                for step in 0..4usize {
                    let depth = (round * slices + slice) * 4 + step;
                    #[unroll]
                    for index in 0..columns {
                        let weight = kept[depth * width + column(place, index, tile)];
                        #[unroll]
                        for row in 0..rows {
                            sums[index * rows + row] += inputs[depth * rows + row] * weight;
                        }
                    }
                }
            }
        }
        if comptime!(tile.kept < tile.groups) {
            for round in middle..last {
                #[unroll]
                for step in 0..4usize {
                    let depth = (round * slices + slice) * 4 + step;
                    #[unroll]
                    for index in 0..columns {
                        let weight = weights[depth * width + column(place, index, tile)];
                        #[unroll]
                        for row in 0..rows {
                            sums[index * rows + row] += inputs[depth * rows + row] * weight;
                        }
                    }
                }
            }
        }
        #[unroll]
        for index in 0..columns {
            let wanted = place + index * comptime!(tile.across);
            if wanted < width {
                let at = (slice * width + wanted) * comptime!(tile.rows + 1);
                #[unroll]
                for row in 0..rows {
                    partial[at + row] = sums[index * rows + row];
                }
            }
        }
    }
}

/// The product's element: the sum over the slices.
#[cube]
pub(super) fn total(
    partial: &Shared<[f32]>,
    column: usize,
    row: usize,
    #[comptime] tile: Tile,
) -> f32 {
    let width = comptime!(tile.width);
    let stride = comptime!(tile.rows + 1);
    let mut sum = partial[column * stride + row];
    #[unroll]
    for slice in 1..comptime!(tile.slices) {
        sum += partial[(slice * width + column) * stride + row];
    }
    sum
}
