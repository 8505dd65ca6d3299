//! What the scaler knows of a column: its training values, whether they say anything, their centre
//! and width. All on the host.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::device::transfer;
use crate::market::Bars;

use super::column::DropReason;
use super::scaler::{Panel, ScalerKind};

/// Standard deviations of a normal distribution per median absolute deviation.
const MAD_TO_SD: f64 = 1.4826;

/// By series, the rows that may be looked at and on which every feature is defined.
pub(super) fn training_rows(bars: &Bars, memory: usize, train: &[Vec<bool>]) -> Vec<Vec<usize>> {
    let mut rows = Vec::with_capacity(train.len());
    for (series, train) in bars.series.iter().zip(train) {
        assert_eq!(train.len(), series.len(), "the mask of `{}`", series.symbol);
        let (mut own, mut start) = (Vec::new(), 0);
        for (row, &is_train) in train.iter().enumerate() {
            if row > 0 && series.segment_of(row) != series.segment_of(row - 1) {
                start = row;
            }
            if is_train && row - start >= memory {
                own.push(row);
            }
        }
        rows.push(own);
    }
    rows
}

/// One feature's values by series in these rows.
pub(super) fn read_column(panel: Panel<'_>, index: usize, rows: &[Vec<usize>]) -> Vec<Vec<f32>> {
    let mut values = vec![Vec::new(); rows.len()];
    for (block, series) in panel.blocks.iter().zip(panel.series) {
        let num_bars = block.dims()[1];
        let column = transfer::to_host(block.clone().narrow(2, index, 1));
        for (place, series) in series.clone().enumerate() {
            let own = &column[place * num_bars..][..num_bars];
            values[series] = rows[series].iter().map(|&row| own[row]).collect();
        }
    }
    values
}

/// Why a column of these training values teaches nothing; `seen` remembers the others.
pub(super) fn reason_to_drop(
    values: &[Vec<f32>],
    name: &str,
    seen: &mut BTreeMap<Vec<u8>, String>,
) -> Option<DropReason> {
    let mut all = values.iter().flatten();
    let first = *all.next()?;
    #[expect(clippy::float_cmp, reason = "constant means the very same value")]
    if all.all(|value| *value == first) {
        return Some(DropReason::Constant);
    }
    let mut hash = Sha256::new();
    for value in values.iter().flatten() {
        // Adding 0 makes 0 of -0.
        hash.update((value + 0.0).to_le_bytes());
    }
    let twin = seen
        .entry(hash.finalize().to_vec())
        .or_insert_with(|| name.to_owned());
    (twin != name).then(|| DropReason::Duplicate(twin.clone()))
}

/// Centre and width of at least one value; the width of equal values is 1.
pub(super) fn centre_and_width(kind: ScalerKind, values: &mut [f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let spread = |values: &[f32], centre: f64| {
        let squares: f64 = values
            .iter()
            .map(|&v| (f64::from(v) - centre).powi(2))
            .sum();
        (squares / count).sqrt()
    };
    let (centre, width) = match kind {
        ScalerKind::MeanSd => {
            let centre = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
            (centre, spread(values, centre))
        }
        ScalerKind::MedianMad => {
            // The order that a median leaves behind depends on nothing but the values.
            let centre = median(values);
            let fallback = spread(values, centre);
            for value in values.iter_mut() {
                *value = (f64::from(*value) - centre).abs() as f32;
            }
            let width = MAD_TO_SD * median(values);
            (centre, if width > 0.0 { width } else { fallback })
        }
    };
    (centre, if width > 0.0 { width } else { 1.0 })
}

/// The median; the mean of the middle two of an even number.
fn median(values: &mut [f32]) -> f64 {
    let (middle, is_odd) = (values.len() / 2, values.len() % 2 == 1);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let upper = *upper;
    if is_odd {
        return f64::from(upper);
    }
    let lower = below.iter().copied().max_by(f32::total_cmp);
    f64::midpoint(f64::from(lower.unwrap_or(upper)), f64::from(upper))
}
