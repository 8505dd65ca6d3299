//! Linear recurrences.
