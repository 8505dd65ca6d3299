//! Forecast metrics and the baselines beside them.
