//! The oracle: one row, one bar after the other, in float64.

/// [`linear_scan`](super::linear_scan) of one row.
///
/// ```
/// let y = emberline::ops::scan::reference::linear_scan(&[0.0, 0.5, 0.0], &[4.0, 1.0, f64::NAN]);
/// assert_eq!(y[..2], [4.0, 3.0]);
/// assert!(y[2].is_nan());
/// ```
///
/// # Panics
/// If the lengths of `a` and `b` differ.
pub fn linear_scan(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len(), "linear_scan: lengths of a and b differ");
    let mut state = 0.0;
    a.iter()
        .zip(b)
        .map(|(&a, &b)| {
            state = if a == 0.0 { b } else { a * state + b };
            state
        })
        .collect()
}
