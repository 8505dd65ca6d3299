//! The oracle: one row, one bar after the other, in float64.

/// [`max`](super::max) of one row.
///
/// ```
/// let y = emberline::ops::running::reference::max(&[2.0, 1.0, 0.5, 3.0], &[0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(y, [2.0, 2.0, 0.5, 3.0]);
/// ```
///
/// # Panics
/// If the lengths of `x` and `keep` differ.
pub fn max(x: &[f64], keep: &[f64]) -> Vec<f64> {
    assert_eq!(x.len(), keep.len(), "running max: lengths of x and keep");
    let mut start = 0;
    (0..x.len())
        .map(|t| {
            if keep[t] == 0.0 {
                start = t;
            }
            let since = &x[start..=t];
            if since.iter().any(|value| value.is_nan()) {
                return f64::NAN;
            }
            since.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        })
        .collect()
}
