//! The forecaster: LSTM layers, dropout, head and losses.
//!
//! It maps windows `[B, L, F]` to one forecast per horizon `[B, Hn]`. Weights carry `PyTorch`'s names and
//! layouts, so that a checkpoint loads into `torch.nn.LSTM` and `torch.nn.Linear`. Every random number
//! is a function of (seed, place, step). It refuses weights that do not fit the configuration.

mod config;
mod error;
mod forecaster;
mod loss;

pub use config::{ForecasterConfig, Head};
pub use error::ModelError;
pub use forecaster::{Forecaster, Weight};
pub use loss::{Loss, loss};
