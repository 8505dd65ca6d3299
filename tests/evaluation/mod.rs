//! The numbers of evaluation against numpy, pandas, scipy and scikit-learn
//! (`tests/golden/evaluation.py`), simulations with known answers, and cases computed by hand.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "helpers of tests; exact results are compared exactly"
)]

mod backtest;
mod evaluate;
mod interval;
mod report;
mod statistics;
