//! How often something was found, and where.

use std::path::PathBuf;

use serde::Serialize;

/// Places that a report names per kind of fault.
const EXAMPLES: usize = 5;

/// One place where something is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line; the header is line 1.
    pub row: u64,
    /// The symbol.
    pub symbol: String,
    /// Column and value.
    pub value: String,
}

/// How often something was found, and where first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Rows.
    pub count: u64,
    /// The first few.
    pub examples: Vec<Place>,
}

impl Tally {
    pub(super) fn add(&mut self, place: impl FnOnce() -> Place) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(place());
        }
    }
}
