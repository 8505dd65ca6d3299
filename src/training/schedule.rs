//! The learning rate as a function of the step.

use std::f64::consts::PI;

/// A line up, then half a cosine down to nothing. It has no state, so a checkpoint holds none.
///
/// ```text
/// rate(s) = peak (s + 1) / warmup                                    s < warmup
///         = peak (1 + cos(pi (s - warmup) / (total - warmup))) / 2   else
/// ```
/// `s` counts from 0.
///
/// ```
/// use emberline::training::Schedule;
/// let schedule = Schedule { peak: 1.0, warmup_steps: 4, total_steps: 12 };
/// assert_eq!(schedule.rate(0), 0.25);
/// assert_eq!(schedule.rate(3), 1.0);
/// assert_eq!(schedule.rate(4), 1.0);
/// assert!((schedule.rate(8) - 0.5).abs() < 1e-12);
/// assert!(schedule.rate(11) > 0.0 && schedule.rate(12) == 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The highest rate.
    pub peak: f64,
    /// Steps of the way up.
    pub warmup_steps: u64,
    /// Steps in all.
    pub total_steps: u64,
}

impl Schedule {
    /// The learning rate of step `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return self.peak * (step + 1) as f64 / self.warmup_steps as f64;
        }
        let falling = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        let part = ((step - self.warmup_steps) as f64 / falling as f64).min(1.0);
        0.5 * self.peak * (1.0 + (PI * part).cos())
    }
}
