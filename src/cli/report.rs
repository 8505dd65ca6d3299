//! Errors: what, why with the offending value, one hint; and the exit codes.
//!
//! 0 done, 1 the run failed, 2 usage, configuration or input refused, 3 a check found what `train`
//! would refuse, 130 / 143 interrupted with a checkpoint.

use std::error::Error;
use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use emberline::checkpoint::CheckpointError;
use emberline::device::DeviceError;
use emberline::features::FeatureError;
use emberline::market::MarketError;
use emberline::model::ModelError;
use emberline::run::RunError;
use emberline::scoring::ScoreError;
use emberline::training::TrainingError;
use emberline::trend::TrendError;
use emberline::windows::WindowError;

use super::say;

/// The run failed: not the user's input.
pub(crate) const FAILED: u8 = 1;
/// Usage, configuration or input refused.
pub(crate) const REFUSED: u8 = 2;
/// A check found what `train` would refuse.
pub(crate) const FOUND: u8 = 3;

/// An error of the command line itself: input refused, with a hint of its own.
#[derive(Debug)]
pub(crate) struct Refused {
    why: String,
    hint: Option<String>,
}

/// Input refused, for a reason that no storey of the library knows.
pub(crate) fn refused(why: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Refused {
        why: why.into(),
        hint: Some(hint.into()),
    })
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.why)
    }
}

impl Error for Refused {}

/// Prints clap's message: help and version on stdout with 0, errors on stderr with 2.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    if error.use_stderr() {
        ExitCode::from(REFUSED)
    } else if printed.is_err() {
        ExitCode::from(FAILED)
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints an error in three lines and picks the exit code.
///
/// `failed` says what did not happen; the chain of causes is the why.
pub(crate) fn error(failed: &str, error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let (red, reset) = if say::is_fancy() {
        ("\u{1b}[1;31m", "\u{1b}[0m")
    } else {
        ("", "")
    };
    let mut text = format!("{red}error{reset}: {failed}\n  why: {}\n", why(error));
    if let Some(hint) = hint(error) {
        text.push_str("  hint: ");
        text.push_str(&hint);
        text.push('\n');
    }
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    ExitCode::from(exit_code(error))
}

/// The chain of causes on one line, a cause that its parent already quotes left out.
fn why(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        let cause = cause.trim().replace('\n', "; ");
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(hint_of)
}

/// The hint of an error of ours.
fn hint_of(cause: &(dyn Error + 'static)) -> Option<String> {
    macro_rules! first {
        ($($type:ty),+) => {
            $(if let Some(error) = cause.downcast_ref::<$type>() {
                return error.hint();
            })+
        };
    }
    if let Some(refused) = cause.downcast_ref::<Refused>() {
        return refused.hint.clone();
    }
    first!(
        RunError,
        ScoreError,
        TrainingError,
        CheckpointError,
        WindowError,
        FeatureError,
        TrendError,
        ModelError,
        MarketError,
        DeviceError
    );
    None
}

/// 2 for what the user can put right, 1 for a run that failed. The first cause of ours decides.
fn exit_code(error: &anyhow::Error) -> u8 {
    let is_refusal = error.chain().find_map(is_refusal).unwrap_or(false);
    if is_refusal { REFUSED } else { FAILED }
}

fn is_refusal(cause: &(dyn Error + 'static)) -> Option<bool> {
    if let Some(error) = cause.downcast_ref::<RunError>() {
        return Some(error.is_refusal());
    }
    if let Some(error) = cause.downcast_ref::<ScoreError>() {
        return Some(error.is_refusal());
    }
    if let Some(error) = cause.downcast_ref::<TrainingError>() {
        return Some(error.is_refusal());
    }
    if let Some(error) = cause.downcast_ref::<CheckpointError>() {
        return Some(!matches!(error, CheckpointError::Io { .. }));
    }
    if let Some(error) = cause.downcast_ref::<MarketError>() {
        return Some(!matches!(error, MarketError::Write { .. }));
    }
    let refused = cause.is::<Refused>()
        || cause.is::<WindowError>()
        || cause.is::<FeatureError>()
        || cause.is::<TrendError>()
        || cause.is::<ModelError>()
        || cause.is::<DeviceError>();
    refused.then_some(true)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}
