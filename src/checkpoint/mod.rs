//! Checkpoints: manifest, atomic store, retention, load.
