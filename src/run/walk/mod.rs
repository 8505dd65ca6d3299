//! Walk forward: folds one behind the other, several seeds each, in one process over the same resident
//! bars; taken up again run by run.
//!
//! Every run of a walk is a run folder of its own (`fold-<k>/seed-<s>`), trained as `train` would with
//! the fold's dates. What folds and seeds share is computed once: bars and features for all, scaler,
//! windows and baselines for the seeds of a fold.

mod claim;
mod folds;
mod jobs;
mod pooled;

pub use claim::claim_walk;
pub use folds::{Fold, WalkConfig, WalkMode, folds};
pub use jobs::{FoldResult, FoldRun, Walk, WalkEvent, WalkJob, WalkOptions, walk};
pub use pooled::Pooled;
