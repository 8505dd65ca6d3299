//! The input projection once per bar, for windows that share their bars.
//!
//! An element of the projection is the beginning of the chain of fused multiply-adds that a gate is
//! in [`super::forward`] (the bias, then x), and the windows go on with the same chain (h): the
//! results have the same bits.
#![allow(
    unsafe_code,
    reason = "calls of the kernel with pointers into slices whose lengths are asserted here"
)]

use rayon::prelude::*;

use super::kernel::{self, MAX_BLOCK, Product};
use super::layout::Layout;
use super::run::{self, Aligned};
use super::vector::Vector;
use super::{Instructions, Output, Sequence, Shape};

/// Windows of projected bars.
#[derive(Debug, Clone, Copy)]
pub struct Projected<'a> {
    /// `[bars, 4H]`: what [`project`] wrote.
    pub values: &'a [f32],
    /// `[B]`: each window's first bar.
    pub starts: &'a [usize],
}

impl Projected<'_> {
    /// The four gates of units `first..` of one window and step, zeros behind the last unit.
    #[inline(always)]
    pub(super) fn copy(
        &self,
        window: usize,
        step: usize,
        first: usize,
        hidden: usize,
        gates: &mut [f32],
    ) {
        let lanes = gates.len() / 4;
        let real = lanes.min(hidden - first);
        let bar = (self.starts[window] + step) * 4 * hidden;
        let bar = &self.values[bar..][..4 * hidden];
        for (gate, out) in gates.chunks_exact_mut(lanes).enumerate() {
            let from = &bar[gate * hidden + first..][..real];
            if real == lanes {
                out.copy_from_slice(from);
            } else {
                out[..real].copy_from_slice(from);
                out[real..].fill(0.0);
            }
        }
    }
}

/// Where the part of the gates that does not depend on h comes from.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// `[1 | x_t]`, to be multiplied with the bias and `W_ih`.
    Sequence(Sequence<'a>),
    /// The product itself.
    Projected(Projected<'a>),
}

impl Input<'_> {
    /// Numbers before h in a row of the product.
    pub(super) fn lead(&self, features: usize) -> usize {
        match self {
            Self::Sequence(_) => 1 + features,
            Self::Projected(_) => 0,
        }
    }
}

/// Bars of a task.
const TASK: usize = 36;

/// `x W_ih^T + b_ih + b_hh` of every bar: `[bars, F]` to `[bars, 4H]`.
///
/// `weights` is (`w_ih`, `b_ih`, `b_hh`).
///
/// # Panics
/// On a size that disagrees with the others, a size of 0, or instructions that the processor lacks.
pub fn project(
    instructions: Instructions,
    x: &[f32],
    weights: (&[f32], &[f32], &[f32]),
    out: &mut [f32],
) {
    let (w_ih, b_ih, b_hh) = weights;
    let hidden = b_ih.len() / 4;
    assert!(
        hidden > 0 && !w_ih.is_empty() && !x.is_empty(),
        "empty: {hidden} hidden units, {} inputs",
        x.len()
    );
    let features = w_ih.len() / (4 * hidden);
    let bars = x.len() / features;
    assert_eq!(w_ih.len(), 4 * hidden * features, "w_ih");
    assert_eq!(b_hh.len(), 4 * hidden, "b_hh");
    assert_eq!(x.len(), bars * features, "x of {bars} bars");
    assert_eq!(out.len(), bars * 4 * hidden, "out of {bars} bars");
    let shape = Shape {
        batch: bars,
        length: 1,
        features,
        hidden,
    };
    let layout = Layout::new(shape, instructions.lanes());
    let depth = 1 + features;
    let mut packed = Aligned::zeros(depth * layout.columns());
    layout.pack_forward(Some((b_ih, b_hh)), &[(w_ih, features)], depth, &mut packed);
    out.par_chunks_mut(TASK * 4 * hidden)
        .zip(x.par_chunks(TASK * features))
        .for_each(|(out, x)| {
            let packed = &packed;
            run::project(
                instructions,
                Bars {
                    layout,
                    x,
                    packed,
                    out,
                },
            );
        });
}

/// One task's bars.
pub(super) struct Bars<'a> {
    layout: Layout,
    x: &'a [f32],
    packed: &'a [f32],
    out: &'a mut [f32],
}

/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn bars<V: Vector>(task: Bars<'_>) {
    let Bars {
        layout,
        x,
        packed,
        out,
    } = task;
    let Shape {
        features, hidden, ..
    } = layout.shape;
    let (lanes, depth) = (V::LANES, 1 + features);
    let rows = x.len() / features;
    assert_eq!(layout.lanes, lanes);
    assert_eq!(packed.len(), depth * layout.columns());
    assert_eq!(out.len(), rows * 4 * hidden);
    let mut inputs = Aligned::zeros(rows * depth); // [1 | x]
    for (input, x) in inputs.chunks_exact_mut(depth).zip(x.chunks_exact(features)) {
        input[0] = 1.0;
        input[1..].copy_from_slice(x);
    }
    let mut gates = Aligned::zeros(MAX_BLOCK);
    for panel in 0..layout.panels {
        let b = packed[panel * depth * 4 * lanes..][..depth * 4 * lanes].as_ptr();
        let real = lanes.min(hidden - panel * lanes);
        for index in 0..rows.div_ceil(V::ROWS) {
            let (row, num) = kernel::block_of(rows, V::ROWS, index);
            // SAFETY: a panel holds depth * 4 * lanes numbers, rows row..row + num exist, `gates`
            // holds the largest block.
            unsafe {
                kernel::product::<V>(
                    num,
                    4,
                    Product {
                        depth,
                        a: inputs[row * depth..].as_ptr(),
                        a_row: depth,
                        a_column: 1,
                        b,
                        b_row: 4 * lanes,
                        out: gates.as_mut_ptr(),
                        out_row: 4 * lanes,
                        add: false,
                    },
                );
            }
            for (r, gates) in gates.chunks_exact(4 * lanes).take(num).enumerate() {
                for (gate, values) in gates.chunks_exact(lanes).enumerate() {
                    let to = ((row + r) * 4 + gate) * hidden + panel * lanes;
                    out[to..][..real].copy_from_slice(&values[..real]);
                }
            }
        }
    }
}

/// [`super::forward`] from (h0, c0) = 0 over windows of projected bars; `shape.features` is not read.
///
/// # Panics
/// On a size that disagrees with `shape`, a window beyond the bars, or instructions that the
/// processor lacks.
pub fn forward_shared(
    instructions: Instructions,
    shape: Shape,
    projected: Projected<'_>,
    w_hh: &[f32],
    output: Output,
    out: &mut [f32],
) {
    let Shape {
        batch,
        length,
        hidden,
        ..
    } = shape;
    assert!(batch * length * hidden > 0, "empty {shape:?}");
    assert_eq!(w_hh.len(), 4 * hidden * hidden, "w_hh for {shape:?}");
    assert_eq!(projected.starts.len(), batch, "starts for {shape:?}");
    let bars = projected.values.len() / (4 * hidden);
    assert!(
        projected.starts.iter().all(|start| start + length <= bars),
        "a window of {length} bars ends behind bar {bars}"
    );
    let layout = Layout::new(shape, instructions.lanes());
    let depth = layout.padded();
    run::on_pool(layout, || {
        let mut packed = Aligned::zeros(depth * layout.columns());
        layout.pack_forward(None, &[(w_hh, hidden)], depth, &mut packed);
        super::run_tiles(
            instructions,
            layout,
            Input::Projected(projected),
            (&[], &[]),
            &packed,
            output,
            out,
            &mut [],
        );
    });
}
