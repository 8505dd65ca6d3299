//! Swing points and ranks.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use crate::ops::trailing::Sorted;

use super::parts::{Lag, Maximum};

/// Swing points: whether the value `right` values before is greater than the `left` before it and
/// all after it.
#[derive(Clone, Debug)]
pub(in crate::features) struct Swing {
    older: Maximum,
    newer: Maximum,
    /// The pivot waits here for `right` values.
    pivot: Lag,
    /// And one more: the values before it.
    before: Lag,
}

impl Swing {
    pub(in crate::features) fn new(left: usize, right: usize) -> Self {
        Self {
            older: Maximum::new(left),
            newer: Maximum::new(right),
            pivot: Lag::new(right),
            before: Lag::new(1),
        }
    }

    /// 100 or 0.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        let newer = self.newer.next(x);
        let pivot = self.pivot.next(x);
        let older = self.older.next(self.before.next(pivot));
        if older.is_nan() {
            return f64::NAN;
        }
        f64::from(u8::from(pivot > older && pivot > newer)) * 100.0
    }
}

/// How many of the `period` values before a value are less than it. Values are float32's.
#[derive(Clone, Debug)]
pub(in crate::features) enum Preceding {
    /// Few values are counted, all of them: nothing in that is to be foreseen.
    Few {
        values: Vec<f32>,
        at: usize,
        period: usize,
    },
    /// Many are kept in order.
    Many(Sorted),
}

/// Most values that are counted one by one.
const FEW: usize = 512;

impl Preceding {
    pub(in crate::features) fn new(period: usize) -> Self {
        if period > FEW {
            return Self::Many(Sorted::new(period));
        }
        Self::Few {
            values: Vec::with_capacity(period),
            at: 0,
            period,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> Option<f64> {
        match self {
            Self::Few { values, at, period } => {
                let x = x as f32;
                if values.len() < *period {
                    values.push(x);
                    return None;
                }
                let count = count_less(values, x);
                values[*at] = x;
                *at = if *at + 1 == *period { 0 } else { *at + 1 };
                Some(f64::from(count))
            }
            Self::Many(window) => {
                let whole = window.whole().is_some();
                let count = whole.then(|| window.less_than(x) as f64);
                window.push(x);
                count
            }
        }
    }
}

/// Eight counts, so that the compiler takes several values at once.
#[inline(always)]
fn count_less(values: &[f32], x: f32) -> u32 {
    let mut counts = [0; 8];
    let mut eights = values.chunks_exact(8);
    for eight in &mut eights {
        for (count, value) in counts.iter_mut().zip(eight) {
            *count += u32::from(*value < x);
        }
    }
    let rest = eights.remainder().iter().map(|value| u32::from(*value < x));
    counts.iter().sum::<u32>() + rest.sum::<u32>()
}
