use emberline::metrics::{
    Direction, Forecasts, Metric, MetricError, Objective, Panel, Scorer, Validation,
    break_even_bps, hit_rate, ic_cs, ic_ts, icir, minus_last_return, pearson, zero,
};
use emberline::windows::{Outcomes, Sample};

/// Six symbols, forty bars, two horizons; label = raw / scale.
fn outcomes(num_symbols: u32) -> Outcomes {
    let mut outcomes = Outcomes {
        samples: Vec::new(),
        times: Vec::new(),
        horizons: vec![1, 12],
        label: Vec::new(),
        scale: Vec::new(),
        raw: Vec::new(),
        last_return: Vec::new(),
    };
    for series in 0..num_symbols {
        for last in 0..40 {
            let wave = |phase: f32| ((last as f32 * 1.7 + series as f32 * 2.3 + phase) * 5.1).sin();
            outcomes.samples.push(Sample { series, last });
            outcomes.times.push(i64::from(last) * 86_400_000_000_000);
            outcomes.last_return.push(0.01 * wave(0.4));
            for (column, scale) in [0.01_f32, 0.03].into_iter().enumerate() {
                outcomes.scale.push(scale);
                outcomes.label.push(wave(column as f32));
                outcomes.raw.push(wave(column as f32) * scale);
            }
        }
    }
    outcomes
}

fn validation(num_symbols: u32) -> (Validation, Vec<f32>) {
    let outcomes = outcomes(num_symbols);
    let forecasts: Vec<f32> = outcomes
        .label
        .iter()
        .enumerate()
        .map(|(i, label)| 0.3 * label + 0.1 * (i as f32).cos())
        .collect();
    let baselines = [zero(&outcomes), minus_last_return(&outcomes)];
    let scorer = Scorer::new(
        outcomes,
        Objective::default(),
        &baselines,
        Some("not tradable: ..."),
    );
    (scorer.validation(&forecasts), forecasts)
}

#[test]
fn numbers_are_of_the_right_columns() {
    let (validation, forecasts) = validation(6);
    let outcomes = outcomes(6);
    let panel = Panel::new(&outcomes.samples, &outcomes.times);
    for (column, one) in validation.horizons.iter().enumerate() {
        let pick = |values: &[f32]| -> Vec<f64> {
            values
                .iter()
                .skip(column)
                .step_by(2)
                .map(|&value| f64::from(value))
                .collect()
        };
        let scale = pick(&outcomes.scale);
        let unscaled: Vec<f64> = pick(&forecasts)
            .iter()
            .zip(&scale)
            .map(|(f, s)| f * s)
            .collect();
        let raw = pick(&outcomes.raw);
        assert_eq!(one.horizon_bars, outcomes.horizons[column]);
        assert_eq!(
            one.model.ic_ts,
            ic_ts(&panel, &unscaled, &raw, one.horizon_bars)
        );
        assert_eq!(
            one.model.ic_cs,
            ic_cs(&panel, &unscaled, &raw, one.horizon_bars)
        );
        assert_eq!(one.model.hit_rate, hit_rate(&unscaled, &raw));
        assert_eq!(
            one.model.break_even_bps,
            break_even_bps(&panel, &unscaled, &raw, one.horizon_bars)
        );
        let names: Vec<&str> = one
            .baselines
            .iter()
            .map(|baseline| baseline.name.as_str())
            .collect();
        assert_eq!(names, ["zero", "minus last return"]);
        let zero = &one.baselines[0].scores;
        assert!(zero.hit_rate.is_none() && zero.ic_ts.is_none() && zero.break_even_bps.is_none());
        let spread = pick(&outcomes.label)
            .iter()
            .map(|label| label * label)
            .sum::<f64>()
            / 240.0;
        assert!((zero.mse - spread).abs() < 1e-12);
        let reversal: Vec<f64> = outcomes
            .last_return
            .iter()
            .map(|&last| -f64::from(last))
            .collect();
        let expected = ic_ts(&panel, &reversal, &raw, one.horizon_bars)
            .unwrap()
            .value;
        let found = one.baselines[1].scores.ic_ts.unwrap().value;
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}"); // float32 by way of the scale
    }
    let losses = validation
        .horizons
        .iter()
        .map(|one| one.model.huber)
        .sum::<f64>()
        / 2.0;
    assert_eq!(validation.validation_loss, losses);
}

#[test]
fn metrics_go_by_name() {
    let (validation, _) = validation(6);
    assert_eq!(
        validation.value("validation_loss"),
        Ok(validation.validation_loss)
    );
    let at = |column: usize| validation.horizons[column].model.ic_ts.unwrap().value;
    assert_eq!(validation.value("ic_ts"), Ok(f64::midpoint(at(0), at(1))));
    assert_eq!(validation.value("ic_ts_12"), Ok(at(1)));
    for name in Metric::names() {
        assert!(validation.value(name).is_ok(), "{name}");
        let lower = ["validation_loss", "mse", "mae", "huber"].contains(&name);
        let direction = Metric::parse(name, &[1]).unwrap().direction();
        assert_eq!(direction == Direction::LowerIsBetter, lower, "{name}");
    }
    let error = validation.value("ic_tss").unwrap_err();
    assert!(
        matches!(&error, MetricError::Unknown { nearest, .. } if nearest[0] == "ic_ts"),
        "{error:?}"
    );
    assert!(matches!(
        validation.value("ic_ts_5"),
        Err(MetricError::Horizon {
            horizon_bars: 5,
            ..
        })
    ));
    assert!(
        validation
            .value("qqqq")
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("validation_loss, mse")
    );
}

#[test]
fn what_few_symbols_cannot_have_is_an_error_and_not_a_number() {
    let (validation, _) = validation(4);
    let error = validation.value("rank_ic_cs").unwrap_err();
    assert!(error.to_string().contains("at least 5 symbols"), "{error}");
    assert!(validation.value("ic_ts").is_ok());
    assert!(!validation.text().contains("rank_ic_cs"));
}

#[test]
fn it_survives_json() {
    let (validation, _) = validation(6);
    let text = serde_json::to_string(&validation).unwrap();
    let back: Validation = serde_json::from_str(&text).unwrap();
    // serde_json reads a float64 to within its last digit
    for name in Metric::names() {
        let (found, expected) = (back.value(name).unwrap(), validation.value(name).unwrap());
        assert!(
            (found / expected - 1.0).abs() < 1e-14,
            "{name}: {found} for {expected}"
        );
    }
    assert_eq!(back.text(), validation.text());
}

#[test]
fn the_table() {
    let (validation, _) = validation(6);
    let text = validation.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "240 windows of 6 symbols, 1970-01-01 00:00 to 1970-02-09 00:00"
    );
    assert_eq!(lines.len(), 2 + 2 * 3 + 1);
    assert!(
        lines[1].contains("majority %") && lines[1].contains("ic_cs"),
        "{text}"
    );
    assert!(
        lines[2].contains("model") && lines[7].contains("minus last return"),
        "{text}"
    );
    assert_eq!(lines[8], "not tradable: ...");
    let widths: Vec<usize> = lines[1..8]
        .iter()
        .map(|line| line.chars().count())
        .collect();
    assert!(
        widths.iter().all(|&width| width == widths[0]),
        "columns line up: {widths:?}\n{text}"
    );
    let hits = validation.horizons[0].model.hit_rate.unwrap();
    assert!(
        lines[2].contains(&format!("{:.2}", 100.0 * hits.rate)),
        "{text}"
    );
}

#[test]
fn degenerate_input_is_undefined_and_never_infinite() {
    assert_eq!(pearson(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
    assert_eq!(
        pearson(&[0.1 + 0.2, 0.3, 0.3], &[1.0, 2.0, 3.0]),
        None,
        "spread of rounding size"
    );
    assert_eq!(
        pearson(&[1e-9, 2e-9, 3e-9], &[1.0, 2.0, 3.0]).map(|r| (r * 1e9).round()),
        Some(1e9)
    );
    assert_eq!(hit_rate(&[0.0, 1.0], &[1.0, 0.0]), None);
    assert_eq!(icir(&[0.1]), None);
    assert_eq!(icir(&[0.1, 0.1]), None);
    let panel = Panel::new(&[Sample { series: 0, last: 3 }], &[0]);
    assert_eq!(ic_ts(&panel, &[1.0], &[1.0], 1), None);
    assert_eq!(break_even_bps(&panel, &[0.0], &[0.1], 1), None);
    // one trade in and one out, earning 100 bp: 50 bp each
    let cost = break_even_bps(&panel, &[2.0], &[0.01_f64.ln_1p()], 1).unwrap();
    assert!((cost - 50.0).abs() < 1e-9, "{cost}");
}

#[test]
fn a_turn_is_paid_twice_and_tranches_wait_their_turn() {
    let samples: Vec<Sample> = (0..4).map(|last| Sample { series: 0, last }).collect();
    let panel = Panel::new(&samples, &[0, 1, 2, 3]);
    let earn = [0.01_f64, -0.01, 0.01, 0.01].map(f64::ln_1p);
    // h = 1: + - + +  trades 1 2 2 0 and 1 at the end; earns 4 * 1 %
    let cost = break_even_bps(&panel, &[1.0, -1.0, 1.0, 1.0], &earn, 1).unwrap();
    assert!((cost - 400.0 / 6.0).abs() < 1e-9, "{cost}");
    // h = 2: tranches (0, 2) and (1, 3): + + trades 1 0 1; - + trades 1 2 1
    let cost = break_even_bps(&panel, &[1.0, -1.0, 1.0, 1.0], &earn, 2).unwrap();
    assert!((cost - 400.0 / 6.0).abs() < 1e-9, "{cost}");
    // h = 3: tranche (0, 3) and two of one forecast each: 1 0 1, 1 1, 1 1
    let cost = break_even_bps(&panel, &[1.0, -1.0, 1.0, 1.0], &earn, 3).unwrap();
    assert!((cost - 400.0 / 6.0).abs() < 1e-9, "{cost}");
}

#[test]
#[should_panic(expected = "forecasts of 240 windows")]
fn a_missing_forecast_is_not_overlooked() {
    let outcomes = outcomes(6);
    let baselines = [Forecasts {
        name: "short".to_owned(),
        values: vec![0.0; 7],
    }];
    let _ = Scorer::new(outcomes, Objective::Mse, &baselines, None);
}
