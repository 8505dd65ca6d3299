//! From weights to holdings: what is bought at which bar and sold at which, for every symbol on one
//! time line.

use burn::tensor::{Device, Tensor};

use crate::device::largest_binding_bytes;
use crate::device::transfer::upload;
use crate::market::{Bars, Series};
use crate::windows::{Entry, Sample, TargetConfig};

/// A position of one sub-portfolio: bought or sold at one bar, closed at a later one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// Row of the symbol in the ledger.
    pub symbol: usize,
    /// Column at whose price it is entered.
    pub entry: usize,
    /// Column at whose price it is closed.
    pub exit: usize,
    /// Share of the whole capital at entry, positive long.
    pub weight: f64,
}

/// One time line for all symbols that have a forecast, with the prices that they trade at.
///
/// The time line holds the open times of all bars of these symbols from the first forecast to the
/// last exit. A symbol without a bar at one of them keeps its last price, and what is held of it is
/// held on; before its first bar it has its first price and nothing is held.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Open time of each bar, nanoseconds since the epoch, UTC. `[T]`
    pub times: Vec<i64>,
    /// Index of each symbol into [`Bars::series`]. `[N]`
    pub series: Vec<usize>,
    /// `[N, T]`, row by row, quote currency: closes, or opens for a target that enters at opens.
    pub prices: Vec<f32>,
    /// The same on the device, in blocks of symbols that each fit a buffer binding.
    pub(super) blocks: Vec<Tensor<2>>,
    entry: Entry,
    /// Of each symbol: the column of every row from `first` on.
    columns: Vec<Columns>,
}

#[derive(Clone, Debug)]
struct Columns {
    first: usize,
    places: Vec<usize>,
    real: Vec<bool>,
}

impl Ledger {
    /// The time line of these windows; uploads the prices.
    ///
    /// `samples` are in the order of their symbols. None without a window.
    ///
    /// # Panics
    /// If a window lies outside the bars.
    pub fn new(
        bars: &Bars,
        samples: &[Sample],
        target: &TargetConfig,
        device: &Device,
    ) -> Option<Self> {
        let ahead = target.longest_exit_offset_bars();
        let mut series: Vec<usize> = samples.iter().map(|one| one.series as usize).collect();
        series.sort_unstable();
        series.dedup();
        let (mut from, mut until) = (i64::MAX, i64::MIN);
        for sample in samples {
            let times = &bars.series[sample.series as usize].time;
            let last = sample.last as usize;
            from = from.min(times[last]);
            until = until.max(times[last.saturating_add(ahead).min(times.len() - 1)]);
        }
        let inside = |one: &Series| {
            let low = one.time.partition_point(|&time| time < from);
            let high = one.time.partition_point(|&time| time <= until);
            low..high
        };
        let mut times: Vec<i64> = series
            .iter()
            .flat_map(|&index| {
                let one = &bars.series[index];
                one.time[inside(one)].iter().copied()
            })
            .collect();
        times.sort_unstable();
        times.dedup();
        if times.is_empty() {
            return None;
        }
        let mut prices = Vec::with_capacity(series.len() * times.len());
        let mut columns = Vec::with_capacity(series.len());
        for &index in &series {
            let one = &bars.series[index];
            let rows = inside(one);
            let all = match target.entry {
                Entry::NextOpen => &one.open,
                Entry::NextClose | Entry::Close => &one.close,
            };
            let mut places = Vec::with_capacity(rows.len());
            let mut next = rows.start;
            for (column, &time) in times.iter().enumerate() {
                if next < rows.end && one.time[next] == time {
                    places.push(column);
                    next += 1;
                }
                // a row that lies inside exists: each symbol has a forecast there
                prices.push(all[next.max(rows.start + 1) - 1]);
            }
            columns.push(Columns {
                first: rows.start,
                places,
                real: rows.map(|row| !one.is_filled(row)).collect(),
            });
        }
        let ledger = Self {
            blocks: Vec::new(),
            times,
            series,
            prices,
            entry: target.entry,
            columns,
        };
        Some(ledger.in_blocks(largest_binding_bytes(device) / 4, device))
    }

    /// The same with at most so many prices in a block on the device, but at least one symbol.
    #[must_use]
    pub fn in_blocks(mut self, num_prices: usize, device: &Device) -> Self {
        let num_bars = self.num_bars();
        let symbols = (num_prices / num_bars).max(1);
        self.blocks = self
            .prices
            .chunks(symbols * num_bars)
            .map(|block| upload(block.to_vec(), [block.len() / num_bars, num_bars], device))
            .collect();
        self
    }

    /// Number of bars of the time line.
    pub fn num_bars(&self) -> usize {
        self.times.len()
    }

    /// The trades of h staggered sub-portfolios, each of 1/h of the capital.
    ///
    /// A window that ends at a symbol's row r with a weight enters at the price of row r + 1 (of row r
    /// only where `target.entry` is `close`, which is not tradable) and closes h rows later. An entry
    /// bar that is missing or was filled in is no trade; a close waits for the next real bar; a symbol
    /// that ends before is closed at its last price.
    ///
    /// # Panics
    /// If there is not one weight for each window, or a window is not one of the time line's.
    pub fn trades(&self, samples: &[Sample], weights: &[f64], horizon_bars: usize) -> Vec<Trade> {
        assert_eq!(samples.len(), weights.len(), "weights");
        assert!(horizon_bars > 0, "a horizon of 0 bars");
        let offset = usize::from(self.entry != Entry::Close);
        let mut trades = Vec::new();
        for (sample, &weight) in samples.iter().zip(weights) {
            if weight == 0.0 {
                continue;
            }
            let symbol = self
                .series
                .binary_search(&(sample.series as usize))
                .expect("a symbol of the time line");
            let Columns {
                first,
                places,
                real,
            } = &self.columns[symbol];
            let entry = sample.last as usize - first + offset;
            if entry + 1 >= places.len() || !real[entry] {
                continue;
            }
            let last = places.len() - 1;
            let due = (entry + horizon_bars).min(last);
            let exit = (due..last).find(|&row| real[row]).unwrap_or(last);
            trades.push(Trade {
                symbol,
                entry: places[entry],
                exit: places[exit],
                weight: weight / horizon_bars as f64,
            });
        }
        trades
    }

    /// Units of each symbol held after trading at each bar, `[N, T]`, for a capital of 1.
    ///
    /// Sums of the open trades' `weight / price at entry`, added in the order of `trades`, so that bars
    /// between which nothing is traded hold exactly the same.
    pub fn units(&self, trades: &[Trade]) -> Vec<f32> {
        let num_bars = self.num_bars();
        let mut units = vec![0.0_f64; self.prices.len()];
        for trade in trades {
            let row = &mut units[trade.symbol * num_bars..][..num_bars];
            let bought = trade.weight / self.price(trade.symbol, trade.entry);
            for held in &mut row[trade.entry..trade.exit] {
                *held += bought;
            }
        }
        units.into_iter().map(|held| held as f32).collect()
    }

    /// A symbol's price at a bar.
    pub(super) fn price(&self, symbol: usize, column: usize) -> f64 {
        f64::from(self.prices[symbol * self.num_bars() + column])
    }
}
