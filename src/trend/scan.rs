//! A universe through the classification.

use std::borrow::Cow;

use super::{Source, TrendConfig, TrendError};
use crate::market::{Bars, Series};
use crate::ops::atc::{Number, Recipe, Table, sweep as sweep_rows};

/// The last `num_bars` prices of a series that are classified; 0 takes all.
///
/// Means of several columns are float64, rounded to nothing smaller.
pub fn prices(series: &Series, source: Source, num_bars: usize) -> Cow<'_, [f64]> {
    let from = match num_bars {
        0 => 0,
        _ => series.len().saturating_sub(num_bars),
    };
    let mean = |columns: &[&[f32]]| -> Vec<f64> {
        (from..series.len())
            .map(|t| {
                let sum: f64 = columns.iter().map(|column| f64::from(column[t])).sum();
                sum / columns.len() as f64
            })
            .collect()
    };
    let Series {
        open,
        high,
        low,
        close,
        ..
    } = series;
    Cow::Owned(match source {
        Source::Open => mean(&[open]),
        Source::High => mean(&[high]),
        Source::Low => mean(&[low]),
        Source::Close => mean(&[close]),
        Source::Hl2 => mean(&[high, low]),
        Source::Hlc3 => mean(&[high, low, close]),
        Source::Ohlc4 => mean(&[open, high, low, close]),
    })
}

/// The classification of every series of `bars`, computed in float64 on all threads.
///
/// Only the last `num_bars` bars of a series are read (0 reads all), and of those the last `keep`
/// written.
///
/// # Errors
/// [`TrendError`] if a setting is out of its bounds for a symbol.
pub fn scan<Y: Number>(
    bars: &Bars,
    config: &TrendConfig,
    num_bars: usize,
    keep: usize,
) -> Result<Table<Y>, TrendError> {
    let mut tables = sweep(bars, std::slice::from_ref(config), num_bars, keep)?;
    Ok(tables.pop().unwrap_or_default())
}

/// [`scan`] with several settings at once: what they have in common is computed once.
///
/// The first's source is taken for all.
///
/// # Errors
/// As [`scan`].
pub fn sweep<Y: Number>(
    bars: &Bars,
    configs: &[TrendConfig],
    num_bars: usize,
    keep: usize,
) -> Result<Vec<Table<Y>>, TrendError> {
    let recipes = recipes(bars, configs, num_bars)?;
    let Some(source) = configs.first().map(|config| config.source) else {
        return Ok(Vec::new());
    };
    if let Some(rows) = columns(bars, source, num_bars) {
        return Ok(sweep_rows(&rows, &recipes, keep));
    }
    let rows: Vec<Cow<'_, [f64]>> = bars
        .series
        .iter()
        .map(|series| prices(series, source, num_bars))
        .collect();
    let rows: Vec<&[f64]> = rows.iter().map(AsRef::as_ref).collect();
    Ok(sweep_rows(&rows, &recipes, keep))
}

/// The rows as they are in memory, if the source is one column.
pub(super) fn columns(bars: &Bars, source: Source, num_bars: usize) -> Option<Vec<&[f32]>> {
    let column: fn(&Series) -> &[f32] = match source {
        Source::Open => |series| &series.open,
        Source::High => |series| &series.high,
        Source::Low => |series| &series.low,
        Source::Close => |series| &series.close,
        _ => return None,
    };
    let last = |series| {
        let column: &[f32] = column(series);
        match num_bars {
            0 => column,
            _ => &column[column.len().saturating_sub(num_bars)..],
        }
    };
    Some(bars.series.iter().map(last).collect())
}

/// A recipe per configuration, checked against every series.
pub(super) fn recipes(
    bars: &Bars,
    configs: &[TrendConfig],
    num_bars: usize,
) -> Result<Vec<Recipe>, TrendError> {
    let read = |series: &Series| match num_bars {
        0 => series.len(),
        _ => series.len().min(num_bars),
    };
    let Some(first) = bars.series.first() else {
        return Err(TrendError::Empty);
    };
    configs
        .iter()
        .map(|config| {
            let recipe = config.recipe(&first.symbol, read(first))?;
            for series in &bars.series {
                config.cutout_of(&series.symbol, read(series))?;
            }
            Ok(recipe)
        })
        .collect()
}

/// How far two classifications of the same bars agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// First-layer signals that were compared.
    pub num_signals: usize,
    /// Of them, those that differ.
    pub differing_signals: usize,
    /// Classes that were compared.
    pub num_classes: usize,
    /// Of them, those that differ.
    pub differing_classes: usize,
    /// Greatest distance of two averages.
    pub average_distance: f64,
}

/// Compares `table` with `double`, which has the same rows.
///
/// # Panics
/// If the tables differ in shape.
pub fn agreement<Y: Number>(table: &Table<Y>, double: &Table<f64>) -> Agreement {
    assert_eq!(table.starts, double.starts, "tables of different rows");
    let classes = table.class.iter().zip(&double.class);
    let averages = table.average.iter().zip(&double.average);
    let mut all = Agreement {
        num_signals: 0,
        differing_signals: 0,
        num_classes: table.class.len(),
        differing_classes: classes.filter(|(a, b)| a != b).count(),
        average_distance: averages.fold(0.0, |most, (a, b)| f64::max(most, (a.wide() - b).abs())),
    };
    for (column, double) in table.signals.iter().zip(&double.signals) {
        for (signal, double) in column.iter().zip(double) {
            let signal = signal.wide();
            if double.is_nan() && signal.is_nan() {
                continue;
            }
            all.num_signals += 1;
            // Both are whole hundredths in their own type, so they are near or a hundredth apart.
            let same = (signal - double).abs() < 0.005;
            all.differing_signals += usize::from(!same);
        }
    }
    all
}
