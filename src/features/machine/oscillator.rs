//! The machines of differences of averages.

use super::Machine;
use super::average::{Average, Chain};
use super::parts::{Change, Smooth, divide};
use crate::features::average_kind::{AverageKind, together};
use crate::features::declaration::Parameters;

/// Volume below which TA-Lib takes an average for 0.
pub(in crate::features) const NO_VOLUME: f64 = 1e-14;

/// (fast, slow) periods, the lesser first.
pub(in crate::features) fn fast_and_slow(p: &Parameters) -> (usize, usize) {
    (p.bars(0).min(p.bars(1)), p.bars(0).max(p.bars(1)))
}

/// Averages of the same kind over both periods, and what they rejoin every so many bars.
fn averages(p: &Parameters) -> ([Average; 2], usize) {
    let kind = AverageKind::of(p, 2, AverageKind::Exponential);
    let (fast, slow) = fast_and_slow(p);
    let averages = [Average::new(kind, fast), Average::new(kind, slow)];
    let rejoins = together(&averages.each_ref().map(Average::rejoins));
    (averages, rejoins)
}

pub(in crate::features) fn apo(p: &Parameters) -> Machine {
    let ([mut fast, mut slow], rejoins) = averages(p);
    Machine::new(move |bar| [fast.next(bar.close) - slow.next(bar.close)]).rejoining_every(rejoins)
}

pub(in crate::features) fn ppo(p: &Parameters) -> Machine {
    let ([mut fast, mut slow], rejoins) = averages(p);
    Machine::new(move |bar| {
        let (fast, slow) = (fast.next(bar.close), slow.next(bar.close));
        [divide(100.0 * (fast - slow), slow, 0.0)]
    })
    .rejoining_every(rejoins)
}

pub(in crate::features) fn pvo(p: &Parameters) -> Machine {
    let ([mut fast, mut slow], rejoins) = averages(p);
    Machine::new(move |bar| {
        let (fast, slow) = (fast.next(bar.volume), slow.next(bar.volume));
        let slow = if slow.abs() < NO_VOLUME { 0.0 } else { slow };
        [divide(100.0 * (fast - slow), slow, 0.0)]
    })
    .rejoining_every(rejoins)
}

/// The line, its signal and their difference, all from the signal's first value on.
fn with_signal(line: f64, signal: f64) -> [f64; 3] {
    let line = if signal.is_nan() { f64::NAN } else { line };
    [line, signal, line - signal]
}

/// The averages of MACDEXT: (kind, period) of the fast and the slow one, and of the signal.
pub(in crate::features) fn macdext_averages(p: &Parameters) -> [(AverageKind, usize); 3] {
    let kind = |place| AverageKind::of(p, place, AverageKind::Simple);
    let (first, second) = ((kind(3), p.bars(0)), (kind(4), p.bars(1)));
    let signal = (kind(5), p.bars(2));
    if first.1 > second.1 {
        [second, first, signal]
    } else {
        [first, second, signal]
    }
}

pub(in crate::features) fn macdext(p: &Parameters) -> Machine {
    let [fast, slow, signal] = macdext_averages(p);
    // Both start so late that they begin together.
    let begin = fast.0.warmup(fast.1).max(slow.0.warmup(slow.1));
    let [mut fast, mut slow] = [fast, slow]
        .map(|(kind, period)| Average::new(kind, period).after(begin - kind.warmup(period)));
    let mut signal = Average::new(signal.0, signal.1);
    let rejoins = together(&[fast.rejoins(), slow.rejoins(), signal.rejoins()]);
    Machine::new(move |bar| {
        let line = fast.next(bar.close) - slow.next(bar.close);
        with_signal(line, signal.next(line))
    })
    .rejoining_every(rejoins)
}

/// (period, weight) of MACDFIX' averages.
pub(in crate::features) const MACDFIX_AVERAGES: [(usize, f64); 2] = [(12, 0.15), (26, 0.075)];

pub(in crate::features) fn macdfix(p: &Parameters) -> Machine {
    let [(fast, quick), (slow, gentle)] = MACDFIX_AVERAGES;
    let mut fast = Smooth::new(fast, quick).after(slow - fast);
    let mut slow = Smooth::new(slow, gentle);
    let mut signal = Smooth::exponential(p.bars(0));
    Machine::new(move |bar| {
        let line = fast.next(bar.close) - slow.next(bar.close);
        with_signal(line, signal.next(line))
    })
}

pub(in crate::features) fn trix(p: &Parameters) -> Machine {
    let mut chain = Chain::<3>::new(p.bars(0));
    let mut change = Change::new();
    Machine::new(move |bar| {
        let [_, _, average] = chain.next(bar.close);
        let change = change.next(average);
        [100.0 * change / (average - change)]
    })
}

pub(in crate::features) fn tsi(p: &Parameters) -> Machine {
    let mut change = Change::new();
    let chain = || {
        [
            Smooth::exponential(p.bars(0)),
            Smooth::exponential(p.bars(1)),
        ]
    };
    let (mut signed, mut absolute) = (chain(), chain());
    Machine::new(move |bar| {
        let change = change.next(bar.close);
        let twice = |[first, second]: &mut [Smooth; 2], x| second.next(first.next(x));
        let signed = twice(&mut signed, change);
        [divide(
            100.0 * signed,
            twice(&mut absolute, change.abs()),
            0.0,
        )]
    })
}
