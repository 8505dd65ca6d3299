//! The matrix products of a tile alone, for the benchmark.
#![allow(
    unsafe_code,
    reason = "calls of the kernel with pointers into slices whose lengths are asserted here"
)]
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is unsafe as a whole: it needs the processor's instructions"
)]

use super::kernel::{self, MAX_BLOCK, Product};
use super::layout::Layout;
use super::run::Aligned;
use super::vector::Vector;

/// A product of `rows` rows of `inner` numbers with `width` columns of the weights, thrown away.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn walk<V: Vector>(
    a: &[f32],
    weights: &[f32],
    block: &mut [f32],
    [rows, inner, width]: [usize; 3],
) {
    let lanes = V::LANES;
    assert!(a.len() >= rows * inner && weights.len() >= inner * width && block.len() >= MAX_BLOCK);
    for column in (0..width).step_by(4 * lanes) {
        let wide = (4 * lanes).min(width - column);
        for index in 0..rows.div_ceil(V::ROWS) {
            let (row, num) = kernel::block_of(rows, V::ROWS, index);
            // SAFETY: asserted above.
            unsafe {
                kernel::product::<V>(
                    num,
                    wide / lanes,
                    Product {
                        depth: inner,
                        a: a[row * inner..].as_ptr(),
                        a_row: inner,
                        a_column: 1,
                        b: weights[column * inner..].as_ptr(),
                        b_row: wide,
                        out: block.as_mut_ptr(),
                        out_row: wide,
                        add: false,
                    },
                );
            }
        }
    }
}

/// The products of one tile's forward and backward alone, on whatever the buffers hold: what the
/// gate maths, the copies and the traffic of saved activations are compared with.
pub(super) struct Products {
    pub(super) layout: Layout,
    pub(super) rows: usize,
    pub(super) backward: bool,
    pub(super) x_gradient: bool,
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn products<V: Vector>(tile: Products) {
    let Products { layout, rows, .. } = tile;
    let (depth, padded, columns, lanes) =
        (layout.depth(), layout.padded(), layout.columns(), V::LANES);
    let widest = padded.max(layout.padded_features()).max(depth);
    let ring = layout.ring_steps();
    let inputs = Aligned::zeros(ring * rows * depth);
    let gates = Aligned::zeros(ring * rows * columns);
    let weights = Aligned::zeros(columns * widest);
    let mut sums = Aligned::zeros(depth * columns);
    let mut block = Aligned::zeros(MAX_BLOCK);
    for t in 0..layout.shape.length {
        if !tile.backward {
            walk::<V>(&inputs, &weights, &mut block, [rows, depth, columns]);
            continue;
        }
        let slot = t % ring;
        let now = &gates[slot * rows * columns..][..rows * columns];
        walk::<V>(now, &weights, &mut block, [rows, columns, padded]);
        if tile.x_gradient {
            let width = layout.padded_features();
            walk::<V>(now, &weights, &mut block, [rows, columns, width]);
        }
        if slot == ring - 1 || t + 1 == layout.shape.length {
            for column in (0..columns).step_by(4 * lanes) {
                for index in 0..depth.div_ceil(V::ROWS) {
                    let (row, num) = kernel::block_of(depth, V::ROWS, index);
                    // SAFETY: as in `backward`.
                    unsafe {
                        kernel::product::<V>(
                            num,
                            4,
                            Product {
                                depth: (slot + 1) * rows,
                                a: inputs[row..].as_ptr(),
                                a_row: 1,
                                a_column: depth,
                                b: gates[column..].as_ptr(),
                                b_row: columns,
                                out: sums[row * columns + column..].as_mut_ptr(),
                                out_row: columns,
                                add: true,
                            },
                        );
                    }
                }
            }
        }
    }
    std::hint::black_box(&sums);
    std::hint::black_box(&block);
}
