use burn::tensor::Device;
use emberline::evaluation::{
    COST_MULTIPLES, Contestant, Distribution, Evaluation, EvaluationConfig, EvaluationInput,
    ForecasterEvaluation, IntervalConfig, Strategy, Trials, evaluate,
};
use emberline::market::Bars;
use emberline::metrics::{Objective, Scorer, minus_last_return, zero};
use emberline::windows::{Outcomes, TargetConfig, targets};

use super::backtest::random_market;

fn target() -> TargetConfig {
    TargetConfig {
        horizons: vec![1, 3],
        volatility_span: 10,
        ..TargetConfig::default()
    }
}

fn windows(num_symbols: u32) -> (Bars, Outcomes) {
    let (bars, mut samples, _) = random_market(8, num_symbols);
    let labels = targets(&bars, &target());
    samples.retain(|one| {
        let row = one.last as usize * 2;
        let series = &labels.series[one.series as usize];
        series.label[row..row + 2]
            .iter()
            .all(|label| label.is_finite())
    });
    let outcomes = labels.outcomes(&bars, &samples);
    (bars, outcomes)
}

/// Labels under noise of `size` times their own.
fn noisy(outcomes: &Outcomes, size: f32, seed: u64) -> Vec<f32> {
    let noise = crate::toy::noise(outcomes.label.len(), seed);
    let pairs = outcomes.label.iter().zip(&noise);
    pairs
        .map(|(label, noise)| 0.1 * (label + size * noise))
        .collect()
}

fn evaluated(bars: &Bars, outcomes: &Outcomes, contestants: &[Contestant]) -> Evaluation {
    evaluate(&EvaluationInput {
        bars,
        target: &target(),
        outcomes,
        objective: Objective::default(),
        contestants,
        config: &EvaluationConfig {
            intervals: IntervalConfig {
                resamples: 200,
                ..IntervalConfig::default()
            },
            ..EvaluationConfig::default()
        },
        trials: Some(Trials {
            count: 20,
            sharpe_variance: 1.0,
        }),
        device: &Device::flex(),
    })
}

fn check_backtests(model: &ForecasterEvaluation) {
    let strategies: Vec<Strategy> = model.backtests.iter().map(|one| one.strategy).collect();
    assert_eq!(strategies, Strategy::ALL);
    let chosen = &model.backtests[0];
    assert!(model.backtests[1].curves.is_none());
    let earned: f64 = model.symbols.iter().map(|one| one.earned).sum();
    assert!(earned > 0.0);
    for (level, multiple) in chosen.levels.iter().zip(COST_MULTIPLES) {
        assert_eq!(level.multiple, multiple);
        assert!((level.bps_per_side - 10.0 * multiple).abs() < 1e-9);
    }
    let traded: f64 = model.symbols.iter().map(|one| one.traded).sum();
    // sums over symbols and over bars round apart: 1e-7 of a few hundred trades
    let even = chosen.break_even_bps.unwrap();
    assert!((even - 1e4 * earned / traded).abs() < 1e-4 * even.abs());
    assert!((chosen.levels[2].trading_costs - 1e-3 * traded).abs() < 1e-5 * traded);
    let curves = chosen.curves.as_ref().unwrap();
    for (level, equity) in chosen.levels.iter().zip(&curves.equity) {
        let end = equity.last().unwrap() - 1.0;
        assert!((end - level.performance.total_return).abs() < 1e-12);
        assert_eq!(equity.len(), curves.time.len());
    }
    let deepest = curves.drawdown[2].iter().copied().fold(0.0, f64::max);
    assert_eq!(deepest, chosen.levels[2].performance.max_drawdown);
    let luck = (
        chosen.probabilistic_sharpe.unwrap(),
        chosen.deflated_sharpe.unwrap(),
    );
    assert!(luck.1 < luck.0, "{luck:?}");
}

#[test]
fn every_number_of_several_seeds_and_baselines() {
    let (bars, outcomes) = windows(7);
    let seeds = vec![noisy(&outcomes, 2.0, 1), noisy(&outcomes, 4.0, 2)];
    let contestants = [
        Contestant::model("lstm", seeds.clone()),
        Contestant::from(zero(&outcomes)),
        Contestant::from(minus_last_return(&outcomes)),
    ];
    let found = evaluated(&bars, &outcomes, &contestants);
    assert_eq!(found.num_windows, outcomes.samples.len());
    assert_eq!((found.num_symbols, found.horizons.len()), (7, 2));
    assert_eq!((found.costs.bps, found.caveat.as_deref()), (10.0, None));
    let scorer = Scorer::new(outcomes.clone(), Objective::default(), &[], None);
    for (column, horizon) in found.horizons.iter().enumerate() {
        assert_eq!(horizon.horizon_bars, outcomes.horizons[column]);
        let names: Vec<&str> = horizon
            .forecasters
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["lstm", "zero", "minus last return"]);
        let [model, nothing, reversal] = &horizon.forecasters[..] else {
            panic!("three forecasters");
        };
        for (seed, scores) in seeds.iter().zip(&model.runs) {
            assert_eq!(*scores, scorer.scores(seed)[column]);
        }
        assert_eq!(reversal.runs, [reversal.scores]);
        let ic = |place: usize| model.runs[place].ic_ts.unwrap().value;
        let mean = f64::midpoint(ic(0), ic(1));
        assert!((model.scores.ic_ts.unwrap().value - mean).abs() < 1e-15);
        let range = model.intervals.ic_ts.unwrap();
        assert!((range.value - mean).abs() < 1e-12 && range.num_runs == 2);
        assert!(range.low > 0.0, "a strong signal: {range:?}");
        for range in [
            model.intervals.ic_cs,
            model.intervals.rank_ic_cs,
            model.intervals.hit_rate,
            model.backtests[0].sharpe,
            model.backtests[0].mean_return_bps,
        ] {
            let range = range.unwrap();
            assert!(
                range.low < range.value && range.value < range.high,
                "{range:?}"
            );
        }
        let rate = model.scores.hit_rate.unwrap().rate;
        let pooled = model.intervals.hit_rate.unwrap().value;
        assert!((rate - pooled).abs() < 1e-12);
        let across = model.intervals.ic_cs.unwrap().value;
        assert!((across - model.scores.ic_cs.unwrap().value).abs() < 1e-12);

        assert!(nothing.intervals.ic_ts.is_none() && nothing.calibration.is_none());
        assert!(nothing.backtests.iter().all(|one| {
            one.break_even_bps.is_none()
                && one.sharpe.is_none()
                && one
                    .levels
                    .iter()
                    .all(|level| level.performance.total_return == 0.0)
        }));

        check_backtests(model);
        let bars_in_points: usize = model.ic_over_time.iter().map(|one| one.num_bars).sum();
        let mut times = outcomes.times.clone();
        times.sort_unstable();
        times.dedup();
        assert_eq!(bars_in_points, times.len());
        let positive = model
            .ic_over_time
            .iter()
            .filter(|one| one.ic_ts.unwrap().value > 0.0);
        assert!(positive.count() * 3 > model.ic_over_time.len() * 2);
        assert_eq!(model.calibration.as_ref().unwrap().bins.len(), 10);
        assert!(model.calibration.as_ref().unwrap().slope > 0.0);

        let against: Vec<(&str, &str)> = horizon
            .differences
            .iter()
            .map(|one| (one.model.as_str(), one.baseline.as_str()))
            .collect();
        assert_eq!(against, [("lstm", "zero"), ("lstm", "minus last return")]);
        let gap = horizon.differences[1].scores.ic_ts.unwrap();
        let expected = mean - reversal.scores.ic_ts.unwrap().value;
        assert!((gap.value - expected).abs() < 1e-12);
        assert!(horizon.differences[0].scores.ic_ts.is_none());
        let over_nothing = horizon.differences[0].mean_return_bps.unwrap().value;
        let own = model.backtests[0].mean_return_bps.unwrap().value;
        assert_eq!(over_nothing, own);
    }
    let text = serde_json::to_string(&found).unwrap();
    let back: Evaluation = serde_json::from_str(&text).unwrap();
    assert_eq!(back.horizons[1].forecasters[0].name, "lstm");
    // the same again, to the last digit
    let again = evaluated(&bars, &outcomes, &contestants);
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn quantiles_probabilities_and_losses_of_a_model_come_along() {
    let (bars, outcomes) = windows(6);
    let count = outcomes.samples.len();
    // two horizons: below all labels, 0, above all labels; and sure of the sign, or of nothing
    let quantiles = [-9.0, 0.0, 9.0, -9.0, 0.1, 9.0].repeat(count);
    let model = |name| Contestant::model(name, vec![vec![0.1; 2 * count]]);
    let contestants = [
        model("quantiles")
            .with_losses(vec![vec![0.25, 0.5]])
            .with_distribution(Distribution::Quantiles {
                levels: vec![0.1, 0.5, 0.9],
                runs: vec![quantiles],
            }),
        model("classes").with_distribution(Distribution::Directions {
            flat_band: 0.25,
            runs: vec![
                outcomes
                    .label
                    .iter()
                    .enumerate()
                    .flat_map(|(place, &label)| match (place % 2, label) {
                        (1, _) => [0.2, 0.5, 0.3],
                        (_, label) if label > 0.25 => [0.0, 0.0, 1.0],
                        (_, label) if label < -0.25 => [1.0, 0.0, 0.0],
                        _ => [0.0, 1.0, 0.0],
                    })
                    .collect(),
            ],
        }),
    ];
    let found = evaluated(&bars, &outcomes, &contestants);
    for (column, horizon) in found.horizons.iter().enumerate() {
        let (first, second) = (&horizon.forecasters[0], &horizon.forecasters[1]);
        assert_eq!(first.scores.loss, [0.25, 0.5][column]);
        let shares: Vec<f64> = first.quantiles.iter().map(|one| one.share_below).collect();
        let label = || outcomes.label.iter().skip(column).step_by(2);
        let level = [0.0, 0.1][column];
        let below = label().filter(|&&label| label < level).count();
        assert_eq!(shares, [0.0, below as f64 / count as f64, 1.0]);
        assert!(first.directions.is_none() && second.quantiles.is_empty());
        let directions = second.directions.as_ref().unwrap();
        let sure = directions.up.log_loss < 1e-9 && directions.down.brier == 0.0;
        assert_eq!(sure, column == 0);
        let ups = label().filter(|&&label| label > 0.25).count() as f64 / count as f64;
        let happened: f64 = directions
            .up
            .bins
            .iter()
            .map(|bin| bin.share.unwrap_or(0.0) * bin.count as f64)
            .sum();
        assert!((happened / count as f64 - ups).abs() < 1e-12);
    }
}

#[test]
fn few_symbols_have_no_cross_section_and_a_caveat_stays() {
    let (bars, outcomes) = windows(2);
    let contestants = [Contestant::model("lstm", vec![noisy(&outcomes, 1.0, 3)])];
    let found = evaluated(&bars, &outcomes, &contestants);
    let model = &found.horizons[0].forecasters[0];
    assert!(model.scores.ic_cs.is_none() && model.intervals.ic_cs.is_none());
    assert!(model.ic_over_time.iter().all(|one| one.ic_cs.is_none()));
    assert!(model.backtests[0].sharpe.is_some());
    assert_eq!(model.intervals.ic_ts.unwrap().num_runs, 1);
}
