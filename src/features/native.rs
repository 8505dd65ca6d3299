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
pub(super) use super::machine::CHUNK;
use super::machine::{Bar, Columns, Machine};
use super::set::FeatureSet;
use super::transform::Applied;

/// One machine and the columns of a set that come from it.
pub(super) struct Job {
    pub(super) indicator: &'static Declaration,
    pub(super) parameters: Parameters,
    make: fn(&Parameters) -> Machine,
    /// Place in the set, and the column.
    pub(super) columns: Vec<(usize, FeatureColumn)>,
}

/// The fewest machines that give all columns of `set`.
pub(super) fn jobs(set: &FeatureSet) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for (place, column) in set.columns().iter().enumerate() {
        let (indicator, parameters) = (column.indicator(), column.parameters());
        let make = indicator.machine.expect("every indicator has a machine");
        let same = |job: &&mut Job| {
            std::ptr::eq(job.indicator, indicator) && job.parameters == *parameters
        };
        match jobs.iter_mut().find(same) {
            Some(job) => job.columns.push((place, column.clone())),
            None => jobs.push(Job {
                indicator,
                parameters: parameters.clone(),
                make,
                columns: vec![(place, column.clone())],
            }),
        }
    }
    jobs
}

/// What becomes of a machine's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// As defined, NaN in the warm-up.
    Raw,
    /// As a model reads them.
    Inputs,
}

/// A machine, and what comes behind it, on one segment.
struct Running<'a> {
    job: &'a Job,
    machine: Machine,
    finishes: Vec<Finish>,
    /// What the machine gave for the chunk: outputs of [`CHUNK`] numbers each.
    given: Vec<f64>,
}

/// What becomes of one output of a machine, bar by bar.
pub(super) enum Finish {
    Raw {
        warmup: f32,
    },
    Input {
        memory: f32,
        transform: Box<Applied>,
    },
}

impl Finish {
    fn new(column: &FeatureColumn, stage: Stage) -> Self {
        match stage {
            Stage::Raw => Self::Raw {
                warmup: column.warmup_bars() as f32,
            },
            Stage::Inputs => {
                let memory = column.input_memory().bars();
                let memory =
                    memory.unwrap_or_else(|| panic!("`{}` is no model input", column.name()));
                Self::Input {
                    memory: memory as f32,
                    transform: Box::new(Applied::new(column.transform())),
                }
            }
        }
    }

    /// The values of bars of one segment.
    #[inline]
    fn run(&mut self, given: &[f64], bars: Columns<'_>, age: &[f32], out: &mut [f32]) {
        let given = given.iter().zip(age);
        match self {
            Self::Raw { warmup } => {
                for ((&value, &age), out) in given.zip(out) {
                    *out = if age < *warmup || value.is_nan() {
                        f32::NAN
                    } else {
                        value as f32
                    };
                }
            }
            Self::Input { memory, transform } => {
                let with = bars.close.iter().zip(bars.volume);
                for (((&value, &age), out), (&close, &volume)) in given.zip(out).zip(with) {
                    let value = transform.next(value, f64::from(close), f64::from(volume)) as f32;
                    *out = if age < *memory {
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

impl Job {
    pub(super) fn machine(&self) -> Machine {
        (self.make)(&self.parameters)
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

    fn restart(&mut self, stage: Stage) {
        self.machine = self.job.machine();
        self.finishes = self.job.finishes(stage);
    }

    /// Runs over bars of one segment, `out[place]` being the column at `place` of the job.
    fn run(&mut self, series: &Series<'_>, bars: Range<usize>, out: &mut [&mut [f32]]) {
        let columns = series.columns(bars.clone());
        self.machine.run(columns, &mut self.given);
        let age = &series.age[bars];
        let places = self.job.columns.iter().zip(&mut self.finishes).zip(out);
        for (((_, column), finish), out) in places {
            let given = &self.given[column.output() * CHUNK..][..age.len()];
            finish.run(given, columns, age, out);
        }
    }
}

/// A set's machines on one series as it grows: takes a bar, gives its values.
///
/// The numbers are those of [`super::compute`] and [`super::model_inputs`] on the CPU, bit for bit.
/// Every indicator has a state of a fixed size and takes constant time per bar (a window of order
/// statistics takes time with the logarithm or length of its period).
///
/// ```
/// use emberline::features::{Bar, FeatureContext, FeatureSet, Follower};
/// let hourly = FeatureContext::unbounded(3_600_000_000_000);
/// let set = FeatureSet::resolve("SMA_2,MOM_1", &hourly)?;
/// let mut follower = Follower::new(&set);
/// let bar = |close| Bar { open: close, high: close, low: close, close, ..Bar::default() };
/// assert!(follower.push(&bar(10.0))[0].is_nan());
/// assert_eq!(follower.push(&bar(12.0)), [11.0, 2.0]);
/// # Ok::<(), emberline::features::FeatureError>(())
/// ```
pub struct Follower {
    jobs: Vec<Job>,
    stage: Stage,
    machines: Vec<(Machine, Vec<Finish>)>,
    given: Vec<f64>,
    age: usize,
    values: Vec<f32>,
}

impl Follower {
    /// Gives raw values, as [`super::compute`].
    pub fn new(set: &FeatureSet) -> Self {
        Self::of(set, Stage::Raw)
    }

    /// Gives model inputs, as [`super::model_inputs`].
    ///
    /// # Panics
    /// If a column is no model input ([`FeatureSet::check_model_inputs`] says so beforehand).
    pub fn of_model_inputs(set: &FeatureSet) -> Self {
        Self::of(set, Stage::Inputs)
    }

    fn of(set: &FeatureSet, stage: Stage) -> Self {
        let jobs = jobs(set);
        let outputs = jobs.iter().map(|job| job.indicator.outputs.len());
        let mut follower = Self {
            given: vec![0.0; outputs.max().unwrap_or(0)],
            jobs,
            stage,
            machines: Vec::new(),
            age: 0,
            values: vec![f32::NAN; set.len()],
        };
        follower.restart();
        follower
    }

    /// Forgets everything: the next bar is a segment's first.
    pub fn restart(&mut self) {
        self.age = 0;
        let jobs = self.jobs.iter();
        self.machines = jobs
            .map(|job| (job.machine(), job.finishes(self.stage)))
            .collect();
    }

    /// Takes the next bar, whose numbers are float32's, and gives the set's values at it, in the
    /// set's order.
    pub fn push(&mut self, bar: &Bar) -> &[f32] {
        let age = [self.age as f32];
        let (close, volume) = ([bar.close as f32], [bar.volume as f32]);
        let columns = Columns {
            close: &close,
            volume: &volume,
            ..Columns::NONE
        };
        for (job, (machine, finishes)) in self.jobs.iter().zip(&mut self.machines) {
            machine.next(bar, &mut self.given);
            for ((place, column), finish) in job.columns.iter().zip(finishes) {
                let given = &self.given[column.output()..][..1];
                finish.run(given, columns, &age, &mut self.values[*place..][..1]);
            }
        }
        self.age += 1;
        &self.values
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
    jobs: &[Job],
    series: &Series<'_>,
    stage: Stage,
    width: usize,
    in_parallel: bool,
    out: &mut [f32],
) {
    let span = if in_parallel { SHARED_BARS } else { CHUNK };
    let mut running: Vec<Running<'_>> = jobs.iter().map(|job| Running::new(job, stage)).collect();
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
            running.restart(stage);
        }
        let ages = &series.age[from..most];
        // Where no segment starts in between, the age has grown by one a bar.
        let end = if ages[ages.len() - 1] - ages[0] >= (ages.len() - 1) as f32 {
            most
        } else {
            let next_segment = ages[1..].iter().position(|&age| age == 0.0);
            next_segment.map_or(most, |after| from + 1 + after)
        };
        let mut out: Vec<&mut [f32]> = columns
            .iter_mut()
            .map(|column| &mut column[from - bars.start..end - bars.start])
            .collect();
        running.run(series, from..end, &mut out);
        from = end;
    }
}

/// Rows and columns of a tile of [`turn`].
const TILE: usize = 8;

/// Columns, `stride` numbers apart, to rows of `width`: `out[t, c] = planar[c, t]`.
fn turn(planar: &[f32], stride: usize, width: usize, out: &mut [f32]) {
    let num_rows = out.len() / width;
    if width == 1 {
        out.copy_from_slice(&planar[..num_rows]);
        return;
    }
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
