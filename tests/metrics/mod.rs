//! Metrics against scipy, pandas, statsmodels and scikit-learn (`tests/golden/metrics.py`), and the
//! table that is printed.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_sign_loss,
    reason = "helpers of tests; exact results are compared exactly; small counts"
)]

mod golden;
mod report;
mod trees;
