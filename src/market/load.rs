//! From a configuration to bars: read, cut, recognise the calendar, treat gaps.

use std::collections::BTreeMap;
use std::path::Path;

use chrono_tz::Tz;

use super::ingest;
use super::locate::locate;
use super::rules::{OnFault, Rules, Span};
use super::schedule::{self, Schedule};
use super::settings;
use super::source::{self, TableFile};
use super::tally::{Place, Tally};
use super::times::{self, DAY, ZoneClock};
use super::{Bars, Calendar, DataConfig, Fault, GapPolicy, MarketError, Series, Stamp, gaps};

/// Loads, checks and repairs the bars that `config` names, fills or breaks their gaps and returns them
/// sorted by symbol.
///
/// `default_gaps` is what a gap becomes if `config.gaps` says nothing; `None` means by calendar
/// ([`GapPolicy::Fill`] where the market never closes, [`GapPolicy::Break`] elsewhere).
///
/// # Errors
/// [`MarketError`], naming the file, row, symbol and value that was refused.
pub fn load(config: &DataConfig, default_gaps: Option<GapPolicy>) -> Result<Bars, MarketError> {
    let on_fault = if config.repair {
        OnFault::Repair
    } else {
        OnFault::Refuse
    };
    let mut loaded = Loaded::read(config, on_fault)?;
    let calendar = loaded.schedule.calendar;
    let policy = config
        .gaps
        .or(default_gaps)
        .unwrap_or(default_policy(calendar));
    let mut filled = 0;
    let mut breaks = 0;
    for series in &mut loaded.series {
        filled += gaps::apply(series, &loaded.schedule, policy, config.max_fill);
        breaks += u64::from(series.segment.last().copied().unwrap_or(0));
    }
    let mut notes = loaded.notes();
    if filled > 0 || breaks > 0 {
        notes.push(format!(
            "gaps ({policy}): {filled} missing bars filled in, {breaks} gaps start a new segment"
        ));
    }
    Ok(Bars {
        interval_ns: loaded.schedule.interval_ns,
        calendar,
        session: loaded.schedule.session,
        date_labels: loaded.schedule.date_labels,
        has_volume: loaded.has_volume,
        adjusted: loaded.adjusted,
        gaps: policy,
        notes,
        series: loaded.series,
    })
}

/// What gaps become if nothing is said.
pub(super) fn default_policy(calendar: Calendar) -> GapPolicy {
    if calendar == Calendar::Always {
        GapPolicy::Fill
    } else {
        GapPolicy::Break
    }
}

/// Checked rows, before gaps are treated.
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts about the files, each on its own"
)]
pub(super) struct Loaded {
    pub(super) series: Vec<Series>,
    pub(super) schedule: Schedule,
    pub(super) has_volume: bool,
    pub(super) adjusted: bool,
    pub(super) faults: BTreeMap<Fault, Tally>,
    pub(super) slightly_outside: Tally,
    /// Why files could not be read, where that is only reported.
    pub(super) broken: Vec<MarketError>,
    some_volume: bool,
    absent: u64,
    others: usize,
    unmoved: bool,
    repaired: bool,
}

impl Loaded {
    pub(super) fn read(config: &DataConfig, on_fault: OnFault) -> Result<Self, MarketError> {
        let path = config.path.as_deref().ok_or(MarketError::NoPath)?;
        let zone = settings::zone(&config.timezone, "timezone")?;
        let (session_zone, open_s) = settings::session(config, zone)?;
        let symbols = settings::symbols(&config.symbols)?;
        let span = settings::span(config, zone)?;
        let (files, others) = source::tables(path)?;
        let rules = Rules {
            on_fault,
            zone,
            stamp: config.stamp,
            span,
            adjusted: config.adjusted,
            symbols,
        };
        let raw = ingest::ingest(&files, &rules)?;
        settings::known(path, &rules.symbols, &raw.met)?;
        let mut series = raw.series;
        let Some(interval_ns) = schedule::interval(&series) else {
            let rows = series.iter().map(Series::len).max().unwrap_or(0);
            return Err(if rows == 0 {
                nothing_left(path, config)
            } else {
                MarketError::TooFewRows {
                    path: path.to_owned(),
                    rows,
                }
            });
        };
        let date_labels = label(&mut series, zone, interval_ns, raw.labels, raw.midnights);
        let unmoved = config.stamp == Stamp::Close && date_labels;
        let moved = if config.stamp == Stamp::Close && !date_labels {
            interval_ns
        } else {
            0
        };
        cut(&mut series, moved, span, date_labels, config.days);
        if series.is_empty() {
            return Err(nothing_left(path, config));
        }
        let schedule = Schedule::recognise(
            &series,
            interval_ns,
            date_labels,
            config.calendar.named(),
            session_zone,
            open_s,
        );
        let mut loaded = Self {
            series,
            schedule,
            has_volume: raw.has_volume,
            adjusted: raw.adjusted,
            faults: raw.faults,
            slightly_outside: raw.slightly_outside,
            broken: raw.broken,
            some_volume: raw.some_volume,
            absent: raw.absent,
            others,
            unmoved,
            repaired: config.repair,
        };
        loaded.refuse_mixed(&files, &rules, moved)?;
        Ok(loaded)
    }

    /// Refuses, or drops and counts, rows on another interval.
    fn refuse_mixed(
        &mut self,
        files: &[TableFile],
        rules: &Rules,
        moved: i64,
    ) -> Result<(), MarketError> {
        let mut tally = Tally::default();
        for series in &mut self.series {
            let rows = gaps::mixed(series, &self.schedule);
            if rows.is_empty() {
                continue;
            }
            let place = |row: usize| {
                let (before, time) = (series.time[row - 1] + moved, series.time[row] + moved);
                let (path, line) = locate(files, rules.zone, &series.symbol, time)
                    .unwrap_or_else(|| (files[0].path.clone(), 0));
                Place {
                    path,
                    row: line,
                    symbol: series.symbol.clone(),
                    value: format!(
                        "{} is {} after the row before, the interval is {}",
                        times::format(time, self.schedule.date_labels),
                        times::format_span(time - before),
                        times::format_span(self.schedule.interval_ns),
                    ),
                }
            };
            if rules.on_fault == OnFault::Refuse {
                let Place {
                    path,
                    row,
                    symbol,
                    value,
                } = place(rows[0]);
                return Err(MarketError::Row {
                    path,
                    row,
                    symbol,
                    value,
                    fault: Fault::MixedInterval,
                });
            }
            for row in &rows {
                tally.add(|| place(*row));
            }
            gaps::drop_mixed(series, &self.schedule);
        }
        if tally.count > 0 {
            self.faults.insert(Fault::MixedInterval, tally);
        }
        Ok(())
    }

    /// Lines to say once.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!(
            "calendar {}; interval {}",
            self.schedule.line(),
            times::format_span(self.schedule.interval_ns)
        )];
        if self.adjusted {
            notes.push("prices are adjusted: multiplied by adj close / close".to_owned());
        }
        if !self.has_volume {
            let which = if self.some_volume {
                "some files have"
            } else {
                "there is"
            };
            notes.push(format!("{which} no volume column: no volume indicators"));
        }
        if self.absent > 0 {
            notes.push(format!(
                "{} rows without any price passed over",
                self.absent
            ));
        }
        if self.others > 0 {
            notes.push(format!("{} files of the folder are no tables", self.others));
        }
        if self.unmoved {
            notes.push("times are dates: `stamp = close` does not move them".to_owned());
        }
        if self.slightly_outside.count > 0 {
            notes.push(format!(
                "{} bars with open or close outside [low, high] by less than 10 bp, kept",
                self.slightly_outside.count
            ));
        }
        if self.repaired {
            for (fault, tally) in &self.faults {
                notes.push(format!(
                    "repaired: {} x {fault}: {}",
                    tally.count,
                    fault.repair()
                ));
            }
        }
        notes
    }
}

/// Makes dates of times that are midnights of days: labels, never converted. Says whether they are.
fn label(series: &mut [Series], zone: Tz, interval_ns: i64, labels: bool, midnights: bool) -> bool {
    if labels || interval_ns < DAY {
        return labels;
    }
    if midnights && zone != Tz::UTC {
        let mut clock = ZoneClock::new(zone);
        for one in series.iter_mut() {
            for time in &mut one.time {
                *time = clock.local(*time);
            }
        }
    }
    series
        .iter()
        .all(|one| one.time.iter().all(|time| time.rem_euclid(DAY) == 0))
}

/// Moves closes to opens, then keeps what the span and the last `days` hold; series left empty go.
fn cut(series: &mut Vec<Series>, moved: i64, span: Span, label: bool, days: Option<u32>) {
    if moved > 0 {
        for time in series.iter_mut().flat_map(|one| one.time.iter_mut()) {
            *time -= moved;
        }
    }
    let last = series
        .iter()
        .filter_map(|one| one.time.last())
        .max()
        .copied();
    let after = match (days, last) {
        (Some(days), Some(last)) => last - i64::from(days) * DAY,
        _ => i64::MIN,
    };
    for one in series.iter_mut() {
        let from = one
            .time
            .partition_point(|&time| time <= after && after > i64::MIN);
        let rows: Vec<usize> = (from..one.len())
            .filter(|&row| span.holds(one.time[row], label))
            .collect();
        if rows.len() < one.len() {
            *one = one.select(&rows);
        }
    }
    series.retain(|one| !one.is_empty());
}

fn nothing_left(path: &Path, config: &DataConfig) -> MarketError {
    let mut filters = Vec::new();
    for (name, value) in [("from", &config.from), ("to", &config.to)] {
        filters.extend(value.iter().map(|value| format!("{name} {value}")));
    }
    filters.extend(config.days.map(|days| format!("the last {days} days")));
    if filters.is_empty() {
        filters.push("dropping what is wrong".to_owned());
    }
    MarketError::NothingLeft {
        path: path.to_owned(),
        value: filters.join(", "),
    }
}
