//! Batches whose windows overlap: each bar once, and where each window begins among them.

use std::ops::Range;

use burn::prelude::*;

use crate::device::transfer::upload_int;
use crate::ops::lstm::shared::Windows;

/// Bars of one symbol in one block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    block: usize,
    row: usize,
    bars: Range<usize>,
}

/// The spans of every batch of an epoch.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    length: usize,
    batches: Vec<Vec<Span>>,
    /// `[S, 2]`: 0 and the place of each window's first bar among the batch's bars.
    table: Tensor<2, Int>,
}

impl Shared {
    /// `windows` are (block, row, first bar) of each row of the epoch; `None` without windows.
    pub(super) fn new(
        windows: &[(usize, usize, usize)],
        batch_size: usize,
        length: usize,
        device: &Device,
    ) -> Option<Self> {
        if windows.is_empty() {
            return None;
        }
        let mut table = Vec::with_capacity(2 * windows.len());
        let batches = windows
            .chunks(batch_size)
            .map(|batch| spans(batch, length, |place| table.extend([0, place as i32])))
            .collect();
        Some(Self {
            length,
            batches,
            table: upload_int(table, [windows.len(), 2], device),
        })
    }

    /// Batch `step`, which covers `rows` of the epoch; `None` unless it has two windows' bars for
    /// each bar of its spans: then gathering costs no more.
    pub(super) fn windows(
        &self,
        step: usize,
        rows: Range<usize>,
        blocks: &[Tensor<3>],
    ) -> Option<Windows> {
        let spans = &self.batches[step];
        let num_bars: usize = spans.iter().map(|span| span.bars.len()).sum();
        if 2 * num_bars > rows.len() * self.length {
            return None;
        }
        let mut parts: Vec<Tensor<3>> = spans
            .iter()
            .map(|span| {
                let block = blocks[span.block].clone().inner();
                let features = block.dims()[2];
                let row = span.row..span.row + 1;
                block.slice([row, span.bars.clone(), 0..features])
            })
            .collect();
        let bars = if parts.len() == 1 {
            parts.remove(0)
        } else {
            Tensor::cat(parts, 1) // [1, R, F]
        };
        Some(Windows::Shared {
            bars,
            places: self.table.clone().slice([rows, 0..2]),
            length: self.length,
        })
    }
}

/// Cuts the bars of a batch into stretches without gaps and gives each window's place among them.
fn spans(
    windows: &[(usize, usize, usize)],
    length: usize,
    mut place: impl FnMut(usize),
) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut before = 0; // bars of the spans before the last
    for &(block, row, start) in windows {
        let joins = spans.last().is_some_and(|span| {
            (span.block, span.row) == (block, row)
                && (span.bars.start..=span.bars.end).contains(&start)
        });
        if !joins {
            before += spans.last().map_or(0, |span| span.bars.len());
            spans.push(Span {
                block,
                row,
                bars: start..start + length,
            });
        }
        if let Some(span) = spans.last_mut() {
            span.bars.end = span.bars.end.max(start + length);
            place(before + start - span.bars.start);
        }
    }
    spans
}
