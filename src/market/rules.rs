//! How rows become series: which are kept, and what happens to the wrong ones.

use super::Stamp;

/// What happens to a row that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFault {
    /// The load ends with an error.
    Refuse,
    /// The row is repaired and counted.
    Repair,
    /// As `Repair`, and files that cannot be read are counted too.
    Report,
}

/// Which bars of a file are kept, by their open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// First instant, and first date for bars that are labelled by date.
    pub(super) from: (i64, i64),
    /// Last instant and last date.
    pub(super) to: (i64, i64),
}

impl Span {
    pub(super) const ALL: Self = Self {
        from: (i64::MIN, i64::MIN),
        to: (i64::MAX, i64::MAX),
    };

    pub(super) fn holds(&self, time: i64, label: bool) -> bool {
        if label {
            self.from.1 <= time && time <= self.to.1
        } else {
            self.from.0 <= time && time <= self.to.0
        }
    }
}

/// How rows become series.
pub(super) struct Rules {
    pub(super) on_fault: OnFault,
    pub(super) zone: chrono_tz::Tz,
    pub(super) stamp: Stamp,
    pub(super) span: Span,
    pub(super) adjusted: Option<bool>,
    /// Upper-case symbols to keep; empty keeps all.
    pub(super) symbols: Vec<String>,
}
