//! Wilder's directional movement, bar by bar.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use super::Bar;

/// How far a bar reached beyond the one before it.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) struct Reach {
    /// Above the high before, where that is more than below the low before; else 0.
    pub(in crate::features) plus: f64,
    /// Below the low before, where that is more than above the high before; else 0.
    pub(in crate::features) minus: f64,
    /// The true range.
    pub(in crate::features) range: f64,
}

/// Directional movement and true range; nothing at the first bar.
#[derive(Clone, Debug)]
pub(in crate::features) struct Movement {
    high: f64,
    low: f64,
    close: f64,
}

impl Movement {
    pub(in crate::features) fn new() -> Self {
        Self {
            high: f64::NAN,
            low: f64::NAN,
            close: f64::NAN,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, bar: &Bar) -> Option<Reach> {
        let (up, down) = (bar.high - self.high, self.low - bar.low);
        let range = greater(bar.high, self.close) - less(bar.low, self.close);
        (self.high, self.low, self.close) = (bar.high, bar.low, bar.close);
        if up.is_nan() {
            return None;
        }
        let (plus, minus) = (greater(up, 0.0), greater(down, 0.0));
        Some(Reach {
            plus: if up > down { plus } else { 0.0 },
            minus: if down > up { minus } else { 0.0 },
            range,
        })
    }
}

/// `f64::max` without its care for NaN: one instruction.
#[inline(always)]
pub(in crate::features) fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// `f64::min` without its care for NaN.
#[inline(always)]
pub(in crate::features) fn less(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}
