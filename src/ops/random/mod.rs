//! Counter-based random numbers (Philox).
