//! Statistics of the last k bars.
