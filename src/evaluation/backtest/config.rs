//! The settings `[backtest]` and `[costs]`.

use serde::{Deserialize, Serialize};

use crate::market::Calendar;

/// What turns the forecasts at a bar into positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Long what is forecast to do better, short what is forecast to do worse.
    #[default]
    LongShort,
    /// Long the best few, if they are forecast to rise.
    LongOnly,
    /// Long or short where the forecast is large enough.
    Threshold,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LongShort, Self::LongOnly, Self::Threshold];

    /// As in a configuration: `long_short`, `long_only`, `threshold`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongShort => "long_short",
            Self::LongOnly => "long_only",
            Self::Threshold => "threshold",
        }
    }
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The section `[backtest]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BacktestConfig {
    /// The strategy whose curves are drawn; the table has all of them.
    pub strategy: Strategy,
    /// Symbols that `long_only` holds at most, at least 1.
    pub top_k: usize,
    /// `threshold` trades beyond this forecast, basis points.
    pub threshold_bps: f64,
    /// Most that one symbol is given of the capital, above 0.
    pub max_weight: f64,
    /// Longs plus shorts that the capital is given, above 0; 1 is no leverage.
    pub gross: f64,
}

impl Default for BacktestConfig {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            top_k: 3,
            threshold_bps: 20.0,
            max_weight: 1.0,
            gross: 1.0,
        }
    }
}

/// The section `[costs]`; what is unset depends on the calendar: [`CostsConfig::resolve`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CostsConfig {
    /// Fee of one trade's side, basis points of what is traded.
    pub bps: Option<f64>,
    /// Worse price than the bar's, basis points of what is traded.
    pub slippage_bps: f64,
    /// Half the distance between two prices, in the quote's currency, paid for each unit traded.
    pub half_tick: Option<f64>,
    /// For borrowing what is sold short, basis points of its value a year.
    pub borrow_bps_per_year: Option<f64>,
}

/// What trading costs, all settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// [`CostsConfig::bps`]
    pub bps: f64,
    /// [`CostsConfig::slippage_bps`]
    pub slippage_bps: f64,
    /// [`CostsConfig::half_tick`]
    pub half_tick: f64,
    /// [`CostsConfig::borrow_bps_per_year`]
    pub borrow_bps_per_year: f64,
}

impl CostsConfig {
    /// Fills in what is unset by what usually trades under a calendar.
    ///
    /// | calendar | bps | half tick | borrow, bps a year |
    /// |---|---|---|---|
    /// | 24x7 (crypto) | 10 | 0 | 0 |
    /// | 24x5 (currencies) | 2 | 0 | 0 |
    /// | sessions, daily (equities) | 2 | 0.005 | 50 |
    ///
    /// Half a tick counts in the prices of the bars: on prices adjusted for dividends and splits it is
    /// too large a share where the adjusted price is far below the traded one.
    pub fn resolve(&self, calendar: Calendar) -> Costs {
        let (bps, half_tick, borrow) = match calendar {
            Calendar::Always => (10.0, 0.0, 0.0),
            Calendar::Weekdays => (2.0, 0.0, 0.0),
            Calendar::Sessions | Calendar::Daily => (2.0, 0.005, 50.0),
        };
        Costs {
            bps: self.bps.unwrap_or(bps),
            slippage_bps: self.slippage_bps,
            half_tick: self.half_tick.unwrap_or(half_tick),
            borrow_bps_per_year: self.borrow_bps_per_year.unwrap_or(borrow),
        }
    }
}
