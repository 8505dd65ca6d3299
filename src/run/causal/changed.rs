//! Bars with others in the place of some, bars cut off, and the bars around an instant.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::market::{Bars, Series};

/// Which rows become others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// First open.
    pub(super) from_ns: i64,
    /// First open behind the span; `i64::MAX` without an end.
    pub(super) until_ns: i64,
}

impl Span {
    pub(super) fn after(time_ns: i64) -> Self {
        Self {
            from_ns: time_ns.saturating_add(1),
            until_ns: i64::MAX,
        }
    }
}

/// All symbols with other prices and volumes in the span: a walk that starts at another level. With
/// `masks`, gaps and filled bars lie elsewhere too. Times stay, since they are the calendar's.
pub(super) fn scrambled(bars: &Bars, span: Span, seed: u64, masks: bool) -> Bars {
    let mut changed = bars.clone();
    for (index, series) in changed.series.iter_mut().enumerate() {
        let from = series.time.partition_point(|&time| time < span.from_ns);
        let until = series.time.partition_point(|&time| time < span.until_ns);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(index as u64);
        scramble(series, from, until, &mut random);
        if masks && from < series.len() {
            scramble_masks(series, from, &mut random);
        }
    }
    changed
}

fn scramble(series: &mut Series, from: usize, until: usize, random: &mut ChaCha8Rng) {
    let mut uniform = || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let before = from.checked_sub(1).map(|row| series.close[row]);
    let Some(level) = before.or_else(|| series.open.first().copied()) else {
        return;
    };
    let level = f64::from(level) * (0.6 + uniform());
    let mut price = level;
    for row in from..until {
        let open = price * (1.0 + 0.01 * (uniform() - 0.5));
        price *= 1.0 + 0.04 * (uniform() - 0.5) - 0.01 * (price / level).ln();
        let (high, low) = (open.max(price), open.min(price));
        series.open[row] = open as f32;
        series.high[row] = (high * (1.0 + 0.01 * uniform())) as f32;
        series.low[row] = (low * (1.0 - 0.01 * uniform())) as f32;
        series.close[row] = price as f32;
        if let Some(volume) = series.volume.get_mut(row) {
            *volume = (1000.0 * (4.0 * uniform()).exp()) as f32;
        }
    }
}

/// Every third bar is said to be filled in, and a gap comes nine bars on.
fn scramble_masks(series: &mut Series, from: usize, random: &mut ChaCha8Rng) {
    let rows = series.len();
    series.filled.resize(rows, false);
    series.segment.resize(rows, 0);
    let stretch = from.checked_sub(1).map_or(0, |row| series.segment[row]);
    for row in from..rows {
        series.filled[row] = random.next_u32().is_multiple_of(3);
        series.segment[row] = stretch + u32::from(row >= from + 9);
    }
}

/// The bars that open by `last_ns`; symbols without one are left out.
pub(super) fn cut_off(bars: &Bars, last_ns: i64) -> Bars {
    slice(bars, |series| {
        0..series.time.partition_point(|&time| time <= last_ns)
    })
}

/// By symbol `before` bars that open by `last_ns` and `after` bars behind it.
pub(super) fn around(bars: &Bars, last_ns: i64, before: usize, after: usize) -> Bars {
    slice(bars, |series| {
        let row = series.time.partition_point(|&time| time <= last_ns);
        row.saturating_sub(before)..(row + after).min(series.len())
    })
}

fn slice(bars: &Bars, rows: impl Fn(&Series) -> std::ops::Range<usize>) -> Bars {
    fn part<T: Copy>(column: &[T], rows: &std::ops::Range<usize>) -> Vec<T> {
        column.get(rows.clone()).unwrap_or_default().to_vec()
    }
    let of = |series: &Series| {
        let rows = rows(series);
        Series {
            symbol: series.symbol.clone(),
            time: part(&series.time, &rows),
            open: part(&series.open, &rows),
            high: part(&series.high, &rows),
            low: part(&series.low, &rows),
            close: part(&series.close, &rows),
            volume: part(&series.volume, &rows),
            filled: part(&series.filled, &rows),
            segment: part(&series.segment, &rows),
        }
    };
    let series: Vec<Series> = bars.series.iter().map(of).collect();
    Bars {
        series: series.into_iter().filter(|one| !one.is_empty()).collect(),
        notes: bars.notes.clone(),
        ..*bars
    }
}
