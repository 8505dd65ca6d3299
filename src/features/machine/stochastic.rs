//! The machines of places between the lowest low and the highest high.

use super::Machine;
use super::average::Average;
use super::parts::{Change, Maximum, Minimum, Smooth, divide};
use crate::features::average_kind::{AverageKind, together as rejoin_together};
use crate::features::declaration::Parameters;

/// Ranges that are less than this share of their ends' sum count as 0.
pub(in crate::features) const NO_RANGE: f64 = 1e-14;

/// 100 times the place of the last value between the least and the greatest; 0 without a range.
#[derive(Clone, Debug)]
struct Place {
    highest: Maximum,
    lowest: Minimum,
}

impl Place {
    fn new(period: usize) -> Self {
        Self {
            highest: Maximum::new(period),
            lowest: Minimum::new(period),
        }
    }

    #[inline(always)]
    fn next(&mut self, high: f64, low: f64, close: f64) -> f64 {
        let (highest, lowest) = (self.highest.next(high), self.lowest.next(low));
        let range = highest - lowest;
        if range <= NO_RANGE * (highest.abs() + lowest.abs()) {
            0.0
        } else {
            // As TA-Lib: exactly 100 at the top.
            (close - lowest) / range * 100.0
        }
    }
}

/// `value` where `last` is defined: outputs begin together.
#[inline(always)]
fn together(value: f64, last: f64) -> f64 {
    if last.is_nan() { f64::NAN } else { value }
}

pub(in crate::features) fn stochf(p: &Parameters) -> Machine {
    let mut place = Place::new(p.bars(0));
    let kind = AverageKind::of(p, 2, AverageKind::Simple);
    let mut smooth = Average::new(kind, p.bars(1));
    let rejoins = smooth.rejoins();
    Machine::new(move |bar| {
        let fast = place.next(bar.high, bar.low, bar.close);
        let slow = smooth.next(fast);
        [together(fast, slow), slow]
    })
    .rejoining_every(rejoins)
}

/// Slow K and slow D.
struct Slow {
    place: Place,
    averages: [Average; 2],
}

impl Slow {
    /// `default` is the function's own kind of average.
    fn new(p: &Parameters, default: AverageKind) -> Self {
        Self {
            place: Place::new(p.bars(0)),
            averages: [(1, 3), (2, 4)].map(|(period, kind)| {
                Average::new(AverageKind::of(p, kind, default), p.bars(period))
            }),
        }
    }

    fn rejoins(&self) -> usize {
        rejoin_together(&self.averages.each_ref().map(Average::rejoins))
    }

    #[inline(always)]
    fn next(&mut self, high: f64, low: f64, close: f64) -> [f64; 2] {
        let [first, second] = &mut self.averages;
        let slow_k = first.next(self.place.next(high, low, close));
        let slow_d = second.next(slow_k);
        [together(slow_k, slow_d), slow_d]
    }
}

pub(in crate::features) fn stoch(p: &Parameters) -> Machine {
    let mut slow = Slow::new(p, AverageKind::Simple);
    let rejoins = slow.rejoins();
    Machine::new(move |bar| slow.next(bar.high, bar.low, bar.close)).rejoining_every(rejoins)
}

pub(in crate::features) fn kdj(p: &Parameters) -> Machine {
    let mut slow = Slow::new(p, AverageKind::Wilder);
    let rejoins = slow.rejoins();
    Machine::new(move |bar| {
        let [k, d] = slow.next(bar.high, bar.low, bar.close);
        [k, d, 3.0 * k - 2.0 * d]
    })
    .rejoining_every(rejoins)
}

pub(in crate::features) fn stochrsi(p: &Parameters) -> Machine {
    let mut change = Change::new();
    let (mut rises, mut falls) = (Smooth::wilder(p.bars(0)), Smooth::wilder(p.bars(0)));
    let mut place = Place::new(p.bars(1));
    let kind = AverageKind::of(p, 3, AverageKind::Simple);
    let mut smooth = Average::new(kind, p.bars(2));
    Machine::new(move |bar| {
        let change = change.next(bar.close);
        if change.is_nan() {
            return [f64::NAN; 2];
        }
        let (rise, fall) = (rises.next(change.max(0.0)), falls.next((-change).max(0.0)));
        // As TA-Lib: exactly 100 where nothing falls.
        let index = 100.0 * divide(rise, rise + fall, 0.0);
        let fast = place.next(index, index, index);
        let slow = smooth.next(fast);
        [together(fast, slow), slow]
    })
}

pub(in crate::features) fn smi(p: &Parameters) -> Machine {
    let (mut highest, mut lowest) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
    let chain = || {
        [
            Smooth::exponential(p.bars(2)),
            Smooth::exponential(p.bars(1)),
        ]
    };
    let (mut offsets, mut ranges) = (chain(), chain());
    let mut signal = Smooth::exponential(p.bars(3));
    Machine::new(move |bar| {
        let (highest, lowest) = (highest.next(bar.high), lowest.next(bar.low));
        let twice = |[first, second]: &mut [Smooth; 2], x| second.next(first.next(x));
        let offset = twice(&mut offsets, bar.close - 0.5 * (highest + lowest));
        let range = twice(&mut ranges, highest - lowest);
        let index = divide(200.0 * offset, range, 0.0);
        let signal = signal.next(index);
        [together(index, signal), signal]
    })
}
