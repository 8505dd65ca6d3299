//! How one-sided, and how straight, movements of prices are.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::average::bars_to_forget;
use super::declaration::{Declaration, Family, Memory, Output, Parameter, TALIB, Unit};
use super::machine::Machine;
use super::machine::movement::greater;
use super::machine::parts::{Change, Lag, Maximum, Minimum, Smooth, Sum, divide as ratio};
use super::machine::sums::Sums;
use super::share::Wilder;
use super::work::{Work, change, divide};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&CMO, &CMOU, &ER, &VHF, &IMI, &MFI];

static CMO: Declaration = Declaration {
    name: "CMO",
    summary: "Chande's momentum oscillator of the close, from Wilder averages",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1 + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| Memory::Infinite(p.bars(0) + 1 + bars_to_forget(1.0 / p.bars(0) as f64)),
    degenerate: "no movement yet: 0; flat after movement: the last value",
    formula: "g, l = Wilder averages of rises and falls of the close, from the means of the first period\n\
              100 (g_t - l_t) / (g_t + l_t), -100 to 100",
    source: "Chande and Kroll (1994); TA-Lib 0.8.1, CMO",
    compute: |work, p, _| {
        let (period, change) = (p.bars(0), work.close_change());
        let averages = Wilder {
            period,
            seeds: period,
            start: period,
        };
        let share = averages.share(work, change.clone(), change.abs(), 0.0);
        share.mul_scalar(100.0)
    },
    machine: |p| {
        let mut change = Change::new();
        let (mut net, mut all) = (Smooth::wilder(p.bars(0)), Smooth::wilder(p.bars(0)));
        Machine::new(move |bar| {
            let change = change.next(bar.close);
            if change.is_nan() {
                return [f64::NAN];
            }
            [ratio(100.0 * net.next(change), all.next(change.abs()), 0.0)]
        })
    },
    ..TALIB
};

static CMOU: Declaration = Declaration {
    name: "CMOU",
    summary: "Chande's momentum oscillator of the close, from sums",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no movement in the window: 0",
    formula: "100 (close_t - close_{t-period}) / (sum of |close_i - close_{i-1}| over the last period bars)\n\
              -100 to 100",
    source: "Chande and Kroll (1994); TA-Lib 0.8.1, CMOU",
    compute: |work, p, _| {
        let way = change(work.close(), p.bars(0));
        divide(way.mul_scalar(100.0), path(work, p.bars(0)), 0.0)
    },
    machine: |p| {
        let mut way = Way::new(p.bars(0));
        Machine::new(move |bar| {
            let (way, path) = way.next(bar.close);
            [ratio(100.0 * way, path, 0.0)]
        })
    },
    ..TALIB
};

static ER: Declaration = Declaration {
    name: "ER",
    summary: "Kaufman's efficiency ratio: the way from end to end over the path taken",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 10)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no movement in the window: 1",
    formula: "|close_t - close_{t-period}| / (sum of |close_i - close_{i-1}| over the last period bars)\n\
              0 to 1",
    source: "Kaufman (1995); TA-Lib 0.8.1, ER",
    compute: |work, p, _| {
        let way = change(work.close(), p.bars(0)).abs();
        divide(way, path(work, p.bars(0)), 1.0).clamp_max(1.0)
    },
    machine: |p| {
        let mut way = Way::new(p.bars(0));
        Machine::new(move |bar| {
            let (way, path) = way.next(bar.close);
            if way.is_nan() {
                return [f64::NAN];
            }
            [ratio(way.abs(), path, 1.0).min(1.0)]
        })
    },
    ..TALIB
};

static VHF: Declaration = Declaration {
    name: "VHF",
    summary: "vertical horizontal filter: the span of the closes over the path taken",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[Parameter::bars("period", 2, 28)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no movement in the window: 0",
    formula: "(highest close - lowest close of the last period bars) /\n\
              (sum of |close_i - close_{i-1}| over the last period bars), 0 to 1",
    source: "White (1991); TA-Lib 0.8.1, VHF",
    compute: |work, p, _| {
        let close = work.close();
        let span = rolling::max(close.clone(), p.bars(0)) - rolling::min(close, p.bars(0));
        divide(span, path(work, p.bars(0)), 0.0)
    },
    machine: |p| {
        let (mut highest, mut lowest) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
        let (mut change, mut path) = (Change::new(), Sum::new(p.bars(0)));
        Machine::new(move |bar| {
            let span = highest.next(bar.close) - lowest.next(bar.close);
            [ratio(span, path.next(change.next(bar.close).abs()), 0.0)]
        })
    },
    ..TALIB
};

static IMI: Declaration = Declaration {
    name: "IMI",
    summary: "intraday momentum index: the share of rising bodies in all bodies",
    family: Family::Momentum,
    inputs: &[Column::Open, Column::Close],
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "all bars of the window close where they open: 50",
    formula: "g, l = sums of max(close - open, 0) and max(open - close, 0) over the last period bars\n\
              100 g_t / (g_t + l_t), 0 to 100",
    source: "Chande and Kroll (1994); TA-Lib 0.8.1, IMI",
    compute: |work, p, _| {
        let body = work.close() - work.column(Column::Open);
        let rises = rolling::sum(body.clone().clamp_min(0.0), p.bars(0));
        let all = rolling::sum(body.abs(), p.bars(0));
        divide(rises.mul_scalar(100.0), all, 50.0)
    },
    machine: |p| {
        let mut sums = Sums::new(p.bars(0));
        Machine::new(move |bar| {
            let body = bar.close - bar.open;
            let [rises, all] = sums.next([greater(body, 0.0), body.abs()]);
            [ratio(100.0 * rises, all, 50.0)]
        })
    },
    ..TALIB
};

static MFI: Declaration = Declaration {
    name: "MFI",
    summary: "money flow index: the share of rising typical prices in the money that changed hands",
    family: Family::Momentum,
    inputs: &[Column::High, Column::Low, Column::Close, Column::Volume],
    parameters: &[Parameter::bars("period", 2, 14)],
    outputs: &[Output::only(Unit::Bounded)],
    warmup_text: "period",
    warmup: |p, _| p.bars(0),
    memory_text: "period + 1",
    memory: |p, _| Memory::Finite(p.bars(0) + 1),
    degenerate: "no volume, or an unchanged typical price, in the whole window: 0",
    formula: "tp_t = (high_t + low_t + close_t) / 3\n\
              g, l = sums of tp volume over those of the last period bars where tp rose and where it fell\n\
              100 g_t / (g_t + l_t), 0 to 100",
    source: "Quong and Soudack (1989); TA-Lib 0.8.1, MFI",
    compute: |work, p, _| {
        let change = typical_change(work);
        let flow = work.typical_price() * work.column(Column::Volume);
        let flow = flow.mask_fill(change.clone().equal_elem(0.0), 0.0);
        let rises = flow.clone().mask_fill(change.lower_elem(0.0), 0.0);
        let rises = rolling::sum(rises, p.bars(0));
        divide(rises.mul_scalar(100.0), rolling::sum(flow, p.bars(0)), 0.0)
    },
    machine: |p| {
        let (mut change, mut sums) = (Change::new(), Sums::new(p.bars(0)));
        Machine::new(move |bar| {
            let price = bar.typical_price();
            let change = change.next(price);
            if change.is_nan() {
                return [f64::NAN];
            }
            // Within TA-Lib's bound the price has not moved.
            let still = change.abs() <= 1e-14 * (2.0 * price - change);
            let flow = if still { 0.0 } else { price * bar.volume };
            let [rises, all] = sums.next([if change < 0.0 { 0.0 } else { flow }, flow]);
            [ratio(100.0 * rises, all, 0.0)]
        })
    },
    ..TALIB
};

/// Three times the change of the typical price: its sign is exact where the changes of the prices
/// are, which rounded typical prices would lose.
pub(super) fn typical_change(work: &mut Work<'_>) -> Tensor<2> {
    work.shared("typical_change", &[], |work| {
        let prices = [Column::High, Column::Low, Column::Close];
        let [high, low, close] = prices.map(|price| change(work.column(price), 1));
        high + low + close
    })
}

/// The length of the closes' way over the last `period` changes.
fn path(work: &mut Work<'_>, period: usize) -> Tensor<2> {
    work.shared("path", &[period], |work| {
        rolling::sum(work.close_change().abs(), period)
    })
}

/// The change over `period` values, and the sum of the changes' sizes between.
struct Way {
    before: Lag,
    change: Change,
    path: Sum,
}

impl Way {
    fn new(period: usize) -> Self {
        Self {
            before: Lag::new(period),
            change: Change::new(),
            path: Sum::new(period),
        }
    }

    #[inline(always)]
    fn next(&mut self, x: f64) -> (f64, f64) {
        let path = self.path.next(self.change.next(x).abs());
        (x - self.before.next(x), path)
    }
}
