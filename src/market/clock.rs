//! Columns that come from a bar's time alone: anchors and clocks.

use serde::{Deserialize, Serialize};

use super::Bars;

/// A column of a panel: prices and volume as loaded, or derived from the times on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Volume.
    Volume,
    /// 1 where a bar was filled in, else 0.
    Filled,
    /// Bars since the first bar of the segment: 0, 1, 2, ...; padding is -1.
    Age,
    /// 1 at the first bar at or after each session's open, else 0.
    SessionStart,
    /// 1 at the first bar of each date in the session's zone.
    DayStart,
    /// 1 at the first bar of each (ISO year, week) in the session's zone.
    WeekStart,
    /// 1 at the first bar of each month in the session's zone.
    MonthStart,
    /// Share of the local day that has passed at the bar's open, 0 to 1.
    TimeOfDay,
    /// 0 Monday to 6 Sunday, in the session's zone.
    Weekday,
}

/// What anchors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// From a session's open to the next.
    Session,
    /// A date.
    Day,
    /// An ISO week.
    Week,
    /// A month.
    Month,
}

/// The host values of one column of one series, one per row.
///
/// # Panics
/// If `series` is not an index into `bars.series`.
pub fn clock_column(bars: &Bars, series: usize, column: Column) -> Vec<f32> {
    let _ = (bars, series, column);
    unimplemented!("lands with the calendars")
}
