//! One symbol's walk through the simulated market.

use rand::{Rng, RngExt as _};
use rand_distr::StandardNormal;

use super::{
    super::Series,
    SimulateConfig,
    factor::{self, Factor},
    shape::{Shape, on_tick},
    signal::{Coefficients, State, balance},
};

/// GARCH(1,1): how much of the variance is the last squared shock, and how much the last variance.
pub(super) const FROM_SHOCK: f64 = 0.05;
pub(super) const FROM_VARIANCE: f64 = 0.93;

/// Loading of a symbol on the factor: correlations between symbols are about 0.25 to 0.64.
const LOADING: [f64; 2] = [0.5, 0.8];

/// Mean length of a run of missing bars.
const MISSING_RUN: f64 = 2.0;

/// One symbol's bars and the truth about them, one entry per published row.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedSymbol {
    /// The published bars.
    pub series: Series,
    /// The signal `s_t`, unit variance, a function of the bars up to `t`.
    pub signal: Vec<f64>,
    /// The conditional mean of `ln(c[t+2] / c[t+1])` given everything up to bar `t`, where `t + 1`
    /// and `t + 2` are bars of the calendar, missing or not.
    pub expected: Vec<f64>,
}

pub(super) fn walk(
    config: &SimulateConfig,
    index: usize,
    time: &[i64],
    factor: &Factor,
    constants: &Coefficients,
) -> SimulatedSymbol {
    let mut rng = factor::stream(config.seed, index as u64 + 1);
    let loading = LOADING[0] + (LOADING[1] - LOADING[0]) * rng.random::<f64>();
    let own = (1.0 - loading * loading).sqrt();
    let mut middle = 100_f64.ln() + rng.sample::<f64, _>(StandardNormal);
    let usual_volume = 1e6 / middle.exp() * rng.sample::<f64, _>(StandardNormal).exp();
    let mut variance = 1.0;
    let mut missing = Missing::new(config.missing);
    let mut state = State::new(config.signal_kind);
    // Drift of the next bar and of the one after it.
    let mut drift = [0.0, 0.0];
    let mut published = SimulatedSymbol {
        series: Series {
            symbol: config.symbols[index].clone(),
            ..Series::default()
        },
        signal: Vec::with_capacity(time.len()),
        expected: Vec::with_capacity(time.len()),
    };
    for (bar, &open_time) in time.iter().enumerate() {
        let level = factor.sigma * (variance * factor.regime[bar]).sqrt();
        let volatility = level * factor.season[bar];
        let night: f64 = loading * factor.night[bar] + own * rng.sample::<f64, _>(StandardNormal);
        if factor.after_night[bar] {
            middle += factor.night_sigma * (variance * factor.regime[bar]).sqrt() * night;
        }
        let shock = loading * factor.shock[bar] + own * factor::shock(&mut rng);
        let shape = Shape::draw(shock + drift[0] / volatility, &mut rng);
        let price = |log: f64| on_tick((middle + volatility * log).exp(), factor.sigma);
        let prices = [shape.open, shape.high, shape.low, shape.close].map(price);
        middle += volatility * shape.middle;
        let volume = volume(usual_volume, volatility / factor.sigma, shock, &mut rng);
        // The first bar is always there.
        let shown = !missing.next(&mut rng) || bar == 0;
        let news = shown.then(|| balance(prices[0], prices[1], prices[2], prices[3]));
        let signal = state.step(news, constants);
        variance = 1.0 - FROM_SHOCK - FROM_VARIANCE
            + variance * (FROM_SHOCK * shock * shock + FROM_VARIANCE);
        // Known at this bar: the variance of the next one and the season of the one after it.
        let expected_volatility =
            factor.sigma * (variance * factor.regime[bar]).sqrt() * factor.season[bar + 2];
        drift = [drift[1], -constants.strength * signal * expected_volatility];
        if shown {
            let series = &mut published.series;
            series.time.push(open_time);
            series.open.push(prices[0]);
            series.high.push(prices[1]);
            series.low.push(prices[2]);
            series.close.push(prices[3]);
            series.volume.push(volume);
            published.signal.push(signal);
            published.expected.push(drift[1]);
        }
    }
    published
}

/// Volume rises with the bar's volatility and with the size of its shock.
fn volume(usual: f64, relative_volatility: f64, shock: f64, rng: &mut impl Rng) -> f32 {
    let noise: f64 = rng.sample(StandardNormal);
    let log = 0.9 * relative_volatility.ln() + 0.25 * shock.abs() + 0.4 * noise;
    (usual * log.exp()).round().max(1.0) as f32
}

/// Runs of missing bars whose share of all bars is given.
struct Missing {
    start: f64,
    end: f64,
    inside: bool,
}

impl Missing {
    fn new(share: f64) -> Self {
        let end = 1.0 / MISSING_RUN;
        Self {
            start: share / (1.0 - share) * end,
            end,
            inside: false,
        }
    }

    /// Whether the next bar is missing.
    fn next(&mut self, rng: &mut impl Rng) -> bool {
        let chance: f64 = rng.random();
        self.inside = if self.inside {
            chance >= self.end
        } else {
            chance < self.start
        };
        self.inside
    }
}
