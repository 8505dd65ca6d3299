//! A universe through a device's kernel, in chunks of series: the next chunk goes up while the kernel
//! works on this one.

use std::ops::Range;

use burn::tensor::{Device, Tensor};

use super::scan::{columns, recipes};
use super::{Source, TrendConfig, TrendError, prices};
use crate::device::{largest_binding_bytes, transfer};
use crate::market::Bars;
use crate::ops::atc::{Prepared, Table};

/// Most bytes of a chunk's largest tensor where the device would take more: enough work to hide an
/// upload behind, little enough that several chunks fit.
const CHUNK_BYTES: usize = 256 << 20;

/// Results of a chunk per bar of its output.
const PLANES: usize = 14;

/// [`super::sweep`] on a device, in float32: what [`Prepared`] gives there.
///
/// Kernels are queued without waiting, so that a chunk's prices go up while the chunk before is
/// computed, and its results come down behind that.
///
/// # Errors
/// As [`super::scan()`].
pub fn sweep_on(
    bars: &Bars,
    configs: &[TrendConfig],
    num_bars: usize,
    keep: usize,
    device: &Device,
) -> Result<Vec<Table<f32>>, TrendError> {
    let limit = largest_binding_bytes(device).min(CHUNK_BYTES);
    sweep_in_chunks(bars, configs, num_bars, keep, device, limit)
}

/// [`sweep_on`] with at most so many bytes in one tensor.
///
/// # Errors
/// As [`super::scan()`].
pub fn sweep_in_chunks(
    bars: &Bars,
    configs: &[TrendConfig],
    num_bars: usize,
    keep: usize,
    device: &Device,
    max_bytes: usize,
) -> Result<Vec<Table<f32>>, TrendError> {
    let recipes = recipes(bars, configs, num_bars)?;
    let Some(source) = configs.first().map(|config| config.source) else {
        return Ok(Vec::new());
    };
    let rows = Rows::new(bars, source, num_bars);
    let longest = rows.lengths.iter().copied().max().unwrap_or(0);
    let prepared: Vec<Prepared> = recipes
        .iter()
        .map(|recipe| Prepared::new(recipe, longest, device))
        .collect();
    let mut tables: Vec<Table<f32>> = recipes.iter().map(|_| Table::default()).collect();
    let mut waiting: Option<Chunk> = None;
    for range in rows.chunks(keep, max_bytes) {
        let chunk = rows.start(range, &prepared, keep, device);
        if let Some(before) = waiting.replace(chunk) {
            before.finish(&mut tables);
        }
    }
    if let Some(last) = waiting {
        last.finish(&mut tables);
    }
    Ok(tables)
}

/// Prices of all series, in memory or made on the way.
struct Rows<'a> {
    bars: &'a Bars,
    source: Source,
    num_bars: usize,
    lengths: Vec<usize>,
}

impl<'a> Rows<'a> {
    fn new(bars: &'a Bars, source: Source, num_bars: usize) -> Self {
        let read = |len: usize| match num_bars {
            0 => len,
            _ => len.min(num_bars),
        };
        Self {
            bars,
            source,
            num_bars,
            lengths: bars.series.iter().map(|one| read(one.len())).collect(),
        }
    }

    /// Neighbouring series whose prices and results each fit into `max_bytes`; at least one.
    fn chunks(&self, keep: usize, max_bytes: usize) -> Vec<Range<usize>> {
        let mut chunks: Vec<Range<usize>> = Vec::new();
        let mut longest = 0;
        for (row, &length) in self.lengths.iter().enumerate() {
            let wider = longest.max(length);
            match chunks.last_mut() {
                Some(chunk) if bytes(row + 1 - chunk.start, wider, keep) <= max_bytes => {
                    chunk.end = row + 1;
                    longest = wider;
                }
                _ => {
                    chunks.push(row..row + 1);
                    longest = length;
                }
            }
        }
        chunks
    }

    /// Uploads a chunk and queues its kernels.
    fn start(
        &self,
        range: Range<usize>,
        prepared: &[Prepared],
        keep: usize,
        device: &Device,
    ) -> Chunk {
        let lengths = self.lengths[range.clone()].to_vec();
        let bars = lengths.iter().copied().max().unwrap_or(0);
        let mut values = vec![f32::NAN; range.len() * bars];
        let single = columns(self.bars, self.source, self.num_bars);
        for (place, row) in range.clone().enumerate() {
            let to = &mut values[place * bars..][..lengths[place]];
            if let Some(columns) = &single {
                to.copy_from_slice(columns[row]);
            } else {
                let made = prices(&self.bars.series[row], self.source, self.num_bars);
                for (to, price) in to.iter_mut().zip(made.iter()) {
                    *to = *price as f32;
                }
            }
        }
        let prices: Tensor<2> = transfer::upload(values, [range.len(), bars], device);
        let ends = lengths.iter().map(|&length| length as i32).collect();
        let ends = transfer::upload_int(ends, [range.len()], device);
        let results = prepared
            .iter()
            .map(|prepared| prepared.classify(prices.clone(), ends.clone(), keep))
            .collect();
        Chunk { lengths, results }
    }
}

/// Bytes of the larger of a chunk's tensors.
fn bytes(rows: usize, bars: usize, keep: usize) -> usize {
    4 * rows * bars.max(PLANES * keep.min(bars))
}

/// A chunk whose kernels are queued.
struct Chunk {
    lengths: Vec<usize>,
    /// `[14, n, K]` of each setting.
    results: Vec<Tensor<3>>,
}

impl Chunk {
    /// Waits for the results and puts them behind what is there.
    fn finish(self, tables: &mut [Table<f32>]) {
        for (table, result) in tables.iter_mut().zip(self.results) {
            let [_, _, kept] = result.dims();
            table.append_planes(&transfer::to_host(result), &self.lengths, kept);
        }
    }
}
