//! Bare names against TA-Lib's own numbers (`golden/talib*`, made by `golden/generate.py`): oracles
//! and machines in float64 within 1e-9, the tensor functions in float32.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use emberline::features::{FeatureColumn, FeatureContext, FeatureSet, Unit, catalogue, reference};
use emberline::market::{Bars, Series};
use flate2::read::GzDecoder;

use super::{HOUR, MONDAY, by_tensors, hourly, raw, set};

/// Functions of TA-Lib that the catalogue lacks, and columns whose parameters it does not take yet,
/// one a line. It only shrinks: what exists may not be listed.
const MISSING: &str = include_str!("../golden/talib_missing.txt");

/// Of a column's scale (see [`scale`]). Sums in another order differ by 1e-13 of it.
const FLOAT64_TOLERANCE: f64 = 1e-9;

/// What rounding a float64 to float32 changes.
const FLOAT32_TOLERANCE: f64 = 1e-7;

/// float32 arithmetic keeps 6e-8 of a price, and the longest chains add a few of those. Wrong
/// arithmetic is off by 1e-3.
const TENSOR_TOLERANCE: f64 = 1e-5;

/// Functions that float32 cannot follow that closely: tolerance, and the share of values that may
/// differ by any amount where a comparison decides between two of them.
const LOOSE: &[(&str, f64, f64)] = &[];

/// One column as TA-Lib gives it: by symbol, its value at some rows (NaN: undefined).
type Values = BTreeMap<String, BTreeMap<usize, f64>>;

struct Table {
    bars: Bars,
    /// Name, function and values, in TA-Lib's order.
    columns: Vec<(String, String, Values)>,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// The rows of a compressed table, its head first.
fn rows(name: &str) -> Vec<Vec<String>> {
    let file = std::fs::File::open(golden(name)).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

fn bars() -> Bars {
    let mut series: BTreeMap<String, Series> = BTreeMap::new();
    for row in &rows("talib_bars.csv.gz")[1..] {
        let one = series.entry(row[0].clone()).or_default();
        one.symbol.clone_from(&row[0]);
        one.segment.push(row[1].parse().unwrap());
        one.time
            .push(MONDAY + row[2].parse::<i64>().unwrap() * HOUR);
        let columns = [
            &mut one.open,
            &mut one.high,
            &mut one.low,
            &mut one.close,
            &mut one.volume,
        ];
        for (column, cell) in columns.into_iter().zip(&row[3..]) {
            column.push(cell.parse().unwrap());
        }
    }
    hourly(series.into_values().collect())
}

/// The sparse table of patterns with its zeros and the bars before the lookback put back.
fn patterns(bars: &Bars, lookbacks: &BTreeMap<String, usize>) -> BTreeMap<String, Values> {
    let mut columns: BTreeMap<String, Values> = BTreeMap::new();
    for row in &rows("talib_patterns.csv.gz")[1..] {
        let symbol = bars
            .series
            .iter()
            .position(|series| series.symbol == row[1])
            .unwrap();
        let symbols = columns.entry(row[0].clone()).or_default();
        // A row for each segment that has any.
        let values = symbols.entry(row[1].clone()).or_insert_with(|| {
            let mut values = BTreeMap::new();
            for (rows, _) in reference::segments(bars, symbol) {
                let defined = rows.start + lookbacks[&row[0]];
                values.extend(rows.map(|t| (t, if t < defined { f64::NAN } else { 0.0 })));
            }
            values
        });
        for cell in row[2].split_whitespace() {
            let (t, value) = cell.split_once(':').unwrap();
            values.insert(t.parse().unwrap(), value.parse().unwrap());
        }
    }
    columns
}

fn table() -> Table {
    let text = std::fs::read_to_string(golden("talib.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let described = document["columns"].as_array().unwrap();
    let text = |of: &serde_json::Value, key: &str| of[key].as_str().unwrap().to_owned();
    let lookback = |of: &serde_json::Value| {
        let bars = of["lookback"].as_u64().unwrap();
        (text(of, "name"), usize::try_from(bars).unwrap())
    };
    let bars = bars();
    let mut found = patterns(&bars, &described.iter().map(lookback).collect());
    let rows = rows("talib_values.csv.gz");
    for (place, name) in rows[0].iter().enumerate().skip(2) {
        let values = found.entry(name.clone()).or_default();
        for row in &rows[1..] {
            let cell = row[place].as_str();
            let value = if cell.is_empty() {
                f64::NAN
            } else {
                cell.parse().unwrap()
            };
            let symbol = values.entry(row[0].clone()).or_default();
            symbol.insert(row[1].parse().unwrap(), value);
        }
    }
    let column = |of| {
        let name = text(of, "name");
        let values = found.remove(&name).unwrap();
        (name, text(of, "function"), values)
    };
    let columns = described.iter().map(column).collect();
    Table { bars, columns }
}

/// A name of TA-Lib's order of parameters in ours: kinds of averages, which TA-Lib puts behind their
/// periods, come last here, because names leave them out where they are the default.
fn with_kinds_last(name: &str, function: &str) -> String {
    let order: &[usize] = match function {
        "MACDEXT" => &[0, 2, 4, 1, 3, 5],
        "STOCH" | "KDJ" => &[0, 1, 3, 2, 4],
        _ => return name.to_owned(),
    };
    let parts: Vec<&str> = name.split('_').collect();
    if parts.len() <= order.len() {
        return name.to_owned();
    }
    let mut sorted = parts.clone();
    for (place, from) in order.iter().enumerate() {
        sorted[place + 1] = parts[from + 1];
    }
    sorted.join("_")
}

fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values
        .filter(|v| v.is_finite())
        .fold(0.0, |most: f64, v| most.max(v.abs()))
}

/// What an error is measured with: the column's largest value for the symbol, at least a hundredth
/// of its prices or volumes; where that is 0, the largest for any symbol.
fn scale(unit: Unit, series: &Series, values: &Values) -> f64 {
    let hundredth = |column: &[f32]| 0.01 * column.iter().copied().fold(0.0, f32::max);
    let own = largest(values[&series.symbol].values());
    let least = match unit {
        Unit::Price | Unit::PriceDifference => f64::from(hundredth(&series.close)),
        Unit::Volume | Unit::SignedVolume => f64::from(hundredth(&series.volume)),
        _ if own > 0.0 => 0.0,
        _ => largest(values.values().flat_map(BTreeMap::values)),
    };
    own.max(least)
}

/// Compares one symbol's column with TA-Lib's and says where and how far it is off first.
fn compare(
    ours: &[f64],
    talib: &BTreeMap<usize, f64>,
    allowed: f64,
    share: f64,
) -> Result<(), String> {
    let mut differing = Vec::new();
    for (&row, &expected) in talib {
        let ours = ours[row];
        let equal = if expected.is_nan() {
            ours.is_nan()
        } else {
            (ours - expected).abs() <= allowed
        };
        if !equal {
            differing.push(format!("row {row}: {ours:e}, TA-Lib {expected:e}"));
        }
    }
    if differing.len() as f64 <= share * talib.len() as f64 {
        return Ok(());
    }
    Err(format!(
        "{} of {} differ by more than {allowed:e}, the first in {}",
        differing.len(),
        talib.len(),
        differing[0]
    ))
}

/// All rows of one series in float64: by the written definition, and bar by bar.
fn float64(column: &FeatureColumn, bars: &Bars, series: usize) -> [Vec<f64>; 2] {
    let mut values = [Vec::new(), Vec::new()];
    for (_, segment) in reference::segments(bars, series) {
        let (indicator, parameters) = (column.indicator(), column.parameters());
        let defined = indicator.float64(&segment, parameters);
        for (values, outputs) in values
            .iter_mut()
            .zip([defined, indicator.by_machine(&segment, parameters)])
        {
            values.extend(&outputs[column.output()]);
        }
    }
    values
}

#[test]
fn bare_names_equal_talib() {
    let Table { bars, columns } = table();
    let context = FeatureContext::from(&bars);
    let missing: BTreeSet<&str> = MISSING
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let exists =
        |function: &str| catalogue().any(|it| it.name == function && it.variant.is_empty());
    let mut failures = Vec::new();
    let mut present = Vec::new();
    let listed = |name: &str| format!("`{name}` exists: take it off the list of missing ones");
    let columns: Vec<_> = columns
        .into_iter()
        .map(|(name, function, values)| (with_kinds_last(&name, &function), function, values))
        .collect();
    for (name, function, values) in &columns {
        if missing.contains(function.as_str()) {
            if exists(function) {
                failures.push(listed(function));
            }
            continue;
        }
        match FeatureSet::resolve(name, &context) {
            Ok(_) if missing.contains(name.as_str()) => failures.push(listed(name)),
            Ok(set) => present.push((name, set.columns()[0].name().to_owned(), function, values)),
            Err(_) if missing.contains(name.as_str()) => {}
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    // A name may write out a parameter that the column's own name leaves out.
    let own: Vec<&str> = present.iter().map(|(_, own, ..)| own.as_str()).collect();
    let set = set(&own.join(","), &bars);
    let (machines, tensors) = (raw(&set, &bars), by_tensors(&set, &bars));
    for (name, own, function, values) in present {
        let place = set.names().iter().position(|known| *known == own).unwrap();
        let column = &set.columns()[place];
        let optional = column.indicator().parameters.iter().any(|p| p.optional);
        assert!(own == *name || optional, "{name} became {own}");
        let loose = LOOSE.iter().find(|(loose, ..)| loose == function);
        let (tolerance, share) = loose.map_or((TENSOR_TOLERANCE, 0.0), |&(_, tolerance, share)| {
            (tolerance, share)
        });
        for (index, series) in bars.series.iter().enumerate() {
            let Some(talib) = values.get(&series.symbol) else {
                continue;
            };
            let unit = column.indicator().outputs[column.output()].unit;
            let scale = scale(unit, series, values);
            let float32 = |values: &[Vec<Vec<f32>>]| -> Vec<f64> {
                values[index][place]
                    .iter()
                    .map(|&value| f64::from(value))
                    .collect()
            };
            let [oracle, machine] = float64(column, &bars, index);
            for (path, ours, tolerance, share) in [
                ("oracle", oracle, FLOAT64_TOLERANCE, 0.0),
                ("machine", machine, FLOAT64_TOLERANCE, 0.0),
                ("CPU", float32(&machines), FLOAT32_TOLERANCE, 0.0),
                ("tensors", float32(&tensors), tolerance, share),
            ] {
                if let Err(error) = compare(&ours, talib, tolerance * scale, share) {
                    failures.push(format!("{name} of {} by {path}: {error}", series.symbol));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn the_table_holds_every_function_and_every_pattern() {
    let Table { columns, .. } = table();
    let functions: BTreeSet<&str> = columns
        .iter()
        .map(|(_, function, _)| function.as_str())
        .collect();
    assert_eq!(functions.len(), 174);
    let listed = MISSING
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known = |name: &&str| {
        !functions.contains(name) && columns.iter().all(|(column, ..)| column != name)
    };
    assert_eq!(listed.filter(known).collect::<Vec<_>>(), Vec::<&str>::new());
    for (name, function, values) in &columns {
        let fires = |value: &&f64| value.is_finite() && **value != 0.0;
        if function.starts_with("CDL") {
            assert!(
                values["CANDLES"].values().filter(fires).count() >= 4,
                "{name}"
            );
        } else {
            assert_eq!(
                values.keys().collect::<Vec<_>>(),
                ["COIN", "FLAT", "LATE", "SHARE"],
                "{name}"
            );
        }
    }
}
