//! Zones: wall clocks, changes of clocks, dates, stamps.

use emberline::market::{self, Bars, DataConfig, Fault, Stamp};

use super::{DAY, HOUR, MINUTE, config, file, load_text, refused};

fn in_zone(text: &str, zone: &str) -> Result<Bars, market::MarketError> {
    let (_folder, path) = file("A.csv", text);
    market::load(
        &DataConfig {
            timezone: zone.to_owned(),
            ..config(&path)
        },
        None,
    )
}

fn rows(times: &[&str]) -> String {
    let rows: Vec<String> = times
        .iter()
        .map(|time| format!("{time},1,1,1,1,1"))
        .collect();
    format!("time,open,high,low,close,volume\n{}\n", rows.join("\n"))
}

/// 2018-01-10T00:00:00Z.
const MIDNIGHT: i64 = 17_541 * DAY;

#[test]
fn wall_clocks_are_of_the_zone_and_offsets_are_not() {
    let bars = in_zone(
        &rows(&["2018-01-10 09:30", "2018-01-10 09:35"]),
        "America/New_York",
    )
    .unwrap();
    assert_eq!(bars.series[0].time[0], MIDNIGHT + 14 * HOUR + 30 * MINUTE);
    let text = rows(&["2018-01-10 09:30+01:00", "2018-01-10T08:35Z"]);
    let bars = in_zone(&text, "America/New_York").unwrap();
    assert_eq!(
        bars.series[0].time,
        [
            MIDNIGHT + 8 * HOUR + 30 * MINUTE,
            MIDNIGHT + 8 * HOUR + 35 * MINUTE
        ]
    );
}

#[test]
fn clocks_that_go_back_give_the_hour_twice() {
    // New York, 2018-11-04: 01:59 EDT is followed by 01:00 EST.
    let text = rows(&[
        "2018-11-04 00:30",
        "2018-11-04 01:00",
        "2018-11-04 01:30",
        "2018-11-04 01:00",
        "2018-11-04 01:30",
        "2018-11-04 02:00",
    ]);
    let bars = in_zone(&text, "America/New_York").unwrap();
    let steps: Vec<i64> = bars.series[0]
        .time
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    assert_eq!(steps, [30 * MINUTE; 5]);
}

#[test]
fn clocks_that_go_forward_skip_an_hour() {
    // New York, 2018-03-11: 01:59 EST is followed by 03:00 EDT.
    let text = rows(&["2018-03-11 01:00", "2018-03-11 01:30", "2018-03-11 03:00"]);
    let bars = in_zone(&text, "America/New_York").unwrap();
    assert_eq!(bars.series[0].time[2] - bars.series[0].time[1], 30 * MINUTE);
    let text = rows(&["2018-03-11 01:00", "2018-03-11 01:30", "2018-03-11 02:30"]);
    let found = refused(in_zone(&text, "America/New_York"));
    assert_eq!((found.fault, found.row), (Fault::Time, 4));
}

#[test]
fn dates_are_labels_and_never_shift() {
    for form in [
        ["2018-01-10", "2018-01-11"],
        ["1/10/2018", "1/11/2018"],
        ["20180110", "20180111"],
    ] {
        for zone in ["UTC", "America/New_York", "Asia/Tokyo"] {
            let (_folder, path) = file("A.csv", rows(&form));
            let ask = DataConfig {
                timezone: zone.to_owned(),
                stamp: Stamp::Close,
                ..config(&path)
            };
            let bars = market::load(&ask, None).unwrap();
            assert_eq!(
                bars.series[0].time,
                [MIDNIGHT, MIDNIGHT + DAY],
                "{form:?} in {zone}"
            );
            assert!(bars.date_labels);
            assert!(
                bars.notes.iter().any(|note| note.contains("does not move")),
                "{:?}",
                bars.notes
            );
        }
    }
}

#[test]
fn midnights_of_days_are_labels_too() {
    let text = rows(&[
        "2018-01-10 00:00:00",
        "2018-01-11 00:00:00",
        "2018-01-12 00:00:00",
    ]);
    let bars = in_zone(&text, "America/New_York").unwrap();
    assert_eq!(bars.series[0].time[0], MIDNIGHT);
    assert!(bars.date_labels);
}

#[test]
fn times_of_closes_move_back_by_the_interval() {
    let text = rows(&["2018-01-10 00:05", "2018-01-10 00:10", "2018-01-10 00:15"]);
    let (_folder, path) = file("A.csv", text);
    let ask = DataConfig {
        stamp: Stamp::Close,
        ..config(&path)
    };
    let bars = market::load(&ask, None).unwrap();
    assert_eq!(
        bars.series[0].time,
        [MIDNIGHT, MIDNIGHT + 5 * MINUTE, MIDNIGHT + 10 * MINUTE]
    );
    // The span is of opens.
    let ask = DataConfig {
        to: Some("2018-01-10T00:05".to_owned()),
        ..ask
    };
    assert_eq!(market::load(&ask, None).unwrap().series[0].len(), 2);
}

#[test]
fn utc_is_the_zone_unless_told() {
    let bars = load_text(&rows(&["2018-01-10 00:00", "2018-01-10 00:05"])).unwrap();
    assert_eq!(bars.series[0].time[0], MIDNIGHT);
    assert_eq!(bars.session.zone, chrono_tz::Tz::UTC);
}
