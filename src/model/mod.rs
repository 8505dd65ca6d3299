//! The forecaster: recurrent stack, head, losses.
