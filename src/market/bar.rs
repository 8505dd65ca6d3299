//! One row's prices in float64: what is possible, and what is not.

use super::batch::is_price;

/// The four prices of a row before they are narrowed.
#[derive(Clone, Copy)]
pub(super) struct Bar {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

impl Bar {
    pub(super) fn is_priced(&self) -> bool {
        is_price(self.open) && is_price(self.high) && is_price(self.low) && is_price(self.close)
    }

    /// How far open or close is outside [low, high], as a share of that bound; 0 inside.
    pub(super) fn outside(&self) -> f64 {
        let above = self.open.max(self.close) / self.high - 1.0;
        let below = 1.0 - self.open.min(self.close) / self.low;
        above.max(below).max(0.0)
    }

    pub(super) fn widen(&mut self) {
        self.high = self.high.max(self.open).max(self.close);
        self.low = self.low.min(self.open).min(self.close);
    }

    pub(super) fn scaled(self, factor: f64) -> Self {
        Self {
            open: self.open * factor,
            high: self.high * factor,
            low: self.low * factor,
            close: self.close * factor,
        }
    }
}
