//! Missing bars: filled, broken, ignored.

use emberline::market::{self, Bars, CalendarChoice, Column, DataConfig, GapPolicy, clock_column};

use super::{DAY, HOUR, MINUTE, START, at_times, config, file};

/// Five-minute bars for three days, without those in these ranges.
fn without(missing: &[std::ops::Range<i64>]) -> Vec<i64> {
    (0..3 * 288)
        .filter(|bar| !missing.iter().any(|range| range.contains(bar)))
        .map(|bar| START + bar * 5 * MINUTE)
        .collect()
}

fn load_gaps(times: &[i64], gaps: Option<GapPolicy>, max_fill: usize) -> Bars {
    let (_folder, path) = file("A.csv", at_times(times.iter().copied()));
    market::load(
        &DataConfig {
            gaps,
            max_fill,
            ..config(&path)
        },
        None,
    )
    .unwrap()
}

#[test]
fn short_gaps_are_filled_and_long_ones_break() {
    let bars = load_gaps(&without(&[10..11, 20..32, 50..63]), None, 12);
    let series = &bars.series[0];
    assert_eq!(bars.gaps, GapPolicy::Fill, "the default around the clock");
    assert_eq!(series.len(), 3 * 288 - 13, "the gap of 13 is not filled");
    let filled: Vec<usize> = (0..series.len())
        .filter(|&row| series.is_filled(row))
        .collect();
    assert_eq!(filled, [vec![10], (20..32).collect()].concat());
    for row in filled {
        let before = series.close[if row == 10 { 9 } else { 19 }];
        for column in [&series.open, &series.high, &series.low, &series.close] {
            assert_eq!(column[row], before, "flat at the close before");
        }
        assert_eq!(series.volume[row], 0.0);
        assert_eq!(series.time[row], START + row as i64 * 5 * MINUTE);
    }
    assert_eq!((series.segment_of(49), series.segment_of(50)), (0, 1));
    assert_eq!(series.time[50], START + 63 * 5 * MINUTE);
    let age = clock_column(&bars, 0, Column::Age);
    assert_eq!((age[49], age[50], age[51]), (49.0, 0.0, 1.0));
    let note = bars
        .notes
        .iter()
        .find(|note| note.starts_with("gaps"))
        .unwrap();
    assert!(
        note.contains("13 missing bars filled") && note.contains("1 gaps start"),
        "{note}"
    );
}

#[test]
fn the_longest_gap_to_fill_is_a_setting() {
    let times = without(&[10..11, 20..22]);
    let bars = load_gaps(&times, Some(GapPolicy::Fill), 1);
    assert_eq!(bars.series[0].len(), 3 * 288 - 2);
    assert_eq!(bars.series[0].segment.last(), Some(&1));
    let bars = load_gaps(&times, Some(GapPolicy::Fill), 0);
    assert_eq!(bars.series[0].len(), times.len());
    assert_eq!(bars.series[0].segment.last(), Some(&2));
}

#[test]
fn breaking_adds_no_bar() {
    let times = without(&[10..11, 50..63]);
    let bars = load_gaps(&times, Some(GapPolicy::Break), 12);
    assert_eq!(bars.series[0].time, times);
    assert_eq!(bars.series[0].segment.last(), Some(&2));
    assert!(bars.series[0].filled.is_empty());
}

#[test]
fn ignoring_leaves_rows_as_they_stand() {
    let times = without(&[10..11, 50..63]);
    let bars = load_gaps(&times, Some(GapPolicy::Ignore), 12);
    assert_eq!(bars.series[0].time, times);
    assert!(bars.series[0].segment.is_empty() && bars.series[0].filled.is_empty());
    // The default of a command gives way to the setting.
    let (_folder, path) = file("A.csv", at_times(times));
    let ignored = market::load(&config(&path), Some(GapPolicy::Ignore)).unwrap();
    assert_eq!(ignored.gaps, GapPolicy::Ignore);
    let ask = DataConfig {
        gaps: Some(GapPolicy::Break),
        ..config(&path)
    };
    assert_eq!(
        market::load(&ask, Some(GapPolicy::Ignore)).unwrap().gaps,
        GapPolicy::Break
    );
}

/// Sessions of 14:30 to 21:00 UTC on weekdays for two weeks from Monday 2018-01-08.
fn sessions() -> Vec<i64> {
    (0..12)
        .filter(|day| day % 7 < 5)
        .flat_map(|day| {
            (870..1260)
                .step_by(5)
                .map(move |minute| (17_539 + day) * DAY + minute * MINUTE)
        })
        .collect()
}

#[test]
fn a_gap_inside_a_session_breaks_by_default() {
    let mut times = sessions();
    times.drain(100..103);
    let bars = load_gaps(&times, None, 12);
    assert_eq!(bars.gaps, GapPolicy::Break);
    let series = &bars.series[0];
    assert_eq!((series.segment_of(99), series.segment_of(100)), (0, 1));
    assert_eq!(series.segment.last(), Some(&1));
    let filled = load_gaps(&times, Some(GapPolicy::Fill), 12);
    assert_eq!(filled.series[0].time, sessions());
}

#[test]
fn late_opens_early_closes_and_holidays_are_no_gaps() {
    let mut times = sessions();
    // The first bars of the fifth day, the last of the sixth, the whole eighth.
    times.retain(|time| {
        let (day, minute) = ((time / DAY) - 17_539, time % DAY / MINUTE);
        !(day == 4 && minute < 900 || day == 7 && minute >= 1080 || day == 9)
    });
    assert!(load_gaps(&times, None, 12).series[0].segment.is_empty());
}

#[test]
fn three_weeks_without_a_bar_are_a_gap_everywhere() {
    let mut times = sessions();
    let later: Vec<i64> = times.iter().map(|time| time + 35 * DAY).collect();
    times.extend(later);
    assert_eq!(
        load_gaps(&times, None, 12).series[0].segment.last(),
        Some(&1)
    );

    let mut days: Vec<i64> = (0..40)
        .filter(|day| day % 7 < 5)
        .map(|day| (17_539 + day) * DAY)
        .collect();
    days.retain(|day| !(10..31).contains(&(day / DAY - 17_539)));
    let bars = load_gaps(&days, None, 12);
    assert_eq!(bars.calendar, market::Calendar::Daily);
    assert_eq!(bars.series[0].segment.last(), Some(&1));
}

#[test]
fn a_missing_day_of_a_market_that_never_closes_is_filled() {
    let days: Vec<i64> = (0..40)
        .filter(|&day| day != 20)
        .map(|day| (17_539 + day) * DAY)
        .collect();
    let bars = load_gaps(&days, None, 12);
    assert_eq!(bars.calendar, market::Calendar::Always);
    assert_eq!(bars.series[0].len(), 40);
    assert!(bars.series[0].is_filled(20));
}

#[test]
fn filling_goes_around_the_break_at_noon() {
    // 00:00 to 02:30 and 03:30 to 06:00 UTC; the bars on both sides of the break are missing.
    let all: Vec<i64> = (0..12)
        .filter(|day| day % 7 < 5)
        .flat_map(|day| {
            (0..150)
                .chain(210..360)
                .step_by(5)
                .map(move |minute| (17_539 + day) * DAY + minute * MINUTE)
        })
        .collect();
    let mut times = all.clone();
    times.retain(|time| !(time / DAY == 17_540 && [145, 210].contains(&(time % DAY / MINUTE))));
    assert_eq!(times.len(), all.len() - 2);
    let bars = load_gaps(&times, Some(GapPolicy::Fill), 12);
    assert_eq!(bars.series[0].time, all);
}

#[test]
fn a_weekday_market_has_gaps_within_the_week_only() {
    let mut times: Vec<i64> = (0..14 * 24)
        .map(|hour| 17_539 * DAY + hour * HOUR)
        .filter(|time| (time / DAY - 17_539) % 7 < 5)
        .collect();
    times.retain(|time| ![50, 51].contains(&((time - 17_539 * DAY) / HOUR)));
    let (_folder, path) = file("A.csv", at_times(times));
    let ask = DataConfig {
        calendar: CalendarChoice::Weekdays,
        ..config(&path)
    };
    let bars = market::load(&ask, None).unwrap();
    assert_eq!(bars.series[0].segment.last(), Some(&1));
}
