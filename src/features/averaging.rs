//! Moving averages of any kind as tensor operations.
//!
//! An average is worked out as the gap between the series and itself, from the series' changes: all
//! kinds weigh their values with weights that sum to 1, so a gap knows nothing of the level, and
//! differences of averages are differences of gaps, as precise in float32 as their own size asks for.

use burn::tensor::{Int, Tensor};

use crate::ops::rolling;

use super::adaptive::mesa;
use super::average::weight;
use super::average_kind::AverageKind;
use super::machine::average::{KAUFMAN_WEIGHTS, MESA_LIMITS, tillson_weights, triangle};
use super::work::{Work, change, divide, lag};

/// A series that is defined from an age on; before it may hold anything.
#[derive(Clone)]
pub(super) struct Line {
    /// Its values, `[n, T]`.
    pub(super) value: Tensor<2>,
    /// Their changes; anything at `begin` and before.
    pub(super) change: Tensor<2>,
    /// The age of the first value.
    pub(super) begin: usize,
}

impl Line {
    /// Values that are defined from the age `begin` on.
    pub(super) fn new(value: Tensor<2>, begin: usize) -> Self {
        Self {
            change: change(value.clone(), 1),
            value,
            begin,
        }
    }

    /// The closing prices.
    pub(super) fn close(work: &mut Work<'_>) -> Self {
        Self {
            value: work.close(),
            change: work.close_change(),
            begin: 0,
        }
    }

    /// As it is, but of no interest before the age `begin`.
    pub(super) fn after(mut self, begin: usize) -> Self {
        self.begin = begin;
        self
    }

    /// The age of the first average.
    pub(super) fn first(&self, kind: AverageKind, period: usize) -> usize {
        self.begin + kind.warmup(period)
    }

    /// The average, defined from the age [`Line::first`] on.
    pub(super) fn average(&self, work: &Work<'_>, kind: AverageKind, period: usize) -> Self {
        let value = self.value.clone() - self.gap(work, kind, period);
        Self::new(value, self.first(kind, period))
    }

    /// The series minus its average.
    pub(super) fn gap(&self, work: &Work<'_>, kind: AverageKind, period: usize) -> Tensor<2> {
        let change = || self.change.clone();
        match kind {
            AverageKind::Identity => self.value.zeros_like(),
            _ if period == 1 => self.value.zeros_like(),
            AverageKind::Simple => simple(change(), period),
            AverageKind::Exponential => smooth(work, change(), period, weight(period), self.begin),
            AverageKind::Wilder => smooth(work, change(), period, 1.0 / period as f64, self.begin),
            AverageKind::Weighted => self.weighted(work, period),
            AverageKind::Double => {
                let [first, second] = chain(work, change(), period, self.begin);
                first - second
            }
            AverageKind::Triple => {
                let [first, second, third] = chain(work, change(), period, self.begin);
                first - second.mul_scalar(2.0) + third
            }
            AverageKind::Tillson => tillson(work, change(), period, 0.7, self.begin),
            AverageKind::Triangular => {
                let [first, second] = triangle(period);
                simple(change(), second) + rolling::mean(simple(change(), first), second)
            }
            AverageKind::Hull => {
                let half = self.weighted(work, (period / 2).max(1));
                let inner = half.mul_scalar(2.0) - self.weighted(work, period);
                let outer = period.isqrt();
                self.weighted(work, outer) + rolling::weighted_mean(inner, outer)
            }
            AverageKind::ZeroLag => {
                let older = (period - 1) / 2;
                let lead = self.value.clone() - lag(self.value.clone(), older);
                let change = change().mul_scalar(2.0) - lag(change(), older);
                smooth(work, change, period, weight(period), self.begin + older) - lead
            }
            AverageKind::Kaufman => self.kaufman(work, period),
            AverageKind::Mesa => {
                let [gap, _] = mesa(work, self.value.clone(), self.begin, MESA_LIMITS);
                gap
            }
        }
    }

    /// The gap to the linearly weighted mean.
    ///
    /// The mean is taken of distances from a staircase that stands still for `period` bars at a time
    /// at the first of them, so that the level is out of it. A window meets one step at most, and how
    /// much weight lies behind the step follows from its place.
    fn weighted(&self, work: &Work<'_>, period: usize) -> Tensor<2> {
        let [rows, num_bars] = self.value.dims();
        if period == 1 || num_bars == 0 {
            return self.value.zeros_like();
        }
        let stairs = num_bars.div_ceil(period);
        let device = self.value.device();
        let zeros = |bars| Tensor::<2>::zeros([rows, bars], &device);
        // [rows, stairs + 1], one more than there are.
        let missing = (stairs + 1) * period - num_bars;
        let firsts: Tensor<3> = Tensor::cat(vec![self.value.clone(), zeros(missing)], 1)
            .reshape([rows, stairs + 1, period])
            .narrow(2, 0, 1);
        let spread = |stairs_or_places: Tensor<3>| -> Tensor<2> {
            stairs_or_places
                .expand([rows, stairs, period])
                .reshape([rows, stairs * period])
                .narrow(1, 0, num_bars)
        };
        let here = spread(firsts.clone().narrow(1, 0, stairs));
        let next = spread(firsts.clone().narrow(1, 1, stairs));
        let nothing = zeros(1).reshape([rows, 1, 1]);
        let before = spread(Tensor::cat(vec![nothing, firsts], 1).narrow(1, 0, stairs));
        let places = Tensor::<1, Int>::arange(0..period as i64, &device).float();
        let behind = (places.clone().neg().add_scalar(period as f32 - 1.0))
            * places.clone().neg().add_scalar(period as f32);
        let total = period as f32 * (period as f32 + 1.0);
        let behind = spread(behind.div_scalar(total).reshape([1, 1, period]));
        let place = spread(places.reshape([1, 1, period]));
        let age = work.age().sub_scalar(self.begin as f32);
        // A series that begins on a stair has whole windows from the next one on only: until then it
        // may stand at that one's height.
        let whole = age.clone().greater_equal(place.clone());
        let two = age.greater_equal(place.add_scalar(period as f32));
        let own = next.mask_where(whole, here);
        let step = own.clone() - own.clone().mask_where(two, before);
        let centred = self.value.clone() - own;
        centred.clone() - rolling::weighted_mean(centred, period) + step * behind
    }

    /// The weight follows the share of the way that leads somewhere.
    fn kaufman(&self, work: &Work<'_>, period: usize) -> Tensor<2> {
        let distance = self.value.clone() - lag(self.value.clone(), period);
        let way = rolling::sum(self.change.clone().abs(), period);
        let efficiency = divide(distance.abs(), way, 1.0).clamp_max(1.0);
        let [least, more] = KAUFMAN_WEIGHTS.map(|weight| weight as f32);
        let weight = efficiency.mul_scalar(more).add_scalar(least);
        let keep = (weight.clone() * weight).neg().add_scalar(1.0);
        let term = keep.clone() * self.change.clone();
        let seed = keep.zeros_like();
        work.recurrence(self.begin + period - 1, seed, keep, term)
    }
}

/// The gap to the mean of `period` values: `(period - 1) / 2` times the linearly weighted mean of
/// the last `period - 1` changes.
fn simple(change: Tensor<2>, period: usize) -> Tensor<2> {
    if period == 1 {
        return change.zeros_like();
    }
    rolling::weighted_mean(change, period - 1).mul_scalar(0.5 * (period - 1) as f32)
}

/// The gap to an exponential average of a series that begins at the age `begin`, from its changes.
pub(super) fn smooth(
    work: &Work<'_>,
    change: Tensor<2>,
    period: usize,
    weight: f64,
    begin: usize,
) -> Tensor<2> {
    let keep = (1.0 - weight) as f32;
    let seed = simple(change.clone(), period);
    let coefficient = change.full_like(keep);
    work.recurrence(
        begin + period - 1,
        seed,
        coefficient,
        change.mul_scalar(keep),
    )
}

/// The gaps between a series, its exponential average, the average of that, and so forth.
pub(super) fn chain<const N: usize>(
    work: &Work<'_>,
    change: Tensor<2>,
    period: usize,
    begin: usize,
) -> [Tensor<2>; N] {
    let (mut change, mut begin) = (change, begin);
    std::array::from_fn(|_| {
        let gap = smooth(work, change.clone(), period, weight(period), begin);
        begin += period - 1;
        change = step(gap.clone(), period);
        gap
    })
}

/// The change of an exponential average, from the gap that it leaves.
///
/// The average moves by `weight` of the distance to the newest value, and the gap is what is left of
/// it. Period 1 leaves no gap, so its caller must not ask.
pub(super) fn step(gap: Tensor<2>, period: usize) -> Tensor<2> {
    let weight = weight(period);
    gap.mul_scalar((weight / (1.0 - weight)) as f32)
}

/// The gap to Tillson's average.
pub(super) fn tillson(
    work: &Work<'_>,
    change: Tensor<2>,
    period: usize,
    factor: f64,
    begin: usize,
) -> Tensor<2> {
    let [first, second, third, fourth, fifth, sixth] = chain(work, change, period, begin);
    let [_, b, c, d] = tillson_weights(factor).map(|weight| weight as f32);
    // The third gap counts for the four averages behind it, whose weights sum to 1, the fourth for
    // three of them, and so forth.
    first
        + second
        + third
        + fourth.mul_scalar(b + c + d)
        + fifth.mul_scalar(c + d)
        + sixth.mul_scalar(d)
}
