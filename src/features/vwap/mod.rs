//! Volume-weighted average prices since an anchor, with bands.
//!
//! tp = (high + low + close) / 3. From the anchor bar inclusive:
//!
//! ```text
//! base_t = sum v tp / sum v
//! ```
//! Anchors are known at their own bar: the first bar of a period, the bar of the session's extreme
//! so far (it moves when a new extreme comes, and the values before stay what they were), or that
//! bar of the session before, which is over. No anchor reads a later bar.

mod machine;
mod tensors;
mod window;

use crate::market::{Column, Period};

use super::context::FeatureContext;
use super::declaration::{Declaration, Family, Memory, Output, Parameters, Scaling, Unit};
use super::reference::{Segment, vwap as oracle};

/// Bars that `rolling20` bands look back.
const BAND_BARS: usize = 20;

/// What is the greatest at an anchor of its kind.
#[derive(Clone, Copy)]
enum Extreme {
    High,
    Low,
    Volume,
}

impl Extreme {
    /// What the extreme is the greatest of, by bar.
    fn oracle(self) -> fn(&Segment, usize) -> f64 {
        match self {
            Self::High => |s, t| s.high[t],
            Self::Low => |s, t| -s.low[t],
            Self::Volume => |s, t| s.volume[t],
        }
    }
}

/// Where the sums start.
#[derive(Clone, Copy)]
enum Start {
    /// At the segment's first bar.
    History,
    /// At the first bar of each period.
    Period(Column, Period),
    /// At the bar of the session's extreme so far.
    Extreme(Extreme),
    /// At the bar of the extreme of the session before: where the anchor of this number was when
    /// that session ended.
    Before(usize, Extreme),
}

/// One family of columns.
struct Anchor {
    name: &'static str,
    summary: &'static str,
    rolling_summary: &'static str,
    inputs: &'static [Column],
    start: Start,
}

const fn prices_and(start: Column) -> [Column; 5] {
    [
        Column::High,
        Column::Low,
        Column::Close,
        Column::Volume,
        start,
    ]
}

const PLAIN: &[Column] = prices_and(Column::SessionStart).split_at(4).0;
const SESSION: &[Column] = &prices_and(Column::SessionStart);
const DAY: &[Column] = &prices_and(Column::DayStart);
const WEEK: &[Column] = &prices_and(Column::WeekStart);
const MONTH: &[Column] = &prices_and(Column::MonthStart);

/// Number of the first of the three anchors at a session's extreme so far.
const FIRST_EXTREME: usize = 5;

const ANCHORS: [Anchor; 11] = [
    Anchor {
        name: "VWAP_CUM",
        summary: "volume-weighted average price over the loaded history, and its bands",
        rolling_summary: "bands of VWAP_CUM from the last 20 bars",
        inputs: PLAIN,
        start: Start::History,
    },
    Anchor {
        name: "AVWAP_SESSION",
        summary: "volume-weighted average price since the session's open, and its bands",
        rolling_summary: "bands of AVWAP_SESSION from the last 20 bars",
        inputs: SESSION,
        start: Start::Period(Column::SessionStart, Period::Session),
    },
    Anchor {
        name: "AVWAP_DAILY",
        summary: "volume-weighted average price since the day's first bar, and its bands",
        rolling_summary: "bands of AVWAP_DAILY from the last 20 bars",
        inputs: DAY,
        start: Start::Period(Column::DayStart, Period::Day),
    },
    Anchor {
        name: "AVWAP_WEEKLY",
        summary: "volume-weighted average price since the ISO week's first bar, and its bands",
        rolling_summary: "bands of AVWAP_WEEKLY from the last 20 bars",
        inputs: WEEK,
        start: Start::Period(Column::WeekStart, Period::Week),
    },
    Anchor {
        name: "AVWAP_MONTHLY",
        summary: "volume-weighted average price since the month's first bar, and its bands",
        rolling_summary: "bands of AVWAP_MONTHLY from the last 20 bars",
        inputs: MONTH,
        start: Start::Period(Column::MonthStart, Period::Month),
    },
    Anchor {
        name: "AVWAP_HIGH",
        summary: "volume-weighted average price since the bar of the session's high so far, and its bands",
        rolling_summary: "bands of AVWAP_HIGH from the last 20 bars",
        inputs: SESSION,
        start: Start::Extreme(Extreme::High),
    },
    Anchor {
        name: "AVWAP_LOW",
        summary: "volume-weighted average price since the bar of the session's low so far, and its bands",
        rolling_summary: "bands of AVWAP_LOW from the last 20 bars",
        inputs: SESSION,
        start: Start::Extreme(Extreme::Low),
    },
    Anchor {
        name: "AVWAP_HVOL",
        summary: "volume-weighted average price since the session's bar of most volume so far, and its bands",
        rolling_summary: "bands of AVWAP_HVOL from the last 20 bars",
        inputs: SESSION,
        start: Start::Extreme(Extreme::Volume),
    },
    Anchor {
        name: "AVWAP_PREV_HIGH",
        summary: "volume-weighted average price since the bar of the previous session's high, and its bands",
        rolling_summary: "bands of AVWAP_PREV_HIGH from the last 20 bars",
        inputs: SESSION,
        start: Start::Before(FIRST_EXTREME, Extreme::High),
    },
    Anchor {
        name: "AVWAP_PREV_LOW",
        summary: "volume-weighted average price since the bar of the previous session's low, and its bands",
        rolling_summary: "bands of AVWAP_PREV_LOW from the last 20 bars",
        inputs: SESSION,
        start: Start::Before(FIRST_EXTREME + 1, Extreme::Low),
    },
    Anchor {
        name: "AVWAP_PREV_HVOL",
        summary: "volume-weighted average price since the previous session's bar of most volume, and its bands",
        rolling_summary: "bands of AVWAP_PREV_HVOL from the last 20 bars",
        inputs: SESSION,
        start: Start::Before(FIRST_EXTREME + 2, Extreme::Volume),
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
        warmup_text: match ANCHORS[A].start {
            Start::History => "0",
            Start::Period(..) => "up to the segment's first anchor",
            Start::Extreme(_) => "up to the segment's first session",
            Start::Before(..) => "up to the segment's second session",
        },
        warmup: |_, _| 0,
        memory_text: match ANCHORS[A].start {
            Start::History => "unbounded",
            Start::Period(..) => "the rows of one anchor period, plus 1",
            Start::Extreme(_) => "the rows of one session, plus 1",
            Start::Before(..) => "the rows of two sessions, plus 1",
        },
        memory: memory::<A>,
        degenerate: "no volume since the anchor: undefined (as a model input 0: at the close); \
                     before the first anchor of a segment: undefined",
        formula: match ANCHORS[A].start {
            Start::History | Start::Period(..) => {
                "base_t = sum v tp / sum v since the anchor, tp = (high + low + close) / 3\n\
                 Uk, Lk = base_t +- k sqrt(sum v (tp - base_t)^2 / sum v) since the anchor"
            }
            Start::Extreme(_) => {
                "base_t = sum v tp / sum v since the anchor, tp = (high + low + close) / 3\n\
                 anchor: the bar of the session's extreme so far, the earliest of equals\n\
                 Uk, Lk = base_t +- k sqrt(sum v (tp - base_t)^2 / sum v) since the anchor"
            }
            Start::Before(..) => {
                "base_t = sum v tp / sum v since the anchor, tp = (high + low + close) / 3\n\
                 anchor: the bar of the previous session's extreme, the earliest of equals\n\
                 Uk, Lk = base_t +- k sqrt(sum v (tp - base_t)^2 / sum v) since the anchor"
            }
        },
        source: "core111",
        compute: |work, _, output| match output {
            0 => tensors::base(work, A),
            _ => tensors::anchored_band(work, A, BANDS[output - 1]),
        },
        flow: None,
        machine: |_| machine::anchored::<A>(),
        oracle: Some(|segment, _| {
            let (base, deviation) = match ANCHORS[A].start {
                Start::History => oracle::anchored(segment, None),
                Start::Period(column, _) => oracle::anchored(segment, Some(segment.column(column))),
                start => oracle::since(segment, &anchors(segment, start)),
            };
            let mut outputs = vec![base.clone()];
            outputs.extend(oracle_bands(&base, &deviation));
            outputs
        }),
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
        compute: |work, _, output| tensors::rolling_band(work, A, BANDS[output]),
        machine: |_| machine::rolling::<A>(),
        oracle: Some(|segment, _| {
            let (base, deviation) = match ANCHORS[A].start {
                Start::History => (
                    oracle::anchored(segment, None).0,
                    oracle::rolling(segment, None, BAND_BARS),
                ),
                Start::Period(column, _) => {
                    let anchors = Some(segment.column(column));
                    (
                        oracle::anchored(segment, anchors).0,
                        oracle::rolling(segment, anchors, BAND_BARS),
                    )
                }
                start => oracle::since_rolling(segment, &anchors(segment, start), BAND_BARS),
            };
            oracle_bands(&base, &deviation)
        }),
        ..anchored::<A>()
    }
}

static ANCHORED: [Declaration; 11] = [
    anchored::<0>(),
    anchored::<1>(),
    anchored::<2>(),
    anchored::<3>(),
    anchored::<4>(),
    anchored::<5>(),
    anchored::<6>(),
    anchored::<7>(),
    anchored::<8>(),
    anchored::<9>(),
    anchored::<10>(),
];

static ROLLING20: [Declaration; 11] = [
    rolling20::<0>(),
    rolling20::<1>(),
    rolling20::<2>(),
    rolling20::<3>(),
    rolling20::<4>(),
    rolling20::<5>(),
    rolling20::<6>(),
    rolling20::<7>(),
    rolling20::<8>(),
    rolling20::<9>(),
    rolling20::<10>(),
];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[
    &window::VWAP,
    &window::ROLLING,
    &ANCHORED[0],
    &ROLLING20[0],
    &ANCHORED[1],
    &ROLLING20[1],
    &ANCHORED[2],
    &ROLLING20[2],
    &ANCHORED[3],
    &ROLLING20[3],
    &ANCHORED[4],
    &ROLLING20[4],
    &ANCHORED[5],
    &ROLLING20[5],
    &ANCHORED[6],
    &ROLLING20[6],
    &ANCHORED[7],
    &ROLLING20[7],
    &ANCHORED[8],
    &ROLLING20[8],
    &ANCHORED[9],
    &ROLLING20[9],
    &ANCHORED[10],
    &ROLLING20[10],
];

fn memory<const A: usize>(_: &Parameters, context: &FeatureContext) -> Memory {
    // One more, so that a period's first bar is seen to differ from the bar before.
    match ANCHORS[A].start {
        Start::History => Memory::Unbounded,
        Start::Period(_, period) => Memory::Finite(context.rows_per(period) + 1),
        Start::Extreme(_) => Memory::Finite(context.rows_per(Period::Session) + 1),
        Start::Before(..) => Memory::Finite(2 * context.rows_per(Period::Session) + 1),
    }
}

/// The anchor of each bar by the written definition, for anchors at extremes.
fn anchors(segment: &Segment, start: Start) -> Vec<Option<usize>> {
    match start {
        Start::Extreme(extreme) => oracle::extremes(segment, extreme.oracle()),
        Start::Before(_, extreme) => oracle::previous_extremes(segment, extreme.oracle()),
        Start::History | Start::Period(..) => vec![Some(0); segment.len()],
    }
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
