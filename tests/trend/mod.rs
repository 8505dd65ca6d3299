//! Adaptive Trend Classification: the golden numbers of its description, the float64 oracle, and the
//! mistakes that published versions made.

#![allow(clippy::float_cmp, reason = "what must be exact is compared exactly")]

mod features;
mod golden;
mod kernels;
mod mistakes;
mod oracle;

use emberline::ops::atc::{Latest, Recipe, Table, reference};
use emberline::trend::{TrendConfig, TrendPreset};

pub(crate) const PRESETS: [TrendPreset; 2] = [TrendPreset::Reference, TrendPreset::Pine];

/// What a preset computes for a series of this length.
pub(crate) fn recipe(preset: TrendPreset, num_bars: usize) -> Recipe {
    TrendConfig::new(preset).recipe("TEST", num_bars).unwrap()
}

/// A random walk of prices that float32 holds.
pub(crate) fn walk(num_bars: usize, seed: u32, start: f64, step: f64) -> Vec<f64> {
    let mut price = start;
    super::kernels::normals(num_bars, seed)
        .into_iter()
        .map(|normal| {
            price *= (step * f64::from(normal)).exp();
            f64::from(price as f32)
        })
        .collect()
}

/// Row `row` of `table` beside the oracle's results of the same series, the last bars of it.
///
/// Signals and classes must be equal; equities within 1e-12 of themselves per hundred bars, which
/// is the rounding of the products that both multiply in another order.
#[track_caller]
pub(crate) fn assert_classified(
    what: &str,
    table: &Table<f64>,
    row: usize,
    oracle: &reference::Classified,
) {
    let range = table.range(row);
    let skipped = oracle.average.len() - range.len();
    let near = |a: f64, b: f64| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    };
    for (place, t) in range.zip(skipped..) {
        assert!(
            near(table.average[place], oracle.average[t]),
            "{what}: average of bar {t} is {}, not {}",
            table.average[place],
            oracle.average[t]
        );
        assert_eq!(
            table.class[place], oracle.class[t],
            "{what}: class of bar {t}"
        );
        for k in 0..6 {
            let (signal, expected) = (table.signals[k][place], oracle.signals[k][t]);
            assert!(
                signal == expected || (signal.is_nan() && expected.is_nan()),
                "{what}: signal {k} of bar {t} is {signal}, not {expected}"
            );
            let (weight, expected) = (table.weights[k][place], oracle.weights[k][t]);
            assert!(
                near(weight, expected),
                "{what}: equity {k} of bar {t} is {weight}, not {expected}"
            );
        }
    }
}

/// Whether a follower's bar is the table's, bit for bit.
pub(crate) fn is_same(table: &Table<f64>, place: usize, latest: &Latest) -> bool {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
    same(table.average[place], latest.average)
        && table.class[place] == latest.class
        && (0..6).all(|k| {
            same(table.signals[k][place], latest.signals[k])
                && same(table.weights[k][place], latest.weights[k])
        })
}
