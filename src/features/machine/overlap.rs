//! The machines of averages and bands.

use super::Machine;
use super::average::{Average, Chain, Hull, Kaufman, Tillson, Triangular, ZeroLag, double, triple};
use super::parts::{Maximum, Mean, Minimum, Moments, Smooth, Sum, TrueRange, Weighted};
use crate::features::average_kind::{AverageKind, together};
use crate::features::declaration::Parameters;

/// The machine of an average of the close that `part` makes.
macro_rules! of_close {
    ($part:expr, $next:expr) => {{
        let mut part = $part;
        Machine::new(move |bar| [$next(&mut part, bar.close)])
    }};
}

pub(in crate::features) fn wma(p: &Parameters) -> Machine {
    of_close!(Weighted::new(p.bars(0)), Weighted::next).rejoining_every(p.bars(0))
}

pub(in crate::features) fn dema(p: &Parameters) -> Machine {
    of_close!(
        Chain::<2>::new(p.bars(0)),
        |chain: &mut Chain<2>, x| double(chain.next(x))
    )
}

pub(in crate::features) fn tema(p: &Parameters) -> Machine {
    of_close!(
        Chain::<3>::new(p.bars(0)),
        |chain: &mut Chain<3>, x| triple(chain.next(x))
    )
}

pub(in crate::features) fn trima(p: &Parameters) -> Machine {
    of_close!(Triangular::new(p.bars(0)), Triangular::next)
}

pub(in crate::features) fn kama(p: &Parameters) -> Machine {
    if p.bars(0) == 1 {
        return Machine::new(|bar| [bar.close]);
    }
    of_close!(Kaufman::new(p.bars(0)), Kaufman::next)
}

pub(in crate::features) fn t3(p: &Parameters) -> Machine {
    if p.bars(0) == 1 {
        return Machine::new(|bar| [bar.close]);
    }
    of_close!(Tillson::new(p.bars(0), p.factor(1)), Tillson::next)
}

pub(in crate::features) fn hma(p: &Parameters) -> Machine {
    if p.bars(0) == 1 {
        return Machine::new(|bar| [bar.close]);
    }
    let rejoins = AverageKind::Hull.rejoins(p.bars(0));
    of_close!(Hull::new(p.bars(0)), Hull::next).rejoining_every(rejoins)
}

pub(in crate::features) fn zlema(p: &Parameters) -> Machine {
    of_close!(ZeroLag::new(p.bars(0)), ZeroLag::next)
}

pub(in crate::features) fn rma(p: &Parameters) -> Machine {
    of_close!(Smooth::wilder(p.bars(0)), Smooth::next)
}

pub(in crate::features) fn ma(p: &Parameters) -> Machine {
    let kind = AverageKind::of(p, 1, AverageKind::Simple);
    of_close!(Average::new(kind, p.bars(0)), Average::next).rejoining_every(kind.rejoins(p.bars(0)))
}

pub(in crate::features) fn vwma(p: &Parameters) -> Machine {
    if p.bars(0) == 1 {
        return Machine::new(|bar| [bar.close]);
    }
    let (mut worth, mut volume) = (Sum::new(p.bars(0)), Sum::new(p.bars(0)));
    Machine::new(move |bar| {
        let worth = worth.next(bar.close * bar.volume);
        // Without volume 0 / 0, undefined.
        [worth / volume.next(bar.volume)]
    })
}

pub(in crate::features) fn accbands(p: &Parameters) -> Machine {
    let mut means = [(); 3].map(|()| Mean::new(p.bars(0)));
    Machine::new(move |bar| {
        let [upper, middle, lower] = &mut means;
        let widening = 4.0 * (bar.high - bar.low) / (bar.high + bar.low);
        [
            upper.next(bar.high * (1.0 + widening)),
            middle.next(bar.close),
            lower.next(bar.low * (1.0 - widening)),
        ]
    })
}

pub(in crate::features) fn bbands(p: &Parameters) -> Machine {
    let (period, up, down) = (p.bars(0), p.factor(1), p.factor(2));
    let kind = AverageKind::of(p, 3, AverageKind::Simple);
    let mut moments = Moments::new(period);
    if kind == AverageKind::Simple {
        return Machine::new(move |bar| {
            let (mean, variance) = moments.next(bar.close);
            let deviation = variance.sqrt();
            [mean + up * deviation, mean, mean - down * deviation]
        })
        .rejoining_every(Moments::rejoins(period));
    }
    let mut average = Average::new(kind, period);
    Machine::new(move |bar| {
        let (mean, deviation) = (average.next(bar.close), moments.next(bar.close).1.sqrt());
        // All three begin with the later of the two.
        let middle = if deviation.is_nan() { f64::NAN } else { mean };
        [middle + up * deviation, middle, middle - down * deviation]
    })
    .rejoining_every(together(&[kind.rejoins(period), Moments::rejoins(period)]))
}

pub(in crate::features) fn kc(p: &Parameters) -> Machine {
    let (period, ranges) = (p.bars(0), p.bars(1));
    let factor = p.factor(2);
    // Both start so late that they begin together.
    let begin = (period - 1).max(ranges);
    let mut middle = Smooth::exponential(period).after(begin + 1 - period);
    let mut range = TrueRange::new();
    let mut width = Smooth::wilder(ranges).after(begin - ranges);
    Machine::new(move |bar| {
        let middle = middle.next(bar.typical_price());
        let width = factor * width.next(range.next(bar));
        [middle + width, middle, middle - width]
    })
}

pub(in crate::features) fn donchian(p: &Parameters) -> Machine {
    let (mut highest, mut lowest) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
    Machine::new(move |bar| {
        let (upper, lower) = (highest.next(bar.high), lowest.next(bar.low));
        [upper, 0.5 * (upper + lower), lower]
    })
}

pub(in crate::features) fn midprice(p: &Parameters) -> Machine {
    let (mut highest, mut lowest) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
    Machine::new(move |bar| [0.5 * (highest.next(bar.high) + lowest.next(bar.low))])
}

pub(in crate::features) fn midpoint(p: &Parameters) -> Machine {
    let (mut highest, mut lowest) = (Maximum::new(p.bars(0)), Minimum::new(p.bars(0)));
    Machine::new(move |bar| [0.5 * (highest.next(bar.close) + lowest.next(bar.close))])
}
