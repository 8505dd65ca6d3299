//! The machines over whole series: what the CPU runs in place of the tensor functions.
//!
//! A series is taken in chunks of [`CHUNK`] bars; each machine runs over the chunk, its outputs are
//! transformed, and the chunk's columns are turned into rows of the result while they are in the
//! cache. Series go to threads; where there are fewer series than threads, machines do.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::market::{Column, PanelBlock};
use crate::ops::rows;

use super::column::FeatureColumn;
use super::declaration::{Declaration, Parameters};
use super::machine::{CHUNK, Columns, Machine};
use super::set::FeatureSet;
use super::transform::Applied;

/// One machine and the columns of a set that come from it.
pub(super) struct Job<'a> {
    pub(super) indicator: &'static Declaration,
    pub(super) parameters: &'a Parameters,
    make: fn(&Parameters) -> Machine,
    /// Place in the set, and the column.
    pub(super) columns: Vec<(usize, &'a FeatureColumn)>,
}

/// The fewest machines that give all columns of `set`; `None` if an indicator has none.
pub(super) fn jobs(set: &FeatureSet) -> Option<Vec<Job<'_>>> {
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (place, column) in set.columns().iter().enumerate() {
        let (indicator, parameters) = (column.indicator(), column.parameters());
        let make = indicator.machine?;
        let same = |job: &&mut Job<'_>| {
            std::ptr::eq(job.indicator, indicator) && job.parameters == parameters
        };
        match jobs.iter_mut().find(same) {
            Some(job) => job.columns.push((place, column)),
            None => jobs.push(Job {
                indicator,
                parameters,
                make,
                columns: vec![(place, column)],
            }),
        }
    }
    Some(jobs)
}

/// What becomes of a machine's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// As defined, NaN in the warm-up.
    Raw,
    /// As a model reads them.
    Inputs,
}

/// A machine, and the transforms behind it, on one segment.
struct Running<'a> {
    job: &'a Job<'a>,
    machine: Machine,
    transforms: Vec<Applied>,
    /// What the machine gave for the chunk: outputs of [`CHUNK`] numbers each.
    given: Vec<f64>,
}

impl<'a> Running<'a> {
    fn new(job: &'a Job<'a>) -> Self {
        let mut running = Self {
            job,
            machine: (job.make)(job.parameters),
            transforms: Vec::new(),
            given: vec![0.0; job.indicator.outputs.len() * CHUNK],
        };
        running.transforms = running.fresh_transforms();
        running
    }

    fn fresh_transforms(&self) -> Vec<Applied> {
        let applied = |(_, column): &(usize, &FeatureColumn)| Applied::new(column.transform());
        self.job.columns.iter().map(applied).collect()
    }

    fn restart(&mut self) {
        self.machine = (self.job.make)(self.job.parameters);
        self.transforms = self.fresh_transforms();
    }

    /// Runs over bars of one segment, `out[place]` being the column at `place` of the job.
    fn run(
        &mut self,
        series: &Series<'_>,
        bars: Range<usize>,
        stage: Stage,
        out: &mut [&mut [f32]],
    ) {
        let columns = series.columns(bars.clone());
        self.machine.run(columns, &mut self.given);
        let age = &series.age[bars];
        let places = self.job.columns.iter().zip(&mut self.transforms).zip(out);
        for (((_, column), transform), out) in places {
            let given = &self.given[column.output() * CHUNK..][..age.len()];
            match stage {
                Stage::Raw => {
                    let warmup = column.warmup_bars() as f32;
                    for ((out, &value), &age) in out.iter_mut().zip(given).zip(age) {
                        *out = if age < warmup || value.is_nan() {
                            f32::NAN
                        } else {
                            value as f32
                        };
                    }
                }
                Stage::Inputs => {
                    let memory = column.input_memory().bars();
                    let memory =
                        memory.unwrap_or_else(|| panic!("`{}` is no model input", column.name()));
                    for (t, out) in out.iter_mut().enumerate() {
                        let (close, volume) = (columns.close[t], columns.volume[t]);
                        let value =
                            transform.next(given[t], f64::from(close), f64::from(volume)) as f32;
                        *out = if age[t] < memory as f32 {
                            f32::NAN
                        } else if value.is_finite() {
                            value
                        } else {
                            0.0
                        };
                    }
                }
            }
        }
    }
}

/// What stands in for a column that nothing reads.
static ZEROS: [f32; CHUNK] = [0.0; CHUNK];

/// The columns of one series; empty where the block has none.
struct Series<'a> {
    by_name: BTreeMap<Column, &'a [f32]>,
    age: &'a [f32],
}

impl<'a> Series<'a> {
    fn columns(&self, bars: Range<usize>) -> Columns<'a> {
        let column = |name: Column| match self.by_name.get(&name) {
            Some(&values) => &values[bars.clone()],
            None => &ZEROS[..bars.len()],
        };
        Columns {
            open: column(Column::Open),
            high: column(Column::High),
            low: column(Column::Low),
            close: column(Column::Close),
            volume: column(Column::Volume),
            filled: column(Column::Filled),
            time_of_day: column(Column::TimeOfDay),
            weekday: column(Column::Weekday),
            session_start: column(Column::SessionStart),
            day_start: column(Column::DayStart),
            week_start: column(Column::WeekStart),
            month_start: column(Column::MonthStart),
        }
    }
}

/// The columns of a set, `[n, T, F]`; `None` unless the block is on the CPU and every indicator has a
/// machine.
pub(super) fn compute(set: &FeatureSet, block: &PanelBlock, stage: Stage) -> Option<Tensor<3>> {
    let jobs = jobs(set)?;
    let names: Vec<Column> = block.columns().into_iter().collect();
    let tensors = names.iter().map(|&name| block.column(name)).collect();
    let (num_bars, width) = (block.num_bars, set.len());
    rows::map(
        tensors,
        [block.num_series(), num_bars, width],
        |values, out| {
            if num_bars * width == 0 {
                return;
            }
            let few = block.num_series() < rayon::current_num_threads() && jobs.len() > 1;
            let rows = out.par_chunks_mut(num_bars * width).enumerate();
            rows.for_each(|(row, out)| {
                let (out, padding) = out.split_at_mut(block.lengths[row] * width);
                padding.fill(f32::NAN);
                let own = row * num_bars..row * num_bars + block.lengths[row];
                let own = values.iter().map(|values| &values[own.clone()]);
                let by_name: BTreeMap<Column, &[f32]> = names.iter().copied().zip(own).collect();
                let series = Series {
                    age: by_name[&Column::Age],
                    by_name,
                };
                fill(&jobs, &series, stage, width, few, out);
            });
        },
    )
}

/// Bars that threads take before they meet, where they share a series.
const SHARED_BARS: usize = 16 * CHUNK;

/// All columns of one series, `[T, F]`.
fn fill(
    jobs: &[Job<'_>],
    series: &Series<'_>,
    stage: Stage,
    width: usize,
    in_parallel: bool,
    out: &mut [f32],
) {
    let span = if in_parallel { SHARED_BARS } else { CHUNK };
    let mut running: Vec<Running<'_>> = jobs.iter().map(Running::new).collect();
    // Columns one after another, a cache line apart so that they do not share the cache's sets.
    let stride = span + 16;
    let mut planar = vec![0.0_f32; width * stride];
    for start in (0..series.age.len()).step_by(span) {
        let bars = start..(start + span).min(series.age.len());
        let mut columns: Vec<Option<&mut [f32]>> =
            planar.chunks_exact_mut(stride).map(Some).collect();
        let parts: Vec<_> = running
            .iter_mut()
            .map(|running| {
                let places = running.job.columns.iter().map(|(place, _)| *place);
                let own: Vec<&mut [f32]> = places
                    .map(|place| columns[place].take().expect("a place has one column"))
                    .collect();
                (running, own)
            })
            .collect();
        let take = |(running, mut own): (&mut Running<'_>, Vec<&mut [f32]>)| {
            span_of(running, series, bars.clone(), stage, &mut own);
        };
        let out = &mut out[bars.start * width..bars.end * width];
        if in_parallel {
            parts.into_par_iter().for_each(take);
            out.par_chunks_mut(CHUNK * width)
                .enumerate()
                .for_each(|(index, out)| turn(&planar[index * CHUNK..], stride, width, out));
        } else {
            parts.into_iter().for_each(take);
            turn(&planar, stride, width, out);
        }
    }
}

/// One machine over `bars`, segment by segment, into its columns.
fn span_of(
    running: &mut Running<'_>,
    series: &Series<'_>,
    bars: Range<usize>,
    stage: Stage,
    columns: &mut [&mut [f32]],
) {
    let mut from = bars.start;
    while from < bars.end {
        let most = (from + CHUNK).min(bars.end);
        if series.age[from] == 0.0 && from > 0 {
            running.restart();
        }
        let next_segment = series.age[from + 1..most]
            .iter()
            .position(|&age| age == 0.0);
        let end = next_segment.map_or(most, |after| from + 1 + after);
        let mut out: Vec<&mut [f32]> = columns
            .iter_mut()
            .map(|column| &mut column[from - bars.start..end - bars.start])
            .collect();
        running.run(series, from..end, stage, &mut out);
        from = end;
    }
}

/// Rows and columns of a tile of [`turn`].
const TILE: usize = 8;

/// Columns, `stride` numbers apart, to rows of `width`: `out[t, c] = planar[c, t]`.
fn turn(planar: &[f32], stride: usize, width: usize, out: &mut [f32]) {
    let tiled = width / TILE * TILE;
    for (block, rows) in out.chunks_mut(TILE * width).enumerate() {
        let whole = if rows.len() == TILE * width { tiled } else { 0 };
        for first in (0..whole).step_by(TILE) {
            let columns: [&[f32; TILE]; TILE] = std::array::from_fn(|column| {
                planar[(first + column) * stride + block * TILE..]
                    .first_chunk()
                    .expect("a column holds whole tiles")
            });
            let tile: [[f32; TILE]; TILE] =
                std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row]));
            for (row, tile) in rows.chunks_exact_mut(width).zip(tile) {
                row[first..first + TILE].copy_from_slice(&tile);
            }
        }
        for column in whole..width {
            let values = &planar[column * stride + block * TILE..];
            for (row, &value) in rows.chunks_exact_mut(width).zip(values) {
                row[column] = value;
            }
        }
    }
}
