//! TA-Lib's kinds of moving averages: their numbers, warm-up and memory.

use super::average::{bars_to_forget, seeded_memory};
use super::declaration::{Memory, Parameter, Parameters};
use super::machine::average::{KAUFMAN_WEIGHTS, hull};

/// A kind of moving average, as the parameters called `matype` choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AverageKind {
    /// 0: every value of the window weighs the same.
    Simple,
    /// 1: exponential, seeded with a simple one.
    Exponential,
    /// 2: weights on a line.
    Weighted,
    /// 3: two exponential ones, the lag of the first taken out.
    Double,
    /// 4: three exponential ones, more of the lag taken out.
    Triple,
    /// 5: weights on a triangle.
    Triangular,
    /// 6: Kaufman's, faster on straight ways.
    Kaufman,
    /// 7: Ehlers' MESA, faster where the phase turns; the period says nothing.
    Mesa,
    /// 8: Tillson's T3 with a factor of 0.7.
    Tillson,
    /// 9: Hull's.
    Hull,
    /// 10: the value itself.
    Identity,
    /// 12: the exponential one of values with their own lag taken out.
    ZeroLag,
    /// 13: Wilder's.
    Wilder,
}

impl AverageKind {
    /// The parameter that chooses a kind.
    pub(super) const fn parameter(name: &'static str, default: Self) -> Parameter {
        Parameter::choice(name, 13, default.number() as u32)
    }

    pub(super) const fn number(self) -> usize {
        match self {
            Self::Simple => 0,
            Self::Exponential => 1,
            Self::Weighted => 2,
            Self::Double => 3,
            Self::Triple => 4,
            Self::Triangular => 5,
            Self::Kaufman => 6,
            Self::Mesa => 7,
            Self::Tillson => 8,
            Self::Hull => 9,
            Self::Identity => 10,
            Self::ZeroLag => 12,
            Self::Wilder => 13,
        }
    }

    /// The kind that the parameter at `place` chooses; 11 is the function's own default.
    pub(super) fn of(parameters: &Parameters, place: usize, default: Self) -> Self {
        match parameters.bars(place) {
            0 => Self::Simple,
            1 => Self::Exponential,
            2 => Self::Weighted,
            3 => Self::Double,
            4 => Self::Triple,
            5 => Self::Triangular,
            6 => Self::Kaufman,
            7 => Self::Mesa,
            8 => Self::Tillson,
            9 => Self::Hull,
            10 => Self::Identity,
            12 => Self::ZeroLag,
            13 => Self::Wilder,
            _ => default,
        }
    }

    /// Values that lie before the first average.
    pub(super) fn warmup(self, period: usize) -> usize {
        let before = period - 1;
        match self {
            Self::Identity => 0,
            _ if period == 1 => 0,
            Self::Simple | Self::Exponential | Self::Weighted | Self::Triangular | Self::Wilder => {
                before
            }
            Self::Double => 2 * before,
            Self::Triple => 3 * before,
            Self::Kaufman => period,
            Self::Mesa => MESA_WARMUP,
            Self::Tillson => 6 * before,
            Self::Hull => before + period.isqrt() - 1,
            Self::ZeroLag => before + before / 2,
        }
    }

    /// What a machine of it rejoins every so many bars ([`Machine::rejoins`]).
    ///
    /// [`Machine::rejoins`]: super::machine::Machine::rejoins
    pub(super) fn rejoins(self, period: usize) -> usize {
        match self {
            _ if period == 1 => 1,
            Self::Identity | Self::Simple | Self::Triangular => 1,
            Self::Weighted => period,
            Self::Hull => together(&hull(period)),
            _ => 0,
        }
    }

    /// Values that an average depends on.
    pub(super) fn memory(self, period: usize) -> Memory {
        let chained = |averages: usize| Memory::Infinite(averages * seeded_memory(period));
        match self {
            _ if period == 1 => Memory::Finite(1),
            Self::Identity => Memory::Finite(1),
            Self::Simple | Self::Weighted | Self::Triangular | Self::Hull => {
                Memory::Finite(self.warmup(period) + 1)
            }
            Self::Exponential => chained(1),
            Self::Double => chained(2),
            Self::Triple => chained(3),
            Self::Tillson => chained(6),
            Self::Kaufman => Memory::Infinite(kaufman_memory(period)),
            Self::Mesa => Memory::Infinite(MESA_MEMORY),
            Self::ZeroLag => Memory::Infinite((period - 1) / 2 + seeded_memory(period)),
            Self::Wilder => Memory::Infinite(period + bars_to_forget(1.0 / period as f64)),
        }
    }
}

/// What a machine of several averages rejoins every so many bars.
pub(super) fn together(rejoins: &[usize]) -> usize {
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let common = |a: usize, &b: &usize| match a * b {
        0 => 0,
        product => product / divisor(a, b),
    };
    rejoins.iter().fold(1, common)
}

/// Bars before the first value of MAMA.
const MESA_WARMUP: usize = 32;
/// Bars after which MAMA's phase and its slowest weight, 0.05, have forgotten what came before.
const MESA_MEMORY: usize = 400;

/// Efficiency of a walk over `period` changes is about `1 / sqrt(period)`; what the weight is there
/// decides how long its average remembers.
fn kaufman_memory(period: usize) -> usize {
    let efficiency = 1.0 / (period as f64).sqrt();
    let weight = KAUFMAN_WEIGHTS[0] + KAUFMAN_WEIGHTS[1] * efficiency;
    period + 1 + bars_to_forget(weight * weight)
}

/// The memory of what reads values that have the memory `first` with the memory `second`.
pub(super) fn chained(first: Memory, second: Memory) -> Memory {
    match (first, second) {
        (Memory::Finite(first), Memory::Finite(second)) => Memory::Finite(first + second - 1),
        _ => match (first.bars(), second.bars()) {
            (Some(first), Some(second)) => Memory::Infinite(first + second - 1),
            _ => Memory::Unbounded,
        },
    }
}

/// The longer of two memories.
pub(super) fn longer(first: Memory, second: Memory) -> Memory {
    match (first, second) {
        (Memory::Finite(first), Memory::Finite(second)) => Memory::Finite(first.max(second)),
        _ => match (first.bars(), second.bars()) {
            (Some(first), Some(second)) => Memory::Infinite(first.max(second)),
            _ => Memory::Unbounded,
        },
    }
}
