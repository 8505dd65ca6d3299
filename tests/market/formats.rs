//! One table in every form that is read.

use std::io::Write as _;

use emberline::market::{self, Bars, DataConfig};

use super::{DAY, MINUTE, START, config, file, load, load_text};

/// Three bars in these forms of 04:55, 05:00 and 05:05 of 2018-01-10 UTC.
fn three(head: &str, times: [&str; 3]) -> Bars {
    let rows: Vec<String> = times
        .iter()
        .map(|time| format!("{time},10,12,9,11,100"))
        .collect();
    load_text(&format!(
        "{head},Open,HIGH,low,Close,Volume\n{}\n",
        rows.join("\n")
    ))
    .unwrap()
}

#[track_caller]
fn assert_three(bars: &Bars) {
    let series = &bars.series[0];
    assert_eq!(
        series.time,
        [START, START + 5 * MINUTE, START + 10 * MINUTE]
    );
    assert_eq!(
        (series.open[0], series.high[1], series.low[2]),
        (10.0, 12.0, 9.0)
    );
    assert_eq!((series.close[0], series.volume[1]), (11.0, 100.0));
    assert_eq!(bars.interval_ns, 5 * MINUTE);
    assert!(bars.has_volume && !bars.date_labels);
}

#[test]
fn times_in_every_form() {
    for (head, times) in [
        (
            "date",
            ["2018-01-10 04:55", "2018-01-10 05:00", "2018-01-10 05:05"],
        ),
        (
            "Time",
            [
                "2018-01-10T04:55:00Z",
                "2018-01-10T05:00:00Z",
                "2018-01-10T05:05:00Z",
            ],
        ),
        (
            "TimeStamp",
            [
                "2018-01-10 04:55:00+00:00",
                "2018-01-10 05:00:00+00:00",
                "2018-01-10 05:05:00+00:00",
            ],
        ),
        (
            "datetime",
            [
                "2018-01-09T23:55:00.000-0500",
                "2018-01-10T00:00:00.000-0500",
                "2018-01-10T00:05:00.000-0500",
            ],
        ),
        ("open_time", ["1515560100", "1515560400", "1515560700"]),
        (
            "open_time",
            ["1515560100000", "1515560400000", "1515560700000"],
        ),
        (
            "open_time",
            ["1515560100000000", "1515560400000000", "1515560700000000"],
        ),
        (
            "open_time",
            [
                "1515560100000000000",
                "1515560400000000000",
                "1515560700000000000",
            ],
        ),
        (
            "Open time",
            ["1515560100.0", "1515560400.0", "1515560700.0"],
        ),
        (
            "Date",
            ["1/10/2018 4:55", "1/10/2018 5:00", "1/10/2018 5:05"],
        ),
        (
            "Date",
            [
                "01/10/2018 04:55:00 AM",
                "01/10/2018 05:00:00 AM",
                "01/10/2018 05:05:00 AM",
            ],
        ),
        (
            "Date",
            ["2018/01/10 04:55", "2018/01/10 05:00", "2018/01/10 05:05"],
        ),
        (
            "",
            ["2018-01-10 04:55", "2018-01-10 05:00", "2018-01-10 05:05"],
        ),
    ] {
        assert_three(&three(head, times));
    }
}

#[test]
fn fractions_of_a_second_are_kept() {
    let bars = three(
        "time",
        [
            "1515560100.5",
            "2018-01-10T05:00:00.500Z",
            "2018-01-10 05:05:00.5",
        ],
    );
    assert_eq!(bars.series[0].time[0], START + MINUTE / 120);
    assert_eq!(bars.series[0].time[1], START + 5 * MINUTE + MINUTE / 120);
    assert_eq!(bars.series[0].time[2], START + 10 * MINUTE + MINUTE / 120);
}

#[test]
fn binance_klines_without_and_with_a_header() {
    let rows = "1515560100000,10,12,9,11,100,1515560399999,1100,7,50,550,0\n\
                1515560400000,10,12,9,11,100,1515560699999,1100,7,50,550,0\n\
                1515560700000,10,12,9,11,100,1515560999999,1100,7,50,550,0\n";
    assert_three(&load_text(rows).unwrap());
    let head = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";
    assert_three(&load_text(&format!("{head}{rows}")).unwrap());
    // Microseconds, as since 2025.
    assert_three(&load_text(&rows.replace("00000,10", "00000000,10")).unwrap());
    // Without a header the first line is row 1.
    let found = super::refused(load_text(
        &rows.replace("1515560400000,10", "1515560400000,x"),
    ));
    assert_eq!(found.row, 2);
}

#[test]
fn yahoo_with_adjusted_closes_and_rows_of_null() {
    let text = "Date,Open,High,Low,Close,Adj Close,Volume\n\
                2018-01-02,10,12,9,11,5.5,100\n\
                2018-01-03,null,null,null,null,null,null\n\
                2018-01-04,10,12,9,11,5.5,100\n\
                2018-01-05,20,24,18,22,22,100\n";
    let (_folder, path) = file("A.csv", text);
    let bars = load(&path).unwrap();
    let series = &bars.series[0];
    assert_eq!(series.len(), 3);
    assert!(bars.adjusted && bars.date_labels);
    assert_eq!(
        (
            series.open[0],
            series.high[0],
            series.low[0],
            series.close[0]
        ),
        (5.0, 6.0, 4.5, 5.5)
    );
    assert_eq!((series.close[2], series.volume[0]), (22.0, 100.0));
    assert!(
        bars.notes.iter().any(|note| note.contains("adj close")),
        "{:?}",
        bars.notes
    );
    assert!(
        bars.notes
            .iter()
            .any(|note| note.starts_with("1 rows without any price"))
    );

    let plain = market::load(
        &DataConfig {
            adjusted: Some(false),
            ..config(&path)
        },
        None,
    )
    .unwrap();
    assert_eq!((plain.adjusted, plain.series[0].close[0]), (false, 11.0));
}

#[test]
fn names_of_columns() {
    for head in [
        "Ticker,Date,open,high,low,Last,VOLUME",
        "pair,timestamp,Open,High,Low,close,volume",
    ] {
        let bars = load_text(&format!(
            "{head}\nX,2018-01-10 04:55,10,12,9,11,100\nX,2018-01-10 05:00,10,12,9,11,100\nX,2018-01-10 05:05,10,12,9,11,100\n"
        ))
        .unwrap();
        assert_eq!(bars.series[0].symbol, "X");
        assert_three(&bars);
    }
    // A byte-order mark, semicolons, line ends of Windows, quotes.
    let text = "\u{feff}\"date\";\"open\";high;low;close;volume\r\n\"2018-01-10 04:55\";10;12;9;11;100\r\n2018-01-10 05:00;\"10\";12;9;11;100\r\n2018-01-10 05:05;10;12;9;11;100";
    assert_three(&load_text(text).unwrap());
}

#[test]
fn a_table_without_volume_says_so_once() {
    let bars =
        load_text("date,open,high,low,close\n2018-01-02,1,1,1,1\n2018-01-03,1,1,1,1\n").unwrap();
    assert!(!bars.has_volume && bars.series[0].volume.is_empty());
    assert_eq!(
        bars.notes
            .iter()
            .filter(|note| note.contains("no volume"))
            .count(),
        1
    );
}

#[test]
fn gzip_is_read_as_it_is() {
    let text = "date,open,high,low,close,volume\n2018-01-10 04:55,10,12,9,11,100\n2018-01-10 05:00,10,12,9,11,100\n2018-01-10 05:05,10,12,9,11,100\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let (_folder, path) = file("XYZ.csv.gz", &packed);
    let bars = load(&path).unwrap();
    assert_eq!(bars.series[0].symbol, "XYZ");
    assert_three(&bars);
    // Cut short: refused, not read in part.
    let (_folder, path) = file("XYZ.csv.gz", &packed[..packed.len() - 12]);
    let error = load(&path).unwrap_err();
    assert!(
        matches!(error, market::MarketError::Decode { .. }),
        "{error}"
    );
}

/// Two symbols of different spans, values that float32 holds.
fn two_symbols() -> Bars {
    let mut text = "symbol,time,open,high,low,close,volume\n".to_owned();
    for minute in 0..40_i64 {
        for (symbol, from) in [("B", 0), ("A", 10)] {
            if minute >= from && minute != 20 {
                let price = 0.000_053_1 * (1.0 + minute as f64 / 7.0);
                let (high, low) = (price * 1.01, price * 0.99);
                let time = START / 1_000_000_000 + minute * 60;
                text += &format!(
                    "{symbol},{time},{price},{high},{low},{price},{}\n",
                    minute as f64 * 1.1
                );
            }
        }
    }
    load_text(&text).unwrap()
}

#[test]
fn a_long_table_gives_each_symbol_its_own_rows() {
    let bars = two_symbols();
    let symbols: Vec<&str> = bars
        .series
        .iter()
        .map(|series| series.symbol.as_str())
        .collect();
    assert_eq!(symbols, ["A", "B"], "sorted by symbol");
    assert_eq!(
        (bars.series[0].len(), bars.series[1].len()),
        (30, 40),
        "one bar filled in each"
    );
    assert_eq!(bars.series[0].time[0], START + 10 * MINUTE);
}

#[test]
fn every_format_round_trips_to_the_same_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let (_source, source) = file("A.csv", {
        let mut text = "symbol,time,open,high,low,close,volume\n".to_owned();
        for minute in 0..500_i64 {
            let price = 0.000_053_123_456 * (1.0 + minute as f64 / 7.0);
            let time = START / 1_000_000_000 + minute * 60;
            text += &format!(
                "B/C,{time},{price},{},{},{price},{}\n",
                price * 1.01,
                price * 0.99,
                minute as f64 / 3.0
            );
        }
        text
    });
    let whole = load(&source).unwrap();
    for name in [
        "a.parquet",
        "b.feather",
        "c.csv",
        "d.arrow",
        "e.ipc",
        "f.pq",
    ] {
        let path = folder.path().join(name);
        market::convert(&config(&source), &path).unwrap();
        let again = load(&path).unwrap();
        assert_eq!(again.series, whole.series, "{name}");
        assert_eq!(again.fingerprint(), whole.fingerprint(), "{name}");
    }
    // Dates stay dates, also in a format that has no dates of its own.
    let days =
        "Date,Open,High,Low,Close\n2018-01-02,1,1,1,1\n2018-01-03,1,1,1,1\n2018-01-04,1,1,1,1\n";
    let (_source, source) = file("D.csv", days);
    for name in ["days.parquet", "days.csv", "days.feather"] {
        let path = folder.path().join(name);
        market::convert(&config(&source), &path).unwrap();
        let elsewhere = DataConfig {
            timezone: "America/New_York".to_owned(),
            ..config(&path)
        };
        let again = market::load(&elsewhere, None).unwrap();
        assert_eq!(again.series[0].time[0], 17_533 * DAY, "{name}");
        assert!(again.date_labels, "{name}");
    }
}

#[test]
fn the_fingerprint_tells_every_difference() {
    let bars = two_symbols();
    let mut seen = vec![bars.fingerprint()];
    assert_eq!(seen[0].len(), 64);
    assert_eq!(seen[0], two_symbols().fingerprint());
    let mut differ = |change: &dyn Fn(&mut Bars)| {
        let mut other = two_symbols();
        change(&mut other);
        let print = other.fingerprint();
        assert!(!seen.contains(&print));
        seen.push(print);
    };
    differ(&|bars| bars.series[0].close[3] += 1e-7);
    differ(&|bars| bars.series[1].time[39] += 1);
    differ(&|bars| bars.series[1].symbol = "C".to_owned());
    differ(&|bars| bars.series[0].filled[0] = true);
    differ(&|bars| bars.series[0].volume[0] += 1.0);
    differ(&|bars| bars.adjusted = true);
    differ(&|bars| bars.series[1].segment = (0..40).map(|row| u32::from(row > 5)).collect());
}

#[test]
fn a_folder_holds_one_file_per_symbol() {
    let folder = tempfile::tempdir().unwrap();
    let text = "date,open,high,low,close,volume\n2018-01-10 04:55,10,12,9,11,100\n2018-01-10 05:00,10,12,9,11,100\n";
    for name in ["ETH_BTC.csv", "ADA_BTC.csv", ".hidden.csv", "README.md"] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let bars = load(folder.path()).unwrap();
    let symbols: Vec<&str> = bars
        .series
        .iter()
        .map(|series| series.symbol.as_str())
        .collect();
    assert_eq!(symbols, ["ADA_BTC", "ETH_BTC"]);
    assert!(
        bars.notes.iter().any(|note| note.starts_with("1 files")),
        "{:?}",
        bars.notes
    );
}

#[test]
fn spans_days_and_symbols_keep_what_they_name() {
    let text = super::at_times(
        (0..10 * 24).map(|hour| START - 4 * 60 * MINUTE - 55 * MINUTE + hour * 60 * MINUTE),
    );
    let (folder, path) = file("A.csv", &text);
    std::fs::write(folder.path().join("B.csv"), &text).unwrap();
    let count = |edit: &dyn Fn(&mut DataConfig)| {
        let mut ask = config(&path);
        edit(&mut ask);
        market::load(&ask, None).unwrap().series[0].len()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(count(&|ask| ask.from = some("2018-01-12")), 8 * 24);
    assert_eq!(count(&|ask| ask.to = some("2018-01-12")), 3 * 24);
    assert_eq!(count(&|ask| ask.to = some("2018-01-12T06:00")), 2 * 24 + 7);
    assert_eq!(count(&|ask| ask.days = Some(2)), 2 * 24);
    assert_eq!(
        count(&|ask| {
            ask.from = some("2018-01-11");
            ask.to = some("2018-01-11");
            ask.timezone = "America/New_York".to_owned();
        }),
        24
    );
    let (_other, list) = file("wanted.txt", "# ours\nb\n");
    for symbols in [
        vec!["B".to_owned()],
        vec![list.to_string_lossy().into_owned()],
    ] {
        let ask = DataConfig {
            symbols,
            ..config(folder.path())
        };
        let bars = market::load(&ask, None).unwrap();
        let symbols: Vec<&str> = bars
            .series
            .iter()
            .map(|series| series.symbol.as_str())
            .collect();
        assert_eq!(symbols, ["B"]);
    }
}
