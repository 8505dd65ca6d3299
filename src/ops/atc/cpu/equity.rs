//! The second stage: sides to both layers' equities, and what the families say together.

use std::cmp::Ordering;

use super::super::recipe::{FLOOR, Idle, LENGTHS, Recipe};
use super::side::Sides;
use super::vector::Vector;

/// The equities behind one bar.
#[derive(Clone, Debug)]
pub(super) struct Layers<V> {
    weights: [f64; 6],
    /// 1 - De'
    keep: f64,
    cutout: usize,
    idle: Idle,
    /// Bars so far.
    bar: usize,
    /// First layer, by family and length.
    first: [[V; LENGTHS]; 6],
    /// At the bar before.
    sides: [Sides; 6],
    /// Second layer, by family.
    second: [V; 6],
    signal: [V; 6],
    earned: [V; 6],
}

impl<V: Vector> Layers<V> {
    #[inline(always)]
    pub(super) fn new(recipe: &Recipe) -> Self {
        let zero = V::splat(0.0);
        Self {
            weights: recipe.weights,
            keep: 1.0 - recipe.decay,
            cutout: recipe.cutout,
            idle: recipe.idle,
            bar: 0,
            first: [[zero; LENGTHS]; 6],
            sides: [Sides::default(); 6],
            second: [zero; 6],
            signal: [zero; 6],
            earned: [zero; 6],
        }
    }

    /// Takes bars in order: their returns with growth (0 where undefined) and sides; gives the first
    /// layer's rounded signals and the second layer's equities, NaN before the cutout.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        returns: &[V],
        sides: &[Vec<Sides>; 6],
        signals: &mut [Vec<V>; 6],
        weights: &mut [Vec<V>; 6],
    ) {
        let start = self.bar;
        self.bar += returns.len();
        for k in 0..6 {
            let sides = &sides[k][..returns.len()];
            let to_signal = &mut signals[k][..returns.len()];
            let to_weight = &mut weights[k][..returns.len()];
            for (row, r) in returns.iter().enumerate() {
                match (start + row).cmp(&self.cutout) {
                    Ordering::Greater => self.grow(k, *r),
                    Ordering::Equal => {
                        self.first[k] = [V::splat(FLOOR.max(1.0)); LENGTHS];
                        self.second[k] = V::splat(FLOOR.max(self.weights[k]));
                    }
                    Ordering::Less => {
                        to_signal[row] = V::splat(f64::NAN);
                        to_weight[row] = V::splat(f64::NAN);
                        continue;
                    }
                }
                self.sides[k] = sides[row];
                self.signal[k] = weigh(&self.first[k], &self.sides[k]);
                to_signal[row] = self.signal[k];
                to_weight[row] = self.second[k];
            }
        }
    }

    /// One bar of a family's equities, by the signals of the bar before.
    #[inline(always)]
    fn grow(&mut self, k: usize, r: V) {
        let (zero, one, keep) = (V::splat(0.0), V::splat(1.0), V::splat(self.keep));
        let floor = V::splat(FLOOR);
        let rise = keep.mul(one.add(r));
        let fall = keep.mul(one.sub(r));
        let sides = &self.sides[k];
        for i in 0..LENGTHS {
            let factor = keep.replace(sides.up[i], rise).replace(sides.down[i], fall);
            self.first[k][i] = self.first[k][i].mul(factor).max(floor);
        }
        let signal = self.signal[k];
        let before = match self.idle {
            Idle::Nothing => zero,
            Idle::Repeat => self.earned[k],
        };
        let earned = before
            .replace(zero.less(signal), r)
            .replace(signal.less(zero), zero.sub(r));
        self.earned[k] = earned;
        self.second[k] = self.second[k].mul(keep.mul(one.add(earned))).max(floor);
    }
}

/// The sides' mean weighed by their equities, to hundredths.
#[inline(always)]
fn weigh<V: Vector>(equities: &[V; LENGTHS], sides: &Sides) -> V {
    let mut gain = V::splat(0.0);
    let mut sum = V::splat(0.0);
    for (i, equity) in equities.iter().enumerate() {
        gain = gain
            .add_where(sides.up[i], *equity)
            .sub_where(sides.down[i], *equity);
        sum = sum.add(*equity);
    }
    let hundred = V::splat(100.0);
    gain.div(sum).mul(hundred).round().div(hundred)
}

/// The mean of the families' votes weighed by the second layer, and its class.
#[inline(always)]
pub(super) fn vote<V: Vector>(
    recipe: &Recipe,
    row: usize,
    signals: &[Vec<V>; 6],
    weights: &[Vec<V>; 6],
) -> [V; 2] {
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let [above, below] = recipe.cut.map(V::splat);
    let (mut votes, mut sum) = (zero, zero);
    for k in 0..6 {
        let (signal, weight) = (signals[k][row], weights[k][row]);
        votes = votes
            .add_where(above.less(signal), weight)
            .sub_where(signal.less(below), weight);
        sum = sum.add(weight);
    }
    let average = votes.div(sum);
    let finite = average.abs().less(V::splat(f64::INFINITY));
    let average = zero.replace(finite, average);
    let class = zero
        .replace(V::splat(recipe.long).less(average), one)
        .replace(average.less(V::splat(recipe.short)), zero.sub(one));
    [average, class]
}
