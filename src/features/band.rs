//! Bands around the price.

use crate::market::Column;
use crate::ops::rolling;

use super::average::{bars_to_forget, weight};
use super::average_kind::AverageKind;
use super::averaging::Line;
use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::overlap as machines;
use super::overlap::{extremes, middle};

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&ACCBANDS, &DONCHIAN, &KC];

/// What bands have in common.
const BANDS: Declaration = Declaration {
    family: Family::Volatility,
    inputs: &[Column::High, Column::Low, Column::Close],
    outputs: &[
        Output::named("UPPERBAND", Unit::Price),
        Output::named("MIDDLEBAND", Unit::Price),
        Output::named("LOWERBAND", Unit::Price),
    ],
    scaling: Scaling::WithPrice,
    degenerate: "flat prices: all three at the price",
    ..TALIB
};

static ACCBANDS: Declaration = Declaration {
    name: "ACCBANDS",
    summary: "acceleration bands: means of highs and lows, moved apart by the bars' ranges",
    parameters: &[Parameter::bars("period", 2, 20)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    formula: "w = 4 (high - low) / (high + low)\n\
              means over the last period bars of high (1 + w), close and low (1 - w)",
    source: "Headley (2002); TA-Lib 0.8.1, ACCBANDS",
    compute: |work, p, output| {
        let (high, low) = (work.column(Column::High), work.column(Column::Low));
        let widening = (high.clone() - low.clone()).mul_scalar(4.0) / (high.clone() + low.clone());
        let value = match output {
            0 => high.clone() + high * widening,
            1 => work.close(),
            _ => low.clone() - low * widening,
        };
        rolling::mean(value, p.bars(0))
    },
    machine: machines::accbands,
    ..BANDS
};

static DONCHIAN: Declaration = Declaration {
    name: "DONCHIAN",
    summary: "Donchian's channel: highest high, lowest low and their middle",
    inputs: &[Column::High, Column::Low],
    parameters: &[Parameter::bars("period", 2, 20)],
    warmup_text: "period - 1",
    warmup: |p, _| p.bars(0) - 1,
    memory_text: "period",
    memory: |p, _| Memory::Finite(p.bars(0)),
    formula: "upper = highest high, lower = lowest low of the last period bars; middle = their mean",
    source: "TA-Lib 0.8.1, DONCHIAN",
    compute: |work, p, output| {
        let (highest, lowest) = extremes(work, p.bars(0));
        match output {
            0 => highest,
            1 => middle(highest, lowest),
            _ => lowest,
        }
    },
    machine: machines::donchian,
    ..BANDS
};

static KC: Declaration = Declaration {
    name: "KC",
    summary: "Keltner's channel: an exponential average of the typical price and true ranges around it",
    parameters: &[
        Parameter::bars("period", 2, 20),
        Parameter::bars("atrperiod", 1, 10),
        Parameter::factor("nbdev", 2.0),
    ],
    warmup_text: "the greater of period - 1 and atrperiod",
    warmup: |p, _| channel_begin(p),
    memory_text: "warm-up + 1 + the longer of ln(1000) / -ln(1 - w), w = 2 / (period + 1) and 1 / atrperiod",
    memory: |p, _| {
        let forgotten = bars_to_forget(weight(p.bars(0)));
        let ranges_forgotten = bars_to_forget(1.0 / p.bars(1) as f64);
        Memory::Infinite(channel_begin(p) + 1 + forgotten.max(ranges_forgotten))
    },
    formula: "middle = EMA over period of (high + low + close) / 3; atr = ATR over atrperiod, both seeded\n\
              on the first defined bar\n\
              upper = middle + nbdev atr; lower = middle - nbdev atr",
    source: "Keltner (1960), Chester; TA-Lib 0.8.1, KC",
    compute: |work, p, output| {
        let (period, ranges, begin) = (p.bars(0), p.bars(1), channel_begin(p));
        let middle = work.shared("keltner_middle", &[period, begin], |work| {
            let typical = Line::new(work.typical_price(), begin + 1 - period);
            typical
                .average(work, AverageKind::Exponential, period)
                .value
        });
        if output == 1 {
            return middle;
        }
        let width = work.shared("keltner_width", &[ranges, begin], |work| {
            let range = work.true_range();
            work.smooth(range, ranges, 1.0 / ranges as f64, begin)
        });
        let width = width.mul_scalar(p.factor(2) as f32);
        if output == 0 {
            middle + width
        } else {
            middle - width
        }
    },
    machine: machines::kc,
    ..BANDS
};

/// First bar of Keltner's channel: both averages are there.
fn channel_begin(parameters: &Parameters) -> usize {
    (parameters.bars(0) - 1).max(parameters.bars(1))
}
