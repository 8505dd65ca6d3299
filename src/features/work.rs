//! One request at work on rows of one block: their columns, what indicators share, and the few tensor
//! idioms that all of them use.
//!
//! Segments come in through `Age` alone. A window of `k` bars lies within its segment exactly where
//! `Age >= k - 1`, so the rolling operations run over whole rows and a mask takes away what crosses
//! a start; recurrences restart because their coefficient is 0 there.

use std::collections::HashMap;
use std::ops::Range;

use burn::tensor::{Bool, Tensor};

use crate::market::{Column, PanelBlock};
use crate::ops::{rolling, scan};

/// An intermediate result, and how often it was asked for.
struct Shared {
    tensors: Vec<Tensor<2>>,
    uses: usize,
}

/// The rows and the intermediate results of one request.
pub(super) struct Work<'a> {
    block: &'a PanelBlock,
    rows: Range<usize>,
    shared: HashMap<(&'static str, Vec<usize>), Shared>,
}

impl<'a> Work<'a> {
    /// Starts on some rows of a block.
    pub(super) fn new(block: &'a PanelBlock, rows: Range<usize>) -> Self {
        Self {
            block,
            rows,
            shared: HashMap::new(),
        }
    }

    /// A column of the rows, `[n, T]`.
    pub(super) fn column(&self, column: Column) -> Tensor<2> {
        let all = self.block.column(column);
        if self.rows.len() == self.block.num_series() {
            return all;
        }
        all.narrow(0, self.rows.start, self.rows.len())
    }

    /// The closing prices.
    pub(super) fn close(&self) -> Tensor<2> {
        self.column(Column::Close)
    }

    /// Bars since the segment's first; -1 in padding.
    pub(super) fn age(&self) -> Tensor<2> {
        self.column(Column::Age)
    }

    /// Where at least `bars` bars of the segment lie before.
    pub(super) fn from(&self, bars: usize) -> Tensor<2, Bool> {
        self.age().greater_equal_elem(bars as f32)
    }

    /// Where exactly `bars` bars of the segment lie before.
    pub(super) fn at(&self, bars: usize) -> Tensor<2, Bool> {
        self.age().equal_elem(bars as f32)
    }

    /// 0 at the first bar of each segment, else 1: the coefficient of a sum over the segment.
    pub(super) fn keep(&mut self) -> Tensor<2> {
        self.shared("keep", &[], |work| work.from(1).float())
    }

    /// `x` where at least `bars` bars lie before, else undefined.
    pub(super) fn defined_from(&self, bars: usize, x: Tensor<2>) -> Tensor<2> {
        x.mask_fill(self.age().lower_elem(bars as f32), f32::NAN)
    }

    /// What `make` gives, computed once per request under (`name`, `numbers`).
    pub(super) fn shared(
        &mut self,
        name: &'static str,
        numbers: &[usize],
        make: impl FnOnce(&mut Self) -> Tensor<2>,
    ) -> Tensor<2> {
        let [only] = self.shared_many(name, numbers, |work| [make(work)]);
        only
    }

    /// As [`Work::shared`], for results that belong together.
    pub(super) fn shared_many<const K: usize>(
        &mut self,
        name: &'static str,
        numbers: &[usize],
        make: impl FnOnce(&mut Self) -> [Tensor<2>; K],
    ) -> [Tensor<2>; K] {
        let key = (name, numbers.to_vec());
        if !self.shared.contains_key(&key) {
            let made = make(self);
            let tensors = made.to_vec();
            self.shared.insert(key.clone(), Shared { tensors, uses: 0 });
        }
        let Some(stored) = self.shared.get_mut(&key) else {
            unreachable!("`{name}` was stored just now")
        };
        stored.uses += 1;
        let stored = &stored.tensors;
        assert_eq!(stored.len(), K, "`{name}` was stored with another length");
        std::array::from_fn(|index| stored[index].clone())
    }

    /// What was shared: name, numbers and how often it was asked for, in the order of names.
    pub(super) fn uses(&self) -> Vec<(&'static str, Vec<usize>, usize)> {
        let shared = self.shared.iter();
        let mut uses: Vec<_> = shared
            .map(|((name, numbers), shared)| (*name, numbers.clone(), shared.uses))
            .collect();
        uses.sort_unstable();
        uses
    }

    /// The change of the close since the bar before; garbage where `Age` is 0.
    pub(super) fn close_change(&mut self) -> Tensor<2> {
        self.shared("close_change", &[], |work| change(work.close(), 1))
    }

    /// The greatest of high - low, |high - close before| and |low - close before|; garbage where
    /// `Age` is 0.
    pub(super) fn true_range(&mut self) -> Tensor<2> {
        self.shared("true_range", &[], |work| {
            let before = lag(work.close(), 1);
            work.column(Column::High).max_pair(before.clone())
                - work.column(Column::Low).min_pair(before)
        })
    }

    /// (high + low + close) / 3.
    pub(super) fn typical_price(&mut self) -> Tensor<2> {
        self.shared("typical_price", &[], |work| {
            let (low, close) = (work.column(Column::Low), work.close());
            // Offsets from the low are exact, the sum of three prices is not.
            low.clone()
                + ((work.column(Column::High) - low.clone()) + (close - low)).div_scalar(3.0)
        })
    }

    /// A recurrence over bars that starts with `seed` at `Age == start`:
    /// `y_t = coefficient_t * y_{t-1} + term_t`. 0 before; only later bars of `coefficient` and
    /// `term` are read.
    pub(super) fn recurrence(
        &self,
        start: usize,
        seed: Tensor<2>,
        coefficient: Tensor<2>,
        term: Tensor<2>,
    ) -> Tensor<2> {
        let zero = seed.zeros_like();
        let (first, later) = (self.at(start), self.from(start + 1));
        let a = zero.clone().mask_where(later.clone(), coefficient);
        let b = zero.mask_where(first, seed).mask_where(later, term);
        scan::linear_scan(a, b)
    }

    /// The exponential average of values of one sign, `y += weight (x - y)`, from the mean of the
    /// first `period` values at `Age == start`.
    pub(super) fn smooth(
        &self,
        x: Tensor<2>,
        period: usize,
        weight: f64,
        start: usize,
    ) -> Tensor<2> {
        let keep = (1.0 - weight) as f32;
        let seed = rolling::mean(x.clone(), period);
        let coefficient = x.full_like(keep);
        // 1 - keep is exact in float32, so that the weights of one step sum to 1.
        self.recurrence(start, seed, coefficient, x.mul_scalar(1.0 - keep))
    }

    /// `x` minus its exponential average, from the mean of `period` values at `Age == start`.
    ///
    /// ```text
    /// d_t = (1 - weight) (d_{t-1} + x_t - x_{t-1})
    /// ```
    /// The same as averaging `x` and subtracting, without the cancellation: differences of
    /// neighbouring prices are exact, so `d` is as precise as its own size asks for, whatever the
    /// level of `x`.
    pub(super) fn deviation(
        &self,
        x: Tensor<2>,
        period: usize,
        weight: f64,
        start: usize,
    ) -> Tensor<2> {
        let keep = (1.0 - weight) as f32;
        let change = change(x.clone(), 1);
        // x minus the mean of the last p values is (p - 1) / 2 times the linearly weighted mean of
        // the last p - 1 changes.
        let seed = if period > 1 {
            rolling::weighted_mean(change.clone(), period - 1).mul_scalar(0.5 * (period - 1) as f32)
        } else {
            x.zeros_like()
        };
        let coefficient = x.full_like(keep);
        self.recurrence(start, seed, coefficient, change.mul_scalar(keep))
    }
}

/// The value `bars` bars before, whatever segment that lies in; NaN where the row has none.
pub(super) fn lag(x: Tensor<2>, bars: usize) -> Tensor<2> {
    let [rows, num_bars] = x.dims();
    if bars == 0 {
        return x;
    }
    let shifted = bars.min(num_bars);
    let undefined = Tensor::full([rows, shifted], f32::NAN, &x.device());
    if shifted == num_bars {
        return undefined;
    }
    Tensor::cat(vec![undefined, x.narrow(1, 0, num_bars - shifted)], 1)
}

/// `x_t - x_{t - bars}`.
pub(super) fn change(x: Tensor<2>, bars: usize) -> Tensor<2> {
    x.clone() - lag(x, bars)
}

/// `numerator / denominator`, and `otherwise` where the denominator is 0.
pub(super) fn divide(numerator: Tensor<2>, denominator: Tensor<2>, otherwise: f32) -> Tensor<2> {
    let zero = denominator.clone().equal_elem(0.0);
    (numerator / denominator.mask_fill(zero.clone(), 1.0)).mask_fill(zero, otherwise)
}
