//! Where the bars leave for the device, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use super::{Bars, Column, MarketError, Series, clock_column};
use crate::device::transfer;

/// Consecutive series on the device: `[n, T]` columns, each row one series from its own first bar
/// on, padded at the end.
#[derive(Clone, Debug)]
pub struct PanelBlock {
    /// Which of the bars' series.
    pub series: Range<usize>,
    /// Bars of the longest series: T.
    pub num_bars: usize,
    /// Bars of each series.
    pub lengths: Vec<usize>,
    columns: BTreeMap<Column, Tensor<2>>,
}

impl PanelBlock {
    /// Number of series: n.
    pub fn num_series(&self) -> usize {
        self.series.len()
    }

    /// A column, `[n, T]`. Past a series' end prices are NaN, `Age` is -1, everything else 0.
    ///
    /// # Panics
    /// If the column was not uploaded.
    pub fn column(&self, column: Column) -> Tensor<2> {
        match self.columns.get(&column) {
            Some(tensor) => tensor.clone(),
            None => panic!(
                "column {column:?} was not uploaded, only {:?}",
                self.columns.keys()
            ),
        }
    }

    /// Whether the column was uploaded.
    pub fn has(&self, column: Column) -> bool {
        self.columns.contains_key(&column)
    }

    /// The columns that were uploaded.
    pub fn columns(&self) -> BTreeSet<Column> {
        self.columns.keys().copied().collect()
    }

    /// Where it lives.
    ///
    /// # Panics
    /// If no column was uploaded.
    pub fn device(&self) -> Device {
        match self.columns.values().next() {
            Some(tensor) => tensor.device(),
            None => panic!("a block without columns is on no device"),
        }
    }
}

/// Uploads `columns` of all series, packed in blocks such that `[n, T, features_per_bar]` of float32
/// stays within `max_block_bytes`. Each series starts at its own first bar, so its values do not
/// depend on what else was loaded.
///
/// ```
/// use emberline::device::transfer;
/// use emberline::market::{Column, simulate::{Simulation, SimulateConfig, names}, upload::upload};
/// let config = SimulateConfig { symbols: names(3), num_bars: 100, ..SimulateConfig::default() };
/// let bars = Simulation::new(config)?.bars();
/// let device = burn::tensor::Device::flex();
/// let blocks = upload(&bars, &[Column::Close].into(), 8, 2 * 100 * 8 * 4, &device)?;
/// assert_eq!(blocks.len(), 2);
/// assert_eq!(transfer::to_host(blocks[1].column(Column::Close)), bars.series[2].close);
/// # Ok::<(), emberline::market::MarketError>(())
/// ```
/// # Errors
/// [`MarketError::Setting`] if one series alone exceeds the limit.
pub fn upload(
    bars: &Bars,
    columns: &BTreeSet<Column>,
    features_per_bar: usize,
    max_block_bytes: usize,
    device: &Device,
) -> Result<Vec<PanelBlock>, MarketError> {
    let plan = plan(bars, features_per_bar, max_block_bytes)?;
    let blocks = plan.into_iter().map(|series| {
        let lengths: Vec<usize> = bars.series[series.clone()]
            .iter()
            .map(Series::len)
            .collect();
        let num_bars = lengths.iter().copied().max().unwrap_or(0);
        let columns = columns
            .iter()
            .map(|&column| {
                let values = pack(bars, series.clone(), num_bars, column);
                let tensor = transfer::upload(values, [series.len(), num_bars], device);
                (column, tensor)
            })
            .collect();
        PanelBlock {
            series,
            num_bars,
            lengths,
            columns,
        }
    });
    Ok(blocks.collect())
}

/// Which series go together: as many in a row as fit.
fn plan(
    bars: &Bars,
    features_per_bar: usize,
    max_block_bytes: usize,
) -> Result<Vec<Range<usize>>, MarketError> {
    let bytes_per_bar = 4 * features_per_bar.max(1);
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut longest = 0;
    for (index, series) in bars.series.iter().enumerate() {
        let bytes = series.len().saturating_mul(bytes_per_bar);
        if bytes > max_block_bytes {
            return Err(MarketError::Setting {
                key: "data.from",
                value: format!("{} bars of {}", series.len(), series.symbol),
                rule: format!(
                    "{features_per_bar} features of each take {bytes} bytes, more than the \
                     {max_block_bytes} that a buffer of this device holds: take fewer bars or \
                     features, or another device"
                ),
            });
        }
        let together = longest.max(series.len());
        match blocks.last_mut() {
            Some(block)
                if (block.len() + 1)
                    .saturating_mul(together)
                    .saturating_mul(bytes_per_bar)
                    <= max_block_bytes =>
            {
                block.end = index + 1;
                longest = together;
            }
            _ => {
                blocks.push(index..index + 1);
                longest = series.len();
            }
        }
    }
    Ok(blocks)
}

/// One column of a block, row-major, padded.
fn pack(bars: &Bars, series: Range<usize>, num_bars: usize, column: Column) -> Vec<f32> {
    let padding = match column {
        Column::Open | Column::High | Column::Low | Column::Close => f32::NAN,
        Column::Age => -1.0,
        _ => 0.0,
    };
    let mut values = vec![padding; series.len() * num_bars];
    if num_bars > 0 {
        values
            .par_chunks_mut(num_bars)
            .zip(series)
            .for_each(|(row, index)| fill(row, bars, index, column));
    }
    values
}

fn fill(row: &mut [f32], bars: &Bars, index: usize, column: Column) {
    let series = &bars.series[index];
    let row = &mut row[..series.len()];
    let values = match column {
        Column::Open => &series.open,
        Column::High => &series.high,
        Column::Low => &series.low,
        Column::Close => &series.close,
        // No volumes: zeros, as padding.
        Column::Volume if series.volume.is_empty() => return,
        Column::Volume => &series.volume,
        Column::Filled => {
            for (value, &filled) in row.iter_mut().zip(&series.filled) {
                *value = f32::from(u8::from(filled));
            }
            return;
        }
        Column::Age => {
            let mut start = 0;
            for (bar, value) in row.iter_mut().enumerate() {
                if bar > 0 && series.segment_of(bar) != series.segment_of(bar - 1) {
                    start = bar;
                }
                *value = (bar - start) as f32;
            }
            return;
        }
        Column::SessionStart
        | Column::DayStart
        | Column::WeekStart
        | Column::MonthStart
        | Column::TimeOfDay
        | Column::Weekday => &clock_column(bars, index, column),
    };
    row.copy_from_slice(values);
}
