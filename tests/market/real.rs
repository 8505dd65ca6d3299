//! The truth about real bars, counted with pandas (steps of the time column, divided by the
//! interval). Skipped where the bars are not beside this checkout.

use emberline::market::{self, Calendar, CheckReport, DataConfig, Fault};

use super::{config, refused, shared};

/// symbol, bars, first, last, [gaps, longest, missing], [runs, longest], filled, [runs then, longest]
type Row = (
    &'static str,
    usize,
    &'static str,
    &'static str,
    [u64; 3],
    [u64; 2],
    u64,
    [u64; 2],
);

#[track_caller]
fn assert_symbols(report: &CheckReport, rows: &[Row]) {
    let found: Vec<_> = report
        .symbols
        .iter()
        .map(|one| {
            (
                one.symbol.as_str(),
                one.rows,
                one.first.as_str(),
                one.last.as_str(),
                [one.gaps.count, one.gaps.longest, one.gaps.missing],
                [one.runs.count, one.runs.longest],
                one.filled,
                [one.runs_filled.count, one.runs_filled.longest],
            )
        })
        .collect();
    assert_eq!(found, rows);
}

#[test]
fn crypto_of_five_minutes() {
    let Some(path) = shared("crypto_5m") else {
        return;
    };
    let report = market::check(&config(&path), 12).unwrap();
    assert_eq!(
        (report.calendar, report.interval.as_str()),
        (Some(Calendar::Always), "5m")
    );
    assert!(!report.is_refused(), "{:?}", report.refused);
    let (first, last) = ("2018-01-10T04:55:00Z", "2018-01-30T04:50:00Z");
    let whole = |symbol| {
        (
            symbol,
            5760,
            first,
            last,
            [0, 0, 0],
            [1, 5760],
            0,
            [1, 5760],
        )
    };
    assert_symbols(
        &report,
        &[
            (
                "ADA_BTC",
                5720,
                first,
                last,
                [5, 33, 40],
                [6, 4202],
                7,
                [2, 4202],
            ),
            (
                "ETC_BTC",
                5759,
                first,
                "2018-01-30T04:45:00Z",
                [0, 0, 0],
                [1, 5759],
                0,
                [1, 5759],
            ),
            whole("ETH_BTC"),
            whole("LTC_BTC"),
            whole("NXT_BTC"),
            (
                "TRX_BTC",
                5754,
                first,
                last,
                [6, 1, 6],
                [7, 3605],
                6,
                [1, 5760],
            ),
            whole("XLM_BTC"),
        ],
    );
    let bars = market::load(&config(&path), None).unwrap();
    let rows: Vec<usize> = bars.series.iter().map(market::Series::len).collect();
    assert_eq!(rows, [5727, 5759, 5760, 5760, 5760, 5760, 5760]);
}

#[test]
fn crypto_of_one_minute_is_sparse() {
    let Some(path) = shared("crypto_1m") else {
        return;
    };
    let report = market::check(&config(&path), 12).unwrap();
    assert_eq!(
        (report.calendar, report.interval.as_str()),
        (Some(Calendar::Always), "1m")
    );
    assert!(!report.is_refused(), "{:?}", report.refused);
    let (first, last) = ("2019-10-11T00:00:00Z", "2019-10-13T11:19:00Z");
    assert_symbols(
        &report,
        &[(
            "XRP_ETH",
            2469,
            first,
            last,
            [676, 8, 1091],
            [677, 40],
            1091,
            [1, 3560],
        )],
    );
}

#[test]
fn equities_by_day() {
    let Some(path) = shared("equities_daily") else {
        return;
    };
    let report = market::check(&config(&path), 5).unwrap();
    assert_eq!(
        (report.calendar, report.interval.as_str()),
        (Some(Calendar::Daily), "1d")
    );
    assert!(report.adjusted);
    let whole = |symbol, rows: usize, first, last| {
        let bars = rows as u64;
        (
            symbol,
            rows,
            first,
            last,
            [0, 0, 0],
            [1, bars],
            0,
            [1, bars],
        )
    };
    assert_symbols(
        &report,
        &[
            whole("AAPL", 3379, "2004-08-19", "2018-01-19"),
            whole("GOOG", 3379, "2004-08-19", "2018-01-19"),
            whole("INTC", 2335, "1995-01-03", "2004-04-08"),
            whole("SPY", 2519, "2007-12-31", "2017-12-29"),
        ],
    );
    // Two rows of SPY have an open below their low by 20 and 59 bp.
    assert!(report.is_refused());
    assert_eq!(report.refused.len(), 1);
    assert_eq!(report.refused[0].kind, "outside_range");
    let places: Vec<(&str, u64)> = report.refused[0]
        .examples
        .iter()
        .map(|place| (place.symbol.as_str(), place.row))
        .collect();
    assert_eq!(places, [("SPY", 1808), ("SPY", 1825)]);
    let early: Vec<&str> = report
        .warnings
        .iter()
        .filter(|finding| finding.kind == "ends_early")
        .flat_map(|finding| &finding.examples)
        .map(|place| place.symbol.as_str())
        .collect();
    assert_eq!(early, ["INTC", "SPY"]);

    let found = refused(market::load(&config(&path), None));
    assert_eq!(
        (found.fault, found.file.as_str(), found.row),
        (Fault::OutsideRange, "SPY.csv", 1808)
    );
    let repaired = market::load(
        &DataConfig {
            repair: true,
            ..config(&path)
        },
        None,
    )
    .unwrap();
    let spy = &repaired.series[3];
    assert_eq!(spy.len(), 2519);
    assert!((0..spy.len()).all(|row| spy.low[row] <= spy.open[row].min(spy.close[row])));
    // The file's first row, adjusted: 2.193571 * (1.966391 / 2.193571).
    assert_eq!(repaired.series[0].close[0], 1.966_391);
}
