//! The way back from a bar to its row, for messages about what shows only once all rows are read.

use std::path::PathBuf;

use super::source::TableFile;
use super::times::{Moment, ZoneClock};

/// Finds the row of a symbol's bar again, for a message.
pub(super) fn locate(
    files: &[TableFile],
    zone: chrono_tz::Tz,
    symbol: &str,
    time: i64,
) -> Option<(PathBuf, u64)> {
    let mut clock = ZoneClock::new(zone);
    let mut found = None;
    for file in files {
        let mut before = None;
        // What cannot be read was reported when the file was loaded.
        let _ = file.read(&mut |batch| {
            for row in 0..batch.len() {
                let name = if batch.has_symbols() {
                    batch.symbol(row)
                } else {
                    Some(file.stem.as_str())
                };
                if found.is_some() || name != Some(symbol) {
                    continue;
                }
                let here = match batch.moment(row) {
                    Some(Moment::Instant(time) | Moment::Label(time)) => Some(time),
                    Some(Moment::Wall(wall)) if wall == time => Some(wall),
                    Some(Moment::Wall(wall)) => clock.instant(wall, before),
                    None => None,
                };
                before = here.or(before);
                if here == Some(time) {
                    found = Some((file.path.clone(), batch.line(row)));
                }
            }
            Ok(())
        });
        if found.is_some() {
            break;
        }
    }
    found
}
