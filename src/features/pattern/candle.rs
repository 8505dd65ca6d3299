//! The words that patterns are written in: prices of bars so many ago, their bodies and shadows, and
//! what TA-Lib calls long, short, near and equal.
//!
//! A pattern is written once ([`Rule`]), over [`Candles`] that are either one bar of a series in
//! float64 ([`super::series`]) or whole panels on a device ([`super::tensor`]).

/// Bars that may confirm a pattern.
pub(super) const CONFIRMATION: usize = 3;

/// A number of one bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Open,
    High,
    Low,
    Close,
    /// |close - open|
    Body,
    /// high - the greater of open and close
    Upper,
    /// the less of open and close - low
    Lower,
    /// the greater of open and close
    Top,
    /// the less of open and close
    Bottom,
}

/// A number of the bar `ago` bars before this one.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) field: Field,
    pub(super) ago: usize,
}

macro_rules! fields {
    ($($name:ident = $field:ident),* $(,)?) => {
        $(
            pub(super) const fn $name(ago: usize) -> At {
                At { field: Field::$field, ago }
            }
        )*
    };
}

fields!(
    open = Open,
    high = High,
    low = Low,
    close = Close,
    body = Body,
    upper = Upper,
    lower = Lower,
    top = Top,
    bottom = Bottom,
);

/// What a mean is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// Bodies of 10 bars.
    Bodies,
    /// high - low of 10 bars.
    Spans,
    /// Upper and lower shadows together of 10 bars.
    Shadows,
    /// high - low of 5 bars.
    FewSpans,
}

impl Range {
    pub(super) const ALL: [Self; 4] = [Self::Bodies, Self::Spans, Self::Shadows, Self::FewSpans];

    pub(super) const fn period(self) -> usize {
        match self {
            Self::Bodies | Self::Spans | Self::Shadows => 10,
            Self::FewSpans => 5,
        }
    }
}

/// `factor` times the mean over the bars before the bar `ago`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usual {
    pub(super) range: Range,
    pub(super) factor: f64,
    /// `factor / period` as a fraction of whole numbers.
    pub(super) share: (f32, f32),
    pub(super) ago: usize,
}

macro_rules! usuals {
    ($($(#[$doc:meta])* $name:ident = $range:ident, $factor:literal, $of:literal / $parts:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) const fn $name(ago: usize) -> Usual {
                Usual { range: Range::$range, factor: $factor, share: ($of, $parts), ago }
            }
        )*
    };
}

usuals!(
    /// The usual body: what is above is long, what is below is short.
    usual = Bodies, 1.0, 1.0 / 10.0;
    /// The longest body of a doji.
    tiny = Spans, 0.1, 1.0 / 100.0;
    /// The longest of very short shadows.
    trace = Spans, 0.1, 1.0 / 100.0;
    /// The longest of short shadows.
    stub = Shadows, 0.5, 1.0 / 20.0;
    /// How far apart prices may be that are near.
    near = FewSpans, 0.2, 1.0 / 25.0;
    /// From where on prices are far apart.
    far = FewSpans, 0.6, 3.0 / 25.0;
    /// How far apart prices may be that are equal.
    equal = FewSpans, 0.05, 1.0 / 100.0;
);

/// The other side of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    At(At),
    Usual(Usual),
    Plus(At, Usual),
    Minus(At, Usual),
    /// The first without the second and without the usual.
    Without(At, At, Usual),
    /// The first and a signed share of the other.
    Part(At, f64, At),
    Times(f64, At),
}

impl From<At> for Level {
    #[inline(always)]
    fn from(at: At) -> Self {
        Self::At(at)
    }
}

impl From<Usual> for Level {
    #[inline(always)]
    fn from(usual: Usual) -> Self {
        Self::Usual(usual)
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// A comparison.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) left: At,
    pub(super) relation: Relation,
    pub(super) right: Level,
}

macro_rules! relations {
    ($($name:ident = $relation:ident),* $(,)?) => {
        $(
            #[inline(always)]
            pub(super) fn $name(self, level: impl Into<Level>) -> Claim {
                Claim { left: self, relation: Relation::$relation, right: level.into() }
            }
        )*
    };
}

impl At {
    relations!(
        above = Above,
        at_least = AtLeast,
        below = Below,
        at_most = AtMost
    );

    pub(super) const fn plus(self, usual: Usual) -> Level {
        Level::Plus(self, usual)
    }

    pub(super) const fn minus(self, usual: Usual) -> Level {
        Level::Minus(self, usual)
    }

    /// This number - `other` - `usual`.
    pub(super) const fn without(self, other: At, usual: Usual) -> Level {
        Level::Without(self, other, usual)
    }

    /// `share` of `of` above.
    pub(super) const fn higher_by(self, share: f64, of: At) -> Level {
        Level::Part(self, share, of)
    }

    /// `share` of `of` below.
    pub(super) const fn lower_by(self, share: f64, of: At) -> Level {
        Level::Part(self, -share, of)
    }

    /// `factor` times this number.
    pub(super) const fn times(self, factor: f64) -> Level {
        Level::Times(factor, self)
    }
}

/// Bars that a rule can be asked about: this one and those before.
pub(super) trait Candles {
    /// Whether something holds.
    type Truth: Clone;
    /// A pattern's number.
    type Score;

    fn is(&self, claim: Claim) -> Self::Truth;

    fn and(a: Self::Truth, b: Self::Truth) -> Self::Truth;

    fn or(a: Self::Truth, b: Self::Truth) -> Self::Truth;

    fn not(a: Self::Truth) -> Self::Truth;

    /// Whether this bar's body reaches to within [`near`] of the middle of high and low.
    fn body_is_near_middle(&self) -> Self::Truth;

    /// Whether the two bodies differ by less than [`near`] of the older, `ago`, from each other.
    fn bodies_are_alike(&self, ago: usize, newer: usize) -> Self::Truth;

    /// The number of the part that holds (at most one does), else 0.
    fn score<const N: usize>(&self, parts: [(f64, Self::Truth); N]) -> Self::Score;

    /// 100 where it rises, -100 where it falls.
    #[inline(always)]
    fn either(&self, rising: Self::Truth, falling: Self::Truth) -> Self::Score {
        self.score([(100.0, rising), (-100.0, falling)])
    }

    /// 100
    #[inline(always)]
    fn rising(&self, truth: Self::Truth) -> Self::Score {
        self.score([(100.0, truth)])
    }

    /// -100
    #[inline(always)]
    fn falling(&self, truth: Self::Truth) -> Self::Score {
        self.score([(-100.0, truth)])
    }

    /// 100 or -100 with the colour of the bar `ago`.
    #[inline(always)]
    fn coloured(&self, ago: usize, truth: Self::Truth) -> Self::Score {
        let white = Self::and(self.white(ago), truth.clone());
        let black = Self::and(self.black(ago), truth);
        self.either(white, black)
    }

    /// close >= open
    #[inline(always)]
    fn white(&self, ago: usize) -> Self::Truth {
        self.is(close(ago).at_least(open(ago)))
    }

    /// close < open
    #[inline(always)]
    fn black(&self, ago: usize) -> Self::Truth {
        self.is(close(ago).below(open(ago)))
    }

    #[inline(always)]
    fn long(&self, ago: usize) -> Self::Truth {
        self.is(body(ago).above(usual(ago)))
    }

    #[inline(always)]
    fn short(&self, ago: usize) -> Self::Truth {
        self.is(body(ago).below(usual(ago)))
    }

    /// Short, or just the usual body.
    #[inline(always)]
    fn not_long(&self, ago: usize) -> Self::Truth {
        self.is(body(ago).at_most(usual(ago)))
    }

    #[inline(always)]
    fn doji(&self, ago: usize) -> Self::Truth {
        self.is(body(ago).at_most(tiny(ago)))
    }

    #[inline(always)]
    fn short_shadow(&self, shadow: At) -> Self::Truth {
        self.is(shadow.below(stub(shadow.ago)))
    }

    /// No upper shadow to speak of.
    #[inline(always)]
    fn shaved_top(&self, ago: usize) -> Self::Truth {
        self.is(upper(ago).below(trace(ago)))
    }

    /// No lower shadow to speak of.
    #[inline(always)]
    fn shaved_bottom(&self, ago: usize) -> Self::Truth {
        self.is(lower(ago).below(trace(ago)))
    }

    /// The body lies above the older body.
    #[inline(always)]
    fn gaps_up(&self, ago: usize, older: usize) -> Self::Truth {
        self.is(bottom(ago).above(top(older)))
    }

    /// The body lies below the older body.
    #[inline(always)]
    fn gaps_down(&self, ago: usize, older: usize) -> Self::Truth {
        self.is(top(ago).below(bottom(older)))
    }
}

/// A pattern.
pub(super) trait Rule: Send + Sync + 'static {
    /// Whether the number doubles at the first of the next [`CONFIRMATION`] bars that closes over the
    /// high (rising) or under the low (falling) of the bar before the pattern's last, unless another
    /// pattern comes before.
    const CONFIRMED: bool;

    /// Its number at this bar; `penetration` is the share of a body where it takes one, else 0.
    fn score<C: Candles>(candles: &C, penetration: f64) -> C::Score;
}

/// All of some truths of `C`.
macro_rules! all {
    ($only:expr $(,)?) => { $only };
    ($first:expr, $($rest:expr),+ $(,)?) => { C::and($first, all!($($rest),+)) };
}

/// Any of some truths of `C`.
macro_rules! any {
    ($only:expr $(,)?) => { $only };
    ($first:expr, $($rest:expr),+ $(,)?) => { C::or($first, any!($($rest),+)) };
}

pub(super) use {all, any};
