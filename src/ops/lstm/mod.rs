//! A whole LSTM layer over a sequence in one call.
