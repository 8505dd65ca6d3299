//! Checkpoints: everything a run needs to go on, or a forecast needs to be made, in one folder.
//!
//! A run folder holds `config.toml`, `log.jsonl`, `loss.svg`, one folder `step-<n>/` per checkpoint
//! and the relative links `latest` and `best`. A checkpoint folder holds
//!
//! - `manifest.json`: [`Manifest`], with the SHA-256 of every file and of itself;
//! - `model.safetensors`: the weights under `PyTorch`'s names;
//! - `optimizer.safetensors`: `<path of the weight>.moment_1` and `.moment_2`.
//!
//! [`Store`] writes them so that a crash at any byte leaves the previous one whole, and refuses to
//! read a file whose hash differs. Weights come from and go to the host here; which device they live
//! on is the caller's business.

mod drift;
mod error;
mod files;
mod manifest;
mod resolve;
mod store;

pub use drift::{Drift, compare, refuse};
pub use error::CheckpointError;
pub use files::{Checkpoint, Disk, Moments, NamedTensor, Synced, load, load_or_previous};
pub use manifest::{
    Accumulators, Best, DataRecord, EpochRecord, FORMAT_VERSION, FeatureRecord, Manifest, Number,
    Numbers, State,
};
pub use resolve::{Want, resolve, run_folder_of, steps_in};
pub use store::Store;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(crate) const MOMENTS: &str = "optimizer.safetensors";
