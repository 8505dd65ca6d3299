//! The classification as features: every bar's is that of its own window.

use emberline::device::transfer::to_host;
use emberline::features::{FeatureContext, FeatureSet, compute, compute_by_tensors};
use emberline::market::{Bars, Calendar, Series, Session, upload};
use emberline::ops::atc::reference;
use emberline::trend::TrendConfig;

use super::walk;
use crate::kernels::on_devices;

const HOUR: i64 = 3_600_000_000_000;

/// Bars whose prices are a walk's, in two stretches.
fn bars() -> Bars {
    let of = |symbol: &str, num_bars: usize, seed| {
        let price: Vec<f32> = walk(num_bars, seed, 10.0, 0.01)
            .into_iter()
            .map(|price| price as f32)
            .collect();
        Series {
            symbol: symbol.to_owned(),
            time: (0..num_bars as i64).map(|t| t * HOUR).collect(),
            open: price.clone(),
            high: price.clone(),
            low: price.clone(),
            close: price,
            segment: (0..num_bars).map(|t| u32::from(t >= 150)).collect(),
            ..Series::default()
        }
    };
    let series = vec![of("A", 400, 1), of("B", 310, 2)];
    Bars::from_rows(series, HOUR, Calendar::Always, Session::default())
}

#[test]
fn a_bars_features_are_a_scan_of_its_window() {
    let bars = bars();
    let (length, window) = (14, 90);
    let outputs = [
        "AVERAGE", "CLASS", "EMA_S", "HMA_S", "WMA_S", "DEMA_S", "LSMA_S", "KAMA_S",
    ];
    let names: Vec<String> = outputs
        .iter()
        .map(|output| format!("ATC_{length}_{window}_{output}"))
        .collect();
    let context = FeatureContext::from(&bars);
    let set = FeatureSet::resolve(&names.join(","), &context).unwrap();
    assert!(set.check_model_inputs().is_ok());
    assert_eq!(set.memory_bars(), window);
    let config = TrendConfig {
        lengths: [length; 6],
        ..TrendConfig::default()
    };
    let recipe = config.recipe("A", window).unwrap();
    on_devices(|name, device| {
        let columns = set.required_columns();
        let block = upload::upload(&bars, &columns, 8, usize::MAX, device)
            .unwrap()
            .remove(0);
        for values in [compute(&set, &block), compute_by_tensors(&set, &block)] {
            let values = to_host(values);
            let mut differing = 0;
            for (row, series) in bars.series.iter().enumerate() {
                for t in 0..series.len() {
                    let own = &values[(row * block.num_bars + t) * 8..][..8];
                    let age = t - if t >= 150 { 150 } else { 0 };
                    if age + 1 < window {
                        assert!(own.iter().all(|value| value.is_nan()), "{name}: {row} {t}");
                        continue;
                    }
                    let prices: Vec<f64> = series.close[t + 1 - window..=t]
                        .iter()
                        .copied()
                        .map(f64::from)
                        .collect();
                    let oracle = reference::classify(&prices, &recipe);
                    let last = window - 1;
                    let signals = (0..6).map(|k| oracle.signals[k][last]);
                    let expected = [oracle.average[last], f64::from(oracle.class[last])];
                    let same = expected
                        .into_iter()
                        .chain(signals)
                        .zip(own)
                        .all(|(expected, value)| (expected - f64::from(*value)).abs() < 1e-5);
                    differing += usize::from(!same);
                }
            }
            let most = usize::from(name != "cpu");
            assert!(differing <= most, "{name}: {differing} bars differ");
        }
    });
}

#[test]
fn bare_names_are_the_default_lengths() {
    let context = FeatureContext::unbounded(HOUR);
    let names = "ATC_AVERAGE,ATC_CLASS,ATC_KAMA_S";
    let (set, dropped) = FeatureSet::for_model(names, &context).unwrap();
    assert_eq!((set.len(), dropped.len(), set.memory_bars()), (3, 0, 250));
    assert_eq!(set.columns()[0].parameters().values(), [28.0, 250.0]);
}
