//! From windows to batches: an epoch's index table goes to the device once, batches are gathered
//! there.

use std::sync::Arc;

use burn::prelude::*;

use super::shared::Shared;
use super::{Resident, Sample, permutation};
use crate::device::transfer::{to_host, upload_int};
use crate::ops::gather;
use crate::ops::lstm::shared::Windows;

/// Batches of windows from resident features and labels.
///
/// It holds no position: any epoch starts at any step with the same batches as if the steps before
/// had been taken.
#[derive(Clone, Debug)]
pub struct Loader {
    resident: Arc<Resident>,
    samples: Arc<Vec<Sample>>,
    length: usize,
    batch_size: usize,
}

/// One batch, on the device and outside the gradient graph.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[B, L, F]`
    pub x: Tensor<3>,
    /// `[B, Hn]`
    pub y: Tensor<2>,
}

/// One pass over the windows in one order.
#[derive(Clone, Debug)]
pub struct Epoch {
    resident: Arc<Resident>,
    length: usize,
    /// Sample of each row, batch after batch.
    order: Vec<u32>,
    /// Each batch's rows of `table`, cut where the block changes.
    batches: Vec<Vec<Run>>,
    /// `[S, 2]`: row of the block, first bar of the window.
    table: Option<Tensor<2, Int>>,
    /// `[1, 2]`: from a window's first bar to its last.
    to_last: Option<Tensor<2, Int>>,
    /// In an order in which neighbouring windows share their bars.
    shared: Option<Shared>,
}

/// Rows of the table that gather from one block.
#[derive(Clone, Copy, Debug)]
struct Run {
    block: usize,
    start: usize,
    end: usize,
}

impl Loader {
    /// A loader over `samples`, which keep their order in [`Loader::sequential`].
    ///
    /// # Panics
    /// If `length` or `batch_size` is 0, or a window starts before its symbol.
    pub fn new(
        resident: Arc<Resident>,
        samples: Vec<Sample>,
        length: usize,
        batch_size: usize,
    ) -> Self {
        assert!(
            length > 0 && batch_size > 0,
            "windows of {length} bars in batches of {batch_size}"
        );
        assert!(
            u32::try_from(samples.len()).is_ok(),
            "{} windows",
            samples.len()
        );
        for sample in &samples {
            assert!(
                sample.last as usize + 1 >= length,
                "a window of {length} bars ends at row {}",
                sample.last
            );
        }
        Self {
            resident,
            samples: Arc::new(samples),
            length,
            batch_size,
        }
    }

    /// Other windows of the same resident bars.
    ///
    /// # Panics
    /// As [`Loader::new`].
    #[must_use]
    pub fn with_samples(&self, samples: Vec<Sample>) -> Self {
        let resident = Arc::clone(&self.resident);
        Self::new(resident, samples, self.length, self.batch_size)
    }

    /// Number of windows.
    pub fn num_samples(&self) -> usize {
        self.samples.len()
    }

    /// The windows, in the order that [`Epoch::order`] indexes.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Windows of a full batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// What the batches are gathered from.
    pub fn resident(&self) -> &Resident {
        &self.resident
    }

    /// Batches of one epoch. Without `keep_partial`, a last partial batch is dropped, unless it is
    /// the only one.
    pub fn steps_per_epoch(&self, keep_partial: bool) -> usize {
        let full = self.samples.len() / self.batch_size;
        let partial = usize::from(!self.samples.len().is_multiple_of(self.batch_size));
        if keep_partial || full == 0 {
            full + partial
        } else {
            full
        }
    }

    /// The epoch in the order of [`permutation`], without the last partial batch (unless it is the
    /// only one).
    pub fn shuffled(&self, seed: u64, epoch: u64) -> Epoch {
        self.epoch(
            permutation(self.samples.len(), seed, epoch),
            self.steps_per_epoch(false),
        )
    }

    /// The epoch in the samples' own order, with the last partial batch.
    ///
    /// Where a batch spans several blocks, its rows are grouped by block: see [`Epoch::order`].
    pub fn sequential(&self) -> Epoch {
        let mut epoch = self.epoch(
            (0..self.samples.len() as u32).collect(),
            self.steps_per_epoch(true),
        );
        let windows: Vec<_> = epoch
            .order
            .iter()
            .map(|&sample| {
                let sample = self.samples[sample as usize];
                let (block, row) = self.resident.places[sample.series as usize];
                (block, row, sample.last as usize + 1 - self.length)
            })
            .collect();
        let device = self.resident.device().inner();
        epoch.shared = Shared::new(&windows, self.batch_size, self.length, &device);
        epoch
    }

    fn epoch(&self, mut order: Vec<u32>, steps: usize) -> Epoch {
        order.truncate(steps * self.batch_size);
        let place =
            |sample: u32| self.resident.places[self.samples[sample as usize].series as usize];
        let mut batches = Vec::with_capacity(steps);
        let mut start = 0;
        for batch in order.chunks_mut(self.batch_size) {
            batch.sort_by_key(|&sample| place(sample).0); // stable: within a block the order stays
            let runs = batch
                .chunk_by(|&a, &b| place(a).0 == place(b).0)
                .map(|rows| {
                    let run = Run {
                        block: place(rows[0]).0,
                        start,
                        end: start + rows.len(),
                    };
                    start = run.end;
                    run
                });
            batches.push(runs.collect());
        }
        let mut table = Vec::with_capacity(order.len() * 2);
        for &sample in &order {
            let last = self.samples[sample as usize].last as usize;
            table.extend([place(sample).1 as i32, (last + 1 - self.length) as i32]);
        }
        let uploaded = (!order.is_empty()).then(|| {
            let device = self.resident.device().inner();
            let to_last = upload_int(vec![0, self.length as i32 - 1], [1, 2], &device);
            (upload_int(table, [order.len(), 2], &device), to_last)
        });
        let (table, to_last) = uploaded.unzip();
        Epoch {
            resident: Arc::clone(&self.resident),
            length: self.length,
            order,
            batches,
            table,
            to_last,
            shared: None,
        }
    }
}

impl Epoch {
    /// Number of batches.
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether there is no batch.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Number of windows over all batches.
    pub fn num_rows(&self) -> usize {
        self.order.len()
    }

    /// The sample of each row, over all batches in order.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Rows that a batch covers in [`Epoch::order`].
    ///
    /// # Panics
    /// If `step` is not below [`Epoch::len`].
    pub fn rows(&self, step: usize) -> std::ops::Range<usize> {
        let runs = &self.batches[step];
        runs[0].start..runs[runs.len() - 1].end
    }

    /// Gathers a batch: nothing is uploaded or read back.
    ///
    /// # Panics
    /// If `step` is not below [`Epoch::len`].
    pub fn batch(&self, step: usize) -> Batch {
        let x = self.gather(step, &self.resident.features, |places| places, self.length);
        Batch {
            x,
            y: self.at_last_bar(step, &self.resident.labels),
        }
    }

    /// A batch's windows alone, for inference: where they are neighbours, each bar once. Nothing is
    /// uploaded or read back.
    ///
    /// # Panics
    /// If `step` is not below [`Epoch::len`].
    pub fn windows(&self, step: usize) -> Windows {
        let features = &self.resident.features;
        self.shared
            .as_ref()
            .and_then(|shared| shared.windows(step, self.rows(step), features))
            .unwrap_or_else(|| {
                let x = self.gather(step, features, |places| places, self.length);
                Windows::Gathered(x.inner())
            })
    }

    /// The features of each window's last bar alone, `[B, F]`.
    ///
    /// # Panics
    /// If `step` is not below [`Epoch::len`].
    pub fn last_bars(&self, step: usize) -> Tensor<2> {
        self.at_last_bar(step, &self.resident.features)
    }

    /// The labels of a batch alone, `[B, Hn]`.
    ///
    /// # Panics
    /// If `step` is not below [`Epoch::len`].
    pub fn labels(&self, step: usize) -> Tensor<2> {
        self.at_last_bar(step, &self.resident.labels)
    }

    /// Reads back what was computed batch by batch and puts it in the samples' order.
    ///
    /// One read-back for the whole epoch; `[S, W]` row by row.
    ///
    /// # Panics
    /// If the batches are not this epoch's, or the epoch leaves a sample out.
    pub fn to_sample_order(&self, batches: Vec<Tensor<2>>) -> Vec<f32> {
        if batches.is_empty() {
            return Vec::new();
        }
        let all = Tensor::cat(batches, 0); // [S, W]
        let [rows, width] = all.dims();
        assert_eq!(rows, self.order.len(), "rows of the epoch");
        let values = to_host(all);
        let mut sorted = vec![f32::NAN; values.len()];
        for (&sample, row) in self.order.iter().zip(values.chunks_exact(width)) {
            sorted[sample as usize * width..][..width].copy_from_slice(row);
        }
        sorted
    }

    fn at_last_bar(&self, step: usize, blocks: &[Tensor<3>]) -> Tensor<2> {
        let to_last = self
            .to_last
            .clone()
            .expect("an epoch with a batch has a table");
        self.gather(step, blocks, |places| places + to_last.clone(), 1)
            .squeeze_dim(1)
    }

    fn gather(
        &self,
        step: usize,
        blocks: &[Tensor<3>],
        place: impl Fn(Tensor<2, Int>) -> Tensor<2, Int>,
        length: usize,
    ) -> Tensor<3> {
        let runs = &self.batches[step];
        let table = self
            .table
            .as_ref()
            .expect("an epoch with a batch has a table");
        let mut parts: Vec<Tensor<3>> = runs
            .iter()
            .map(|run| {
                let places = place(table.clone().slice([run.start..run.end, 0..2]));
                gather::windows(blocks[run.block].clone().inner(), places, length)
            })
            .collect();
        let batch = if parts.len() == 1 {
            parts.remove(0)
        } else {
            Tensor::cat(parts, 0)
        };
        if blocks[runs[0].block].is_autodiff() {
            batch.autodiff()
        } else {
            batch
        }
    }
}
