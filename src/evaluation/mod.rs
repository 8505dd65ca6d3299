//! What forecasts are worth: intervals, costs, risk, and how much of the best result is luck.
//!
//! Pure functions of forecasts, outcomes and bars; nothing here trains, writes a file or looks at a
//! clock.

mod interval;
mod overfitting;
mod performance;

pub use interval::{
    Ingredients, Interval, IntervalConfig, block_bars, difference_interval, interval,
};
pub use overfitting::{
    Overfitting, SharpeMoments, backtest_overfitting, deflated_sharpe, expected_best_sharpe,
    probabilistic_sharpe,
};
pub use performance::{
    Drawdown, Performance, bars_per_year, drawdown, drawdowns, equity, performance, sharpe, sortino,
};
