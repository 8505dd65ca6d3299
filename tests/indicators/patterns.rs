//! Candle patterns on prices that move in ticks, where comparisons end in ties all the time.

use emberline::features::{Family, Transform, catalogue};
use emberline::market::{Bars, Series};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::{HOUR, MONDAY, by_tensors, hourly, inputs, raw, set};

/// Candles of a few ticks around a level that moves by a few ticks, with gaps in both directions.
fn ticks(symbol: &str, seed: u64, num_bars: usize, start: i32, tick: f64) -> Series {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = move |bound: u32| (random.next_u32() % bound).cast_signed();
    let mut series = Series {
        symbol: symbol.to_owned(),
        ..Series::default()
    };
    let mut level = start;
    for t in 0..num_bars {
        level += below(7) - 3 - (level - start) / 100;
        let (open, close) = (level + below(9) - 4, level + below(9) - 4);
        let shadows = [below(4) * below(2), below(4) * below(2)];
        let price = |ticks: i32| (f64::from(ticks) * tick) as f32;
        series.time.push(MONDAY + t as i64 * HOUR);
        series.open.push(price(open));
        series.high.push(price(open.max(close) + shadows[0]));
        series.low.push(price(open.min(close) - shadows[1]));
        series.close.push(price(close));
        series.volume.push(1.0);
    }
    series
}

fn patterns() -> Vec<&'static str> {
    let all = catalogue().filter(|indicator| indicator.family == Family::Pattern);
    all.map(|indicator| indicator.name).collect()
}

fn market() -> Bars {
    let mut parts = ticks("PARTS", 43, 2_000, 900, 0.5);
    parts.segment = (0..2_000)
        .map(|row| u32::from(row >= 700) + u32::from(row >= 704))
        .collect();
    hourly(vec![
        ticks("CENTS", 41, 6_000, 3_000, 0.01),
        ticks("EIGHTHS", 42, 6_000, 700, 0.125),
        parts,
        ticks("TINY", 44, 3_000, 2_000, 1e-7),
        ticks("LARGE", 45, 3_000, 2_000, 25_000.0),
    ])
}

/// No tolerance: a body of 1 in 200 of the price in float32 and ten of them have few enough digits
/// that both sides of every comparison are exact, in float32 as in float64, whole ticks or not.
#[test]
fn tensors_decide_ties_as_machines_do() {
    let bars = market();
    let names = patterns();
    assert_eq!(names.len(), 61);
    let set = set(&names.join(","), &bars);
    let (machines, tensors) = (raw(&set, &bars), by_tensors(&set, &bars));
    let mut found = vec![0; names.len()];
    for (index, series) in bars.series.iter().enumerate() {
        for (column, name) in names.iter().enumerate() {
            let pairs = machines[index][column].iter().zip(&tensors[index][column]);
            for (row, (machine, tensor)) in pairs.enumerate() {
                let same = machine == tensor || (machine.is_nan() && tensor.is_nan());
                let symbol = &series.symbol;
                assert!(same, "{name} of {symbol} in row {row}: {machine}, {tensor}");
                found[column] += usize::from(machine.abs() > 0.0);
            }
        }
    }
    let often = found.iter().filter(|found| **found >= 5).count();
    assert!(often >= 45, "{found:?}");
    // A body of just ten times the ten before: neither long nor short, but not long.
    assert!(num_ties(&bars.series[1]) > 100);
}

/// Bars whose body is the mean of the ten before.
fn num_ties(series: &Series) -> usize {
    let prices = series.open.iter().zip(&series.close);
    let bodies: Vec<f32> = prices.map(|(open, close)| (close - open).abs()).collect();
    let ties = bodies.windows(11).filter(|bodies| {
        let sum: f32 = bodies[..10].iter().sum();
        10.0 * bodies[10] == sum
    });
    ties.count()
}

#[test]
fn a_model_reads_hundredths() {
    let bars = market();
    let set = set("CDLDOJI,CDLENGULFING,CDLHIKKAKE", &bars);
    let transform = Transform::Over { period: 100 };
    assert!(set.columns().iter().all(|it| it.transform() == transform));
    let (raw, read) = (raw(&set, &bars), inputs(&set, &bars));
    let mut seen = Vec::new();
    for (column, name) in set.names().iter().enumerate() {
        for (raw, read) in raw[0][column].iter().zip(&read[0][column]) {
            if read.is_finite() {
                assert_eq!(*read, raw / 100.0, "{name}");
                seen.push(*raw as i32);
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [-200, -100, -80, 0, 80, 100, 200]);
}

/// A hikkake by hand: an inside bar, a bar below it, then a close over the inside bar's high.
#[test]
fn a_trap_is_confirmed_once_within_three_bars() {
    let quiet = [10.0, 12.0, 8.0, 11.0];
    let inside = [10.0, 11.0, 9.0, 10.5];
    let under = [9.5, 10.0, 8.5, 9.0];
    let still = [9.2, 10.5, 8.5, 9.0];
    let over = [9.5, 11.5, 8.5, 11.2];
    let mut rows = vec![quiet; 6];
    rows.extend([inside, under, still, over, over, quiet, quiet]);
    let mut late = rows.clone();
    late.splice(9..9, [still, still]);
    let series = |symbol: &str, rows: &[[f32; 4]]| Series {
        symbol: symbol.to_owned(),
        time: (0..rows.len()).map(|t| MONDAY + t as i64 * HOUR).collect(),
        open: rows.iter().map(|row| row[0]).collect(),
        high: rows.iter().map(|row| row[1]).collect(),
        low: rows.iter().map(|row| row[2]).collect(),
        close: rows.iter().map(|row| row[3]).collect(),
        volume: vec![1.0; rows.len()],
        ..Series::default()
    };
    let bars = hourly(vec![series("IN_TIME", &rows), series("LATE", &late)]);
    let set = set("CDLHIKKAKE", &bars);
    for values in [raw(&set, &bars), by_tensors(&set, &bars)] {
        let in_time = &values[0][0];
        assert_eq!(in_time[7..11], [100.0, 0.0, 200.0, 0.0]);
        assert_eq!(values[1][0][7..13], [100.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
