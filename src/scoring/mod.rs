//! A checkpoint and bars to forecasts.
