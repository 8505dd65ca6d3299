use emberline::windows::{
    Entry, Normalise, Sample, SeriesTargets, TargetConfig, WindowConfig, legal, targets,
    volatility, volatility_memory_bars,
};

use super::{bars, uneven, walk};

fn config(entry: Entry, normalise: Normalise) -> TargetConfig {
    TargetConfig {
        horizons: vec![1, 6],
        entry,
        normalise,
        volatility_span: 8,
        ..TargetConfig::default()
    }
}

/// Volatility as a sum over all returns of the stretch, weights spelt out.
fn volatility_by_sum(series: &emberline::market::Series, row: usize, span: usize) -> f64 {
    let start = series.segment_start(row);
    let alpha = 2.0 / (span as f64 + 1.0);
    let (mut squares, mut weights) = (0.0, 0.0);
    for at in start + 1..=row {
        let weight = (1.0 - alpha).powi((row - at) as i32);
        let log_return = (f64::from(series.close[at]) / f64::from(series.close[at - 1])).ln();
        squares += weight * log_return * log_return;
        weights += weight;
    }
    (squares / weights).sqrt()
}

#[test]
fn labels_are_those_of_the_definition() {
    let bars = uneven();
    for entry in [Entry::NextClose, Entry::NextOpen, Entry::Close] {
        for normalise in [
            Normalise::Volatility,
            Normalise::None,
            Normalise::CsDemean,
            Normalise::CsRank,
        ] {
            let config = config(entry, normalise);
            let found = targets(&bars, &config);
            let windows = WindowConfig {
                length: 1,
                stride: 1,
            };
            let legal = legal(&bars, 0, &windows, &config).unwrap().samples;
            assert!(
                legal.len() > 500,
                "{entry:?} {normalise:?}: {}",
                legal.len()
            );
            for &sample in &legal {
                for (column, &horizon) in config.horizons.iter().enumerate() {
                    check(&bars, &found.series, &config, sample, column, horizon);
                }
            }
        }
    }
}

fn raw(
    bars: &emberline::market::Bars,
    config: &TargetConfig,
    sample: Sample,
    horizon: usize,
) -> f64 {
    let series = &bars.series[sample.series as usize];
    let t = sample.last as usize;
    let log = |prices: &[f32], end: usize, start: usize| {
        (f64::from(prices[end]) / f64::from(prices[start])).ln()
    };
    match config.entry {
        Entry::NextClose => log(&series.close, t + 1 + horizon, t + 1),
        Entry::NextOpen => log(&series.open, t + 1 + horizon, t + 1),
        Entry::Close => log(&series.close, t + horizon, t),
    }
}

fn check(
    bars: &emberline::market::Bars,
    found: &[SeriesTargets],
    config: &TargetConfig,
    sample: Sample,
    column: usize,
    horizon: usize,
) {
    let series = &bars.series[sample.series as usize];
    let t = sample.last as usize;
    let own = &found[sample.series as usize];
    let at = t * config.horizons.len() + column;
    let y = raw(bars, config, sample, horizon);
    let sigma = volatility_by_sum(series, t, config.volatility_span) * (horizon as f64).sqrt();
    // everyone at this instant whose target is whole, wherever that symbol is in its own history
    let reach = config.longest_exit_offset_bars();
    let others: Vec<f64> = (0..bars.series.len())
        .filter_map(|index| {
            let other = &bars.series[index];
            let row = other.time.binary_search(&series.time[t]).ok()?;
            let mut rows = vec![row, row + config.entry_offset_bars()];
            rows.extend(
                config
                    .horizons
                    .iter()
                    .map(|&h| row + config.exit_offset_bars(h)),
            );
            let whole = row + reach < other.len()
                && rows
                    .iter()
                    .all(|&r| !other.is_filled(r) && other.segment_of(r) == other.segment_of(row));
            whole.then(|| {
                raw(
                    bars,
                    config,
                    Sample {
                        series: index as u32,
                        last: row as u32,
                    },
                    horizon,
                )
            })
        })
        .collect();
    let n = others.len() as f64;
    let (label, scale) = match config.normalise {
        Normalise::Volatility => ((y / sigma).clamp(-5.0, 5.0), sigma),
        Normalise::None => (y, 1.0),
        Normalise::CsDemean => (
            ((y - others.iter().sum::<f64>() / n) / sigma).clamp(-5.0, 5.0),
            sigma,
        ),
        Normalise::CsRank => {
            let below = others.iter().filter(|&&other| other < y).count() as f64;
            (12.0_f64.sqrt() * ((below + 0.5) / n - 0.5), 1.0)
        }
    };
    let place = format!("{config:?} {sample:?}");
    // float32 of the result; the cross-section's own inputs are float32 log returns
    assert!(
        (f64::from(own.raw[at]) - y).abs() <= 1e-7 * y.abs() + 1e-12,
        "raw {} {y} {place}",
        own.raw[at]
    );
    assert!(
        (f64::from(own.scale[at]) / scale - 1.0).abs() < 1e-6,
        "scale {} {scale} {place}",
        own.scale[at]
    );
    assert!(
        (f64::from(own.label[at]) - label).abs() < 2e-6,
        "label {} {label} {place}",
        own.label[at]
    );
}

#[test]
fn the_future_of_the_exit_does_not_matter_and_the_exit_does() {
    let config = config(Entry::NextClose, Normalise::Volatility);
    let before = bars(vec![walk("AA", 120, 0)]);
    let t = 70;
    let exit = t + config.longest_exit_offset_bars();
    let mut after = before.clone();
    for row in exit + 1..120 {
        after.series[0].close[row] *= 1.7;
        after.series[0].open[row] *= 0.6;
    }
    let width = config.horizons.len();
    let (a, b) = (targets(&before, &config), targets(&after, &config));
    // from row 1: the first bar has no volatility
    assert_eq!(
        a.series[0].label[width..(t + 1) * width],
        b.series[0].label[width..(t + 1) * width]
    );
    after.series[0].close[exit] *= 1.01;
    let c = targets(&after, &config);
    assert_ne!(
        a.series[0].label[t * width + 1],
        c.series[0].label[t * width + 1]
    );
    // what scales the label looks at no bar after t
    let mut scrambled = before.clone();
    for row in t + 1..120 {
        scrambled.series[0].close[row] = 3.0;
    }
    let d = targets(&scrambled, &config);
    assert_eq!(
        a.series[0].scale[width..(t + 1) * width],
        d.series[0].scale[width..(t + 1) * width]
    );
}

#[test]
fn rows_without_a_target_are_undefined_and_flat_prices_are_zero() {
    let mut series = walk("AA", 60, 0);
    series.filled = vec![false; 60];
    series.filled[30] = true;
    let config = TargetConfig {
        horizons: vec![2],
        ..config(Entry::NextClose, Normalise::None)
    };
    let found = targets(&bars(vec![series.clone()]), &config);
    for row in 0..60 {
        let undefined = [30, 29, 27].contains(&row) || row + 3 >= 60;
        assert_eq!(found.series[0].label[row].is_nan(), undefined, "row {row}");
    }
    assert!(found.series[0].last_return[0].is_nan());

    series.close.fill(42.0);
    series.filled.clear();
    let config = super::targets::config(Entry::NextClose, Normalise::Volatility);
    let flat = targets(&bars(vec![series]), &config);
    assert_eq!(flat.series[0].label[2 * 20], 0.0);
    assert!(flat.series[0].scale[2 * 20] > 0.0);
}

#[test]
fn volatility_forgets_within_its_memory_and_restarts_at_a_gap() {
    let series = walk("AA", 700, 0);
    for span in [1, 8, 60] {
        let whole = volatility(&series.close, &[], span);
        let memory = volatility_memory_bars(span);
        let from = 699 - memory;
        let tail = volatility(&series.close[from..], &[], span);
        let difference = (whole[699] - tail[memory]).abs();
        let range = whole[memory..]
            .iter()
            .fold(0.0_f64, |range, &value| range.max(value));
        assert!(difference <= 2e-3 * range, "span {span}: {difference}");
    }
    let segment: Vec<u32> = (0..700).map(|row| u32::from(row >= 400)).collect();
    let broken = volatility(&series.close, &segment, 8);
    assert!(broken[0].is_nan() && broken[400].is_nan());
    assert_eq!(broken[401..], volatility(&series.close[400..], &[], 8)[1..]);
}
