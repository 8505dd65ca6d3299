//! From a bar's shock to its four prices.

use rand::{Rng, RngExt as _};

/// Half the bid-ask spread in units of the bar's volatility.
pub(super) const HALF_SPREAD: f64 = 0.2;

/// Log prices of one bar relative to the middle price at its open, in units of its volatility.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    /// The middle price at the close.
    pub(super) middle: f64,
}

impl Shape {
    /// A bar whose middle price moves by `shock` volatilities.
    ///
    /// First and last trade are at the bid or the ask, by chance; the highest is at the ask, the
    /// lowest at the bid. The extremes of the middle price are those of a Brownian bridge, each
    /// drawn by itself: P(max > m) = exp(-2 m (m - shock)).
    pub(super) fn draw(shock: f64, rng: &mut impl Rng) -> Self {
        let signs: u32 = rng.random();
        let side = |bit: u32| {
            if signs >> bit & 1 == 1 {
                HALF_SPREAD
            } else {
                -HALF_SPREAD
            }
        };
        // 1 - u lies in (0, 1].
        let mut reach = || {
            let log = -2.0 * (1.0 - rng.random::<f64>()).ln();
            (shock * shock + log).sqrt()
        };
        let (up, down) = (reach(), reach());
        Self {
            open: side(0),
            high: 0.5 * (shock + up) + HALF_SPREAD,
            low: 0.5 * (shock - down) - HALF_SPREAD,
            close: shock + side(1),
            middle: shock,
        }
    }
}

/// `price` on the tick of its band, as float32: a power of ten of at most a twentieth of
/// `volatility` (relative), so that ticks are seen but do not drown the bar.
pub(super) fn on_tick(price: f64, volatility: f64) -> f32 {
    let tick = tick(price, volatility);
    ((price / tick).round() * tick) as f32
}

fn tick(price: f64, volatility: f64) -> f64 {
    10_f64.powf((0.05 * volatility * price).log10().floor())
}
