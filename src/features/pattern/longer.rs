//! Patterns of four and five candles.

use super::candle::{
    Candles, Rule, all, body, bottom, close, high, low, near, open, top, trace, upper,
};
use super::pattern;

pattern! {
    THREE_LINE_STRIKE = "CDL3LINESTRIKE", warmup 8,
    "three-line strike: three candles of one colour, then one back over all of them",
    "three of one colour, 2nd and 3rd open within or near the body before, closes on and on; 4th of the other colour,\n\
     opens beyond the 3rd close, closes beyond the 1st open: 100 where the three are white, -100 where black",
    |c| {
        let opens = all![
            c.is(open(2).at_least(bottom(3).minus(near(3)))),
            c.is(open(2).at_most(top(3).plus(near(3)))),
            c.is(open(1).at_least(bottom(2).minus(near(2)))),
            c.is(open(1).at_most(top(2).plus(near(2)))),
        ];
        c.either(
            all![
                c.white(3),
                c.white(2),
                c.white(1),
                c.black(0),
                c.is(close(1).above(close(2))),
                c.is(close(2).above(close(3))),
                c.is(open(0).above(close(1))),
                c.is(close(0).below(open(3))),
                opens.clone(),
            ],
            all![
                c.black(3),
                c.black(2),
                c.black(1),
                c.white(0),
                c.is(close(1).below(close(2))),
                c.is(close(2).below(close(3))),
                c.is(open(0).below(close(1))),
                c.is(close(0).above(open(3))),
                opens,
            ],
        )
    }
}

pattern! {
    BREAKAWAY = "CDLBREAKAWAY", warmup 14,
    "breakaway: a move that starts with a gap, then a candle back into the gap",
    "1st long; 2nd and 4th of its colour, 5th of the other; the 2nd body beyond the 1st; 3rd and 4th with highs and lows\n\
     further on; the 5th closes in the gap: 100 where the 1st is black, -100 where white",
    |c| c.either(
        all![
            c.black(4),
            c.black(3),
            c.black(1),
            c.white(0),
            c.long(4),
            c.gaps_down(3, 4),
            c.is(high(2).below(high(3))),
            c.is(low(2).below(low(3))),
            c.is(high(1).below(high(2))),
            c.is(low(1).below(low(2))),
            c.is(close(0).above(open(3))),
            c.is(close(0).below(close(4))),
        ],
        all![
            c.white(4),
            c.white(3),
            c.white(1),
            c.black(0),
            c.long(4),
            c.gaps_up(3, 4),
            c.is(high(2).above(high(3))),
            c.is(low(2).above(low(3))),
            c.is(high(1).above(high(2))),
            c.is(low(1).above(low(2))),
            c.is(close(0).below(open(3))),
            c.is(close(0).above(close(4))),
        ],
    )
}

pattern! {
    CONCEALBABYSWALL = "CDLCONCEALBABYSWALL", warmup 13,
    "concealing baby swallow: two black marubozu, a black candle with an upper shadow, a black one around it",
    "all black; 1st and 2nd shaved top and bottom; 3rd gap down, its upper shadow into the 2nd body;\n\
     the 4th bar around the 3rd: 100",
    |c| c.rising(all![
        c.black(3),
        c.black(2),
        c.black(1),
        c.black(0),
        c.shaved_bottom(3),
        c.shaved_top(3),
        c.shaved_bottom(2),
        c.shaved_top(2),
        c.gaps_down(1, 2),
        c.is(upper(1).above(trace(1))),
        c.is(high(1).above(close(2))),
        c.is(high(0).above(high(1))),
        c.is(low(0).below(low(1))),
    ])
}

pattern! {
    LADDERBOTTOM = "CDLLADDERBOTTOM", warmup 14,
    "ladder bottom: three falling black candles, a black one with an upper shadow, a white one above",
    "three black with falling opens and closes; 4th black with an upper shadow; 5th white, opens over the 4th open,\n\
     closes over its high: 100",
    |c| c.rising(all![
        c.black(4),
        c.black(3),
        c.black(2),
        c.is(open(3).below(open(4))),
        c.is(open(2).below(open(3))),
        c.is(close(3).below(close(4))),
        c.is(close(2).below(close(3))),
        c.black(1),
        c.is(upper(1).above(trace(1))),
        c.white(0),
        c.is(open(0).above(open(1))),
        c.is(close(0).above(high(1))),
    ])
}

pattern! {
    MATHOLD = "CDLMATHOLD", warmup 14, penetration 0.5,
    "mat hold: a long white candle, three small ones that hold, a white one above them",
    "1st long white; 2nd short black, gap up; 3rd and 4th short, falling, bottoms under the 1st close by less than\n\
     penetration of its body; 5th white, opens over the 4th close, closes over the highs of 2nd to 4th: 100",
    |c, penetration| c.rising(all![
        c.white(4),
        c.black(3),
        c.white(0),
        c.gaps_up(3, 4),
        c.is(bottom(2).below(close(4))),
        c.is(bottom(1).below(close(4))),
        c.is(bottom(2).above(close(4).lower_by(penetration, body(4)))),
        c.is(bottom(1).above(close(4).lower_by(penetration, body(4)))),
        c.is(top(2).below(open(3))),
        c.is(top(1).below(top(2))),
        c.is(open(0).above(close(1))),
        c.is(close(0).above(high(3))),
        c.is(close(0).above(high(2))),
        c.is(close(0).above(high(1))),
        c.long(4),
        c.short(3),
        c.short(2),
        c.short(1),
    ])
}

pattern! {
    RISEFALL_THREE_METHODS = "CDLRISEFALL3METHODS", warmup 14,
    "rising and falling three methods: a long candle, three small ones against it, a long one on",
    "1st and 5th long of one colour; 2nd to 4th short of the other, their bodies partly in the 1st bar, closes on and on;\n\
     5th opens back beyond the 4th close, closes beyond the 1st close: 100 where the 1st is white, -100 where black",
    |c| {
        let held = all![
            c.is(bottom(3).below(high(4))),
            c.is(top(3).above(low(4))),
            c.is(bottom(2).below(high(4))),
            c.is(top(2).above(low(4))),
            c.is(bottom(1).below(high(4))),
            c.is(top(1).above(low(4))),
            c.long(4),
            c.short(3),
            c.short(2),
            c.short(1),
            c.long(0),
        ];
        c.either(
            all![
                c.white(4),
                c.black(3),
                c.black(2),
                c.black(1),
                c.white(0),
                c.is(close(2).below(close(3))),
                c.is(close(1).below(close(2))),
                c.is(open(0).above(close(1))),
                c.is(close(0).above(close(4))),
                held.clone(),
            ],
            all![
                c.black(4),
                c.white(3),
                c.white(2),
                c.white(1),
                c.black(0),
                c.is(close(2).above(close(3))),
                c.is(close(1).above(close(2))),
                c.is(open(0).below(close(1))),
                c.is(close(0).below(close(4))),
                held,
            ],
        )
    }
}

pattern! {
    HIKKAKE = "CDLHIKKAKE", warmup 5, confirmed true,
    "hikkake: an inside bar and a bar out of it, then perhaps a close back out of the other side",
    "2nd bar within the 1st; 3rd with a lower high and low: 100; with a higher high and low: -100;\n\
     the first of the next three to close over the 2nd high: 200; under the 2nd low: -200; unless a new one comes before",
    |c| {
        let inside = all![c.is(high(1).below(high(2))), c.is(low(1).above(low(2)))];
        c.either(
            all![inside.clone(), c.is(high(0).below(high(1))), c.is(low(0).below(low(1)))],
            all![inside, c.is(high(0).above(high(1))), c.is(low(0).above(low(1)))],
        )
    }
}

pattern! {
    HIKKAKEMOD = "CDLHIKKAKEMOD", warmup 10, confirmed true,
    "modified hikkake: two inside bars, the first closing near its end, and a bar out of them",
    "2nd bar within the 1st, 3rd within the 2nd; 4th with a lower high and low, the 2nd close near its low: 100;\n\
     with a higher high and low, the 2nd close near its high: -100; the first of the next three to close over the 3rd\n\
     high: 200; under the 3rd low: -200; unless a new one comes before",
    |c| {
        let inside = all![
            c.is(high(2).below(high(3))),
            c.is(low(2).above(low(3))),
            c.is(high(1).below(high(2))),
            c.is(low(1).above(low(2))),
        ];
        c.either(
            all![
                inside.clone(),
                c.is(high(0).below(high(1))),
                c.is(low(0).below(low(1))),
                c.is(close(2).at_most(low(2).plus(near(2)))),
            ],
            all![
                inside,
                c.is(high(0).above(high(1))),
                c.is(low(0).above(low(1))),
                c.is(close(2).at_least(high(2).minus(near(2)))),
            ],
        )
    }
}
