//! The trailing volatility that scales a label.

/// The smallest volatility, in log return a bar: flat prices give labels of 0, not of infinity.
pub const VOLATILITY_FLOOR: f64 = 1e-6;

/// Bars of history after which what lies before them weighs less than 1e-3.
///
/// ```text
/// alpha = 2 / (span + 1),  n = ceil(ln 1e-3 / ln(1 - alpha))
/// ```
/// ```
/// assert_eq!(emberline::windows::volatility_memory_bars(60), 208);
/// assert_eq!(emberline::windows::volatility_memory_bars(1), 1);
/// ```
#[expect(clippy::cast_sign_loss, reason = "both logarithms are below zero")]
pub fn volatility_memory_bars(span: usize) -> usize {
    let alpha = 2.0 / (span as f64 + 1.0);
    ((1e-3_f64).ln() / (1.0 - alpha).ln()).ceil().max(1.0) as usize
}

/// Volatility of one bar's log return, known at each bar's close.
///
/// ```text
/// r_t     = ln(close_t / close_{t-1})
/// sigma_t = sqrt( sum_i (1-alpha)^i r_{t-i}^2 / sum_i (1-alpha)^i ),  alpha = 2 / (span + 1)
/// ```
/// over the returns since the stretch began (the exponentially weighted mean that pandas calls
/// `adjust=True`), at least [`VOLATILITY_FLOOR`].
///
/// # Shapes and units
/// - `close`: prices, > 0; `segment`: id of the gap-free stretch of each bar, empty = one
/// - returns: one value a bar, log return a bar
/// # Warm-up
/// The first bar of a stretch has no return and is NaN. For the memory see
/// [`volatility_memory_bars`].
pub fn volatility(close: &[f32], segment: &[u32], span: usize) -> Vec<f64> {
    let decay = 1.0 - 2.0 / (span as f64 + 1.0);
    let (mut squares, mut weight) = (0.0_f64, 0.0_f64);
    (0..close.len())
        .map(|t| {
            let starts = t == 0 || (!segment.is_empty() && segment[t] != segment[t - 1]);
            if starts {
                (squares, weight) = (0.0, 0.0);
                return f64::NAN;
            }
            let log_return = (f64::from(close[t]) / f64::from(close[t - 1])).ln();
            squares = decay * squares + log_return * log_return;
            weight = decay * weight + 1.0;
            (squares / weight).sqrt().max(VOLATILITY_FLOOR)
        })
        .collect()
}
