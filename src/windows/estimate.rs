//! What a run will take of the device's memory, before anything is computed.

use serde::{Deserialize, Serialize};

use super::Plan;

/// Bytes on the device, float32 unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryEstimate {
    /// Resident features, `[N, T, F]` padded to the longest symbol.
    pub features: u64,
    /// Resident labels, `[N, T, Hn]`.
    pub labels: u64,
    /// The bars' columns while features are computed, and as much again for intermediate results.
    pub columns: u64,
    /// Index tables of one epoch of train and of validation, two 32-bit integers a window.
    pub tables: u64,
    /// One batch of windows and labels.
    pub batch: u64,
}

impl MemoryEstimate {
    /// All of it. The model's own activations come on top.
    pub fn total(&self) -> u64 {
        self.features + self.labels + self.columns + self.tables + self.batch
    }
}

/// Counts the bytes that windows take.
///
/// `lengths` are the rows of each symbol. Padding is counted as if all symbols shared one block,
/// which is the most that it can be.
///
/// ```
/// # use emberline::windows::{MemoryEstimate, estimate};
/// let estimate = estimate(&[100, 80], 10, 2, 6, 60, 256, 120);
/// assert_eq!(estimate.features, 4 * 2 * 100 * 10);
/// assert_eq!(estimate.batch, 4 * 256 * (60 * 10 + 2));
/// ```
pub fn estimate(
    lengths: &[usize],
    num_features: usize,
    num_horizons: usize,
    num_columns: usize,
    length: usize,
    batch_size: usize,
    num_windows: usize,
) -> MemoryEstimate {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let cells = (lengths.len() * longest) as u64;
    MemoryEstimate {
        features: 4 * cells * num_features as u64,
        labels: 4 * cells * num_horizons as u64,
        columns: 2 * 4 * cells * num_columns as u64,
        tables: 2 * 4 * num_windows as u64,
        batch: 4 * (batch_size * (length * num_features + num_horizons)) as u64,
    }
}

impl Plan {
    /// Windows of train and validation together: what the index tables hold.
    pub fn num_table_rows(&self) -> usize {
        self.train.len() + self.validation.len()
    }
}
