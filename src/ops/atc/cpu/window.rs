//! The averages over windows, as distances from the newest price.
//!
//! One walk back from the newest bar gives the sums of every length at once, all families together:
//! three operations per bar of the longest window for 27 averages. Nothing runs along, so nothing
//! drifts, and a flat window has distances of exactly 0.
//!
//! Where a window is longer than that is worth, the sums of the lengths that are read run along, and a
//! walk every few hundred bars begins them anew. Prices are float32 in all but tests, and their sums in
//! float64 are exact while prices are within a factor of some thousand; behind a fall that is deeper,
//! every bar is walked until it has left the longest window.

use super::super::recipe::{Family, Hull, LENGTHS, Recipe, half, smoothing};
use super::vector::Vector;

/// Longest window that is walked at every bar: about as many operations as all running sums.
const WALKED: usize = 48;

/// Bars between two walks where sums run along.
const AFRESH: usize = 256;

/// A bar that falls by more than so many times what is left of the price has a lane of its own.
pub(super) const CLIFF: f64 = 1_024.0;

/// Sums of the last L distances `p[t-j] - p[t]`, by L.
#[derive(Clone, Debug)]
pub(super) struct Walk<V> {
    plain: Vec<V>,
    /// With the weights L - j.
    weighted: Vec<V>,
    /// The lengths that are read, each once, where their sums run along.
    running: Vec<usize>,
    /// Every bar before this age is walked.
    until: usize,
}

impl<V: Vector> Walk<V> {
    #[inline(always)]
    pub(super) fn new(recipe: &Recipe) -> Self {
        let families = [Family::Hma, Family::Wma, Family::Lsma];
        let lengths = families.map(|family| recipe.lengths[family as usize]);
        let longest = lengths.iter().flatten().max().copied().unwrap_or(1);
        Self {
            plain: vec![V::splat(0.0); longest + 1],
            weighted: vec![V::splat(0.0); longest + 1],
            running: if longest > WALKED {
                read(&lengths)
            } else {
                Vec::new()
            },
            until: 0,
        }
    }

    /// Moves on to `bars[now]`, whose price changed by `change`; windows longer than the bars since
    /// the start keep nonsense.
    #[inline(always)]
    pub(super) fn next(&mut self, bars: &[V], now: usize, age: usize, change: V) {
        let longest = self.plain.len() - 1;
        if age == 0 {
            self.until = longest;
        }
        // Where lanes are together none has a cliff: what a lane gives depends on no other.
        if V::LANES == 1 && bars[now].mul(V::splat(CLIFF)).less(change.abs()) != 0 {
            self.until = self.until.max(age + longest + 1);
        }
        if self.running.is_empty() || age < self.until || age.is_multiple_of(AFRESH) {
            return self.walk(bars, now, age);
        }
        let newest = bars[now];
        for &length in &self.running {
            let (plain, weighted) = (self.plain[length], self.weighted[length]);
            let others = (length * (length + 1) / 2 - length) as f64;
            self.weighted[length] = weighted.sub(plain).sub(V::splat(others).mul(change));
            let come = newest.sub(bars[now - length]);
            self.plain[length] = plain.add(come).sub(V::splat(length as f64).mul(change));
        }
    }

    /// Walks back from `bars[now]`.
    #[inline(always)]
    fn walk(&mut self, bars: &[V], now: usize, age: usize) {
        let newest = bars[now];
        let steps = (self.plain.len() - 2).min(age);
        let mut plain = V::splat(0.0);
        let mut weighted = V::splat(0.0);
        let window = bars[now - steps..now].iter().rev();
        let sums = self.plain[2..].iter_mut().zip(&mut self.weighted[2..]);
        for (bar, (to_plain, to_weighted)) in window.zip(sums) {
            plain = plain.add(bar.sub(newest));
            weighted = weighted.add(plain);
            *to_plain = plain;
            *to_weighted = weighted;
        }
    }
}

/// The lengths whose sums these averages read.
fn read(lengths: &[[usize; LENGTHS]; 3]) -> Vec<usize> {
    let inner = lengths[0]
        .iter()
        .flat_map(|&length| [half(length), smoothing(length)]);
    let mut read: Vec<usize> = lengths.iter().flatten().copied().chain(inner).collect();
    read.sort_unstable();
    read.dedup();
    read
}

/// Linearly weighted averages of nine lengths; the unit is 2 / (L (L + 1)).
#[inline(always)]
pub(super) fn weighted<V: Vector>(walk: &Walk<V>, lengths: &[usize; LENGTHS]) -> [V; LENGTHS] {
    let mut distance = [V::splat(0.0); LENGTHS];
    for (distance, length) in distance.iter_mut().zip(lengths) {
        *distance = walk.weighted[*length];
    }
    distance
}

/// End points of lines over nine lengths; the unit is 2 / (L (L + 1)).
#[inline(always)]
pub(super) fn line_end<V: Vector>(walk: &Walk<V>, lengths: &[usize; LENGTHS]) -> [V; LENGTHS] {
    let mut distance = [V::splat(0.0); LENGTHS];
    for (distance, length) in distance.iter_mut().zip(lengths) {
        let level = walk.plain[*length].mul(V::splat((length + 1) as f64));
        *distance = walk.weighted[*length].mul(V::splat(3.0)).sub(level);
    }
    distance
}

/// Hull's averages of nine lengths.
#[derive(Clone, Debug)]
pub(super) struct HullAverage<V> {
    lengths: [usize; LENGTHS],
    halves: [usize; LENGTHS],
    smoothing: [usize; LENGTHS],
    /// What the weighted sums over L/2 and L bars are multiplied by.
    factors: [[f64; 2]; LENGTHS],
    kind: Hull,
    /// The inner averages' last distances, each from its own bar's price.
    inner: Vec<[V; LENGTHS]>,
    at: usize,
}

impl<V: Vector> HullAverage<V> {
    #[inline(always)]
    pub(super) fn new(lengths: [usize; LENGTHS], kind: Hull) -> Self {
        let total = |length: usize| (length * (length + 1) / 2) as f64;
        let most = lengths.map(smoothing).into_iter().max().unwrap_or(1);
        Self {
            lengths,
            halves: lengths.map(half),
            smoothing: lengths.map(smoothing),
            factors: lengths.map(|length| [2.0 / total(half(length)), 1.0 / total(length)]),
            kind,
            inner: vec![[V::splat(0.0); LENGTHS]; most.next_power_of_two()],
            at: 0,
        }
    }

    #[inline(always)]
    pub(super) fn next(&mut self, walk: &Walk<V>) -> [V; LENGTHS] {
        let mut distance = [V::splat(0.0); LENGTHS];
        if self.kind == Hull::Mean {
            for (distance, length) in distance.iter_mut().zip(self.lengths) {
                *distance = walk.plain[length];
            }
            return distance;
        }
        let around = self.inner.len() - 1;
        self.at = (self.at + 1) & around;
        for k in 0..LENGTHS {
            let [short, long] = self.factors[k];
            let short = walk.weighted[self.halves[k]].mul(V::splat(short));
            let long = walk.weighted[self.lengths[k]].mul(V::splat(long));
            self.inner[self.at][k] = short.sub(long);
        }
        for k in 0..LENGTHS {
            let length = self.smoothing[k];
            // What the price moved by since each of the bars.
            let mut sum = walk.weighted[length];
            for j in 0..length {
                let inner = self.inner[self.at.wrapping_sub(j) & around][k];
                sum = sum.add(inner.mul(V::splat((length - j) as f64)));
            }
            distance[k] = sum;
        }
        distance
    }
}
