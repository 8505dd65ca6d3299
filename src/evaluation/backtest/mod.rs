//! What trading on forecasts would have earned, before and after costs.
//!
//! ```text
//! forecasts -> weights at each bar -> trades of h sub-portfolios -> units held [N, T]
//!           -> earned, traded, exposure at each bar (device) -> costs, equity, risk (host)
//! ```
//! The forecast of a window that ends at bar t is traded at the price of bar t + 1, its close or its
//! open as `target.entry` says, and closed h bars later; with a horizon of h bars the capital is cut
//! into h equal sub-portfolios, one of which trades at each bar. Within a sub-portfolio a weight is a
//! share of its capital at entry; the units bought with it are held unchanged to the exit, so that
//! nothing is traded in between. `target.entry = "close"` trades at the very close that the forecast
//! is made from: that is not tradable, and what comes of it carries the target's caveat.
//!
//! Earnings are a share of a capital that is set back to 1 at each bar (no leverage by losing, no
//! compounding inside a bar); equity compounds them. Earned and traded amounts do not depend on
//! costs, so that any number of cost levels comes from one pass.

mod config;
mod device;
mod ledger;
pub mod reference;
mod weights;

pub use config::{BacktestConfig, Costs, CostsConfig, Strategy};
pub use device::flow;
pub use ledger::{Ledger, Trade};
pub use weights::weights;

use serde::{Deserialize, Serialize};

use super::performance::{Performance, performance};

/// What was earned and traded, per bar and per symbol, as shares of the capital. Before costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Earned since the bar before. `[T]`
    pub earned: Vec<f64>,
    /// Value bought and sold, both counted. `[T]`
    pub traded: Vec<f64>,
    /// Units bought and sold, for a capital of 1 of the quote currency. `[T]`
    pub units_traded: Vec<f64>,
    /// Value held long after trading. `[T]`
    pub long: Vec<f64>,
    /// Value held short after trading, 0 or more. `[T]`
    pub short: Vec<f64>,
    /// Earned over all bars. `[N]`
    pub symbol_earned: Vec<f64>,
    /// Traded over all bars. `[N]`
    pub symbol_traded: Vec<f64>,
}

/// A backtest at one cost level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostLevel {
    /// Costs as a multiple of the settled ones: 0 is before costs.
    pub multiple: f64,
    /// Fee, slippage and half tick together, basis points of what was traded.
    pub bps_per_side: f64,
    /// Paid for trading over all bars, share of the capital.
    pub trading_costs: f64,
    /// Paid for borrowing over all bars, share of the capital.
    pub borrow_costs: f64,
    /// Return and risk after these costs.
    pub performance: Performance,
}

impl Flow {
    /// Nothing earned, nothing traded.
    pub fn idle(num_symbols: usize, num_bars: usize) -> Self {
        Self {
            earned: vec![0.0; num_bars],
            traded: vec![0.0; num_bars],
            units_traded: vec![0.0; num_bars],
            long: vec![0.0; num_bars],
            short: vec![0.0; num_bars],
            symbol_earned: vec![0.0; num_symbols],
            symbol_traded: vec![0.0; num_symbols],
        }
    }

    /// The mean of several runs: the capital divided equally among them, nothing netted between them.
    ///
    /// # Panics
    /// If there is none, or they differ in bars or symbols.
    pub fn mean(runs: &[Self]) -> Self {
        assert!(!runs.is_empty(), "a mean over no run");
        let over = |pick: fn(&Self) -> &Vec<f64>| {
            let mut sum = vec![0.0; pick(&runs[0]).len()];
            for run in runs {
                assert_eq!(pick(run).len(), sum.len(), "bars or symbols of a run");
                for (sum, value) in sum.iter_mut().zip(pick(run)) {
                    *sum += value / runs.len() as f64;
                }
            }
            sum
        };
        Self {
            earned: over(|run| &run.earned),
            traded: over(|run| &run.traded),
            units_traded: over(|run| &run.units_traded),
            long: over(|run| &run.long),
            short: over(|run| &run.short),
            symbol_earned: over(|run| &run.symbol_earned),
            symbol_traded: over(|run| &run.symbol_traded),
        }
    }

    /// Paid for trading at each bar.
    ///
    /// ```text
    /// traded (bps + slippage_bps) / 10^4 + units_traded half_tick
    /// ```
    pub fn trading_costs(&self, costs: &Costs) -> Vec<f64> {
        let share = 1e-4 * (costs.bps + costs.slippage_bps);
        self.traded
            .iter()
            .zip(&self.units_traded)
            .map(|(traded, units)| share * traded + costs.half_tick * units)
            .collect()
    }

    /// Paid at each bar for what was short since the bar before.
    pub fn borrow_costs(&self, costs: &Costs, bars_per_year: f64) -> Vec<f64> {
        let rate = 1e-4 * costs.borrow_bps_per_year / bars_per_year;
        let before = std::iter::once(0.0).chain(self.short.iter().copied());
        before
            .take(self.short.len())
            .map(|short| rate * short)
            .collect()
    }

    /// Net returns at each bar with the costs taken `multiple` times.
    pub fn net(&self, costs: &Costs, bars_per_year: f64, multiple: f64) -> Vec<f64> {
        let trading = self.trading_costs(costs);
        let borrow = self.borrow_costs(costs, bars_per_year);
        let paid = trading.iter().zip(&borrow);
        self.earned
            .iter()
            .zip(paid)
            .map(|(earned, (trading, borrow))| earned - multiple * (trading + borrow))
            .collect()
    }

    /// Return and risk with the costs taken `multiple` times.
    pub fn at_level(&self, costs: &Costs, bars_per_year: f64, multiple: f64) -> CostLevel {
        let traded: f64 = self.traded.iter().sum();
        let trading: f64 = self.trading_costs(costs).iter().sum();
        let borrow: f64 = self.borrow_costs(costs, bars_per_year).iter().sum();
        CostLevel {
            multiple,
            bps_per_side: if traded > 0.0 {
                1e4 * multiple * trading / traded
            } else {
                multiple * (costs.bps + costs.slippage_bps)
            },
            trading_costs: multiple * trading,
            borrow_costs: multiple * borrow,
            performance: performance(
                &self.net(costs, bars_per_year, multiple),
                &self.traded,
                bars_per_year,
            ),
        }
    }

    /// The cost of one side, basis points of what is traded, at which nothing is earned, after what is
    /// paid for borrowing; none without a trade.
    ///
    /// ```text
    /// 10^4 (sum earned - sum borrowed) / sum traded
    /// ```
    /// Below 0: it loses before any cost of trading.
    pub fn break_even_bps(&self, costs: &Costs, bars_per_year: f64) -> Option<f64> {
        let traded: f64 = self.traded.iter().sum();
        let earned: f64 = self.earned.iter().sum();
        let borrow: f64 = self.borrow_costs(costs, bars_per_year).iter().sum();
        (traded > 0.0).then(|| 1e4 * (earned - borrow) / traded)
    }
}

/// Trades a forecast on the time line of a ledger.
///
/// - `forecast`: log returns over `horizon_bars`, one for each of `samples`, of which `panel` is the
///   grouping
/// # Panics
/// If the lengths differ, or a window is not one of the ledger's.
pub fn backtest(
    ledger: &Ledger,
    samples: &[crate::windows::Sample],
    panel: &crate::metrics::Panel,
    forecast: &[f64],
    horizon_bars: usize,
    strategy: Strategy,
    config: &BacktestConfig,
) -> Flow {
    let weights = weights(panel, forecast, strategy, config);
    let trades = ledger.trades(samples, &weights, horizon_bars);
    flow(ledger, ledger.units(&trades))
}
