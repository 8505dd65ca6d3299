//! Bars one by one give the numbers of whole series.

use emberline::features::{Bar, FeatureSet, Follower};
use emberline::market::{Bars, Column, Period, RunningClock, clock_column};

use super::{HOUR, every_column, every_input, hourly, inputs, raw, set, walk};

/// A gapped market with fills, session anchors and bars without volume.
fn bars() -> Bars {
    let mut pieces = walk("B", 52, 700, 3.0);
    pieces.segment = (0..700)
        .map(|row| [300, 301, 420].iter().filter(|&&cut| row >= cut).count() as u32)
        .collect();
    for (row, time) in pieces.time.iter_mut().enumerate() {
        *time += if row >= 300 { 7 * HOUR } else { 0 };
    }
    pieces.filled = (0..700).map(|row| row % 17 == 3).collect();
    hourly(vec![walk("A", 51, 1_500, 20.0), pieces])
}

fn follow(mut follower: Follower, bars: &Bars, expected: &[Vec<Vec<f32>>], set: &FeatureSet) {
    for (series, columns) in bars.series.iter().zip(expected) {
        follower.restart();
        let mut clock = RunningClock::new(bars);
        for row in 0..series.len() {
            let moment = clock.next(series.time[row]);
            if row > 0 && series.segment_of(row) != series.segment_of(row - 1) {
                follower.restart();
            }
            let [session_start, day_start, week_start, month_start] = moment.starts;
            let values = follower.push(&Bar {
                open: f64::from(series.open[row]),
                high: f64::from(series.high[row]),
                low: f64::from(series.low[row]),
                close: f64::from(series.close[row]),
                volume: f64::from(series.volume[row]),
                filled: f64::from(u8::from(series.is_filled(row))),
                time_of_day: f64::from(moment.time_of_day),
                weekday: f64::from(moment.weekday),
                session_start,
                day_start,
                week_start,
                month_start,
            });
            for ((name, whole), value) in set.names().iter().zip(columns).zip(values) {
                assert_eq!(
                    whole[row].to_bits(),
                    value.to_bits(),
                    "{name} of {} in row {row}: {} from the whole series, {value} bar by bar",
                    series.symbol,
                    whole[row]
                );
            }
        }
    }
}

#[test]
fn a_growing_series_gives_what_the_whole_one_does() {
    let bars = bars();
    let all = set(&every_column().join(","), &bars);
    follow(Follower::new(&all), &bars, &raw(&all, &bars), &all);
    let all = every_input(&bars);
    follow(
        Follower::of_model_inputs(&all),
        &bars,
        &inputs(&all, &bars),
        &all,
    );
}

#[test]
fn a_running_clock_says_what_the_columns_say() {
    let bars = bars();
    for series in 0..2 {
        let mut clock = RunningClock::new(&bars);
        let columns = [
            Column::SessionStart,
            Column::DayStart,
            Column::WeekStart,
            Column::MonthStart,
            Column::TimeOfDay,
            Column::Weekday,
        ]
        .map(|column| clock_column(&bars, series, column));
        for (row, &time) in bars.series[series].time.iter().enumerate() {
            let moment = clock.next(time);
            let starts = moment.starts.map(|start| f32::from(u8::from(start)));
            assert_eq!(
                starts,
                [0, 1, 2, 3].map(|column: usize| columns[column][row])
            );
            assert_eq!(
                [moment.time_of_day, moment.weekday],
                [columns[4][row], columns[5][row]]
            );
        }
        let days = columns[1].iter().filter(|&&start| start == 1.0).count();
        assert!(days > 20, "{days} days for {:?}", Period::Day);
    }
}
