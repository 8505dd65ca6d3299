//! Bars that were never traded: realistic where it matters to a model, and with a signal of known
//! strength.
//!
//! What real bars have and naive random walks lack: volatility that clusters (GARCH(1,1)) and
//! switches between calm, normal and turbulent regimes, jumps, intraday seasons of volatility and
//! volume, volume that rises with volatility, symbols that move together (one factor), the
//! bid-ask bounce, overnight gaps where the market closes, ticks, and bars that are missing.
//!
//! # The signal
//! Prices overreact. Let `bop_t = (close_t - open_t) / (high_t - low_t)` (0 on a flat or missing bar)
//! and
//!
//! ```text
//! x_t = 0.8 x_{t-1} + bop_t + gamma A s_{t-2}        surprises, exponentially weighted
//! s_t = x_t / sd(x)                                  linear
//! s_t = x_t sign(x_{t-16}) / sd(x)                   nonlinear: no linear forecast sees it
//! E[ln(c_{t+2} / c_{t+1}) | bars <= t] = -A s_t sigma_t
//! ```
//!
//! `s_t` is a function of published bars up to `t` and of nothing else ([`Simulation::recover`]);
//! `sigma_t` is the volatility that the process itself expects at `t`. `A` is set so that the
//! correlation over time between that conditional mean and the return over the next bar after the
//! entry at the next close (`target.entry = "next_close"`, horizon 1) is the stated information
//! coefficient, for each symbol; for the return scaled by its volatility it is 2 to 5 % less. No
//! forecast from past bars can do better; with strength 0 log prices are a martingale but for the
//! bounce, which the entry at the next close does not see. `gamma` is how far a drift of one
//! volatility shifts `bop`: without that term the signal would feed on itself.
//!
//! Everything is a function of the configuration and its seed; a symbol depends on its own place in
//! the list only, not on how many others there are.

mod clock;
mod factor;
mod shape;
mod signal;
mod symbol;
mod write;

use serde::{Deserialize, Serialize};

use super::{Bars, Calendar, GapPolicy, MarketError, Series, Session};
use factor::Factor;
use signal::Coefficients;

pub use clock::{SESSION_MINUTES, SESSION_OPEN_S};
pub use symbol::SimulatedSymbol;

/// How past bars tell of the future.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalKind {
    /// Against a weighted sum of past bars' `(close - open) / (high - low)`.
    #[default]
    Linear,
    /// The same, but with the sign that it had 16 bars before: invisible to linear forecasts.
    Nonlinear,
}

/// What to simulate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulateConfig {
    /// Names of the symbols.
    pub symbols: Vec<String>,
    /// Bars of the calendar per symbol, missing ones included.
    pub num_bars: usize,
    /// Length of a bar in nanoseconds.
    pub interval_ns: i64,
    /// When the market is open. Sessions are 14:30 to 21:00 UTC on weekdays.
    pub calendar: Calendar,
    /// Open of the first bar, or a time before it.
    pub start_ns: i64,
    /// Seed of everything.
    pub seed: u64,
    /// Attainable information coefficient at horizon 1, from 0 to [`MAX_SIGNAL_IC`].
    pub signal_ic: f64,
    /// How past bars tell of the future.
    pub signal_kind: SignalKind,
    /// Share of bars that are missing, from 0 to [`MAX_MISSING`].
    pub missing: f64,
}

/// The strongest signal: beyond it, drifts would bend the bars that they are read from.
pub const MAX_SIGNAL_IC: f64 = 0.3;
/// The largest share of missing bars.
pub const MAX_MISSING: f64 = 0.5;

/// 2024-01-01, a Monday.
pub const DEFAULT_START_NS: i64 = 1_704_067_200_000_000_000;

impl Default for SimulateConfig {
    /// The sample's configuration: six symbols, twenty days of five-minute bars around the clock.
    fn default() -> Self {
        Self {
            symbols: names(6),
            num_bars: 5_760,
            interval_ns: 300 * 1_000_000_000,
            calendar: Calendar::Always,
            start_ns: DEFAULT_START_NS,
            seed: 0,
            signal_ic: 0.0,
            signal_kind: SignalKind::Linear,
            missing: 0.0,
        }
    }
}

/// `count` names in alphabetical order: `S1` to `S6`, `S001` to `S500`.
///
/// ```
/// assert_eq!(emberline::market::simulate::names(10)[8..], ["S09", "S10"]);
/// ```
pub fn names(count: usize) -> Vec<String> {
    let width = count.to_string().len();
    (1..=count)
        .map(|number| format!("S{number:0width$}"))
        .collect()
}

/// A simulated market: what its symbols share, from which each one follows.
#[derive(Clone, Debug)]
pub struct Simulation {
    config: SimulateConfig,
    /// Open of each bar.
    time: Vec<i64>,
    factor: Factor,
    coefficients: Coefficients,
}

impl Simulation {
    /// Checks `config` and draws what the symbols share.
    ///
    /// ```
    /// use emberline::market::simulate::{SimulateConfig, Simulation, names};
    /// let config = SimulateConfig { symbols: names(2), num_bars: 500, ..SimulateConfig::default() };
    /// let simulation = Simulation::new(config)?;
    /// let bars = simulation.symbol(1).series;
    /// assert_eq!((bars.symbol.as_str(), bars.len()), ("S2", 500));
    /// assert_eq!(bars, simulation.symbol(1).series);
    /// # Ok::<(), emberline::market::MarketError>(())
    /// ```
    /// # Errors
    /// [`MarketError::Setting`] if a value is out of bounds or the interval does not fit the
    /// calendar.
    pub fn new(config: SimulateConfig) -> Result<Self, MarketError> {
        check(&config)?;
        let time = clock::times(&config)?;
        let factor = Factor::draw(&config, &time);
        let coefficients = Coefficients::new(&config, &factor);
        Ok(Self {
            config,
            time,
            factor,
            coefficients,
        })
    }

    /// What was asked for.
    pub fn config(&self) -> &SimulateConfig {
        &self.config
    }

    /// The bars of one symbol and the truth about them.
    ///
    /// # Panics
    /// If there is no symbol `index`.
    pub fn symbol(&self, index: usize) -> SimulatedSymbol {
        symbol::walk(
            &self.config,
            index,
            &self.time,
            &self.factor,
            &self.coefficients,
        )
    }

    /// All symbols in memory, as if loaded with gaps ignored.
    pub fn bars(&self) -> Bars {
        let mut series: Vec<Series> = (0..self.config.symbols.len())
            .map(|index| self.symbol(index).series)
            .collect();
        series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Bars {
            series,
            interval_ns: self.config.interval_ns,
            calendar: self.config.calendar,
            session: Session {
                open_s: match self.config.calendar {
                    Calendar::Sessions => clock::SESSION_OPEN_S,
                    _ => 0,
                },
                ..Session::default()
            },
            date_labels: self.config.calendar == Calendar::Daily,
            has_volume: true,
            adjusted: false,
            gaps: GapPolicy::Ignore,
            notes: Vec::new(),
        }
    }

    /// The correlation over time between the best forecast and `ln(c[t+1+h] / c[t+1])`, where it is
    /// known in closed form: every horizon of a linear signal, horizon 1 of a nonlinear one.
    ///
    /// ```
    /// use emberline::market::simulate::{SimulateConfig, Simulation};
    /// let config = SimulateConfig { signal_ic: 0.1, ..SimulateConfig::default() };
    /// let simulation = Simulation::new(config)?;
    /// assert!((simulation.attainable_ic(1).unwrap() - 0.1).abs() < 1e-12);
    /// assert!(simulation.attainable_ic(12).unwrap() > 0.1);
    /// # Ok::<(), emberline::market::MarketError>(())
    /// ```
    pub fn attainable_ic(&self, horizon_bars: usize) -> Option<f64> {
        match self.config.signal_kind {
            SignalKind::Nonlinear if horizon_bars != 1 => None,
            _ => Some(self.coefficients.attainable_ic(horizon_bars)),
        }
    }

    /// The signal `s_t` of every row, from published bars alone.
    ///
    /// It needs the rows from the first bar on, since the recursion starts there. A missing bar
    /// brings no news, so rows may be absent.
    pub fn recover(&self, series: &Series) -> Vec<f64> {
        let mut state = signal::State::new(self.config.signal_kind);
        let mut rows = series.time.iter().enumerate().peekable();
        let mut signal = Vec::with_capacity(series.len());
        for &time in &self.time {
            let row = rows.next_if(|&(_, &published)| published == time);
            let news = row.map(|(row, _)| {
                signal::balance(
                    series.open[row],
                    series.high[row],
                    series.low[row],
                    series.close[row],
                )
            });
            let value = state.step(news, &self.coefficients);
            if row.is_some() {
                signal.push(value);
            }
        }
        signal
    }
}

fn check(config: &SimulateConfig) -> Result<(), MarketError> {
    let refuse = |key, value: String, rule: &str| {
        Err(MarketError::Setting {
            key,
            value,
            rule: rule.to_owned(),
        })
    };
    if config.symbols.is_empty() {
        return refuse("symbols", String::new(), "at least one symbol");
    }
    let mut sorted: Vec<&str> = config.symbols.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return refuse("symbols", pair[0].to_owned(), "each symbol once");
    }
    if sorted[0].trim().is_empty() {
        return refuse("symbols", sorted[0].to_owned(), "a symbol has a name");
    }
    if !(2..=100_000_000).contains(&config.num_bars) {
        return refuse(
            "bars",
            config.num_bars.to_string(),
            "from 2 to 100,000,000 bars",
        );
    }
    if !(0.0..=MAX_SIGNAL_IC).contains(&config.signal_ic) {
        return refuse("signal", config.signal_ic.to_string(), "from 0 to 0.3");
    }
    if !(0.0..=MAX_MISSING).contains(&config.missing) {
        return refuse("missing", config.missing.to_string(), "from 0 to 0.5");
    }
    Ok(())
}
