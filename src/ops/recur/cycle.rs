//! The dominant cycle of a series bar by bar, in float64 (Ehlers, 2001): the Hilbert transform by
//! finite filters whose gain follows the period that comes out of them.
//!
//! The smoothing and the phase's sums go in TA-Lib's order, running sums included: where a series
//! stands still the phase is the arctangent of two rounding residues, and only the same residues give
//! the same angle.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// The last values of a filter's input, six bars of them: `kept[at]` is the oldest.
type Kept = [f64; 6];

/// Places of a filter's input in [`Kept`].
#[derive(Clone, Copy, Debug)]
struct Places {
    two: usize,
    three: usize,
    four: usize,
    six: usize,
}

/// `0.0962 x_t + 0.5769 x_{t-2} - 0.5769 x_{t-4} - 0.0962 x_{t-6}`, times `gain`.
#[inline(always)]
fn transform(kept: &mut Kept, at: Places, x: f64, gain: f64) -> f64 {
    // What does not wait for `x` first.
    let rest = 0.5769 * (kept[at.two] - kept[at.four]) - 0.0962 * kept[at.six];
    kept[at.six] = x;
    (0.0962 * x + rest) * gain
}

/// The mean of the last four values weighing 4, 3, 2, 1.
#[derive(Clone, Debug, Default)]
struct Smoothed {
    last: [f64; 3],
    seen: usize,
    sum: f64,
    weighted: f64,
    leaving: f64,
}

impl Smoothed {
    #[inline(always)]
    fn next(&mut self, x: f64) -> f64 {
        if self.seen < 3 {
            self.seen += 1;
            self.sum += x;
            self.weighted += x * self.seen as f64;
            self.last = [self.last[1], self.last[2], x];
            return f64::NAN;
        }
        self.sum += x;
        self.sum -= self.leaving;
        self.weighted += x * 4.0;
        self.leaving = self.last[0];
        self.last = [self.last[1], self.last[2], x];
        let mean = self.weighted * 0.1;
        self.weighted -= self.sum;
        mean
    }
}

/// What is known of the cycle at one bar.
#[derive(Clone, Copy, Debug)]
pub struct Wave {
    /// The smoothed value.
    pub smoothed: f64,
    /// The component in phase.
    pub in_phase: f64,
    /// The component a quarter of a cycle behind.
    pub quadrature: f64,
    /// The dominant cycle in bars, smoothed.
    pub period: f64,
}

/// The dominant cycle of a series.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// Values to let pass before the first that the filters read; all that is before them counts as 0.
    wait: usize,
    price: Smoothed,
    at: usize,
    detrender: Kept,
    in_phase: Kept,
    quadrature: Kept,
    /// Of the in-phase component, which is the detrender three bars before.
    delayed: Kept,
    components: [f64; 2],
    correlation: [f64; 2],
    period: f64,
    smooth_period: f64,
}

impl Cycle {
    /// Filters that start at value number `start`, counted from 0.
    #[must_use]
    pub fn new(start: usize) -> Self {
        Self {
            wait: start,
            price: Smoothed::default(),
            at: 0,
            detrender: [0.0; 6],
            in_phase: [0.0; 6],
            quadrature: [0.0; 6],
            delayed: [0.0; 6],
            components: [0.0; 2],
            correlation: [0.0; 2],
            period: 0.0,
            smooth_period: 0.0,
        }
    }

    /// `None` before the filters start.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> Option<Wave> {
        if x.is_nan() {
            return None;
        }
        let smoothed = self.price.next(x);
        if self.wait > 0 {
            self.wait -= 1;
            return None;
        }
        let wrapped = |place: usize| if place < 6 { place } else { place - 6 };
        let at = Places {
            two: wrapped(self.at + 4),
            three: wrapped(self.at + 3),
            four: wrapped(self.at + 2),
            six: self.at,
        };
        self.at = wrapped(self.at + 1);
        let gain = 0.075 * self.period + 0.54;
        let detrended = transform(&mut self.detrender, at, smoothed, gain);
        let before = self.in_phase[at.three];
        let quadrature = transform(&mut self.in_phase, at, detrended, gain);
        let ahead_in_phase = transform(&mut self.delayed, at, before, gain);
        let ahead_quadrature = transform(&mut self.quadrature, at, quadrature, gain);
        let [i, q] = self.components;
        let new_q = 0.2 * (quadrature + ahead_in_phase) + 0.8 * q;
        let new_i = (0.2 * before + 0.8 * i) - 0.2 * ahead_quadrature;
        self.components = [new_i, new_q];
        let [real, imaginary] = self.correlation;
        let real = new_i * (0.2 * i) + (new_q * (0.2 * q) + 0.8 * real);
        let imaginary = new_i * (0.2 * q) + (0.8 * imaginary - new_q * (0.2 * i));
        self.correlation = [real, imaginary];
        let last = self.period;
        let mut period = last;
        if imaginary != 0.0 && real != 0.0 {
            period = 2.0 * PI / (imaginary / real).atan();
        }
        period = within(period, 0.67 * last, 1.5 * last);
        period = within(period, 6.0, 50.0);
        self.period = 0.2 * period + 0.8 * last;
        self.smooth_period = 0.33 * self.period + 0.67 * self.smooth_period;
        Some(Wave {
            smoothed,
            in_phase: before,
            quadrature,
            period: self.smooth_period,
        })
    }
}

/// One comparison each; `f64::clamp` asks for NaN too.
#[inline(always)]
fn within(x: f64, least: f64, most: f64) -> f64 {
    let x = if x > most { most } else { x };
    if x < least { least } else { x }
}

/// Degrees of a radian.
const DEGREES: f64 = 180.0 / PI;

/// The longest cycle in bars.
const LONGEST: usize = 50;

/// The last `LONGEST` values, newest first; 0 before there are any.
#[derive(Clone, Debug)]
pub struct Recent {
    /// Twice over, so that any stretch of them is one slice.
    values: [f64; 2 * LONGEST],
    at: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self::new()
    }
}

impl Recent {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            values: [0.0; 2 * LONGEST],
            at: LONGEST,
        }
    }

    /// Takes a value and gives all, newest first.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> &[f64] {
        self.at = if self.at == 0 {
            LONGEST - 1
        } else {
            self.at - 1
        };
        self.values[self.at] = x;
        if self.at + LONGEST < 2 * LONGEST {
            self.values[self.at + LONGEST] = x;
        }
        &self.values[self.at..self.at + LONGEST]
    }
}

/// The whole number of bars nearest to a cycle.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "periods are positive")]
pub fn whole_period(period: f64) -> usize {
    ((period + 0.5) as usize).min(LONGEST)
}

/// Sine and cosine of bar `i` of a whole cycle of `n` bars, at `n (n - 1) / 2 + i`.
static CIRCLES: LazyLock<Vec<[f64; 2]>> = LazyLock::new(|| {
    let mut circles = Vec::with_capacity(LONGEST * (LONGEST + 1) / 2);
    for bars in 1..=LONGEST {
        for bar in 0..bars {
            let angle = bar as f64 * (2.0 * PI) / bars as f64;
            circles.push([angle.sin(), angle.cos()]);
        }
    }
    circles
});

/// Where in its dominant cycle a series is, in degrees.
#[derive(Clone, Debug)]
pub struct Phase {
    circles: &'static [[f64; 2]],
    smoothed: Recent,
    last: f64,
}

impl Default for Phase {
    fn default() -> Self {
        Self::new()
    }
}

impl Phase {
    /// Before the first bar.
    #[must_use]
    pub fn new() -> Self {
        Self {
            circles: &CIRCLES,
            smoothed: Recent::new(),
            last: 0.0,
        }
    }

    /// In degrees, up to 315.
    #[inline(always)]
    pub fn next(&mut self, wave: &Wave) -> f64 {
        let smoothed = self.smoothed.next(wave.smoothed);
        let bars = whole_period(wave.period);
        let circle = &self.circles[bars * bars.wrapping_sub(1) / 2..][..bars];
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (value, [sine, cosine]) in smoothed.iter().zip(circle) {
            real += sine * value;
            imaginary += cosine * value;
        }
        let mut phase = self.last;
        if imaginary != 0.0 {
            phase = (real / imaginary).atan() * DEGREES;
        } else if real < 0.0 {
            phase -= 90.0;
        } else if real > 0.0 {
            phase += 90.0;
        }
        phase += 90.0;
        // The smoothed price is a bar late.
        phase += 360.0 / wave.period;
        if imaginary < 0.0 {
            phase += 180.0;
        }
        if phase > 315.0 {
            phase -= 360.0;
        }
        self.last = phase;
        phase
    }
}

/// The sine of an angle in degrees, and of 45 degrees more.
#[inline(always)]
pub fn sines(phase: f64) -> [f64; 2] {
    [(phase / DEGREES).sin(), ((phase + 45.0) / DEGREES).sin()]
}

/// The mean of a few values.
#[inline(always)]
pub fn mean_of(values: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let mut fours = values.chunks_exact(4);
    for four in &mut fours {
        for (sum, value) in sums.iter_mut().zip(four) {
            *sum += value;
        }
    }
    let rest: f64 = fours.remainder().iter().sum();
    ((sums[0] + sums[1]) + (sums[2] + sums[3]) + rest) / values.len() as f64
}
