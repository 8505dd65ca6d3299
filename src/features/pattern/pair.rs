//! Patterns of two candles.

use super::candle::{
    At, Candles, Rule, all, any, body, bottom, close, equal, high, low, open, top,
};
use super::pattern;

pattern! {
    COUNTERATTACK = "CDLCOUNTERATTACK", warmup 11,
    "counterattack: two long bodies of opposite colour with one close",
    "1st and 2nd long, of opposite colour, equal closes: 100 where the 2nd is white, else -100",
    |c| {
        let met = all![
            c.long(1),
            c.long(0),
            c.is(close(0).at_most(close(1).plus(equal(1)))),
            c.is(close(0).at_least(close(1).minus(equal(1)))),
        ];
        c.either(all![c.black(1), c.white(0), met.clone()], all![c.white(1), c.black(0), met])
    }
}

pattern! {
    DARKCLOUDCOVER = "CDLDARKCLOUDCOVER", warmup 11, penetration 0.5,
    "dark cloud cover: opens above a long white candle, closes deep in it",
    "1st long white; 2nd black, opens over the high, closes within the 1st body,\n\
     more than penetration of it under its close: -100",
    |c, penetration| c.falling(all![
        c.white(1),
        c.long(1),
        c.black(0),
        c.is(open(0).above(high(1))),
        c.is(close(0).above(open(1))),
        c.is(close(0).below(close(1).lower_by(penetration, body(1)))),
    ])
}

pattern! {
    DOJISTAR = "CDLDOJISTAR", warmup 11,
    "doji star: a doji beyond a long body",
    "1st long; 2nd doji; 1st black, gap down: 100; 1st white, gap up: -100",
    |c| {
        let star = all![c.long(1), c.doji(0)];
        c.either(
            all![c.black(1), c.gaps_down(0, 1), star.clone()],
            all![c.white(1), c.gaps_up(0, 1), star],
        )
    }
}

pattern! {
    ENGULFING = "CDLENGULFING", warmup 2,
    "engulfing: a body around a body of opposite colour",
    "the 2nd body, of the other colour, around the 1st: 100 where white, -100 where black;\n\
     80 and -80 where one end is the same",
    |c| {
        let around = |outer_top, outer_bottom, inner_top, inner_bottom| {
            all![outer_top, outer_bottom, any![inner_top, inner_bottom]]
        };
        // Of a white body the close is the top, of a black one the open.
        let rising = all![c.white(0), c.black(1), around(
            c.is(close(0).at_least(open(1))),
            c.is(open(0).at_most(close(1))),
            c.is(close(0).above(open(1))),
            c.is(open(0).below(close(1))),
        )];
        let falling = all![c.black(0), c.white(1), around(
            c.is(open(0).at_least(close(1))),
            c.is(close(0).at_most(open(1))),
            c.is(open(0).above(close(1))),
            c.is(close(0).below(open(1))),
        )];
        let same = any![equals(c, open(0), close(1)), equals(c, close(0), open(1))];
        graded(c, rising, falling, same)
    }
}

pattern! {
    HARAMI = "CDLHARAMI", warmup 11,
    "harami: a short body within a long one",
    "1st long, 2nd not long and within the 1st body: 100 where the 1st is black, -100 where white;\n\
     80 and -80 where one end is the same",
    |c| {
        let inner = all![c.long(1), c.not_long(0)];
        within(c, inner)
    }
}

pattern! {
    HARAMICROSS = "CDLHARAMICROSS", warmup 11,
    "harami cross: a doji within a long body",
    "1st long, 2nd doji and within the 1st body: 100 where the 1st is black, -100 where white;\n\
     80 and -80 where one end is the same",
    |c| {
        let inner = all![c.long(1), c.doji(0)];
        within(c, inner)
    }
}

pattern! {
    HOMINGPIGEON = "CDLHOMINGPIGEON", warmup 11,
    "homing pigeon: a short black body within a long black one",
    "1st long black; 2nd not long, black, within the 1st body: 100",
    |c| c.rising(all![
        c.black(1),
        c.black(0),
        c.long(1),
        c.not_long(0),
        c.is(open(0).below(open(1))),
        c.is(close(0).above(close(1))),
    ])
}

pattern! {
    INNECK = "CDLINNECK", warmup 11,
    "in neck: after a long black candle, white from below to just its close",
    "1st long black; 2nd white, opens under the low, closes at the 1st close or equal to it from above: -100",
    |c| c.falling(all![
        c.black(1),
        c.long(1),
        c.white(0),
        c.is(open(0).below(low(1))),
        c.is(close(0).at_most(close(1).plus(equal(1)))),
        c.is(close(0).at_least(close(1))),
    ])
}

pattern! {
    KICKING = "CDLKICKING", warmup 11,
    "kicking: a marubozu, then one of the other colour beyond it",
    "two marubozu of opposite colour with a gap between their bars: 100 where the 2nd is white, else -100",
    |c| {
        let [up, down] = kick(c);
        c.either(up, down)
    }
}

pattern! {
    KICKINGBYLENGTH = "CDLKICKINGBYLENGTH", warmup 11,
    "kicking by length: as kicking, but the longer marubozu decides",
    "as CDLKICKING; 100 where the longer body is white, else -100",
    |c| {
        let [up, down] = kick(c);
        let newer = c.is(body(0).above(body(1)));
        let older = C::not(newer.clone());
        c.either(
            any![all![up.clone(), newer.clone()], all![down.clone(), older.clone()]],
            any![all![down, newer], all![up, older]],
        )
    }
}

pattern! {
    MATCHINGLOW = "CDLMATCHINGLOW", warmup 6,
    "matching low: two black candles with one close",
    "both black, equal closes: 100",
    |c| c.rising(all![
        c.black(1),
        c.black(0),
        c.is(close(0).at_most(close(1).plus(equal(1)))),
        c.is(close(0).at_least(close(1).minus(equal(1)))),
    ])
}

pattern! {
    ONNECK = "CDLONNECK", warmup 11,
    "on neck: after a long black candle, white from below to just its low",
    "1st long black; 2nd white, opens under the low, closes equal to the low: -100",
    |c| c.falling(all![
        c.black(1),
        c.long(1),
        c.white(0),
        c.is(open(0).below(low(1))),
        c.is(close(0).at_most(low(1).plus(equal(1)))),
        c.is(close(0).at_least(low(1).minus(equal(1)))),
    ])
}

pattern! {
    PIERCING = "CDLPIERCING", warmup 11,
    "piercing: after a long black candle, a long white one from below to over its middle",
    "1st long black; 2nd long white, opens under the low, closes within the body over its middle: 100",
    |c| c.rising(all![
        c.black(1),
        c.long(1),
        c.white(0),
        c.long(0),
        c.is(open(0).below(low(1))),
        c.is(close(0).below(open(1))),
        c.is(close(0).above(close(1).higher_by(0.5, body(1)))),
    ])
}

pattern! {
    SEPARATINGLINES = "CDLSEPARATINGLINES", warmup 11,
    "separating lines: from one open, opposite colours, the second a belt hold",
    "opposite colours, equal opens, 2nd long; white with a shaved bottom: 100; black with a shaved top: -100",
    |c| {
        let parted = all![
            c.is(open(0).at_most(open(1).plus(equal(1)))),
            c.is(open(0).at_least(open(1).minus(equal(1)))),
            c.long(0),
        ];
        c.either(
            all![c.black(1), c.white(0), c.shaved_bottom(0), parted.clone()],
            all![c.white(1), c.black(0), c.shaved_top(0), parted],
        )
    }
}

pattern! {
    THRUSTING = "CDLTHRUSTING", warmup 11,
    "thrusting: after a long black candle, white from below to under its middle",
    "1st long black; 2nd white, opens under the low, closes over what equals the 1st close,\n\
     at most in the middle of the 1st body: -100",
    |c| c.falling(all![
        c.black(1),
        c.long(1),
        c.white(0),
        c.is(open(0).below(low(1))),
        c.is(close(0).above(close(1).plus(equal(1)))),
        c.is(close(0).at_most(close(1).higher_by(0.5, body(1)))),
    ])
}

#[inline(always)]
fn equals<C: Candles>(c: &C, a: At, b: At) -> C::Truth {
    all![c.is(a.at_least(b)), c.is(a.at_most(b))]
}

/// 100 or -100, 80 or -80 where one end of the bodies is the same.
#[inline(always)]
fn graded<C: Candles>(c: &C, rising: C::Truth, falling: C::Truth, same: C::Truth) -> C::Score {
    let apart = C::not(same.clone());
    c.score([
        (100.0, all![rising.clone(), apart.clone()]),
        (-100.0, all![falling.clone(), apart]),
        (80.0, all![rising, same.clone()]),
        (-80.0, all![falling, same]),
    ])
}

/// The 2nd body within the 1st, where `inner` holds.
#[inline(always)]
fn within<C: Candles>(c: &C, inner: C::Truth) -> C::Score {
    let inner = all![
        inner,
        c.is(top(0).at_most(top(1))),
        c.is(bottom(0).at_least(bottom(1))),
    ];
    let same = any![equals(c, top(0), top(1)), equals(c, bottom(0), bottom(1))];
    graded(
        c,
        all![c.black(1), inner.clone()],
        all![c.white(1), inner],
        same,
    )
}

/// Two marubozu of opposite colour, the second beyond the first: upwards, downwards.
#[inline(always)]
fn kick<C: Candles>(c: &C) -> [C::Truth; 2] {
    let shaved = all![
        c.long(1),
        c.shaved_top(1),
        c.shaved_bottom(1),
        c.long(0),
        c.shaved_top(0),
        c.shaved_bottom(0),
    ];
    [
        all![
            c.black(1),
            c.white(0),
            c.is(low(0).above(high(1))),
            shaved.clone()
        ],
        all![c.white(1), c.black(0), c.is(high(0).below(low(1))), shaved],
    ]
}
