//! Stopping a run from outside: the first SIGINT or SIGTERM asks, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Installs the handlers and returns the flag that the loop looks at: 0, or the signal's number.
///
/// After the first signal the loop finishes its step, writes a checkpoint and returns; a second
/// one, of either kind, ends the process at once with 128 + its number.
///
/// # Errors
/// What the operating system says.
pub fn install() -> io::Result<Arc<AtomicUsize>> {
    let flag = Arc::new(AtomicUsize::new(0));
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Handlers run in the order of their registration: the one that ends the process comes
        // before the one that arms it.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
        flag::register_usize(signal, Arc::clone(&flag), signal.unsigned_abs() as usize)?;
    }
    Ok(flag)
}

/// The signal that asked for an end.
pub fn asked(flag: &AtomicUsize) -> Option<i32> {
    match flag.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(signal as i32),
    }
}
