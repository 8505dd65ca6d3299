//! The oracle: plain indexing.

/// [`windows`](super::windows) of a row-major `[N, T, F]` block.
///
/// ```
/// use emberline::ops::gather::reference::windows;
/// let block = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]; // [2, 3, 1]
/// assert_eq!(windows(&block, [2, 3, 1], &[(1, 1), (0, 0)], 2), [11.0, 12.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// If `length` exceeds T or the block is empty.
pub fn windows(
    block: &[f32],
    [rows, bars, features]: [usize; 3],
    places: &[(i32, i32)],
    length: usize,
) -> Vec<f32> {
    let mut batch = Vec::with_capacity(places.len() * length * features);
    for &(row, start) in places {
        let row = usize::try_from(row).unwrap_or(0).min(rows - 1);
        let start = usize::try_from(start).unwrap_or(0).min(bars - length);
        let from = (row * bars + start) * features;
        batch.extend_from_slice(&block[from..from + length * features]);
    }
    batch
}
