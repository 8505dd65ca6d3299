//! `data check`: what is in the files, what `train` would refuse, and what deserves a look.

use std::path::PathBuf;

use serde::Serialize;

use super::gaps::{self, Gaps, Runs};
use super::load::{Loaded, default_policy};
use super::rules::OnFault;
use super::tally::{Place, Tally};
use super::{Calendar, DataConfig, GapPolicy, MarketError, Series, times};

/// Closes this near (in ln) to a ratio of 2, 3, 1/2 or 1/3 look like a split.
const SPLIT_TOLERANCE: f64 = 0.05;
/// Bars in a row at one price that are called stale: daily, and shorter intervals.
const STALE: (usize, usize) = (5, 60);
/// A symbol whose last bar is this many intervals before the last of all ends early.
const EARLY: i64 = 10;

/// What [`check`] found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// What was looked at.
    pub path: PathBuf,
    /// The calendar, if enough could be read to know it.
    pub calendar: Option<Calendar>,
    /// The calendar in one line.
    pub calendar_line: String,
    /// The interval, as `5m`.
    pub interval: String,
    /// The interval in seconds.
    pub interval_s: f64,
    /// What gaps become unless told otherwise.
    pub gaps: Option<GapPolicy>,
    /// Longest gap that filling closes.
    pub max_fill: usize,
    /// Whether every symbol has volumes.
    pub has_volume: bool,
    /// Whether prices were multiplied by `adj close / close`.
    pub adjusted: bool,
    /// One per symbol.
    pub symbols: Vec<SymbolReport>,
    /// What `train` would refuse.
    pub refused: Vec<Finding>,
    /// What deserves a look.
    pub warnings: Vec<Finding>,
    /// Other lines to say.
    pub notes: Vec<String>,
}

impl CheckReport {
    /// Whether `train` would refuse these bars.
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }
}

/// One symbol.
#[derive(Clone, Debug, Serialize)]
pub struct SymbolReport {
    /// The symbol.
    pub symbol: String,
    /// Bars.
    pub rows: usize,
    /// Open of the first bar.
    pub first: String,
    /// Open of the last bar.
    pub last: String,
    /// Missing bars.
    pub gaps: Gaps,
    /// Stretches without a gap, as the bars stand.
    pub runs: Runs,
    /// Stretches once short gaps are filled.
    pub runs_filled: Runs,
    /// Bars that filling adds.
    pub filled: u64,
}

/// Something found, how often, and where first.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Its kind, as a word.
    pub kind: String,
    /// It in words.
    pub text: String,
    /// Rows, or symbols.
    pub count: u64,
    /// The first few places.
    pub examples: Vec<Place>,
}

/// Looks at the bars that `config` names, and refuses nothing that it can report.
///
/// `horizon_bars` is the horizon for which samples are counted whose target runs past the end.
///
/// # Errors
/// [`MarketError`] where there is nothing to look at: no such path, no table in it, a wrong setting,
/// an unknown symbol.
pub fn check(config: &DataConfig, horizon_bars: usize) -> Result<CheckReport, MarketError> {
    let path = config.path.clone().ok_or(MarketError::NoPath)?;
    let mut report = CheckReport {
        path,
        calendar: None,
        calendar_line: "unknown".to_owned(),
        interval: "unknown".to_owned(),
        interval_s: f64::NAN,
        gaps: None,
        max_fill: config.max_fill,
        has_volume: false,
        adjusted: false,
        symbols: Vec::new(),
        refused: Vec::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    let loaded = match Loaded::read(config, OnFault::Report) {
        Ok(loaded) => loaded,
        Err(error) => {
            report.refused.push(of_file(&error).ok_or(error)?);
            return Ok(report);
        }
    };
    let schedule = &loaded.schedule;
    report.calendar = Some(schedule.calendar);
    report.calendar_line = schedule.line();
    report.interval = times::format_span(schedule.interval_ns);
    report.interval_s = schedule.interval_ns as f64 / times::SECOND as f64;
    report.gaps = Some(config.gaps.unwrap_or(default_policy(schedule.calendar)));
    report.has_volume = loaded.has_volume;
    report.adjusted = loaded.adjusted;
    report.notes = loaded.notes();
    report.notes.remove(0);
    for series in &loaded.series {
        let found = gaps::look(series, schedule, config.max_fill);
        let at = |row: usize| times::format(series.time[row], schedule.date_labels);
        report.symbols.push(SymbolReport {
            symbol: series.symbol.clone(),
            rows: series.len(),
            first: at(0),
            last: at(series.len() - 1),
            gaps: found.gaps,
            runs: found.runs,
            runs_filled: found.runs_filled,
            filled: found.filled,
        });
    }
    report
        .refused
        .extend(loaded.broken.iter().filter_map(of_file));
    for (fault, tally) in &loaded.faults {
        report
            .refused
            .push(finding(kind_of(fault), fault.rule(), tally.clone()));
    }
    report.warnings = warnings(&loaded, horizon_bars);
    Ok(report)
}

/// A file that could not be read as a finding; `None` for errors of another sort.
fn of_file(error: &MarketError) -> Option<Finding> {
    let path = match error {
        MarketError::Empty { path, .. }
        | MarketError::MissingColumn { path, .. }
        | MarketError::ColumnType { path, .. }
        | MarketError::Decode { path, .. }
        | MarketError::TooFewRows { path, .. } => path.clone(),
        _ => return None,
    };
    Some(Finding {
        kind: "file".to_owned(),
        text: error.to_string(),
        count: 1,
        examples: vec![Place {
            path,
            row: 1,
            symbol: String::new(),
            value: String::new(),
        }],
    })
}

fn kind_of(fault: &impl Serialize) -> String {
    serde_json::to_value(fault)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn finding(kind: impl Into<String>, text: impl Into<String>, tally: Tally) -> Finding {
    Finding {
        kind: kind.into(),
        text: text.into(),
        count: tally.count,
        examples: tally.examples,
    }
}

fn warnings(loaded: &Loaded, horizon_bars: usize) -> Vec<Finding> {
    let mut slight = loaded.slightly_outside.clone();
    let mut split = Tally::default();
    let mut stale = Tally::default();
    let mut early = Tally::default();
    let mut past = Tally::default();
    let schedule = &loaded.schedule;
    let end = loaded
        .series
        .iter()
        .filter_map(|series| series.time.last())
        .max()
        .copied();
    for series in &loaded.series {
        let place = |row: usize, value: String| Place {
            path: PathBuf::new(),
            row: 0,
            symbol: series.symbol.clone(),
            value: format!(
                "{}: {value}",
                times::format(series.time[row], schedule.date_labels)
            ),
        };
        for (row, pair) in series.close.windows(2).enumerate() {
            let ratio = f64::from(pair[1]) / f64::from(pair[0]);
            let near = |of: f64| (ratio / of).ln().abs() < SPLIT_TOLERANCE;
            if [2.0, 3.0, 0.5, 1.0 / 3.0].into_iter().any(near) {
                split.add(|| place(row + 1, format!("close {} after {}", pair[1], pair[0])));
            }
        }
        let least = if schedule.interval_ns >= times::DAY {
            STALE.0
        } else {
            STALE.1
        };
        for (row, length) in stale_runs(series, least) {
            stale.add(|| place(row, format!("{length} bars at {}", series.close[row])));
        }
        if let (Some(end), Some(&last)) = (end, series.time.last())
            && end - last > EARLY * schedule.interval_ns
        {
            let text = format!(
                "the last of all is {}",
                times::format(end, schedule.date_labels)
            );
            early.add(|| place(series.len() - 1, text));
        }
        past.count += series.len().min(horizon_bars + 1) as u64;
    }
    slight.examples.truncate(5);
    let of_horizon = format!(
        "samples whose target, {horizon_bars} bars after the next, runs past the end of their symbol"
    );
    [
        finding(
            "slightly_outside",
            "open or close outside [low, high] by less than 10 bp",
            slight,
        ),
        finding(
            "split_like",
            "closes whose ratio is near 2, 3, 1/2 or 1/3: a split?",
            split,
        ),
        finding(
            "stale",
            format!(
                "runs of {}, {} or more bars (daily, shorter) at one price",
                STALE.0, STALE.1
            ),
            stale,
        ),
        finding("ends_early", "symbols that end early", early),
        finding("target_past_end", of_horizon, past),
    ]
    .into_iter()
    .filter(|finding| finding.count > 0)
    .collect()
}

/// Runs of at least `least` bars whose four prices are all the same one, as (first row, length).
fn stale_runs(series: &Series, least: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    for row in 0..=series.len() {
        let same = row < series.len() && {
            let price = series.close[start];
            [&series.open, &series.high, &series.low, &series.close]
                .into_iter()
                .all(|column| (column[row] - price).abs() <= 0.0)
        };
        if !same {
            if row - start >= least {
                runs.push((start, row - start));
            }
            start = row;
        }
    }
    runs
}
