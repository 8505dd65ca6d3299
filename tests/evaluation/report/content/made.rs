//! An evaluation and everything around it, made up.

use emberline::evaluation::backtest::{BacktestConfig, CostLevel, Costs, Strategy};
use emberline::evaluation::report::content::{
    FeatureWeight, FoldSpans, ImportanceTable, LearningCurve, ReportInputs, SymbolData, TestUse,
};
use emberline::evaluation::report::picture::{Span, SpanKind};
use emberline::evaluation::{
    BacktestReport, Band, Curves, Difference, DirectionCalibration, Evaluation,
    ForecasterEvaluation, HorizonEvaluation, IcPoint, Interval, IntervalConfig, Overfitting,
    Performance, ScoreIntervals, SymbolScores, Trials,
};
use emberline::metrics::{
    ForecastBin, ForecastCalibration, HitRate, Ic, Objective, ProbabilityCalibration,
    QuantileCalibration, ReliabilityBin, Scores,
};
use emberline::windows::{Entry, Normalise};

use super::super::{DAY, START};

pub(super) const SYMBOLS: [&str; 7] = [
    "ADAUSDT", "BNBUSDT", "BTCUSDT", "DOGEUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT",
];

/// Numbers between -0.5 and 0.5, the same ones each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % 100_003) as f64 / 100_003.0 - 0.5
    }
}

fn interval(value: f64, half: f64) -> Interval {
    Interval {
        value,
        low: value - half,
        high: value + half,
        standard_error: half / 1.96,
        level: 0.95,
        resamples: 1_000,
        block_bars: 96,
        num_runs: 3,
    }
}

fn ic(value: f64) -> Ic {
    Ic {
        value,
        standard_error: Some(0.0105),
        t: Some(value / 0.0105),
        minimum_detectable: Some(0.0294),
        icir: Some(value * 3.0),
        count: 7,
    }
}

fn scores(ic_ts: f64) -> Scores {
    Scores {
        loss: 0.4362 - 0.05 * ic_ts,
        mse: 1.01,
        mae: 0.71,
        huber: 0.4362,
        r2: Some(ic_ts * ic_ts.abs()),
        hit_rate: Some(HitRate {
            rate: 0.507 + 0.2 * ic_ts,
            majority: 0.5081,
            zeros: 0.0138,
            count: 22_978,
        }),
        ic_ts: Some(ic(ic_ts)),
        ic_cs: Some(ic(0.8 * ic_ts)),
        rank_ic_cs: Some(ic(0.9 * ic_ts)),
        break_even_bps: Some(90.0 * ic_ts),
    }
}

fn curves(noise: &mut Noise, edge: f64) -> Curves {
    let mut curves = Curves::default();
    let (levels, bars) = (4, 720);
    curves.equity = vec![Vec::new(); levels];
    curves.drawdown = vec![Vec::new(); levels];
    let mut equity = vec![(1.0_f64, 1.0_f64); levels];
    for bar in 0..bars {
        let chance = 0.012 * noise.next();
        curves.time.push(START + 100 * DAY + bar * DAY / 6);
        for (level, (value, top)) in equity.iter_mut().enumerate() {
            let cost = 0.0004 * [0.0, 0.5, 1.0, 2.0][level];
            *value *= 1.0 + edge + chance - cost;
            *top = top.max(*value);
            curves.equity[level].push(*value);
            curves.drawdown[level].push(1.0 - *value / *top);
        }
    }
    curves.long = vec![0.5; 720];
    curves.short = vec![0.5; 720];
    curves.turnover = vec![0.1; 720];
    curves
}

fn backtest(noise: &mut Noise, strategy: Strategy, ic_ts: f64) -> BacktestReport {
    let level = |multiple: f64| CostLevel {
        multiple,
        bps_per_side: 10.0 * multiple,
        trading_costs: 0.21 * multiple,
        borrow_costs: 0.0,
        performance: Performance {
            num_bars: 34_560,
            total_return: 0.1,
            annualised_return: Some(5.0 * ic_ts - 0.6 * multiple),
            volatility: Some(0.19),
            sharpe: Some(30.0 * ic_ts - 3.1 * multiple),
            sortino: Some(40.0 * ic_ts - 4.0 * multiple),
            max_drawdown: 0.05 + 0.09 * multiple,
            max_drawdown_bars: 8_123,
            calmar: None,
            turnover: 4_310.0,
        },
    };
    let is_drawn = strategy == Strategy::LongShort;
    BacktestReport {
        strategy,
        levels: [0.0, 0.5, 1.0, 2.0].map(level).to_vec(),
        break_even_bps: Some(90.0 * ic_ts),
        mean_long: 0.49,
        mean_short: 0.51,
        sharpe: Some(interval(30.0 * ic_ts - 3.1, 2.4)),
        mean_return_bps: Some(interval(-0.01, 0.02)),
        probabilistic_sharpe: Some(0.08),
        deflated_sharpe: Some(0.01),
        curves: is_drawn.then(|| curves(noise, 0.02 * ic_ts)),
    }
}

fn forecaster(noise: &mut Noise, name: &str, ic_ts: f64) -> ForecasterEvaluation {
    let is_model = name == "lstm";
    let band = |value: f64| Band {
        value,
        low: value - 0.04,
        high: value + 0.04,
    };
    let over_time = (0..40)
        .map(|at| IcPoint {
            time: START + (100 + 3 * at) * DAY,
            num_bars: 864,
            ic_ts: (at != 17).then(|| band(ic_ts + 0.05 * noise.next())),
            ic_cs: Some(band(ic_ts + 0.05 * noise.next())),
        })
        .collect();
    let bins = (0..10).map(|at| {
        let mean_forecast = (f64::from(at) - 4.5) * 4e-5;
        ForecastBin {
            mean_forecast,
            mean_actual: 0.6 * mean_forecast + 1e-4 * noise.next(),
            standard_error: Some(5e-5),
            count: 2_298,
        }
    });
    let calibration = ForecastCalibration {
        bins: bins.collect(),
        slope: 0.62,
        intercept: 0.0,
    };
    let one_symbol = |(at, symbol): (usize, &&str)| SymbolScores {
        symbol: (*symbol).to_owned(),
        num_windows: 3_283 - at,
        ic_ts: (at != 3).then(|| ic_ts + 0.04 * noise.next()),
        hit_rate: scores(ic_ts).hit_rate,
        earned: 0.02 * noise.next(),
        traded: 611.0,
        break_even_bps: Some(2.0 + 8.0 * noise.next()),
    };
    let symbols = SYMBOLS.iter().enumerate().map(one_symbol).collect();
    let bin = |at: u32| ReliabilityBin {
        from: f64::from(at) / 10.0,
        to: f64::from(at + 1) / 10.0,
        mean_probability: (at > 2 && at < 8).then_some(f64::from(at) / 10.0 + 0.05),
        share: (at > 2 && at < 8).then_some(0.5 + 0.04 * (f64::from(at) - 4.5)),
        count: 100,
    };
    let quantile = |level: f64| QuantileCalibration {
        level,
        share_below: level + 0.01,
        pinball: 0.0003,
        count: 22_978,
    };
    let probabilities = ProbabilityCalibration {
        bins: (0..10).map(bin).collect(),
        brier: 0.2487,
        log_loss: 0.6908,
        count: 1_000,
    };
    let runs = if is_model { 3 } else { 1 };
    ForecasterEvaluation {
        name: name.to_owned(),
        is_model,
        scores: scores(ic_ts),
        runs: (0..runs)
            .map(|_| scores(ic_ts + 0.005 * noise.next()))
            .collect(),
        intervals: ScoreIntervals {
            ic_ts: Some(interval(ic_ts, 0.0212)),
            ic_cs: Some(interval(0.8 * ic_ts, 0.02)),
            rank_ic_cs: Some(interval(0.9 * ic_ts, 0.02)),
            hit_rate: Some(interval(scores(ic_ts).hit_rate.unwrap().rate, 0.004)),
        },
        symbols,
        ic_over_time: over_time,
        calibration: Some(calibration),
        quantiles: [0.1, 0.5, 0.9].map(quantile).to_vec(),
        directions: is_model.then(|| DirectionCalibration {
            down: probabilities.clone(),
            flat: probabilities.clone(),
            up: probabilities,
        }),
        backtests: Strategy::ALL
            .map(|strategy| backtest(noise, strategy, ic_ts))
            .to_vec(),
    }
}

/// Two horizons, a model of three seeds, four baselines.
pub(in crate::evaluation::report) fn evaluation(model_ic: f64) -> Evaluation {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let horizon = |horizon_bars: usize, noise: &mut Noise| {
        let mut forecasters: Vec<ForecasterEvaluation> = [
            ("lstm", model_ic),
            ("zero", 0.0),
            ("minus last return", 0.0187),
            ("ridge", 0.0143),
            ("trees", 0.0021),
        ]
        .map(|(name, ic_ts)| forecaster(noise, name, ic_ts))
        .to_vec();
        let zero = &mut forecasters[1];
        zero.scores.ic_ts = None;
        zero.intervals = ScoreIntervals::default();
        zero.ic_over_time.clear();
        zero.calibration = None;
        for backtest in &mut zero.backtests {
            if let Some(curves) = &mut backtest.curves {
                curves.turnover.fill(0.0);
            }
        }
        let difference = |one: &ForecasterEvaluation| Difference {
            model: "lstm".to_owned(),
            baseline: one.name.clone(),
            scores: ScoreIntervals {
                ic_ts: one
                    .scores
                    .ic_ts
                    .map(|ic| interval(model_ic - ic.value, 0.0163)),
                ..ScoreIntervals::default()
            },
            sharpe: Some(interval(0.4, 2.0)),
            mean_return_bps: Some(interval(0.003, 0.02)),
        };
        let differences = forecasters[1..].iter().map(difference).collect();
        HorizonEvaluation {
            horizon_bars,
            forecasters,
            differences,
        }
    };
    Evaluation {
        num_windows: 22_978,
        num_symbols: 7,
        first: START + 100 * DAY,
        last: START + 220 * DAY,
        interval_ns: 300_000_000_000,
        calendar: "24x7".to_owned(),
        bars_per_year: 105_192.0,
        entry: Entry::NextClose,
        normalise: Normalise::Volatility,
        objective: Objective::Huber { delta: 1.0 },
        caveat: None,
        backtest: BacktestConfig::default(),
        costs: Costs {
            bps: 10.0,
            slippage_bps: 1.0,
            half_tick: 0.0,
            borrow_bps_per_year: 0.0,
        },
        intervals: IntervalConfig::default(),
        trials: Some(Trials {
            count: 12,
            sharpe_variance: 1e-6,
        }),
        horizons: [12, 48].map(|bars| horizon(bars, &mut noise)).to_vec(),
    }
}

fn folds() -> Vec<FoldSpans> {
    let fold = |at: i64| {
        let span = |kind, from: i64, to: i64| Span {
            kind,
            from_ns: START + from * DAY,
            to_ns: START + to * DAY,
        };
        let cut = 82 + 24 * at;
        FoldSpans {
            name: format!("fold {}", at + 1),
            spans: vec![
                span(SpanKind::Train, 1, cut),
                span(SpanKind::Validation, cut + 1, cut + 17),
                span(SpanKind::Test, cut + 18, cut + 41),
            ],
            train_windows: 120_000 + 30_000 * at.unsigned_abs(),
            validation_windows: 22_000,
            test_windows: 4_596,
            purged_windows: 672,
        }
    };
    (0..5).map(fold).collect()
}

fn learning() -> Vec<LearningCurve> {
    let mut noise = Noise(42);
    let mut curve = |fold: u32, seed: u64| {
        let shift = 0.002 * f64::from(fold) + 0.001 * noise.next();
        let epochs = (1..=14_u32).map(|epoch| {
            let rising = f64::from(epoch);
            let validation = 0.4371 + shift - 0.004 * (-rising / 3.0).exp() + 0.0004 * rising;
            (
                u64::from(epoch),
                0.4351 + shift - 0.0011 * rising,
                (epoch != 9).then_some(validation),
            )
        });
        LearningCurve {
            fold: Some(fold),
            seed,
            epochs: epochs.collect(),
            best_epoch: Some(1 + (u64::from(fold) + seed) % 4),
            elapsed_s: Some(41.3),
        }
    };
    let runs = (1..=5).flat_map(|fold| (0..3).map(move |seed| (fold, seed)));
    runs.map(|(fold, seed)| curve(fold, seed)).collect()
}

fn importance() -> ImportanceTable {
    let names = [
        "RSI_14",
        "MACD_12_26_9.signal",
        "AVWAP_DAILY.distance",
        "ATR_14",
        "EMA_20",
        "BB_20_2.width",
        "volume",
        "OBV",
        "hour.sine",
        "hour.cosine",
    ];
    let weight = |(at, name): (usize, &&str)| FeatureWeight {
        name: (*name).to_owned(),
        loss_increase: 0.0021 / (1.0 + at as f64) - 0.0002,
        standard_error: Some(0.00012),
        ic_drop: Some(0.009 / (1.0 + at as f64)),
    };
    ImportanceTable {
        method: "Each feature's columns change places among 4,096 validation windows, five times."
            .to_owned(),
        features: names.iter().enumerate().map(weight).collect(),
    }
}

/// Everything that a report can show.
pub(super) fn inputs(evaluation: &Evaluation) -> ReportInputs<'_> {
    let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let symbol = |(at, symbol): (usize, &&str)| SymbolData {
        symbol: (*symbol).to_owned(),
        num_bars: 63_360 - at as u64,
        first_ns: START,
        last_ns: START + 220 * DAY,
        gaps: Some(at as u64),
        missing_bars: Some(3 * at as u64),
        longest_gap_bars: Some(2 * at as u64),
        filled_bars: (at != 2).then_some(3 * at as u64),
    };
    let used = |at: &str, command: &str| TestUse {
        at: at.to_owned(),
        command: command.to_owned(),
        span: "2024-04-10 to 2024-08-08".to_owned(),
        windows: 22_978,
        models: 3,
    };
    ReportInputs {
        data: vec![
            owned("bars", "crypto_5m"),
            owned("calendar", "24x7, 5 min bars"),
            owned("gaps", "up to 12 bars filled"),
        ],
        symbols: SYMBOLS.iter().enumerate().map(symbol).collect(),
        notes: vec!["`DOGEUSDT` ends 12 days before the others.".to_owned()],
        folds: folds(),
        curves: learning(),
        importance: Some(importance()),
        overfitting: Some(Overfitting {
            probability: 0.43,
            probability_of_loss: 0.61,
            degradation: Some(-0.21),
            num_trials: 12,
            num_splits: 70,
        }),
        test_uses: Some(vec![
            used("2026-11-20 18:00", "walk-forward"),
            used("2026-11-21 07:30", "evaluate"),
        ]),
        timings: vec![
            ("training".to_owned(), 619.5),
            ("features".to_owned(), 1.21),
        ],
        memory: vec![("resident features".to_owned(), 246_000_000)],
        machine: vec![owned("device", "cpu, 2 threads"), owned("version", "0.1.0")],
        commands: vec![
            "emberline walk-forward --data bars --config crypto-5m --folds 5 --seeds 3".to_owned(),
        ],
        configuration: "[training]\nepochs = 14\n\n[target]\nhorizons = [12, 48]\n".to_owned(),
        footer: "emberline 0.1.0, 2026-11-21 07:30 UTC".to_owned(),
        ..ReportInputs::new("Walk-forward of runs/first", evaluation)
    }
}
