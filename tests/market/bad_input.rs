//! Every bad input is refused with its place, and repaired where that is asked for.

use std::fmt::Write as _;

use emberline::market::{self, DataConfig, Fault, MarketError};

use super::{MINUTE, START, config, file, load, load_text, refused};

const HEAD: &str = "time,open,high,low,close,volume";

/// Ten good bars, 5 minutes apart; line `2 + n` holds bar n. `edit` may change the lines.
fn ten(edit: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines = vec![HEAD.to_owned()];
    for minute in 0..10 {
        lines.push(format!("2018-01-10 04:{:02}:00,10,12,9,11,100", minute * 5));
    }
    edit(&mut lines);
    lines.join("\n") + "\n"
}

fn replace(line: usize, text: &str) -> String {
    ten(|lines| text.clone_into(&mut lines[line - 1]))
}

#[track_caller]
fn check(text: &str, fault: Fault, row: u64, value: &str, repaired_rows: usize) {
    let (_folder, path) = file("ABC.csv", text);
    let found = refused(load(&path));
    assert_eq!((found.fault, found.row), (fault, row));
    assert_eq!(
        (found.file.as_str(), found.symbol.as_str()),
        ("ABC.csv", "ABC")
    );
    assert!(
        found.value.contains(value),
        "`{}` does not name `{value}`",
        found.value
    );
    let error = load(&path).unwrap_err();
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("repair") || hint.contains("symbol"))
    );
    for part in ["ABC.csv", &format!("row {row}"), "`ABC`", value] {
        assert!(
            error.to_string().contains(part),
            "`{error}` does not name `{part}`"
        );
    }

    let repair = DataConfig {
        repair: true,
        ..config(&path)
    };
    let bars = market::load(&repair, None).unwrap();
    let rows = (0..bars.series[0].len())
        .filter(|&row| !bars.series[0].is_filled(row))
        .count();
    assert_eq!(rows, repaired_rows);
    assert!(bars.series[0].time.is_sorted_by(|a, b| a < b));
    let note = format!("{fault}: {}", fault.repair());
    assert!(
        bars.notes.iter().any(|line| line.contains(&note)),
        "{:?}",
        bars.notes
    );
}

#[test]
fn the_ten_good_bars_are_good() {
    let bars = load_text(&ten(|_| ())).unwrap();
    assert_eq!(bars.series[0].len(), 10);
    assert_eq!(bars.interval_ns, 300_000_000_000);
}

#[test]
fn text_in_a_price() {
    check(
        &replace(5, "2018-01-10 04:15:00,10,12,9,oops,100"),
        Fault::Price,
        5,
        "close oops",
        9,
    );
}

#[test]
fn an_empty_price() {
    check(
        &replace(5, "2018-01-10 04:15:00,10,,9,11,100"),
        Fault::Price,
        5,
        "high is empty",
        9,
    );
}

#[test]
fn a_nan_price() {
    check(
        &replace(3, "2018-01-10 04:05:00,nan,12,9,11,100"),
        Fault::Price,
        3,
        "open nan",
        9,
    );
}

#[test]
fn an_infinite_price() {
    check(
        &replace(3, "2018-01-10 04:05:00,10,inf,9,11,100"),
        Fault::Price,
        3,
        "high inf",
        9,
    );
}

#[test]
fn a_price_beyond_float32() {
    check(
        &replace(3, "2018-01-10 04:05:00,10,1e39,9,11,100"),
        Fault::Price,
        3,
        "high 1e39",
        9,
    );
}

#[test]
fn a_negative_price() {
    check(
        &replace(4, "2018-01-10 04:10:00,10,12,-9,11,100"),
        Fault::Price,
        4,
        "low -9",
        9,
    );
}

#[test]
fn a_price_of_zero() {
    check(
        &replace(4, "2018-01-10 04:10:00,0,12,9,11,100"),
        Fault::Price,
        4,
        "open 0",
        9,
    );
}

#[test]
fn high_below_low() {
    check(
        &replace(6, "2018-01-10 04:20:00,10,9,12,11,100"),
        Fault::HighBelowLow,
        6,
        "high 9",
        9,
    );
}

#[test]
fn a_negative_volume() {
    check(
        &replace(7, "2018-01-10 04:25:00,10,12,9,11,-1"),
        Fault::Volume,
        7,
        "volume -1",
        10,
    );
}

#[test]
fn a_missing_volume() {
    check(
        &replace(7, "2018-01-10 04:25:00,10,12,9,11"),
        Fault::Volume,
        7,
        "volume is empty",
        10,
    );
}

#[test]
fn a_duplicate_time() {
    let text = replace(6, "2018-01-10 04:15:00,10,12,9,11,100");
    check(&text, Fault::DuplicateTime, 6, "2018-01-10 04:15:00", 9);
}

#[test]
fn a_falling_time() {
    let text = ten(|lines| lines.swap(4, 5));
    check(&text, Fault::FallingTime, 6, "2018-01-10 04:15:00", 10);
}

#[test]
fn a_file_with_its_newest_bar_first_is_sorted_by_repair() {
    let text = ten(|lines| lines[1..].reverse());
    check(&text, Fault::FallingTime, 3, "2018-01-10 04:40:00", 10);
}

#[test]
fn a_time_that_is_no_time() {
    check(
        &replace(3, "yesterday,10,12,9,11,100"),
        Fault::Time,
        3,
        "yesterday",
        9,
    );
    check(
        &replace(3, "2018-02-30 04:05:00,10,12,9,11,100"),
        Fault::Time,
        3,
        "2018-02-30",
        9,
    );
    check(
        &replace(3, "2018-01-10 24:05:00,10,12,9,11,100"),
        Fault::Time,
        3,
        "24:05",
        9,
    );
}

#[test]
fn a_step_shorter_than_the_interval() {
    let text = replace(6, "2018-01-10 04:17:00,10,12,9,11,100");
    check(
        &text,
        Fault::MixedInterval,
        6,
        "2m after the row before, the interval is 5m",
        9,
    );
}

#[test]
fn a_stretch_on_another_interval() {
    let mut text = format!("{HEAD}\n");
    for minute in 0..60 {
        writeln!(text, "{},10,12,9,11,1", 1_515_560_100 + minute * 60).unwrap();
    }
    for step in 0..20 {
        writeln!(
            text,
            "{},10,12,9,11,1",
            1_515_560_100 + (60 + step * 15) * 60
        )
        .unwrap();
    }
    let found = refused(load_text(&text));
    // The step from line 61 to line 62 is a minute; 15 minutes begin after line 62.
    assert_eq!((found.fault, found.row), (Fault::MixedInterval, 63));
    assert!(found.value.contains("15m"), "{}", found.value);
}

#[test]
fn open_and_close_outside_the_range_by_10_bp_or_more() {
    // 12 * 1.001 = 12.012
    let text = replace(5, "2018-01-10 04:15:00,10,12,9,12.012,100");
    check(&text, Fault::OutsideRange, 5, "close 12.012", 10);
    let text = replace(5, "2018-01-10 04:15:00,8.9,12,9,11,100");
    check(&text, Fault::OutsideRange, 5, "open 8.9", 10);
    let (_folder, path) = file("A.csv", &text);
    let bars = market::load(
        &DataConfig {
            repair: true,
            ..config(&path)
        },
        None,
    )
    .unwrap();
    assert_eq!(bars.series[0].low[3], 8.9, "the low is widened to the open");
}

#[test]
fn open_and_close_outside_by_less_are_a_note() {
    let bars = load_text(&replace(5, "2018-01-10 04:15:00,10,12,9,12.011,100")).unwrap();
    assert_eq!(bars.series[0].close[3], 12.011);
    assert!(
        bars.notes
            .iter()
            .any(|note| note.contains("less than 10 bp")),
        "{:?}",
        bars.notes
    );
}

#[test]
fn rows_of_bad_lines_are_exact_after_blank_and_quoted_lines() {
    let text = ten(|lines| {
        lines.insert(1, String::new());
        lines[2] = "\"2018-01-10 04:00:00\",\"10\",12,9,11,100".to_owned();
        lines.insert(4, String::new());
        lines[6] = "2018-01-10 04:15:00,10,12,9,x,100".to_owned();
    });
    let found = refused(load_text(&text));
    assert_eq!((found.row, found.value.as_str()), (7, "close x"));
}

#[test]
fn rows_of_bad_lines_are_exact_beyond_the_first_block() {
    const ROWS: usize = 200_000;
    const BAD: usize = 187_654;
    let mut text = format!("{HEAD}\n");
    for row in 0..ROWS {
        let close = if row + 2 == BAD { "eleven" } else { "11.0000" };
        writeln!(
            text,
            "{},10.00000,12.0000,9.000000,{close},100.0",
            1_500_000_000 + row * 60
        )
        .unwrap();
    }
    assert!(text.len() > 8 << 20, "the text must span several blocks");
    let found = refused(load_text(&text));
    assert_eq!(
        (found.row, found.value.as_str()),
        (BAD as u64, "close eleven")
    );
}

#[test]
fn no_file() {
    let error = load(std::path::Path::new("/nowhere/bars.csv")).unwrap_err();
    assert!(matches!(&error, MarketError::Open { .. }));
    assert!(error.to_string().contains("/nowhere/bars.csv"));
}

#[test]
fn an_empty_file() {
    for name in ["A.csv", "A.parquet", "A.feather"] {
        let (_folder, path) = file(name, "");
        let error = load(&path).unwrap_err();
        let empty = matches!(&error, MarketError::Empty { header: false, .. })
            || matches!(&error, MarketError::Decode { .. });
        assert!(empty && error.to_string().contains(name), "{error}");
    }
    assert!(matches!(load_text(" \n\n"), Err(MarketError::Empty { .. })));
}

#[test]
fn a_header_only() {
    for text in [
        HEAD.to_owned(),
        format!("{HEAD}\n"),
        format!("{HEAD}\r\n\r\n"),
    ] {
        let error = load_text(&text).unwrap_err();
        assert!(
            matches!(error, MarketError::Empty { header: true, .. }),
            "{error}"
        );
    }
}

#[test]
fn a_missing_column() {
    let text = ten(|lines| lines[0] = "time,open,high,lowest,close,volume".to_owned());
    let error = load_text(&text).unwrap_err();
    assert!(matches!(&error, MarketError::MissingColumn { column, .. } if column == "low"));
    assert!(error.to_string().contains("`lowest`"), "{error}");
    let text = ten(|lines| lines[0] = "when,open,high,low,close,volume".to_owned());
    let error = load_text(&text).unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("open_time")));
}

#[test]
fn damaged_binary_files() {
    for name in ["A.parquet", "A.feather"] {
        let (_folder, path) = file(name, "PAR1 this is neither of them");
        let error = load(&path).unwrap_err();
        assert!(matches!(&error, MarketError::Decode { .. }), "{error}");
    }
    let (_folder, path) = file("A.csv.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let error = load(&path).unwrap_err();
    assert!(matches!(&error, MarketError::Decode { .. }), "{error}");
}

#[test]
fn files_cut_short_or_with_flipped_bits_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (_source, source) = file(
        "A.csv",
        super::at_times((0..3000).map(|bar| START + bar * MINUTE)),
    );
    for name in ["A.parquet", "A.feather"] {
        let path = folder.path().join(name);
        market::convert(&config(&source), &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut refused = 0;
        for round in 0..120_usize {
            // Numbers without pattern, the same in every run.
            let random = round.wrapping_mul(2_654_435_761) ^ (round << 7);
            let mut damaged = whole.clone();
            match round % 3 {
                0 => damaged.truncate(random % whole.len()),
                1 => damaged[random % whole.len()] ^= 1 << (round % 8),
                _ => {
                    let from_end = 1 + random % whole.len().min(600);
                    damaged[whole.len() - from_end] ^= 1 << (round % 8);
                }
            }
            std::fs::write(&path, damaged).unwrap();
            refused += usize::from(load(&path).is_err());
        }
        assert!(refused > 60, "{name}: {refused} of 120 refused");
    }
}

#[test]
fn an_unknown_extension_and_an_empty_folder() {
    let (folder, path) = file("A.xlsx", "x");
    assert!(matches!(load(&path), Err(MarketError::Format { value, .. }) if value == "xlsx"));
    assert!(matches!(
        load(folder.path()),
        Err(MarketError::NoTables { .. })
    ));
}

#[test]
fn one_bar() {
    let error = load_text(&ten(|lines| lines.truncate(2))).unwrap_err();
    assert!(
        matches!(error, MarketError::TooFewRows { rows: 1, .. }),
        "{error}"
    );
}

#[test]
fn one_bad_file_among_ten() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..10 {
        let text = if index == 6 {
            replace(4, "2018-01-10 04:10:00,10,12,9,NULLIFIED,1")
        } else {
            ten(|_| ())
        };
        std::fs::write(folder.path().join(format!("S{index}.csv")), text).unwrap();
    }
    let found = refused(load(folder.path()));
    assert_eq!(
        (found.file.as_str(), found.symbol.as_str(), found.row),
        ("S6.csv", "S6", 4)
    );
    let repair = DataConfig {
        repair: true,
        ..config(folder.path())
    };
    let bars = market::load(&repair, None).unwrap();
    assert_eq!(bars.series.len(), 10);

    std::fs::write(folder.path().join("S6.csv"), "").unwrap();
    let error = load(folder.path()).unwrap_err();
    assert!(error.to_string().contains("S6.csv"), "{error}");
    let report = market::check(&config(folder.path()), 12).unwrap();
    assert_eq!((report.symbols.len(), report.refused.len()), (9, 1));
    assert!(
        report.refused[0].text.contains("S6.csv"),
        "{}",
        report.refused[0].text
    );
}

#[test]
fn an_unknown_symbol_and_a_row_without_one() {
    let (_folder, path) = file("ABC.csv", ten(|_| ()));
    let ask = DataConfig {
        symbols: vec!["ABD".to_owned()],
        ..config(&path)
    };
    let error = market::load(&ask, None).unwrap_err();
    assert!(
        error.hint().is_some_and(|hint| hint.contains("`ABC`")),
        "{error}"
    );

    let text = "symbol,time,open,high,low,close\nA,2018-01-10,1,1,1,1\n,2018-01-11,1,1,1,1\n";
    let found = refused(load_text(text));
    assert_eq!((found.fault, found.row), (Fault::Symbol, 3));
}

#[test]
fn settings_that_cannot_be() {
    let (_folder, path) = file("A.csv", ten(|_| ()));
    let base = config(&path);
    let some = |text: &str| Some(text.to_owned());
    for (wrong, wanted) in [
        (
            DataConfig {
                timezone: "Mars/Olympus".to_owned(),
                ..base.clone()
            },
            "timezone",
        ),
        (
            DataConfig {
                session_open: some("25:00"),
                ..base.clone()
            },
            "session_open",
        ),
        (
            DataConfig {
                session_open: some("09:30 Nowhere"),
                ..base.clone()
            },
            "session_open",
        ),
        (
            DataConfig {
                from: some("soon"),
                ..base.clone()
            },
            "from",
        ),
        (
            DataConfig {
                from: some("2019-01-01"),
                to: some("2018-01-01"),
                ..base.clone()
            },
            "from",
        ),
    ] {
        let error = market::load(&wrong, None).unwrap_err();
        assert!(
            matches!(&error, MarketError::Setting { key, .. } if *key == wanted),
            "{error}"
        );
    }
    let nothing = DataConfig {
        from: some("2019-01-01"),
        ..base.clone()
    };
    let error = market::load(&nothing, None).unwrap_err();
    assert!(
        matches!(&error, MarketError::NothingLeft { value, .. } if value.contains("2019-01-01"))
    );
    assert!(matches!(
        market::load(&DataConfig::default(), None),
        Err(MarketError::NoPath)
    ));
}

#[test]
fn adjusted_prices_need_their_column() {
    let (_folder, path) = file("A.csv", ten(|_| ()));
    let ask = DataConfig {
        adjusted: Some(true),
        ..config(&path)
    };
    let error = market::load(&ask, None).unwrap_err();
    assert!(matches!(&error, MarketError::MissingColumn { column, .. } if column == "adj close"));
}
