//! Trades by hand, and the device against the plain loop.

use burn::tensor::Device;
use emberline::evaluation::backtest::{
    BacktestConfig, Costs, CostsConfig, Flow, Ledger, Strategy, backtest, flow, reference, weights,
};
use emberline::market::{Bars, Calendar, Series, Session};
use emberline::metrics::Panel;
use emberline::windows::{Entry, Sample, TargetConfig, targets};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const MINUTE: i64 = 60_000_000_000;

fn series(symbol: &str, rows: &[i64], close: &[f32]) -> Series {
    Series {
        symbol: symbol.to_owned(),
        time: rows.iter().map(|row| row * MINUTE).collect(),
        open: close.iter().map(|price| 0.999 * price).collect(),
        high: close.to_vec(),
        low: close.to_vec(),
        close: close.to_vec(),
        ..Series::default()
    }
}

fn bars(series: Vec<Series>) -> Bars {
    Bars::from_rows(series, MINUTE, Calendar::Always, Session::default())
}

fn target(entry: Entry, horizon: usize) -> TargetConfig {
    TargetConfig {
        horizons: vec![horizon],
        entry,
        ..TargetConfig::default()
    }
}

/// A backtest of one forecast for each of `samples`.
fn trade(
    bars: &Bars,
    samples: &[Sample],
    forecast: &[f64],
    target: &TargetConfig,
    strategy: Strategy,
) -> (Ledger, Flow) {
    let times: Vec<i64> = samples
        .iter()
        .map(|one| bars.series[one.series as usize].time[one.last as usize])
        .collect();
    let panel = Panel::new(samples, &times);
    let ledger = Ledger::new(bars, samples, target, &Device::flex()).unwrap();
    let flow = backtest(
        &ledger,
        samples,
        &panel,
        forecast,
        target.horizons[0],
        strategy,
        &BacktestConfig::default(),
    );
    (ledger, flow)
}

fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 3e-7, "{found} for {expected}");
    }
}

fn rows_of(series: u32, rows: std::ops::Range<u32>) -> Vec<Sample> {
    rows.map(|last| Sample { series, last }).collect()
}

#[test]
fn a_forecast_is_traded_one_bar_later() {
    let close = [100.0, 110.0, 90.0, 99.0, 198.0, 99.0];
    let bars = bars(vec![series("A", &[0, 1, 2, 3, 4, 5], &close)]);
    let forecast = [0.0, 0.02, 0.0, 0.0];
    let samples = rows_of(0, 0..4);
    let of = |entry, horizon| {
        trade(
            &bars,
            &samples,
            &forecast,
            &target(entry, horizon),
            Strategy::LongShort,
        )
    };
    // in at the close of bar 2, out at the close of bar 3
    let (ledger, flow) = of(Entry::NextClose, 1);
    assert_eq!(ledger.times, [0, 1, 2, 3, 4, 5].map(|row| row * MINUTE));
    near(&flow.earned, &[0.0, 0.0, 0.0, 0.1, 0.0, 0.0]);
    near(&flow.traded, &[0.0, 0.0, 1.0, 1.1, 0.0, 0.0]);
    near(&flow.long, &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    near(&flow.short, &[0.0; 6]);
    near(&flow.units_traded[2..4], &[1.0 / 90.0, 1.0 / 90.0]);
    near(&flow.symbol_earned, &[0.1]);
    near(&flow.symbol_traded, &[2.1]);
    // the same at opens, which are all 0.999 of the close
    near(
        &of(Entry::NextOpen, 1).1.earned,
        &[0.0, 0.0, 0.0, 0.1, 0.0, 0.0],
    );
    assert!((of(Entry::NextOpen, 1).0.prices[2] - 89.91).abs() < 1e-4);
    // two bars: 90 -> 99 -> 198 with half of the capital
    let (_, flow) = of(Entry::NextClose, 2);
    near(&flow.earned, &[0.0, 0.0, 0.0, 0.05, 0.55, 0.0]);
    // the close that made the forecast: only on request
    let (_, flow) = of(Entry::Close, 1);
    near(&flow.traded[..3], &[0.0, 1.0, 90.0 / 110.0]);
}

#[test]
fn costs_by_hand() {
    let bars = bars(vec![series("A", &[0, 1, 2, 3], &[50.0, 50.0, 40.0, 50.0])]);
    let (_, flow) = trade(
        &bars,
        &rows_of(0, 0..2),
        &[-0.01, -0.01],
        &target(Entry::NextClose, 1),
        Strategy::LongShort,
    );
    // short 1 at 50, which is 1/50 of a unit; at 40 it is worth 0.8 and is set back to 1; out at 50
    near(&flow.earned, &[0.0, 0.0, 0.2, -0.25]);
    near(&flow.traded, &[0.0, 1.0, 0.2, 1.25]);
    near(&flow.units_traded, &[0.0, 0.02, 0.005, 0.025]);
    near(&flow.short, &[0.0, 1.0, 1.0, 0.0]);
    let costs = Costs {
        bps: 7.0,
        slippage_bps: 3.0,
        half_tick: 0.01,
        borrow_bps_per_year: 100.0,
    };
    let trading = [0.0, 1e-3 + 2e-4, 2e-4 + 5e-5, 1.25e-3 + 2.5e-4];
    near(&flow.trading_costs(&costs), &trading);
    // 1 % a year of 10 bars on what was short at the bar before
    near(&flow.borrow_costs(&costs, 10.0), &[0.0, 0.0, 1e-3, 1e-3]);
    let net = flow.net(&costs, 10.0, 2.0);
    near(
        &net[1..3],
        &[-2.0 * trading[1], 0.2 - 2.0 * (trading[2] + 1e-3)],
    );
    let level = flow.at_level(&costs, 10.0, 0.5);
    assert!((level.trading_costs - 0.5 * trading.iter().sum::<f64>()).abs() < 1e-9);
    assert!((level.borrow_costs - 1e-3).abs() < 1e-9);
    assert!((level.bps_per_side - 1e4 * level.trading_costs / 2.45).abs() < 1e-3);
    assert_eq!(flow.at_level(&costs, 10.0, 0.0).performance.num_bars, 4);
    let expected = 1e4 * (-0.05 - 2e-3) / 2.45;
    let found = flow.break_even_bps(&costs, 10.0).unwrap();
    assert!((found - expected).abs() < 0.01, "{found} for {expected}");
}

#[test]
fn three_bars_are_three_portfolios() {
    let close: Vec<f32> = vec![64.0; 9];
    let rows: Vec<i64> = (0..9).collect();
    let bars = bars(vec![series("A", &rows, &close)]);
    let forecast = [0.01, 0.01, 0.01, -0.01, -0.01];
    let (_, flow) = trade(
        &bars,
        &rows_of(0, 0..5),
        &forecast,
        &target(Entry::NextClose, 3),
        Strategy::LongShort,
    );
    let third = 1.0 / 3.0;
    // in from bar 1 to 3, the first turns at bar 4, the second at 5, the third leaves at bar 6
    near(
        &flow.traded,
        &[
            0.0,
            third,
            third,
            third,
            2.0 * third,
            2.0 * third,
            third,
            third,
            third,
        ],
    );
    near(
        &flow.long,
        &[0.0, third, 2.0 * third, 1.0, third, 0.0, 0.0, 0.0, 0.0],
    );
    near(
        &flow.short,
        &[0.0, 0.0, 0.0, 0.0, 0.0, third, 2.0 * third, third, 0.0],
    );
}

#[test]
fn missing_bars_hold_and_an_end_closes() {
    // B has no bar at 2 and 3 and ends at 4; its third row is the bar at 4
    let a = series("A", &[0, 1, 2, 3, 4, 5, 6], &[10.0; 7]);
    let b = series("B", &[0, 1, 4], &[20.0, 20.0, 25.0]);
    let bars = bars(vec![a, b]);
    let samples = [rows_of(0, 0..1), rows_of(1, 0..1)].concat();
    let (ledger, flow) = trade(
        &bars,
        &samples,
        &[0.01, 0.01],
        &target(Entry::NextClose, 4),
        Strategy::LongShort,
    );
    // half of the capital each, a quarter of it at a time; B has no row 5 and closes at its last bar
    assert_eq!(ledger.num_bars(), 6);
    near(&flow.long, &[0.0, 0.25, 0.25, 0.25, 0.125, 0.0]);
    near(&flow.earned, &[0.0, 0.0, 0.0, 0.0, 0.125 * 0.25, 0.0]);
    near(&flow.traded, &[0.0, 0.25, 0.0, 0.0, 0.125 * 1.25, 0.125]);
    // no next bar, or one that was filled in: no trade
    let last = [Sample { series: 1, last: 2 }];
    let (_, flow) = trade(
        &bars,
        &last,
        &[0.01],
        &target(Entry::NextClose, 4),
        Strategy::LongShort,
    );
    near(&flow.traded, &[0.0]);
    let mut filled = bars.clone();
    filled.series[0].filled = vec![false, true, false, false, false, false, false];
    let (_, flow) = trade(
        &filled,
        &rows_of(0, 0..1),
        &[0.01],
        &target(Entry::NextClose, 1),
        Strategy::LongShort,
    );
    assert_eq!(flow.traded.iter().sum::<f64>(), 0.0);
    // a close waits for a real bar
    filled.series[0].filled = vec![false, false, true, true, false, false, false];
    let (_, flow) = trade(
        &filled,
        &rows_of(0, 0..2),
        &[0.01, 0.0],
        &target(Entry::NextClose, 2),
        Strategy::LongShort,
    );
    near(&flow.long, &[0.0, 0.5, 0.5, 0.5, 0.0]);
}

#[test]
fn strategies_weigh_as_said() {
    let samples: Vec<Sample> = (0..6).map(|series| Sample { series, last: 0 }).collect();
    let panel = Panel::new(&samples, &[0; 6]);
    let few = Panel::new(&samples[..3], &[0; 3]);
    let config = BacktestConfig {
        top_k: 2,
        threshold_bps: 150.0,
        gross: 2.0,
        ..BacktestConfig::default()
    };
    let forecast = [0.01, 0.03, -0.02, 0.02, 0.0, -0.04];
    let of = |strategy| weights(&panel, &forecast, strategy, &config);
    // ranks 4, 6, 2, 5, 3, 1 less 3.5; sizes add up to 9
    let expected = [0.5, 2.5, -1.5, 1.5, -0.5, -2.5].map(|place| (2.0 * place / 9.0_f64).min(1.0));
    near(&of(Strategy::LongShort), &expected);
    near(&of(Strategy::LongOnly), &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    let third = 1.0 / 3.0;
    let expected = [0.0, third, -third, third, 0.0, -third];
    near(&of(Strategy::Threshold), &expected);
    let signs = weights(&few, &forecast[..3], Strategy::LongShort, &config);
    near(&signs, &[2.0 / 3.0, 2.0 / 3.0, -2.0 / 3.0]);
    let limited = BacktestConfig {
        max_weight: 0.4,
        ..config.clone()
    };
    let signs = weights(&few, &forecast[..3], Strategy::LongShort, &limited);
    near(&signs, &[0.4, 0.4, -0.4]);
    for strategy in Strategy::ALL {
        assert_eq!(weights(&panel, &[0.0; 6], strategy, &config), [0.0; 6]);
        let equal = weights(&panel, &[0.01; 6], strategy, &config);
        assert!(strategy == Strategy::LongOnly || equal == [0.0; 6]);
    }
    // four of six symbols at a bar are no cross-section
    let four = Panel::new(&samples, &[0, 0, 0, 0, 1, 1]);
    let none = weights(&four, &forecast, Strategy::LongShort, &config);
    assert_eq!(none, [0.0; 6]);
}

#[test]
fn costs_that_are_unset_depend_on_the_calendar() {
    let crypto = CostsConfig::default().resolve(Calendar::Always);
    assert_eq!((crypto.bps, crypto.half_tick), (10.0, 0.0));
    let equities = CostsConfig::default().resolve(Calendar::Daily);
    assert_eq!((equities.bps, equities.half_tick), (2.0, 0.005));
    let own = CostsConfig {
        bps: Some(0.0),
        ..CostsConfig::default()
    };
    assert_eq!(own.resolve(Calendar::Sessions).bps, 0.0);
}

/// Symbols of different lengths with rows missing here and there, a window at nearly every row.
pub(super) fn random_market(seed: u64, num_symbols: u32) -> (Bars, Vec<Sample>, Vec<f64>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = move || -> f64 { random.sample(StandardNormal) };
    let (mut all, mut samples, mut forecast) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..num_symbols {
        let last = if number == 2 { 70 } else { 130 };
        let rows: Vec<i64> = (0..last).filter(|_| normal() > -1.6).collect();
        let mut level = 4.0 + f64::from(number);
        let close: Vec<f32> = rows
            .iter()
            .map(|_| {
                level += 0.02 * normal();
                level.exp() as f32
            })
            .collect();
        for row in 0..rows.len() as u32 {
            if normal() > -1.3 {
                samples.push(Sample {
                    series: number,
                    last: row,
                });
                forecast.push(0.003 * normal());
            }
        }
        all.push(series(&format!("S{number}"), &rows, &close));
    }
    (bars(all), samples, forecast)
}

#[test]
fn the_device_is_the_plain_loop() {
    for (seed, symbols, horizon) in [(1, 7, 1), (2, 7, 5), (3, 3, 12)] {
        let (bars, samples, forecast) = random_market(seed, symbols);
        let target = target(Entry::NextClose, horizon);
        for strategy in Strategy::ALL {
            let (ledger, found) = trade(&bars, &samples, &forecast, &target, strategy);
            let times: Vec<i64> = samples
                .iter()
                .map(|one| bars.series[one.series as usize].time[one.last as usize])
                .collect();
            let panel = Panel::new(&samples, &times);
            let given = weights(&panel, &forecast, strategy, &BacktestConfig::default());
            let trades = ledger.trades(&samples, &given, horizon);
            assert!(trades.len() > 100);
            let expected = reference::flow(&ledger, &trades);
            // Units round at 6e-8 of themselves, prices not at all; the sizes at a bar add up to at
            // most 1 (2 for what is traded), each product rounds once more: 2.4e-7 of the sum of
            // sizes. A symbol's sum has 130 bars of at most 0.1 earned and 2 traded, in a wide state.
            let check = |found: &[f64], expected: &[f64], bound: f64| {
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() <= bound, "{found} for {expected}");
                }
            };
            check(&found.earned, &expected.earned, 2.4e-7 * 0.1);
            check(&found.traded, &expected.traded, 5e-7);
            check(&found.units_traded, &expected.units_traded, 2.4e-7 * 0.04);
            check(&found.long, &expected.long, 2.4e-7);
            check(&found.short, &expected.short, 2.4e-7);
            check(
                &found.symbol_earned,
                &expected.symbol_earned,
                130.0 * 2.4e-8,
            );
            check(&found.symbol_traded, &expected.symbol_traded, 130.0 * 5e-7);
            // two symbols at a time: only the order of the sums over symbols differs
            let device = Device::flex();
            let cut = ledger.clone().in_blocks(2 * ledger.num_bars() + 1, &device);
            let parts = flow(&cut, cut.units(&trades));
            check(&parts.earned, &found.earned, 1.2e-7 * 0.1);
            check(&parts.traded, &found.traded, 2.4e-7);
            check(&parts.short, &found.short, 1.2e-7);
            assert_eq!(parts.symbol_earned, found.symbol_earned);
            assert_eq!(parts.symbol_traded, found.symbol_traded);
            // what is bought is sold
            assert_eq!(found.long.last(), Some(&0.0));
            assert_eq!(found.short.last(), Some(&0.0));
        }
    }
}

#[test]
fn a_trade_earns_its_target() {
    let (bars, mut samples, _) = random_market(4, 1);
    let horizon = 5;
    let target = target(Entry::NextClose, horizon);
    let labels = targets(&bars, &target);
    samples.retain(|one| labels.series[0].raw[one.last as usize].is_finite());
    let forecast: Vec<f64> = samples
        .iter()
        .map(|one| if one.last % 3 == 0 { -0.01 } else { 0.01 })
        .collect();
    let (_, flow) = trade(&bars, &samples, &forecast, &target, Strategy::LongShort);
    let expected: f64 = samples
        .iter()
        .zip(&forecast)
        .map(|(one, forecast)| {
            let raw = f64::from(labels.series[0].raw[one.last as usize]);
            forecast.signum() * raw.exp_m1() / horizon as f64
        })
        .sum();
    let earned: f64 = flow.earned.iter().sum();
    assert!((earned - expected).abs() < 1e-5, "{earned} for {expected}");
}

#[test]
fn costs_are_linear_and_the_break_even_cost_earns_nothing() {
    let (bars, samples, forecast) = random_market(5, 6);
    let target = target(Entry::NextClose, 3);
    let (_, flow) = trade(&bars, &samples, &forecast, &target, Strategy::LongShort);
    let costs = Costs {
        bps: 4.0,
        slippage_bps: 1.0,
        half_tick: 0.02,
        borrow_bps_per_year: 500.0,
    };
    let total = |multiple: f64| flow.net(&costs, 525_960.0, multiple).iter().sum::<f64>();
    assert!((total(0.0) - flow.earned.iter().sum::<f64>()).abs() < 1e-12);
    assert!((total(2.0) - total(1.0) - (total(1.0) - total(0.0))).abs() < 1e-12);
    assert!(total(1.0) < total(0.0));
    let even = flow.break_even_bps(&costs, 525_960.0).unwrap();
    let at_even = Costs {
        bps: even,
        slippage_bps: 0.0,
        half_tick: 0.0,
        ..costs
    };
    let net: f64 = flow.net(&at_even, 525_960.0, 1.0).iter().sum();
    assert!(net.abs() < 1e-12, "{net}");
    let zero = vec![0.0; forecast.len()];
    for strategy in Strategy::ALL {
        let (_, flow) = trade(&bars, &samples, &zero, &target, strategy);
        assert!(
            flow.traded
                .iter()
                .chain(&flow.earned)
                .all(|&value| value == 0.0)
        );
        assert_eq!(flow.break_even_bps(&costs, 1.0), None);
    }
    // two runs share the capital
    let (_, other) = trade(&bars, &samples, &zero, &target, Strategy::LongShort);
    let mean = Flow::mean(&[flow.clone(), other]);
    assert!((mean.earned.iter().sum::<f64>() - 0.5 * total(0.0)).abs() < 1e-12);
}

#[test]
fn forecasts_change_nothing_before_the_next_bar() {
    let (bars, samples, forecast) = random_market(6, 6);
    let time_of = |one: &Sample| bars.series[one.series as usize].time[one.last as usize];
    for horizon in [1, 4] {
        for strategy in Strategy::ALL {
            let target = target(Entry::NextClose, horizon);
            let (ledger, whole) = trade(&bars, &samples, &forecast, &target, strategy);
            let cut = 60 * MINUTE;
            let scrambled: Vec<f64> = samples
                .iter()
                .zip(&forecast)
                .enumerate()
                .map(|(place, (one, &value))| {
                    if time_of(one) >= cut {
                        0.006 * (7.3 * place as f64).sin()
                    } else {
                        value
                    }
                })
                .collect();
            let (_, other) = trade(&bars, &samples, &scrambled, &target, strategy);
            let same = ledger.times.partition_point(|&time| time <= cut);
            for (a, b) in [
                (&whole.earned, &other.earned),
                (&whole.traded, &other.traded),
                (&whole.long, &other.long),
                (&whole.short, &other.short),
                (&whole.short, &other.short),
            ] {
                assert_eq!(a[..same], b[..same], "{strategy} {horizon}");
            }
            assert_ne!(whole.earned, other.earned, "{strategy} {horizon}");
        }
    }
}
