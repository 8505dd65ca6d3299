//! One tile of the batch through the whole sequence, forward and backward.
#![allow(
    unsafe_code,
    reason = "calls of the kernel with pointers into slices whose lengths are asserted here"
)]

use super::kernel::{self, MAX_BLOCK, Product};
use super::layout::Layout;
use super::run::Aligned;
use super::shared::Input;
use super::vector::Vector;
use super::{Output, Sequence, Shape};

/// What a tile of the forward reads and writes.
pub(super) struct Forward<'a> {
    pub(super) layout: Layout,
    /// First row of the tile in the batch.
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) input: Input<'a>,
    /// (h0, c0), or empty for zeros.
    pub(super) state: (&'a [f32], &'a [f32]),
    /// [`Layout::pack_forward`] of the bias, `W_ih` and `W_hh`, or of `W_hh` alone.
    pub(super) packed: &'a [f32],
    pub(super) output: Output,
    /// The tile's rows.
    pub(super) out: &'a mut [f32],
    /// The tile's part, or empty: save nothing.
    pub(super) saved: &'a mut [f32],
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn forward<V: Vector>(tile: Forward<'_>) {
    let Forward {
        layout,
        first,
        rows,
        ..
    } = tile;
    let Shape {
        length,
        features,
        hidden,
        ..
    } = layout.shape;
    let (padded, lanes) = (layout.padded(), V::LANES);
    let lead = tile.input.lead(features);
    let depth = lead + padded;
    assert_eq!(layout.lanes, lanes);
    assert_eq!(tile.packed.len(), depth * layout.columns());
    assert_eq!(tile.out.len(), rows * tile.output.row_len(layout.shape));
    let save = !tile.saved.is_empty();
    assert!(!save || tile.saved.len() == rows * layout.saved_per_row());

    // [1 | x_t | h_{t-1}], twice: a step reads one and writes its h into the other.
    let mut inputs = [Aligned::zeros(rows * depth), Aligned::zeros(rows * depth)];
    let mut cells = Aligned::zeros(rows * padded);
    for r in 0..rows {
        if !tile.state.0.is_empty() {
            let from = (first + r) * hidden..(first + r + 1) * hidden;
            inputs[0][r * depth + lead..][..hidden].copy_from_slice(&tile.state.0[from.clone()]);
            cells[r * padded..][..hidden].copy_from_slice(&tile.state.1[from]);
        }
        if lead > 0 {
            inputs[0][r * depth] = 1.0;
            inputs[1][r * depth] = 1.0;
        }
    }
    let num_blocks = rows.div_ceil(V::ROWS);
    let mut gates = Aligned::zeros(MAX_BLOCK);
    let step_len = rows * padded * Layout::SAVED;
    for t in 0..length {
        let [even, odd] = &mut inputs;
        let (now, next) = if t % 2 == 0 { (even, odd) } else { (odd, even) };
        if let Input::Sequence(x) = tile.input {
            for r in 0..rows {
                now[r * depth + 1..][..features].copy_from_slice(x.row(first + r, t, features));
            }
        }
        for panel in 0..layout.panels {
            let b = tile.packed[panel * depth * 4 * lanes..].as_ptr();
            for index in 0..num_blocks {
                let (row, num) = kernel::block_of(rows, V::ROWS, index);
                let saved = if save {
                    let at = t * step_len + (panel * rows + row) * Layout::SAVED * lanes;
                    tile.saved[at..].as_mut_ptr()
                } else {
                    std::ptr::null_mut()
                };
                let projected = if let Input::Projected(x) = tile.input {
                    for r in 0..num {
                        let gates = &mut gates[r * 4 * lanes..][..4 * lanes];
                        x.copy(first + row + r, t, panel * lanes, hidden, gates);
                    }
                    true
                } else {
                    false
                };
                // SAFETY: a panel of `packed` holds depth * 4 * lanes numbers; rows row..row + num
                // exist in `now`, `next` and `cells`; `gates` holds the largest block; `saved`
                // holds 6 vectors for each of the rows of this step's panel.
                unsafe {
                    kernel::product::<V>(
                        num,
                        4,
                        Product {
                            depth,
                            a: now[row * depth..].as_ptr(),
                            a_row: depth,
                            a_column: 1,
                            b,
                            b_row: 4 * lanes,
                            out: gates.as_mut_ptr(),
                            out_row: 4 * lanes,
                            add: projected,
                        },
                    );
                    kernel::step::<V>(
                        num,
                        gates.as_ptr(),
                        cells[row * padded + panel * lanes..].as_mut_ptr(),
                        padded,
                        next[row * depth + lead + panel * lanes..].as_mut_ptr(),
                        depth,
                        saved,
                    );
                }
            }
        }
        if let Some(at) = tile.output.place(layout.shape, t) {
            let row_len = tile.output.row_len(layout.shape);
            for r in 0..rows {
                tile.out[r * row_len + at..][..hidden]
                    .copy_from_slice(&next[r * depth + lead..][..hidden]);
            }
        }
    }
    if tile.output == Output::Packed {
        let row_len = tile.output.row_len(layout.shape);
        for r in 0..rows {
            tile.out[r * row_len + length * hidden..][..hidden]
                .copy_from_slice(&cells[r * padded..][..hidden]);
        }
    }
}

/// What a tile of the backward reads and writes.
pub(super) struct Backward<'a> {
    pub(super) layout: Layout,
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) x: Sequence<'a>,
    pub(super) state: (&'a [f32], &'a [f32]),
    /// [`Layout::pack_backward`] of `w_hh` and, if `x_gradient` is wanted, of `w_ih`.
    pub(super) packed_hh: &'a [f32],
    pub(super) packed_ih: &'a [f32],
    pub(super) output: Output,
    /// The tile's rows of the output's gradient.
    pub(super) gradient: &'a [f32],
    /// The tile's part.
    pub(super) saved: &'a [f32],
    /// The tile's rows `[rows, L, F]`, or empty.
    pub(super) x_gradient: &'a mut [f32],
    /// The tile's rows `[rows, H]`.
    pub(super) h0_gradient: &'a mut [f32],
    pub(super) c0_gradient: &'a mut [f32],
    /// The tile's own sum, `[depth, 4H padded]`, zeros at first.
    pub(super) weight_gradient: &'a mut [f32],
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn backward<V: Vector>(tile: Backward<'_>) {
    let Backward {
        layout,
        first,
        rows,
        ..
    } = tile;
    let Shape {
        length,
        features,
        hidden,
        ..
    } = layout.shape;
    let (depth, padded, columns, lanes) =
        (layout.depth(), layout.padded(), layout.columns(), V::LANES);
    let row_len = tile.output.row_len(layout.shape);
    assert_eq!(layout.lanes, lanes);
    assert_eq!(tile.gradient.len(), rows * row_len);
    assert_eq!(tile.saved.len(), rows * layout.saved_per_row());
    assert_eq!(tile.packed_hh.len(), columns * padded);
    assert_eq!(tile.weight_gradient.len(), depth * columns);

    let ring_steps = layout.ring_steps();
    let step_len = rows * padded * Layout::SAVED;
    let mut gates = Aligned::zeros(ring_steps * rows * columns); // gradients of the gates
    let mut inputs = Aligned::zeros(ring_steps * rows * depth); // [1 | x_t | h_{t-1}]
    let mut cells = Aligned::zeros(rows * padded); // gradient of c
    let mut incoming = Aligned::zeros(rows * padded); // gradient of h_t from the output
    let mut first_cells = Aligned::zeros(rows * padded); // c0
    let mut block = Aligned::zeros(MAX_BLOCK);
    for r in 0..rows {
        first_cells[r * padded..][..hidden]
            .copy_from_slice(&tile.state.1[(first + r) * hidden..][..hidden]);
        if tile.output == Output::Packed {
            cells[r * padded..][..hidden]
                .copy_from_slice(&tile.gradient[r * row_len + length * hidden..][..hidden]);
        }
    }
    let num_blocks = rows.div_ceil(V::ROWS);
    let vector_blocks = |width: usize| (0..width).step_by(4 * lanes);
    for t in (0..length).rev() {
        let done = length - 1 - t;
        let slot = done % ring_steps;
        let now = slot * rows * columns;
        let later = (done > 0).then(|| (done - 1) % ring_steps * rows * columns);

        if let Some(at) = tile.output.place(layout.shape, t) {
            for r in 0..rows {
                incoming[r * padded..][..hidden]
                    .copy_from_slice(&tile.gradient[r * row_len + at..][..hidden]);
            }
        } else if done > 0 {
            incoming.fill(0.0);
        }
        for column in vector_blocks(padded) {
            let width = (4 * lanes).min(padded - column);
            for index in 0..num_blocks {
                let (row, num) = kernel::block_of(rows, V::ROWS, index);
                for r in 0..num {
                    block[r * width..][..width]
                        .copy_from_slice(&incoming[(row + r) * padded + column..][..width]);
                }
                if let Some(later) = later {
                    // SAFETY: rows row..row + num of the later step's gate gradients, a block of
                    // `packed_hh` of `columns` rows and `width` columns, the largest block.
                    unsafe {
                        kernel::product::<V>(
                            num,
                            width / lanes,
                            Product {
                                depth: columns,
                                a: gates[later + row * columns..].as_ptr(),
                                a_row: columns,
                                a_column: 1,
                                b: tile.packed_hh[column * columns..].as_ptr(),
                                b_row: width,
                                out: block.as_mut_ptr(),
                                out_row: width,
                                add: true,
                            },
                        );
                    }
                }
                for panel in column / lanes..(column + width) / lanes {
                    for r in row..row + num {
                        let at = (panel * rows + r) * Layout::SAVED * lanes;
                        let previous_cell = if t > 0 {
                            &tile.saved[(t - 1) * step_len + at + 4 * lanes..][..lanes]
                        } else {
                            &first_cells[r * padded + panel * lanes..][..lanes]
                        };
                        let saved = &tile.saved[t * step_len + at..][..Layout::SAVED * lanes];
                        let cell = &mut cells[r * padded + panel * lanes..][..lanes];
                        let out = &mut gates[now + r * columns + panel * 4 * lanes..][..4 * lanes];
                        let dh = &block[(r - row) * width + panel * lanes - column..][..lanes];
                        // SAFETY: the slices hold 1, 6, 1, 1 and 4 vectors.
                        unsafe {
                            kernel::step_backward::<V>(
                                V::load(dh.as_ptr()),
                                saved.as_ptr(),
                                previous_cell.as_ptr(),
                                cell.as_mut_ptr(),
                                out.as_mut_ptr(),
                            );
                        }
                    }
                }
            }
        }
        for r in 0..rows {
            let input = &mut inputs[(slot * rows + r) * depth..][..depth];
            input[0] = 1.0;
            input[1..=features].copy_from_slice(tile.x.row(first + r, t, features));
            if t == 0 {
                input[1 + features..][..hidden]
                    .copy_from_slice(&tile.state.0[(first + r) * hidden..][..hidden]);
            } else {
                for panel in 0..layout.panels {
                    let at = (t - 1) * step_len + (panel * rows + r) * Layout::SAVED * lanes;
                    input[1 + features + panel * lanes..][..lanes]
                        .copy_from_slice(&tile.saved[at + 5 * lanes..][..lanes]);
                }
            }
        }
        if !tile.x_gradient.is_empty() {
            for column in vector_blocks(layout.padded_features()) {
                let width = (4 * lanes).min(layout.padded_features() - column);
                let real = width.min(features - column);
                for index in 0..num_blocks {
                    let (row, num) = kernel::block_of(rows, V::ROWS, index);
                    // SAFETY: as above, with the block of `packed_ih`.
                    unsafe {
                        kernel::product::<V>(
                            num,
                            width / lanes,
                            Product {
                                depth: columns,
                                a: gates[now + row * columns..].as_ptr(),
                                a_row: columns,
                                a_column: 1,
                                b: tile.packed_ih[column * columns..].as_ptr(),
                                b_row: width,
                                out: block.as_mut_ptr(),
                                out_row: width,
                                add: false,
                            },
                        );
                    }
                    for r in 0..num {
                        tile.x_gradient[((row + r) * length + t) * features + column..][..real]
                            .copy_from_slice(&block[r * width..][..real]);
                    }
                }
            }
        }
        if slot == ring_steps - 1 || t == 0 {
            let steps = slot + 1;
            for column in vector_blocks(columns) {
                for index in 0..depth.div_ceil(V::ROWS) {
                    let (row, num) = kernel::block_of(depth, V::ROWS, index);
                    // SAFETY: steps * rows rows of `inputs` and of `gates`; `columns` is a multiple
                    // of 4 vectors; rows row..row + num of the gradient exist.
                    unsafe {
                        kernel::product::<V>(
                            num,
                            4,
                            Product {
                                depth: steps * rows,
                                a: inputs[row..].as_ptr(),
                                a_row: 1,
                                a_column: depth,
                                b: gates[column..].as_ptr(),
                                b_row: columns,
                                out: tile.weight_gradient[row * columns + column..].as_mut_ptr(),
                                out_row: columns,
                                add: true,
                            },
                        );
                    }
                }
            }
        }
    }
    // The gradient of the initial state.
    let last = (length - 1) % ring_steps * rows * columns;
    for column in vector_blocks(padded) {
        let width = (4 * lanes).min(padded - column);
        let real = width.min(hidden - column);
        for index in 0..num_blocks {
            let (row, num) = kernel::block_of(rows, V::ROWS, index);
            // SAFETY: as in the loop above.
            unsafe {
                kernel::product::<V>(
                    num,
                    width / lanes,
                    Product {
                        depth: columns,
                        a: gates[last + row * columns..].as_ptr(),
                        a_row: columns,
                        a_column: 1,
                        b: tile.packed_hh[column * columns..].as_ptr(),
                        b_row: width,
                        out: block.as_mut_ptr(),
                        out_row: width,
                        add: false,
                    },
                );
            }
            for r in 0..num {
                tile.h0_gradient[(row + r) * hidden + column..][..real]
                    .copy_from_slice(&block[r * width..][..real]);
            }
        }
    }
    for r in 0..rows {
        tile.c0_gradient[r * hidden..][..hidden].copy_from_slice(&cells[r * padded..][..hidden]);
    }
}
