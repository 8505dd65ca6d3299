//! Levels that trail a series and turn with it, bar by bar, in float64.

/// What moves a [`Parabolic`] stop on one side of the market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceleration {
    /// Factor after a reversal.
    pub first: f64,
    /// What every new extreme adds.
    pub step: f64,
    /// Greatest factor.
    pub most: f64,
}

impl Acceleration {
    /// With no factor above the greatest.
    pub(in crate::ops) fn limited(self) -> Self {
        Self {
            first: self.first.min(self.most),
            step: self.step.min(self.most),
            most: self.most,
        }
    }
}

/// What a [`Parabolic`] stop is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stops {
    /// While the stop is below.
    pub long: Acceleration,
    /// While it is above.
    pub short: Acceleration,
    /// 0: the side follows from the first two bars; else the stop's first value, negative if above.
    pub start: f64,
    /// Share of itself that a stop is moved away by at a reversal.
    pub offset: f64,
}

/// Wilder's stop and reverse (1978).
///
/// Everything is kept as if long: while short, prices are multiplied by -1, which is exact.
#[derive(Clone, Debug)]
pub struct Parabolic {
    long: Acceleration,
    short: Acceleration,
    /// 0: from the first two bars; else the stop's first value, negative for short.
    start: f64,
    /// Share of itself that a stop is moved away by at a reversal.
    offset: f64,
    seen: usize,
    /// 1 while long, -1 while short.
    side: f64,
    /// The bar before: high, low.
    before: [f64; 2],
    factor: f64,
    extreme: f64,
    stop: f64,
}

impl Parabolic {
    /// Before the first bar.
    #[must_use]
    pub fn new(stops: Stops) -> Self {
        Self {
            long: stops.long.limited(),
            short: stops.short.limited(),
            start: stops.start,
            offset: stops.offset,
            seen: 0,
            side: 1.0,
            before: [f64::NAN; 2],
            factor: 0.0,
            extreme: 0.0,
            stop: 0.0,
        }
    }

    /// The stop, and 1 while long or -1 while short.
    #[inline(always)]
    pub fn next(&mut self, high: f64, low: f64) -> [f64; 2] {
        if self.seen < 2 {
            self.seen += 1;
            if self.seen == 1 {
                self.before = [high, low];
                return [f64::NAN; 2];
            }
            self.begin(high, low);
        }
        if self.side > 0.0 {
            self.walk::<true>(high, low)
        } else {
            self.walk::<false>(high, low)
        }
    }

    /// A bar that begins on the side `LONG`: a side lasts, so the branch to here is foreseen.
    #[inline(always)]
    fn walk<const LONG: bool>(&mut self, high: f64, low: f64) -> [f64; 2] {
        let [high_before, low_before] = std::mem::replace(&mut self.before, [high, low]);
        let [near, far] = sided(LONG, high, low);
        let [near_before, far_before] = sided(LONG, high_before, low_before);
        if near <= self.stop {
            return self.turn(!LONG, [-far_before, -far], -near);
        }
        let Acceleration { step, most, .. } = if LONG { self.long } else { self.short };
        let faster = less(self.factor + step, most);
        self.factor = if far > self.extreme {
            faster
        } else {
            self.factor
        };
        self.extreme = if far > self.extreme {
            far
        } else {
            self.extreme
        };
        let given = self.stop;
        self.advance([near_before, near]);
        if LONG { [given, 1.0] } else { [-given, -1.0] }
    }

    /// The stop is reached: it turns to the other side, `nears` and `far` being as that sees them.
    fn turn(&mut self, long: bool, nears: [f64; 2], far: f64) -> [f64; 2] {
        self.side = if long { 1.0 } else { -1.0 };
        let stop = less(less(-self.extreme, nears[0]), nears[1]);
        self.stop = stop - self.offset * stop.abs();
        self.factor = if long {
            self.long.first
        } else {
            self.short.first
        };
        self.extreme = far;
        let given = self.stop;
        self.advance(nears);
        [self.side * given, self.side]
    }

    /// The next bar's stop.
    #[inline(always)]
    fn advance(&mut self, nears: [f64; 2]) {
        let moved = self.stop + self.factor * (self.extreme - self.stop);
        self.stop = less(moved, less(nears[0], nears[1]));
    }

    /// The second bar: the side of the larger move, long if neither.
    fn begin(&mut self, high: f64, low: f64) {
        let [high_before, low_before] = self.before;
        let (up, down) = (high - high_before, low_before - low);
        let falls = if self.start == 0.0 {
            down > 0.0 && up < down
        } else {
            self.start < 0.0
        };
        self.side = if falls { -1.0 } else { 1.0 };
        let side = if falls { self.short } else { self.long };
        self.factor = side.first;
        let [near_before, _] = sided(!falls, high_before, low_before);
        self.stop = if self.start == 0.0 {
            near_before
        } else {
            self.start
        };
        self.extreme = sided(!falls, high, low)[1];
        self.before = [high, low];
    }
}

/// One comparison; `f64::min` asks for NaN too.
#[inline(always)]
fn less(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The extreme nearer to the stop and the farther one, as if long.
#[inline(always)]
fn sided(long: bool, high: f64, low: f64) -> [f64; 2] {
    if long { [low, high] } else { [-high, -low] }
}

/// Two bands that only close in on the price, until a close beyond one of them lets it go.
#[derive(Clone, Debug)]
pub struct TrailingBand {
    upper: f64,
    lower: f64,
    close: f64,
    rises: bool,
}

impl Default for TrailingBand {
    fn default() -> Self {
        Self::new()
    }
}

impl TrailingBand {
    /// Before the first bar.
    #[must_use]
    pub fn new() -> Self {
        Self {
            upper: f64::NAN,
            lower: f64::NAN,
            close: f64::NAN,
            rises: true,
        }
    }

    /// The band on the side away from the trend, and 1 in a rising trend or -1 in a falling one.
    /// `width` is NaN before the first bar that counts.
    #[inline(always)]
    pub fn next(&mut self, middle: f64, width: f64, close: f64) -> [f64; 2] {
        if width.is_nan() {
            return [f64::NAN; 2];
        }
        let (upper, lower) = (middle + width, middle - width);
        // Before the first bar all three are NaN: both bands are taken, and no trend ends.
        if !(upper >= self.upper && self.close <= self.upper) {
            self.upper = upper;
        }
        if !(lower <= self.lower && self.close >= self.lower) {
            self.lower = lower;
        }
        let first = self.close.is_nan();
        self.close = close;
        if !first {
            self.rises = if self.rises {
                close >= self.lower
            } else {
                close > self.upper
            };
        }
        if self.rises {
            [self.lower, 1.0]
        } else {
            [self.upper, -1.0]
        }
    }
}
