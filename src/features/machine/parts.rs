//! What machines are made of: sums, means, extremes and recurrences that take one value at a time.
//!
//! Every part counts from the first value that is not NaN and gives NaN until it has enough of them.
//! Sums lose nothing to rounding, and other windows are folded from two stacks: no drift, whatever left
//! the window leaves no trace, and the cost per value does not depend on the period.

use super::movement::{greater, less};

/// How values of a window are put together; `merge(older, newer)` is associative.
pub(in crate::features) trait Fold {
    type Item: Copy;

    /// What changes nothing that it is put together with, if there is such an item: windows are
    /// faster with one.
    const NEUTRAL: Option<Self::Item> = None;

    fn merge(older: Self::Item, newer: Self::Item) -> Self::Item;
}

/// The last `period` values folded into one, in constant amortised time.
#[derive(Clone, Debug)]
pub(in crate::features) struct Window<F: Fold> {
    /// The block's items so far; behind them the folds of the block before, each from its place to
    /// the end.
    items: Vec<F::Item>,
    period: usize,
    /// Fold of the block's items so far.
    newer: Option<F::Item>,
    /// Place of the next item.
    at: usize,
    /// Whether the block before is whole.
    full: bool,
}

impl<F: Fold> Window<F> {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            items: F::NEUTRAL.map_or(Vec::new(), |neutral| vec![neutral; period]),
            period,
            newer: F::NEUTRAL,
            at: 0,
            full: false,
        }
    }

    /// The fold of the last `period` items, this one included; `None` before there are so many.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, item: F::Item) -> Option<F::Item> {
        if F::NEUTRAL.is_none() && self.items.is_empty() {
            self.items = vec![item; self.period];
        }
        let newer = match self.newer {
            Some(newer) if self.at > 0 => F::merge(newer, item),
            _ => item,
        };
        self.newer = Some(newer);
        self.items[self.at] = item;
        self.at += 1;
        if let Some(&older) = self.items.get(self.at) {
            return if self.full {
                Some(F::merge(older, newer))
            } else {
                None
            };
        }
        fold_from_end::<F>(&mut self.items);
        self.at = 0;
        self.full = true;
        Some(newer)
    }
}

/// Puts every item together with all that follow.
#[inline(never)]
fn fold_from_end<F: Fold>(items: &mut [F::Item]) {
    let mut places = items.iter_mut().rev();
    if let Some(&mut last) = places.next() {
        let mut fold = last;
        for place in places {
            fold = F::merge(*place, fold);
            *place = fold;
        }
    }
}

/// The greater.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) struct Greatest;

impl Fold for Greatest {
    type Item = f64;

    const NEUTRAL: Option<f64> = Some(f64::NEG_INFINITY);

    #[inline(always)]
    fn merge(older: f64, newer: f64) -> f64 {
        if older > newer { older } else { newer }
    }
}

/// The less.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) struct Least;

impl Fold for Least {
    type Item = f64;

    const NEUTRAL: Option<f64> = Some(f64::INFINITY);

    #[inline(always)]
    fn merge(older: f64, newer: f64) -> f64 {
        if older < newer { older } else { newer }
    }
}

/// A sum, and the sum with weights 1, 2, 3, ... from the oldest value on.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::features) struct Line {
    /// Sum of the values.
    pub(in crate::features) sum: f64,
    /// Sum of (place from 1) times value.
    pub(in crate::features) weighted: f64,
}

/// Sums of the last `period` values for linear weights; the origin of the values is the caller's.
///
/// Put together as [`Window`] does, but how many values a part holds follows from its place.
#[derive(Clone, Debug)]
pub(in crate::features) struct LineSums {
    /// The block's values so far, as sums; behind them the sums of the block before, each from its
    /// place to the end.
    items: Vec<Line>,
    /// Of the block's values so far.
    newer: Line,
    at: usize,
    full: bool,
}

impl LineSums {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            items: vec![Line::default(); period],
            newer: Line::default(),
            at: 0,
            full: false,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> Option<Line> {
        if x.is_nan() {
            return None;
        }
        self.items[self.at].sum = x;
        self.at += 1;
        let newer = Line {
            sum: self.newer.sum + x,
            weighted: self.newer.weighted + self.at as f64 * x,
        };
        if let Some(older) = self.items.get(self.at) {
            self.newer = newer;
            let num_older = (self.items.len() - self.at) as f64;
            return if self.full {
                Some(Line {
                    sum: older.sum + newer.sum,
                    weighted: older.weighted + newer.weighted + num_older * newer.sum,
                })
            } else {
                None
            };
        }
        lines_from_end(&mut self.items);
        self.newer = Line::default();
        self.at = 0;
        self.full = true;
        Some(newer)
    }
}

/// Sums of every value with all that follow; one more in front raises every weight by 1.
#[inline(never)]
fn lines_from_end(items: &mut [Line]) {
    let mut line = Line::default();
    for item in items.iter_mut().rev() {
        line.sum += item.sum;
        line.weighted += line.sum;
        *item = line;
    }
}

macro_rules! plain_window {
    ($(#[$doc:meta])* $name:ident, $fold:ty, |$folded:ident, $period:ident| $value:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(in crate::features) struct $name {
            window: Window<$fold>,
            period: f64,
        }

        impl $name {
            pub(in crate::features) fn new(period: usize) -> Self {
                Self {
                    window: Window::new(period),
                    period: period as f64,
                }
            }

            #[inline(always)]
            pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
                if x.is_nan() {
                    return f64::NAN;
                }
                let $period = self.period;
                match self.window.next(x) {
                    Some($folded) => $value,
                    None => f64::NAN,
                }
            }
        }
    };
}

/// A sum that loses nothing: what a rounding takes from `sum` is kept in `rest`.
///
/// The values of a window are taken from it as they came, so that an empty or flat window gives exactly
/// what it holds, whatever went through before, and there is no drift.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::features) struct Exact {
    sum: f64,
    rest: f64,
}

impl Exact {
    /// Adds `x` and takes `before` away (Knuth's error-free sums).
    #[inline(always)]
    pub(in crate::features) fn replace(&mut self, x: f64, before: f64) {
        let change = x - before;
        let back = change - x;
        let lost = (x - (change - back)) - (before + back);
        let sum = self.sum + change;
        let part = sum - self.sum;
        self.rest += lost + ((self.sum - (sum - part)) + (change - part));
        self.sum = sum;
    }

    #[inline(always)]
    pub(in crate::features) fn value(&self) -> f64 {
        self.sum + self.rest
    }
}

/// The last `period` values in a ring, 0 where there is none yet.
#[derive(Clone, Debug)]
pub(in crate::features) struct Ring {
    values: Vec<f64>,
    at: usize,
    full: bool,
}

impl Ring {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            values: vec![0.0; period],
            at: 0,
            full: false,
        }
    }

    /// Takes a value and gives the one that leaves.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        let before = std::mem::replace(&mut self.values[self.at], x);
        self.at += 1;
        if self.at == self.values.len() {
            self.at = 0;
            self.full = true;
        }
        before
    }

    /// Whether there were `period` values.
    #[inline(always)]
    pub(in crate::features) fn is_full(&self) -> bool {
        self.full
    }
}

/// Sum of the last `period` values.
#[derive(Clone, Debug)]
pub(in crate::features) struct Sum {
    ring: Ring,
    sum: Exact,
}

impl Sum {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            ring: Ring::new(period),
            sum: Exact::default(),
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let before = self.ring.next(x);
        self.sum.replace(x, before);
        if self.ring.is_full() {
            self.sum.value()
        } else {
            f64::NAN
        }
    }
}

/// Mean of the last `period` values.
#[derive(Clone, Debug)]
pub(in crate::features) struct Mean {
    sum: Sum,
    period: f64,
}

impl Mean {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            sum: Sum::new(period),
            period: period as f64,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        self.sum.next(x) / self.period
    }
}

plain_window!(
    /// Greatest of the last `period` values.
    Maximum, Greatest, |most, _period| most
);
plain_window!(
    /// Least of the last `period` values.
    Minimum, Least, |least, _period| least
);

/// Linearly weighted mean of the last `period` values, the newest weighing `period`.
#[derive(Clone, Debug)]
pub(in crate::features) struct Weighted {
    sums: LineSums,
    weights: f64,
}

impl Weighted {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            sums: LineSums::new(period),
            weights: 0.5 * period as f64 * (period as f64 + 1.0),
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        match self.sums.next(x) {
            Some(line) => line.weighted / self.weights,
            None => f64::NAN,
        }
    }
}

/// Mean and variance (divided by `period`) of the last `period` values.
///
/// Sums run around a recent value, moved from time to time, so that the square of the mean takes
/// nothing away that matters. When it moves is a matter of how many values there were, and the
/// sums are then made anew: nothing before the window is remembered.
#[derive(Clone, Debug)]
pub(in crate::features) struct Moments {
    ring: Ring,
    period: f64,
    origin: f64,
    /// Values still to come until the origin moves.
    stays: usize,
    sum: Exact,
    squares: Exact,
}

impl Moments {
    /// Values after which the origin moves, if the period is shorter.
    const STAY: usize = 1_024;

    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            ring: Ring::new(period),
            period: period as f64,
            origin: f64::NAN,
            stays: Self::rejoins(period),
            sum: Exact::default(),
            squares: Exact::default(),
        }
    }

    /// What a machine of it rejoins every so many bars.
    pub(in crate::features) fn rejoins(period: usize) -> usize {
        Self::STAY.max(period)
    }

    /// (mean, variance)
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> (f64, f64) {
        if x.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        if self.origin.is_nan() {
            self.origin = x;
            // As if the origin itself had been there before: it adds nothing.
            self.ring.values.fill(x);
        }
        let (distance, before) = (x - self.origin, self.ring.next(x) - self.origin);
        self.sum.replace(distance, before);
        self.squares.replace(distance * distance, before * before);
        let mean = self.sum.value() / self.period;
        let variance = (self.squares.value() / self.period - mean * mean).max(0.0);
        let mean = self.origin + mean;
        self.stays -= 1;
        if self.stays == 0 {
            self.stays = Self::rejoins(self.ring.values.len());
            self.origin = x;
            [self.sum, self.squares] = sums_around(x, &self.ring.values);
        }
        if self.ring.is_full() {
            (mean, variance)
        } else {
            (f64::NAN, f64::NAN)
        }
    }
}

/// The sums of the distances from `origin`, and of their squares.
#[inline(never)]
fn sums_around(origin: f64, values: &[f64]) -> [Exact; 2] {
    let mut sums = [Exact::default(); 2];
    for value in values {
        let distance = value - origin;
        sums[0].replace(distance, 0.0);
        sums[1].replace(distance * distance, 0.0);
    }
    sums
}

/// `y += weight (x - y)` from the mean of the first `period` values.
///
/// Kept as the distance from the newest value, `e = x - y = keep (e before + change of x)`: a value
/// waits for one product and one sum and not for three operations, and where `x` stands still `y` is
/// exactly `x`.
#[derive(Clone, Debug)]
pub(in crate::features) struct Smooth {
    keep: f64,
    period: usize,
    /// Values to let pass before the first that counts.
    skip: usize,
    seen: usize,
    sum: f64,
    before: f64,
    distance: f64,
}

impl Smooth {
    pub(in crate::features) fn new(period: usize, weight: f64) -> Self {
        Self {
            keep: 1.0 - weight,
            period,
            skip: 0,
            seen: 0,
            sum: 0.0,
            before: f64::NAN,
            distance: 0.0,
        }
    }

    /// The exponential average over `period` values, weight 2 / (period + 1).
    pub(in crate::features) fn exponential(period: usize) -> Self {
        Self::new(period, 2.0 / (period as f64 + 1.0))
    }

    /// Wilder's average over `period` values, weight 1 / period.
    pub(in crate::features) fn wilder(period: usize) -> Self {
        Self::new(period, 1.0 / period as f64)
    }

    /// As it is, but the mean starts `skip` values later.
    pub(in crate::features) fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if self.seen == self.period {
            let change = x - self.before;
            self.before = x;
            self.distance = self.keep * self.distance + self.keep * change;
            return x - self.distance;
        }
        if x.is_nan() {
            return f64::NAN;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return f64::NAN;
        }
        self.seen += 1;
        self.sum += x;
        if self.seen < self.period {
            return f64::NAN;
        }
        let mean = self.sum / self.period as f64;
        (self.before, self.distance) = (x, x - mean);
        mean
    }
}

/// The exponential average whose weights are normalised from the first value on.
#[derive(Clone, Debug)]
pub(in crate::features) struct Adjusted {
    keep: f64,
    weights: f64,
    value: f64,
}

impl Adjusted {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            keep: 1.0 - 2.0 / (period as f64 + 1.0),
            weights: 0.0,
            value: 0.0,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        self.weights = self.keep * self.weights + 1.0;
        self.value += (x - self.value) / self.weights;
        self.value
    }
}

/// The value `bars` values before; NaN before there is one. NaN is a value here.
#[derive(Clone, Debug)]
pub(in crate::features) struct Lag {
    values: Vec<f64>,
    at: usize,
}

impl Lag {
    pub(in crate::features) fn new(bars: usize) -> Self {
        Self {
            values: vec![f64::NAN; bars],
            at: 0,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if self.values.is_empty() {
            return x;
        }
        let before = std::mem::replace(&mut self.values[self.at], x);
        self.at += 1;
        if self.at == self.values.len() {
            self.at = 0;
        }
        before
    }
}

/// The greatest of high - low, |high - close before| and |low - close before|; NaN at the first bar.
#[derive(Clone, Debug)]
pub(in crate::features) struct TrueRange {
    before: f64,
}

impl TrueRange {
    pub(in crate::features) fn new() -> Self {
        Self { before: f64::NAN }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, bar: &super::Bar) -> f64 {
        let before = std::mem::replace(&mut self.before, bar.close);
        // At the first bar NaN is neither less nor greater, and stays.
        greater(bar.high, before) - less(bar.low, before)
    }
}

/// The change since the value before; NaN at the first.
#[derive(Clone, Debug)]
pub(in crate::features) struct Change {
    before: f64,
}

impl Change {
    pub(in crate::features) fn new() -> Self {
        Self { before: f64::NAN }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        x - std::mem::replace(&mut self.before, x)
    }
}

/// `numerator / denominator`, and `otherwise` where the denominator is 0.
#[inline(always)]
pub(in crate::features) fn divide(numerator: f64, denominator: f64, otherwise: f64) -> f64 {
    if denominator == 0.0 {
        otherwise
    } else {
        numerator / denominator
    }
}
