//! Patterns of three candles, and of three after one.

use super::candle::{
    Candles, Rule, all, any, body, bottom, close, equal, far, high, low, lower, near, open, stub,
    top, trace, upper,
};
use super::pattern;

pattern! {
    TWO_CROWS = "CDL2CROWS", warmup 12,
    "two crows: after a long white candle, a black one above it and a black one down into it",
    "1st long white; 2nd black, gap up; 3rd black, opens within the 2nd body, closes within the 1st: -100",
    |c| c.falling(all![
        c.white(2),
        c.long(2),
        c.black(1),
        c.gaps_up(1, 2),
        c.black(0),
        c.is(open(0).below(open(1))),
        c.is(open(0).above(close(1))),
        c.is(close(0).above(open(2))),
        c.is(close(0).below(close(2))),
    ])
}

pattern! {
    THREE_BLACK_CROWS = "CDL3BLACKCROWS", warmup 13,
    "three black crows: three black candles, each from within the last to its low",
    "white, then three black with shaved bottoms and falling closes, the first under the white one's high,\n\
     the others open within the body before: -100",
    |c| c.falling(all![
        c.white(3),
        c.black(2),
        c.black(1),
        c.black(0),
        c.is(open(1).below(open(2))),
        c.is(open(1).above(close(2))),
        c.is(open(0).below(open(1))),
        c.is(open(0).above(close(1))),
        c.is(close(2).below(high(3))),
        c.is(close(1).below(close(2))),
        c.is(close(0).below(close(1))),
        c.shaved_bottom(2),
        c.shaved_bottom(1),
        c.shaved_bottom(0),
    ])
}

pattern! {
    THREE_INSIDE = "CDL3INSIDE", warmup 12,
    "three inside: a harami, then a close beyond the long body",
    "1st long; 2nd not long, within the 1st body; 3rd of the other colour than the 1st, closes beyond its open:\n\
     100 where the 1st is black, -100 where white",
    |c| {
        let inside = all![
            c.is(top(1).below(top(2))),
            c.is(bottom(1).above(bottom(2))),
            c.long(2),
            c.not_long(1),
        ];
        c.either(
            all![c.black(2), c.white(0), c.is(close(0).above(open(2))), inside.clone()],
            all![c.white(2), c.black(0), c.is(close(0).below(open(2))), inside],
        )
    }
}

pattern! {
    THREE_OUTSIDE = "CDL3OUTSIDE", warmup 3,
    "three outside: an engulfing pattern, then a close further on",
    "the 2nd body around the 1st, of the other colour; the 3rd closes beyond the 2nd close:\n\
     100 where the 2nd is white, -100 where black",
    |c| c.either(
        all![
            c.white(1),
            c.black(2),
            c.is(close(1).above(open(2))),
            c.is(open(1).below(close(2))),
            c.is(close(0).above(close(1))),
        ],
        all![
            c.black(1),
            c.white(2),
            c.is(open(1).above(close(2))),
            c.is(close(1).below(open(2))),
            c.is(close(0).below(close(1))),
        ],
    )
}

pattern! {
    THREE_STARS_IN_SOUTH = "CDL3STARSINSOUTH", warmup 12,
    "three stars in the south: three black candles, each smaller than the last",
    "all black; 1st long, its lower shadow longer than its body; 2nd smaller, opens over the 1st close, within its bar,\n\
     low between the 1st low and close, with a lower shadow; 3rd short, shaved, within the 2nd bar: 100",
    |c| c.rising(all![
        c.black(2),
        c.black(1),
        c.black(0),
        c.long(2),
        c.is(lower(2).above(body(2))),
        c.is(body(1).below(body(2))),
        c.is(open(1).above(close(2))),
        c.is(open(1).at_most(high(2))),
        c.is(low(1).below(close(2))),
        c.is(low(1).at_least(low(2))),
        c.is(lower(1).above(trace(1))),
        c.short(0),
        c.shaved_bottom(0),
        c.shaved_top(0),
        c.is(low(0).above(low(1))),
        c.is(high(0).below(high(1))),
    ])
}

pattern! {
    THREE_WHITE_SOLDIERS = "CDL3WHITESOLDIERS", warmup 12,
    "three advancing white soldiers: three white candles, each from near the last body to its high",
    "all white with shaved tops, rising closes, each opens over the open before and within or near the body before,\n\
     no body far shorter than the one before, the 3rd longer than short: 100",
    |c| c.rising(all![
        c.white(2),
        c.shaved_top(2),
        c.white(1),
        c.shaved_top(1),
        c.white(0),
        c.shaved_top(0),
        c.is(close(0).above(close(1))),
        c.is(close(1).above(close(2))),
        c.is(open(1).above(open(2))),
        c.is(open(1).at_most(close(2).plus(near(2)))),
        c.is(open(0).above(open(1))),
        c.is(open(0).at_most(close(1).plus(near(1)))),
        c.is(body(1).above(body(2).minus(far(2)))),
        c.is(body(0).above(body(1).minus(far(1)))),
        c.long(0),
    ])
}

pattern! {
    ADVANCEBLOCK = "CDLADVANCEBLOCK", warmup 12,
    "advance block: three white candles that lose strength",
    "all white, rising closes, each opens over the open before and within or near the body before; 1st long, its upper\n\
     shadow short; and the 2nd far shorter than the 1st and the 3rd not longer than near the 2nd, or the 3rd far shorter\n\
     than the 2nd, or bodies falling and an upper shadow of 2nd or 3rd not short, or the 3rd shorter than the 2nd with\n\
     an upper shadow longer than its body: -100",
    |c| {
        let weaker = c.is(body(0).below(body(1)));
        let blocked = any![
            all![
                c.is(body(1).below(body(2).minus(far(2)))),
                c.is(body(0).below(body(1).plus(near(1)))),
            ],
            c.is(body(0).below(body(1).minus(far(1)))),
            all![
                weaker.clone(),
                c.is(body(1).below(body(2))),
                any![c.is(upper(0).above(stub(0))), c.is(upper(1).above(stub(1)))],
            ],
            all![weaker, c.is(upper(0).above(body(0)))],
        ];
        c.falling(all![
            c.white(2),
            c.white(1),
            c.white(0),
            c.is(close(0).above(close(1))),
            c.is(close(1).above(close(2))),
            c.is(open(1).above(open(2))),
            c.is(open(1).at_most(close(2).plus(near(2)))),
            c.is(open(0).above(open(1))),
            c.is(open(0).at_most(close(1).plus(near(1)))),
            c.long(2),
            c.short_shadow(upper(2)),
            blocked,
        ])
    }
}

pattern! {
    GAPSIDESIDEWHITE = "CDLGAPSIDESIDEWHITE", warmup 7,
    "gap side-by-side white lines: two like white candles beyond a gap",
    "2nd and 3rd white with a gap to the 1st body, near in size, equal opens: 100 above it, -100 below it",
    |c| {
        let alike = all![
            c.white(1),
            c.white(0),
            c.is(body(0).at_least(body(1).minus(near(1)))),
            c.is(body(0).at_most(body(1).plus(near(1)))),
            c.is(open(0).at_least(open(1).minus(equal(1)))),
            c.is(open(0).at_most(open(1).plus(equal(1)))),
        ];
        c.either(
            all![c.gaps_up(1, 2), c.gaps_up(0, 2), alike.clone()],
            all![c.gaps_down(1, 2), c.gaps_down(0, 2), alike],
        )
    }
}

pattern! {
    IDENTICAL_THREE_CROWS = "CDLIDENTICAL3CROWS", warmup 12,
    "identical three crows: three black candles, each from the close of the last to its low",
    "all black with shaved bottoms, falling closes, opens equal to the close before: -100",
    |c| c.falling(all![
        c.black(2),
        c.shaved_bottom(2),
        c.black(1),
        c.shaved_bottom(1),
        c.black(0),
        c.shaved_bottom(0),
        c.is(close(1).below(close(2))),
        c.is(close(0).below(close(1))),
        c.is(open(1).at_most(close(2).plus(equal(2)))),
        c.is(open(1).at_least(close(2).minus(equal(2)))),
        c.is(open(0).at_most(close(1).plus(equal(1)))),
        c.is(open(0).at_least(close(1).minus(equal(1)))),
    ])
}

pattern! {
    STALLEDPATTERN = "CDLSTALLEDPATTERN", warmup 12,
    "stalled pattern: two long white candles and a small one on their shoulder",
    "all white, rising closes; 1st and 2nd long, the 2nd with a shaved top, opening over the 1st open and within or near\n\
     its body; 3rd short, its open not under the 2nd close less its body, or near it: -100",
    |c| c.falling(all![
        c.white(2),
        c.white(1),
        c.white(0),
        c.is(close(0).above(close(1))),
        c.is(close(1).above(close(2))),
        c.long(2),
        c.long(1),
        c.shaved_top(1),
        c.is(open(1).above(open(2))),
        c.is(open(1).at_most(close(2).plus(near(2)))),
        c.short(0),
        c.is(open(0).at_least(close(1).without(body(0), near(1)))),
    ])
}

pattern! {
    STICKSANDWICH = "CDLSTICKSANDWICH", warmup 7,
    "stick sandwich: a white candle between two black ones with one close",
    "black, white with its low over the 1st close, black with a close equal to the 1st: 100",
    |c| c.rising(all![
        c.black(2),
        c.white(1),
        c.black(0),
        c.is(low(1).above(close(2))),
        c.is(close(0).at_most(close(2).plus(equal(2)))),
        c.is(close(0).at_least(close(2).minus(equal(2)))),
    ])
}

pattern! {
    TASUKIGAP = "CDLTASUKIGAP", warmup 7,
    "tasuki gap: a candle beyond a gap, then one of the other colour that does not close it",
    "2nd with a gap to the 1st body, white above or black below it; 3rd of the other colour, near the 2nd in size,\n\
     opens within the 2nd body, closes in the gap: 100 above, -100 below",
    |c| {
        let up = all![
            c.gaps_up(1, 2),
            c.white(1),
            c.black(0),
            c.is(open(0).below(close(1))),
            c.is(open(0).above(open(1))),
            c.is(close(0).below(open(1))),
            c.is(close(0).above(top(2))),
        ];
        let down = all![
            c.gaps_down(1, 2),
            c.black(1),
            c.white(0),
            c.is(open(0).below(open(1))),
            c.is(open(0).above(close(1))),
            c.is(close(0).above(open(1))),
            c.is(close(0).below(bottom(2))),
        ];
        let alike = c.bodies_are_alike(1, 0);
        c.either(all![up, alike.clone()], all![down, alike])
    }
}

pattern! {
    UNIQUE_THREE_RIVER = "CDLUNIQUE3RIVER", warmup 12,
    "unique three river: after a long black candle, a black one to a lower low and a small white one",
    "1st long black; 2nd black, within the 1st body, with a lower low; 3rd short white, opens over that low: 100",
    |c| c.rising(all![
        c.black(2),
        c.black(1),
        c.white(0),
        c.is(close(1).above(close(2))),
        c.is(open(1).at_most(open(2))),
        c.is(low(1).below(low(2))),
        c.is(open(0).above(low(1))),
        c.long(2),
        c.short(0),
    ])
}

pattern! {
    XSIDEGAP_THREE_METHODS = "CDLXSIDEGAP3METHODS", warmup 2,
    "upside and downside gap three methods: two candles with a gap, then one of the other colour into it",
    "1st and 2nd of one colour with a gap in its direction; 3rd of the other, opens within the 2nd body, closes within\n\
     the 1st: 100 where the 1st is white, -100 where black",
    |c| {
        let into = all![
            c.is(open(0).below(top(1))),
            c.is(open(0).above(bottom(1))),
            c.is(close(0).below(top(2))),
            c.is(close(0).above(bottom(2))),
        ];
        c.either(
            all![c.white(2), c.white(1), c.black(0), c.gaps_up(1, 2), into.clone()],
            all![c.black(2), c.black(1), c.white(0), c.gaps_down(1, 2), into],
        )
    }
}
