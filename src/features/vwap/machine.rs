//! The averages bar by bar: sums since the anchor, restarted where it moves.
//!
//! For anchors in the session before, the sums since this session's extreme run along, and become
//! the reported ones when the next session begins.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use super::super::machine::parts::{Sum, divide};
use super::super::machine::{Bar, Machine};
use super::{ANCHORS, BAND_BARS, BANDS, Extreme, Start};
use crate::market::Period;

/// Weighted mean and second moment since an anchor, by Welford's update.
#[derive(Clone, Copy, Default)]
struct Running {
    /// Bars since the anchor, its own included; 0 before the first.
    bars: usize,
    weight: f64,
    mean: f64,
    moment: f64,
}

impl Running {
    /// The mean, NaN before the first anchor and while there is no volume.
    #[inline(always)]
    fn next(&mut self, starts: bool, price: f64, volume: f64) -> f64 {
        if starts {
            *self = Self::default();
        } else if self.bars == 0 {
            return f64::NAN;
        }
        self.bars += 1;
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

/// The sums since anchor `A`.
struct Since<const A: usize> {
    first: bool,
    /// The session's extreme so far; NaN before the first session.
    most: f64,
    running: Running,
    /// Since this session's extreme, for the next session.
    own: Running,
}

impl<const A: usize> Since<A> {
    fn new() -> Self {
        Self {
            first: true,
            most: f64::NAN,
            running: Running::default(),
            own: Running::default(),
        }
    }

    /// The averages since the anchor and since this session's extreme; the latter is NaN where
    /// nothing asks for it.
    #[inline(always)]
    fn next(&mut self, bar: &Bar) -> [f64; 2] {
        let (price, volume) = (bar.typical_price(), bar.volume);
        let starts = match ANCHORS[A].start {
            Start::History => std::mem::replace(&mut self.first, false),
            Start::Period(_, Period::Session) => bar.session_start,
            Start::Period(_, Period::Day) => bar.day_start,
            Start::Period(_, Period::Week) => bar.week_start,
            Start::Period(_, Period::Month) => bar.month_start,
            Start::Extreme(extreme) => self.moves(extreme, bar),
            Start::Before(_, extreme) => {
                if bar.session_start {
                    self.running = self.own;
                }
                let moves = self.moves(extreme, bar);
                let own = self.own.next(moves, price, volume);
                return [self.running.next(false, price, volume), own];
            }
        };
        [self.running.next(starts, price, volume), f64::NAN]
    }

    /// Whether the session's extreme so far is at this bar; an equal one later is none.
    #[inline(always)]
    fn moves(&mut self, extreme: Extreme, bar: &Bar) -> bool {
        let value = match extreme {
            Extreme::High => bar.high,
            Extreme::Low => -bar.low,
            Extreme::Volume => bar.volume,
        };
        let moves = bar.session_start || value > self.most;
        if moves {
            self.most = value;
        }
        moves
    }
}

pub(super) fn anchored<const A: usize>() -> Machine {
    let mut since = Since::<A>::new();
    Machine::new(move |bar| {
        let [base, _] = since.next(bar);
        let deviation = (since.running.moment / since.running.weight).sqrt();
        let [u1, l1, u2, l2, u3, l3] = BANDS.map(|k| base + k * deviation);
        [base, u1, l1, u2, l2, u3, l3]
    })
    .rejoining_every(0)
}

/// Second moments of bars around their own averages: since the anchor, and over the last bars.
struct Moments {
    since: f64,
    last: Sum,
}

impl Moments {
    fn new() -> Self {
        Self {
            since: 0.0,
            last: Sum::new(BAND_BARS),
        }
    }

    /// The sum over the last [`BAND_BARS`] bars, at most since the anchor.
    #[inline(always)]
    fn next(&mut self, bars: usize, base: f64, bar: &Bar) -> f64 {
        let distance = if base.is_nan() {
            0.0
        } else {
            bar.typical_price() - base
        };
        let moment = bar.volume * distance * distance;
        if bars <= 1 {
            self.since = 0.0;
        }
        self.since += moment;
        let last = self.last.next(moment);
        if bars <= BAND_BARS { self.since } else { last }
    }
}

pub(super) fn rolling<const A: usize>() -> Machine {
    let mut since = Since::<A>::new();
    let (mut reported, mut own) = (Moments::new(), Moments::new());
    let mut volumes = Sum::new(BAND_BARS);
    Machine::new(move |bar| {
        let is_before = matches!(ANCHORS[A].start, Start::Before(..));
        let [base, own_base] = since.next(bar);
        if is_before {
            if bar.session_start {
                // What the session's own sums find in return is older than their anchor, hence
                // never read.
                std::mem::swap(&mut reported, &mut own);
            }
            own.next(since.own.bars, own_base, bar);
        }
        let moment = reported.next(since.running.bars, base, bar);
        let volume = volumes.next(bar.volume);
        let volume = if since.running.bars <= BAND_BARS {
            since.running.weight
        } else {
            volume
        };
        let deviation = divide(moment, volume, f64::NAN).sqrt();
        BANDS.map(|k| base + k * deviation)
    })
    .rejoining_every(0)
}
