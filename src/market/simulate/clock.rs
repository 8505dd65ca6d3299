//! When simulated bars open.

use super::{
    super::{Calendar, MarketError},
    SimulateConfig,
};

const MINUTE_NS: i64 = 60 * 1_000_000_000;
const DAY_NS: i64 = 24 * 60 * MINUTE_NS;

/// Seconds after midnight UTC at which a simulated session opens: 14:30, New York's open in winter.
pub const SESSION_OPEN_S: u32 = (14 * 60 + 30) * 60;
/// Length of a simulated session: six and a half hours.
pub const SESSION_MINUTES: i64 = 390;

/// Bars in a trading day.
pub(super) fn bars_per_day(config: &SimulateConfig) -> usize {
    let open_ns = match config.calendar {
        Calendar::Sessions => SESSION_MINUTES * MINUTE_NS,
        Calendar::Always | Calendar::Weekdays | Calendar::Daily => DAY_NS,
    };
    usize::try_from(open_ns / config.interval_ns.max(1))
        .unwrap_or(1)
        .max(1)
}

/// Share of the local day that has passed at a bar's open.
pub(super) fn share_of_day(time: i64) -> f64 {
    time.rem_euclid(DAY_NS) as f64 / DAY_NS as f64
}

/// The open of every bar of the calendar.
pub(super) fn times(config: &SimulateConfig) -> Result<Vec<i64>, MarketError> {
    let interval = config.interval_ns;
    let refuse = |rule: &str| {
        Err(MarketError::Setting {
            key: "interval",
            value: format!("{} s", interval as f64 / 1e9),
            rule: rule.to_owned(),
        })
    };
    if interval < 1_000_000_000 {
        return refuse("at least one second");
    }
    match config.calendar {
        Calendar::Always if interval > DAY_NS || DAY_NS % interval != 0 => {
            return refuse("a day must hold a whole number of bars");
        }
        Calendar::Weekdays if interval >= DAY_NS || DAY_NS % interval != 0 => {
            return refuse("a day must hold two or more whole bars on the calendar 24x5");
        }
        Calendar::Sessions if interval > SESSION_MINUTES * MINUTE_NS / 2 => {
            return refuse("a session of 390 minutes must hold two or more bars; use `daily`");
        }
        Calendar::Daily if interval != DAY_NS => {
            return refuse("the calendar `daily` has bars of one day");
        }
        _ => {}
    }
    let (first, count) = match config.calendar {
        Calendar::Sessions => (
            i64::from(SESSION_OPEN_S) * 1_000_000_000,
            bars_per_day(config),
        ),
        _ => (0, bars_per_day(config)),
    };
    let open_weekends = config.calendar == Calendar::Always;
    let last_day = i64::MAX / DAY_NS - 1;
    let mut time = Vec::with_capacity(config.num_bars);
    let mut day = config.start_ns.div_euclid(DAY_NS);
    while time.len() < config.num_bars {
        if day >= last_day {
            return Err(MarketError::Setting {
                key: "bars",
                value: config.num_bars.to_string(),
                rule: "the last bar must be before the year 2262".to_owned(),
            });
        }
        // 1970-01-01 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        if open_weekends || weekday < 5 {
            let bars = (0..count).map(|bar| day * DAY_NS + first + bar as i64 * interval);
            let wanted = config.num_bars - time.len();
            time.extend(bars.filter(|&t| t >= config.start_ns).take(wanted));
        }
        day += 1;
    }
    Ok(time)
}
