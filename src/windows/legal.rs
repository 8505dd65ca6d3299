//! Which windows exist: a pure function of the bars' masks and stretches, so that a dry run can
//! count windows without computing a feature.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::targets::cross_sections;
use super::{MIN_CROSS_SECTION, TargetConfig, WindowConfig, WindowError};
use crate::market::{Bars, Series};

/// One window: a symbol and the row of its last bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sample {
    /// Index into [`Bars::series`].
    pub series: u32,
    /// Row of the window's last bar.
    pub last: u32,
}

/// The legal windows, and for each symbol how many there are.
#[derive(Clone, Debug)]
pub struct Legal {
    /// Ordered by symbol, then by time.
    pub samples: Vec<Sample>,
    /// One entry a symbol, in the bars' order.
    pub counts: Vec<SymbolWindows>,
}

/// How many windows a symbol has, and why if none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolWindows {
    /// The symbol.
    pub symbol: String,
    /// Its rows.
    pub bars: usize,
    /// Windows that can be trained on or measured.
    pub windows: usize,
    /// Why there is none.
    pub reason: Option<Reason>,
}

/// Why a symbol has no legal window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Fewer rows than the features' memory, the window and the target take together.
    TooShort {
        /// Rows of the symbol.
        bars: usize,
        /// Rows that one window with its target takes.
        needed: usize,
        /// The features' memory.
        memory: usize,
        /// The window.
        length: usize,
        /// From the window's last bar to the last exit.
        ahead: usize,
    },
    /// Enough rows, but no stretch without a gap is long enough.
    Gaps {
        /// Number of stretches.
        stretches: usize,
        /// The longest of them.
        longest: usize,
        /// Rows that one window with its target takes.
        needed: usize,
    },
    /// Long enough, but nowhere are the last, entry and exit bars all real.
    Filled {
        /// Rows filled in.
        filled: usize,
        /// Rows of the symbol.
        bars: usize,
    },
    /// Windows exist, but at none of their bars do enough symbols meet.
    CrossSection {
        /// Windows before the cross-section was asked for.
        windows: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort {
                bars,
                needed,
                memory,
                length,
                ahead,
            } => write!(
                f,
                "{bars} bars where {needed} are needed (memory {memory} + window {length}, or the volatility's \
                 memory, + {ahead} to the exit)"
            ),
            Self::Gaps {
                stretches,
                longest,
                needed,
            } => write!(
                f,
                "{stretches} stretches between gaps, the longest of {longest} bars where {needed} are needed"
            ),
            Self::Filled { filled, bars } => {
                write!(
                    f,
                    "{filled} of {bars} bars are filled in: last, entry and exit bars are nowhere all real"
                )
            }
            Self::CrossSection { windows } => write!(
                f,
                "at none of its {windows} windows do {MIN_CROSS_SECTION} symbols have a target at the same bar"
            ),
        }
    }
}

/// Rows at which a window may end.
///
/// Row t counts if its stretch holds at least `history_bars` rows up to and including t, if t is
/// real, and if every row t + offset exists, is real and lies in the same stretch.
///
/// - `filled`: whether each row was filled in; empty = none
/// - `segment`: id of each row's gap-free stretch, never falling; empty = one stretch
/// - `offsets`: entry and exit, counted from the window's last bar; empty asks for no target
///
/// # Panics
/// If a mask is neither empty nor `num_bars` long.
///
/// ```
/// use emberline::windows::legal_rows;
///
/// // six bars, the fifth filled in; two bars of history, entry and exit one and two bars on
/// let filled = [false, false, false, false, true, false];
/// assert_eq!(legal_rows(6, &filled, &[], 2, &[1, 2]), [1]);
/// assert_eq!(legal_rows(6, &filled, &[], 2, &[]), [1, 2, 3, 5]);
/// ```
pub fn legal_rows(
    num_bars: usize,
    filled: &[bool],
    segment: &[u32],
    history_bars: usize,
    offsets: &[usize],
) -> Vec<u32> {
    assert!(
        filled.is_empty() || filled.len() == num_bars,
        "{} flags for {num_bars} bars",
        filled.len()
    );
    assert!(
        segment.is_empty() || segment.len() == num_bars,
        "{} ids for {num_bars} bars",
        segment.len()
    );
    let real = |t: usize| filled.is_empty() || !filled[t];
    let stretch = |t: usize| if segment.is_empty() { 0 } else { segment[t] };
    let mut start = 0;
    let mut rows = Vec::new();
    for t in 0..num_bars {
        if stretch(t) != stretch(start) {
            start = t;
        }
        let target = |&offset: &usize| {
            offset < num_bars - t && real(t + offset) && stretch(t + offset) == stretch(t)
        };
        if t - start + 1 >= history_bars && real(t) && offsets.iter().all(target) {
            rows.push(t as u32);
        }
    }
    rows
}

/// Every full window, whether or not its target is known: what `score` forecasts.
///
/// `memory_bars` is the features' memory: the window's first bar has at least that many bars of its
/// stretch before it. The last bar is real. Pass
/// `target.history_bars(memory, length) - length` where forecasts are scaled back by the volatility,
/// whose memory may be the longer one.
pub fn scorable(bars: &Bars, memory_bars: usize, length: usize) -> Vec<Sample> {
    let rows = |series: &Series| {
        legal_rows(
            series.len(),
            &series.filled,
            &series.segment,
            memory_bars.saturating_add(length),
            &[],
        )
    };
    samples(bars, rows)
}

/// Every window that can be learnt from or measured: scorable, and with a real entry and exit bar in
/// the same stretch for every horizon.
///
/// Cross-sectional labels also need [`MIN_CROSS_SECTION`] symbols with a target at the same bar.
///
/// # Errors
/// [`WindowError::Setting`] if a setting is out of bounds; [`WindowError::TooFewSymbols`] if a
/// cross-sectional label is asked of fewer symbols. No window at all is not an error here: see
/// [`Legal::require`].
pub fn legal(
    bars: &Bars,
    memory_bars: usize,
    windows: &WindowConfig,
    target: &TargetConfig,
) -> Result<Legal, WindowError> {
    windows.validate()?;
    target.validate()?;
    let history = target.history_bars(memory_bars, windows.length);
    let offsets = offsets(target);
    let rows = |series: &Series| {
        legal_rows(
            series.len(),
            &series.filled,
            &series.segment,
            history,
            &offsets,
        )
    };
    let mut found = samples(bars, rows);
    let before = count(bars, &found);
    if target.normalise.is_cross_sectional() {
        if bars.series.len() < MIN_CROSS_SECTION {
            return Err(WindowError::TooFewSymbols {
                normalise: target.normalise,
                found: bars.series.len(),
            });
        }
        let mut meets: Vec<Sample> = cross_sections(bars, target).into_iter().flatten().collect();
        meets.sort_unstable();
        found.retain(|sample| meets.binary_search(sample).is_ok());
    }
    let after = count(bars, &found);
    let ahead = target.longest_exit_offset_bars();
    let counts = bars
        .series
        .iter()
        .enumerate()
        .map(|(index, series)| {
            let reason = (after[index] == 0).then(|| {
                if before[index] > 0 {
                    Reason::CrossSection {
                        windows: before[index],
                    }
                } else {
                    reason(series, history, memory_bars, windows.length, ahead)
                }
            });
            SymbolWindows {
                symbol: series.symbol.clone(),
                bars: series.len(),
                windows: after[index],
                reason,
            }
        })
        .collect();
    Ok(Legal {
        samples: found,
        counts,
    })
}

impl Legal {
    /// Itself, if there is a window at all.
    ///
    /// # Errors
    /// [`WindowError::NoWindows`] with the count and the reason of each symbol.
    pub fn require(self) -> Result<Self, WindowError> {
        if self.samples.is_empty() {
            Err(WindowError::NoWindows {
                counts: self.counts,
            })
        } else {
            Ok(self)
        }
    }
}

/// Entry and exits of all horizons, from the window's last bar.
pub(super) fn offsets(target: &TargetConfig) -> Vec<usize> {
    let exits = target
        .horizons
        .iter()
        .map(|&horizon| target.exit_offset_bars(horizon));
    std::iter::once(target.entry_offset_bars())
        .chain(exits)
        .collect()
}

pub(super) fn samples(bars: &Bars, rows: impl Fn(&Series) -> Vec<u32>) -> Vec<Sample> {
    let of = |(index, series)| {
        rows(series).into_iter().map(move |last| Sample {
            series: index as u32,
            last,
        })
    };
    bars.series.iter().enumerate().flat_map(of).collect()
}

pub(super) fn count(bars: &Bars, samples: &[Sample]) -> Vec<usize> {
    let mut counts = vec![0; bars.series.len()];
    for sample in samples {
        counts[sample.series as usize] += 1;
    }
    counts
}

fn reason(series: &Series, history: usize, memory: usize, length: usize, ahead: usize) -> Reason {
    let bars = series.len();
    let needed = history.saturating_add(ahead);
    if bars < needed {
        return Reason::TooShort {
            bars,
            needed,
            memory,
            length,
            ahead,
        };
    }
    let stretches: Vec<usize> = if series.segment.is_empty() {
        vec![bars]
    } else {
        series
            .segment
            .chunk_by(|a, b| a == b)
            .map(<[u32]>::len)
            .collect()
    };
    let longest = stretches.iter().copied().max().unwrap_or(0);
    if longest < needed {
        return Reason::Gaps {
            stretches: stretches.len(),
            longest,
            needed,
        };
    }
    Reason::Filled {
        filled: series.filled.iter().filter(|&&filled| filled).count(),
        bars,
    }
}
