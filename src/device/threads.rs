//! The one thread pool of the host: rayon's, which Burn's CPU backend uses too.

use super::DeviceError;

/// Gives the process's thread pool `count` threads (0: one per core) and returns how many it has.
///
/// To be called once, before anything is computed: a running pool cannot change its size.
///
/// # Errors
/// [`DeviceError::Threads`] if a pool of another size is already running.
pub fn set_threads(count: usize) -> Result<usize, DeviceError> {
    let built = rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global();
    let running = rayon::current_num_threads();
    if built.is_err() && count != 0 && count != running {
        return Err(DeviceError::Threads {
            requested: count,
            running,
        });
    }
    Ok(running)
}
