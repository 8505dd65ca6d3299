//! Legal windows, targets and the seeded loader.
