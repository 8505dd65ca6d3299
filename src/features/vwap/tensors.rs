//! The averages as tensor operations.
//!
//! Sums run over offsets from the typical price at the anchor, which are exact, and each starts
//! afresh at its anchor: no sum is the difference of two longer ones. The second moment comes from
//! Welford's update, whose terms are all positive. Sums since an anchor in the session before begin
//! each session with what the sums since that session's extreme had come to.

use burn::tensor::{Bool, Tensor};

use super::super::work::{Work, divide as ratio, lag};
use super::{ANCHORS, BAND_BARS, Extreme, Start};
use crate::market::Column;
use crate::ops::{rolling, running, scan};

/// Everything that runs since an anchor.
struct Since {
    /// 0 where the sums start or take over, else 1.
    keep: Tensor<2>,
    /// Typical price at the anchor.
    origin: Tensor<2>,
    /// Typical price minus that at the anchor.
    offset: Tensor<2>,
    /// Sum of volume.
    weight: Tensor<2>,
    /// Sum of volume times offset.
    sum: Tensor<2>,
    /// Weighted mean of the offsets; NaN while there is no volume.
    mean: Tensor<2>,
    /// 1 from the segment's first anchor on, else 0.
    known: Tensor<2>,
}

fn since(work: &mut Work<'_>, anchor: usize) -> Since {
    let shared = work.shared_many("vwap_since", &[anchor], |work| {
        match ANCHORS[anchor].start {
            Start::Before(own, _) => since_before(work, own),
            start => since_reset(work, start),
        }
    });
    let [keep, origin, offset, weight, sum, mean, known] = shared;
    Since {
        keep,
        origin,
        offset,
        weight,
        sum,
        mean,
        known,
    }
}

fn since_reset(work: &mut Work<'_>, start: Start) -> [Tensor<2>; 7] {
    let (price, volume) = (work.typical_price(), work.column(Column::Volume));
    let first = work.at(0).float();
    let (anchors, known) = match start {
        Start::Extreme(extreme) => (
            moves(work, extreme),
            num_starts(work, Column::SessionStart).clamp_max(1.0),
        ),
        Start::Period(column, _) => (work.column(column), num_starts(work, column).clamp_max(1.0)),
        Start::History | Start::Before(..) => (first.clone(), first.ones_like()),
    };
    let reset = anchors.max_pair(first);
    let keep = reset.clone().neg().add_scalar(1.0);
    let origin = scan::linear_scan(keep.clone(), reset * price.clone());
    let offset = price - origin.clone();
    let weight = scan::linear_scan(keep.clone(), volume.clone());
    let sum = scan::linear_scan(keep.clone(), volume * offset.clone());
    let mean = ratio(sum.clone(), weight.clone(), f32::NAN);
    [keep, origin, offset, weight, sum, mean, known]
}

fn since_before(work: &mut Work<'_>, own: usize) -> [Tensor<2>; 7] {
    let own = since(work, own);
    let (price, volume) = (work.typical_price(), work.column(Column::Volume));
    let reset = work
        .column(Column::SessionStart)
        .max_pair(work.at(0).float());
    let keep = reset.clone().neg().add_scalar(1.0);
    let takes_over = takes_over(work);
    let origins = (reset * price.clone()).mask_where(takes_over, lag(own.origin.clone(), 1));
    let origin = scan::linear_scan(keep.clone(), origins);
    let offset = price - origin.clone();
    let weight = scan::linear_scan(keep.clone(), volume.clone() + carried(work, own.weight));
    let sum = volume * offset.clone() + carried(work, own.sum);
    let sum = scan::linear_scan(keep.clone(), sum);
    let mean = ratio(sum.clone(), weight.clone(), f32::NAN);
    let sessions = num_starts(work, Column::SessionStart);
    let known = sessions.sub_scalar(1.0).clamp(0.0, 1.0);
    [keep, origin, offset, weight, sum, mean, known]
}

/// First bars of a period since the segment's first bar.
fn num_starts(work: &mut Work<'_>, column: Column) -> Tensor<2> {
    scan::linear_scan(work.keep(), work.column(column))
}

/// 1 where the session's extreme so far is at the bar, else 0.
fn moves(work: &mut Work<'_>, extreme: Extreme) -> Tensor<2> {
    let value = match extreme {
        Extreme::High => work.column(Column::High),
        Extreme::Low => work.column(Column::Low).neg(),
        Extreme::Volume => work.column(Column::Volume),
    };
    let session_start = work.column(Column::SessionStart);
    let keep = (session_start.clone().neg().add_scalar(1.0)) * work.keep();
    let before = lag(running::max(value.clone(), keep), 1);
    // A row's first bar has none before it: nothing is greater than NaN.
    session_start.max_pair(value.greater(before).float())
}

/// Where sums of the session before are taken over: a session's first bar, but for a segment's.
fn takes_over(work: &Work<'_>) -> Tensor<2, Bool> {
    let starts = work.column(Column::SessionStart).greater_elem(0.0);
    starts.bool_and(work.from(1))
}

/// `x` of the session's last bar at the next one's first, else 0.
fn carried(work: &Work<'_>, x: Tensor<2>) -> Tensor<2> {
    lag(x, 1).mask_fill(takes_over(work).bool_not(), 0.0)
}

/// The average since an anchor.
pub(super) fn base(work: &mut Work<'_>, anchor: usize) -> Tensor<2> {
    work.shared("vwap_base", &[anchor], |work| {
        let since = since(work, anchor);
        let unknown = since.known.equal_elem(0.0);
        (since.origin + since.mean).mask_fill(unknown, f32::NAN)
    })
}

/// The average and `k` deviations of all bars since the anchor.
pub(super) fn anchored_band(work: &mut Work<'_>, anchor: usize, k: f64) -> Tensor<2> {
    let deviation = work.shared("vwap_anchored", &[anchor], |work| {
        let moments = moments(work, anchor);
        ratio(moments, since(work, anchor).weight, f32::NAN).sqrt()
    });
    base(work, anchor) + deviation.mul_scalar(k as f32)
}

/// The average and `k` deviations of the last 20 bars, at most since the anchor.
pub(super) fn rolling_band(work: &mut Work<'_>, anchor: usize, k: f64) -> Tensor<2> {
    base(work, anchor) + rolling_deviation(work, anchor).mul_scalar(k as f32)
}

/// The weighted second moment around the base, of all bars since the anchor.
///
/// ```text
/// m2_t = m2_{t-1} + v_t (W_{t-1} / W_t) (tp_t - base_{t-1})^2
/// ```
fn moments(work: &mut Work<'_>, anchor: usize) -> Tensor<2> {
    work.shared("vwap_moments", &[anchor], |work| {
        let now = since(work, anchor);
        let mut weight_before = lag(now.weight.clone(), 1) * now.keep.clone();
        let mut mean_before = lag(now.mean, 1);
        let mut older = now.keep.zeros_like();
        if let Start::Before(own, _) = ANCHORS[anchor].start {
            older = moments(work, own);
            older = carried(work, older);
            let own = since(work, own);
            let takes_over = takes_over(work);
            weight_before = weight_before.mask_where(takes_over.clone(), lag(own.weight, 1));
            mean_before = mean_before.mask_where(takes_over, lag(own.mean, 1));
        }
        let surprise = now.offset - mean_before;
        let share = ratio(weight_before.clone(), now.weight, 0.0);
        let moment = work.column(Column::Volume) * share * surprise.clone() * surprise;
        // A sum starts at 0 (the first bar of a row has none before: NaN), as does its first volume.
        let starts = weight_before.greater_elem(0.0).bool_not();
        scan::linear_scan(now.keep, moment.mask_fill(starts, 0.0) + older)
    })
}

/// What the rolling deviation is made of: each bar's second moment around its own base, their sum
/// since the anchor, and the bars since the anchor.
fn own_moments(work: &mut Work<'_>, anchor: usize) -> [Tensor<2>; 3] {
    work.shared_many("vwap_own_moments", &[anchor], |work| {
        let now = since(work, anchor);
        let distance = now.offset - now.mean;
        let empty = now.weight.equal_elem(0.0);
        let volume = work.column(Column::Volume);
        let moment = (volume * distance.clone() * distance).mask_fill(empty, 0.0);
        let (mut bars, mut sum) = (moment.ones_like(), moment.clone());
        if let Start::Before(own, _) = ANCHORS[anchor].start {
            let [_, own_sum, own_bars] = own_moments(work, own);
            bars = bars + carried(work, own_bars);
            sum = sum + carried(work, own_sum);
        }
        let bars = scan::linear_scan(now.keep.clone(), bars);
        [moment, scan::linear_scan(now.keep, sum), bars]
    })
}

/// Root of the weighted mean of squares of (price - that bar's own base) over the last 20 bars, at
/// most since the anchor.
fn rolling_deviation(work: &mut Work<'_>, anchor: usize) -> Tensor<2> {
    work.shared("vwap_rolling", &[anchor], |work| {
        let [moment, sum, bars] = own_moments(work, anchor);
        let young = bars.lower_equal_elem(BAND_BARS as f32);
        let last = match ANCHORS[anchor].start {
            Start::Before(own, _) => across_sessions(work, own, moment),
            _ => rolling::sum(moment, BAND_BARS),
        };
        let numerator = last.mask_where(young.clone(), sum);
        let volume = rolling::sum(work.column(Column::Volume), BAND_BARS);
        let denominator = volume.mask_where(young, since(work, anchor).weight);
        ratio(numerator, denominator, f32::NAN).sqrt()
    })
}

/// The sum over the last 20 bars of `moment` in the bar's own session and of the moments since that
/// session's extreme in the session before.
///
/// A bar in an even session asks for the one in even and the other in odd sessions, a bar in an odd
/// session the other way round: two sums serve all. No window of 20 bars since the anchor reaches a
/// third session.
fn across_sessions(work: &mut Work<'_>, own: usize, moment: Tensor<2>) -> Tensor<2> {
    let [before, _, _] = own_moments(work, own);
    let turn = work.column(Column::SessionStart).mul_scalar(-2.0);
    let sign = scan::linear_scan(turn.add_scalar(1.0) * work.keep(), work.at(0).float());
    let even = sign.greater_elem(0.0);
    let for_even = before.clone().mask_where(even.clone(), moment.clone());
    let for_odd = moment.mask_where(even.clone(), before);
    rolling::sum(for_odd, BAND_BARS).mask_where(even, rolling::sum(for_even, BAND_BARS))
}
