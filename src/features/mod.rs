//! Indicators: the catalogue, feature sets, transforms, the scaler.
