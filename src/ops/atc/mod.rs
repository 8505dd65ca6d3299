//! Adaptive trend classification: 54 moving averages of a series, what following each of them would
//! have earned, and what they say together, weighed by that.
//!
//! ```text
//! per family k of six and length i of nine:
//!   g_i[t] = +1 since the price last crossed the average upwards, -1 since downwards, 0 before
//!   e_i[t] = max(1/4, e_i[t-1] (1 - De') (1 + g_i[t-1] r[t]))     r[t] = return * exp(La' (t - c))
//!   S_k    = sum g_i e_i / sum e_i, to hundredths                   first layer
//!   W_k[t] = the same equity of following S_k                        second layer
//! A = sum cut(S_k) W_k / sum W_k, and the class is A's side of two thresholds
//! ```
//!
//! No average is ever written: only its side counts. The CPU ([`sweep`]) computes in float64 whatever
//! type prices and results have; GPUs run one kernel in float32 ([`Prepared`]). [`Follower`] takes one
//! price at a time, with the CPU's bits. There is no path of Burn's own tensor operations: every bar
//! of every equity needs the one before, which would be a hundred launches a bar, and these two cover
//! every backend.

#[allow(
    clippy::inline_always,
    reason = "vectors must be inlined into a function with their instructions"
)]
#[allow(
    clippy::needless_range_loop,
    reason = "several arrays of nine walk together"
)]
mod cpu;
mod backend;
mod cube;
mod flex;
mod prepared;
mod recipe;
pub mod reference;

pub use cpu::{Follower, Instructions, Latest, Number, Table, classify, sweep, sweep_with};
pub use prepared::Prepared;
pub use recipe::{AdaptiveStart, DoubleStart, Family, Hull, Idle, LENGTHS, Recipe};
