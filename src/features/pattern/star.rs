//! Patterns of three candles whose second stands off.

use super::candle::{At, Candles, Rule, all, body, bottom, close, high, low, open, tiny, top};
use super::pattern;

pattern! {
    ABANDONEDBABY = "CDLABANDONEDBABY", warmup 12, penetration 0.3,
    "abandoned baby: a doji with gaps between its bar and both neighbours",
    "1st long; 2nd doji beyond the 1st bar; 3rd longer than short, of the other colour, its bar back beyond the 2nd,\n\
     closes more than penetration of the 1st body inside it: 100 where the 3rd is white, -100 where black",
    |c, penetration| {
        let off = all![c.long(2), c.doji(1), c.long(0)];
        c.either(
            all![
                c.black(2),
                c.white(0),
                c.is(close(0).above(close(2).higher_by(penetration, body(2)))),
                c.is(high(1).below(low(2))),
                c.is(low(0).above(high(1))),
                off.clone(),
            ],
            all![
                c.white(2),
                c.black(0),
                c.is(close(0).below(close(2).lower_by(penetration, body(2)))),
                c.is(low(1).above(high(2))),
                c.is(high(0).below(low(1))),
                off,
            ],
        )
    }
}

pattern! {
    EVENINGDOJISTAR = "CDLEVENINGDOJISTAR", warmup 12, penetration 0.3,
    "evening doji star: a doji above a long white candle, then black deep into it",
    "1st long white; 2nd doji, gap up; 3rd black, longer than short, closes more than penetration of the 1st body\n\
     under its close: -100",
    |c, penetration| {
        let star = c.doji(1);
        c.falling(evening(c, penetration, star))
    }
}

pattern! {
    EVENINGSTAR = "CDLEVENINGSTAR", warmup 12, penetration 0.3,
    "evening star: a small body above a long white candle, then black deep into it",
    "1st long white; 2nd not long, gap up; 3rd black, longer than short, closes more than penetration of the 1st body\n\
     under its close: -100",
    |c, penetration| {
        let star = c.not_long(1);
        c.falling(evening(c, penetration, star))
    }
}

pattern! {
    MORNINGDOJISTAR = "CDLMORNINGDOJISTAR", warmup 12, penetration 0.3,
    "morning doji star: a doji below a long black candle, then white deep into it",
    "1st long black; 2nd doji, gap down; 3rd white, longer than short, closes more than penetration of the 1st body\n\
     over its close: 100",
    |c, penetration| {
        let star = c.doji(1);
        c.rising(morning(c, penetration, star))
    }
}

pattern! {
    MORNINGSTAR = "CDLMORNINGSTAR", warmup 12, penetration 0.3,
    "morning star: a small body below a long black candle, then white deep into it",
    "1st long black; 2nd not long, gap down; 3rd white, longer than short, closes more than penetration of the 1st body\n\
     over its close: 100",
    |c, penetration| {
        let star = c.not_long(1);
        c.rising(morning(c, penetration, star))
    }
}

pattern! {
    TRISTAR = "CDLTRISTAR", warmup 12,
    "tristar: three doji, the middle one off",
    "three bodies of at most a doji's before the 1st; 2nd gap down, the 3rd bottom over its bottom: 100;\n\
     2nd gap up, the 3rd top under its top: -100",
    |c| {
        let doji = |at: At| c.is(at.at_most(tiny(2)));
        let three = all![doji(body(2)), doji(body(1)), doji(body(0))];
        c.either(
            all![c.gaps_down(1, 2), c.is(bottom(0).above(bottom(1))), three.clone()],
            all![c.gaps_up(1, 2), c.is(top(0).below(top(1))), three],
        )
    }
}

pattern! {
    UPSIDEGAP_TWO_CROWS = "CDLUPSIDEGAP2CROWS", warmup 12,
    "upside gap two crows: two black candles above a long white one, the second around the first",
    "1st long white; 2nd not long, black, gap up; 3rd black, its body around the 2nd, closes over the 1st close: -100",
    |c| c.falling(all![
        c.white(2),
        c.long(2),
        c.black(1),
        c.not_long(1),
        c.gaps_up(1, 2),
        c.black(0),
        c.is(open(0).above(open(1))),
        c.is(close(0).below(close(1))),
        c.is(close(0).above(close(2))),
    ])
}

#[inline(always)]
fn evening<C: Candles>(c: &C, penetration: f64, star: C::Truth) -> C::Truth {
    all![
        c.white(2),
        c.black(0),
        c.gaps_up(1, 2),
        c.is(close(0).below(close(2).lower_by(penetration, body(2)))),
        c.long(2),
        star,
        c.long(0),
    ]
}

#[inline(always)]
fn morning<C: Candles>(c: &C, penetration: f64, star: C::Truth) -> C::Truth {
    all![
        c.black(2),
        c.white(0),
        c.gaps_down(1, 2),
        c.is(close(0).above(close(2).higher_by(penetration, body(2)))),
        c.long(2),
        star,
        c.long(0),
    ]
}
