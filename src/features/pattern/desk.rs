//! A chunk of bars at work: prices behind those of the last bars before it, and whole arrays of what
//! rules ask about.

use crate::features::machine::{CHUNK, Columns};

use super::candle::{At, Candles, Claim, Field, Level, Range, Relation, Usual, near};

/// Bars before a chunk that rules may ask about: five bars ago, and ten bars before that.
pub(super) const HISTORY: usize = 16;

pub(super) const SPAN: usize = HISTORY + CHUNK;

/// Numbers of a chunk's bars behind those of the last bars before it.
pub(super) type Numbers = [f64; SPAN];

/// Open, high, low, close.
pub(super) const PRICES: usize = 4;

/// A chunk at work.
pub(super) struct Desk {
    pub(super) prices: [Numbers; PRICES],
    /// The greater of open and close.
    tops: Numbers,
    /// The less of open and close.
    bottoms: Numbers,
    /// Means of a range over its period, up to the bar before; by [`Range`].
    means: [Numbers; Range::ALL.len()],
    /// Sums in the making.
    rough: [Numbers; 2],
}

impl Desk {
    #[allow(
        clippy::large_stack_arrays,
        reason = "made once by each thread, and moved to the heap there"
    )]
    pub(super) fn new() -> Self {
        Self {
            prices: [[0.0; SPAN]; PRICES],
            tops: [0.0; SPAN],
            bottoms: [0.0; SPAN],
            means: [[0.0; SPAN]; Range::ALL.len()],
            rough: [[0.0; SPAN]; 2],
        }
    }

    /// Puts bars behind the last bars before them, and makes the means of `reads`, by [`Range`].
    #[inline(always)]
    pub(super) fn load(
        &mut self,
        history: &[[f64; HISTORY]; PRICES],
        bars: Columns<'_>,
        reads: [bool; Range::ALL.len()],
    ) {
        let columns = [bars.open, bars.high, bars.low, bars.close];
        let prices = self.prices.iter_mut().zip(columns);
        for ((prices, new), history) in prices.zip(history) {
            prices[..HISTORY].copy_from_slice(history);
            for (price, &new) in prices[HISTORY..].iter_mut().zip(new) {
                *price = f64::from(new);
            }
        }
        self.outline(bars.len());
        for range in Range::ALL {
            if reads[range as usize] {
                self.mean(range, bars.len());
            }
        }
    }

    /// Tops and bottoms of bodies, for the history and `len` bars after.
    #[inline(always)]
    fn outline(&mut self, len: usize) {
        let [open, _, _, close] = &self.prices;
        for t in 0..(HISTORY + len).min(SPAN) {
            self.tops[t] = if open[t] > close[t] {
                open[t]
            } else {
                close[t]
            };
            self.bottoms[t] = if open[t] < close[t] {
                open[t]
            } else {
                close[t]
            };
        }
    }

    /// Means of `range` up to the bar before, for the last bars of the history and `len` bars after.
    #[inline(always)]
    fn mean(&mut self, range: Range, len: usize) {
        let whole = (HISTORY + len).min(SPAN);
        let [_, high, low, _] = &self.prices;
        let (top, bottom) = (&self.tops, &self.bottoms);
        let [single, double] = &mut self.rough;
        match range {
            Range::Bodies => (0..whole).for_each(|t| single[t] = top[t] - bottom[t]),
            Range::Spans | Range::FewSpans => {
                (0..whole).for_each(|t| single[t] = high[t] - low[t]);
            }
            Range::Shadows => (0..whole).for_each(|t| {
                single[t] = (high[t] - top[t]) + (bottom[t] - low[t]);
            }),
        }
        for t in 1..whole {
            double[t] = single[t] + single[t - 1];
        }
        let means = &mut self.means[range as usize];
        let period = range.period() as f64;
        if range.period() == 5 {
            for t in 5..whole {
                means[t] = (single[t - 5] + double[t - 3] + double[t - 1]) / period;
            }
            return;
        }
        // Fours in place of the single ones, then 4 + 4 + 2.
        for t in 3..whole {
            single[t] = double[t] + double[t - 2];
        }
        for t in 10..whole {
            means[t] = (double[t - 9] + single[t - 5] + single[t - 1]) / period;
        }
    }
}

/// One bar of the desk, and those before.
pub(super) struct Place<'a> {
    pub(super) desk: &'a Desk,
    /// Bars of the chunk before it; below [`CHUNK`].
    pub(super) t: usize,
}

impl Place<'_> {
    #[inline(always)]
    fn value(&self, At { field, ago }: At) -> f64 {
        let Desk {
            prices: [open, high, low, close],
            tops,
            bottoms,
            ..
        } = self.desk;
        let t = self.t + (HISTORY - ago);
        match field {
            Field::Open => open[t],
            Field::High => high[t],
            Field::Low => low[t],
            Field::Close => close[t],
            Field::Body => tops[t] - bottoms[t],
            Field::Upper => high[t] - tops[t],
            Field::Lower => bottoms[t] - low[t],
            Field::Top => tops[t],
            Field::Bottom => bottoms[t],
        }
    }

    #[inline(always)]
    fn usual(&self, usual: Usual) -> f64 {
        usual.factor * self.desk.means[usual.range as usize][self.t + (HISTORY - usual.ago)]
    }
}

impl Candles for Place<'_> {
    type Truth = bool;
    type Score = f64;

    #[inline(always)]
    fn is(&self, claim: Claim) -> bool {
        let left = self.value(claim.left);
        let right = match claim.right {
            Level::At(at) => self.value(at),
            Level::Usual(usual) => self.usual(usual),
            Level::Plus(at, usual) => self.value(at) + self.usual(usual),
            Level::Minus(at, usual) => self.value(at) - self.usual(usual),
            Level::Without(at, other, usual) => {
                self.value(at) - self.value(other) - self.usual(usual)
            }
            Level::Part(at, share, of) => self.value(at) + share * self.value(of),
            Level::Times(factor, at) => factor * self.value(at),
        };
        match claim.relation {
            Relation::Above => left > right,
            Relation::AtLeast => left >= right,
            Relation::Below => left < right,
            Relation::AtMost => left <= right,
        }
    }

    #[inline(always)]
    fn and(a: bool, b: bool) -> bool {
        a & b
    }

    #[inline(always)]
    fn or(a: bool, b: bool) -> bool {
        a | b
    }

    #[inline(always)]
    fn not(a: bool) -> bool {
        !a
    }

    #[inline(always)]
    fn body_is_near_middle(&self) -> bool {
        let at = |field| self.value(At { field, ago: 0 });
        let middle = at(Field::Low) + (at(Field::High) - at(Field::Low)) / 2.0;
        let near = self.usual(near(0));
        (at(Field::Bottom) <= middle + near) & (at(Field::Top) >= middle - near)
    }

    #[inline(always)]
    fn bodies_are_alike(&self, ago: usize, newer: usize) -> bool {
        let body = |ago| {
            self.value(At {
                field: Field::Body,
                ago,
            })
        };
        (body(ago) - body(newer)).abs() < self.usual(near(ago))
    }

    #[inline(always)]
    fn score<const N: usize>(&self, parts: [(f64, bool); N]) -> f64 {
        // Bits instead of choices, which the compiler would turn into branches.
        let mut bits = 0;
        for (number, holds) in parts {
            bits |= u64::from(holds).wrapping_neg() & number.to_bits();
        }
        f64::from_bits(bits)
    }
}
