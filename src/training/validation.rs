//! The forecasts of every validation window, and the names that their numbers are logged under.

use std::sync::atomic::AtomicUsize;

use super::stop;
use crate::checkpoint::{Number, Numbers};
use crate::metrics::{Metric, Validation};
use crate::model::Forecaster;
use crate::windows::Loader;

/// Forecasts every window of `loader`, row-major `[windows, horizons]` in the order of its samples;
/// `None` if a signal asked for an end on the way.
pub(super) fn forecasts(
    model: &Forecaster,
    loader: &Loader,
    flag: &AtomicUsize,
) -> Option<Vec<f32>> {
    let epoch = loader.sequential();
    let mut forecasts = Vec::with_capacity(epoch.len());
    for step in 0..epoch.len() {
        if stop::asked(flag).is_some() {
            return None;
        }
        forecasts.push(model.forecast(epoch.windows(step)));
    }
    Some(epoch.to_sample_order(forecasts))
}

/// The model's metrics that are defined, by the names that `training.metric` takes: means over the
/// horizons, and where there are several horizons each one's (`ic_ts_12`).
pub fn numbers_of(validation: &Validation) -> Numbers {
    let horizons: Vec<usize> = validation
        .horizons
        .iter()
        .map(|scores| scores.horizon_bars)
        .collect();
    let mut names: Vec<String> = Metric::names().map(str::to_owned).collect();
    if horizons.len() > 1 {
        for name in Metric::names() {
            names.extend(horizons.iter().map(|bars| format!("{name}_{bars}")));
        }
    }
    let number = |name: String| {
        let value = validation.value(&name).ok()?;
        Some((name, Number::new(value)))
    };
    names.into_iter().filter_map(number).collect()
}
