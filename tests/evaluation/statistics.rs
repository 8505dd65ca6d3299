use emberline::evaluation::{
    SharpeMoments, backtest_overfitting, bars_per_year, deflated_sharpe, drawdown,
    expected_best_sharpe, performance, probabilistic_sharpe, sharpe, sortino,
};
use emberline::market::{Bars, Calendar, Series, Session};
use emberline::metrics::{
    forecast_calibration, pinball, probability_calibration, quantile_calibration, r2,
};
use serde_json::Value;

/// Sums of some hundred float64 numbers round at about 1e-14 of the result; ten orders below any
/// effect of a wrong formula.
const TOLERANCE: f64 = 1e-11;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/evaluation.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|number| number.as_f64().unwrap()).collect()
}

fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
        "{what}: {found} for {expected}"
    );
}

#[test]
fn performance_is_pandas() {
    let golden = &golden()["performance"];
    let found = performance(
        &numbers(&golden["returns"]),
        &numbers(&golden["traded"]),
        golden["bars_per_year"].as_f64().unwrap(),
    );
    let found = serde_json::to_value(found).unwrap();
    for (name, number) in found.as_object().unwrap() {
        if name != "num_bars" {
            close(number.as_f64().unwrap(), &golden[name], name);
        }
    }
    assert_eq!(found["num_bars"], 300);
}

#[test]
fn drawdowns_by_hand() {
    // 1, 1.1, 0.88, 0.968, 1.21, 1.089: 20 % down at bar 1, the height of bar 0 is back at bar 3
    let deepest = drawdown(&[0.1, -0.2, 0.1, 0.25, -0.1]);
    assert!((deepest.depth - 0.2).abs() < 1e-15);
    assert_eq!(deepest.num_bars, 3);
    // under water from the start to the end
    let deepest = drawdown(&[-0.5, 0.1, -0.1]);
    assert!((deepest.depth - 0.505).abs() < 1e-15);
    assert_eq!(deepest.num_bars, 3);
    assert_eq!(drawdown(&[0.1, 0.0]).num_bars, 0);
    // everything lost: nothing comes back
    let ruined = performance(&[-1.5, 0.3], &[1.0, 0.0], 252.0);
    assert_eq!((ruined.total_return, ruined.max_drawdown), (-1.0, 1.0));
    assert_eq!(ruined.annualised_return, Some(-1.0));
    assert_eq!(sharpe(&[0.01; 50], 252.0), None);
    assert_eq!(sortino(&[0.01; 50], 252.0), None);
    assert_eq!(performance(&[], &[], 252.0).annualised_return, None);
}

#[test]
fn a_year_has_the_calendars_bars() {
    const MINUTE: i64 = 60_000_000_000;
    const DAY: i64 = 24 * 60 * MINUTE;
    let of = |interval_ns: i64, calendar: Calendar, time: Vec<i64>| {
        let rows = time.len();
        let series = Series {
            symbol: "A".to_owned(),
            time,
            open: vec![1.0; rows],
            high: vec![1.0; rows],
            low: vec![1.0; rows],
            close: vec![1.0; rows],
            ..Series::default()
        };
        bars_per_year(&Bars::from_rows(
            vec![series],
            interval_ns,
            calendar,
            Session::default(),
        ))
    };
    let line = |step: i64| (0..10).map(|bar| bar * step).collect::<Vec<i64>>();
    let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-14);
    let five = 5 * MINUTE;
    close(of(five, Calendar::Always, line(five)), 365.25 * 288.0);
    close(of(DAY, Calendar::Always, line(DAY)), 365.25);
    let hour = 60 * MINUTE;
    close(
        of(hour, Calendar::Weekdays, line(hour)),
        365.25 * 24.0 * 5.0 / 7.0,
    );
    close(of(DAY, Calendar::Daily, line(DAY)), 252.0);
    close(of(7 * DAY, Calendar::Daily, line(7 * DAY)), 365.25 / 7.0);
    // two sessions of seven hourly bars
    let sessions = (0..2).flat_map(|day| (0..7).map(move |bar| day * DAY + bar * hour));
    close(
        of(hour, Calendar::Sessions, sessions.collect()),
        252.0 * 7.0,
    );
}

#[test]
fn tests_of_sharpe_ratios_are_the_papers() {
    // statrs' distribution function is good to 1e-10, and the paper's own figures have four digits
    let close = |found: f64, expected: &Value, what: &str| {
        let expected = expected.as_f64().unwrap();
        assert!(
            (found - expected).abs() < 1e-9,
            "{what}: {found} for {expected}"
        );
    };
    let golden = golden();
    let expected = &golden["sharpe_tests"];
    let moments = SharpeMoments::of(&numbers(&golden["performance"]["returns"])).unwrap();
    close(moments.sharpe, &expected["sharpe"], "sharpe");
    close(moments.skewness, &expected["skewness"], "skewness");
    close(moments.kurtosis, &expected["kurtosis"], "kurtosis");
    let against = |benchmark| probabilistic_sharpe(&moments, benchmark).unwrap();
    close(against(0.0), &expected["probabilistic_0"], "psr");
    close(against(0.05), &expected["probabilistic_0.05"], "psr");
    for row in expected["expected_best"].as_array().unwrap() {
        let trials = row["trials"].as_u64().unwrap() as usize;
        let variance = row["variance"].as_f64().unwrap();
        let found = expected_best_sharpe(trials, variance);
        close(found, &row["value"], "best of many");
    }
    assert_eq!(expected_best_sharpe(1, 0.5), 0.0);
    let deflated = deflated_sharpe(&moments, 20, 0.003).unwrap();
    close(deflated, &expected["deflated_20_0.003"], "deflated");
    let paper = SharpeMoments {
        sharpe: 2.5 / 250.0_f64.sqrt(),
        skewness: -3.0,
        kurtosis: 10.0,
        num_bars: 1250,
    };
    for row in expected["paper"].as_array().unwrap() {
        let trials = row["trials"].as_u64().unwrap() as usize;
        let found = deflated_sharpe(&paper, trials, 0.5 / 250.0).unwrap();
        close(found, &row["value"], "the paper's example");
    }
    assert!(SharpeMoments::of(&[0.1, 0.1]).is_none());
}

#[test]
fn overfitting_is_the_papers() {
    let golden = &golden()["overfitting"];
    let trials: Vec<Vec<f64>> = golden["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    let trials: Vec<&[f64]> = trials.iter().map(Vec::as_slice).collect();
    let found = backtest_overfitting(&trials, 10).unwrap();
    close(found.probability, &golden["probability"], "probability");
    let loss = &golden["probability_of_loss"];
    close(found.probability_of_loss, loss, "loss");
    let slope = found.degradation.unwrap();
    close(slope, &golden["degradation"], "degradation");
    assert_eq!(found.num_splits as u64, golden["splits"].as_u64().unwrap());
    assert_eq!(found.num_trials, 6);
    assert!(backtest_overfitting(&trials[..1], 10).is_none());
    assert!(backtest_overfitting(&[], 10).is_none());
    // a trial that is better everywhere is no accident
    let better: Vec<f64> = trials[0].iter().map(|bar| bar + 0.01).collect();
    let with_better: Vec<&[f64]> = trials.iter().copied().chain([better.as_slice()]).collect();
    let found = backtest_overfitting(&with_better, 10).unwrap();
    assert_eq!(found.probability, 0.0);
}

#[test]
fn calibration_is_scikit_learns() {
    let golden = &golden()["calibration"];
    let probability = numbers(&golden["probability"]);
    let happened: Vec<bool> = numbers(&golden["happened"])
        .iter()
        .map(|&one| one > 0.5)
        .collect();
    let found = probability_calibration(&probability, &happened, 8).unwrap();
    close(found.brier, &golden["brier"], "brier");
    close(found.log_loss, &golden["log_loss"], "log loss");
    assert_eq!(found.bins.len(), 8);
    assert_eq!(found.bins.iter().map(|bin| bin.count).sum::<usize>(), 200);
    for (place, bin) in found.bins.iter().enumerate() {
        close(
            bin.mean_probability.unwrap(),
            &golden["mean"][place],
            "mean",
        );
        close(bin.share.unwrap(), &golden["share"][place], "share");
    }
    assert!(probability_calibration(&[], &[], 8).is_none());
    let sure = probability_calibration(&[1.0, 0.0], &[false, true], 2).unwrap();
    assert!(sure.log_loss.is_finite() && sure.brier == 1.0);

    let (forecast, actual) = (numbers(&golden["forecast"]), numbers(&golden["actual"]));
    let loss = pinball(&forecast, &actual, 0.3);
    close(loss, &golden["pinball_0.3"], "pinball");
    let quantile = quantile_calibration(&forecast, &actual, 0.3);
    close(quantile.share_below, &golden["below"], "share below");
    close(r2(&forecast, &actual).unwrap(), &golden["r2"], "r2");
    let line = forecast_calibration(&forecast, &actual, 5).unwrap();
    close(line.slope, &golden["slope"], "slope");
    close(line.intercept, &golden["intercept"], "intercept");
    for (bin, expected) in line.bins.iter().zip(golden["bins"].as_array().unwrap()) {
        close(bin.mean_forecast, &expected["mean_forecast"], "bin");
        close(bin.mean_actual, &expected["mean_actual"], "bin");
        let error = bin.standard_error.unwrap();
        close(error, &expected["standard_error"], "bin");
    }
    assert!(forecast_calibration(&[0.3; 9], &actual[..9], 3).is_none());
}
