//! Calendars as the bars show them, and the columns that come from them.

use emberline::market::{
    self, Bars, Calendar, CalendarChoice, Column, DataConfig, Period, Series, Session, clock_column,
};

use super::{DAY, HOUR, MINUTE, at_times, config, file, load_text};

/// 2018-01-08T00:00:00Z, a Monday.
const MONDAY: i64 = 17_539 * DAY;
/// New York is 5 hours behind UTC in winter.
const NEW_YORK: i64 = 5 * HOUR;

/// Five-minute bars of the days (from Monday on), in these spans of minutes of the day.
fn days(days: impl IntoIterator<Item = i64>, spans: &[(i64, i64)]) -> Vec<i64> {
    let mut times = Vec::new();
    for day in days {
        for &(from, until) in spans {
            times.extend(
                (from..until)
                    .step_by(5)
                    .map(|minute| MONDAY + day * DAY + minute * MINUTE),
            );
        }
    }
    times
}

fn weekdays(count: i64) -> impl Iterator<Item = i64> {
    (0..count).filter(|day| day % 7 < 5)
}

fn load_times(times: &[i64]) -> Bars {
    load_text(&at_times(times.iter().copied())).unwrap()
}

fn load_with(times: &[i64], edit: impl FnOnce(&mut DataConfig)) -> Bars {
    let (_folder, path) = file("A.csv", at_times(times.iter().copied()));
    let mut ask = config(&path);
    edit(&mut ask);
    market::load(&ask, None).unwrap()
}

fn ones(bars: &Bars, column: Column) -> Vec<usize> {
    let values = clock_column(bars, 0, column);
    assert!(values.iter().all(|&value| value == 0.0 || value == 1.0));
    (0..values.len())
        .filter(|&row| values[row] == 1.0)
        .collect()
}

#[test]
fn around_the_clock() {
    let bars = load_times(&days(0..10, &[(0, 1440)]));
    assert_eq!(bars.calendar, Calendar::Always);
    assert_eq!(bars.session, Session::default());
    assert_eq!(bars.bars_per_day(), 288.0);
}

#[test]
fn a_night_without_bars_makes_sessions() {
    let bars = load_times(&days(weekdays(12), &[(870, 1260)]));
    assert_eq!(bars.calendar, Calendar::Sessions);
    assert_eq!(bars.session.open_s, 870 * 60, "14:30 UTC");
    assert_eq!(bars.bars_per_day(), 78.0);
    assert_eq!(bars.rows_per_period(Period::Day), 78);
    assert_eq!(bars.rows_per_period(Period::Week), 5 * 78);
    assert!(
        bars.series[0].segment.is_empty(),
        "nights and weekends are no gaps"
    );
    let note = &bars.notes[0];
    assert!(
        note.contains("sessions") && note.contains("14:30") && note.contains("5m"),
        "{note}"
    );
}

#[test]
fn sessions_over_midnight_and_a_short_break() {
    // Futures: open 23:00 to 22:00 UTC on the next day, closed for an hour and at weekends.
    let mut times = days(weekdays(12), &[(0, 1320)]);
    times.extend(days(
        weekdays(12).filter(|day| day % 7 < 4),
        &[(1380, 1440)],
    ));
    times.sort_unstable();
    let bars = load_times(&times);
    assert_eq!(
        (bars.calendar, bars.session.open_s),
        (Calendar::Sessions, 23 * 3600)
    );
    assert!(bars.series[0].segment.is_empty());
    // The Sundays' evenings are missing here: Mondays begin late, and the first is not known to begin.
    let starts: Vec<i64> = ones(&bars, Column::SessionStart)
        .into_iter()
        .map(|row| bars.series[0].time[row] - MONDAY)
        .collect();
    let evening = |day: i64| day * DAY + 23 * HOUR;
    let monday = 7 * DAY;
    let expected = [0, 1, 2, 3]
        .map(evening)
        .into_iter()
        .chain([monday])
        .chain([7, 8, 9, 10].map(evening));
    assert_eq!(starts, expected.collect::<Vec<i64>>());
    assert_eq!(bars.rows_per_period(Period::Session), 23 * 12);
}

#[test]
fn lunch_is_closed() {
    // Tokyo: 00:00 to 02:30 and 03:30 to 06:00 UTC.
    let bars = load_times(&days(weekdays(12), &[(0, 150), (210, 360)]));
    assert_eq!(
        (bars.calendar, bars.session.open_s),
        (Calendar::Sessions, 0)
    );
    assert!(
        bars.series[0].segment.is_empty(),
        "the lunch break is no gap"
    );
    assert_eq!(
        ones(&bars, Column::SessionStart).len(),
        10,
        "one session a day"
    );
}

#[test]
fn weekends_without_bars() {
    // Foreign exchange: Sunday 22:00 to Friday 22:00 UTC.
    let mut times = days(0..12, &[(0, 1440)]);
    times.retain(|time| {
        let of_week = (time - MONDAY).rem_euclid(7 * DAY);
        !(4 * DAY + 22 * HOUR..6 * DAY + 22 * HOUR).contains(&of_week)
    });
    let bars = load_times(&times);
    assert_eq!(bars.calendar, Calendar::Weekdays);
    assert!(bars.series[0].segment.is_empty(), "weekends are no gaps");
    assert_eq!(bars.gaps, market::GapPolicy::Break);
}

#[test]
fn days_with_and_without_weekends() {
    let daily: Vec<i64> = weekdays(40).map(|day| MONDAY + day * DAY).collect();
    let bars = load_times(&daily);
    assert_eq!((bars.calendar, bars.date_labels), (Calendar::Daily, true));
    assert!(bars.series[0].segment.is_empty());
    assert_eq!(
        ones(&bars, Column::SessionStart).len(),
        daily.len(),
        "each day is a session"
    );
    assert_eq!(bars.bars_per_day(), 1.0);

    let mut holidays = daily.clone();
    holidays.retain(|time| !(8..=11).contains(&((time - MONDAY) / DAY)));
    assert!(
        load_times(&holidays).series[0].segment.is_empty(),
        "a week of holidays is no gap"
    );

    let always: Vec<i64> = (0..40).map(|day| MONDAY + day * DAY).collect();
    assert_eq!(load_times(&always).calendar, Calendar::Always);
}

#[test]
fn the_calendar_can_be_named() {
    let times = days(weekdays(12), &[(870, 1260)]);
    let bars = load_with(&times, |ask| ask.calendar = CalendarChoice::Always);
    assert_eq!(bars.calendar, Calendar::Always);
    assert_eq!(
        bars.series[0].segment.last(),
        Some(&9),
        "now nights are gaps"
    );
}

#[test]
fn two_days_of_a_crypto_market_are_no_session() {
    // From 20:00 to 10:00 on the next day: what is not seen is not closed.
    let times: Vec<i64> = (0..14 * 12)
        .map(|bar| MONDAY + 20 * HOUR + bar * 5 * MINUTE)
        .collect();
    assert_eq!(load_times(&times).calendar, Calendar::Always);
}

#[test]
fn anchors_in_the_zone_of_the_exchange_over_a_change_of_clocks() {
    // New York, weeks of 2018-03-05 and 2018-03-12; clocks change on Sunday the 11th.
    let monday = 17_595 * DAY;
    let mut times = Vec::new();
    for day in weekdays(12) {
        let behind = if day < 6 { 5 } else { 4 };
        times.extend(
            (570..960)
                .step_by(30)
                .map(|minute| monday + day * DAY + behind * HOUR + minute * MINUTE),
        );
    }
    let bars = load_with(&times, |ask| ask.timezone = "America/New_York".to_owned());
    assert_eq!(
        (bars.calendar, bars.session.open_s),
        (Calendar::Sessions, 570 * 60)
    );
    let every: Vec<usize> = (0..10).map(|day| day * 13).collect();
    assert_eq!(ones(&bars, Column::SessionStart), every);
    assert_eq!(ones(&bars, Column::DayStart), every);
    assert_eq!(ones(&bars, Column::WeekStart), [0, 65]);
    let clock = clock_column(&bars, 0, Column::TimeOfDay);
    assert_eq!((clock[0], clock[65]), (9.5 / 24.0, 9.5 / 24.0));
    let weekday = clock_column(&bars, 0, Column::Weekday);
    assert_eq!((weekday[0], weekday[13], weekday[65]), (0.0, 1.0, 0.0));
}

#[test]
fn a_day_begins_at_midnight_of_its_zone() {
    let times: Vec<i64> = (0..72).map(|hour| MONDAY + hour * HOUR).collect();
    let bars = load_with(&times, |ask| ask.timezone = "America/New_York".to_owned());
    assert_eq!(ones(&bars, Column::DayStart), [5, 29, 53]);
    let bars = load_with(&times, |ask| {
        ask.session_open = Some("17:00 America/New_York".to_owned());
    });
    assert_eq!(bars.session.zone, chrono_tz::America::New_York);
    assert_eq!(bars.series[0].time[22] - MONDAY, 17 * HOUR + NEW_YORK);
    assert_eq!(ones(&bars, Column::SessionStart), [22, 46, 70]);
}

#[test]
fn a_session_begins_with_its_first_bar_at_or_after_the_open() {
    // The bar at the open of the second day is missing.
    let mut times: Vec<i64> = (0..72).map(|hour| MONDAY + hour * HOUR).collect();
    times.remove(24);
    let bars = load_with(&times, |ask| ask.gaps = Some(market::GapPolicy::Ignore));
    assert_eq!(ones(&bars, Column::SessionStart), [0, 24, 47]);
    assert_eq!(bars.series[0].time[24], MONDAY + 25 * HOUR);
}

#[test]
fn a_period_that_began_before_the_file_has_no_first_bar() {
    let times: Vec<i64> = (0..40 * 24).map(|hour| MONDAY + hour * HOUR).collect();
    let whole = load_times(&times);
    let later = load_times(&times[7..]);
    for column in [
        Column::SessionStart,
        Column::DayStart,
        Column::WeekStart,
        Column::MonthStart,
    ] {
        let whole: Vec<usize> = ones(&whole, column)
            .into_iter()
            .filter(|&row| row >= 7)
            .collect();
        let later: Vec<usize> = ones(&later, column)
            .into_iter()
            .map(|row| row + 7)
            .collect();
        assert!(!whole.is_empty());
        assert_eq!(whole, later, "{column:?}");
    }
    assert_eq!(
        ones(&whole, Column::WeekStart)[0],
        0,
        "Monday at midnight begins a week for sure"
    );
    // 2018-02-01 is 24 days after Monday the 8th of January.
    assert_eq!(ones(&whole, Column::MonthStart), [24 * 24]);
}

#[test]
fn weeks_are_iso_weeks_over_new_year() {
    // 2018-12-31 is a Monday: one week with 2019-01-01, the 31st of a month.
    let first = 17_892 * DAY;
    let times: Vec<i64> = (0..14).map(|day| first + day * DAY).collect();
    let bars = load_times(&times);
    assert_eq!(ones(&bars, Column::WeekStart), [4, 11]);
    assert_eq!(ones(&bars, Column::MonthStart), [5]);
}

#[test]
fn dates_are_never_converted_for_anchors() {
    let text =
        "date,open,high,low,close\n2018-01-05,1,1,1,1\n2018-01-08,1,1,1,1\n2018-01-09,1,1,1,1\n";
    let (_folder, path) = file("A.csv", text);
    let ask = DataConfig {
        timezone: "America/New_York".to_owned(),
        ..config(&path)
    };
    let bars = market::load(&ask, None).unwrap();
    assert_eq!(clock_column(&bars, 0, Column::Weekday), [4.0, 0.0, 1.0]);
    assert_eq!(ones(&bars, Column::WeekStart), [1]);
    assert_eq!(clock_column(&bars, 0, Column::TimeOfDay), [0.0; 3]);
}

#[test]
fn plain_columns_and_ages() {
    let series = Series {
        symbol: "A".to_owned(),
        time: (0..5).map(|hour| MONDAY + hour * HOUR).collect(),
        open: vec![1.0; 5],
        high: vec![2.0; 5],
        low: vec![0.5; 5],
        close: vec![1.5; 5],
        volume: Vec::new(),
        filled: vec![false, true, false, false, false],
        segment: vec![0, 0, 0, 1, 1],
    };
    let bars = Bars::from_rows(vec![series], HOUR, Calendar::Always, Session::default());
    assert_eq!(
        clock_column(&bars, 0, Column::Age),
        [0.0, 1.0, 2.0, 0.0, 1.0]
    );
    assert_eq!(
        clock_column(&bars, 0, Column::Filled),
        [0.0, 1.0, 0.0, 0.0, 0.0]
    );
    assert_eq!(clock_column(&bars, 0, Column::High), [2.0; 5]);
    assert_eq!(clock_column(&bars, 0, Column::Volume), [0.0; 5]);
    assert_eq!(
        (
            bars.series[0].segment_start(2),
            bars.series[0].segment_start(4)
        ),
        (0, 3)
    );
}
