//! Damaged files: polars panics on some of them. Here a panic while decoding becomes an error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude as pl;

use super::MarketError;

static HOOK: Once = Once::new();
/// Decodes under way in the process.
static DECODING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`; what polars refuses, or panics on, is a file that cannot be decoded.
///
/// # Errors
/// [`MarketError::Decode`].
pub(super) fn decoding<T>(
    path: &Path,
    read: impl FnOnce() -> pl::PolarsResult<T>,
) -> Result<T, MarketError> {
    HOOK.call_once(silence);
    QUIET.set(true);
    DECODING.fetch_add(1, Ordering::Relaxed);
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    DECODING.fetch_sub(1, Ordering::Relaxed);
    QUIET.set(false);
    match result {
        Ok(result) => result.map_err(|error| decode(path, &error)),
        Err(panicked) => Err(MarketError::Decode {
            path: path.to_owned(),
            reason: words(panicked.as_ref()).to_owned(),
        }),
    }
}

pub(super) fn decode(path: &Path, error: &pl::PolarsError) -> MarketError {
    MarketError::Decode {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// Keeps what is said about a panic off stderr where [`decoding`] catches it: in its own thread, and
/// in polars' threads while it waits for them.
fn silence() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let in_polars = || {
            let thread = std::thread::current();
            thread.name().is_some_and(|name| name.starts_with("polars"))
                && DECODING.load(Ordering::Relaxed) > 0
        };
        if !QUIET.get() && !in_polars() {
            before(info);
        }
    }));
}

fn words(panicked: &(dyn Any + Send)) -> &str {
    panicked
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panicked.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("damaged")
}
