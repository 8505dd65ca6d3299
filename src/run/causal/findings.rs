//! Numbers side by side: how many were compared, how many moved, and which was the first.

use super::record::{Check, CheckRecord, Violation};

/// When two numbers are the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    is_exact: bool,
}

/// Share of its unit that a number may move on a GPU.
const TOLERANCE: f64 = 1e-5;

impl Near {
    pub(super) fn new(is_exact: bool) -> Self {
        Self { is_exact }
    }

    pub(super) fn tolerance(self) -> f64 {
        if self.is_exact { 0.0 } else { TOLERANCE }
    }

    /// Bit for bit on the CPU, all NaNs alike; elsewhere within a share of the larger of the number and
    /// its unit.
    pub(super) fn same(self, a: f32, b: f32, unit: f32) -> bool {
        if a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) {
            return true;
        }
        let size = f64::from(a.abs().max(unit.abs()));
        !self.is_exact && (f64::from(a) - f64::from(b)).abs() <= TOLERANCE * size
    }
}

/// What a check found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) done: String,
    pub(super) seconds: f64,
    cases: usize,
    violations: usize,
    first: Option<Violation>,
    is_left_out: bool,
}

impl Findings {
    pub(super) fn of(done: impl Into<String>) -> Self {
        Self {
            done: done.into(),
            ..Self::default()
        }
    }

    pub(super) fn not_run(reason: impl std::fmt::Display) -> Self {
        Self {
            done: reason.to_string(),
            is_left_out: true,
            ..Self::default()
        }
    }

    pub(super) fn count(&mut self, cases: usize) {
        self.cases += cases;
    }

    /// A number that moved.
    pub(super) fn leak(&mut self, violation: impl FnOnce() -> Violation) {
        self.violations += 1;
        if self.first.is_none() {
            self.first = Some(violation());
        }
    }

    /// Counts a case, and a leak unless it holds.
    pub(super) fn require(&mut self, holds: bool, violation: impl FnOnce() -> Violation) {
        self.cases += 1;
        if !holds {
            self.leak(violation);
        }
    }

    pub(super) fn record(self, check: Check) -> CheckRecord {
        // nothing compared is nothing shown
        let is_run = !self.is_left_out && self.cases > 0;
        CheckRecord {
            check,
            done: if self.cases == 0 && !self.is_left_out {
                format!("nothing to compare: {}", self.done)
            } else {
                self.done
            },
            cases: self.cases,
            passed: is_run.then_some(self.violations == 0),
            violations: self.violations,
            first: self.first,
            seconds: self.seconds,
        }
    }
}
