//! Volume in float64.

use super::Segment;

/// On-balance volume.
pub fn obv(s: &Segment) -> Vec<f64> {
    let mut level = 0.0;
    (0..s.len())
        .map(|t| {
            if t == 0 || s.close[t] > s.close[t - 1] {
                level += s.volume[t];
            } else if s.close[t] < s.close[t - 1] {
                level -= s.volume[t];
            }
            level
        })
        .collect()
}
