//! Simulated bars: what they promise, and above all how strong the signal is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use emberline::market::{
    Calendar, MarketError, Series, sample,
    simulate::{SignalKind, SimulateConfig, SimulatedSymbol, Simulation, names},
};
use polars::prelude::{DataType, ParquetReader, SerReader as _};
use proptest::prelude::*;

const MINUTE_NS: i64 = 60_000_000_000;
const DAY_NS: i64 = 1_440 * MINUTE_NS;

fn config(num_symbols: usize, num_bars: usize) -> SimulateConfig {
    SimulateConfig {
        symbols: names(num_symbols),
        num_bars,
        ..SimulateConfig::default()
    }
}

fn symbols(config: &SimulateConfig) -> Vec<SimulatedSymbol> {
    let simulation = Simulation::new(config.clone()).unwrap();
    (0..config.symbols.len())
        .map(|index| simulation.symbol(index))
        .collect()
}

/// `ln(c[t + entry + h] / c[t + entry])` of row t, where all those rows are consecutive bars.
fn label(series: &Series, row: usize, entry: usize, horizon: usize, interval: i64) -> Option<f64> {
    let (first, last) = (row + entry, row + entry + horizon);
    let steps = (last - row) as i64;
    let whole = last < series.len()
        && (interval == 0 || series.time[last] - series.time[row] == steps * interval);
    whole.then(|| (f64::from(series.close[last]) / f64::from(series.close[first])).ln())
}

/// A correlation over time per symbol, averaged, and its standard error without assuming equal
/// variances: `var(r) = sum f^2 y^2 / (sum f^2 sum y^2)`.
fn ic(pairs: &[Vec<(f64, f64)>]) -> (f64, f64) {
    let (mut total, mut variance) = (0.0, 0.0);
    for symbol in pairs {
        let n = symbol.len() as f64;
        let mean_f = symbol.iter().map(|(f, _)| f).sum::<f64>() / n;
        let mean_y = symbol.iter().map(|(_, y)| y).sum::<f64>() / n;
        let (mut ff, mut yy, mut fy, mut ffyy) = (0.0, 0.0, 0.0, 0.0);
        for (f, y) in symbol {
            let (f, y) = (f - mean_f, y - mean_y);
            ff += f * f;
            yy += y * y;
            fy += f * y;
            ffyy += f * f * y * y;
        }
        total += fy / (ff * yy).sqrt();
        variance += ffyy / (ff * yy);
    }
    let count = pairs.len() as f64;
    (total / count, variance.sqrt() / count)
}

/// (forecast, label) of every row of every symbol.
fn pairs(
    symbols: &[SimulatedSymbol],
    entry: usize,
    horizon: usize,
    step: usize,
    interval: i64,
    forecast: impl Fn(&SimulatedSymbol, usize) -> Option<f64>,
) -> Vec<Vec<(f64, f64)>> {
    symbols
        .iter()
        .map(|symbol| {
            (0..symbol.series.len())
                .step_by(step)
                .filter_map(|row| {
                    let label = label(&symbol.series, row, entry, horizon, interval)?;
                    Some((forecast(symbol, row)?, label))
                })
                .collect()
        })
        .collect()
}

fn last_return(symbol: &SimulatedSymbol, row: usize) -> Option<f64> {
    let close = &symbol.series.close;
    (row > 0).then(|| (f64::from(close[row]) / f64::from(close[row - 1])).ln())
}

/// The conditional mean correlates as stated: in every calendar, with gaps, of either kind.
#[test]
fn the_stated_strength_is_attained_by_the_true_conditional_mean() {
    for (calendar, minutes, kind, missing, stated) in [
        (Calendar::Always, 5, SignalKind::Linear, 0.0, 0.10),
        (Calendar::Always, 5, SignalKind::Linear, 0.15, 0.10),
        (Calendar::Always, 1, SignalKind::Nonlinear, 0.0, 0.10),
        (Calendar::Weekdays, 60, SignalKind::Linear, 0.0, 0.25),
        (Calendar::Sessions, 5, SignalKind::Linear, 0.0, 0.10),
        (Calendar::Daily, 1_440, SignalKind::Nonlinear, 0.0, 0.05),
    ] {
        let config = SimulateConfig {
            calendar,
            interval_ns: minutes * MINUTE_NS,
            signal_kind: kind,
            signal_ic: stated,
            missing,
            start_ns: -50 * 366 * DAY_NS,
            ..config(
                16,
                if calendar == Calendar::Daily {
                    25_000
                } else {
                    50_000
                },
            )
        };
        let interval = if missing > 0.0 { config.interval_ns } else { 0 };
        let symbols = symbols(&config);
        let truth = pairs(&symbols, 1, 1, 1, interval, |symbol, row| {
            Some(symbol.expected[row])
        });
        let (measured, error) = ic(&truth);
        assert!(error < 0.0025, "{calendar} {kind:?}: {error}");
        assert!(
            (measured - stated).abs() < 3.5 * error,
            "{calendar} {kind:?} missing {missing}: {measured} +- {error}, stated {stated}"
        );
        // The signal alone, without the volatility, tells the volatility-scaled return as well.
        let scaled: Vec<Vec<(f64, f64)>> = symbols
            .iter()
            .zip(&truth)
            .map(|(symbol, truth)| {
                (symbol.signal.iter().zip(&symbol.expected).zip(truth))
                    .filter(|((signal, _), _)| **signal != 0.0)
                    .map(|((signal, expected), (_, label))| (*signal, label * signal / expected))
                    .collect()
            })
            .collect();
        if missing == 0.0 && calendar != Calendar::Sessions {
            let (measured, error) = ic(&scaled);
            assert!(
                (measured - stated).abs() < 3.5 * error + 0.06 * stated,
                "{calendar} {kind:?} scaled: {measured} +- {error}, stated {stated}"
            );
        }
    }
}

#[test]
fn later_horizons_are_stated_too() {
    let config = SimulateConfig {
        signal_ic: 0.10,
        ..config(8, 60_000)
    };
    let simulation = Simulation::new(config.clone()).unwrap();
    let symbols = symbols(&config);
    for horizon in [2, 6, 12] {
        let stated = simulation.attainable_ic(horizon).unwrap();
        // Labels that do not overlap.
        let truth = pairs(&symbols, 1, horizon, horizon, 0, |symbol, row| {
            Some(symbol.expected[row])
        });
        let (measured, error) = ic(&truth);
        assert!(
            (measured - stated).abs() < 3.5 * error,
            "{horizon}: {measured} +- {error}, stated {stated}"
        );
    }
    let nonlinear = SimulateConfig {
        signal_kind: SignalKind::Nonlinear,
        ..config
    };
    let nonlinear = Simulation::new(nonlinear).unwrap();
    assert_eq!(nonlinear.attainable_ic(12), None);
    assert!((nonlinear.attainable_ic(1).unwrap() - 0.10).abs() < 1e-12);
}

/// A forecast from the bars up to a row.
type Predictor = fn(&SimulatedSymbol, usize) -> Option<f64>;

/// Forecasts that people try first.
fn predictors() -> Vec<(&'static str, Predictor)> {
    vec![
        ("momentum", last_return),
        ("reversal", |symbol, row| {
            last_return(symbol, row).map(|r| -r.signum())
        }),
        ("momentum of 12", |symbol, row| {
            let close = &symbol.series.close;
            (row >= 12).then(|| (f64::from(close[row]) / f64::from(close[row - 12])).ln())
        }),
        ("balance", |symbol, row| Some(balance(&symbol.series, row))),
        ("surprises", |symbol, row| {
            (row >= 40).then(|| surprises(&symbol.series, row))
        }),
        ("shadows", |symbol, row| {
            let s = &symbol.series;
            Some(f64::from(
                s.high[row] + s.low[row] - s.open[row] - s.close[row],
            ))
        }),
        ("volume", |symbol, row| {
            Some(f64::from(symbol.series.volume[row]).ln())
        }),
    ]
}

fn balance(series: &Series, row: usize) -> f64 {
    let range = f64::from(series.high[row] - series.low[row]);
    if range > 0.0 {
        f64::from(series.close[row] - series.open[row]) / range
    } else {
        0.0
    }
}

/// The linear signal but for its scale.
fn surprises(series: &Series, row: usize) -> f64 {
    (row - 39..=row).fold(0.0, |sum, past| 0.8 * sum + balance(series, past))
}

#[test]
fn without_a_signal_nothing_can_be_forecast() {
    let symbols = symbols(&config(8, 50_000));
    for (name, forecast) in predictors() {
        for horizon in [1, 12] {
            let (measured, error) = ic(&pairs(&symbols, 1, horizon, horizon, 0, forecast));
            assert!(
                measured.abs() < 4.0 * error,
                "{name} at {horizon}: {measured} +- {error}"
            );
        }
    }
    assert!(
        symbols
            .iter()
            .all(|s| s.expected.iter().all(|&mean| mean == 0.0))
    );
}

/// The bounce makes minus the last return look like skill if the entry is the same close.
#[test]
fn only_an_entry_at_the_same_close_is_fooled_by_the_bounce() {
    let symbols = symbols(&config(8, 50_000));
    let reversal = |symbol: &SimulatedSymbol, row: usize| last_return(symbol, row).map(|r| -r);
    let (fooled, error) = ic(&pairs(&symbols, 0, 1, 1, 0, reversal));
    // -0.04 / 1.08 for half a spread of 0.2 volatilities.
    assert!(
        (fooled - 0.037).abs() < 0.01 + 4.0 * error,
        "{fooled} +- {error}"
    );
    let (honest, error) = ic(&pairs(&symbols, 1, 1, 1, 0, reversal));
    assert!(honest.abs() < 4.0 * error, "{honest} +- {error}");
}

/// A nonlinear signal is there, but not for what a linear model can form.
#[test]
fn linear_forecasts_see_linear_signals_only() {
    for (kind, seen) in [(SignalKind::Linear, true), (SignalKind::Nonlinear, false)] {
        let config = SimulateConfig {
            signal_ic: 0.10,
            signal_kind: kind,
            ..config(8, 50_000)
        };
        let symbols = symbols(&config);
        let forecast = |symbol: &SimulatedSymbol, row: usize| {
            (row >= 40).then(|| surprises(&symbol.series, row))
        };
        let (measured, error) = ic(&pairs(&symbols, 1, 1, 1, 0, forecast));
        if seen {
            assert!(measured < -0.08, "{measured} +- {error}");
        } else {
            assert!(measured.abs() < 4.0 * error, "{measured} +- {error}");
        }
    }
}

/// The best forecast needs published bars of the past and nothing else.
#[test]
fn the_signal_is_a_function_of_past_published_bars() {
    for kind in [SignalKind::Linear, SignalKind::Nonlinear] {
        let config = SimulateConfig {
            signal_ic: 0.2,
            signal_kind: kind,
            missing: 0.1,
            ..config(2, 3_000)
        };
        let simulation = Simulation::new(config).unwrap();
        let truth = simulation.symbol(1);
        assert!(truth.series.len() < 2_900);
        assert_eq!(simulation.recover(&truth.series), truth.signal);
        let mut scrambled = truth.series.clone();
        for row in 1_500..scrambled.len() {
            scrambled.open[row] = scrambled.low[row];
            scrambled.close[row] = scrambled.high[row];
        }
        let other = simulation.recover(&scrambled);
        assert_eq!(other[..1_500], truth.signal[..1_500]);
        assert_ne!(other[1_500..], truth.signal[1_500..]);
    }
}

#[test]
fn the_seed_fixes_every_bit_and_a_symbol_does_not_depend_on_the_others() {
    let few = SimulateConfig {
        signal_ic: 0.1,
        missing: 0.05,
        seed: 7,
        ..config(2, 2_000)
    };
    let again = symbols(&few);
    assert_eq!(symbols(&few), again);
    let many = SimulateConfig {
        symbols: names(9),
        ..few.clone()
    };
    let many = symbols(&many);
    assert_eq!(many[1].series, again[1].series);
    assert_ne!(many[0].series.close, many[1].series.close);
    let other = symbols(&SimulateConfig { seed: 8, ..few });
    assert_ne!(other[0].series.close, again[0].series.close);
}

/// Pearson correlation.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
    }
    ab / (aa * bb).sqrt()
}

fn returns(series: &Series) -> Vec<f64> {
    let log: Vec<f64> = series.close.iter().map(|&c| f64::from(c).ln()).collect();
    log.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn returns_have_the_stylised_facts() {
    let daily = SimulateConfig {
        interval_ns: DAY_NS,
        calendar: Calendar::Always,
        start_ns: 0,
        ..config(6, 20_000)
    };
    let symbols = symbols(&daily);
    let all: Vec<Vec<f64>> = symbols
        .iter()
        .map(|symbol| returns(&symbol.series))
        .collect();
    for (symbol, returns) in symbols.iter().zip(&all) {
        let n = returns.len() as f64;
        let size: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
        // Clustering: far above 1 / sqrt(n) = 0.007, also weeks later.
        for lag in [1, 5, 20] {
            let clustered = correlation(&size[lag..], &size[..size.len() - lag]);
            assert!(clustered > 0.05, "lag {lag}: {clustered}");
        }
        // Heavy tails: the normal distribution has 3.
        let square = returns.iter().map(|r| r * r).sum::<f64>() / n;
        let kurtosis = returns.iter().map(|r| r.powi(4)).sum::<f64>() / n / (square * square);
        assert!(kurtosis > 4.5, "{kurtosis}");
        // Three per cent a day.
        assert!((square.sqrt() - 0.031).abs() < 0.006, "{}", square.sqrt());
        let volume: Vec<f64> = symbol.series.volume[1..]
            .iter()
            .map(|&v| f64::from(v).ln())
            .collect();
        let together = correlation(&volume, &size);
        assert!(together > 0.3, "{together}");
        // Bounce: -0.037.
        let bounce = correlation(&returns[1..], &returns[..returns.len() - 1]);
        assert!((-0.08..-0.005).contains(&bounce), "{bounce}");
    }
    for a in 0..6 {
        for b in 0..a {
            let together = correlation(&all[a], &all[b]);
            assert!((0.2..0.7).contains(&together), "{a} {b}: {together}");
        }
    }
}

#[test]
fn days_and_nights_have_their_seasons() {
    // Around the clock: the busiest hour against the calmest.
    let symbol = &symbols(&config(1, 60_000))[0];
    let mut hours = [(0.0, 0.0, 0.0); 24];
    for (row, r) in returns(&symbol.series).iter().enumerate() {
        let time = symbol.series.time[row + 1];
        let hour = &mut hours[(time.rem_euclid(DAY_NS) / (60 * MINUTE_NS)) as usize];
        *hour = (
            hour.0 + r.abs(),
            hour.1 + 1.0,
            hour.2 + f64::from(symbol.series.volume[row + 1]),
        );
    }
    for pick in [
        |h: &(f64, f64, f64)| h.0 / h.1,
        |h: &(f64, f64, f64)| h.2 / h.1,
    ] {
        let by_hour: Vec<f64> = hours.iter().map(pick).collect();
        let most = by_hour.iter().copied().fold(0.0, f64::max);
        let least = by_hour.iter().copied().fold(f64::MAX, f64::min);
        assert!(most > 1.5 * least, "{by_hour:?}");
    }
    // Sessions: 78 bars of five minutes, busy at the open, and a jump over the night.
    let sessions = SimulateConfig {
        calendar: Calendar::Sessions,
        ..config(1, 78 * 500)
    };
    let series = &symbols(&sessions)[0].series;
    assert_eq!(
        series.time[0].rem_euclid(DAY_NS),
        (14 * 60 + 30) * MINUTE_NS
    );
    let range = |row: usize| f64::from(series.high[row] / series.low[row]).ln();
    let mean = |bar: usize| (0..500).map(|day| range(78 * day + bar)).sum::<f64>() / 500.0;
    assert!(mean(0) > 1.5 * mean(39) && mean(77) > 1.2 * mean(39));
    let gap = |row: usize| {
        f64::from(series.open[row] / series.close[row - 1])
            .ln()
            .powi(2)
    };
    let night = (1..500).map(|day| gap(78 * day)).sum::<f64>() / 499.0;
    let day = (1..500).map(|day| gap(78 * day + 39)).sum::<f64>() / 499.0;
    assert!(night.sqrt() > 5.0 * day.sqrt(), "{night} {day}");
    assert!((night.sqrt() - 0.0075).abs() < 0.0025, "{}", night.sqrt());
}

#[test]
fn prices_lie_on_ticks() {
    let symbol = &symbols(&config(1, 5_000))[0];
    for close in &symbol.series.close {
        let digits = close.to_string().replace('.', "");
        let digits = digits.trim_matches('0').len();
        assert!(digits <= 6, "{close}");
    }
}

#[test]
fn the_calendars_have_their_bars() {
    let times = |calendar, minutes: i64, num_bars| {
        let config = SimulateConfig {
            calendar,
            interval_ns: minutes * MINUTE_NS,
            ..config(1, num_bars)
        };
        symbols(&config)[0].series.time.clone()
    };
    let weekday = |time: &i64| (time.div_euclid(DAY_NS) + 3).rem_euclid(7);
    let steps = |times: &[i64]| -> BTreeSet<i64> {
        times
            .windows(2)
            .map(|w| (w[1] - w[0]) / MINUTE_NS)
            .collect()
    };
    let always = times(Calendar::Always, 60, 1_000);
    assert_eq!(steps(&always), [60].into());
    assert_eq!(always[0], 1_704_067_200_000_000_000);
    let weekdays = times(Calendar::Weekdays, 60, 1_000);
    assert_eq!(steps(&weekdays), [60, 2 * 1_440 + 60].into());
    let daily = times(Calendar::Daily, 1_440, 1_000);
    assert_eq!(steps(&daily), [1_440, 3 * 1_440].into());
    for time in weekdays.iter().chain(&daily) {
        assert!(weekday(time) < 5);
    }
    let hours = times(Calendar::Sessions, 60, 1_000);
    // Six whole hours fit into six and a half.
    assert_eq!(hours.iter().filter(|t| weekday(t) == 0).count() % 6, 0);
}

#[test]
fn nonsense_is_refused() {
    let base = config(2, 100);
    let with = |change: fn(&mut SimulateConfig)| {
        let mut config = base.clone();
        change(&mut config);
        match Simulation::new(config).unwrap_err() {
            MarketError::Setting { key, .. } => key,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with(|c| c.symbols.clear()), "symbols");
    assert_eq!(
        with(|c| c.symbols = vec!["A".into(), "A".into()]),
        "symbols"
    );
    assert_eq!(with(|c| c.symbols = vec![" ".into()]), "symbols");
    assert_eq!(with(|c| c.num_bars = 1), "bars");
    assert_eq!(with(|c| c.num_bars = usize::MAX), "bars");
    assert_eq!(with(|c| c.signal_ic = 0.31), "signal");
    assert_eq!(with(|c| c.signal_ic = f64::NAN), "signal");
    assert_eq!(with(|c| c.missing = -0.1), "missing");
    assert_eq!(with(|c| c.interval_ns = 7 * MINUTE_NS), "interval");
    assert_eq!(with(|c| c.interval_ns = 0), "interval");
    assert_eq!(with(|c| c.calendar = Calendar::Daily), "interval");
    assert_eq!(
        with(|c| (c.calendar, c.interval_ns) = (Calendar::Sessions, DAY_NS)),
        "interval"
    );
    assert_eq!(with(|c| c.start_ns = i64::MAX), "bars");
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = Simulation::new(config(2, 50)).unwrap();
    let error = simulation
        .write(&folder.path().join("bars.xlsx"))
        .unwrap_err();
    assert!(matches!(error, MarketError::Format { .. }), "{error:?}");
    let error = simulation
        .write(&folder.path().join("no/bars.csv"))
        .unwrap_err();
    assert!(matches!(error, MarketError::Write { .. }), "{error:?}");
    let path = folder.path().join("bars.csv");
    assert_eq!(simulation.write(&path).unwrap(), 100);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        "timestamp,symbol,open,high,low,close,volume"
    );
    assert!(
        text.lines()
            .nth(1)
            .unwrap()
            .starts_with("2024-01-01T00:00:00Z,S1,")
    );
    let mut gzip = String::new();
    let path = folder.path().join("bars.csv.gz");
    simulation.write(&path).unwrap();
    std::io::Read::read_to_string(
        &mut flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()),
        &mut gzip,
    )
    .unwrap();
    assert_eq!(gzip, text);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

fn calendars() -> impl Strategy<Value = (Calendar, i64)> {
    prop_oneof![
        (
            Just(Calendar::Always),
            prop::sample::select(vec![1, 5, 60, 1_440])
        ),
        (
            Just(Calendar::Weekdays),
            prop::sample::select(vec![1, 15, 240])
        ),
        (
            Just(Calendar::Sessions),
            prop::sample::select(vec![1, 7, 30, 60])
        ),
        (Just(Calendar::Daily), Just(1_440)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn bars_are_bars(
        seed: u64,
        (calendar, minutes) in calendars(),
        num_bars in 2_usize..600,
        signal_ic in 0.0_f64..=0.3,
        nonlinear: bool,
        missing in 0.0_f64..=0.5,
    ) {
        let config = SimulateConfig {
            seed,
            calendar,
            interval_ns: minutes * MINUTE_NS,
            signal_ic,
            signal_kind: if nonlinear { SignalKind::Nonlinear } else { SignalKind::Linear },
            missing,
            ..config(2, num_bars)
        };
        for symbol in symbols(&config) {
            let s = symbol.series;
            prop_assert!((1..=num_bars).contains(&s.len()));
            prop_assert!(missing > 0.0 || s.len() == num_bars);
            for values in [&s.open, &s.high, &s.low, &s.close, &s.volume] {
                prop_assert_eq!(values.len(), s.len());
                prop_assert!(values.iter().all(|v| v.is_finite() && *v > 0.0));
            }
            for row in 0..s.len() {
                prop_assert!(s.low[row] <= s.open[row].min(s.close[row]));
                prop_assert!(s.high[row] >= s.open[row].max(s.close[row]));
                prop_assert!(row == 0 || s.time[row] > s.time[row - 1]);
            }
            prop_assert!(symbol.signal.iter().chain(&symbol.expected).all(|v| v.is_finite()));
        }
    }
}

#[test]
fn the_missing_share_is_met() {
    let gappy = SimulateConfig {
        missing: 0.2,
        ..config(3, 30_000)
    };
    for symbol in symbols(&gappy) {
        let share = 1.0 - symbol.series.len() as f64 / 30_000.0;
        assert!((share - 0.2).abs() < 0.02, "{share}");
    }
}

/// The sample in `data/` is what its README says it is.
#[test]
fn the_sample_can_be_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample::place(folder.path()).unwrap();
    assert_eq!(sample::place(folder.path()).unwrap(), path);
    assert!(sample::bytes().len() < 2_000_000);
    let table = ParquetReader::new(std::fs::File::open(&path).unwrap())
        .finish()
        .unwrap();
    let column = |name: &str| -> Vec<f64> {
        let column = table
            .column(name)
            .unwrap()
            .cast(&DataType::Float64)
            .unwrap();
        column.f64().unwrap().into_no_null_iter().collect()
    };
    let time = table
        .column("timestamp")
        .unwrap()
        .cast(&DataType::Int64)
        .unwrap();
    let time: Vec<i64> = time.i64().unwrap().into_no_null_iter().collect();
    let symbol = table.column("symbol").unwrap();
    let symbol: Vec<&str> = symbol.str().unwrap().iter().flatten().collect();
    let made: Vec<Series> = symbols(&sample::config())
        .into_iter()
        .map(|s| s.series)
        .collect();
    assert_eq!(made.len(), 6);
    let all = |pick: fn(&Series) -> &Vec<f32>| -> Vec<f64> {
        made.iter()
            .flat_map(|s| pick(s).iter().map(|&v| f64::from(v)))
            .collect()
    };
    assert_eq!(
        time,
        made.iter().flat_map(|s| s.time.clone()).collect::<Vec<_>>()
    );
    let names = made.iter().flat_map(|s| vec![s.symbol.as_str(); s.len()]);
    assert_eq!(symbol, names.collect::<Vec<_>>());
    // Another machine's logarithms may differ in the last bit, and then a price by one tick, which
    // is at most 0.05 * 0.0018 of it; a volume by one unit in at least 100.
    for (name, pick, tolerance) in [
        ("open", (|s| &s.open) as fn(&Series) -> &Vec<f32>, 1e-4),
        ("high", |s| &s.high, 1e-4),
        ("low", |s| &s.low, 1e-4),
        ("close", |s| &s.close, 1e-4),
        ("volume", |s| &s.volume, 1e-2),
    ] {
        let (found, made) = (column(name), all(pick));
        assert_eq!(found.len(), made.len(), "{name}");
        for (row, (found, made)) in found.iter().zip(&made).enumerate() {
            assert!(
                (found - made).abs() <= tolerance * made,
                "{name} {row}: {found} {made}"
            );
        }
    }
}
