//! Which forecasts belong to the same symbol, and which to the same bar.

use std::ops::Range;

use crate::windows::Sample;

/// The grouping of a list of forecasts by symbol and by bar, computed once.
#[derive(Clone, Debug)]
pub struct Panel {
    rows: Vec<u32>,
    by_symbol: Groups,
    by_bar: Groups,
}

/// Indices sorted so that each group lies together.
#[derive(Clone, Debug)]
struct Groups {
    order: Vec<u32>,
    ranges: Vec<Range<usize>>,
}

impl Panel {
    /// Groups windows by symbol and by the open time of their last bar.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn new(samples: &[Sample], times: &[i64]) -> Self {
        assert_eq!(samples.len(), times.len(), "windows and times");
        let symbol = |index: u32| samples[index as usize].series;
        let row = |index: u32| samples[index as usize].last;
        let time = |index: u32| times[index as usize];
        let count = samples.len() as u32;
        Self {
            rows: samples.iter().map(|sample| sample.last).collect(),
            by_symbol: Groups::new(count, |index| (symbol(index), row(index)), symbol),
            by_bar: Groups::new(count, |index| (time(index), symbol(index)), time),
        }
    }

    /// Number of forecasts.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no forecast.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Number of symbols.
    pub fn num_symbols(&self) -> usize {
        self.by_symbol.ranges.len()
    }

    /// Number of bars at which there is a forecast.
    pub fn num_bars(&self) -> usize {
        self.by_bar.ranges.len()
    }

    /// The indices of each symbol's forecasts, in time.
    pub fn symbols(&self) -> impl Iterator<Item = &[u32]> {
        self.by_symbol.iter()
    }

    /// The indices of each bar's forecasts, in time.
    pub fn bars(&self) -> impl Iterator<Item = &[u32]> {
        self.by_bar.iter()
    }

    /// The row of a forecast's last bar in its symbol.
    pub fn row(&self, index: u32) -> u32 {
        self.rows[index as usize]
    }
}

impl Groups {
    fn new<S: Ord, G: PartialEq>(
        count: u32,
        sort: impl Fn(u32) -> S,
        group: impl Fn(u32) -> G,
    ) -> Self {
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_unstable_by_key(|&index| sort(index));
        let mut start = 0;
        let ranges = order
            .chunk_by(|&a, &b| group(a) == group(b))
            .map(|members| {
                start += members.len();
                start - members.len()..start
            })
            .collect();
        Self { order, ranges }
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.ranges.iter().map(|range| &self.order[range.clone()])
    }
}
