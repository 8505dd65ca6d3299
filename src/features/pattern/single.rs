//! Patterns of one candle.

use super::candle::{Candles, Rule, all, any, body, bottom, high, low, lower, near, trace, upper};
use super::pattern;

pattern! {
    BELTHOLD = "CDLBELTHOLD", warmup 10,
    "belt hold: a long body that opens at its end of the bar",
    "long; white with a shaved bottom: 100; black with a shaved top: -100",
    |c| {
        let white = all![c.long(0), c.white(0), c.shaved_bottom(0)];
        let black = all![c.long(0), c.black(0), c.shaved_top(0)];
        c.either(white, black)
    }
}

pattern! {
    CLOSINGMARUBOZU = "CDLCLOSINGMARUBOZU", warmup 10,
    "closing marubozu: a long body that closes at its end of the bar",
    "long; white with a shaved top: 100; black with a shaved bottom: -100",
    |c| {
        let white = all![c.long(0), c.white(0), c.shaved_top(0)];
        let black = all![c.long(0), c.black(0), c.shaved_bottom(0)];
        c.either(white, black)
    }
}

pattern! {
    DOJI = "CDLDOJI", warmup 10,
    "doji: open and close nearly equal",
    "doji: 100 (also where nothing moves)",
    |c| c.rising(c.doji(0))
}

pattern! {
    DRAGONFLYDOJI = "CDLDRAGONFLYDOJI", warmup 10,
    "dragonfly doji: open and close at the top of the bar",
    "doji with a shaved top and a lower shadow: 100",
    |c| c.rising(all![c.doji(0), c.shaved_top(0), c.is(lower(0).above(trace(0)))])
}

pattern! {
    GRAVESTONEDOJI = "CDLGRAVESTONEDOJI", warmup 10,
    "gravestone doji: open and close at the bottom of the bar",
    "doji with a shaved bottom and an upper shadow: 100",
    |c| c.rising(all![c.doji(0), c.shaved_bottom(0), c.is(upper(0).above(trace(0)))])
}

pattern! {
    HIGHWAVE = "CDLHIGHWAVE", warmup 10,
    "high wave: a short body between very long shadows",
    "short, both shadows over 2 bodies: 100 where white, -100 where black",
    |c| c.coloured(0, all![
        c.short(0),
        c.is(upper(0).above(body(0).times(2.0))),
        c.is(lower(0).above(body(0).times(2.0))),
    ])
}

pattern! {
    LONGLEGGEDDOJI = "CDLLONGLEGGEDDOJI", warmup 10,
    "long legged doji: a doji with a long shadow",
    "doji, a shadow longer than the body: 100",
    |c| {
        let long = any![c.is(lower(0).above(body(0))), c.is(upper(0).above(body(0)))];
        c.rising(all![c.doji(0), long])
    }
}

pattern! {
    LONGLINE = "CDLLONGLINE", warmup 10,
    "long line candle: a long body with short shadows",
    "long, both shadows short: 100 where white, -100 where black",
    |c| c.coloured(0, all![c.long(0), c.short_shadow(upper(0)), c.short_shadow(lower(0))])
}

pattern! {
    MARUBOZU = "CDLMARUBOZU", warmup 10,
    "marubozu: a long body without shadows",
    "long, shaved top and bottom: 100 where white, -100 where black",
    |c| c.coloured(0, all![c.long(0), c.shaved_top(0), c.shaved_bottom(0)])
}

pattern! {
    RICKSHAWMAN = "CDLRICKSHAWMAN", warmup 10,
    "rickshaw man: a doji in the middle of two long shadows",
    "doji, both shadows longer than the body, the body near (high + low) / 2: 100",
    |c| c.rising(all![
        c.doji(0),
        c.is(lower(0).above(body(0))),
        c.is(upper(0).above(body(0))),
        c.body_is_near_middle(),
    ])
}

pattern! {
    SHORTLINE = "CDLSHORTLINE", warmup 10,
    "short line candle: a short body with short shadows",
    "short, both shadows short: 100 where white, -100 where black",
    |c| c.coloured(0, all![c.short(0), c.short_shadow(upper(0)), c.short_shadow(lower(0))])
}

pattern! {
    SPINNINGTOP = "CDLSPINNINGTOP", warmup 10,
    "spinning top: a short body between longer shadows",
    "short, both shadows longer than the body: 100 where white, -100 where black",
    |c| c.coloured(0, all![
        c.short(0),
        c.is(upper(0).above(body(0))),
        c.is(lower(0).above(body(0))),
    ])
}

pattern! {
    TAKURI = "CDLTAKURI", warmup 10,
    "takuri: a dragonfly doji with a very long lower shadow",
    "doji with a shaved top, the lower shadow over 2 bodies: 100",
    |c| c.rising(all![
        c.doji(0),
        c.shaved_top(0),
        c.is(lower(0).above(body(0).times(2.0))),
    ])
}

pattern! {
    HAMMER = "CDLHAMMER", warmup 11,
    "hammer: a small body over a long lower shadow, near the low before",
    "short with a shaved top, the lower shadow longer than the body,\n\
     the body's bottom not over the low before, or near it: 100",
    |c| c.rising(all![
        c.short(0),
        c.is(lower(0).above(body(0))),
        c.shaved_top(0),
        c.is(bottom(0).at_most(low(1).plus(near(1)))),
    ])
}

pattern! {
    HANGINGMAN = "CDLHANGINGMAN", warmup 11,
    "hanging man: a small body over a long lower shadow, near the high before",
    "short with a shaved top, the lower shadow longer than the body,\n\
     the body's bottom not under the high before, or near it: -100",
    |c| c.falling(all![
        c.short(0),
        c.is(lower(0).above(body(0))),
        c.shaved_top(0),
        c.is(bottom(0).at_least(high(1).minus(near(1)))),
    ])
}

pattern! {
    INVERTEDHAMMER = "CDLINVERTEDHAMMER", warmup 11,
    "inverted hammer: a small body under a long upper shadow, below the body before",
    "gap down, short with a shaved bottom, the upper shadow longer than the body: 100",
    |c| c.rising(all![
        c.gaps_down(0, 1),
        c.short(0),
        c.is(upper(0).above(body(0))),
        c.shaved_bottom(0),
    ])
}

pattern! {
    SHOOTINGSTAR = "CDLSHOOTINGSTAR", warmup 11,
    "shooting star: a small body under a long upper shadow, above the body before",
    "gap up, short with a shaved bottom, the upper shadow longer than the body: -100",
    |c| c.falling(all![
        c.gaps_up(0, 1),
        c.short(0),
        c.is(upper(0).above(body(0))),
        c.shaved_bottom(0),
    ])
}
