//! Several sums over one window, and sums that forget at a rate of their own.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use super::parts::Exact;

/// Sums of the last `period` values of each of `K` series.
#[derive(Clone, Debug)]
pub(in crate::features) struct Sums<const K: usize> {
    values: Vec<[f64; K]>,
    at: usize,
    full: bool,
    totals: [Exact; K],
}

impl<const K: usize> Sums<K> {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            values: vec![[0.0; K]; period],
            at: 0,
            full: false,
            totals: [Exact::default(); K],
        }
    }

    /// NaN counts as no value if it is the first of the `K`.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, values: [f64; K]) -> [f64; K] {
        if values[0].is_nan() {
            return [f64::NAN; K];
        }
        let before = std::mem::replace(&mut self.values[self.at], values);
        self.at += 1;
        if self.at == self.values.len() {
            self.at = 0;
            self.full = true;
        }
        for place in 0..K {
            self.totals[place].replace(values[place], before[place]);
        }
        if self.full {
            self.totals.map(|sum| sum.value())
        } else {
            [f64::NAN; K]
        }
    }
}

/// Wilder's sums of `K` series: plain over the first `period - 1` values, then
/// `y = y - y / period + x`.
#[derive(Clone, Debug)]
pub(in crate::features) struct WilderSums<const K: usize> {
    keep: f64,
    /// Values still to come until the sums begin to forget.
    plain: usize,
    sums: [f64; K],
}

impl<const K: usize> WilderSums<K> {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            keep: 1.0 - 1.0 / period as f64,
            plain: period - 1,
            sums: [0.0; K],
        }
    }

    /// The sums, and whether this value was not one of the first `period - 1`.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, values: [f64; K]) -> ([f64; K], bool) {
        if self.plain > 0 {
            self.plain -= 1;
            for (sum, value) in self.sums.iter_mut().zip(values) {
                *sum += value;
            }
            return (self.sums, false);
        }
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum = self.keep * *sum + value;
        }
        (self.sums, true)
    }
}
