//! Bare names against TA-Lib's own numbers (`golden/talib.csv`, made by `golden/talib_tables.py`).

use std::collections::BTreeMap;
use std::path::Path;

use emberline::market::Series;

use super::{HOUR, MONDAY, hourly, raw, set};

struct Table {
    series: Vec<Series>,
    names: Vec<String>,
    /// By symbol, column and row.
    values: BTreeMap<String, Vec<Vec<f64>>>,
}

fn table() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/talib.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<String> = lines
        .next()
        .unwrap()
        .split(',')
        .skip(7)
        .map(str::to_owned)
        .collect();
    let mut series: BTreeMap<String, Series> = BTreeMap::new();
    let mut values: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let one = series.entry(cells[0].to_owned()).or_insert_with(|| Series {
            symbol: cells[0].to_owned(),
            ..Series::default()
        });
        let price = |index: usize| cells[index].parse::<f32>().unwrap();
        one.time.push(MONDAY + one.time.len() as i64 * HOUR);
        one.segment.push(cells[1].parse().unwrap());
        one.open.push(price(2));
        one.high.push(price(3));
        one.low.push(price(4));
        one.close.push(price(5));
        one.volume.push(price(6));
        let columns = values
            .entry(cells[0].to_owned())
            .or_insert_with(|| vec![Vec::new(); names.len()]);
        for (column, cell) in columns.iter_mut().zip(&cells[7..]) {
            column.push(if cell.is_empty() {
                f64::NAN
            } else {
                cell.parse().unwrap()
            });
        }
    }
    Table {
        series: series.into_values().collect(),
        names,
        values,
    }
}

/// float32 keeps 6e-8 of a price, and the longest chain here (MACD's signal) adds a few of those;
/// what is compared with is each column's own largest value. Wrong arithmetic is off by 1e-2.
const TOLERANCE: f64 = 3e-6;

#[test]
fn bare_names_equal_talib() {
    let table = table();
    assert_eq!(table.names.len(), 49, "{:?}", table.names);
    let bars = hourly(table.series);
    let set = set(&table.names.join(","), &bars);
    assert_eq!(set.names(), table.names);
    let computed = raw(&set, &bars);
    for (series, columns) in bars.series.iter().zip(&computed) {
        let golden = &table.values[&series.symbol];
        for ((name, ours), talib) in table.names.iter().zip(columns).zip(golden) {
            let largest = talib
                .iter()
                .filter(|v| v.is_finite())
                .fold(0.0, |m: f64, v| m.max(v.abs()));
            for (row, (&ours, &talib)) in ours.iter().zip(talib).enumerate() {
                let place = format!(
                    "{name} of {} in row {row}: {ours}, TA-Lib {talib}",
                    series.symbol
                );
                assert_eq!(ours.is_nan(), talib.is_nan(), "{place}");
                if talib.is_finite() {
                    let error = (f64::from(ours) - talib).abs();
                    assert!(error <= TOLERANCE * largest, "{place}, off by {error:e}");
                }
            }
        }
    }
}
