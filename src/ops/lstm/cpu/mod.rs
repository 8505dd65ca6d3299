//! The layer on the CPU, on plain slices.
//!
//! The batch is cut into tiles of a few dozen rows; a thread takes a tile through the whole sequence
//! without meeting another. A step is one product `[1 | x_t | h_{t-1}] * [b; W_ih; W_hh]` whose
//! register blocks hold all four gates of a vector of hidden units, with the gate maths directly
//! behind it; the weights are packed once per call. The backward walks the steps in reverse and adds
//! every few steps to the weights' gradient while they are in the cache, so the gradients of the
//! gates are never written to memory. That replaces the one large product before (and the three
//! after) the sequence that a kernel-per-step design needs: the same arithmetic without its traffic.
//!
//! Exactness: an output element is one chain of fused multiply-adds in a fixed order, so it does not
//! depend on the batch that its row is in. Tiles follow from the shape alone and their sums are added
//! in order, so no result depends on the number of threads. AVX-512 and AVX2 give the same forward.

mod kernel;
mod layout;
mod rate;
mod run;
mod shared;
mod tile;
mod vector;

use rayon::prelude::*;

use layout::Layout;
use run::Aligned;
use shared::Input;

pub use run::Instructions;
pub use shared::{Projected, forward_shared, project};

/// Sizes of one layer's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// B
    pub batch: usize,
    /// L
    pub length: usize,
    /// F
    pub features: usize,
    /// H
    pub hidden: usize,
}

/// `PyTorch`'s parameters of a layer, row-major; gates in the order i, f, g, o.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    /// `[4H, F]`
    pub w_ih: &'a [f32],
    /// `[4H, H]`
    pub w_hh: &'a [f32],
    /// `[4H]`
    pub b_ih: &'a [f32],
    /// `[4H]`
    pub b_hh: &'a [f32],
}

/// The input `[B, L, F]`, features contiguous.
#[derive(Debug, Clone, Copy)]
pub struct Sequence<'a> {
    /// All values; row (b, t) starts at `b * batch_stride + t * step_stride`.
    pub values: &'a [f32],
    /// Distance between two rows of the batch.
    pub batch_stride: usize,
    /// Distance between two steps.
    pub step_stride: usize,
}

impl<'a> Sequence<'a> {
    fn row(&self, batch: usize, step: usize, features: usize) -> &'a [f32] {
        &self.values[batch * self.batch_stride + step * self.step_stride..][..features]
    }
}

/// What a layer gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// `[B, L + 1, H]`: every h, then the last c.
    Packed,
    /// `[B, L, H]`: every h.
    All,
    /// `[B, H]`: the last h.
    Last,
}

impl Output {
    /// Numbers per row of the batch.
    pub fn row_len(self, shape: Shape) -> usize {
        match self {
            Self::Packed => (shape.length + 1) * shape.hidden,
            Self::All => shape.length * shape.hidden,
            Self::Last => shape.hidden,
        }
    }

    /// Where h of step `t` stands in a row.
    fn place(self, shape: Shape, t: usize) -> Option<usize> {
        match self {
            Self::Packed | Self::All => Some(t * shape.hidden),
            Self::Last => (t + 1 == shape.length).then_some(0),
        }
    }
}

/// Numbers that [`forward`] saves for [`backward`].
pub fn saved_len(instructions: Instructions, shape: Shape) -> usize {
    shape.batch * Layout::new(shape, instructions.lanes()).saved_per_row()
}

/// Floating-point operations of the products of a forward, and of a backward with or without the
/// input's gradient.
pub fn product_flops(shape: Shape, x_gradient: bool) -> (f64, f64) {
    let [rows, features, hidden] =
        [shape.batch * shape.length, shape.features, shape.hidden].map(|n| n as f64);
    let one = 2.0 * rows * 4.0 * hidden;
    let forward = one * (features + hidden);
    let backward = one * (features + 2.0 * hidden + if x_gradient { features } else { 0.0 });
    (forward, backward)
}

/// One layer over a sequence.
///
/// `state` is (h0, c0), `[B, H]` each; `out` has [`Output::row_len`] numbers per row of the batch;
/// `saved` is empty or has [`saved_len`] numbers and takes what [`backward`] needs.
///
/// # Panics
/// On a size that disagrees with `shape`, a size of 0, or instructions that the processor lacks.
pub fn forward(
    instructions: Instructions,
    shape: Shape,
    x: Sequence<'_>,
    weights: Weights<'_>,
    state: (&[f32], &[f32]),
    output: Output,
    out: &mut [f32],
    saved: &mut [f32],
) {
    check(shape, &weights, state);
    let layout = Layout::new(shape, instructions.lanes());
    run::on_pool(layout, || {
        let mut packed = Aligned::zeros(layout.depth() * layout.columns());
        layout.pack_forward(
            Some((weights.b_ih, weights.b_hh)),
            &[(weights.w_ih, shape.features), (weights.w_hh, shape.hidden)],
            layout.depth(),
            &mut packed,
        );
        let input = Input::Sequence(x);
        run_tiles(
            instructions,
            layout,
            input,
            state,
            &packed,
            output,
            out,
            saved,
        );
    });
}

/// Every tile of a forward; empty slices stand for a state of zeros and for nothing to save.
fn run_tiles(
    instructions: Instructions,
    layout: Layout,
    input: Input<'_>,
    state: (&[f32], &[f32]),
    packed: &[f32],
    output: Output,
    out: &mut [f32],
    saved: &mut [f32],
) {
    let shape = layout.shape;
    let row_len = output.row_len(shape);
    assert_eq!(out.len(), shape.batch * row_len, "out for {shape:?}");
    let saved_per_row = if saved.is_empty() {
        0
    } else {
        assert_eq!(
            saved.len(),
            shape.batch * layout.saved_per_row(),
            "saved for {shape:?}"
        );
        layout.saved_per_row()
    };
    let tiles = out
        .chunks_mut(layout.tile_rows * row_len)
        .zip(chunks_or_empty(saved, layout.tile_rows * saved_per_row))
        .enumerate()
        .map(|(index, (out, saved))| tile::Forward {
            layout,
            first: index * layout.tile_rows,
            rows: out.len() / row_len,
            input,
            state,
            packed,
            output,
            out,
            saved,
        })
        .collect::<Vec<_>>();
    run::each_tile(tiles, |tile| run::forward(instructions, tile));
}

/// Numbers that a thread sums at a time.
const CHUNK: usize = 4096;

/// Gradients of a layer's weights and state, as long as what they belong to.
#[derive(Debug, Clone, Default)]
pub struct Gradients {
    /// `[4H, F]`
    pub w_ih: Vec<f32>,
    /// `[4H, H]`
    pub w_hh: Vec<f32>,
    /// `[4H]`, the same for both biases.
    pub bias: Vec<f32>,
    /// `[B, H]`
    pub h0: Vec<f32>,
    /// `[B, H]`
    pub c0: Vec<f32>,
}

/// The backward of [`forward`]: `gradient` belongs to its output, `saved` comes from it; `x_gradient`
/// takes the input's `[B, L, F]`, or is empty: nobody asks for it.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    instructions: Instructions,
    shape: Shape,
    x: Sequence<'_>,
    weights: Weights<'_>,
    state: (&[f32], &[f32]),
    output: Output,
    gradient: &[f32],
    saved: &[f32],
    x_gradient: &mut [f32],
) -> Gradients {
    check(shape, &weights, state);
    let Shape {
        batch,
        length,
        features,
        hidden,
    } = shape;
    let layout = Layout::new(shape, instructions.lanes());
    let row_len = output.row_len(shape);
    assert_eq!(gradient.len(), batch * row_len, "gradient for {shape:?}");
    assert_eq!(
        saved.len(),
        batch * layout.saved_per_row(),
        "saved for {shape:?}"
    );
    assert!(
        x_gradient.is_empty() || x_gradient.len() == batch * length * features,
        "x_gradient for {shape:?}"
    );
    run::on_pool(layout, || {
        let mut packed_hh = Aligned::zeros(layout.columns() * layout.padded());
        layout.pack_backward(weights.w_hh, hidden, layout.padded(), &mut packed_hh);
        let mut packed_ih = Aligned::default();
        let mut gradients = Gradients {
            w_ih: vec![0.0; 4 * hidden * features],
            w_hh: vec![0.0; 4 * hidden * hidden],
            bias: vec![0.0; 4 * hidden],
            h0: vec![0.0; batch * hidden],
            c0: vec![0.0; batch * hidden],
        };
        if !x_gradient.is_empty() {
            packed_ih = Aligned::zeros(layout.columns() * layout.padded_features());
            layout.pack_backward(
                weights.w_ih,
                features,
                layout.padded_features(),
                &mut packed_ih,
            );
        }
        let rows = layout.tile_rows;
        let tiles = gradient
            .chunks(rows * row_len)
            .zip(saved.chunks(rows * layout.saved_per_row()))
            .zip(chunks_or_empty(x_gradient, rows * length * features))
            .zip(gradients.h0.chunks_mut(rows * hidden))
            .zip(gradients.c0.chunks_mut(rows * hidden))
            .enumerate()
            .collect::<Vec<_>>();
        let mut sums = run::each_tile(
            tiles,
            |(index, ((((gradient, saved), x_gradient), h0_gradient), c0_gradient))| {
                let mut weight_gradient = Aligned::zeros(layout.depth() * layout.columns());
                run::backward(
                    instructions,
                    tile::Backward {
                        layout,
                        first: index * rows,
                        rows: gradient.len() / row_len,
                        x,
                        state,
                        packed_hh: &packed_hh,
                        packed_ih: &packed_ih,
                        output,
                        gradient,
                        saved,
                        x_gradient,
                        h0_gradient,
                        c0_gradient,
                        weight_gradient: &mut weight_gradient,
                    },
                );
                weight_gradient
            },
        );
        // Added in the order of the tiles, whoever computed them.
        let (total, others) = sums
            .split_first_mut()
            .expect("a batch has at least one tile");
        if !others.is_empty() {
            total
                .par_chunks_mut(CHUNK)
                .enumerate()
                .for_each(|(index, total)| {
                    for other in others.iter() {
                        for (total, other) in total.iter_mut().zip(&other[index * CHUNK..]) {
                            *total += other;
                        }
                    }
                });
        }
        layout.unpack_gradient(
            total,
            &mut gradients.w_ih,
            &mut gradients.w_hh,
            &mut gradients.bias,
        );
        gradients
    })
}

/// Sigmoid (in place) and tanh (into `tanh`) as the kernel computes them, to measure their error.
///
/// # Panics
/// If the lengths differ or are no multiple of 16, or the processor lacks the instructions.
pub fn activations(instructions: Instructions, values: &mut [f32], tanh: &mut [f32]) {
    assert_eq!(values.len(), tanh.len());
    assert!(values.len().is_multiple_of(16), "{} values", values.len());
    run::activations(instructions, values, tanh);
}

/// The products of [`forward`], or of [`backward`], alone: to measure what share of the time they are.
///
/// # Panics
/// On a size of 0, or instructions that the processor lacks.
pub fn products(instructions: Instructions, shape: Shape, backward: bool, x_gradient: bool) {
    let layout = Layout::new(shape, instructions.lanes());
    let tiles = (0..shape.batch)
        .step_by(layout.tile_rows)
        .collect::<Vec<_>>();
    run::on_pool(layout, || {
        run::each_tile(tiles, |first| {
            let rows = layout.tile_rows.min(shape.batch - first);
            let tile = rate::Products {
                layout,
                rows,
                backward,
                x_gradient,
            };
            run::products(instructions, tile);
        })
    });
}

fn check(shape: Shape, weights: &Weights<'_>, state: (&[f32], &[f32])) {
    let Shape {
        batch,
        length,
        features,
        hidden,
    } = shape;
    assert!(batch * length * features * hidden > 0, "empty {shape:?}");
    assert_eq!(
        weights.w_ih.len(),
        4 * hidden * features,
        "w_ih for {shape:?}"
    );
    assert_eq!(
        weights.w_hh.len(),
        4 * hidden * hidden,
        "w_hh for {shape:?}"
    );
    assert_eq!(weights.b_ih.len(), 4 * hidden, "b_ih for {shape:?}");
    assert_eq!(weights.b_hh.len(), 4 * hidden, "b_hh for {shape:?}");
    assert_eq!(state.0.len(), batch * hidden, "h0 for {shape:?}");
    assert_eq!(state.1.len(), batch * hidden, "c0 for {shape:?}");
}

/// Chunks of `size`, or empty slices without end where `size` is 0.
fn chunks_or_empty(values: &mut [f32], size: usize) -> impl Iterator<Item = &mut [f32]> {
    let empty = size == 0 || values.is_empty();
    values.chunks_mut(size.max(1)).chain(
        std::iter::repeat_with(<&mut [f32]>::default).take(if empty { usize::MAX } else { 0 }),
    )
}
