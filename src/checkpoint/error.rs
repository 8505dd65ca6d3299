//! What can go wrong with a checkpoint, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::Drift;

/// Why a checkpoint could not be written, found, read or used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Nothing is there.
    #[error("no checkpoint at `{}`", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// A folder that is neither a checkpoint nor a run.
    #[error("`{}` is neither a checkpoint nor a run folder with one", path.display())]
    NotACheckpoint {
        /// The folder.
        path: PathBuf,
    },
    /// A file is not what was written.
    #[error("`{}` is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a later build.
    #[error("`{}` has format version {found}, this build reads version {known}", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this build.
        known: u32,
    },
    /// A weight without its optimiser state.
    #[error("the optimiser state has no `{name}`")]
    MissingMoment {
        /// `<path>.moment_1` or `.moment_2`.
        name: String,
    },
    /// Optimiser state that belongs to no weight.
    #[error("the optimiser state has `{name}`, which belongs to no weight")]
    ExtraMoment {
        /// Its name.
        name: String,
    },
    /// Optimiser state of another shape than its weight.
    #[error("`{name}` has shape {found:?}, its weight has {expected:?}")]
    MomentShape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The weight's shape.
        expected: Vec<usize>,
    },
    /// A new run was to be written over an old one.
    #[error("`{}` already holds a run", path.display())]
    Occupied {
        /// The run folder.
        path: PathBuf,
    },
    /// Another process writes to the run folder.
    #[error("`{}` is in use by another process", path.display())]
    InUse {
        /// The run folder.
        path: PathBuf,
    },
    /// The data, the features, the configuration or the code is not what the checkpoint was made with.
    #[error("the checkpoint was made with something else: {}", list(drifts))]
    Drifted {
        /// What differs.
        drifts: Vec<Drift>,
    },
    /// `--allow-drift` names something that does not differ.
    #[error("`{name}` does not differ from the checkpoint, so there is nothing to allow")]
    NoSuchDrift {
        /// The name given.
        name: String,
        /// What does differ.
        known: Vec<String>,
    },
    /// The file system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

fn list(drifts: &[Drift]) -> String {
    let lines: Vec<String> = drifts.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

impl CheckpointError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// The line that says what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => {
                "give a run folder, RUN/best, RUN/step-<n> or a checkpoint folder; `emberline runs list` shows what is there".to_owned()
            }
            Self::NotACheckpoint { .. } => {
                "a checkpoint holds manifest.json, a run folder holds step-<n>/; `emberline runs list` shows what is there".to_owned()
            }
            Self::Damaged { .. } => {
                "`--fallback` takes the checkpoint before this one, or name another RUN/step-<n>".to_owned()
            }
            Self::Format { .. } => "use the build that wrote it, or a later one".to_owned(),
            Self::MissingMoment { .. } | Self::ExtraMoment { .. } | Self::MomentShape { .. } => {
                "the file was not written beside these weights; `--fallback` takes the checkpoint before this one".to_owned()
            }
            Self::Occupied { path } => format!(
                "go on with `emberline resume {}`, or give another --run-dir",
                path.display()
            ),
            Self::InUse { .. } => "wait for the other run, or give another --run-dir".to_owned(),
            Self::Drifted { drifts } => {
                let names: Vec<&str> = drifts.iter().map(|drift| drift.name.as_str()).collect();
                format!("undo the change, or accept it with `--allow-drift {}`", names.join(","))
            }
            Self::NoSuchDrift { known, .. } if known.is_empty() => {
                "nothing differs: leave --allow-drift out".to_owned()
            }
            Self::NoSuchDrift { known, .. } => format!("what differs: {}", known.join(", ")),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space; the checkpoint before this one is whole".to_owned()
                }
                io::ErrorKind::PermissionDenied => "the folder must be writable".to_owned(),
                _ => return None,
            },
        })
    }
}
