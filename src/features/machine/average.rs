//! TA-Lib's kinds of moving averages as one part of machines.

use super::cycle::Adaptive;
use super::parts::{Lag, Mean, Smooth, Sum, Weighted};
use crate::features::average_kind::AverageKind;

/// Exponential averages behind one another, each seeded with the mean of the first values of the one
/// before.
///
/// Once all are seeded they are kept as levels: those of several in a row are fewer numbers than
/// their distances.
#[derive(Clone, Debug)]
pub(in crate::features) struct Chain<const N: usize> {
    seeds: [Smooth; N],
    seeded: bool,
    weight: f64,
    levels: [f64; N],
}

impl<const N: usize> Chain<N> {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            seeds: std::array::from_fn(|_| Smooth::exponential(period)),
            seeded: false,
            weight: 2.0 / (period as f64 + 1.0),
            levels: [f64::NAN; N],
        }
    }

    /// All averages, the one of `x` first.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> [f64; N] {
        let mut value = x;
        if self.seeded {
            for level in &mut self.levels {
                *level += self.weight * (value - *level);
                value = *level;
            }
        } else {
            for (level, seed) in self.levels.iter_mut().zip(&mut self.seeds) {
                value = seed.next(value);
                *level = value;
            }
            self.seeded = !value.is_nan();
        }
        self.levels
    }
}

/// A simple average of a simple average, weights a triangle over `period` values.
#[derive(Clone, Debug)]
pub(in crate::features) struct Triangular(Mean, Mean);

impl Triangular {
    pub(in crate::features) fn new(period: usize) -> Self {
        let [first, second] = triangle(period);
        Self(Mean::new(first), Mean::new(second))
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        self.1.next(self.0.next(x))
    }
}

/// The periods of the two simple averages that make a triangle over `period` values.
pub(in crate::features) fn triangle(period: usize) -> [usize; 2] {
    [period.div_ceil(2), period / 2 + 1]
}

/// Kaufman's average: the straighter the way of the last `period` changes, the faster.
#[derive(Clone, Debug)]
pub(in crate::features) struct Kaufman {
    before: f64,
    far: Lag,
    way: Sum,
    begun: bool,
    value: f64,
}

/// Weights of the newest value at an efficiency of 0, and what efficiency 1 adds: exponential
/// averages over 30 and 2 values.
pub(in crate::features) const KAUFMAN_WEIGHTS: [f64; 2] = [2.0 / 31.0, 2.0 / 3.0 - 2.0 / 31.0];

/// Limits of the weight of MAMA where it is one of many kinds of averages.
pub(in crate::features) const MESA_LIMITS: [f64; 2] = [0.5, 0.05];

impl Kaufman {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            before: f64::NAN,
            far: Lag::new(period),
            way: Sum::new(period),
            begun: false,
            value: f64::NAN,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let before = std::mem::replace(&mut self.before, x);
        let distance = x - self.far.next(x);
        let way = self.way.next((x - before).abs());
        if !self.begun {
            if way.is_nan() {
                return f64::NAN;
            }
            (self.begun, self.value) = (true, before);
        }
        // Where there was no way, 0 / 0 is not below 1 either.
        let straight = (distance / way).abs();
        let efficiency = if straight < 1.0 { straight } else { 1.0 };
        let weight = KAUFMAN_WEIGHTS[0] + KAUFMAN_WEIGHTS[1] * efficiency;
        self.value += weight * weight * (x - self.value);
        self.value
    }
}

/// Hull's average: the weighted average over the square root of the period of twice the average over
/// half of it minus the one over all of it.
#[derive(Clone, Debug)]
pub(in crate::features) struct Hull {
    half: Weighted,
    whole: Weighted,
    outer: Weighted,
}

/// The periods of the three weighted averages that make Hull's.
pub(in crate::features) fn hull(period: usize) -> [usize; 3] {
    [(period / 2).max(1), period, period.isqrt()]
}

impl Hull {
    pub(in crate::features) fn new(period: usize) -> Self {
        let [half, whole, outer] = hull(period).map(Weighted::new);
        Self { half, whole, outer }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        self.outer
            .next(2.0 * self.half.next(x) - self.whole.next(x))
    }
}

/// The exponential average of twice the value minus an older one.
#[derive(Clone, Debug)]
pub(in crate::features) struct ZeroLag {
    older: Lag,
    average: Smooth,
}

impl ZeroLag {
    pub(in crate::features) fn new(period: usize) -> Self {
        Self {
            older: Lag::new((period - 1) / 2),
            average: Smooth::exponential(period),
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        self.average.next(2.0 * x - self.older.next(x))
    }
}

/// Tillson's average: exponential averages behind one another, weighted so that they overshoot.
#[derive(Clone, Debug)]
pub(in crate::features) struct Tillson {
    chain: Chain<6>,
    /// Of the third to the sixth.
    weights: [f64; 4],
}

impl Tillson {
    pub(in crate::features) fn new(period: usize, factor: f64) -> Self {
        Self {
            chain: Chain::new(period),
            weights: tillson_weights(factor),
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        let [_, _, third, fourth, fifth, sixth] = self.chain.next(x);
        let [a, b, c, d] = self.weights;
        a * third + b * fourth + c * fifth + d * sixth
    }
}

/// What the third to the sixth exponential average weigh in Tillson's; together 1.
pub(in crate::features) fn tillson_weights(factor: f64) -> [f64; 4] {
    let (square, cube) = (factor * factor, factor * factor * factor);
    [
        1.0 + 3.0 * factor + 3.0 * square + cube,
        -3.0 * factor - 6.0 * square - 3.0 * cube,
        3.0 * square + 3.0 * cube,
        -cube,
    ]
}

/// A moving average of any kind.
#[derive(Clone, Debug)]
pub(in crate::features) struct Average {
    /// Values to let pass before the first that counts.
    skip: usize,
    state: State,
    rejoins: usize,
}

#[derive(Clone, Debug)]
enum State {
    Copy,
    Simple(Mean),
    /// Exponential or Wilder's.
    Smooth(Smooth),
    Weighted(Weighted),
    Double(Chain<2>),
    Triple(Chain<3>),
    Triangular(Triangular),
    Kaufman(Kaufman),
    Tillson(Box<Tillson>),
    Mesa(Box<Adaptive>),
    Hull(Box<Hull>),
    ZeroLag(ZeroLag),
}

impl Average {
    pub(in crate::features) fn new(kind: AverageKind, period: usize) -> Self {
        let state = match kind {
            _ if period == 1 => State::Copy,
            AverageKind::Identity => State::Copy,
            AverageKind::Simple => State::Simple(Mean::new(period)),
            AverageKind::Exponential => State::Smooth(Smooth::exponential(period)),
            AverageKind::Weighted => State::Weighted(Weighted::new(period)),
            AverageKind::Double => State::Double(Chain::new(period)),
            AverageKind::Triple => State::Triple(Chain::new(period)),
            AverageKind::Triangular => State::Triangular(Triangular::new(period)),
            AverageKind::Kaufman => State::Kaufman(Kaufman::new(period)),
            AverageKind::Mesa => {
                let [fast, slow] = MESA_LIMITS;
                State::Mesa(Box::new(Adaptive::new(fast, slow)))
            }
            AverageKind::Tillson => State::Tillson(Box::new(Tillson::new(period, 0.7))),
            AverageKind::Hull => State::Hull(Box::new(Hull::new(period))),
            AverageKind::ZeroLag => State::ZeroLag(ZeroLag::new(period)),
            AverageKind::Wilder => State::Smooth(Smooth::wilder(period)),
        };
        Self {
            skip: 0,
            state,
            rejoins: kind.rejoins(period),
        }
    }

    /// What a machine of it rejoins every so many bars.
    pub(in crate::features) fn rejoins(&self) -> usize {
        self.rejoins
    }

    /// As it is, but the first `skip` values are let pass.
    pub(in crate::features) fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> f64 {
        if self.skip > 0 {
            if !x.is_nan() {
                self.skip -= 1;
            }
            return f64::NAN;
        }
        match &mut self.state {
            State::Copy => x,
            State::Simple(mean) => mean.next(x),
            State::Smooth(smooth) => smooth.next(x),
            State::Weighted(weighted) => weighted.next(x),
            State::Double(chain) => double(chain.next(x)),
            State::Triple(chain) => triple(chain.next(x)),
            State::Triangular(triangular) => triangular.next(x),
            State::Kaufman(kaufman) => kaufman.next(x),
            State::Tillson(tillson) => tillson.next(x),
            State::Mesa(average) => average.next(x)[0],
            State::Hull(hull) => hull.next(x),
            State::ZeroLag(average) => average.next(x),
        }
    }
}

/// The double exponential average from its chain.
#[inline(always)]
pub(in crate::features) fn double([first, second]: [f64; 2]) -> f64 {
    2.0 * first - second
}

/// The triple exponential average from its chain.
#[inline(always)]
pub(in crate::features) fn triple([first, second, third]: [f64; 3]) -> f64 {
    3.0 * first - 3.0 * second + third
}
