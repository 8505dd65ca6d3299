//! The averages over windows, as distances from the newest price.
//!
//! One walk back from the newest bar gives the sums of every length at once, all families together:
//! three operations per bar of the longest window for 27 averages. Nothing runs along, so nothing
//! drifts, and a flat window has distances of exactly 0.

use super::super::recipe::{Family, Hull, LENGTHS, Recipe, half, smoothing};
use super::vector::Vector;

/// Sums of the last L distances `p[t-j] - p[t]`, by L.
#[derive(Clone, Debug)]
pub(super) struct Walk<V> {
    plain: Vec<V>,
    /// With the weights L - j.
    weighted: Vec<V>,
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
        }
    }

    /// Walks back from `bars[now]`; windows longer than the bars since the start keep nonsense.
    #[inline(always)]
    pub(super) fn next(&mut self, bars: &[V], now: usize, age: usize) {
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
