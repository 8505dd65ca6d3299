//! How the kernel lays weights, tiles and saved activations out.

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

    /// Gate, panel and lane to the row of `PyTorch`'s matrices; `None` in the padding.
    fn unit(&self, panel: usize, lane: usize) -> Option<usize> {
        let unit = panel * self.lanes + lane;
        (unit < self.shape.hidden).then_some(unit)
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
        let size = depth * 4 * self.lanes;
        let one = |(panel, out): (usize, &mut [f32])| {
            for gate in 0..4 {
                for lane in 0..self.lanes {
                    let Some(unit) = self.unit(panel, lane) else {
                        continue;
                    };
                    let row = gate * self.shape.hidden + unit;
                    let mut to = out[gate * self.lanes + lane..]
                        .iter_mut()
                        .step_by(4 * self.lanes);
                    let bias = bias.map(|(b_ih, b_hh)| b_ih[row] + b_hh[row]);
                    let values = matrices
                        .iter()
                        .flat_map(|&(matrix, width)| &matrix[row * width..][..width]);
                    for value in bias.iter().chain(values) {
                        *to.next().expect("a panel has `depth` rows") = *value;
                    }
                }
            }
        };
        out.par_chunks_exact_mut(size).enumerate().for_each(one);
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
                let (panel, gate, lane) = (
                    row / (4 * self.lanes),
                    row / self.lanes % 4,
                    row % self.lanes,
                );
                if let Some(unit) = self.unit(panel, lane) {
                    let from = (gate * self.shape.hidden + unit) * width + first;
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
        for (row, packed) in packed.chunks_exact(self.columns()).enumerate() {
            let input = row.checked_sub(1);
            for panel in 0..self.panels {
                for gate in 0..4 {
                    let from = (panel * 4 + gate) * self.lanes;
                    for lane in 0..self.lanes {
                        let Some(unit) = self.unit(panel, lane) else {
                            continue;
                        };
                        let value = packed[from + lane];
                        let out = gate * hidden + unit;
                        match input {
                            None => bias[out] = value,
                            Some(feature) if feature < features => {
                                w_ih[out * features + feature] = value;
                            }
                            Some(index) if index - features < hidden => {
                                w_hh[out * hidden + index - features] = value;
                            }
                            Some(_) => {}
                        }
                    }
                }
            }
        }
    }
}
