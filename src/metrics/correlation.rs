//! Information coefficients: correlations of forecasts with what came, over time or across symbols.

use serde::{Deserialize, Serialize};

use super::Panel;
use super::significance::{minimum_detectable_ic, newey_west_lag, newey_west_se, t_statistic};
use crate::windows::{MIN_CROSS_SECTION, mean_ranks};

/// The fewest forecasts of a symbol from which a correlation over time is taken.
const MIN_OVER_TIME: usize = 3;

/// A mean correlation and what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ic {
    /// The mean, -1 to 1.
    pub value: f64,
    /// Its Newey-West standard error, with a lag of at least the horizon.
    pub standard_error: Option<f64>,
    /// The value over its standard error: beyond about 2 it is unlikely to be chance. None without
    /// an error above 0.
    #[serde(default)]
    pub t: Option<f64>,
    /// The smallest true IC that this much data can detect: [`minimum_detectable_ic`].
    pub minimum_detectable: Option<f64>,
    /// [`icir`] over bars; none for a correlation over time.
    pub icir: Option<f64>,
    /// Correlations in the mean: bars, or symbols for a correlation over time.
    pub count: usize,
}

/// Pearson's correlation; none if either side is constant.
///
/// # Panics
/// If the lengths differ.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (standardised(a)?, standardised(b)?);
    assert_eq!(a.len(), b.len(), "two sides of a correlation");
    Some(a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64)
}

/// Spearman's correlation: Pearson's of the ranks, ties at their mean rank.
///
/// # Panics
/// If the lengths differ.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&mean_ranks(a), &mean_ranks(b))
}

/// Mean over symbols of the correlation over time.
///
/// ```text
/// r_s   = pearson over t of (forecast_st, actual_st),  symbols with at least 3 forecasts
/// ic_ts = 1/S sum_s r_s
/// u_t   = 1/S sum_s 1/T_s (f a - r_s (f^2 + a^2) / 2),  f, a standardised within s
/// se    = sqrt( sum_t u_t^2 + 2 sum_{k=1..lag} (1 - k/(lag+1)) sum_t u_t u_{t-k} )
/// ```
/// The standard error adds the influence of all symbols at a bar before it looks at lags, so that
/// symbols that move together do not count as independent.
///
/// # Shapes and units
/// - `forecast`, `actual`: one value for each window of `panel`
/// # Source
/// Driscoll and Kraay (1998) for the standard error.
pub fn ic_ts(panel: &Panel, forecast: &[f64], actual: &[f64], horizon_bars: usize) -> Option<Ic> {
    let mut influence = vec![0.0; panel.len()];
    let (mut sum, mut count) = (0.0, 0_usize);
    for members in panel.symbols() {
        if members.len() < MIN_OVER_TIME {
            continue;
        }
        let (Some(f), Some(a)) = (
            standardised(&pick(members, forecast)),
            standardised(&pick(members, actual)),
        ) else {
            continue;
        };
        let bars = members.len() as f64;
        let correlation = f.iter().zip(&a).map(|(f, a)| f * a).sum::<f64>() / bars;
        sum += correlation;
        count += 1;
        for ((&index, f), a) in members.iter().zip(&f).zip(&a) {
            influence[index as usize] = (f * a - 0.5 * correlation * (f * f + a * a)) / bars;
        }
    }
    if count == 0 {
        return None;
    }
    let bars = panel.num_bars();
    let at_bar = |members: &[u32]| {
        members
            .iter()
            .map(|&index| influence[index as usize])
            .sum::<f64>()
    };
    let scale = bars as f64 / count as f64;
    let series: Vec<f64> = panel
        .bars()
        .map(|members| scale * at_bar(members))
        .collect();
    let standard_error = newey_west_se(&series, newey_west_lag(bars, horizon_bars));
    let value = sum / count as f64;
    Some(Ic {
        value,
        standard_error,
        t: t_statistic(value, standard_error),
        minimum_detectable: standard_error.map(minimum_detectable_ic),
        icir: None,
        count,
    })
}

/// Mean over bars of Pearson's correlation across symbols.
///
/// Bars with fewer than [`MIN_CROSS_SECTION`] forecasts, or where one side is constant, do not count.
pub fn ic_cs(panel: &Panel, forecast: &[f64], actual: &[f64], horizon_bars: usize) -> Option<Ic> {
    across(panel, forecast, actual, horizon_bars, pearson)
}

/// Mean over bars of Spearman's correlation across symbols, as [`ic_cs`].
pub fn rank_ic_cs(
    panel: &Panel,
    forecast: &[f64],
    actual: &[f64],
    horizon_bars: usize,
) -> Option<Ic> {
    across(panel, forecast, actual, horizon_bars, spearman)
}

/// Mean over standard deviation (ddof 1) of the correlations per bar, not annualised; none below two
/// values or without spread.
pub fn icir(per_bar: &[f64]) -> Option<f64> {
    let n = per_bar.len() as f64;
    if per_bar.len() < 2 {
        return None;
    }
    let mean = per_bar.iter().sum::<f64>() / n;
    let variance = per_bar
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0);
    (variance > 0.0).then(|| mean / variance.sqrt())
}

fn across(
    panel: &Panel,
    forecast: &[f64],
    actual: &[f64],
    horizon_bars: usize,
    correlation: impl Fn(&[f64], &[f64]) -> Option<f64>,
) -> Option<Ic> {
    let per_bar: Vec<f64> = panel
        .bars()
        .filter(|members| members.len() >= MIN_CROSS_SECTION)
        .filter_map(|members| correlation(&pick(members, forecast), &pick(members, actual)))
        .collect();
    if per_bar.is_empty() {
        return None;
    }
    let standard_error = newey_west_se(&per_bar, newey_west_lag(per_bar.len(), horizon_bars));
    let value = per_bar.iter().sum::<f64>() / per_bar.len() as f64;
    Some(Ic {
        value,
        standard_error,
        t: t_statistic(value, standard_error),
        minimum_detectable: standard_error.map(minimum_detectable_ic),
        icir: icir(&per_bar),
        count: per_bar.len(),
    })
}

fn pick(members: &[u32], values: &[f64]) -> Vec<f64> {
    members
        .iter()
        .map(|&index| values[index as usize])
        .collect()
}

/// Mean 0 and variance 1 (ddof 0); none if there is no spread beyond rounding.
fn standardised(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / n)
        .sqrt();
    let largest = values
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    // a constant leaves a deviation of rounding size, which is not a spread
    (deviation > 1e-13 * largest).then(|| {
        values
            .iter()
            .map(|value| (value - mean) / deviation)
            .collect()
    })
}
