//! What a proof found, for people and for programs.

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::ProofOptions;

/// What a proof looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Open and close lie between low and high: prices of a bar are adjusted together or not at all.
    WholeBars,
    /// Every target ends before the next split starts, at one instant for all symbols.
    Splits,
    /// Labels are what the bars after the window say, from the entry that the configuration names.
    Labels,
    /// Other bars after t, or none, change no feature, no scaled input and no forecast up to t.
    LaterBars,
    /// Scoring the bars up to t gives what scoring all bars gives at t.
    CutOff,
    /// Other bars in the test span change no weight, no scaler and no validation number.
    TestRows,
    /// Other bars behind the training span change no weight and no scaler.
    ValidationRows,
    /// A model trained on shuffled labels has no skill.
    ShuffledTargets,
}

impl Check {
    /// All, the quick ones first.
    pub const ALL: [Self; 8] = [
        Self::WholeBars,
        Self::Splits,
        Self::Labels,
        Self::LaterBars,
        Self::CutOff,
        Self::TestRows,
        Self::ValidationRows,
        Self::ShuffledTargets,
    ];
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::WholeBars => "whole bars",
            Self::Splits => "splits",
            Self::Labels => "labels",
            Self::LaterBars => "later bars",
            Self::CutOff => "cut-off scores",
            Self::TestRows => "test rows",
            Self::ValidationRows => "validation rows",
            Self::ShuffledTargets => "shuffled targets",
        })
    }
}

/// What no experiment on the bars alone can show.
pub const CANNOT_SEE: [&str; 6] = [
    "wrong stamps in the file: bars stamped by their close but read as opens hold an interval of future",
    "survivorship: symbols that are in the file because they did well later",
    "prices restated or adjusted before they were written to the file with what was known only later",
    "late data: values that came to you after the bar's close",
    "a test span looked at many times: the best of many tries is luck (see the test ledger)",
    "what you knew of these years when you chose features, horizon and model",
];

/// The first number that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The symbol, where it is of one.
    pub symbol: Option<String>,
    /// Open of the bar, UTC, where it is of one.
    pub bar: Option<String>,
    /// Which number: `feature RSI_14`, `forecast_12`, `weight head.0.bias[3]`.
    pub what: String,
    /// What it has to be.
    pub expected: Option<f64>,
    /// What it is.
    pub found: Option<f64>,
    /// What was done, or which rule is broken.
    pub because: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = [self.symbol.as_deref(), self.bar.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        if !place.is_empty() {
            place.push_str(": ");
        }
        let number =
            |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |v| format!("{v:?}"));
        write!(f, "{place}{}", self.what)?;
        if self.expected.is_some() || self.found.is_some() {
            write!(
                f,
                " is {}, not {}",
                number(self.found),
                number(self.expected)
            )?;
        }
        write!(f, ", {}", self.because)
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// Which.
    pub check: Check,
    /// What was done, in a sentence.
    pub done: String,
    /// Numbers compared.
    pub cases: usize,
    /// Whether it holds; none if it was not run, and then `done` says why.
    pub passed: Option<bool>,
    /// Numbers that moved.
    pub violations: usize,
    /// The first of them.
    pub first: Option<Violation>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// What every check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Where features and forecasts were computed.
    pub device: String,
    /// 0 for bit for bit, else the share of its unit that a number may move.
    pub tolerance: f64,
    /// Symbols looked at.
    pub symbols: usize,
    /// Bars looked at.
    pub bars: usize,
    /// How much was tried.
    pub options: ProofOptions,
    /// In the order of [`Check::ALL`].
    pub checks: Vec<CheckRecord>,
    /// [`CANNOT_SEE`].
    pub cannot_see: Vec<String>,
}

impl Proof {
    /// Whether no check found a leak. Checks that were not run do not count.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.passed != Some(false))
    }

    /// The checks that found a leak.
    pub fn leaks(&self) -> Vec<Check> {
        self.checks
            .iter()
            .filter(|check| check.passed == Some(false))
            .map(|check| check.check)
            .collect()
    }

    /// What one check found, if it was asked for.
    pub fn record(&self, check: Check) -> Option<&CheckRecord> {
        self.checks.iter().find(|record| record.check == check)
    }

    /// A line or two for every check, what cannot be seen, and the verdict.
    pub fn text(&self) -> String {
        let equal = if self.tolerance > 0.0 {
            format!("to {:e} of their unit", self.tolerance)
        } else {
            "bit for bit".to_owned()
        };
        let mut text = format!(
            "Does anything look ahead? {} bars of {} symbols, on {}, numbers equal {equal}\n\n",
            self.bars, self.symbols, self.device
        );
        for record in &self.checks {
            let verdict = match record.passed {
                Some(true) => "holds",
                Some(false) => "LEAKS",
                None => "not run",
            };
            let _ = writeln!(
                text,
                "{verdict:<8} {:<17} {} ({} numbers, {:.1} s)",
                record.check, record.done, record.cases, record.seconds
            );
            if let Some(first) = &record.first {
                let _ = writeln!(text, "{:<26} {first}", "");
                if record.violations > 1 {
                    let _ = writeln!(text, "{:<26} and {} more", "", record.violations - 1);
                }
            }
        }
        text.push_str("\nWhat this cannot see:\n");
        for line in &self.cannot_see {
            let _ = writeln!(text, "- {line}");
        }
        let count = |passed| {
            let same = self.checks.iter().filter(|record| record.passed == passed);
            same.count()
        };
        let _ = writeln!(
            text,
            "\n{} hold, {} leak, {} not run",
            count(Some(true)),
            count(Some(false)),
            count(None)
        );
        text
    }
}
