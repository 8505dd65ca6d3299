//! What becomes of a machine's float64 numbers: float32 as they are, or as a model reads them.

#![allow(
    clippy::inline_always,
    reason = "a loop takes its caller's instructions"
)]

use super::column::FeatureColumn;
use super::machine::Columns;
use super::machine::vector::{Loops, widest};
use super::transform::Applied;

/// What becomes of a machine's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// As defined, NaN in the warm-up.
    Raw,
    /// As a model reads them.
    Inputs,
}

/// What becomes of one output of a machine, bar by bar.
pub(super) enum Finish {
    Raw {
        warmup: f32,
    },
    Input {
        memory: f32,
        transform: Box<Applied>,
    },
}

/// Numbers as the result holds them; one NaN for all.
struct Narrow<'a> {
    values: &'a [f64],
    out: &'a mut [f32],
}

impl Loops for Narrow<'_> {
    #[inline(always)]
    fn run(self) {
        for (out, &value) in self.out.iter_mut().zip(self.values) {
            *out = if value.is_nan() {
                f32::NAN
            } else {
                value as f32
            };
        }
    }
}

impl Finish {
    pub(super) fn new(column: &FeatureColumn, stage: Stage) -> Self {
        match stage {
            Stage::Raw => Self::Raw {
                warmup: column.warmup_bars() as f32,
            },
            Stage::Inputs => {
                let memory = column.input_memory().bars();
                let memory =
                    memory.unwrap_or_else(|| panic!("`{}` is no model input", column.name()));
                Self::Input {
                    memory: memory as f32,
                    transform: Box::new(Applied::new(column.transform())),
                }
            }
        }
    }

    /// The values of bars of one segment, of which the first has `age`.
    #[inline]
    pub(super) fn run(&mut self, given: &[f64], bars: Columns<'_>, age: f32, out: &mut [f32]) {
        let (Self::Raw { warmup: first } | Self::Input { memory: first, .. }) = self;
        #[expect(clippy::cast_sign_loss, reason = "a number of bars")]
        let num_undefined = ((*first - age).max(0.0) as usize).min(out.len());
        match self {
            Self::Raw { .. } => {
                let (undefined, defined) = out.split_at_mut(num_undefined);
                undefined.fill(f32::NAN);
                widest(Narrow {
                    values: &given[num_undefined..],
                    out: defined,
                });
            }
            Self::Input { transform, .. } => {
                let with = bars.close.iter().zip(bars.volume);
                let given = given.iter().zip(out).enumerate();
                for ((place, (&value, out)), (&close, &volume)) in given.zip(with) {
                    let value = transform.next(value, f64::from(close), f64::from(volume)) as f32;
                    *out = if place < num_undefined {
                        f32::NAN
                    } else if value.is_finite() {
                        value
                    } else {
                        0.0
                    };
                }
            }
        }
    }
}
