//! What forecasts are worth: intervals, costs, risk, and how much of the best result is luck.
//!
//! Pure functions of forecasts, outcomes and bars; nothing here trains or looks at a clock, and only
//! [`report`], which shows what came out, writes a file. [`evaluate`] is the one call that measures models and baselines side by side:
//!
//! ```text
//! pub fn evaluate(input: &EvaluationInput<'_>) -> Evaluation
//!
//! EvaluationInput { bars, target, outcomes, objective, contestants, config, trials, device }
//!   contestants   Contestant::model("lstm", vec![seed_0, seed_1, ..]), Contestant::from(ridge_forecasts), ..
//!                 each run [S, Hn] in the label's units, in the order of outcomes.samples;
//!                 .with_losses(..) and .with_distribution(..) for quantiles and classes
//!   config        EvaluationConfig { backtest: [backtest], costs: [costs], intervals }
//!   trials        Some(Trials) after a search: feeds the deflated Sharpe ratio
//! ```
//!
//! Folds of a walk-forward are put one after another: samples of each fold's test span, outcomes and
//! forecasts in the same order. No window may occur twice.
//!
//! ```
//! use burn::tensor::Device;
//! use emberline::evaluation::{Contestant, EvaluationConfig, EvaluationInput, evaluate};
//! use emberline::market::{Bars, Calendar, Series, Session};
//! use emberline::metrics::{Objective, zero};
//! use emberline::windows::{Sample, TargetConfig, targets};
//!
//! let close: Vec<f32> = (0..300).map(|bar| 100.0 + (bar as f32 * 0.7).sin()).collect();
//! let series = Series {
//!     symbol: "A".to_owned(),
//!     time: (0..300).map(|bar| bar * 300_000_000_000).collect(),
//!     open: close.clone(),
//!     high: close.clone(),
//!     low: close.clone(),
//!     close,
//!     ..Series::default()
//! };
//! let bars = Bars::from_rows(vec![series], 300_000_000_000, Calendar::Always, Session::default());
//! let target = TargetConfig { horizons: vec![1], ..TargetConfig::default() };
//! let samples: Vec<Sample> = (210..290).map(|last| Sample { series: 0, last }).collect();
//! let outcomes = targets(&bars, &target).outcomes(&bars, &samples);
//! // two seeds that know the future
//! let seeds = vec![outcomes.label.clone(), outcomes.label.clone()];
//! let contestants = [Contestant::model("oracle", seeds), Contestant::from(zero(&outcomes))];
//! let evaluation = evaluate(&EvaluationInput {
//!     bars: &bars,
//!     target: &target,
//!     outcomes: &outcomes,
//!     objective: Objective::default(),
//!     contestants: &contestants,
//!     config: &EvaluationConfig::default(),
//!     trials: None,
//!     device: &Device::flex(),
//! });
//! let oracle = &evaluation.horizons[0].forecasters[0];
//! assert!(oracle.scores.hit_rate.is_some_and(|hits| hits.rate == 1.0));
//! assert!(oracle.backtests[0].break_even_bps.is_some_and(|bps| bps > 0.0));
//! assert!(serde_json::to_string(&evaluation).is_ok());
//! ```

pub mod backtest;
mod contestant;
mod evaluate;
mod ingredients;
mod interval;
mod overfitting;
mod performance;
pub mod report;
mod result;
mod score;
mod timeline;

pub use backtest::{BacktestConfig, Costs, CostsConfig, Strategy};
pub use contestant::{Contestant, Distribution};
pub use evaluate::{EvaluationInput, evaluate};
pub use ingredients::Ingredients;
pub use interval::{Interval, IntervalConfig, block_bars, difference_interval, interval};
pub use overfitting::{
    Overfitting, SharpeMoments, backtest_overfitting, deflated_sharpe, expected_best_sharpe,
    probabilistic_sharpe,
};
pub use performance::{
    Drawdown, Performance, bars_per_year, drawdown, drawdowns, equity, performance, sharpe, sortino,
};
pub use result::{
    BacktestReport, Band, COST_MULTIPLES, Curves, Difference, DirectionCalibration, Evaluation,
    EvaluationConfig, ForecasterEvaluation, HorizonEvaluation, IcPoint, ScoreIntervals,
    SymbolScores, Trials,
};
