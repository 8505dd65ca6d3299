//! The share of one Wilder average in another, as a recurrence of its own.
//!
//! ```text
//! part_t  = part_{t-1}  + weight (p_t - part_{t-1})
//! whole_t = whole_{t-1} + weight (w_t - whole_{t-1}),  |p_t| <= w_t
//! part_t / whole_t = (1 - s_t) part_{t-1} / whole_{t-1} + s_t p_t / w_t,  s_t = weight w_t / whole_t
//! ```
//! Long after the last movement both averages are below float32's least number; their share, which
//! stays where it was, is not.

use burn::tensor::Tensor;

use crate::ops::rolling;

use super::work::{Work, divide};

/// Wilder's averages over `period` bars that begin at `Age == start` with the sum of `seeds` bars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wilder {
    pub(super) period: usize,
    /// `period`, or one less where the first bar after the seed is smoothed into it.
    pub(super) seeds: usize,
    pub(super) start: usize,
}

impl Wilder {
    /// What the past keeps and what the newest bar gets; they sum to 1 in float32.
    fn weights(self) -> (f32, f32) {
        let keep = (1.0 - 1.0 / self.period as f64) as f32;
        (keep, 1.0 - keep)
    }

    /// The average of values of one sign.
    pub(super) fn average(self, work: &Work<'_>, x: Tensor<2>) -> Tensor<2> {
        let (keep, newest) = self.weights();
        let seed = rolling::sum(x.clone(), self.seeds).div_scalar(self.period as f32);
        let coefficient = x.full_like(keep);
        work.recurrence(self.start, seed, coefficient, x.mul_scalar(newest))
    }

    /// The average of `part` over that of `whole`, where `|part| <= whole`; `otherwise` where
    /// `whole` has been 0 since the segment's start.
    pub(super) fn share(
        self,
        work: &Work<'_>,
        part: Tensor<2>,
        whole: Tensor<2>,
        otherwise: f32,
    ) -> Tensor<2> {
        if self.period == 1 {
            return divide(part, whole, otherwise);
        }
        let (_, newest) = self.weights();
        let average = self.average(work, whole.clone());
        let still = whole.clone().equal_elem(0.0);
        let share = |x: Tensor<2>| {
            divide(x.mul_scalar(newest), average.clone(), 0.0)
                .mask_fill(still.clone(), 0.0)
                .clamp(-1.0, 1.0)
        };
        let coefficient = share(whole.clone()).neg().add_scalar(1.0);
        let term = share(part.clone());
        let seed = divide(
            rolling::sum(part, self.seeds),
            rolling::sum(whole, self.seeds),
            otherwise,
        );
        work.recurrence(self.start, seed, coefficient, term)
    }
}
