//! Averages whose period changes from bar to bar.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::recur::{Cycle, Recent, mean_of};
use crate::ops::trailing;

use super::average_kind::{AverageKind, chained};
use super::averaging::Line;
use super::cycle::{CYCLE_MEMORY, waves};
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Rule, Scaling, TALIB, Unit,
};
use super::machine::Machine;
use super::machine::average::Average;
use super::machine::cycle::{DEFINED, From, WAIT};
use super::work::Work;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&MAVP];

static MAVP: Declaration = Declaration {
    name: "MAVP",
    summary: "moving average over the dominant cycle, whose period changes from bar to bar",
    family: Family::Average,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("minperiod", 1, 2),
        Parameter::bars("maxperiod", 1, 30),
        AverageKind::parameter("matype", AverageKind::Simple),
    ],
    rule: Some(Rule {
        text: "minperiod <= maxperiod",
        holds: |p| p.bars(0) <= p.bars(1),
    }),
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    warmup_text: "32 + that of the kind over maxperiod",
    warmup: |p, _| DEFINED + kind(p).warmup(p.bars(1)),
    memory_text: "that of HT_DCPERIOD and that of the kind over maxperiod, one after the other",
    memory: |p, _| {
        let cycle = Memory::Infinite(CYCLE_MEMORY);
        chained(cycle, kind(p).memory(p.bars(1)))
    },
    degenerate: "flat prices: the price; where the cycle is within rounding of a whole number of bars \
                 float32 may take the next period",
    formula: "average of the kind matype over n_t bars, n_t = HT_DCPERIOD_t without its fraction, within \
              minperiod and maxperiod; closes count from bar 32 on\n\
              TA-Lib takes any series of periods; a name has only this one",
    source: "TA-Lib 0.8.1, MAVP of HT_DCPERIOD",
    compute: |work, p, _| work.close() - varying_gap(work, p),
    machine: |p| {
        if kind(p) == AverageKind::Simple && lengths(p)[1] <= LONGEST_CYCLE {
            simple_over_cycle(p)
        } else {
            average_over_cycle(p)
        }
    },
    ..TALIB
};

/// Bars of the longest cycle, and of the shortest from bar 32 on, where it is still a little below 6.
const LONGEST_CYCLE: usize = 50;
const SHORTEST_CYCLE: usize = 5;

fn kind(p: &Parameters) -> AverageKind {
    AverageKind::of(p, 2, AverageKind::Simple)
}

/// The least and the greatest period that occurs.
fn lengths(p: &Parameters) -> [usize; 2] {
    [SHORTEST_CYCLE, LONGEST_CYCLE].map(|cycle| cycle.clamp(p.bars(0), p.bars(1)))
}

/// Windows of few closes, added up.
fn simple_over_cycle(p: &Parameters) -> Machine {
    let (least, most) = (p.bars(0), p.bars(1));
    let (mut cycle, mut closes) = (Cycle::new(WAIT), Recent::new());
    let mut from = From::new(DEFINED + most - 1);
    Machine::new(move |bar| {
        let closes = closes.next(bar.close);
        let period = cycle.next(bar.close).map_or(0.0, |wave| wave.period);
        from.pass([mean_of(&closes[..whole(period).clamp(least, most)])])
    })
}

/// An average for every period that occurs; all give their first value at the same bar.
fn average_over_cycle(p: &Parameters) -> Machine {
    let ([least, most], [first, last]) = ([p.bars(0), p.bars(1)], lengths(p));
    let (kind, mut cycle, mut from) = (kind(p), Cycle::new(WAIT), From::new(DEFINED));
    let mut averages: Vec<Average> = (first..=last)
        .map(|period| {
            let wait = kind.warmup(most) - kind.warmup(period);
            Average::new(kind, period).after(wait)
        })
        .collect();
    Machine::new(move |bar| {
        let period = cycle.next(bar.close).map_or(0.0, |wave| wave.period);
        let [close] = from.pass([bar.close]);
        let period = whole(period).clamp(least, most);
        let mut value = f64::NAN;
        for (length, average) in (first..).zip(&mut averages) {
            let next = average.next(close);
            value = if length == period { next } else { value };
        }
        [value]
    })
    .rejoining_every(0)
}

#[expect(clippy::cast_sign_loss, reason = "periods are positive")]
fn whole(period: f64) -> usize {
    period as usize
}

/// The close minus its average over the cycle.
fn varying_gap(work: &mut Work<'_>, p: &Parameters) -> Tensor<2> {
    let ([least, most], [first, last]) = ([p.bars(0), p.bars(1)], lengths(p));
    let [_, _, period, _] = waves(work, WAIT);
    let periods = period.floor().clamp(least as f32, most as f32);
    let kind = kind(p);
    if kind == AverageKind::Simple {
        return trailing::gap_to_mean(work.close(), periods).neg();
    }
    let mut gap = periods.zeros_like();
    for period in first..=last {
        let begin = DEFINED + kind.warmup(most) - kind.warmup(period);
        let one = Line::close(work).after(begin).gap(work, kind, period);
        gap = gap.mask_where(periods.clone().equal_elem(period as f32), one);
    }
    gap
}
