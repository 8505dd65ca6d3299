//! The last values of a series in the order of their size.

/// The last `period` values, sorted.
#[derive(Clone, Debug)]
pub struct Sorted {
    period: usize,
    /// In the order of time, the oldest at `at` once there are `period` of them.
    values: Vec<f64>,
    at: usize,
    ordered: Vec<f64>,
}

impl Sorted {
    /// No values yet.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self {
            period,
            values: Vec::with_capacity(period),
            at: 0,
            ordered: Vec::with_capacity(period),
        }
    }

    /// How many of the values are less than `x`.
    #[inline(always)]
    pub fn less_than(&self, x: f64) -> usize {
        less_than(&self.ordered, x)
    }

    /// All values in the order of their size, once there are `period` of them.
    #[inline(always)]
    pub fn whole(&self) -> Option<&[f64]> {
        (self.ordered.len() == self.period).then_some(&self.ordered)
    }

    /// Takes a value in, and lets the oldest go.
    #[inline(always)]
    pub fn push(&mut self, x: f64) {
        let to = less_than(&self.ordered, x);
        if self.values.len() < self.period {
            self.values.push(x);
            self.ordered.insert(to, x);
            return;
        }
        let oldest = std::mem::replace(&mut self.values[self.at], x);
        self.at = if self.at + 1 == self.period {
            0
        } else {
            self.at + 1
        };
        let from = less_than(&self.ordered, oldest);
        // What lies between the place that becomes free and the new one's moves by one.
        if from < to {
            self.ordered.copy_within(from + 1..to, from);
            self.ordered[to - 1] = x;
        } else {
            self.ordered.copy_within(to..from, to + 1);
            self.ordered[to] = x;
        }
    }
}

/// Halves the range without a branch: which half it is cannot be predicted.
#[inline(always)]
fn less_than(sorted: &[f64], x: f64) -> usize {
    let (mut first, mut rest) = (0, sorted.len());
    while rest > 1 {
        let half = rest / 2;
        first += if sorted[first + half - 1] < x {
            half
        } else {
            0
        };
        rest -= half;
    }
    first + usize::from(rest == 1 && sorted[first] < x)
}
