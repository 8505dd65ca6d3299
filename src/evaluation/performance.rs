//! What a series of returns was worth: return, risk, drawdown, a year's worth of each.

use serde::{Deserialize, Serialize};

use crate::market::{Bars, Calendar};

/// Days of a year, leap years averaged.
const DAYS_PER_YEAR: f64 = 365.25;
/// Sessions of an exchange's year, by convention.
const SESSIONS_PER_YEAR: f64 = 252.0;
/// Nanoseconds of a day.
const DAY_NS: f64 = 86_400e9;

/// A series of net returns in numbers. Without a risk-free rate; a year has [`bars_per_year`] bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Bars of the series.
    pub num_bars: usize,
    /// Growth of one unit over the whole series, less 1.
    pub total_return: f64,
    /// The same, of one year; -1 once everything is lost.
    pub annualised_return: Option<f64>,
    /// Standard deviation of a year.
    pub volatility: Option<f64>,
    /// [`sharpe`].
    pub sharpe: Option<f64>,
    /// [`sortino`].
    pub sortino: Option<f64>,
    /// [`Drawdown::depth`] of the deepest.
    pub max_drawdown: f64,
    /// [`Drawdown::num_bars`] of the deepest.
    pub max_drawdown_bars: usize,
    /// Annualised return over the deepest drawdown; none without a drawdown.
    pub calmar: Option<f64>,
    /// Traded in a year, in multiples of the capital, both sides of a round trip.
    pub turnover: f64,
}

/// The deepest fall of equity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drawdown {
    /// Share lost from the highest equity before it, 0 to 1.
    pub depth: f64,
    /// Bars from that highest equity to the first as high again, or to the end.
    pub num_bars: usize,
}

/// Bars of a year.
///
/// ```text
/// 24x7      365.25 days
/// 24x5      365.25 * 5/7 days
/// sessions  252 sessions, each as long as the longest in the data
/// daily     252, or 365.25 days over the interval where a bar is longer than a day
/// ```
/// times the bars of a day or session.
pub fn bars_per_year(bars: &Bars) -> f64 {
    let days = bars.interval_ns as f64 / DAY_NS;
    match bars.calendar {
        Calendar::Always => DAYS_PER_YEAR / days,
        Calendar::Weekdays => DAYS_PER_YEAR * 5.0 / 7.0 / days,
        Calendar::Daily if days > 1.0 => DAYS_PER_YEAR / days,
        Calendar::Daily | Calendar::Sessions => SESSIONS_PER_YEAR * bars.bars_per_day(),
    }
}

/// All numbers of a series of simple net returns per bar, and of what was traded at each bar as a
/// share of the capital.
///
/// # Panics
/// If the lengths differ.
pub fn performance(returns: &[f64], traded: &[f64], bars_per_year: f64) -> Performance {
    assert_eq!(returns.len(), traded.len(), "returns and trades");
    let num_bars = returns.len();
    let years = num_bars as f64 / bars_per_year;
    let growth = equity(returns).last().copied().unwrap_or(1.0);
    let annualised_return = (num_bars > 0).then(|| growth.powf(1.0 / years) - 1.0);
    let drawdown = drawdown(returns);
    Performance {
        num_bars,
        total_return: growth - 1.0,
        annualised_return,
        volatility: deviation(returns).map(|(_, deviation)| deviation * bars_per_year.sqrt()),
        sharpe: sharpe(returns, bars_per_year),
        sortino: sortino(returns, bars_per_year),
        max_drawdown: drawdown.depth,
        max_drawdown_bars: drawdown.num_bars,
        calmar: annualised_return
            .filter(|_| drawdown.depth > 0.0)
            .map(|annual| annual / drawdown.depth),
        turnover: if num_bars > 0 {
            traded.iter().sum::<f64>() / years
        } else {
            0.0
        },
    }
}

/// Value of one unit after each bar; 0 from the bar on that loses everything.
///
/// ```text
/// equity_t = prod_{u <= t} max(1 + r_u, 0)
/// ```
pub fn equity(returns: &[f64]) -> Vec<f64> {
    returns
        .iter()
        .scan(1.0, |equity, bar| {
            *equity *= (1.0 + bar).max(0.0);
            Some(*equity)
        })
        .collect()
}

/// Share lost from the highest equity so far, after each bar; the start counts as a height.
pub fn drawdowns(returns: &[f64]) -> Vec<f64> {
    let mut highest = 1.0_f64;
    equity(returns)
        .into_iter()
        .map(|equity| {
            highest = highest.max(equity);
            1.0 - equity / highest
        })
        .collect()
}

/// The deepest drawdown and how long it lasted; the first of equally deep ones.
pub fn drawdown(returns: &[f64]) -> Drawdown {
    let falls = drawdowns(returns);
    let mut deepest = Drawdown::default();
    let mut at = 0;
    for (bar, &depth) in falls.iter().enumerate() {
        if depth > deepest.depth {
            deepest.depth = depth;
            at = bar;
        }
    }
    if deepest.depth > 0.0 {
        // bars since a height, which stands one bar before the first under water
        let start = falls[..at]
            .iter()
            .rposition(|&depth| depth == 0.0)
            .map_or(0, |height| height + 1);
        let end = falls[at..]
            .iter()
            .position(|&depth| depth == 0.0)
            .map_or(falls.len(), |ahead| at + ahead + 1);
        deepest.num_bars = end - start;
    }
    deepest
}

/// Mean over standard deviation (ddof 1) of the returns, of a year; none without spread.
///
/// ```text
/// sharpe = mean(r) / sd(r) sqrt(bars_per_year)
/// ```
/// # Source
/// Sharpe (1994). Golden: pandas.
pub fn sharpe(returns: &[f64], bars_per_year: f64) -> Option<f64> {
    let (mean, deviation) = deviation(returns)?;
    Some(mean / deviation * bars_per_year.sqrt())
}

/// Mean return over the root of the mean square of the losses, of a year; none without a loss.
///
/// ```text
/// sortino = mean(r) / sqrt(mean(min(r, 0)^2)) sqrt(bars_per_year)
/// ```
/// # Source
/// Sortino and Price (1994), with a target return of 0. Golden: numpy.
pub fn sortino(returns: &[f64], bars_per_year: f64) -> Option<f64> {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let losses = returns.iter().map(|bar| bar.min(0.0).powi(2)).sum::<f64>() / n;
    (losses > 0.0).then(|| mean / losses.sqrt() * bars_per_year.sqrt())
}

/// Mean and standard deviation (ddof 1); none below two values or without spread beyond rounding.
pub(super) fn deviation(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (n - 1.0)).sqrt();
    let largest = values
        .iter()
        .fold(0.0_f64, |size, value| size.max(value.abs()));
    (deviation > 1e-13 * largest).then_some((mean, deviation))
}
