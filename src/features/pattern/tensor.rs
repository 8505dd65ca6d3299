//! Patterns over whole panels on a device, in float32: what GPUs run.
//!
//! Decisions are those of float64: both sides of a comparison are differences of neighbouring prices,
//! which are exact, times whole numbers, and sums of ten of them, which are exact too unless ten
//! bodies are larger than the price. Ties, which prices that move in ticks are full of, are ties here.

use std::cell::RefCell;

use burn::tensor::{Bool, Tensor};

use crate::features::work::{Work, lag};
use crate::market::Column;
use crate::ops::rolling;

use super::candle::{
    At, CONFIRMATION, Candles, Claim, Field, Level, Range, Relation, Rule, Usual, near,
};

/// The numbers of a rule over the rows at work, `[n, T]`.
pub(super) fn score<R: Rule>(work: &mut Work<'_>, penetration: f64) -> Tensor<2> {
    let found = R::score(&Panel(RefCell::new(work)), penetration);
    if R::CONFIRMED {
        confirm(work, found)
    } else {
        found
    }
}

/// Doubles the numbers of patterns at the bars that confirm them.
fn confirm(work: &mut Work<'_>, found: Tensor<2>) -> Tensor<2> {
    let mut at = |field, ago| value(work, At { field, ago });
    let mut score = found.clone();
    // Where nothing newer than the pattern asked about was found.
    let mut newest = found.clone().equal_elem(0.0);
    for ago in 1..=CONFIRMATION {
        let pattern = lag(found.clone(), ago);
        let (high, low) = (at(Field::High, ago + 1), at(Field::Low, ago + 1));
        let mut rises = |bar| at(Field::Close, bar).greater(high.clone());
        let mut rising = pattern.clone().greater_elem(0.0).bool_and(rises(0));
        for between in 1..ago {
            rising = rising.bool_and(rises(between).bool_not());
        }
        let mut falls = |bar| at(Field::Close, bar).lower(low.clone());
        let mut falling = pattern.clone().lower_elem(0.0).bool_and(falls(0));
        for between in 1..ago {
            falling = falling.bool_and(falls(between).bool_not());
        }
        score = score
            .mask_fill(newest.clone().bool_and(rising), 200.0)
            .mask_fill(newest.clone().bool_and(falling), -200.0);
        newest = newest.bool_and(pattern.equal_elem(0.0));
    }
    score
}

struct Panel<'w, 'a>(RefCell<&'w mut Work<'a>>);

/// The bar's own number.
fn field(work: &mut Work<'_>, field: Field) -> Tensor<2> {
    let (open, close) = (work.column(Column::Open), work.close());
    match field {
        Field::Open => open,
        Field::High => work.column(Column::High),
        Field::Low => work.column(Column::Low),
        Field::Close => close,
        Field::Body => work.shared("candle_body", &[], |_| (close - open).abs()),
        Field::Upper => work.column(Column::High) - open.max_pair(close),
        Field::Lower => open.min_pair(close) - work.column(Column::Low),
        Field::Top => open.max_pair(close),
        Field::Bottom => open.min_pair(close),
    }
}

fn value(work: &mut Work<'_>, at: At) -> Tensor<2> {
    work.shared("candle", &[at.field as usize, at.ago], |work| {
        lag(field(work, at.field), at.ago)
    })
}

/// The sum of a range over the bars before the bar `ago`.
fn sum(work: &mut Work<'_>, range: Range, ago: usize) -> Tensor<2> {
    work.shared("candle_sum", &[range as usize, ago], |work| {
        let sum = work.shared("candle_sum_now", &[range as usize], |work| {
            let ranges = match range {
                Range::Bodies => field(work, Field::Body),
                Range::Spans | Range::FewSpans => {
                    work.column(Column::High) - work.column(Column::Low)
                }
                Range::Shadows => field(work, Field::Upper) + field(work, Field::Lower),
            };
            rolling::sum(ranges, range.period())
        });
        lag(sum, ago + 1)
    })
}

/// A whole number that makes `share` whole too, where there is a small one.
fn parts(share: f64) -> f64 {
    let whole = |parts: &f64| (share * parts - (share * parts).round()).abs() < 1e-9;
    [1.0, 2.0, 10.0, 20.0, 100.0]
        .into_iter()
        .find(whole)
        .unwrap_or(1.0)
}

impl Panel<'_, '_> {
    fn value(&self, at: At) -> Tensor<2> {
        value(&mut self.0.borrow_mut(), at)
    }

    fn field(&self, field: Field, ago: usize) -> Tensor<2> {
        self.value(At { field, ago })
    }

    /// `parts` and `of` times the sum that a usual number is a share of: `x > usual` exactly where
    /// `parts * x > of * sum`.
    fn usual(&self, usual: Usual) -> (f32, Tensor<2>) {
        let (of, parts) = usual.share;
        let sum = sum(&mut self.0.borrow_mut(), usual.range, usual.ago);
        let sum = if of > 1.0 { sum.mul_scalar(of) } else { sum };
        (parts, sum)
    }

    /// What stands on the two sides, prices taken over to the left.
    fn sides(&self, left: At, right: Level) -> (Tensor<2>, Tensor<2>) {
        let left = self.value(left);
        let (over, usual, sign) = match right {
            Level::At(at) => return (left, self.value(at)),
            Level::Usual(usual) => (left, usual, 1.0),
            Level::Plus(at, usual) => (left - self.value(at), usual, 1.0),
            Level::Minus(at, usual) => (left - self.value(at), usual, -1.0),
            Level::Without(at, other, usual) => {
                (left - self.value(at) + self.value(other), usual, -1.0)
            }
            Level::Part(at, share, of) => {
                let parts = parts(share);
                let over = (left - self.value(at)).mul_scalar(parts as f32);
                return (over, self.value(of).mul_scalar((share * parts) as f32));
            }
            Level::Times(factor, at) => return (left, self.value(at).mul_scalar(factor as f32)),
        };
        let (parts, sum) = self.usual(usual);
        (over.mul_scalar(parts), sum.mul_scalar(sign))
    }
}

impl Candles for Panel<'_, '_> {
    type Truth = Tensor<2, Bool>;
    type Score = Tensor<2>;

    fn is(&self, claim: Claim) -> Tensor<2, Bool> {
        let (left, right) = self.sides(claim.left, claim.right);
        match claim.relation {
            Relation::Above => left.greater(right),
            Relation::AtLeast => left.greater_equal(right),
            Relation::Below => left.lower(right),
            Relation::AtMost => left.lower_equal(right),
        }
    }

    fn and(a: Tensor<2, Bool>, b: Tensor<2, Bool>) -> Tensor<2, Bool> {
        a.bool_and(b)
    }

    fn or(a: Tensor<2, Bool>, b: Tensor<2, Bool>) -> Tensor<2, Bool> {
        a.bool_or(b)
    }

    fn not(a: Tensor<2, Bool>) -> Tensor<2, Bool> {
        a.bool_not()
    }

    /// Twice the distance from the low, against high - low: the middle itself need not be a float32.
    fn body_is_near_middle(&self) -> Tensor<2, Bool> {
        let low = self.field(Field::Low, 0);
        let span = self.field(Field::High, 0) - low.clone();
        let (parts, sum) = self.usual(near(0));
        let sum = sum.mul_scalar(2.0);
        let off = |field| {
            let twice = (self.field(field, 0) - low.clone()).mul_scalar(2.0);
            (twice - span.clone()).mul_scalar(parts)
        };
        let under = off(Field::Bottom).lower_equal(sum.clone());
        under.bool_and(off(Field::Top).greater_equal(sum.neg()))
    }

    fn bodies_are_alike(&self, ago: usize, newer: usize) -> Tensor<2, Bool> {
        let apart = (self.field(Field::Body, ago) - self.field(Field::Body, newer)).abs();
        let (parts, sum) = self.usual(near(ago));
        apart.mul_scalar(parts).lower(sum)
    }

    fn score<const N: usize>(&self, parts: [(f64, Tensor<2, Bool>); N]) -> Tensor<2> {
        let zero = self.field(Field::Close, 0).zeros_like();
        parts.into_iter().fold(zero, |score, (number, holds)| {
            score.mask_fill(holds, number as f32)
        })
    }
}
