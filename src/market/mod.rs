//! Bars: load, check, calendar, gaps, adjust, split, upload, simulate.
