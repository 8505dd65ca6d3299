//! The first stage: prices to the side that each of the 54 averages was crossed to last.

use super::super::recipe::{Family, LENGTHS, Recipe};
use super::recursive::{Adaptive, Double, Exponential};
use super::side::{Crossing, Sides};
use super::vector::Vector;
use super::window::{self, HullAverage, Walk};

/// The state of all averages behind one bar.
#[derive(Clone, Debug)]
pub(super) struct Signals<V> {
    /// Bars since the first, or since the last gap.
    age: usize,
    exponential: Exponential<V>,
    double: Double<V>,
    adaptive: Adaptive<V>,
    walk: Walk<V>,
    hull: HullAverage<V>,
    weighted: [usize; LENGTHS],
    line: [usize; LENGTHS],
    crossings: [Crossing; 6],
}

impl<V: Vector> Signals<V> {
    #[inline(always)]
    pub(super) fn new(recipe: &Recipe) -> Self {
        let lengths = |family: Family| recipe.lengths[family as usize];
        Self {
            age: 0,
            exponential: Exponential::new(lengths(Family::Ema)),
            double: Double::new(lengths(Family::Dema), recipe.double_start),
            adaptive: Adaptive::new(lengths(Family::Kama), recipe.adaptive_start),
            walk: Walk::new(recipe),
            hull: HullAverage::new(lengths(Family::Hma), recipe.hull),
            weighted: lengths(Family::Wma),
            line: lengths(Family::Lsma),
            crossings: Family::ALL.map(|family| Crossing::new(recipe, family)),
        }
    }

    /// Takes the bars `from..` in order; each family's sides go to its row of `sides`.
    ///
    /// A NaN is a gap: averages start afresh behind it. Only single lanes may have any.
    #[inline(always)]
    pub(super) fn take(&mut self, bars: &[V], from: usize, sides: &mut [Vec<Sides>; 6]) {
        if V::LANES > 1 {
            return self.run(bars, from..bars.len(), from, sides);
        }
        let is_gap = |bar: V| bar.less(V::splat(f64::INFINITY)) == 0;
        let mut now = from;
        while now < bars.len() {
            if is_gap(bars[now]) {
                self.age = 0;
                for (sides, crossing) in sides.iter_mut().zip(&self.crossings) {
                    sides[now - from] = crossing.sides;
                }
                now += 1;
                continue;
            }
            let end = (now..bars.len())
                .find(|&t| is_gap(bars[t]))
                .unwrap_or(bars.len());
            self.run(bars, now..end, from, sides);
            now = end;
        }
    }

    /// Bars without a gap; the row of bar `t` is `t - from`.
    #[inline(always)]
    fn run(
        &mut self,
        bars: &[V],
        run: std::ops::Range<usize>,
        from: usize,
        sides: &mut [Vec<Sides>; 6],
    ) {
        let start = self.age;
        let first = run.start;
        self.age += run.len();
        let [ema, hma, wma, dema, lsma, kama] = &mut self.crossings;
        let [to_ema, to_hma, to_wma, to_dema, to_lsma, to_kama] = sides;
        for now in run.clone() {
            let age = start + (now - first);
            self.exponential
                .next(bars, now, age, change(bars, now, age));
            to_ema[now - from] = ema.next(age, &self.exponential.distance);
        }
        for now in run.clone() {
            let age = start + (now - first);
            let distance = self.double.next(bars, now, age, change(bars, now, age));
            to_dema[now - from] = dema.next(age, &distance);
        }
        for now in run.clone() {
            let age = start + (now - first);
            self.adaptive.next(bars, now, age, change(bars, now, age));
            to_kama[now - from] = kama.next(age, &self.adaptive.distance);
        }
        for now in run {
            let age = start + (now - first);
            self.walk.next(bars, now, age, change(bars, now, age));
            let distance = self.hull.next(&self.walk);
            to_hma[now - from] = hma.next(age, &distance);
            let distance = window::weighted(&self.walk, &self.weighted);
            to_wma[now - from] = wma.next(age, &distance);
            let distance = window::line_end(&self.walk, &self.line);
            to_lsma[now - from] = lsma.next(age, &distance);
        }
    }
}

/// What the price changed by since the bar before; 0 at the first.
#[inline(always)]
fn change<V: Vector>(bars: &[V], now: usize, age: usize) -> V {
    if age == 0 {
        return V::splat(0.0);
    }
    bars[now].sub(bars[now - 1])
}
