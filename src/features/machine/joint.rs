//! Two series in one window.

/// Second moments of the last `period` pairs, times their number squared.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) struct Spreads {
    /// n sum x^2 - (sum x)^2; 0 where that is rounding.
    pub(in crate::features) xx: f64,
    /// The same of y.
    pub(in crate::features) yy: f64,
    /// n sum x y - sum x sum y.
    pub(in crate::features) xy: f64,
}

/// What is left of a difference by rounding, as a share of what was subtracted from; TA-Lib's bound.
const NOTHING: f64 = 1e-14;

/// Sums of x, y, x x, y y and x y.
type Sums = [f64; 5];

fn sums([x, y]: [f64; 2]) -> Sums {
    [x, y, x * x, y * y, x * y]
}

#[inline]
fn merged(older: &Sums, newer: &Sums) -> Sums {
    std::array::from_fn(|place| older[place] + newer[place])
}

/// The last `period` pairs folded into their moments, nothing being subtracted.
///
/// Sums run around a recent pair, moved once every `period` pairs, so that the products of the means
/// take nothing away that matters.
#[derive(Clone, Debug)]
pub(in crate::features) struct Joint {
    period: usize,
    /// The last pairs, in a ring.
    pairs: Vec<[f64; 2]>,
    at: usize,
    origin: [f64; 2],
    /// Sums from each pair of the block before to its end.
    older: Vec<Sums>,
    newer: Sums,
    full: bool,
}

impl Joint {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            period,
            pairs: Vec::with_capacity(period),
            at: 0,
            origin: [f64::NAN; 2],
            older: vec![[0.0; 5]; period],
            newer: [0.0; 5],
            full: false,
        }
    }

    /// `None` before there are `period` pairs; a NaN counts as no pair.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64, y: f64) -> Option<Spreads> {
        if x.is_nan() {
            return None;
        }
        if self.origin[0].is_nan() {
            self.origin = [x, y];
        }
        let distance = [x - self.origin[0], y - self.origin[1]];
        let newer = merged(&self.newer, &sums(distance));
        if self.full {
            self.pairs[self.at] = [x, y];
        } else {
            self.pairs.push([x, y]);
        }
        self.at += 1;
        let [x, y, xx, yy, xy] = if self.at < self.period {
            self.newer = newer;
            if !self.full {
                return None;
            }
            merged(&self.older[self.at], &newer)
        } else {
            self.turn();
            newer
        };
        let num = self.period as f64;
        let spread = |squares: f64, sum: f64| {
            let spread = num * squares - sum * sum;
            if spread > NOTHING * num * squares {
                spread
            } else {
                0.0
            }
        };
        Some(Spreads {
            xx: spread(xx, x),
            yy: spread(yy, y),
            xy: num * xy - x * y,
        })
    }

    /// A block is whole: its pairs around the newest, summed from each to the end.
    fn turn(&mut self) {
        let newest = self.pairs[self.period - 1];
        self.origin = newest;
        let mut folded = [0.0; 5];
        for (pair, older) in self.pairs.iter().zip(&mut self.older).rev() {
            let distance = [pair[0] - newest[0], pair[1] - newest[1]];
            folded = merged(&sums(distance), &folded);
            *older = folded;
        }
        self.newer = [0.0; 5];
        self.at = 0;
        self.full = true;
    }
}
