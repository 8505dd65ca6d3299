//! What each strategy gives each symbol at a bar, as shares of the capital.

use super::{BacktestConfig, Strategy};
use crate::metrics::Panel;
use crate::windows::{MIN_CROSS_SECTION, mean_ranks};

/// The weight of each forecast, positive long, in the order of the forecasts; 0 is no trade.
///
/// With n symbols forecast at a bar, G the gross limit and M the limit per symbol:
///
/// ```text
/// long_short  at least 5 symbols in the data: x = rank - (n + 1) / 2,  w = G x / sum |x|
///             and nothing at bars with fewer than 5
///             fewer than 5 symbols in the data: w = G sign(forecast) / n
/// long_only   w = G / top_k for the top_k greatest forecasts that are above 0
/// threshold   w = G sign(forecast) / n where |exp(forecast) - 1| > threshold
/// then        w = clip(w, -M, M)
/// ```
/// Equal forecasts share their mean rank, so that forecasts which are all equal trade nothing; of equal
/// forecasts at the edge of the `top_k` the first symbols are taken. What a limit cuts off is not given
/// to other symbols.
///
/// - `forecast`: log returns, one for each window of `panel`; with labels that are ranks
///   (`target.normalise = "cs_rank"`) forecasts are no returns, and `threshold` has no meaning
/// # Panics
/// If there is not one forecast for each window of `panel`.
pub fn weights(
    panel: &Panel,
    forecast: &[f64],
    strategy: Strategy,
    config: &BacktestConfig,
) -> Vec<f64> {
    assert_eq!(forecast.len(), panel.len(), "forecasts");
    let across = panel.num_symbols() >= MIN_CROSS_SECTION;
    let mut weights = vec![0.0; forecast.len()];
    for members in panel.bars() {
        let values: Vec<f64> = members
            .iter()
            .map(|&index| forecast[index as usize])
            .collect();
        let given = match strategy {
            Strategy::LongShort if across => by_rank(&values),
            Strategy::LongShort => by_sign(&values, |_| true),
            Strategy::LongOnly => best(&values, config.top_k),
            Strategy::Threshold => {
                let least = 1e-4 * config.threshold_bps;
                by_sign(&values, |value| value.exp_m1().abs() > least)
            }
        };
        for (&index, weight) in members.iter().zip(given) {
            weights[index as usize] =
                (config.gross * weight).clamp(-config.max_weight, config.max_weight);
        }
    }
    weights
}

fn by_rank(values: &[f64]) -> Vec<f64> {
    if values.len() < MIN_CROSS_SECTION {
        return vec![0.0; values.len()];
    }
    let middle = 0.5 * (values.len() + 1) as f64;
    let places: Vec<f64> = mean_ranks(values)
        .iter()
        .map(|rank| rank - middle)
        .collect();
    let total: f64 = places.iter().map(|place| place.abs()).sum();
    let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
    places.iter().map(|place| scale * place).collect()
}

fn by_sign(values: &[f64], trades: impl Fn(f64) -> bool) -> Vec<f64> {
    let share = 1.0 / values.len() as f64;
    let weight = |&value: &f64| {
        if value != 0.0 && trades(value) {
            share * value.signum()
        } else {
            0.0
        }
    };
    values.iter().map(weight).collect()
}

fn best(values: &[f64], top_k: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len())
        .filter(|&place| values[place] > 0.0)
        .collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a])); // stable: the first of equals
    let mut weights = vec![0.0; values.len()];
    for place in order.into_iter().take(top_k) {
        weights[place] = 1.0 / top_k as f64;
    }
    weights
}
