//! The whole ways through the crate: prepare, train, resume.
