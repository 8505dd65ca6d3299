//! Indicators: golden tables, oracles and the properties that every one of them has.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "tests: what fails should stop them, and some values are exact"
)]

mod requests;
mod catalogue;
mod follower;
mod golden;
mod mistakes;
mod oracle;
mod parts;
mod patterns;
mod properties;
mod scaler;
mod transforms;

use burn::tensor::{Device, Tensor};
use emberline::device::transfer;
use emberline::features::{
    Declaration, FeatureContext, FeatureSet, Parameters, catalogue, compute, compute_by_tensors,
    model_inputs,
};
use emberline::market::{Bars, Calendar, PanelBlock, Series, Session, upload};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// One hour.
pub(crate) const HOUR: i64 = 3_600_000_000_000;
/// 2024-01-29 00:00 UTC, a Monday three days before a month's end.
pub(crate) const MONDAY: i64 = 1_706_486_400_000_000_000;

/// A walk of hourly bars that keeps within about 30 % of `level`, from its own seed: a tenth of the bars without
/// movement, a tenth without volume.
pub(crate) fn walk(symbol: &str, seed: u64, num_bars: usize, level: f64) -> Series {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = move || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let mut series = Series {
        symbol: symbol.to_owned(),
        ..Series::default()
    };
    let mut price = level;
    for t in 0..num_bars {
        let open = price;
        let still = uniform() < 0.1;
        if !still {
            price *= 1.0 + 0.01 * (uniform() + uniform() - 1.0) - 5e-4 * (price / level).ln();
        }
        let spread = if still { 0.0 } else { 0.003 * uniform() };
        series.time.push(MONDAY + t as i64 * HOUR);
        series.open.push(open as f32);
        series.high.push((open.max(price) * (1.0 + spread)) as f32);
        series.low.push((open.min(price) * (1.0 - spread)) as f32);
        series.close.push(price as f32);
        let volume = 100.0 * (3.0 * uniform()).exp();
        series
            .volume
            .push(if uniform() < 0.1 { 0.0 } else { volume as f32 });
    }
    series
}

/// Hourly bars of a market that never closes.
pub(crate) fn hourly(series: Vec<Series>) -> Bars {
    Bars::from_rows(series, HOUR, Calendar::Always, Session::default())
}

/// Everything that `set` needs, in one block on the CPU.
pub(crate) fn block(set: &FeatureSet, bars: &Bars) -> PanelBlock {
    let columns = set.required_columns();
    let blocks = upload::upload(bars, &columns, 1, usize::MAX, &Device::flex());
    blocks.unwrap().remove(0)
}

/// Host values by series, column and row; padding is asserted to be NaN and cut off.
pub(crate) fn by_series(values: Tensor<3>, bars: &Bars) -> Vec<Vec<Vec<f32>>> {
    let [_, num_bars, num_features] = values.dims();
    let values = transfer::to_host(values);
    let cell = |series: usize, row: usize, column: usize| {
        values[(series * num_bars + row) * num_features + column]
    };
    let mut all = Vec::new();
    for (index, series) in bars.series.iter().enumerate() {
        let mut columns = Vec::new();
        for column in 0..num_features {
            let padding = (series.len()..num_bars).map(|row| cell(index, row, column));
            assert!(
                padding.clone().all(f32::is_nan),
                "padding of column {column}"
            );
            columns.push(
                (0..series.len())
                    .map(|row| cell(index, row, column))
                    .collect(),
            );
        }
        all.push(columns);
    }
    all
}

/// What `features` would print.
pub(crate) fn raw(set: &FeatureSet, bars: &Bars) -> Vec<Vec<Vec<f32>>> {
    by_series(compute(set, &block(set, bars)), bars)
}

/// What `features` would print on a GPU.
pub(crate) fn by_tensors(set: &FeatureSet, bars: &Bars) -> Vec<Vec<Vec<f32>>> {
    by_series(compute_by_tensors(set, &block(set, bars)), bars)
}

/// What a model would read.
pub(crate) fn inputs(set: &FeatureSet, bars: &Bars) -> Vec<Vec<Vec<f32>>> {
    by_series(model_inputs(set, &block(set, bars)), bars)
}

/// A set by request, for these bars.
pub(crate) fn set(request: &str, bars: &Bars) -> FeatureSet {
    FeatureSet::resolve(request, &FeatureContext::from(bars)).unwrap()
}

/// Every output of every indicator, with its default parameters and with others near their least.
pub(crate) fn every_column() -> Vec<String> {
    let mut names = Vec::new();
    for indicator in catalogue() {
        for parameters in settings(indicator) {
            for output in 0..indicator.outputs.len() {
                let name = indicator.column_name(&parameters, output);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

fn settings(indicator: &Declaration) -> Vec<Parameters> {
    let mut settings = vec![indicator.defaults()];
    let least: Vec<String> = indicator
        .parameters
        .iter()
        .enumerate()
        .map(|(place, parameter)| match parameter.name {
            // A price: it does not follow another currency.
            "startvalue" => parameter.default,
            _ => (parameter.minimum + place as f64).min(parameter.maximum),
        })
        .map(|value| value.to_string())
        .collect();
    if !least.is_empty() {
        let school = if indicator.variant.is_empty() {
            ""
        } else {
            "."
        };
        let name = format!(
            "{}_{}{school}{}",
            indicator.name,
            least.join("_"),
            indicator.variant
        );
        settings.push(emberline::features::find(&name).unwrap().1);
    }
    settings
}

/// Every column that a model may read.
pub(crate) fn every_input(bars: &Bars) -> FeatureSet {
    let context = FeatureContext::from(bars);
    let names = every_column();
    let bounded = names.iter().filter(|name| {
        FeatureSet::resolve(name, &context)
            .unwrap()
            .check_model_inputs()
            .is_ok()
    });
    set(&bounded.cloned().collect::<Vec<_>>().join(","), bars)
}
