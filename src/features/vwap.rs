//! Volume-weighted average prices since an anchor, with bands.
//!
//! tp = (high + low + close) / 3. From the anchor bar inclusive:
//!
//! ```text
//! base_t = sum v tp / sum v
//! ```
//! Sums run over offsets from the anchor's own typical price, which are exact, and each starts
//! afresh at its anchor: no sum is the difference of two longer ones. The second moment comes from
//! Welford's update, whose terms are all positive.

use burn::tensor::{Bool, Tensor};

use crate::market::{Column, Period};
use crate::ops::{rolling, scan};

use super::context::FeatureContext;
use super::declaration::{Declaration, Family, Memory, Output, Parameters, Scaling, Unit};
use super::machine::parts::{Sum, divide};
use super::machine::{Bar, Machine};
use super::reference::{Segment, vwap as oracle};
use super::work::{Work, divide as ratio, lag};

/// Bars that `rolling20` bands look back.
pub(super) const BAND_BARS: usize = 20;

/// Where the sums start.
struct Anchor {
    name: &'static str,
    summary: &'static str,
    rolling_summary: &'static str,
    inputs: &'static [Column],
    flag: Option<(Column, Period)>,
}

const ANCHORS: [Anchor; 5] = [
    Anchor {
        name: "VWAP_CUM",
        summary: "volume-weighted average price over the loaded history, and its bands",
        rolling_summary: "bands of VWAP_CUM from the last 20 bars",
        inputs: &[Column::High, Column::Low, Column::Close, Column::Volume],
        flag: None,
    },
    Anchor {
        name: "AVWAP_SESSION",
        summary: "volume-weighted average price since the session's open, and its bands",
        rolling_summary: "bands of AVWAP_SESSION from the last 20 bars",
        inputs: &[
            Column::High,
            Column::Low,
            Column::Close,
            Column::Volume,
            Column::SessionStart,
        ],
        flag: Some((Column::SessionStart, Period::Session)),
    },
    Anchor {
        name: "AVWAP_DAILY",
        summary: "volume-weighted average price since the day's first bar, and its bands",
        rolling_summary: "bands of AVWAP_DAILY from the last 20 bars",
        inputs: &[
            Column::High,
            Column::Low,
            Column::Close,
            Column::Volume,
            Column::DayStart,
        ],
        flag: Some((Column::DayStart, Period::Day)),
    },
    Anchor {
        name: "AVWAP_WEEKLY",
        summary: "volume-weighted average price since the ISO week's first bar, and its bands",
        rolling_summary: "bands of AVWAP_WEEKLY from the last 20 bars",
        inputs: &[
            Column::High,
            Column::Low,
            Column::Close,
            Column::Volume,
            Column::WeekStart,
        ],
        flag: Some((Column::WeekStart, Period::Week)),
    },
    Anchor {
        name: "AVWAP_MONTHLY",
        summary: "volume-weighted average price since the month's first bar, and its bands",
        rolling_summary: "bands of AVWAP_MONTHLY from the last 20 bars",
        inputs: &[
            Column::High,
            Column::Low,
            Column::Close,
            Column::Volume,
            Column::MonthStart,
        ],
        flag: Some((Column::MonthStart, Period::Month)),
    },
];

/// The bands: sign and number of deviations.
const BANDS: [f64; 6] = [1.0, -1.0, 2.0, -2.0, 3.0, -3.0];

const OUTPUTS: &[Output] = &[
    Output::only(Unit::Price),
    Output::named("U1", Unit::Price),
    Output::named("L1", Unit::Price),
    Output::named("U2", Unit::Price),
    Output::named("L2", Unit::Price),
    Output::named("U3", Unit::Price),
    Output::named("L3", Unit::Price),
];

/// The average since anchor `A`, with bands from all bars since then.
const fn anchored<const A: usize>() -> Declaration {
    Declaration {
        name: ANCHORS[A].name,
        variant: "",
        summary: ANCHORS[A].summary,
        family: Family::Vwap,
        inputs: ANCHORS[A].inputs,
        parameters: &[],
        rule: None,
        outputs: OUTPUTS,
        scaling: Scaling::WithPrice,
        warmup_text: if A == 0 {
            "0"
        } else {
            "up to the segment's first anchor"
        },
        warmup: |_, _| 0,
        memory_text: if A == 0 {
            "unbounded"
        } else {
            "the rows of one anchor period, plus 1"
        },
        memory: memory::<A>,
        degenerate: "no volume since the anchor: undefined (as a model input 0: at the close); \
                     before the first anchor of a segment: undefined",
        formula: "base_t = sum v tp / sum v since the anchor, tp = (high + low + close) / 3\n\
                  Uk, Lk = base_t +- k sqrt(sum v (tp - base_t)^2 / sum v) since the anchor",
        source: "core111",
        compute: |work, _, output| match output {
            0 => base(work, A),
            _ => band(work, A, BANDS[output - 1], anchored_deviation),
        },
        flow: None,
        machine: Some(anchored_machine::<A>),
        oracle: Some(oracle_anchored::<A>),
    }
}

/// The bands around the average since anchor `A` from the last 20 bars.
const fn rolling20<const A: usize>() -> Declaration {
    Declaration {
        variant: "rolling20",
        summary: ANCHORS[A].rolling_summary,
        outputs: OUTPUTS.split_at(1).1,
        formula: "Uk, Lk = base_t +- k sqrt(sum v_i (tp_i - base_i)^2 / sum v_i)\n\
                  over the last min(20, bars since the anchor) bars, base as without suffix",
        degenerate: "no volume in those bars: undefined (as a model input 0: at the close); \
                     before the first anchor of a segment: undefined",
        compute: |work, _, output| band(work, A, BANDS[output], rolling_deviation),
        machine: Some(rolling_machine::<A>),
        oracle: Some(oracle_rolling::<A>),
        ..anchored::<A>()
    }
}

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[
    &VWAP_CUM,
    &VWAP_CUM_ROLLING20,
    &AVWAP_SESSION,
    &AVWAP_SESSION_ROLLING20,
    &AVWAP_DAILY,
    &AVWAP_DAILY_ROLLING20,
    &AVWAP_WEEKLY,
    &AVWAP_WEEKLY_ROLLING20,
    &AVWAP_MONTHLY,
    &AVWAP_MONTHLY_ROLLING20,
];

static VWAP_CUM: Declaration = anchored::<0>();
static VWAP_CUM_ROLLING20: Declaration = rolling20::<0>();
static AVWAP_SESSION: Declaration = anchored::<1>();
static AVWAP_SESSION_ROLLING20: Declaration = rolling20::<1>();
static AVWAP_DAILY: Declaration = anchored::<2>();
static AVWAP_DAILY_ROLLING20: Declaration = rolling20::<2>();
static AVWAP_WEEKLY: Declaration = anchored::<3>();
static AVWAP_WEEKLY_ROLLING20: Declaration = rolling20::<3>();
static AVWAP_MONTHLY: Declaration = anchored::<4>();
static AVWAP_MONTHLY_ROLLING20: Declaration = rolling20::<4>();

fn memory<const A: usize>(_: &Parameters, context: &FeatureContext) -> Memory {
    match ANCHORS[A].flag {
        None => Memory::Unbounded,
        // One more, so that the period's first bar is seen to differ from the bar before.
        Some((_, period)) => Memory::Finite(context.rows_per(period) + 1),
    }
}

/// Whether the sums of anchor `A` start at a bar.
fn starts<const A: usize>(bar: &Bar, first: bool) -> bool {
    match ANCHORS[A].flag {
        None => first,
        Some((_, Period::Session)) => bar.session_start,
        Some((_, Period::Day)) => bar.day_start,
        Some((_, Period::Week)) => bar.week_start,
        Some((_, Period::Month)) => bar.month_start,
    }
}

/// Weighted mean and second moment since an anchor, by Welford's update.
#[derive(Clone, Copy, Default)]
struct Running {
    known: bool,
    weight: f64,
    mean: f64,
    moment: f64,
}

impl Running {
    /// The mean, NaN before the first anchor and while there is no volume.
    #[inline(always)]
    fn next(&mut self, starts: bool, price: f64, volume: f64) -> f64 {
        if starts {
            *self = Self {
                known: true,
                ..Self::default()
            };
        }
        if !self.known {
            return f64::NAN;
        }
        self.weight += volume;
        if self.weight <= 0.0 {
            return f64::NAN;
        }
        let before = self.mean;
        self.mean += volume / self.weight * (price - before);
        self.moment += volume * (price - before) * (price - self.mean);
        self.mean
    }
}

fn anchored_machine<const A: usize>(_: &Parameters) -> Machine {
    let (mut running, mut first) = (Running::default(), true);
    Machine::new(move |bar| {
        let starts = starts::<A>(bar, first);
        first = false;
        let base = running.next(starts, bar.typical_price(), bar.volume);
        let deviation = (running.moment / running.weight).sqrt();
        let [u1, l1, u2, l2, u3, l3] = BANDS.map(|k| base + k * deviation);
        [base, u1, l1, u2, l2, u3, l3]
    })
}

fn rolling_machine<const A: usize>(_: &Parameters) -> Machine {
    let (mut running, mut first) = (Running::default(), true);
    let (mut moments, mut volumes) = (Sum::new(BAND_BARS), Sum::new(BAND_BARS));
    let (mut bars, mut moment_since) = (0_usize, 0.0);
    Machine::new(move |bar| {
        let starts = starts::<A>(bar, first);
        first = false;
        let base = running.next(starts, bar.typical_price(), bar.volume);
        if starts {
            (bars, moment_since) = (0, 0.0);
        }
        let distance = if base.is_nan() {
            0.0
        } else {
            bar.typical_price() - base
        };
        let moment = bar.volume * distance * distance;
        bars += 1;
        moment_since += moment;
        let (moments, volumes) = (moments.next(moment), volumes.next(bar.volume));
        let (moment, volume) = if bars <= BAND_BARS {
            (moment_since, running.weight)
        } else {
            (moments, volumes)
        };
        let deviation = divide(moment, volume, f64::NAN).sqrt();
        BANDS.map(|k| base + k * deviation)
    })
}

fn oracle_anchored<const A: usize>(segment: &Segment, _: &Parameters) -> Vec<Vec<f64>> {
    let anchors = ANCHORS[A].flag.map(|(column, _)| segment.column(column));
    let (base, deviation) = oracle::anchored(segment, anchors);
    let mut outputs = vec![base.clone()];
    outputs.extend(oracle_bands(&base, &deviation));
    outputs
}

fn oracle_rolling<const A: usize>(segment: &Segment, _: &Parameters) -> Vec<Vec<f64>> {
    let anchors = ANCHORS[A].flag.map(|(column, _)| segment.column(column));
    let (base, _) = oracle::anchored(segment, anchors);
    oracle_bands(&base, &oracle::rolling(segment, anchors, BAND_BARS))
}

fn oracle_bands(base: &[f64], deviation: &[f64]) -> Vec<Vec<f64>> {
    let band = |k: f64| {
        base.iter()
            .zip(deviation)
            .map(|(base, s)| base + k * s)
            .collect()
    };
    BANDS.iter().map(|&k| band(k)).collect()
}

/// Everything that runs since an anchor.
struct Since {
    /// 0 where the sums start, else 1.
    keep: Tensor<2>,
    /// Typical price at the anchor.
    origin: Tensor<2>,
    /// Typical price minus that at the anchor.
    offset: Tensor<2>,
    /// Sum of volume.
    weight: Tensor<2>,
    /// Weighted mean of the offsets; NaN while there is no volume.
    mean: Tensor<2>,
    /// 1 from the segment's first anchor on, else 0.
    known: Tensor<2>,
}

fn since(work: &mut Work<'_>, anchor: usize) -> Since {
    let shared = work.shared_many("vwap_since", &[anchor], |work| {
        let (price, volume) = (work.typical_price(), work.column(Column::Volume));
        let first = work.at(0).float();
        let (reset, known) = match ANCHORS[anchor].flag {
            None => (first.clone(), first.ones_like()),
            Some((column, _)) => {
                let start = work.column(column);
                let count = scan::linear_scan(work.keep(), start.clone());
                (start.max_pair(first), count.clamp_max(1.0))
            }
        };
        let keep = reset.clone().neg().add_scalar(1.0);
        let origin = scan::linear_scan(keep.clone(), reset * price.clone());
        let offset = price - origin.clone();
        let weight = scan::linear_scan(keep.clone(), volume.clone());
        let sum = scan::linear_scan(keep.clone(), volume * offset.clone());
        let mean = ratio(sum, weight.clone(), f32::NAN);
        [keep, origin, offset, weight, mean, known]
    });
    let [keep, origin, offset, weight, mean, known] = shared;
    Since {
        keep,
        origin,
        offset,
        weight,
        mean,
        known,
    }
}

fn unknown(since: &Since) -> Tensor<2, Bool> {
    since.known.clone().equal_elem(0.0)
}

fn base(work: &mut Work<'_>, anchor: usize) -> Tensor<2> {
    work.shared("vwap_base", &[anchor], |work| {
        let since = since(work, anchor);
        let unknown = unknown(&since);
        (since.origin + since.mean).mask_fill(unknown, f32::NAN)
    })
}

fn band(
    work: &mut Work<'_>,
    anchor: usize,
    k: f64,
    deviation: fn(&mut Work<'_>, usize) -> Tensor<2>,
) -> Tensor<2> {
    base(work, anchor) + deviation(work, anchor).mul_scalar(k as f32)
}

/// Root of the weighted second moment around the base, over all bars since the anchor.
///
/// ```text
/// m2_t = m2_{t-1} + v_t (W_{t-1} / W_t) (tp_t - base_{t-1})^2
/// ```
fn anchored_deviation(work: &mut Work<'_>, anchor: usize) -> Tensor<2> {
    work.shared("vwap_anchored", &[anchor], |work| {
        let since = since(work, anchor);
        let weight_before = lag(since.weight.clone(), 1) * since.keep.clone();
        let surprise = since.offset - lag(since.mean, 1);
        let share = ratio(weight_before.clone(), since.weight.clone(), 0.0);
        let moment = work.column(Column::Volume) * share * surprise.clone() * surprise;
        // A sum starts at 0 (the first bar of a row has none before: NaN), as does its first volume.
        let starts = weight_before.greater_elem(0.0).bool_not();
        let moments = scan::linear_scan(since.keep, moment.mask_fill(starts, 0.0));
        ratio(moments, since.weight, f32::NAN).sqrt()
    })
}

/// Root of the weighted mean of squares of (price - that bar's own base) over the last 20 bars, at
/// most since the anchor.
fn rolling_deviation(work: &mut Work<'_>, anchor: usize) -> Tensor<2> {
    work.shared("vwap_rolling", &[anchor], |work| {
        let since = since(work, anchor);
        let volume = work.column(Column::Volume);
        let distance = since.offset - since.mean;
        let empty = since.weight.clone().equal_elem(0.0);
        let moment = (volume.clone() * distance.clone() * distance).mask_fill(empty, 0.0);
        let bars = scan::linear_scan(since.keep.clone(), since.keep.ones_like());
        let young = bars.lower_equal_elem(BAND_BARS as f32);
        let numerator = rolling::sum(moment.clone(), BAND_BARS)
            .mask_where(young.clone(), scan::linear_scan(since.keep, moment));
        let denominator = rolling::sum(volume, BAND_BARS).mask_where(young, since.weight);
        ratio(numerator, denominator, f32::NAN).sqrt()
    })
}
