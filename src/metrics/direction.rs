//! Is the sign right, and what may acting on it cost?

use serde::{Deserialize, Serialize};

use super::Panel;

/// How often the sign was right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HitRate {
    /// Share of equal signs among the pairs in which neither side is exactly 0.
    pub rate: f64,
    /// What always forecasting the more frequent sign would have scored on the same pairs.
    pub majority: f64,
    /// Share of all pairs that were dropped because a side was exactly 0.
    pub zeros: f64,
    /// Pairs that counted.
    pub count: usize,
}

/// The hit rate; none if every pair has a side that is exactly 0.
///
/// ```
/// let hits = emberline::metrics::hit_rate(&[1.0, -2.0, 3.0, 0.0, 1.0], &[0.1, 0.2, 0.3, 0.4, 0.0]);
/// let hits = hits.expect("pairs that count");
/// assert_eq!((hits.rate, hits.majority, hits.zeros, hits.count), (2.0 / 3.0, 1.0, 0.4, 3));
/// ```
/// # Panics
/// If the lengths differ.
pub fn hit_rate(forecast: &[f64], actual: &[f64]) -> Option<HitRate> {
    assert_eq!(forecast.len(), actual.len(), "forecasts and outcomes");
    let (mut count, mut hits, mut rises) = (0_usize, 0_usize, 0_usize);
    for (&forecast, &actual) in forecast.iter().zip(actual) {
        if forecast == 0.0 || actual == 0.0 {
            continue;
        }
        count += 1;
        hits += usize::from((forecast > 0.0) == (actual > 0.0));
        rises += usize::from(actual > 0.0);
    }
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    (count > 0).then(|| HitRate {
        rate: share(hits, count),
        majority: share(rises.max(count - rises), count),
        zeros: share(forecast.len() - count, forecast.len()),
        count,
    })
}

/// The cost per trade, in basis points of what is traded, at which the sign strategy earns nothing.
///
/// Capital of each symbol is cut into h equal tranches. At a bar with a forecast, the tranche whose
/// turn it is takes the forecast's sign (1, -1, or 0 for exactly 0) at the target's entry and holds it
/// to the target's exit, h bars later, where its next forecast may change it:
///
/// ```text
/// s_t      = sign(forecast_t)
/// earned   = sum_t s_t (exp(y_t) - 1)
/// traded   = sum_t |s_t - s_{t-h}| + |s_t| where no forecast follows at t + h
/// cost_bps = 10^4 earned / traded
/// ```
/// with s_{t-h} = 0 where there is no forecast at that row: the first entry, every exit, and both
/// halves of a turn are paid. Both sums are h times those of the whole capital, so h cancels.
/// Negative: it loses before costs. None if it never trades.
///
/// # Shapes and units
/// - `forecast`, `log_return`: one value for each window of `panel`; y is the log return from entry to
///   exit
/// # Panics
/// If `horizon_bars` is 0.
pub fn break_even_bps(
    panel: &Panel,
    forecast: &[f64],
    log_return: &[f64],
    horizon_bars: usize,
) -> Option<f64> {
    assert!(horizon_bars > 0, "a horizon of 0 bars");
    let sign = |index: u32| {
        let value = forecast[index as usize];
        if value == 0.0 { 0.0 } else { value.signum() }
    };
    let (mut earned, mut traded) = (0.0, 0.0_f64);
    for members in panel.symbols() {
        let at_row = |row: u32| {
            let place = members
                .binary_search_by_key(&row, |&index| panel.row(index))
                .ok()?;
            Some(sign(members[place]))
        };
        for &index in members {
            let (row, now) = (panel.row(index), sign(index));
            let before = row
                .checked_sub(horizon_bars as u32)
                .and_then(at_row)
                .unwrap_or(0.0);
            earned += now * log_return[index as usize].exp_m1();
            traded += (now - before).abs();
            if at_row(row + horizon_bars as u32).is_none() {
                traded += now.abs();
            }
        }
    }
    (traded > 0.0).then(|| 1e4 * earned / traded)
}
