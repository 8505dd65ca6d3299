//! Patterns over one series in float64: the machines.
//!
//! A chunk of bars is put behind the last bars before it, the means that the rule asks for are taken
//! over whole arrays, and the rule is a loop over bars without a branch: the compiler turns all of it
//! into vector instructions. TA-Lib's running sums give the same bits wherever the prices are
//! float32 values, for then bodies and sums of ten of them are exact in float64.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

use crate::features::machine::{CHUNK, Columns, Machine, Steps};

use super::candle::{CONFIRMATION, Candles, Claim, Level, Range, Rule, Usual, near};
use super::desk::{Desk, HISTORY, Numbers, PRICES, Place};
use crate::features::machine::vector::{Loops, widest};

thread_local! {
    /// One for all machines of a thread, so that it stays in the cache from one to the next; nothing in
    /// it outlives a chunk.
    static DESK: RefCell<Box<Desk>> = RefCell::new(Box::new(Desk::new()));
}

/// Finds the means that a rule asks for.
#[derive(Default)]
struct Reads([Cell<bool>; Range::ALL.len()]);

impl Reads {
    fn usual(&self, usual: Usual) {
        self.0[usual.range as usize].set(true);
    }
}

impl Candles for Reads {
    type Truth = ();
    type Score = ();

    fn is(&self, claim: Claim) {
        match claim.right {
            Level::Usual(usual)
            | Level::Plus(_, usual)
            | Level::Minus(_, usual)
            | Level::Without(_, _, usual) => self.usual(usual),
            Level::At(_) | Level::Part(..) | Level::Times(..) => {}
        }
    }

    fn and((): (), (): ()) {}

    fn or((): (), (): ()) {}

    fn not((): ()) {}

    fn body_is_near_middle(&self) {
        self.usual(near(0));
    }

    fn bodies_are_alike(&self, ago: usize, _newer: usize) {
        self.usual(near(ago));
    }

    fn score<const N: usize>(&self, _parts: [(f64, ()); N]) {}
}

/// The pattern that waits for confirmation.
#[derive(Default)]
struct Waiting {
    /// Bars that may still confirm it.
    bars: usize,
    number: f64,
    high: f64,
    low: f64,
}

impl Waiting {
    /// Doubles the numbers of bars that confirm; `out` holds those of patterns.
    fn confirm(&mut self, [_, high, low, close]: &[Numbers; PRICES], out: &mut [f64]) {
        for (t, out) in out.iter_mut().enumerate() {
            let t = HISTORY + t;
            if *out != 0.0 {
                *self = Self {
                    bars: CONFIRMATION,
                    number: *out,
                    high: high[t - 1],
                    low: low[t - 1],
                };
                continue;
            }
            if self.bars == 0 {
                continue;
            }
            self.bars -= 1;
            let beyond = if self.number > 0.0 {
                close[t] > self.high
            } else {
                close[t] < self.low
            };
            if beyond {
                *out = 2.0 * self.number;
                self.bars = 0;
            }
        }
    }
}

/// A rule at work on one segment.
struct Patterns<R> {
    penetration: f64,
    /// Bars to come that are undefined.
    undefined: usize,
    reads: [bool; Range::ALL.len()],
    /// The last bars' prices.
    history: [[f64; HISTORY]; PRICES],
    waiting: Waiting,
    rule: PhantomData<R>,
}

/// The machine of a rule whose first `warmup` bars are undefined.
pub(super) fn machine<R: Rule>(warmup: usize, penetration: f64) -> Machine {
    let reads = Reads::default();
    R::score(&reads, penetration);
    Machine::of(Patterns::<R> {
        penetration,
        undefined: warmup,
        reads: reads.0.map(|read| read.get()),
        history: [[0.0; HISTORY]; PRICES],
        waiting: Waiting::default(),
        rule: PhantomData,
    })
}

impl<R: Rule> Steps for Patterns<R> {
    fn run(&mut self, bars: Columns<'_>, _stride: usize, out: &mut [f64]) {
        let out = &mut out[..bars.len()];
        DESK.with_borrow_mut(|desk| {
            widest(Load {
                desk,
                history: &self.history,
                bars,
                reads: self.reads,
            });
            widest(Score::<R> {
                desk,
                penetration: self.penetration,
                out,
                rule: PhantomData,
            });
            if R::CONFIRMED {
                self.waiting.confirm(&desk.prices, out);
            }
            for (prices, history) in desk.prices.iter().zip(&mut self.history) {
                history.copy_from_slice(&prices[out.len()..out.len() + HISTORY]);
            }
        });
        let undefined = self.undefined.min(out.len());
        out[..undefined].fill(f64::NAN);
        self.undefined -= undefined;
    }
}

/// Puts bars behind the history and makes what rules ask for.
struct Load<'a> {
    desk: &'a mut Desk,
    history: &'a [[f64; HISTORY]; PRICES],
    bars: Columns<'a>,
    reads: [bool; Range::ALL.len()],
}

impl Loops for Load<'_> {
    #[inline(always)]
    fn run(self) {
        self.desk.load(self.history, self.bars, self.reads);
    }
}

/// Writes the numbers of a rule for the bars of the desk.
struct Score<'a, R> {
    desk: &'a Desk,
    penetration: f64,
    out: &'a mut [f64],
    rule: PhantomData<R>,
}

impl<R: Rule> Loops for Score<'_, R> {
    #[inline(always)]
    fn run(self) {
        let (desk, penetration) = (self.desk, self.penetration);
        // A length that the compiler knows to fit leaves no check of an index in the loop.
        let len = self.out.len().min(CHUNK);
        for (t, out) in self.out[..len].iter_mut().enumerate() {
            *out = R::score(&Place { desk, t }, penetration);
        }
    }
}
