//! The machines over whole series: what the CPU runs in place of the tensor functions.
//!
//! A series is taken in chunks of [`CHUNK`] bars; each machine runs over the chunk, its outputs are
//! transformed, and the chunk's columns are turned into rows of the result while they are in the
//! cache. Series go to threads; where there are fewer series than threads, parts of a series do, if
//! what its machines remember is so little that each can start in the middle and give the same bits;
//! else machines do.

#![allow(
    clippy::inline_always,
    reason = "a loop takes its caller's instructions"
)]

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::market::{Column, PanelBlock};
use crate::ops::rows;

use super::column::FeatureColumn;
use super::declaration::{Declaration, Memory, Parameters};
use super::finish::{Finish, Stage};
pub(super) use super::machine::CHUNK;
use super::machine::{Columns, Machine};
use super::set::FeatureSet;

/// One machine and the columns of a set that come from it.
pub(super) struct Job {
    pub(super) indicator: &'static Declaration,
    pub(super) parameters: Parameters,
    /// Place in the set, and the column.
    pub(super) columns: Vec<(usize, FeatureColumn)>,
}

/// The fewest machines that give all columns of `set`.
pub(super) fn jobs(set: &FeatureSet) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for (place, column) in set.columns().iter().enumerate() {
        let (indicator, parameters) = (column.indicator(), column.parameters());
        let same = |job: &&mut Job| {
            std::ptr::eq(job.indicator, indicator) && job.parameters == *parameters
        };
        match jobs.iter_mut().find(same) {
            Some(job) => job.columns.push((place, column.clone())),
            None => jobs.push(Job {
                indicator,
                parameters: parameters.clone(),
                columns: vec![(place, column.clone())],
            }),
        }
    }
    jobs
}

/// A machine, and what comes behind it, on one segment.
struct Running<'a> {
    job: &'a Job,
    machine: Machine,
    finishes: Vec<Finish>,
    /// What the machine gave for the chunk: outputs of [`CHUNK`] numbers each.
    given: Vec<f64>,
}

/// How a machine starts in the middle of a segment.
struct Lead {
    /// Bars before the first whose values count.
    bars: usize,
    /// It starts a multiple of so many bars behind the segment's first.
    every: usize,
}

impl Job {
    /// `None` where a machine that starts later may give other bits.
    fn lead(&self) -> Option<Lead> {
        let every = self.machine().rejoins();
        let memories = self
            .columns
            .iter()
            .map(|(_, column)| match column.memory() {
                Memory::Finite(bars) => Some(bars),
                Memory::Infinite(_) | Memory::Unbounded => None,
            });
        let memory = memories.reduce(|a, b| Some(a?.max(b?))).flatten()?;
        (every > 0).then_some(Lead {
            bars: memory + 2 * every,
            every,
        })
    }

    pub(super) fn machine(&self) -> Machine {
        (self.indicator.machine)(&self.parameters)
    }

    pub(super) fn finishes(&self, stage: Stage) -> Vec<Finish> {
        let finish = |(_, column): &(usize, FeatureColumn)| Finish::new(column, stage);
        self.columns.iter().map(finish).collect()
    }
}

impl<'a> Running<'a> {
    fn new(job: &'a Job, stage: Stage) -> Self {
        Self {
            job,
            machine: job.machine(),
            finishes: job.finishes(stage),
            given: vec![0.0; job.indicator.outputs.len() * CHUNK],
        }
    }

    /// Runs over bars of the segment of bar `at`, so many that what comes from there on is what a
    /// machine gives that started with the segment.
    fn lead_in(&mut self, series: &Series<'_>, at: usize) {
        let Some(lead) = self.job.lead() else { return };
        let age = series.age_at(at);
        let begin = if age > lead.bars {
            (age - lead.bars) / lead.every * lead.every
        } else {
            0
        };
        for from in (at - age + begin..at).step_by(CHUNK) {
            let columns = series.columns(from..(from + CHUNK).min(at));
            self.machine.run(columns, &mut self.given);
        }
    }

    fn restart(&mut self, stage: Stage) {
        self.machine = self.job.machine();
        self.finishes = self.job.finishes(stage);
    }

    /// Runs over bars of one segment, of which the first has `age`; `out[place]` is the column at
    /// `place` of the job.
    fn run(&mut self, series: &Series<'_>, bars: Range<usize>, age: f32, out: &mut [&mut [f32]]) {
        let columns = series.columns(bars.clone());
        self.machine.run(columns, &mut self.given);
        let places = self.job.columns.iter().zip(&mut self.finishes).zip(out);
        for (((_, column), finish), out) in places {
            let given = &self.given[column.output() * CHUNK..][..bars.len()];
            finish.run(given, columns, age, out);
        }
    }
}

/// What stands in for a column that nothing reads.
static ZEROS: [f32; CHUNK] = [0.0; CHUNK];

/// The columns of one series; empty where the block has none.
struct Series<'a> {
    columns: Columns<'a>,
    age: &'a [f32],
}

impl<'a> Series<'a> {
    fn new(by_name: &BTreeMap<Column, &'a [f32]>) -> Self {
        let column = |name: Column| by_name.get(&name).copied().unwrap_or_default();
        Self {
            columns: Columns {
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
            },
            age: column(Column::Age),
        }
    }

    /// Bars of the segment before bar `at`. Ages are float32: from 2^24 on they are counted.
    #[expect(clippy::cast_sign_loss, reason = "ages are 0 or more")]
    fn age_at(&self, at: usize) -> usize {
        let age = self.age[at];
        if age < 16_777_216.0 {
            return age as usize;
        }
        let first = self.age[..at].iter().rposition(|&age| age == 0.0);
        at - first.unwrap_or(0)
    }

    fn columns(&self, bars: Range<usize>) -> Columns<'a> {
        self.columns.map(|column| {
            if column.is_empty() {
                &ZEROS[..bars.len()]
            } else {
                &column[bars.clone()]
            }
        })
    }
}

/// The columns of a set, `[n, T, F]`; `None` unless the block is on the CPU.
pub(super) fn compute(set: &FeatureSet, block: &PanelBlock, stage: Stage) -> Option<Tensor<3>> {
    let jobs = jobs(set);
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
            let threads = rayon::current_num_threads();
            let parts = if block.num_series() < threads {
                num_parts(&jobs, stage, threads.div_ceil(block.num_series()), num_bars)
            } else {
                1
            };
            let few = block.num_series() < threads && parts == 1 && jobs.len() > 1;
            let rows = out.par_chunks_mut(num_bars * width).enumerate();
            rows.for_each(|(row, out)| {
                let (out, padding) = out.split_at_mut(block.lengths[row] * width);
                padding.fill(f32::NAN);
                let own = row * num_bars..row * num_bars + block.lengths[row];
                let own = values.iter().map(|values| &values[own.clone()]);
                let series = Series::new(&names.iter().copied().zip(own).collect());
                if parts == 1 {
                    fill(&jobs, &series, stage, 0, few, out);
                    return;
                }
                // Whole chunks, so that no two threads write to one cache line.
                let part_bars = num_bars.div_ceil(parts).next_multiple_of(CHUNK);
                let parts = out.par_chunks_mut(part_bars * width).enumerate();
                parts.for_each(|(part, out)| {
                    fill(&jobs, &series, stage, part * part_bars, false, out);
                });
            });
        },
    )
}

/// Bars that threads take before they meet, where they share a series.
const SHARED_BARS: usize = 16 * CHUNK;

/// Into how many parts, at most `most`, series of `num_bars` bars are worth being cut.
fn num_parts(jobs: &[Job], stage: Stage, most: usize, num_bars: usize) -> usize {
    // A model input may remember more than the value that it is made of.
    if stage == Stage::Inputs {
        return 1;
    }
    let leads = jobs.iter().map(|job| job.lead().map(|lead| lead.bars));
    match leads.reduce(|a, b| Some(a?.max(b?))).flatten() {
        // What a part runs over in vain is little of it.
        Some(lead) => (num_bars / SHARED_BARS.max(8 * lead)).clamp(1, most),
        None => 1,
    }
}

/// All columns of the bars from `first` on of one series, `[bars, F]`.
fn fill(
    jobs: &[Job],
    series: &Series<'_>,
    stage: Stage,
    first: usize,
    in_parallel: bool,
    out: &mut [f32],
) {
    let width = jobs.iter().map(|job| job.columns.len()).sum::<usize>();
    let end = first + out.len() / width;
    let span = if in_parallel { SHARED_BARS } else { CHUNK };
    let mut running: Vec<Running<'_>> = jobs.iter().map(|job| Running::new(job, stage)).collect();
    if first > 0 && first < end {
        for running in &mut running {
            running.lead_in(series, first);
        }
    }
    if let ([running], 1) = (&mut running[..], width) {
        for start in (first..end).step_by(SHARED_BARS) {
            let bars = start..(start + SHARED_BARS).min(end);
            let out = &mut out[bars.start - first..bars.end - first];
            span_of(running, series, bars, stage, &mut [out]);
        }
        return;
    }
    // Columns one after another, a cache line apart so that they do not share the cache's sets.
    let stride = span + 16;
    let mut planar = vec![0.0_f32; width * stride];
    for start in (first..end).step_by(span) {
        let bars = start..(start + span).min(end);
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
        let out = &mut out[(bars.start - first) * width..(bars.end - first) * width];
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
        let ages = &series.age[from..bars.end];
        let age = ages[0];
        if age == 0.0 && from > 0 {
            running.restart(stage);
        }
        // Where no segment starts in between, the age has grown by one a bar.
        let segment = if ages[ages.len() - 1] - age >= (ages.len() - 1) as f32 {
            ages.len()
        } else {
            let next_segment = ages[1..].iter().position(|&age| age == 0.0);
            next_segment.map_or(ages.len(), |after| 1 + after)
        };
        for start in (0..segment).step_by(CHUNK) {
            let part = from + start..from + segment.min(start + CHUNK);
            let mut out: Vec<&mut [f32]> = columns
                .iter_mut()
                .map(|column| &mut column[part.start - bars.start..part.end - bars.start])
                .collect();
            running.run(series, part, age + start as f32, &mut out);
        }
        from += segment;
    }
}

/// Rows and columns of a tile of [`turn`].
const TILE: usize = 8;

/// Columns, `stride` numbers apart, to rows of `width`: `out[t, c] = planar[c, t]`.
fn turn(planar: &[f32], stride: usize, width: usize, out: &mut [f32]) {
    let num_rows = out.len() / width;
    let (tiled_rows, tiled) = (num_rows / TILE * TILE, width / TILE * TILE);
    for (block, rows) in out.chunks_exact_mut(TILE * width).enumerate() {
        for first in (0..tiled).step_by(TILE) {
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
    }
    // What is left: columns beyond the last tile, rows beyond the last block.
    for column in 0..width {
        let from = if column < tiled { tiled_rows } else { 0 };
        let values = &planar[column * stride + from..column * stride + num_rows];
        let rows = out[from * width..].chunks_exact_mut(width);
        for (row, &value) in rows.zip(values) {
            row[column] = value;
        }
    }
}
