//! A universe that is not held in memory at once: files are read a few at a time, the next ones while
//! these are classified.

use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use crate::market::{Bars, DataConfig, GapPolicy, MarketError, load, table_files};

/// What a stream took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StreamTimes {
    /// From the first file to the last result.
    pub elapsed_s: f64,
    /// Of it, what the reader worked.
    pub reading_s: f64,
    /// Of it, what the caller worked on chunks.
    pub working_s: f64,
}

/// Reads the folder that `config` names `num_files` files at a time and gives each chunk's bars to
/// `work`, one chunk after the other; the next chunk is read meanwhile, on a thread of its own.
///
/// At most three chunks are in memory: one at work, one waiting, one being read. Symbols keep the
/// order of their files. A file is checked by itself, so files may have different intervals.
///
/// # Errors
/// The first of the reader or of `work`.
pub fn stream<E: From<MarketError>>(
    config: &DataConfig,
    num_files: usize,
    mut work: impl FnMut(Bars) -> Result<(), E>,
) -> Result<StreamTimes, E> {
    let path = config.path.as_deref().ok_or(MarketError::NoPath)?;
    let files = table_files(path)?;
    let start = Instant::now();
    let mut times = StreamTimes::default();
    let result = std::thread::scope(|scope| {
        let (sender, chunks) = sync_channel(1);
        let reader = scope.spawn(move || {
            let mut reading_s = 0.0;
            for files in files.chunks(num_files.max(1)) {
                let start = Instant::now();
                let chunk = read(config, files);
                reading_s += start.elapsed().as_secs_f64();
                let failed = chunk.is_err();
                // The caller that failed hears no more.
                if sender.send(chunk).is_err() || failed {
                    break;
                }
            }
            reading_s
        });
        let mut result = Ok(());
        for chunk in chunks {
            let start = Instant::now();
            result = chunk.map_err(E::from).and_then(&mut work);
            times.working_s += start.elapsed().as_secs_f64();
            if result.is_err() {
                break;
            }
        }
        times.reading_s = reader.join().unwrap_or_default();
        result
    });
    result?;
    times.elapsed_s = start.elapsed().as_secs_f64();
    Ok(times)
}

/// The bars of some files; what is said of all is said of the first.
fn read(config: &DataConfig, files: &[PathBuf]) -> Result<Bars, MarketError> {
    let of = |file: &Path| {
        let config = DataConfig {
            path: Some(file.to_owned()),
            ..config.clone()
        };
        load(&config, Some(GapPolicy::Ignore))
    };
    let mut all: Option<Bars> = None;
    for file in files {
        let bars = of(file)?;
        match &mut all {
            Some(all) => all.series.extend(bars.series),
            None => all = Some(bars),
        }
    }
    all.ok_or(MarketError::NoPath)
}
