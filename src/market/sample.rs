//! The sample that comes with the program: `data/sample.parquet`, embedded.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{
    MarketError,
    simulate::{SignalKind, SimulateConfig},
};

/// Name of the file.
pub const FILE: &str = "sample.parquet";

/// The file's content.
///
/// ```
/// assert_eq!(&emberline::market::sample::bytes()[..4], b"PAR1");
/// ```
pub fn bytes() -> &'static [u8] {
    include_bytes!("../../data/sample.parquet")
}

/// What it was simulated from: `data/README.md` has the command.
pub fn config() -> SimulateConfig {
    SimulateConfig {
        symbols: ["AMBER", "BRASS", "CEDAR", "DUNE", "EMBER", "FLINT"]
            .map(str::to_owned)
            .to_vec(),
        seed: 1,
        signal_ic: 0.1,
        signal_kind: SignalKind::Linear,
        missing: 0.01,
        ..SimulateConfig::default()
    }
}

/// Puts the sample into `folder`, unless it is there already, and returns its path.
///
/// # Errors
/// [`MarketError::Write`] if the system refuses.
pub fn place(folder: &Path) -> Result<PathBuf, MarketError> {
    let path = folder.join(FILE);
    let refused = |source| MarketError::Write {
        path: path.clone(),
        source,
    };
    if std::fs::read(&path).is_ok_and(|found| found == bytes()) {
        return Ok(path);
    }
    std::fs::create_dir_all(folder).map_err(refused)?;
    // Another process may be reading: the whole file takes the place of what is there.
    let partial = folder.join(format!("{FILE}.{}.partial", std::process::id()));
    std::fs::File::create(&partial)
        .and_then(|mut file| file.write_all(bytes()))
        .and_then(|()| std::fs::rename(&partial, &path))
        .map_err(refused)?;
    Ok(path)
}
