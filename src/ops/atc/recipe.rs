//! What is computed: every number and every switch, resolved.

/// Averages of one family.
pub const LENGTHS: usize = 9;

/// A kind of moving average.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Exponential.
    Ema,
    /// Hull's.
    Hma,
    /// Linearly weighted.
    Wma,
    /// Double exponential.
    Dema,
    /// End point of the least-squares line.
    Lsma,
    /// Kaufman's adaptive.
    Kama,
}

impl Family {
    /// All, in the order of every array over families.
    pub const ALL: [Self; 6] = [
        Self::Ema,
        Self::Hma,
        Self::Wma,
        Self::Dema,
        Self::Lsma,
        Self::Kama,
    ];

    /// Its name in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ema => "EMA",
            Self::Hma => "HMA",
            Self::Wma => "WMA",
            Self::Dema => "DEMA",
            Self::Lsma => "LSMA",
            Self::Kama => "KAMA",
        }
    }
}

/// Where the second average of a double exponential starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoubleStart {
    /// At the first average's first value.
    First,
    /// At the mean of its first L values, L - 1 bars later.
    Mean,
}

/// What Hull's average is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hull {
    /// `WMA(2 WMA(x, L/2) - WMA(x, L), sqrt(L))`
    Nested,
    /// The plain mean of L values.
    Mean,
}

/// Where the adaptive average starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdaptiveStart {
    /// It stays at the first value for L bars.
    Value,
    /// It comes from 0 with the slowest rate for L bars.
    Zero,
}

/// What an equity earns behind a signal of 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idle {
    /// Nothing.
    Nothing,
    /// What it earned at the bar before.
    Repeat,
}

/// Every number and switch of a classification.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Nine lengths of each family, at least 1 each.
    pub lengths: [[usize; LENGTHS]; 6],
    /// Starting equity of each family in the second layer, above 0.
    pub weights: [f64; 6],
    /// Rate of the growth factor per bar (La').
    pub growth: f64,
    /// Share of an equity that is lost per bar (De'), in `[0, 1]`.
    pub decay: f64,
    /// Bars before it carry no equity.
    pub cutout: usize,
    /// An average above it is class 1.
    pub long: f64,
    /// An average below it is class -1.
    pub short: f64,
    /// A family's signal counts as 1 above the first and as -1 below the second.
    pub cut: [f64; 2],
    /// The double exponential's second start.
    pub double_start: DoubleStart,
    /// Hull's average.
    pub hull: Hull,
    /// The adaptive average's start.
    pub adaptive_start: AdaptiveStart,
    /// Behind a signal of 0.
    pub idle: Idle,
}

/// The least that an equity can be.
pub(super) const FLOOR: f64 = 0.25;

/// Slowest and fastest rate of the adaptive average, before the square.
pub(super) const RATES: [f64; 2] = [0.064, 0.666];

impl Recipe {
    /// The growth factor of bar `t`.
    pub fn growth_at(&self, t: usize) -> f64 {
        if t < self.cutout {
            return 1.0;
        }
        (self.growth * (t - self.cutout) as f64).exp()
    }

    /// Bars since the start before an average of this length is defined.
    pub fn first(&self, family: Family, length: usize) -> usize {
        match family {
            Family::Hma if self.hull == Hull::Nested => length + smoothing(length) - 2,
            Family::Dema if self.double_start == DoubleStart::Mean => 2 * length - 2,
            Family::Kama => 0,
            Family::Ema | Family::Hma | Family::Wma | Family::Dema | Family::Lsma => length - 1,
        }
    }

    /// Bars that any average looks at, the newest included, beside what it carries along.
    pub fn reach(&self) -> usize {
        2 + self.lengths.iter().flatten().max().copied().unwrap_or(1)
    }

    /// Bars before every average is defined.
    pub fn needed_bars(&self) -> usize {
        let firsts = Family::ALL.into_iter().flat_map(|family| {
            let lengths = self.lengths[family as usize];
            lengths.map(|length| self.first(family, length))
        });
        1 + firsts.max().unwrap_or(0)
    }

    /// # Panics
    /// If a length is 0.
    pub(super) fn check(&self) {
        for (family, lengths) in Family::ALL.iter().zip(&self.lengths) {
            assert!(
                lengths.iter().all(|&length| length > 0),
                "a length of {family:?} is 0"
            );
        }
    }
}

/// Length of Hull's outer average.
pub(super) fn smoothing(length: usize) -> usize {
    length.isqrt().max(1)
}

/// Length of Hull's short average.
pub(super) fn half(length: usize) -> usize {
    (length / 2).max(1)
}
