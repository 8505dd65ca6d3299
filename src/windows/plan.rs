//! Train, validation, test: one instant on the calendar for all symbols each, and nothing that looks
//! across.

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::legal::{Legal, count, legal};
use super::{Sample, SymbolWindows, TargetConfig, WindowConfig, WindowError};
use crate::market::split::{Cuts, SplitConfig, cuts};
use crate::market::{Bars, Series};

/// The three stretches of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Fitted on.
    Train,
    /// Chosen by.
    Validation,
    /// Looked at once.
    Test,
}

impl Split {
    /// All three in the order of time.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// One symbol in one split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolSplit {
    /// The symbol.
    pub symbol: String,
    /// The split.
    pub split: Split,
    /// Open time of the first window's last bar, nanoseconds UTC; none if the symbol is absent.
    pub first: Option<i64>,
    /// Open time of the last window's last bar.
    pub last: Option<i64>,
    /// Windows used.
    pub windows: usize,
    /// Windows left out because their target ends in the next split.
    pub purged: usize,
    /// Windows left out by the stride (training only).
    pub thinned: usize,
}

/// Which windows are trained on, validated on and tested on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Thinned by `windows.stride`. All three lists are ordered by symbol, then by time.
    pub train: Vec<Sample>,
    /// Every legal window of the split.
    pub validation: Vec<Sample>,
    /// Every legal window of the split.
    pub test: Vec<Sample>,
    /// Where the splits start and end.
    pub cuts: Cuts,
    /// By symbol, the first row behind the test span that trains again; none by default.
    pub train_again: Option<Vec<usize>>,
    /// Symbols outer, splits inner; absent ones with 0 windows.
    pub table: Vec<SymbolSplit>,
    /// Legal windows of each symbol before splitting, with the reason where there is none.
    pub legal: Vec<SymbolWindows>,
    /// The sentence that goes with every output, if the target cannot be traded.
    pub caveat: Option<String>,
}

/// Cuts the calendar in three and gives every legal window its place.
///
/// A window belongs to the split that its last bar opens in. The two cuts are chosen over the legal
/// windows of all symbols (see [`mod@crate::market::split`]). A window of train or validation is purged
/// unless the bar on which its longest target ends opens before the next split starts. What is left
/// of train is thinned: a symbol's next window ends at least `windows.stride` bars after the one
/// before.
///
/// # Errors
/// [`WindowError`]: settings out of bounds, no legal window (count and reason per symbol), no cut, or
/// an empty train or validation split.
pub fn plan(
    bars: &Bars,
    memory_bars: usize,
    windows: &WindowConfig,
    target: &TargetConfig,
    splits: &SplitConfig,
) -> Result<Plan, WindowError> {
    let legal = legal(bars, memory_bars, windows, target)?.require()?;
    let plan = divide(bars, &legal, windows, target, splits)?;
    for split in [Split::Train, Split::Validation] {
        let total = plan.total(split);
        if total.windows == 0 {
            return Err(WindowError::EmptySplit {
                split,
                legal: legal.samples.len(),
                in_split: total.purged,
                purged: total.purged,
            });
        }
    }
    Ok(plan)
}

/// As [`plan`], from windows that are known already; a split may stay empty.
///
/// Windows before `splits.train_start` and from `splits.test_end` on belong to no split, unless
/// `splits.train_after_test` takes those behind the embargo for training.
///
/// # Errors
/// [`WindowError`]: settings out of bounds or no cut.
pub fn divide(
    bars: &Bars,
    legal: &Legal,
    windows: &WindowConfig,
    target: &TargetConfig,
    splits: &SplitConfig,
) -> Result<Plan, WindowError> {
    let time = |sample: &Sample| bars.series[sample.series as usize].time[sample.last as usize];
    let mut times: Vec<i64> = legal.samples.iter().map(time).collect();
    let cuts = cuts(&mut times, splits).map_err(WindowError::Cuts)?;
    let ahead = target.longest_exit_offset_bars();
    let after = if splits.train_after_test {
        let embargo_bars = embargo(splits, windows.length + ahead)?;
        Some(rows_after_test(bars, &cuts, embargo_bars))
    } else {
        None
    };

    let exit = |sample: &Sample| {
        time(&Sample {
            last: sample.last + ahead as u32,
            ..*sample
        })
    };
    let mut kept: [Vec<Sample>; 3] = Default::default();
    let mut purged: [Vec<Sample>; 3] = Default::default();
    for &sample in &legal.samples {
        let opens = time(&sample);
        let (split, whole) = if opens < cuts.train_start_ns {
            continue;
        } else if opens < cuts.train_end_ns {
            (Split::Train, exit(&sample) < cuts.train_end_ns)
        } else if opens < cuts.validation_end_ns {
            (Split::Validation, exit(&sample) < cuts.validation_end_ns)
        } else if opens < cuts.test_end_ns {
            (Split::Test, true)
        } else if let Some(after) = &after {
            let first = after[sample.series as usize];
            (Split::Train, sample.last as usize >= first)
        } else {
            continue;
        };
        (if whole { &mut kept } else { &mut purged })[split as usize].push(sample);
    }

    let before = count(bars, &kept[0]);
    thin(&mut kept[0], windows.stride as u32);
    let table = table(bars, &kept, &purged, &before);
    let [train, validation, test] = kept;
    let caveat = target.caveat().map(str::to_owned);
    Ok(Plan {
        train,
        validation,
        test,
        cuts,
        train_again: after,
        table,
        legal: legal.counts.clone(),
        caveat,
    })
}

/// Bars between a test span and training that goes on behind it.
fn embargo(splits: &SplitConfig, least: usize) -> Result<usize, WindowError> {
    match splits.embargo {
        0 => Ok(least),
        bars if bars >= least => Ok(bars),
        bars => Err(WindowError::Setting {
            key: "splits.embargo",
            value: bars.to_string(),
            rule: "it must be at least a window and its longest target: a window that trains would \
                   look into the test span",
        }),
    }
}

/// By series, the first row behind the test span and the embargo.
fn rows_after_test(bars: &Bars, cuts: &Cuts, embargo_bars: usize) -> Vec<usize> {
    let first = |series: &Series| {
        series.time.partition_point(|&time| time < cuts.test_end_ns) + embargo_bars
    };
    bars.series.iter().map(first).collect()
}

fn thin(samples: &mut Vec<Sample>, stride: u32) {
    let mut before: Option<Sample> = None;
    samples.retain(|&sample| {
        let keep = before
            .is_none_or(|kept| kept.series != sample.series || sample.last - kept.last >= stride);
        if keep {
            before = Some(sample);
        }
        keep
    });
}

fn table(
    bars: &Bars,
    kept: &[Vec<Sample>; 3],
    purged: &[Vec<Sample>; 3],
    train_before: &[usize],
) -> Vec<SymbolSplit> {
    let counts = kept.each_ref().map(|samples| count(bars, samples));
    let lost = purged.each_ref().map(|samples| count(bars, samples));
    let mut starts = [0; 3];
    let mut rows = Vec::with_capacity(3 * bars.series.len());
    for (index, series) in bars.series.iter().enumerate() {
        for split in Split::ALL {
            let at = split as usize;
            let windows = counts[at][index];
            let own = &kept[at][starts[at]..starts[at] + windows];
            starts[at] += windows;
            let time = |sample: &Sample| series.time[sample.last as usize];
            rows.push(SymbolSplit {
                symbol: series.symbol.clone(),
                split,
                first: own.first().map(time),
                last: own.last().map(time),
                windows,
                purged: lost[at][index],
                thinned: if split == Split::Train {
                    train_before[index] - windows
                } else {
                    0
                },
            });
        }
    }
    rows
}

impl Plan {
    /// By symbol and row: whether statistics may be fitted on the bar, that is, whether it opens inside
    /// the training span.
    pub fn training_rows(&self, bars: &Bars) -> Vec<Vec<bool>> {
        let span = self.cuts.train_start_ns..self.cuts.train_end_ns;
        let of = |(index, series): (usize, &Series)| {
            let again = self.train_again.as_ref().map(|rows| rows[index]);
            let trains = |(row, time): (usize, &i64)| {
                span.contains(time) || again.is_some_and(|first| row >= first)
            };
            series.time.iter().enumerate().map(trains).collect()
        };
        bars.series.iter().enumerate().map(of).collect()
    }

    /// The windows of a split.
    pub fn samples(&self, split: Split) -> &[Sample] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    /// The symbols without a window in a split.
    pub fn absent(&self, split: Split) -> Vec<&str> {
        let absent = |row: &&SymbolSplit| row.split == split && row.windows == 0;
        self.table
            .iter()
            .filter(absent)
            .map(|row| row.symbol.as_str())
            .collect()
    }

    /// All symbols of a split together; `symbol` says how many of them have a window.
    pub fn total(&self, split: Split) -> SymbolSplit {
        let rows = || self.table.iter().filter(move |row| row.split == split);
        SymbolSplit {
            symbol: format!("{} symbols", rows().filter(|row| row.windows > 0).count()),
            split,
            first: rows().filter_map(|row| row.first).min(),
            last: rows().filter_map(|row| row.last).max(),
            windows: rows().map(|row| row.windows).sum(),
            purged: rows().map(|row| row.purged).sum(),
            thinned: rows().map(|row| row.thinned).sum(),
        }
    }

    /// Dates and windows per symbol and split as a plain table, then the symbols absent from a split.
    ///
    /// Prints at most `max_symbols` symbols and always the totals.
    pub fn text(&self, max_symbols: usize) -> String {
        let mut text = format!(
            "{:<12} {:<10} {:<16} {:<16} {:>9} {:>7} {:>7}\n",
            "symbol", "split", "first", "last", "windows", "purged", "thinned"
        );
        let shown = self.table.iter().take(3 * max_symbols).cloned();
        for row in shown.chain(Split::ALL.map(|split| self.total(split))) {
            let _ = writeln!(
                text,
                "{:<12} {:<10} {:<16} {:<16} {:>9} {:>7} {:>7}",
                row.symbol,
                row.split,
                row.first.map_or_else(|| "-".to_owned(), date),
                row.last.map_or_else(|| "-".to_owned(), date),
                row.windows,
                row.purged,
                row.thinned
            );
        }
        let symbols = self.table.len() / 3;
        if symbols > max_symbols {
            let _ = writeln!(
                text,
                "({} more symbols are in the totals)",
                symbols - max_symbols
            );
        }
        for split in Split::ALL {
            let absent = self.absent(split);
            if !absent.is_empty() {
                let _ = writeln!(text, "no window in {split}: {}", absent.join(", "));
            }
        }
        for reason in self
            .legal
            .iter()
            .filter_map(|one| one.reason.as_ref().map(|why| (&one.symbol, why)))
        {
            let _ = writeln!(text, "no legal window: {} has {}", reason.0, reason.1);
        }
        if let Some(caveat) = &self.caveat {
            let _ = writeln!(text, "{caveat}");
        }
        text
    }
}

/// `2026-01-31 23:55`, UTC.
fn date(time_ns: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(time_ns)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}
