//! What can go wrong before the first batch.

use super::{MIN_CROSS_SECTION, Normalise, Split, SymbolWindows};
use crate::market;

/// Windows, targets or splits that cannot be had from these bars with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// A setting is out of its bounds.
    #[error("`{key}` is {value}: {rule}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A cross-sectional label needs more symbols.
    #[error(
        "`target.normalise` compares symbols at the same bar ({normalise:?}): {found} symbols, at least \
         {MIN_CROSS_SECTION} needed"
    )]
    TooFewSymbols {
        /// The label asked for.
        normalise: Normalise,
        /// Symbols loaded.
        found: usize,
    },
    /// No symbol has a legal window.
    #[error("no legal window in {} symbols: {}", .counts.len(), list(.counts))]
    NoWindows {
        /// The count and the reason of each symbol.
        counts: Vec<SymbolWindows>,
    },
    /// There are legal windows, but a split that is needed has none.
    #[error(
        "the {split} split has no window: of {legal} legal windows {in_split} end in it, {purged} of them purged"
    )]
    EmptySplit {
        /// The split.
        split: Split,
        /// Legal windows in all.
        legal: usize,
        /// Legal windows whose last bar lies in the split.
        in_split: usize,
        /// Those of them whose target ends in the next split.
        purged: usize,
    },
    /// The cut times cannot be had.
    #[error("the bars cannot be split")]
    Cuts(#[source] market::MarketError),
}

impl WindowError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Setting { key, .. } => format!("set it with --set {key}=VALUE or in the configuration file"),
            Self::TooFewSymbols { .. } => {
                "load more symbols, or use --set target.normalise=volatility".to_owned()
            }
            Self::NoWindows { .. } => {
                "load more history, or lower windows.length, target.horizons or the features' periods \
                 (`indicators show NAME` prints each memory)"
                    .to_owned()
            }
            Self::EmptySplit { purged, .. } if *purged > 0 => {
                "shorten target.horizons or widen the split (splits.*): a target may not end in the next split"
                    .to_owned()
            }
            Self::EmptySplit { .. } => "widen the split (splits.*) or load more history".to_owned(),
            Self::Cuts(cause) => return cause.hint(),
        })
    }
}

/// `AAA: reason; BBB: reason`, at most eight symbols.
fn list(counts: &[SymbolWindows]) -> String {
    const SHOWN: usize = 8;
    let mut parts: Vec<String> = counts
        .iter()
        .take(SHOWN)
        .map(|count| match &count.reason {
            Some(reason) => format!("{} has 0, {reason}", count.symbol),
            None => format!("{} has {}", count.symbol, count.windows),
        })
        .collect();
    if counts.len() > SHOWN {
        parts.push(format!("and {} more", counts.len() - SHOWN));
    }
    parts.join("; ")
}
