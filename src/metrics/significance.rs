//! How much of a mean can be chance.

/// Lag for a mean of values that overlap over `horizon_bars`.
///
/// ```text
/// max(horizon_bars, floor(4 (n / 100)^(2/9))), at most n - 1
/// ```
/// ```
/// assert_eq!(emberline::metrics::newey_west_lag(1000, 1), 6);
/// assert_eq!(emberline::metrics::newey_west_lag(1000, 48), 48);
/// ```
/// # Source
/// Newey and West (1994) for the part that grows with n.
#[expect(
    clippy::cast_sign_loss,
    reason = "a power of a count is not below zero"
)]
pub fn newey_west_lag(num_values: usize, horizon_bars: usize) -> usize {
    let automatic = (4.0 * (num_values as f64 / 100.0).powf(2.0 / 9.0)).floor() as usize;
    automatic
        .max(horizon_bars)
        .min(num_values.saturating_sub(1))
}

/// Standard error of the mean of a series whose values depend on each other up to `lag` apart.
///
/// ```text
/// g_k = 1/n sum_t (x_t - m)(x_{t-k} - m)
/// se  = sqrt( (g_0 + 2 sum_{k=1..lag} (1 - k / (lag + 1)) g_k) / n )
/// ```
/// Lags count places in the series, which has no room for bars that are missing. None below two
/// values.
///
/// # Source
/// Newey and West (1987). Golden: statsmodels' OLS on a constant with `cov_type="HAC"`.
pub fn newey_west_se(values: &[f64], lag: usize) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let covariance = |k: usize| {
        centred[k..]
            .iter()
            .zip(&centred)
            .map(|(now, before)| now * before)
            .sum::<f64>()
            / n as f64
    };
    let lag = lag.min(n - 1);
    let weight = |k: usize| 1.0 - k as f64 / (lag + 1) as f64;
    let variance = covariance(0) + 2.0 * (1..=lag).map(|k| weight(k) * covariance(k)).sum::<f64>();
    Some((variance.max(0.0) / n as f64).sqrt())
}

/// The smallest true IC that data with this standard error finds in 4 of 5 cases, in a two-sided test
/// at 5 %.
///
/// ```text
/// (1.960 + 0.842) se
/// ```
/// A measured IC below it says little either way.
pub fn minimum_detectable_ic(standard_error: f64) -> f64 {
    const TWO_SIDED_5_PERCENT: f64 = 1.959_963_984_540_054;
    const POWER_80_PERCENT: f64 = 0.841_621_233_572_914_2;
    (TWO_SIDED_5_PERCENT + POWER_80_PERCENT) * standard_error
}

/// A value over its standard error; none without an error above 0.
///
/// ```
/// use emberline::metrics::t_statistic;
///
/// assert_eq!(t_statistic(0.06, Some(0.02)), Some(3.0));
/// assert_eq!(t_statistic(0.06, Some(0.0)), None);
/// ```
pub fn t_statistic(value: f64, standard_error: Option<f64>) -> Option<f64> {
    standard_error
        .filter(|&error| error > 0.0)
        .map(|error| value / error)
}
