//! Ranks with ties shared, for cross-sectional labels and rank correlations.

use std::cmp::Ordering;

/// Rank of each value, 1 for the smallest; equal values share the mean of their ranks.
///
/// ```
/// assert_eq!(emberline::windows::mean_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
/// ```
pub fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for ties in order.chunk_by(|&a, &b| values[a].partial_cmp(&values[b]) == Some(Ordering::Equal))
    {
        let rank = below as f64 + f64::midpoint(ties.len() as f64, 1.0);
        for &index in ties {
            ranks[index] = rank;
        }
        below += ties.len();
    }
    ranks
}
