//! The averages that follow their own past, as distances from the newest price.
//!
//! An average E that moves by a rate a has the distance `d[t] = (1 - a) (d[t-1] - (p[t] - p[t-1]))`:
//! while the price stands still the distance shrinks and never changes its sign.

use super::super::recipe::{AdaptiveStart, DoubleStart, LENGTHS, RATES};
use super::vector::Vector;

/// The distance of the mean of the last `length` prices before and at `now` from the newest.
#[inline(always)]
fn mean_distance<V: Vector>(bars: &[V], now: usize, length: usize) -> V {
    let mut sum = V::splat(0.0);
    for bar in &bars[now + 1 - length..=now] {
        sum = sum.add(bar.sub(bars[now]));
    }
    sum.div(V::splat(length as f64))
}

/// Exponential averages of nine lengths.
#[derive(Clone, Debug)]
pub(super) struct Exponential<V> {
    lengths: [usize; LENGTHS],
    longest: usize,
    /// 1 - 2 / (L + 1)
    keep: [f64; LENGTHS],
    pub(super) distance: [V; LENGTHS],
}

impl<V: Vector> Exponential<V> {
    #[inline(always)]
    pub(super) fn new(lengths: [usize; LENGTHS]) -> Self {
        Self {
            lengths,
            longest: lengths.into_iter().max().unwrap_or(1),
            keep: lengths.map(|length| 1.0 - 2.0 / (length as f64 + 1.0)),
            distance: [V::splat(0.0); LENGTHS],
        }
    }

    /// `bars[now]` is the bar of this age, `change` what the price changed by since the bar before.
    #[inline(always)]
    pub(super) fn next(&mut self, bars: &[V], now: usize, age: usize, change: V) {
        if age < self.longest {
            return self.start(bars, now, age, change);
        }
        for (distance, keep) in self.distance.iter_mut().zip(self.keep) {
            *distance = V::splat(keep).mul(distance.sub(change));
        }
    }

    #[inline(always)]
    fn start(&mut self, bars: &[V], now: usize, age: usize, change: V) {
        for k in 0..LENGTHS {
            if age + 1 == self.lengths[k] {
                self.distance[k] = mean_distance(bars, now, self.lengths[k]);
            } else if age >= self.lengths[k] {
                self.distance[k] = V::splat(self.keep[k]).mul(self.distance[k].sub(change));
            }
        }
    }
}

/// Double exponential averages of nine lengths.
#[derive(Clone, Debug)]
pub(super) struct Double<V> {
    once: Exponential<V>,
    start: DoubleStart,
    /// Of the average of the average.
    twice: [V; LENGTHS],
}

impl<V: Vector> Double<V> {
    #[inline(always)]
    pub(super) fn new(lengths: [usize; LENGTHS], start: DoubleStart) -> Self {
        Self {
            once: Exponential::new(lengths),
            start,
            twice: [V::splat(0.0); LENGTHS],
        }
    }

    #[inline(always)]
    pub(super) fn next(&mut self, bars: &[V], now: usize, age: usize, change: V) -> [V; LENGTHS] {
        self.once.next(bars, now, age, change);
        if age + 1 < 2 * self.once.longest {
            self.warm_up(age, change);
        } else {
            for k in 0..LENGTHS {
                self.follow(k, change);
            }
        }
        let mut distance = self.once.distance;
        for (distance, twice) in distance.iter_mut().zip(self.twice) {
            *distance = distance.add(*distance).sub(twice);
        }
        distance
    }

    #[inline(always)]
    fn follow(&mut self, k: usize, change: V) {
        let keep = self.once.keep[k];
        let own = V::splat(keep).mul(self.twice[k].sub(change));
        self.twice[k] = own.add(V::splat(1.0 - keep).mul(self.once.distance[k]));
    }

    #[inline(always)]
    fn warm_up(&mut self, age: usize, change: V) {
        for k in 0..LENGTHS {
            let length = self.once.lengths[k];
            let Some(since) = (age + 1).checked_sub(length) else {
                continue;
            };
            if since == 0 {
                self.twice[k] = self.once.distance[k];
            } else if self.start == DoubleStart::First || since >= length {
                self.follow(k, change);
            } else {
                // The sum of the distances so far, then their mean.
                let moved = V::splat(since as f64).mul(change);
                self.twice[k] = self.twice[k].sub(moved).add(self.once.distance[k]);
                if since + 1 == length {
                    self.twice[k] = self.twice[k].div(V::splat(length as f64));
                }
            }
        }
    }
}

/// Bars between two sums of the way from scratch, so that what left the window leaves no trace.
const AFRESH: usize = 256;

/// Adaptive averages of nine lengths.
#[derive(Clone, Debug)]
pub(super) struct Adaptive<V> {
    lengths: [usize; LENGTHS],
    longest: usize,
    start: AdaptiveStart,
    /// Sum of the last L changes without their sign.
    way: [V; LENGTHS],
    pub(super) distance: [V; LENGTHS],
}

impl<V: Vector> Adaptive<V> {
    #[inline(always)]
    pub(super) fn new(lengths: [usize; LENGTHS], start: AdaptiveStart) -> Self {
        Self {
            lengths,
            longest: lengths.into_iter().max().unwrap_or(1),
            start,
            way: [V::splat(0.0); LENGTHS],
            distance: [V::splat(0.0); LENGTHS],
        }
    }

    #[inline(always)]
    pub(super) fn next(&mut self, bars: &[V], now: usize, age: usize, change: V) {
        if age.is_multiple_of(AFRESH) || age <= self.longest {
            for k in 0..LENGTHS {
                self.way[k] = way(bars, now, age.min(self.lengths[k]));
            }
        } else {
            let step = change.abs();
            for k in 0..LENGTHS {
                let left = now - self.lengths[k];
                let leaving = bars[left].sub(bars[left - 1]).abs();
                self.way[k] = self.way[k].add(step.sub(leaving));
            }
        }
        for k in 0..LENGTHS {
            if age >= self.lengths[k] {
                self.adapt(k, bars, now, change);
            } else if self.start == AdaptiveStart::Value {
                self.distance[k] = bars[now - age].sub(bars[now]);
            } else {
                let before = if age == 0 {
                    V::splat(0.0).sub(bars[now])
                } else {
                    self.distance[k].sub(change)
                };
                self.distance[k] = V::splat(1.0 - RATES[0] * RATES[0]).mul(before);
            }
        }
    }

    #[inline(always)]
    fn adapt(&mut self, k: usize, bars: &[V], now: usize, change: V) {
        let [slow, fast] = RATES;
        let zero = V::splat(0.0);
        let net = bars[now].sub(bars[now - self.lengths[k]]).abs();
        let moved = zero.less(self.way[k]);
        let efficiency = zero.replace(moved, net.div(self.way[k]));
        let rate = efficiency.mul(V::splat(fast - slow)).add(V::splat(slow));
        let keep = V::splat(1.0).sub(rate.mul(rate));
        self.distance[k] = keep.mul(self.distance[k].sub(change));
    }
}

/// Sum of the last `steps` changes without their sign, from the oldest on.
#[inline(always)]
fn way<V: Vector>(bars: &[V], now: usize, steps: usize) -> V {
    let mut sum = V::splat(0.0);
    for pair in bars[now - steps..=now].windows(2) {
        sum = sum.add(pair[1].sub(pair[0]).abs());
    }
    sum
}
