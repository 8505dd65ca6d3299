//! Every number of an evaluation, as it is printed, stored and drawn.

use serde::{Deserialize, Serialize};

use super::backtest::{BacktestConfig, CostLevel, Costs, CostsConfig, Strategy};
use super::{Interval, IntervalConfig};
use crate::metrics::{
    ForecastCalibration, HitRate, Objective, ProbabilityCalibration, QuantileCalibration, Scores,
};
use crate::windows::{Entry, Normalise};

/// How to evaluate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// The strategies.
    pub backtest: BacktestConfig,
    /// What trading costs.
    pub costs: CostsConfig,
    /// How intervals are made.
    pub intervals: IntervalConfig,
}

/// The search that the evaluated model is the best of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trials {
    /// Configurations tried, counted over every look at these windows.
    pub count: usize,
    /// Variance over the trials of their Sharpe ratios per bar.
    pub sharpe_variance: f64,
}

/// Forecasters on the same windows, with everything measured of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Windows measured.
    pub num_windows: usize,
    /// Symbols that they are of.
    pub num_symbols: usize,
    /// Open time of the first window's last bar, nanoseconds since the epoch, UTC.
    pub first: i64,
    /// Open time of the last window's last bar.
    pub last: i64,
    /// Length of a bar, nanoseconds.
    pub interval_ns: i64,
    /// `24x7`, `24x5`, `sessions`, `daily`.
    pub calendar: String,
    /// By which returns and risk become those of a year.
    pub bars_per_year: f64,
    /// Where trades are entered.
    pub entry: Entry,
    /// What the label is.
    pub normalise: Normalise,
    /// What `loss` is.
    pub objective: Objective,
    /// The sentence that goes with every output, if the target cannot be traded.
    pub caveat: Option<String>,
    /// The strategies' settings.
    pub backtest: BacktestConfig,
    /// What trading costs, settled.
    pub costs: Costs,
    /// How intervals were made.
    pub intervals: IntervalConfig,
    /// The search that the model is the best of, if there was one.
    pub trials: Option<Trials>,
    /// One entry a horizon.
    pub horizons: Vec<HorizonEvaluation>,
}

/// One horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HorizonEvaluation {
    /// Bars ahead.
    pub horizon_bars: usize,
    /// In the order in which they were given.
    pub forecasters: Vec<ForecasterEvaluation>,
    /// Each model against each baseline.
    pub differences: Vec<Difference>,
}

/// One forecaster at one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecasterEvaluation {
    /// The name that it was given.
    pub name: String,
    /// Whether it is a model and not a baseline.
    pub is_model: bool,
    /// The mean over its runs (seeds). Standard errors in it are means of the runs' own, so they count
    /// the luck of the bars and not that of the seeds; `intervals` count both.
    pub scores: Scores,
    /// Each run's scores.
    pub runs: Vec<Scores>,
    /// Ranges of the means over runs.
    pub intervals: ScoreIntervals,
    /// By symbol, in the order of the bars.
    pub symbols: Vec<SymbolScores>,
    /// Where in time the IC comes from.
    pub ic_over_time: Vec<IcPoint>,
    /// Forecast log returns of all runs in ten bins of equal count against what came.
    pub calibration: Option<ForecastCalibration>,
    /// Its quantiles' calibration, lowest level first; empty if it gives none.
    #[serde(default)]
    pub quantiles: Vec<QuantileCalibration>,
    /// Its probabilities' calibration, if it gives them.
    #[serde(default)]
    pub directions: Option<DirectionCalibration>,
    /// One entry a strategy; the configured one has curves.
    pub backtests: Vec<BacktestReport>,
}

/// Probabilities of three directions against what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectionCalibration {
    /// Of a label below the flat band.
    pub down: ProbabilityCalibration,
    /// Of one inside.
    pub flat: ProbabilityCalibration,
    /// Of one above.
    pub up: ProbabilityCalibration,
}

/// Ranges of scores that chance leaves, over bars and runs together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreIntervals {
    /// [`crate::metrics::ic_ts`]
    pub ic_ts: Option<Interval>,
    /// [`crate::metrics::ic_cs`]
    pub ic_cs: Option<Interval>,
    /// [`crate::metrics::rank_ic_cs`]
    pub rank_ic_cs: Option<Interval>,
    /// [`crate::metrics::hit_rate`]
    pub hit_rate: Option<Interval>,
}

/// A model's statistic less a baseline's, on the same bars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The model.
    pub model: String,
    /// The baseline.
    pub baseline: String,
    /// Of the scores.
    pub scores: ScoreIntervals,
    /// Of the configured strategy's Sharpe ratio, of a year, after costs.
    pub sharpe: Option<Interval>,
    /// Of the configured strategy's return per bar after costs, basis points.
    pub mean_return_bps: Option<Interval>,
}

/// One symbol; means over runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SymbolScores {
    /// The symbol.
    pub symbol: String,
    /// Windows.
    pub num_windows: usize,
    /// Correlation of forecasts and outcomes over time.
    pub ic_ts: Option<f64>,
    /// Signs.
    pub hit_rate: Option<HitRate>,
    /// Earned by the configured strategy before costs, share of the whole capital.
    pub earned: f64,
    /// Traded by it, multiples of the whole capital.
    pub traded: f64,
    /// Cost of one side that leaves nothing of `earned`, basis points.
    pub break_even_bps: Option<f64>,
}

/// Some bars in a row; means over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IcPoint {
    /// Open time of the first of them.
    pub time: i64,
    /// Bars.
    pub num_bars: usize,
    /// What these bars add to [`crate::metrics::ic_ts`]: the mean of standardised forecast times
    /// standardised outcome. Their mean weighted by forecasts is the IC.
    pub ic_ts: Option<Band>,
    /// Mean of [`crate::metrics::ic_cs`] over these bars.
    pub ic_cs: Option<Band>,
}

/// A mean with the range of 1.96 Newey-West standard errors on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The mean.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One strategy; a forecaster's runs share the capital equally.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BacktestReport {
    /// The strategy.
    pub strategy: Strategy,
    /// Without costs, with half, all and twice of them.
    pub levels: Vec<CostLevel>,
    /// [`super::backtest::Flow::break_even_bps`]
    pub break_even_bps: Option<f64>,
    /// Mean value held long, share of the capital.
    pub mean_long: f64,
    /// Mean value held short, 0 or more.
    pub mean_short: f64,
    /// Sharpe ratio of a year after costs: the mean of the runs' own, which is at most that of the capital
    /// divided among them (`levels`).
    pub sharpe: Option<Interval>,
    /// Return per bar after costs, basis points.
    pub mean_return_bps: Option<Interval>,
    /// Probability that the true Sharpe ratio after costs is above 0.
    pub probabilistic_sharpe: Option<f64>,
    /// Probability that it is above what the best of the trials would show by luck; none without
    /// [`Evaluation::trials`].
    pub deflated_sharpe: Option<f64>,
    /// The configured strategy's curves.
    pub curves: Option<Curves>,
}

/// Equity and what made it, in at most 1000 points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// Open time of each point's last bar.
    pub time: Vec<i64>,
    /// Value of one unit at each point, for each entry of [`BacktestReport::levels`].
    pub equity: Vec<Vec<f64>>,
    /// Deepest share lost within each point's bars, for each level.
    pub drawdown: Vec<Vec<f64>>,
    /// Mean value held long over each point's bars.
    pub long: Vec<f64>,
    /// Mean value held short.
    pub short: Vec<f64>,
    /// Mean traded per bar.
    pub turnover: Vec<f64>,
}

/// Multiples of the costs in every table.
pub const COST_MULTIPLES: [f64; 4] = [0.0, 0.5, 1.0, 2.0];
