use std::sync::Arc;

use burn::tensor::Device;
use emberline::device::transfer::upload;
use emberline::metrics::{
    HitRate, Ic, Panel, Ridge, break_even_bps, hit_rate, huber, ic_cs, ic_ts, mae,
    minimum_detectable_ic, mse, newey_west_lag, newey_west_se, rank_ic_cs,
};
use emberline::windows::{
    Loader, Resident, Sample, SeriesTargets, Targets, mean_ranks, volatility,
};
use serde_json::Value;

/// Sums of some hundred float64 numbers: each rounds at 1e-16, so 1e-12 is a wide margin and still ten
/// orders below any effect of a wrong formula.
const TOLERANCE: f64 = 1e-12;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/metrics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
        "{what}: {found} for {expected}"
    );
}

fn rows(golden: &Value) -> (Panel, Vec<f64>, Vec<f64>) {
    let rows = &golden["rows"];
    let samples: Vec<Sample> = numbers(&rows["symbol"])
        .iter()
        .zip(numbers(&rows["row"]))
        .map(|(&series, last)| Sample {
            series: series as u32,
            last: last as u32,
        })
        .collect();
    let times: Vec<i64> = numbers(&rows["time"])
        .iter()
        .map(|&time| time as i64)
        .collect();
    (
        Panel::new(&samples, &times),
        numbers(&rows["forecast"]),
        numbers(&rows["actual"]),
    )
}

#[test]
fn losses_and_hits() {
    let golden = golden();
    let (_, forecast, actual) = rows(&golden);
    close(mse(&forecast, &actual), &golden["mse"], "mse");
    close(mae(&forecast, &actual), &golden["mae"], "mae");
    close(
        huber(&forecast, &actual, 0.002),
        &golden["huber_0.002"],
        "huber",
    );
    let expected = &golden["hit_rate"];
    let HitRate {
        rate,
        majority,
        zeros,
        count,
    } = hit_rate(&forecast, &actual).unwrap();
    close(rate, &expected["rate"], "rate");
    close(majority, &expected["majority"], "majority");
    close(zeros, &expected["zeros"], "zeros");
    assert_eq!(count as u64, expected["count"].as_u64().unwrap());
}

#[test]
fn correlations_with_their_errors_and_break_even_costs() {
    let golden = golden();
    let (panel, forecast, actual) = rows(&golden);
    let check = |name: &str, horizon: usize, ic: Ic, expected: &Value| {
        close(ic.value, &expected["value"], name);
        close(
            ic.standard_error.unwrap(),
            &expected["standard_error"],
            name,
        );
        assert_eq!(
            ic.count as u64,
            expected["count"].as_u64().unwrap(),
            "{name} at {horizon}"
        );
        let t = ic.value / ic.standard_error.unwrap();
        assert_eq!(ic.t, Some(t), "{name}");
        assert_eq!(
            ic.minimum_detectable,
            ic.standard_error.map(minimum_detectable_ic)
        );
        match (ic.icir, expected.get("icir")) {
            (Some(icir), Some(expected)) => close(icir, expected, name),
            (found, expected) => assert!(found.is_none() && expected.is_none(), "{name}"),
        }
    };
    for horizon in [1, 5] {
        let expected = &golden["horizons"][horizon.to_string()];
        for (name, ic) in [
            ("ic_ts", ic_ts(&panel, &forecast, &actual, horizon)),
            ("ic_cs", ic_cs(&panel, &forecast, &actual, horizon)),
            (
                "rank_ic_cs",
                rank_ic_cs(&panel, &forecast, &actual, horizon),
            ),
        ] {
            check(name, horizon, ic.unwrap(), &expected[name]);
        }
        let cost = break_even_bps(&panel, &forecast, &actual, horizon).unwrap();
        close(cost, &expected["break_even_bps"], "break-even");
    }
    close(
        minimum_detectable_ic(0.01),
        &golden["minimum_detectable_of_0.01"],
        "detectable",
    );
}

#[test]
fn the_order_of_windows_does_not_matter() {
    let golden = golden();
    let (panel, forecast, actual) = rows(&golden);
    let rows = &golden["rows"];
    let (symbols, lasts, times) = (
        numbers(&rows["symbol"]),
        numbers(&rows["row"]),
        numbers(&rows["time"]),
    );
    let order: Vec<usize> = (0..forecast.len())
        .map(|index| index * 101 % forecast.len())
        .collect();
    let mut seen = order.clone();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen.len(),
        forecast.len(),
        "101 shares no factor with the count"
    );
    let samples: Vec<Sample> = order
        .iter()
        .map(|&i| Sample {
            series: symbols[i] as u32,
            last: lasts[i] as u32,
        })
        .collect();
    let mixed = Panel::new(
        &samples,
        &order.iter().map(|&i| times[i] as i64).collect::<Vec<_>>(),
    );
    let pick = |values: &[f64]| order.iter().map(|&i| values[i]).collect::<Vec<f64>>();
    let (f, a) = (pick(&forecast), pick(&actual));
    assert_eq!(
        ic_ts(&panel, &forecast, &actual, 5),
        ic_ts(&mixed, &f, &a, 5)
    );
    assert_eq!(
        rank_ic_cs(&panel, &forecast, &actual, 5),
        rank_ic_cs(&mixed, &f, &a, 5)
    );
    assert_eq!(
        break_even_bps(&panel, &forecast, &actual, 5),
        break_even_bps(&mixed, &f, &a, 5)
    );
}

#[test]
fn newey_west_is_statsmodels() {
    let golden = golden();
    let values = numbers(&golden["newey_west"]["values"]);
    for (lag, expected) in golden["newey_west"]["lags"].as_object().unwrap() {
        close(
            newey_west_se(&values, lag.parse().unwrap()).unwrap(),
            expected,
            lag,
        );
    }
    assert_eq!(newey_west_se(&[1.0], 3), None);
    assert_eq!(newey_west_lag(3, 48), 2);
}

#[test]
fn ranks_are_scipys_and_volatility_is_pandas() {
    let golden = golden();
    assert_eq!(
        mean_ranks(&numbers(&golden["ranks"]["values"])),
        numbers(&golden["ranks"]["ranks"])
    );
    let close_prices: Vec<f32> = numbers(&golden["volatility"]["close"])
        .iter()
        .map(|&price| price as f32)
        .collect();
    let sigma = volatility(
        &close_prices,
        &[],
        golden["volatility"]["span"].as_u64().unwrap() as usize,
    );
    assert!(sigma[0].is_nan());
    for (found, expected) in sigma[1..]
        .iter()
        .zip(golden["volatility"]["sigma"].as_array().unwrap())
    {
        close(*found, expected, "volatility");
    }
}

#[test]
fn ridge_is_scikit_learns_on_one_block_and_on_two() {
    let golden = golden();
    let narrow = |name: &str| -> Vec<f32> {
        numbers(&golden["ridge"][name])
            .iter()
            .map(|&value| value as f32)
            .collect()
    };
    let (x, y) = (narrow("x"), narrow("y"));
    let series = |rows: std::ops::Range<usize>| SeriesTargets {
        label: y[rows.start * 2..rows.end * 2].to_vec(),
        ..SeriesTargets::default()
    };
    let targets = Targets {
        horizons: vec![1, 2],
        series: vec![series(0..50), series(50..90)],
    };
    let device = Device::flex();
    let two = vec![
        upload(x[..200].to_vec(), [1, 50, 4], &device),
        upload(x[200..].to_vec(), [1, 40, 4], &device),
    ];
    let mut padded = x[..200].to_vec();
    padded.extend(&x[200..]);
    padded.extend([f32::NAN; 40]);
    let one = vec![upload(padded, [2, 50, 4], &device)];
    let samples: Vec<Sample> = (0..50)
        .map(|last| Sample { series: 0, last })
        .chain((0..40).map(|last| Sample { series: 1, last }))
        .collect();
    for (features, extents) in [(two, vec![(0..1, 50), (1..2, 40)]), (one, vec![(0..2, 50)])] {
        let resident = Arc::new(Resident::from_extents(features, extents, &targets));
        let epoch = Loader::new(resident, samples.clone(), 1, 32).sequential();
        let ridge = Ridge::fit(&epoch, 0.01).unwrap();
        assert_eq!(ridge.num_windows, 90);
        // float32 sums of 90 products of size 1: 90 * 6e-8 of a sum of size 90, so 1e-5 of the
        // normal equations; the weights themselves are of size 0.1 to 0.5
        for (found, expected) in ridge
            .weights
            .iter()
            .zip(numbers(&golden["ridge"]["weights"]))
        {
            assert!(
                (found - expected).abs() < 1e-5,
                "weight {found} for {expected}"
            );
        }
        for (found, expected) in ridge
            .intercept
            .iter()
            .zip(numbers(&golden["ridge"]["intercept"]))
        {
            assert!(
                (found - expected).abs() < 1e-5,
                "intercept {found} for {expected}"
            );
        }
        let forecasts = ridge.forecasts(&epoch).values;
        for (row, forecast) in forecasts.chunks_exact(2).enumerate() {
            for (horizon, &found) in forecast.iter().enumerate() {
                let products =
                    (0..4).map(|f| f64::from(x[row * 4 + f]) * ridge.weights[f * 2 + horizon]);
                let expected = ridge.intercept[horizon] + products.sum::<f64>();
                assert!((f64::from(found) - expected).abs() < 1e-6);
            }
        }
    }
    assert_eq!(golden["versions"]["sklearn"], "1.9.1");
}
