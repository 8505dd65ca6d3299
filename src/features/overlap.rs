//! Moving averages that are drawn over the price, beyond the simple and the exponential one.

use burn::tensor::Tensor;

use crate::market::Column;
use crate::ops::rolling;

use super::average::ema_deviation;
use super::average_kind::AverageKind;
use super::averaging::{Line, tillson};
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::overlap as machines;
use super::work::Work;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[
    &MA, &WMA, &DEMA, &TEMA, &TRIMA, &KAMA, &T3, &HMA, &ZLEMA, &RMA, &VWMA, &MIDPOINT, &MIDPRICE,
];

/// What averages of the close have in common.
const OF_CLOSE: Declaration = Declaration {
    family: Family::Average,
    inputs: &[Column::Close],
    outputs: &[Output::only(Unit::Price)],
    scaling: Scaling::WithPrice,
    degenerate: "flat prices and period 1: the close",
    ..TALIB
};

/// The average of the close.
fn average(work: &mut Work<'_>, kind: AverageKind, period: usize) -> Tensor<2> {
    let close = Line::close(work);
    close.value.clone() - close_gap(work, kind, period)
}

/// The close minus its average.
pub(super) fn close_gap(work: &mut Work<'_>, kind: AverageKind, period: usize) -> Tensor<2> {
    close_gap_after(work, kind, period, 0)
}

/// The close minus its average, which begins `skip` bars later than it could.
pub(super) fn close_gap_after(
    work: &mut Work<'_>,
    kind: AverageKind,
    period: usize,
    skip: usize,
) -> Tensor<2> {
    if kind == AverageKind::Exponential {
        return ema_deviation(work, period, skip + period - 1);
    }
    let numbers = [kind.number(), period, skip];
    work.shared("close_gap", &numbers, |work| {
        let close = Line::close(work).after(skip);
        close.gap(work, kind, period)
    })
}

static MA: Declaration = Declaration {
    name: "MA",
    summary: "moving average of the close of any kind",
    parameters: &[
        Parameter::bars("period", 1, 30),
        AverageKind::parameter("matype", AverageKind::Simple),
    ],
    warmup_text: "as the kind: period - 1 for 0 1 2 5 13, 2 (period - 1) for 3, 3 (period - 1) for 4, \
                  6 (period - 1) for 8, period for 6, 32 for 7, as HMA and ZLEMA for 9 and 12",
    warmup: |p, _| kind(p).warmup(p.bars(0)),
    memory_text: "as the kind",
    memory: |p, _| kind(p).memory(p.bars(0)),
    formula: "matype 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA with limits 0.5 and\n\
              0.05 whatever the period, 8 T3 with factor 0.7, 9 HMA, 10 the close itself, 11 SMA,\n\
              12 ZLEMA, 13 RMA",
    source: "TA-Lib 0.8.1, MA",
    compute: |work, p, _| average(work, kind(p), p.bars(0)),
    machine: machines::ma,
    ..OF_CLOSE
};

fn kind(parameters: &Parameters) -> AverageKind {
    AverageKind::of(parameters, 1, AverageKind::Simple)
}

static WMA: Declaration = Declaration {
    name: "WMA",
    summary: "linearly weighted moving average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    formula: "sum (period - i) close_{t-i} / (period (period + 1) / 2)    over i in 0..period",
    source: "TA-Lib 0.8.1, WMA",
    compute: |work, p, _| rolling::weighted_mean(work.close(), p.bars(0)),
    machine: machines::wma,
    ..OF_CLOSE
};

static DEMA: Declaration = Declaration {
    name: "DEMA",
    summary: "double exponential moving average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "2 (period - 1)",
    warmup: |p, _| AverageKind::Double.warmup(p.bars(0)),
    memory_text: "2 times EMA's, about 9 period",
    memory: |p, _| AverageKind::Double.memory(p.bars(0)),
    formula: "e1 = EMA of the close, e2 = EMA of e1, seeded with the mean of its first period values\n\
              dema_t = 2 e1_t - e2_t",
    source: "Mulloy (1994); TA-Lib 0.8.1, DEMA",
    compute: |work, p, _| average(work, AverageKind::Double, p.bars(0)),
    machine: machines::dema,
    ..OF_CLOSE
};

static TEMA: Declaration = Declaration {
    name: "TEMA",
    summary: "triple exponential moving average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "3 (period - 1)",
    warmup: |p, _| AverageKind::Triple.warmup(p.bars(0)),
    memory_text: "3 times EMA's, about 14 period",
    memory: |p, _| AverageKind::Triple.memory(p.bars(0)),
    formula: "e1 = EMA of the close, e2 = EMA of e1, e3 = EMA of e2, each seeded with a simple mean\n\
              tema_t = 3 e1_t - 3 e2_t + e3_t",
    source: "Mulloy (1994); TA-Lib 0.8.1, TEMA",
    compute: |work, p, _| average(work, AverageKind::Triple, p.bars(0)),
    machine: machines::tema,
    ..OF_CLOSE
};

static TRIMA: Declaration = Declaration {
    name: "TRIMA",
    summary: "triangular moving average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    formula: "SMA over b of SMA over a of the close, a = (period + 1) / 2 and b = period / 2 + 1, both\n\
              without their fractions",
    source: "TA-Lib 0.8.1, TRIMA",
    compute: |work, p, _| average(work, AverageKind::Triangular, p.bars(0)),
    machine: machines::trima,
    ..OF_CLOSE
};

static KAMA: Declaration = Declaration {
    name: "KAMA",
    summary: "Kaufman's adaptive moving average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "period; 0 for period 1",
    warmup: |p, _| AverageKind::Kaufman.warmup(p.bars(0)),
    memory_text: "period + 1 + ln(1000) / -ln(1 - c) for the c of a walk, e = 1 / sqrt(period); up to 1,700 \
                  bars where prices go back and forth",
    memory: |p, _| AverageKind::Kaufman.memory(p.bars(0)),
    formula: "e = |close_t - close_{t-period}| / sum |close_i - close_{i-1}| over the last period changes\n\
              c = (2/31 + e (2/3 - 2/31))^2\n\
              kama_t = kama_{t-1} + c (close_t - kama_{t-1}), from the close before the first value",
    degenerate: "no movement: e = 1; period 1: the close",
    source: "Kaufman (1995); TA-Lib 0.8.1, KAMA",
    compute: |work, p, _| average(work, AverageKind::Kaufman, p.bars(0)),
    machine: machines::kama,
    ..OF_CLOSE
};

static T3: Declaration = Declaration {
    name: "T3",
    summary: "Tillson's moving average of the close: six exponential ones",
    parameters: &[
        Parameter::bars("period", 1, 5),
        Parameter::factor_in("vfactor", 0.0, 1.0, 0.7),
    ],
    warmup_text: "6 (period - 1)",
    warmup: |p, _| AverageKind::Tillson.warmup(p.bars(0)),
    memory_text: "6 times EMA's, about 27 period",
    memory: |p, _| AverageKind::Tillson.memory(p.bars(0)),
    formula: "e1 = EMA of the close, e2 = EMA of e1, ... e6, each seeded with a simple mean; v = vfactor\n\
              t3 = (1 + v)^3 e3 - 3 v (1 + v)^2 e4 + 3 v^2 (1 + v) e5 - v^3 e6",
    source: "Tillson (1998); TA-Lib 0.8.1, T3",
    compute: |work, p, _| {
        if p.bars(0) == 1 {
            return work.close();
        }
        let change = work.close_change();
        work.close() - tillson(work, change, p.bars(0), p.factor(1), 0)
    },
    machine: machines::t3,
    ..OF_CLOSE
};

static HMA: Declaration = Declaration {
    name: "HMA",
    summary: "Hull's moving average of the close",
    parameters: &[Parameter::bars("period", 1, 20)],
    warmup_text: "period + sqrt(period) - 2, the root without its fraction",
    warmup: |p, _| AverageKind::Hull.warmup(p.bars(0)),
    memory_text: "period + sqrt(period) - 1",
    memory: |p, _| AverageKind::Hull.memory(p.bars(0)),
    formula: "WMA over sqrt(period) of 2 WMA over period / 2 minus WMA over period, without fractions",
    source: "Hull (2005); TA-Lib 0.8.1, HMA",
    compute: |work, p, _| average(work, AverageKind::Hull, p.bars(0)),
    machine: machines::hma,
    ..OF_CLOSE
};

static ZLEMA: Declaration = Declaration {
    name: "ZLEMA",
    summary: "exponential moving average of the close with its lag taken out",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "period - 1 + (period - 1) / 2, the half without its fraction",
    warmup: |p, _| AverageKind::ZeroLag.warmup(p.bars(0)),
    memory_text: "EMA's and (period - 1) / 2, about 5 period",
    memory: |p, _| AverageKind::ZeroLag.memory(p.bars(0)),
    formula: "EMA of 2 close_t - close_{t-k}, k = (period - 1) / 2 without its fraction",
    source: "Ehlers and Way (2010); TA-Lib 0.8.1, ZLEMA",
    compute: |work, p, _| average(work, AverageKind::ZeroLag, p.bars(0)),
    machine: machines::zlema,
    ..OF_CLOSE
};

static RMA: Declaration = Declaration {
    name: "RMA",
    summary: "Wilder's moving average of the close",
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period + ln(1000) / -ln(1 - 1 / period), about 8 period",
    memory: |p, _| AverageKind::Wilder.memory(p.bars(0)),
    formula: "rma_{period-1} = mean of close over the first period bars\n\
              rma_t = rma_{t-1} + (close_t - rma_{t-1}) / period",
    source: "Wilder (1978); TA-Lib 0.8.1, RMA",
    compute: |work, p, _| average(work, AverageKind::Wilder, p.bars(0)),
    machine: machines::rma,
    ..OF_CLOSE
};

static VWMA: Declaration = Declaration {
    name: "VWMA",
    summary: "volume-weighted moving average of the close",
    inputs: &[Column::Close, Column::Volume],
    parameters: &[Parameter::bars("period", 1, 30)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "no volume in the window: undefined; period 1: the close",
    formula: "sum (close volume) / sum volume over the last period bars",
    source: "TA-Lib 0.8.1, VWMA",
    compute: |work, p, _| {
        let (close, volume) = (work.close(), work.column(Column::Volume));
        if p.bars(0) == 1 {
            return close;
        }
        let total = rolling::sum(volume.clone(), p.bars(0));
        rolling::sum(close * volume, p.bars(0)) / total
    },
    machine: machines::vwma,
    ..OF_CLOSE
};

static MIDPOINT: Declaration = Declaration {
    name: "MIDPOINT",
    summary: "middle between the highest and the lowest close",
    parameters: &[Parameter::bars("period", 2, 14)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: the close",
    formula: "(highest + lowest close of the last period bars) / 2",
    source: "TA-Lib 0.8.1, MIDPOINT",
    compute: |work, p, _| {
        let close = work.close();
        middle(
            rolling::max(close.clone(), p.bars(0)),
            rolling::min(close, p.bars(0)),
        )
    },
    machine: machines::midpoint,
    ..OF_CLOSE
};

static MIDPRICE: Declaration = Declaration {
    name: "MIDPRICE",
    summary: "middle between the highest high and the lowest low",
    inputs: &[Column::High, Column::Low],
    parameters: &[Parameter::bars("period", 2, 14)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    degenerate: "flat prices: the price",
    formula: "(highest high + lowest low of the last period bars) / 2",
    source: "TA-Lib 0.8.1, MIDPRICE",
    compute: |work, p, _| {
        let (highest, lowest) = extremes(work, p.bars(0));
        middle(highest, lowest)
    },
    machine: machines::midprice,
    ..OF_CLOSE
};

/// The highest high and the lowest low of the last `period` bars.
pub(super) fn extremes(work: &mut Work<'_>, period: usize) -> (Tensor<2>, Tensor<2>) {
    let highest = work.shared("highest", &[period], |work| {
        rolling::max(work.column(Column::High), period)
    });
    let lowest = work.shared("lowest", &[period], |work| {
        rolling::min(work.column(Column::Low), period)
    });
    (highest, lowest)
}

pub(super) fn middle(highest: Tensor<2>, lowest: Tensor<2>) -> Tensor<2> {
    lowest.clone() + (highest - lowest).mul_scalar(0.5)
}
