//! What indicators make of the dominant cycle: a trendline, a mode, an adaptive average.

#![allow(clippy::inline_always, reason = "the steps of a machine are one loop")]

use crate::ops::recur::{Cycle, Phase, Recent, Wave, mean_of, sines, whole_period};

/// Values before the filters of the period, the phasor and the adaptive average start.
pub(in crate::features) const WAIT: usize = 12;
/// Values before those of the phase and of what follows from it start.
pub(in crate::features) const PHASE_WAIT: usize = 37;
/// First bar of what [`WAIT`] begins.
pub(in crate::features) const DEFINED: usize = 32;
/// First bar of what [`PHASE_WAIT`] begins.
pub(in crate::features) const PHASE_DEFINED: usize = 63;

/// Lets values pass once `left` of them have gone by.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) struct From {
    left: usize,
}

impl From {
    pub(in crate::features) fn new(left: usize) -> Self {
        Self { left }
    }

    #[inline(always)]
    pub(in crate::features) fn pass<const K: usize>(&mut self, values: [f64; K]) -> [f64; K] {
        if self.left > 0 {
            self.left -= 1;
            return [f64::NAN; K];
        }
        values
    }
}

/// The cycle and the phase of the closes.
#[derive(Clone, Debug)]
pub(in crate::features) struct Phases {
    cycle: Cycle,
    phase: Phase,
}

impl Phases {
    pub(in crate::features) fn new() -> Self {
        Self {
            cycle: Cycle::new(PHASE_WAIT),
            phase: Phase::new(),
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> Option<(Wave, f64)> {
        let wave = self.cycle.next(x)?;
        let phase = self.phase.next(&wave);
        Some((wave, phase))
    }
}

/// The mean over the dominant cycle, smoothed over four bars.
#[derive(Clone, Debug)]
pub(in crate::features) struct Trendline {
    prices: Recent,
    means: [f64; 3],
}

impl Trendline {
    pub(in crate::features) fn new() -> Self {
        Self {
            prices: Recent::new(),
            means: [0.0; 3],
        }
    }

    /// Takes a price, and the cycle's period once there is one.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, price: f64, period: Option<f64>) -> f64 {
        let prices = self.prices.next(price);
        let Some(period) = period else {
            return f64::NAN;
        };
        let mean = mean_of(&prices[..whole_period(period)]);
        let [one, two, three] = self.means;
        self.means = [mean, one, two];
        (4.0 * mean + 3.0 * one + 2.0 * two + three) / 10.0
    }
}

/// Whether a series trends (1) or cycles (0).
#[derive(Clone, Debug)]
pub(in crate::features) struct Mode {
    phase: f64,
    sines: [f64; 2],
    /// Bars since the sine crossed the sine that leads.
    since: f64,
}

impl Mode {
    pub(in crate::features) fn new() -> Self {
        Self {
            phase: 0.0,
            sines: [0.0; 2],
            since: 0.0,
        }
    }

    #[inline(always)]
    pub(in crate::features) fn next(&mut self, wave: &Wave, phase: f64, trendline: f64) -> f64 {
        let [sine, lead] = sines(phase);
        let [sine_before, lead_before] = std::mem::replace(&mut self.sines, [sine, lead]);
        let mut trends = true;
        if (sine > lead && sine_before <= lead_before)
            || (sine < lead && sine_before >= lead_before)
        {
            self.since = 0.0;
            trends = false;
        }
        self.since += 1.0;
        if self.since < 0.5 * wave.period {
            trends = false;
        }
        let turned = phase - std::mem::replace(&mut self.phase, phase);
        let a_bar = 360.0 / wave.period;
        if turned > 0.67 * a_bar && turned < 1.5 * a_bar {
            trends = false;
        }
        if trendline != 0.0 && ((wave.smoothed - trendline) / trendline).abs() >= 0.015 {
            trends = true;
        }
        f64::from(u8::from(trends))
    }
}

/// Ehlers' adaptive average and the slower one that follows it.
#[derive(Clone, Debug)]
pub(in crate::features) struct Adaptive {
    cycle: Cycle,
    from: From,
    fast: f64,
    slow: f64,
    phase: f64,
    averages: [f64; 2],
}

impl Adaptive {
    pub(in crate::features) fn new(fast: f64, slow: f64) -> Self {
        Self {
            cycle: Cycle::new(WAIT),
            from: From::new(DEFINED - WAIT),
            fast,
            slow,
            phase: 0.0,
            averages: [0.0; 2],
        }
    }

    /// `[MAMA, FAMA]`.
    #[inline(always)]
    pub(in crate::features) fn next(&mut self, x: f64) -> [f64; 2] {
        let Some(wave) = self.cycle.next(x) else {
            return [f64::NAN; 2];
        };
        let phase = if wave.in_phase == 0.0 {
            0.0
        } else {
            (wave.quadrature / wave.in_phase).atan().to_degrees()
        };
        let turned = std::mem::replace(&mut self.phase, phase) - phase;
        let weight = if turned > 1.0 {
            (self.fast / turned).max(self.slow)
        } else {
            self.fast
        };
        let [fast, slow] = self.averages;
        let fast = weight * x + (1.0 - weight) * fast;
        let slow = 0.5 * weight * fast + (1.0 - 0.5 * weight) * slow;
        self.averages = [fast, slow];
        self.from.pass(self.averages)
    }
}
