//! How the kernel lays weights, tiles and saved activations out.

use std::ops::Range;

use rayon::prelude::*;

use super::Shape;

/// Sizes that follow from a shape and the width of a vector; never from the number of threads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) lanes: usize,
    /// Panels of `lanes` hidden units; the last one is padded with zero weights.
    pub(super) panels: usize,
    /// Rows of a tile: the part of the batch that one thread takes through the whole sequence.
    pub(super) tile_rows: usize,
}

impl Layout {
    /// Vectors saved per row, step and panel: i, f, g, o, c, h.
    pub(super) const SAVED: usize = 6;

    pub(super) fn new(shape: Shape, lanes: usize) -> Self {
        let panels = shape.hidden.div_ceil(lanes);
        let gradient_bytes = (1 + shape.features + panels * lanes) * 4 * panels * lanes * 4;
        let tiles = (4 * shape.batch.div_ceil(128))
            .min(shape.batch.div_ceil(8))
            .min(64)
            .min((256_usize << 20).div_ceil(gradient_bytes.max(1)))
            .max(1);
        Self {
            shape,
            lanes,
            panels,
            tile_rows: shape.batch.div_ceil(tiles).max(1),
        }
    }

    /// H, padded.
    pub(super) fn padded(&self) -> usize {
        self.panels * self.lanes
    }

    /// Columns of all four gates, padded.
    pub(super) fn columns(&self) -> usize {
        4 * self.padded()
    }

    /// Rows of the weight matrix: the constant 1 (its weight is the bias), x, h.
    pub(super) fn depth(&self) -> usize {
        1 + self.shape.features + self.padded()
    }

    /// F, padded.
    pub(super) fn padded_features(&self) -> usize {
        self.shape.features.next_multiple_of(self.lanes)
    }

    /// Numbers saved for the backward by one row of the batch.
    pub(super) fn saved_per_row(&self) -> usize {
        self.shape.length * self.padded() * Self::SAVED
    }

    /// Steps whose gradients are gathered before one product adds them to the weights' gradient:
    /// about 256 rows, which stay in the second-level cache.
    pub(super) fn ring_steps(&self) -> usize {
        (256 / self.tile_rows).max(2).min(self.shape.length.max(1))
    }

    /// Rows of `PyTorch`'s matrices that a gate has in a panel; fewer than `lanes` before the padding.
    fn rows(&self, gate: usize, panel: usize) -> Range<usize> {
        let first = panel * self.lanes;
        let last = (first + self.lanes).min(self.shape.hidden);
        gate * self.shape.hidden + first..gate * self.shape.hidden + last
    }

    /// Panels of `[depth, 4 gates, lanes]` for the forward product: the bias where there is one, then
    /// the matrices `[4H, width]` one below the other; rows that these do not fill stay zero.
    pub(super) fn pack_forward(
        &self,
        bias: Option<(&[f32], &[f32])>,
        matrices: &[(&[f32], usize)],
        depth: usize,
        out: &mut [f32],
    ) {
        let panels = out.chunks_exact_mut(depth * 4 * self.lanes).enumerate();
        for_each(panels.collect(), |(panel, out)| {
            for gate in 0..4 {
                let rows = self.rows(gate, panel);
                let mut lines = out
                    .chunks_exact_mut(4 * self.lanes)
                    .map(|line| &mut line[gate * self.lanes..][..rows.len()]);
                if let (Some((b_ih, b_hh)), Some(line)) = (bias, bias.and_then(|_| lines.next())) {
                    for (to, row) in line.iter_mut().zip(rows.clone()) {
                        *to = b_ih[row] + b_hh[row];
                    }
                }
                for &(matrix, width) in matrices {
                    let rows = &matrix[rows.start * width..rows.end * width];
                    for (index, line) in lines.by_ref().take(width).enumerate() {
                        for (to, from) in line.iter_mut().zip(rows[index..].iter().step_by(width)) {
                            *to = *from;
                        }
                    }
                }
            }
        });
    }

    /// Blocks of at most 4 vectors of columns, `[4H padded, columns of the block]` each, of a
    /// `[4H, width]` matrix, for the products with the gates' gradients. `padded` is `width`
    /// rounded up to vectors.
    pub(super) fn pack_backward(
        &self,
        weights: &[f32],
        width: usize,
        padded: usize,
        out: &mut [f32],
    ) {
        let block = 4 * self.lanes;
        for first in (0..padded).step_by(block) {
            let columns = block.min(padded - first);
            let real = columns.min(width - first);
            let out = &mut out[first * self.columns()..][..columns * self.columns()];
            for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                let mut rows = self.rows(row / self.lanes % 4, row / (4 * self.lanes));
                if let Some(row) = rows.nth(row % self.lanes) {
                    let from = row * width + first;
                    out[..real].copy_from_slice(&weights[from..from + real]);
                }
            }
        }
    }

    /// The inverse of [`Self::pack_forward`] for a gradient laid out `[depth, panel, gate, lane]`.
    pub(super) fn unpack_gradient(
        &self,
        packed: &[f32],
        w_ih: &mut [f32],
        w_hh: &mut [f32],
        bias: &mut [f32],
    ) {
        let Shape {
            features, hidden, ..
        } = self.shape;
        // The rows of each gate and panel, in that order.
        let units = self.lanes.min(hidden);
        let by_gate = |width: usize| (hidden * width, units * width);
        let (gate_ih, part_ih) = by_gate(features);
        let (gate_hh, part_hh) = by_gate(hidden);
        let parts = w_ih
            .chunks_mut(gate_ih)
            .flat_map(|gate| gate.chunks_mut(part_ih))
            .zip(
                w_hh.chunks_mut(gate_hh)
                    .flat_map(|gate| gate.chunks_mut(part_hh)),
            )
            .zip(
                bias.chunks_mut(hidden)
                    .flat_map(|gate| gate.chunks_mut(units)),
            )
            .enumerate();
        for_each(parts.collect(), |(index, ((w_ih, w_hh), bias))| {
            let (gate, panel) = (index / self.panels, index % self.panels);
            let real = bias.len();
            let from = (panel * 4 + gate) * self.lanes;
            let mut lines = packed
                .chunks_exact(self.columns())
                .map(|line| &line[from..][..real]);
            if let Some(line) = lines.next() {
                bias.copy_from_slice(line);
            }
            for (matrix, width) in [(w_ih, features), (w_hh, hidden)] {
                for (index, line) in lines.by_ref().take(width).enumerate() {
                    for (to, from) in matrix[index..].iter_mut().step_by(width).zip(line) {
                        *to = *from;
                    }
                }
            }
        });
    }
}

/// Over the pool's threads where the call is on one of them already, else here: waking them takes
/// longer than packing the weights.
fn for_each<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync + Send) {
    if rayon::current_thread_index().is_some() {
        items.into_par_iter().for_each(work);
    } else {
        items.into_iter().for_each(work);
    }
}
