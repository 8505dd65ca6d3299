//! Missing bars: counted, filled or made into segment breaks.

use serde::Serialize;

use super::schedule::{STRETCH, Schedule, Step};
use super::{GapPolicy, Series};

/// What is missing in one series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// Gaps.
    pub count: u64,
    /// Missing bars of the longest.
    pub longest: u64,
    /// Missing bars of all.
    pub missing: u64,
}

/// Stretches without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Runs {
    /// Stretches.
    pub count: u64,
    /// Bars of the longest.
    pub longest: u64,
}

/// What [`GapPolicy::Fill`] makes of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The gaps.
    pub gaps: Gaps,
    /// Stretches as the bars stand.
    pub runs: Runs,
    /// Stretches once short gaps are filled.
    pub runs_filled: Runs,
    /// Bars that filling adds.
    pub filled: u64,
}

/// Counts gaps and stretches without changing the series.
pub(super) fn look(series: &Series, schedule: &Schedule, max_fill: usize) -> Found {
    let mut judge = schedule.judge();
    let mut found = Found::default();
    let (mut run, mut run_filled) = (1_u64, 1_u64);
    let close = |runs: &mut Runs, run: &mut u64| {
        runs.count += 1;
        runs.longest = runs.longest.max(*run);
        *run = 1;
    };
    for pair in series.time.windows(2) {
        let Step::Gap(missing) = judge.step(pair[0], pair[1]) else {
            run += 1;
            run_filled += 1;
            continue;
        };
        found.gaps.count += 1;
        found.gaps.longest = found.gaps.longest.max(missing);
        found.gaps.missing += missing;
        close(&mut found.runs, &mut run);
        if schedule.fills(pair[0], pair[1], missing, max_fill) {
            found.filled += missing;
            run_filled += missing + 1;
        } else {
            close(&mut found.runs_filled, &mut run_filled);
        }
    }
    if !series.is_empty() {
        close(&mut found.runs, &mut run);
        close(&mut found.runs_filled, &mut run_filled);
    }
    found
}

/// Rows whose step fits neither interval nor calendar: shorter than the interval, off its grid, or
/// the first of a stretch on another interval.
pub(super) fn mixed(series: &Series, schedule: &Schedule) -> Vec<usize> {
    let mut judge = schedule.judge();
    let mut rows = Vec::new();
    let mut run = (0, 0);
    for (row, pair) in series.time.windows(2).enumerate() {
        let step = pair[1] - pair[0];
        if step == schedule.interval_ns {
            run = (step, 0);
            continue;
        }
        match judge.step(pair[0], pair[1]) {
            Step::Mixed => rows.push(row + 1),
            Step::Gap(_) => {
                run = if run.0 == step {
                    (step, run.1 + 1)
                } else {
                    (step, 1)
                };
                if run.1 == STRETCH {
                    rows.push(row + 2 - STRETCH);
                }
            }
            Step::Next | Step::Closed => run = (0, 0),
        }
    }
    rows
}

/// Drops the rows that are off the grid, each judged against the last row that was kept. Returns how
/// many.
pub(super) fn drop_mixed(series: &mut Series, schedule: &Schedule) -> u64 {
    let mut judge = schedule.judge();
    let mut order: Vec<usize> = Vec::with_capacity(series.len());
    for row in 0..series.len() {
        let fits = order
            .last()
            .is_none_or(|&last| judge.step(series.time[last], series.time[row]) != Step::Mixed);
        if fits {
            order.push(row);
        }
    }
    let dropped = series.len() - order.len();
    if dropped > 0 {
        *series = series.select(&order);
    }
    dropped as u64
}

/// Fills or breaks the gaps of a series; returns the bars filled in.
pub(super) fn apply(
    series: &mut Series,
    schedule: &Schedule,
    policy: GapPolicy,
    max_fill: usize,
) -> u64 {
    if policy == GapPolicy::Ignore {
        return 0;
    }
    let mut judge = schedule.judge();
    // (row before the gap, times of the bars to fill in: none breaks)
    let mut gaps: Vec<(usize, Vec<i64>)> = Vec::new();
    for (row, pair) in series.time.windows(2).enumerate() {
        if let Step::Gap(missing) = judge.step(pair[0], pair[1]) {
            let fills =
                policy == GapPolicy::Fill && schedule.fills(pair[0], pair[1], missing, max_fill);
            let times = if fills {
                judge.missing_times(pair[0], pair[1], missing)
            } else {
                Vec::new()
            };
            gaps.push((row, times));
        }
    }
    if gaps.is_empty() {
        return 0;
    }
    let added: usize = gaps.iter().map(|gap| gap.1.len()).sum();
    let mut out = Packer::new(series, added);
    let mut from = 0;
    for (row, times) in gaps {
        out.copy(series, from..row + 1);
        from = row + 1;
        if times.is_empty() {
            out.segment += 1;
        } else {
            out.fill(series, row, &times);
        }
    }
    out.copy(series, from..series.len());
    *series = out.series;
    if added == 0 {
        series.filled = Vec::new();
    }
    if series.segment.last() == Some(&0) {
        series.segment = Vec::new();
    }
    added as u64
}

/// Builds the series with its gaps closed.
struct Packer {
    series: Series,
    segment: u32,
}

impl Packer {
    fn new(series: &Series, added: usize) -> Self {
        let rows = series.len() + added;
        let column = || Vec::with_capacity(rows);
        Self {
            series: Series {
                symbol: series.symbol.clone(),
                time: Vec::with_capacity(rows),
                open: column(),
                high: column(),
                low: column(),
                close: column(),
                volume: if series.volume.is_empty() {
                    Vec::new()
                } else {
                    column()
                },
                filled: Vec::with_capacity(rows),
                segment: Vec::with_capacity(rows),
            },
            segment: 0,
        }
    }

    fn copy(&mut self, from: &Series, rows: std::ops::Range<usize>) {
        let to = &mut self.series;
        to.time.extend_from_slice(&from.time[rows.clone()]);
        to.open.extend_from_slice(&from.open[rows.clone()]);
        to.high.extend_from_slice(&from.high[rows.clone()]);
        to.low.extend_from_slice(&from.low[rows.clone()]);
        to.close.extend_from_slice(&from.close[rows.clone()]);
        if !from.volume.is_empty() {
            to.volume.extend_from_slice(&from.volume[rows]);
        }
        to.filled.resize(to.time.len(), false);
        to.segment.resize(to.time.len(), self.segment);
    }

    /// Flat bars at the close of `row`.
    fn fill(&mut self, from: &Series, row: usize, times: &[i64]) {
        let to = &mut self.series;
        to.time.extend_from_slice(times);
        let rows = to.time.len();
        for column in [&mut to.open, &mut to.high, &mut to.low, &mut to.close] {
            column.resize(rows, from.close[row]);
        }
        if !from.volume.is_empty() {
            to.volume.resize(rows, 0.0);
        }
        to.filled.resize(rows, true);
        to.segment.resize(rows, self.segment);
    }
}
