//! Windows of resident series as a batch.
