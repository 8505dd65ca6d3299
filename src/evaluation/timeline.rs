//! Long series in few points.

use super::backtest::{Costs, Flow};
use super::performance::{drawdowns, equity};
use super::result::{Band, COST_MULTIPLES, Curves, IcPoint};
use crate::metrics::{newey_west_lag, newey_west_se};

/// Points of a curve at most.
const CURVE_POINTS: usize = 1000;
/// Points of the IC over time at most.
const IC_POINTS: usize = 250;
/// Bars below which a mean IC is noise.
const IC_BARS: usize = 5;

/// Equity, drawdown, exposure and turnover of a flow.
pub(super) fn curves(times: &[i64], flow: &Flow, costs: &Costs, bars_per_year: f64) -> Curves {
    let length = times.len().div_ceil(CURVE_POINTS).max(1);
    let stretches = || {
        (0..times.len())
            .step_by(length)
            .map(|from| from..(from + length).min(times.len()))
    };
    let last = |values: &[f64]| {
        stretches()
            .map(|bars| values[bars.end - 1])
            .collect::<Vec<f64>>()
    };
    let deepest = |values: &[f64]| {
        let of = |bars: std::ops::Range<usize>| values[bars].iter().copied().fold(0.0, f64::max);
        stretches().map(of).collect::<Vec<f64>>()
    };
    let mean = |values: &[f64]| {
        let of = |bars: std::ops::Range<usize>| {
            let count = bars.len() as f64;
            values[bars].iter().sum::<f64>() / count
        };
        stretches().map(of).collect::<Vec<f64>>()
    };
    let returns = COST_MULTIPLES.map(|multiple| flow.net(costs, bars_per_year, multiple));
    Curves {
        time: stretches().map(|bars| times[bars.end - 1]).collect(),
        equity: returns.iter().map(|net| last(&equity(net))).collect(),
        drawdown: returns.iter().map(|net| deepest(&drawdowns(net))).collect(),
        long: mean(&flow.long),
        short: mean(&flow.short),
        turnover: mean(&flow.traded),
    }
}

/// The IC in stretches of bars: at least 5 and twice the horizon, at most 250 stretches.
pub(super) fn ic_points(
    times: &[i64],
    over_time: &[Option<f64>],
    across: &[Option<f64>],
    horizon_bars: usize,
) -> Vec<IcPoint> {
    let length = times
        .len()
        .div_ceil(IC_POINTS)
        .max(2 * horizon_bars)
        .max(IC_BARS);
    (0..times.len())
        .step_by(length)
        .map(|from| {
            let bars = from..(from + length).min(times.len());
            IcPoint {
                time: times[from],
                num_bars: bars.len(),
                ic_ts: band(&over_time[bars.clone()], horizon_bars),
                ic_cs: band(&across[bars], horizon_bars),
            }
        })
        .collect()
}

fn band(values: &[Option<f64>], horizon_bars: usize) -> Option<Band> {
    let values: Vec<f64> = values.iter().copied().flatten().collect();
    let lag = newey_west_lag(values.len(), horizon_bars);
    let error = 1.96 * newey_west_se(&values, lag)?;
    let value = values.iter().sum::<f64>() / values.len() as f64;
    Some(Band {
        value,
        low: value - error,
        high: value + error,
    })
}
