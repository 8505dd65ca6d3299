//! The forecaster: LSTM layers, dropout, head and losses.
//!
//! It maps windows `[B, L, F]` to K outputs per horizon `[B, Hn K]`: one forecast, rising quantiles or the
//! logits of three classes, as the loss asks. Weights carry `PyTorch`'s names and
//! layouts, so that a checkpoint loads into `torch.nn.LSTM`, `MultiheadAttention` and `Linear`. Every random number
//! is a function of (seed, place, step). It refuses weights that do not fit the configuration.

mod attention;
mod blocks;
mod config;
mod error;
mod forecaster;
mod loss;
mod outputs;
mod weight;

pub use config::{ForecasterConfig, Head, Outputs};
pub use error::ModelError;
pub use forecaster::Forecaster;
pub use loss::{Criterion, Loss, loss};
pub use weight::Weight;
