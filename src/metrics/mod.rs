//! How good forecasts are: one definition for each number, its unit, and the baselines beside it.
//!
//! Everything here is float64 on the host, on vectors that were read back once; only the ridge
//! baseline accumulates its normal equations on the device. Forecasts and labels of the losses are in
//! the label's units (`windows::targets`); correlations, hit rates and break-even costs are of log
//! returns, the forecast times its scale against what came.
//!
//! A correlation pooled over symbols and bars is not computed: it mixes two questions. NaN never
//! stands for a number that cannot be had; `Option` does.

mod baselines;
mod calibration;
mod correlation;
mod direction;
mod losses;
mod metric;
mod panel;
mod ridge;
mod scorer;
mod significance;
mod table;
mod trees;
mod validation;

pub use baselines::{Forecasts, minus_last_return, zero};
pub use calibration::{
    ForecastBin, ForecastCalibration, ProbabilityCalibration, QuantileCalibration, ReliabilityBin,
    forecast_calibration, pinball, probability_calibration, quantile_calibration,
};
pub use correlation::{Ic, ic_cs, ic_ts, icir, pearson, rank_ic_cs, spearman};
pub use direction::{HitRate, break_even_bps, hit_rate};
pub use losses::{Objective, huber, mae, mse, r2};
pub use metric::{Direction, Metric, MetricError};
pub use panel::Panel;
pub use ridge::{RIDGE_LAMBDA, Ridge};
pub use scorer::Scorer;
pub use significance::{minimum_detectable_ic, newey_west_lag, newey_west_se, t_statistic};
pub use trees::{Trees, TreesConfig};
pub use validation::{HorizonScores, NamedScores, Scores, Validation};
