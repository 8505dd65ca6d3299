//! Do forecasts mean what they say? Quantiles, probabilities and point forecasts against what came.

use serde::{Deserialize, Serialize};

use super::newey_west_se;

/// One quantile's forecasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantileCalibration {
    /// The share of outcomes that it is meant to exceed, 0 to 1.
    pub level: f64,
    /// The share that it did exceed; equal to `level` if it is calibrated.
    pub share_below: f64,
    /// [`pinball`], units of the outcomes.
    pub pinball: f64,
    /// Forecasts.
    pub count: usize,
}

/// Forecasts of a probability that are near each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower end; a probability on an inner edge belongs to the bin above.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// Mean forecast; none in an empty bin.
    pub mean_probability: Option<f64>,
    /// How often it happened; none in an empty bin.
    pub share: Option<f64>,
    /// Forecasts.
    pub count: usize,
}

/// Forecasts of a probability against what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityCalibration {
    /// Bins of equal width over 0 to 1.
    pub bins: Vec<ReliabilityBin>,
    /// Mean squared difference to 0 or 1.
    pub brier: f64,
    /// Mean minus log probability of what happened, nats.
    pub log_loss: f64,
    /// Forecasts.
    pub count: usize,
}

/// Point forecasts of about the same size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastBin {
    /// Mean forecast.
    pub mean_forecast: f64,
    /// Mean of what came; on the diagonal if the forecasts are calibrated.
    pub mean_actual: f64,
    /// Of `mean_actual`, as if the bin's outcomes did not depend on each other.
    pub standard_error: Option<f64>,
    /// Forecasts.
    pub count: usize,
}

/// Point forecasts against what came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastCalibration {
    /// Bins of equal count, smallest forecasts first.
    pub bins: Vec<ForecastBin>,
    /// Slope of the line of outcomes on forecasts: 1 is calibrated, below 1 overconfident.
    pub slope: f64,
    /// That line at a forecast of 0.
    pub intercept: f64,
}

/// Mean pinball loss of a quantile's forecasts, in units of the outcomes.
///
/// ```text
/// e = actual - forecast
/// pinball = 1/n sum (e >= 0 ? level e : (level - 1) e)
/// ```
/// ```
/// assert_eq!(emberline::metrics::pinball(&[0.0, 0.0], &[2.0, -1.0], 0.75), (1.5 + 0.25) / 2.0);
/// ```
/// # Panics
/// If the lengths differ or are 0.
/// # Source
/// Koenker and Bassett (1978). Golden: scikit-learn's `mean_pinball_loss`.
pub fn pinball(forecast: &[f64], actual: &[f64], level: f64) -> f64 {
    assert_eq!(forecast.len(), actual.len(), "forecasts and outcomes");
    assert!(!forecast.is_empty(), "a mean over no forecast");
    let loss = |(forecast, actual): (&f64, &f64)| {
        let error = actual - forecast;
        (level * error).max((level - 1.0) * error)
    };
    forecast.iter().zip(actual).map(loss).sum::<f64>() / forecast.len() as f64
}

/// How often outcomes fell below a quantile's forecasts, and the pinball loss. An outcome equal to its
/// forecast counts half.
///
/// # Panics
/// As [`pinball`].
pub fn quantile_calibration(forecast: &[f64], actual: &[f64], level: f64) -> QuantileCalibration {
    let below = |(forecast, actual): (&f64, &f64)| match actual.partial_cmp(forecast) {
        Some(std::cmp::Ordering::Less) => 1.0,
        Some(std::cmp::Ordering::Equal) => 0.5,
        _ => 0.0,
    };
    let pinball = pinball(forecast, actual, level);
    QuantileCalibration {
        level,
        share_below: forecast.iter().zip(actual).map(below).sum::<f64>() / forecast.len() as f64,
        pinball,
        count: forecast.len(),
    }
}

/// Reliability, Brier score and log loss of forecast probabilities; none without a forecast.
///
/// ```text
/// brier    = 1/n sum (p - [it happened])^2
/// log_loss = -1/n sum ln(p if it happened, else 1 - p)
/// ```
/// For the logarithm probabilities are kept 2^-52 away from 0 and 1.
///
/// # Panics
/// If the lengths differ or `num_bins` is 0.
/// # Source
/// Golden: scikit-learn's `brier_score_loss`, `log_loss` and `calibration_curve`.
pub fn probability_calibration(
    probability: &[f64],
    happened: &[bool],
    num_bins: usize,
) -> Option<ProbabilityCalibration> {
    assert_eq!(probability.len(), happened.len(), "forecasts and outcomes");
    assert!(num_bins > 0, "no bin");
    if probability.is_empty() {
        return None;
    }
    let mut sums = vec![(0_usize, 0.0, 0_usize); num_bins];
    let (mut squares, mut logs) = (0.0, 0.0);
    for (&p, &happened) in probability.iter().zip(happened) {
        let bin = bin_of(p, num_bins);
        sums[bin].0 += 1;
        sums[bin].1 += p;
        sums[bin].2 += usize::from(happened);
        squares += (p - f64::from(u8::from(happened))).powi(2);
        let of_outcome = if happened { p } else { 1.0 - p };
        logs -= of_outcome.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    }
    let edge = |bin: usize| bin as f64 / num_bins as f64;
    let bins = sums
        .into_iter()
        .enumerate()
        .map(|(bin, (count, sum, hits))| ReliabilityBin {
            from: edge(bin),
            to: edge(bin + 1),
            mean_probability: (count > 0).then(|| sum / count as f64),
            share: (count > 0).then(|| hits as f64 / count as f64),
            count,
        })
        .collect();
    let count = probability.len();
    Some(ProbabilityCalibration {
        bins,
        brier: squares / count as f64,
        log_loss: logs / count as f64,
        count,
    })
}

/// The bin of equal width that holds a probability.
#[expect(clippy::cast_sign_loss, reason = "clamped at 0")]
fn bin_of(probability: f64, num_bins: usize) -> usize {
    let place = (probability * num_bins as f64).floor().max(0.0);
    (place as usize).min(num_bins - 1)
}

/// Point forecasts in bins of equal count, and the line through all of them; none below two forecasts
/// or without spread.
///
/// ```text
/// slope = Cov(forecast, actual) / Var(forecast),  intercept = mean(actual) - slope mean(forecast)
/// ```
/// # Panics
/// If the lengths differ or `num_bins` is 0.
/// # Source
/// Mincer and Zarnowitz (1969).
pub fn forecast_calibration(
    forecast: &[f64],
    actual: &[f64],
    num_bins: usize,
) -> Option<ForecastCalibration> {
    assert_eq!(forecast.len(), actual.len(), "forecasts and outcomes");
    assert!(num_bins > 0, "no bin");
    let n = forecast.len();
    if n < 2 {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (center_f, center_a) = (mean(forecast), mean(actual));
    let (mut products, mut squares) = (0.0, 0.0);
    for (f, a) in forecast.iter().zip(actual) {
        products += (f - center_f) * (a - center_a);
        squares += (f - center_f).powi(2);
    }
    let largest = forecast.iter().fold(0.0_f64, |size, f| size.max(f.abs()));
    // a constant leaves squares of rounding size, which is not a spread
    if (squares / n as f64).sqrt() <= 1e-13 * largest || squares <= 0.0 {
        return None;
    }
    let slope = products / squares;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| forecast[a].total_cmp(&forecast[b]).then(a.cmp(&b)));
    let bins = (0..num_bins)
        .map(|bin| &order[bin * n / num_bins..(bin + 1) * n / num_bins])
        .filter(|members| !members.is_empty())
        .map(|members| {
            let pick = |values: &[f64]| members.iter().map(|&i| values[i]).collect::<Vec<f64>>();
            let actual = pick(actual);
            ForecastBin {
                mean_forecast: mean(&pick(forecast)),
                mean_actual: mean(&actual),
                standard_error: newey_west_se(&actual, 0),
                count: members.len(),
            }
        })
        .collect();
    Some(ForecastCalibration {
        bins,
        slope,
        intercept: center_a - slope * center_f,
    })
}
