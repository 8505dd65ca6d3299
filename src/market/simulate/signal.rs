//! The signal: its recursion over published bars, and the constants that give it its strength.

use std::collections::VecDeque;

use super::{
    SignalKind, SimulateConfig,
    factor::{self, Factor},
    shape::{HALF_SPREAD, Shape},
    symbol,
};

/// What is left of a surprise after one bar.
const DECAY: f64 = 0.8;
/// How many bars back a nonlinear signal takes its sign.
const SIGN_LAG: usize = 16;

/// The constants of one simulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coefficients {
    /// Drift against the signal, in units of volatility: `A`.
    pub(super) strength: f64,
    /// Shift of the balance per unit of drift: `gamma`.
    balance_per_drift: f64,
    /// Standard deviation of `x`.
    deviation: f64,
    /// Variance of a close-to-close return without bounce, in units of a bar's variance.
    variance: f64,
    /// Mean of `s^2` times the variance that is known with it, in units of a bar's variance.
    loading: f64,
}

impl Coefficients {
    /// With `q` the variance of a close-to-close return and `l` the mean of `s^2 sigma^2`:
    ///
    /// ```text
    /// IC^2 = A^2 l / (q + A^2 l)
    /// ```
    pub(super) fn new(config: &SimulateConfig, factor: &Factor) -> Self {
        let balance = Balance::calibrate();
        let shown = 1.0 - config.missing;
        let variance = factor.variance_with_nights();
        let noise = variance + 2.0 * HALF_SPREAD * HALF_SPREAD;
        let squared = DECAY * DECAY;
        // A large shock makes both the signal and the next variance large.
        let persistence = symbol::FROM_SHOCK + symbol::FROM_VARIANCE;
        let loading = 1.0
            + (1.0 - squared) * symbol::FROM_SHOCK * balance.with_squared_shock
                / (1.0 - squared * persistence);
        let ic = config.signal_ic;
        Self {
            strength: ic * (noise / (loading * (1.0 - ic * ic))).sqrt(),
            balance_per_drift: balance.per_drift,
            deviation: (shown * balance.variance / (1.0 - squared)).sqrt(),
            variance,
            loading,
        }
    }

    /// Correlation between the conditional mean of a return over `horizon` bars and the return:
    ///
    /// ```text
    /// a_h = A (1 - d^h) / (1 - d)                             the mean, per unit of s
    /// v_h = h v + 2 k^2                                       shocks and bounce
    ///     + A^2 l sum_{i, j < h} d^|i-j|                      drifts
    ///     - 2 A (gamma / sd(x)) sum_{j - i >= 2} d^(j-i-2)    shocks against the drifts they cause
    /// IC_h = a_h sqrt(l) / sqrt(v_h)
    /// ```
    pub(super) fn attainable_ic(&self, horizon: usize) -> f64 {
        let reach: f64 = (0..horizon).map(|bar| DECAY.powi(bar as i32)).sum();
        let pairs = |lag: usize| (horizon - lag) as f64;
        let drift: f64 = (0..horizon)
            .map(|lag| pairs(lag) * DECAY.powi(lag as i32) * if lag == 0 { 1.0 } else { 2.0 })
            .sum();
        let caused: f64 = (2..horizon)
            .map(|lag| pairs(lag) * DECAY.powi(lag as i32 - 2))
            .sum();
        let strength = self.strength;
        let variance = horizon as f64 * self.variance
            + 2.0 * HALF_SPREAD * HALF_SPREAD
            + strength * strength * self.loading * drift
            - 2.0 * strength * self.balance_per_drift / self.deviation * caused;
        strength * reach * (self.loading / variance).sqrt()
    }
}

/// `(close - open) / (high - low)`, 0 on a flat bar.
pub(super) fn balance(open: f32, high: f32, low: f32, close: f32) -> f64 {
    let range = f64::from(high) - f64::from(low);
    if range > 0.0 {
        (f64::from(close) - f64::from(open)) / range
    } else {
        0.0
    }
}

/// The recursion: what is known of the signal after the bars so far.
#[derive(Clone, Debug)]
pub(super) struct State {
    kind: SignalKind,
    surprise: f64,
    /// The last surprises, oldest first, for the sign.
    past: VecDeque<f64>,
    /// The signals one and two bars back.
    before: [f64; 2],
}

impl State {
    pub(super) fn new(kind: SignalKind) -> Self {
        Self {
            kind,
            surprise: 0.0,
            past: VecDeque::from(vec![0.0; SIGN_LAG]),
            before: [0.0; 2],
        }
    }

    /// The signal after one more bar, whose balance is `news`; `None` is a missing bar.
    pub(super) fn step(&mut self, news: Option<f64>, constants: &Coefficients) -> f64 {
        // The drift of this bar is against the signal of two bars before.
        let expected = -constants.balance_per_drift * constants.strength * self.before[1];
        self.surprise *= DECAY;
        if let Some(balance) = news {
            self.surprise += balance - expected;
        }
        let sign = match self.kind {
            SignalKind::Linear => 1.0,
            SignalKind::Nonlinear => match self.past.pop_front() {
                Some(past) if past != 0.0 => past.signum(),
                _ => 0.0,
            },
        };
        if self.kind == SignalKind::Nonlinear {
            self.past.push_back(self.surprise);
        }
        let signal = sign * self.surprise / constants.deviation;
        self.before = [signal, self.before[0]];
        signal
    }
}

/// What a bar's balance is like: constants of the shape of a bar, into which nothing of the
/// configuration enters.
struct Balance {
    variance: f64,
    /// Shift of the mean per unit of drift.
    per_drift: f64,
    /// Covariance of the squared balance, in units of its variance, with the squared shock.
    with_squared_shock: f64,
}

impl Balance {
    /// By simulating bars alone. The same draws with the drift up and down make the difference exact
    /// to about 0.3 %.
    fn calibrate() -> Self {
        const DRAWS: u32 = 1 << 16;
        const DRIFT: f64 = 0.1;
        let mut rng = factor::stream(0x5eed, 0);
        let (mut square, mut shift, mut both, mut shocks) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..DRAWS {
            let shock = 0.65 * factor::shock(&mut rng)
                + (1.0 - 0.65_f64 * 0.65).sqrt() * factor::shock(&mut rng);
            let draws = rng.clone();
            let relative = |drift: f64| {
                let bar = Shape::draw(shock + drift, &mut draws.clone());
                (bar.close - bar.open) / (bar.high - bar.low)
            };
            let balance = relative(0.0);
            square += balance * balance;
            both += balance * balance * shock * shock;
            shocks += shock * shock;
            shift += relative(DRIFT) - relative(-DRIFT);
            let _ = Shape::draw(shock, &mut rng);
        }
        let count = f64::from(DRAWS);
        Self {
            variance: square / count,
            per_drift: shift / count / (2.0 * DRIFT),
            with_squared_shock: both / square - shocks / count,
        }
    }
}
