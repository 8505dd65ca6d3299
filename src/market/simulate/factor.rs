//! What all symbols of a simulated market share: the clock's seasons, regimes and one factor.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::{super::Calendar, SimulateConfig, clock};

/// Variance of a regime relative to the normal one, and its mean length in days and least bars.
const REGIMES: [(f64, f64, f64); 3] = [(0.5, 5.0, 40.0), (1.0, 4.0, 30.0), (3.0, 1.0, 10.0)];
/// Chance of the calm regime after the normal one; the rest is turbulent. The others turn normal.
const CALM_AFTER_NORMAL: f64 = 0.6;

/// Chance of a jump per bar, of the factor and of each symbol by itself.
const JUMP_CHANCE: f64 = 0.002;
/// Standard deviation of a jump in units of the bar's volatility.
const JUMP_SIZE: f64 = 4.0;

/// Daily volatility, and the share of the daily variance that falls into the night.
const DAILY_VOLATILITY: [f64; 2] = [0.03, 0.015];
const NIGHT_SHARE: f64 = 0.25;

/// What the symbols share.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    /// The factor's shock per bar, unit variance.
    pub(super) shock: Vec<f64>,
    /// The factor's shock over the closed span before a bar; empty where there is none.
    pub(super) night: Vec<f64>,
    /// Which bars come after a closed span.
    pub(super) after_night: Vec<bool>,
    /// The regime's variance, mean 1.
    pub(super) regime: Vec<f64>,
    /// Volatility by time of day, mean square 1, two bars longer than the rest.
    pub(super) season: Vec<f64>,
    /// Volatility of a bar.
    pub(super) sigma: f64,
    /// Volatility of a closed span.
    pub(super) night_sigma: f64,
}

impl Factor {
    pub(super) fn draw(config: &SimulateConfig, time: &[i64]) -> Self {
        let mut rng = stream(config.seed, 0);
        let bars_per_day = clock::bars_per_day(config) as f64;
        let after_night: Vec<bool> = (0..time.len())
            .map(|bar| match config.calendar {
                Calendar::Daily => true,
                _ => bar > 0 && time[bar] - time[bar - 1] > config.interval_ns,
            })
            .collect();
        let (daily, night_share) = match config.calendar {
            Calendar::Always => (DAILY_VOLATILITY[0], 0.0),
            Calendar::Weekdays => (DAILY_VOLATILITY[1], 0.0),
            Calendar::Sessions | Calendar::Daily => (DAILY_VOLATILITY[1], NIGHT_SHARE),
        };
        let sigma = daily * ((1.0 - night_share) / bars_per_day).sqrt();
        // A weekend of a market without nights is as long as one night of another.
        let night_sigma = daily * NIGHT_SHARE.sqrt();
        let shock = (0..time.len()).map(|_| shock(&mut rng)).collect();
        let night = after_night
            .iter()
            .map(|_| rng.sample::<f64, _>(StandardNormal))
            .collect();
        let regime = regimes(&mut rng, time.len(), bars_per_day);
        Self {
            shock,
            night,
            after_night,
            regime,
            season: seasons(config, time),
            sigma,
            night_sigma,
        }
    }

    /// Variance of a return between two closes without bounce, in units of a bar's variance.
    pub(super) fn variance_with_nights(&self) -> f64 {
        let nights = self.after_night.iter().filter(|night| **night).count() as f64;
        1.0 + nights / self.after_night.len() as f64 * (self.night_sigma / self.sigma).powi(2)
    }
}

/// The generator of one stream: 0 is the market's own, symbol i has i + 1.
pub(super) fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// A shock of unit variance, now and then a jump.
pub(super) fn shock(rng: &mut impl Rng) -> f64 {
    let jump_variance = JUMP_CHANCE * JUMP_SIZE * JUMP_SIZE;
    let normal: f64 = rng.sample(StandardNormal);
    let jump: f64 = if rng.random::<f64>() < JUMP_CHANCE {
        JUMP_SIZE * rng.sample::<f64, _>(StandardNormal)
    } else {
        0.0
    };
    (normal + jump) / (1.0 + jump_variance).sqrt()
}

fn regimes(rng: &mut impl Rng, num_bars: usize, bars_per_day: f64) -> Vec<f64> {
    let length = REGIMES.map(|(_, days, least)| (days * bars_per_day).max(least));
    // Of 1 visit to the normal regime, so many go on to the calm and the turbulent one.
    let visits = [CALM_AFTER_NORMAL, 1.0, 1.0 - CALM_AFTER_NORMAL];
    let weight: Vec<f64> = visits.iter().zip(length).map(|(v, l)| v * l).collect();
    let total: f64 = weight.iter().sum();
    let mean: f64 = weight
        .iter()
        .zip(REGIMES)
        .map(|(weight, (variance, ..))| weight * variance / total)
        .sum();
    let start = rng.random::<f64>() * total;
    let mut state = match start {
        x if x < weight[0] => 0,
        x if x < weight[0] + weight[1] => 1,
        _ => 2,
    };
    (0..num_bars)
        .map(|_| {
            if rng.random::<f64>() * length[state] < 1.0 {
                state = match state {
                    1 if rng.random::<f64>() < CALM_AFTER_NORMAL => 0,
                    1 => 2,
                    _ => 1,
                };
            }
            REGIMES[state].0 / mean
        })
        .collect()
}

/// Volatility by time of day, extended by two bars that repeat the day before.
fn seasons(config: &SimulateConfig, time: &[i64]) -> Vec<f64> {
    let open = f64::from(clock::SESSION_OPEN_S) / 86_400.0;
    let length = clock::SESSION_MINUTES as f64 / 1_440.0;
    let turn = std::f64::consts::TAU;
    let mut season: Vec<f64> = time
        .iter()
        .map(|&time| {
            let share = clock::share_of_day(time);
            match config.calendar {
                Calendar::Daily => 1.0,
                // Busiest in the afternoon, UTC, with a second hump in the night.
                Calendar::Always | Calendar::Weekdays => {
                    (0.30 * (turn * (share - 0.36)).sin() + 0.15 * (2.0 * turn * share).sin()).exp()
                }
                // Busiest after the open, and again before the close.
                Calendar::Sessions => {
                    let passed = (share - open) / length;
                    0.7 + 1.3 * (-passed / 0.08).exp() + 0.5 * (-(1.0 - passed) / 0.10).exp()
                }
            }
        })
        .collect();
    let square = season.iter().map(|s| s * s).sum::<f64>() / season.len() as f64;
    for value in &mut season {
        *value /= square.sqrt();
    }
    let again = season[..2].to_vec();
    season.extend(again);
    season
}
