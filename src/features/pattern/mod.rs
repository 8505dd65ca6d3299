//! Candle patterns: TA-Lib's 61, with its default settings of what is long, short, near and equal.
//!
//! Each is one rule in the words of [`candle`], from which both the machine ([`series`]) and the tensor
//! function ([`tensor`]) are made. Values are TA-Lib's -200 to 200; a model reads hundredths of them.

#![allow(
    clippy::inline_always,
    reason = "a rule's loop becomes vector instructions only where the whole rule is in it"
)]

mod candle;
mod desk;
mod longer;
mod pair;
mod series;
mod single;
mod star;
mod tensor;
mod triple;

use crate::market::Column;

use super::declaration::{Declaration, Family, Memory, Output, Parameter, TALIB, Unit};

/// The family's indicators, in the order of listings: TA-Lib's.
pub(super) static ALL: &[&Declaration] = &[
    &triple::TWO_CROWS,
    &triple::THREE_BLACK_CROWS,
    &triple::THREE_INSIDE,
    &longer::THREE_LINE_STRIKE,
    &triple::THREE_OUTSIDE,
    &triple::THREE_STARS_IN_SOUTH,
    &triple::THREE_WHITE_SOLDIERS,
    &star::ABANDONEDBABY,
    &triple::ADVANCEBLOCK,
    &single::BELTHOLD,
    &longer::BREAKAWAY,
    &single::CLOSINGMARUBOZU,
    &longer::CONCEALBABYSWALL,
    &pair::COUNTERATTACK,
    &pair::DARKCLOUDCOVER,
    &single::DOJI,
    &pair::DOJISTAR,
    &single::DRAGONFLYDOJI,
    &pair::ENGULFING,
    &star::EVENINGDOJISTAR,
    &star::EVENINGSTAR,
    &triple::GAPSIDESIDEWHITE,
    &single::GRAVESTONEDOJI,
    &single::HAMMER,
    &single::HANGINGMAN,
    &pair::HARAMI,
    &pair::HARAMICROSS,
    &single::HIGHWAVE,
    &longer::HIKKAKE,
    &longer::HIKKAKEMOD,
    &pair::HOMINGPIGEON,
    &triple::IDENTICAL_THREE_CROWS,
    &pair::INNECK,
    &single::INVERTEDHAMMER,
    &pair::KICKING,
    &pair::KICKINGBYLENGTH,
    &longer::LADDERBOTTOM,
    &single::LONGLEGGEDDOJI,
    &single::LONGLINE,
    &single::MARUBOZU,
    &pair::MATCHINGLOW,
    &longer::MATHOLD,
    &star::MORNINGDOJISTAR,
    &star::MORNINGSTAR,
    &pair::ONNECK,
    &pair::PIERCING,
    &single::RICKSHAWMAN,
    &longer::RISEFALL_THREE_METHODS,
    &pair::SEPARATINGLINES,
    &single::SHOOTINGSTAR,
    &single::SHORTLINE,
    &single::SPINNINGTOP,
    &triple::STALLEDPATTERN,
    &triple::STICKSANDWICH,
    &single::TAKURI,
    &triple::TASUKIGAP,
    &pair::THRUSTING,
    &star::TRISTAR,
    &triple::UNIQUE_THREE_RIVER,
    &star::UPSIDEGAP_TWO_CROWS,
    &triple::XSIDEGAP_THREE_METHODS,
];

/// What all patterns have in common.
const PATTERN: Declaration = Declaration {
    family: Family::Pattern,
    inputs: &[Column::Open, Column::High, Column::Low, Column::Close],
    outputs: &[Output::only(Unit::Pattern)],
    memory_text: "the first undefined bars and one",
    degenerate: "no movement at all: 0, CDLDOJI 100; no volume: no difference",
    ..TALIB
};

/// The share of a body that a close goes into it; TA-Lib's bounds.
const fn penetration(default: f64) -> Parameter {
    Parameter::factor_in("penetration", 0.0, 3e37, default)
}

/// Declares a pattern: its rule, and everything else that a declaration needs.
macro_rules! pattern {
    (
        $static:ident = $name:literal, warmup $warmup:literal $(, penetration $default:literal)? $(, confirmed $confirmed:literal)?,
        $summary:literal, $formula:literal,
        |$candles:ident $(, $penetration:ident)?| $score:expr
    ) => {
        pub(super) static $static: crate::features::declaration::Declaration = {
            struct This;

            impl Rule for This {
                const CONFIRMED: bool = false $(|| $confirmed)?;

                #[inline(always)]
                fn score<C: Candles>($candles: &C, penetration: f64) -> C::Score {
                    let _ = penetration;
                    $(let $penetration = penetration;)?
                    $score
                }
            }

            crate::features::declaration::Declaration {
                name: $name,
                summary: $summary,
                parameters: &[$(super::penetration($default))?],
                warmup_text: stringify!($warmup),
                warmup: |_, _| $warmup,
                memory: |_, _| super::Memory::Finite($warmup + 1),
                formula: concat!(
                    $formula,
                    "\nelse 0; bodies, shadows and gaps between bodies; 1st is the oldest\n\
                     long, short: a body over, under the mean body of the 10 bars before; white: close >= open\n\
                     doji, shaved: a body, a shadow of at most 0.1 means of high - low over 10 bars before\n\
                     short shadow: under half the mean of both shadows over 10 bars before\n\
                     near, far, equal: within 0.2, beyond 0.6, within 0.05 means of high - low over 5 bars before"
                ),
                source: concat!("TA-Lib 0.8.1, ", $name),
                compute: |work, p, _| {
                    let penetration = p.values().first().copied().unwrap_or(0.0);
                    super::tensor::score::<This>(work, penetration)
                },
                machine: |p| {
                    let penetration = p.values().first().copied().unwrap_or(0.0);
                    super::series::machine::<This>($warmup, penetration)
                },
                ..super::PATTERN
            }
        };
    };
}

use pattern;
