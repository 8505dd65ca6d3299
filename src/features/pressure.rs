//! What buyers and sellers made of the bars' ranges.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::{rolling, scan};

use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::Machine;
use super::machine::movement::{greater, less};
use super::machine::parts::divide as ratio;
use super::machine::sums::Sums;
use super::work::{Work, divide, lag};

const HIGH_LOW_CLOSE: &[Column] = &[Column::High, Column::Low, Column::Close];

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&BOP, &ULTOSC, &VORTEX, &WAD];

static BOP: Declaration = Declaration {
    name: "BOP",
    summary: "balance of power: the bar's body over its range",
    family: Family::Momentum,
    inputs: &[Column::Open, Column::High, Column::Low, Column::Close],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "0",
    memory_text: "1",
    memory: |_, _| Memory::Finite(1),
    degenerate: "no range: 0",
    formula: "(close_t - open_t) / (high_t - low_t), -1 to 1",
    source: "Livshin (2001); TA-Lib 0.8.1, BOP",
    compute: |work, _, _| {
        let range = work.column(Column::High) - work.column(Column::Low);
        divide(work.close() - work.column(Column::Open), range, 0.0)
    },
    machine: |_| Machine::new(|bar| [ratio(bar.close - bar.open, bar.high - bar.low, 0.0)]),
    ..TALIB
};

static ULTOSC: Declaration = Declaration {
    name: "ULTOSC",
    summary: "ultimate oscillator: buying pressure in the true range over three periods",
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[
        Parameter::bars("first", 1, 7),
        Parameter::bars("second", 1, 14),
        Parameter::bars("third", 1, 28),
    ],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "the longest period",
    warmup: |p, _| sorted(p)[2],
    memory_text: "the longest period, plus 1",
    memory: |p, _| Memory::Finite(sorted(p)[2] + 1),
    degenerate: "a period without any true range counts as 0",
    formula: "r_n = sum of close_i - min(low_i, close_{i-1}) over the last n bars / sum of TRANGE over them\n\
              100 (4 r_short + 2 r_middle + r_long) / 7, whatever the order of the periods; 0 to 100",
    source: "Williams (1985); TA-Lib 0.8.1, ULTOSC",
    compute: |work, p, _| {
        let [short, middle, long] = sorted(p).map(|period| buying_pressure(work, period));
        let sum = short.mul_scalar(4.0) + middle.mul_scalar(2.0) + long;
        sum.mul_scalar(100.0 / 7.0)
    },
    machine: |p| {
        let mut sums = sorted(p).map(Sums::new);
        let mut before = f64::NAN;
        Machine::new(move |bar| {
            let close = std::mem::replace(&mut before, bar.close);
            if close.is_nan() {
                return [f64::NAN];
            }
            let low = less(bar.low, close);
            let own = [bar.close - low, greater(bar.high, close) - low];
            let [short, middle, long] = &mut sums;
            let share = |sums: &mut Sums<2>| {
                let [pressure, range] = sums.next(own);
                ratio(pressure, range, 0.0)
            };
            let sum = 4.0 * share(short) + 2.0 * share(middle) + share(long);
            [100.0 * (sum / 7.0)]
        })
    },
    ..TALIB
};

static VORTEX: Declaration = Declaration {
    name: "VORTEX",
    summary: "vortex indicator: reach from the low before to the high, and from the high before to the low",
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    parameters: &[Parameter::bars("period", 1, 14)],
    outputs: &[
        Output::named("PLUSVI", Unit::Ratio),
        Output::named("MINUSVI", Unit::Ratio),
    ],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no true range in the window: 0",
    formula: "plus_t = sum of |high_i - low_{i-1}| over the last period bars / sum of TRANGE over them\n\
              minus_t = the same with |low_i - high_{i-1}|",
    source: "Botes and Siepman (2010); TA-Lib 0.8.1, VORTEX",
    compute: |work, p, output| {
        let (high, low) = (work.column(Column::High), work.column(Column::Low));
        let reach = match output {
            0 => high - lag(low, 1),
            _ => low - lag(high, 1),
        };
        let reach = rolling::sum(reach.abs(), p.bars(0));
        divide(reach, range_sum(work, p.bars(0)), 0.0)
    },
    machine: |p| {
        let mut sums = Sums::new(p.bars(0));
        let [mut high, mut low, mut close] = [f64::NAN; 3];
        Machine::new(move |bar| {
            let own = [
                (bar.high - low).abs(),
                (bar.low - high).abs(),
                greater(bar.high, close) - less(bar.low, close),
            ];
            (high, low, close) = (bar.high, bar.low, bar.close);
            let [plus, minus, range] = sums.next(own);
            [ratio(plus, range, 0.0), ratio(minus, range, 0.0)]
        })
    },
    ..TALIB
};

static WAD: Declaration = Declaration {
    name: "WAD",
    summary: "Williams' accumulation/distribution: how far closes moved from the true low or high, summed up",
    family: Family::Momentum,
    inputs: HIGH_LOW_CLOSE,
    outputs: &[Output::only(Unit::PriceDifference)],
    scaling: Scaling::WithPrice,
    warmup_text: "0",
    memory_text: "unbounded",
    degenerate: "the first bar and flat prices: 0",
    formula: "x_t = close_t - min(low_t, close_{t-1}) where the close rose,\n\
              \x20     close_t - max(high_t, close_{t-1}) where it fell, else 0\n\
              wad_0 = 0; wad_t = wad_{t-1} + x_t",
    source: "Williams (1979); TA-Lib 0.8.1, WAD",
    compute: |work, _, _| {
        let (close, before, change) = (work.close(), lag(work.close(), 1), work.close_change());
        let rise = close.clone() - work.column(Column::Low).min_pair(before.clone());
        let fall = close - work.column(Column::High).max_pair(before);
        let zero = change.zeros_like();
        let own = zero
            .clone()
            .mask_where(change.clone().greater_elem(0.0), rise)
            .mask_where(change.lower_elem(0.0), fall);
        scan::linear_scan(work.keep(), own.mask_where(work.at(0), zero))
    },
    machine: |_| {
        let (mut before, mut level) = (f64::NAN, 0.0);
        Machine::new(move |bar| {
            // Selected, not branched on: which way the close goes is anyone's guess.
            let (lowest, highest) = (less(bar.low, before), greater(bar.high, before));
            let extreme = if bar.close > before { lowest } else { highest };
            let own = bar.close - extreme;
            let moves = (bar.close - before).abs() > 0.0;
            level += if moves { own } else { 0.0 };
            before = bar.close;
            [level]
        })
    },
    ..TALIB
};

/// The periods, shortest first.
fn sorted(parameters: &Parameters) -> [usize; 3] {
    let mut periods = [0, 1, 2].map(|place| parameters.bars(place));
    periods.sort_unstable();
    periods
}

fn range_sum(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("range_sum", &[period], |work| {
        rolling::sum(work.true_range(), period)
    })
}

/// The share of what lies below the closes in the true ranges of the last `period` bars.
fn buying_pressure(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    let above_low = work.shared("above_true_low", &[], |work| {
        let low = work.column(Column::Low).min_pair(lag(work.close(), 1));
        work.close() - low
    });
    let range = range_sum(work, period);
    divide(rolling::sum(above_low, period), range, 0.0)
}
