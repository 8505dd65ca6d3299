//! Indicators as state machines: one bar in, its outputs out, float64, in constant time.
//!
//! A machine is what `features --follow` runs bar by bar and what the CPU runs over whole series, so
//! that the two are the same numbers. GPUs run the tensor functions (`Declaration::compute`), which
//! tests hold to the machines.
//!
//! A machine starts at a segment's first bar and is made anew at the next one's. It gives NaN while
//! it warms up; the parts in [`parts`] count values from the first that is not NaN, so that they can be
//! put behind one another.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

pub(super) mod average;
pub(super) mod cycle;
pub(super) mod joint;
pub(super) mod movement;
pub(super) mod order;
pub(super) mod oscillator;
pub(super) mod overlap;
pub(super) mod parts;
pub(super) mod spread;
pub(super) mod stochastic;
pub(super) mod sums;
pub(super) mod vector;

use std::ops::Range;

use serde::Serialize;

/// Bars that a machine takes in one go; what all machines of a set leave behind for them stays in the
/// second-level cache.
pub(super) const CHUNK: usize = 512;

/// One bar, as machines read it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four anchors, each a fact of its own"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume; 0 where the bars have none.
    pub volume: f64,
    /// 1 where the bar was filled in.
    pub filled: f64,
    /// Share of the local day that has passed at the bar's open.
    pub time_of_day: f64,
    /// 0 Monday to 6 Sunday.
    pub weekday: f64,
    /// Whether it is a session's first.
    pub session_start: bool,
    /// Whether it is a day's first.
    pub day_start: bool,
    /// Whether it is a week's first.
    pub week_start: bool,
    /// Whether it is a month's first.
    pub month_start: bool,
}

impl Bar {
    /// (high + low + close) / 3
    pub fn typical_price(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }

    /// (high + low) / 2
    pub fn median_price(&self) -> f64 {
        0.5 * (self.high + self.low)
    }
}

/// Float32 columns of at most [`CHUNK`] consecutive bars of one segment, all of one length.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) open: &'a [f32],
    pub(super) high: &'a [f32],
    pub(super) low: &'a [f32],
    pub(super) close: &'a [f32],
    pub(super) volume: &'a [f32],
    pub(super) filled: &'a [f32],
    pub(super) time_of_day: &'a [f32],
    pub(super) weekday: &'a [f32],
    pub(super) session_start: &'a [f32],
    pub(super) day_start: &'a [f32],
    pub(super) week_start: &'a [f32],
    pub(super) month_start: &'a [f32],
}

impl<'a> Columns<'a> {
    /// No column at all.
    pub(super) const NONE: Columns<'static> = Columns {
        open: &[],
        high: &[],
        low: &[],
        close: &[],
        volume: &[],
        filled: &[],
        time_of_day: &[],
        weekday: &[],
        session_start: &[],
        day_start: &[],
        week_start: &[],
        month_start: &[],
    };

    /// What `change` makes of each column.
    #[inline(always)]
    pub(super) fn map<'b>(&self, change: impl Fn(&'a [f32]) -> &'b [f32]) -> Columns<'b> {
        Columns {
            open: change(self.open),
            high: change(self.high),
            low: change(self.low),
            close: change(self.close),
            volume: change(self.volume),
            filled: change(self.filled),
            time_of_day: change(self.time_of_day),
            weekday: change(self.weekday),
            session_start: change(self.session_start),
            day_start: change(self.day_start),
            week_start: change(self.week_start),
            month_start: change(self.month_start),
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.close.len()
    }

    /// The same bars' part.
    ///
    /// Inlined so that its length is seen: a machine's loop then checks no index and loads no column
    /// that it does not use.
    #[inline(always)]
    pub(super) fn part(&self, bars: Range<usize>) -> Self {
        self.map(|column| &column[bars.clone()])
    }

    /// Every field is read; what a machine does not use, the compiler leaves out.
    #[inline(always)]
    pub(super) fn bar(&self, t: usize) -> Bar {
        Bar {
            open: f64::from(self.open[t]),
            high: f64::from(self.high[t]),
            low: f64::from(self.low[t]),
            close: f64::from(self.close[t]),
            volume: f64::from(self.volume[t]),
            filled: f64::from(self.filled[t]),
            time_of_day: f64::from(self.time_of_day[t]),
            weekday: f64::from(self.weekday[t]),
            session_start: self.session_start[t] != 0.0,
            day_start: self.day_start[t] != 0.0,
            week_start: self.week_start[t] != 0.0,
            month_start: self.month_start[t] != 0.0,
        }
    }
}

/// What a machine does, whatever its state: bars in order, output `k` of bar `t` to
/// `out[k * stride + t]`.
///
/// The only function, so that each machine's step has one caller and is inlined into its loop, where
/// the compiler sees which columns it reads.
pub(super) trait Steps: Send + Sync {
    fn run(&mut self, bars: Columns<'_>, stride: usize, out: &mut [f64]);
}

/// `None` only while it runs.
struct Step<F, const K: usize>(Option<F>);

impl<const K: usize, F> Steps for Step<F, K>
where
    F: FnMut(&Bar) -> [f64; K] + Send + Sync,
{
    fn run(&mut self, bars: Columns<'_>, stride: usize, out: &mut [f64]) {
        let len = bars.len();
        assert!(
            len <= stride && out.len() >= K * stride,
            "{len} bars in columns of {stride}"
        );
        // On the stack, where nothing else points to it: the loop keeps it in registers.
        let mut step = self
            .0
            .take()
            .expect("a machine that panicked is not run again");
        // Slices of one visible length: no check of an index is left in the loop.
        let columns = bars.part(0..len);
        let mut chunks = out.chunks_exact_mut(stride);
        let mut outputs: [&mut [f64]; K] =
            std::array::from_fn(|_| &mut chunks.next().expect("asserted above")[..len]);
        for t in 0..len {
            let values = step(&columns.bar(t));
            for (output, value) in outputs.iter_mut().zip(values) {
                output[t] = value;
            }
        }
        self.0 = Some(step);
    }
}

/// An indicator at work on one segment.
pub(super) struct Machine {
    steps: Box<dyn Steps>,
    rejoins: usize,
}

impl Machine {
    /// The machine that `step` is: what it captures is its state.
    pub(super) fn new<const K: usize>(
        step: impl FnMut(&Bar) -> [f64; K] + Send + Sync + 'static,
    ) -> Self {
        Self::of(Step(Some(step)))
    }

    /// The machine that takes many bars at a time in its own way.
    pub(super) fn of(steps: impl Steps + 'static) -> Self {
        Self {
            steps: Box::new(steps),
            rejoins: 1,
        }
    }

    /// The machine of a window whose sums begin anew every so many bars; 0 if the bits of its
    /// numbers depend on all bars, even where its memory is finite.
    pub(super) fn rejoining_every(mut self, bars: usize) -> Self {
        self.rejoins = bars;
        self
    }

    /// A machine of finite memory that starts later gives the bits of one that started with the
    /// segment once its memory and two stretches of so many bars have passed, if it starts a
    /// multiple of them behind the segment's first; 0: never.
    pub(super) fn rejoins(&self) -> usize {
        self.rejoins
    }

    /// Takes one bar, whose numbers are float32's, and writes one number per output.
    pub(super) fn next(&mut self, bar: &Bar, out: &mut [f64]) {
        let flag = |set: bool| [f32::from(u8::from(set))];
        let number = |number: f64| [number as f32];
        let columns = Columns {
            open: &number(bar.open),
            high: &number(bar.high),
            low: &number(bar.low),
            close: &number(bar.close),
            volume: &number(bar.volume),
            filled: &number(bar.filled),
            time_of_day: &number(bar.time_of_day),
            weekday: &number(bar.weekday),
            session_start: &flag(bar.session_start),
            day_start: &flag(bar.day_start),
            week_start: &flag(bar.week_start),
            month_start: &flag(bar.month_start),
        };
        self.steps.run(columns, 1, out);
    }

    /// Takes bars in order; output `k` of bar `t` goes to `out[k * CHUNK + t]`.
    pub(super) fn run(&mut self, bars: Columns<'_>, out: &mut [f64]) {
        self.steps.run(bars, CHUNK, out);
    }
}
