//! One step without host sync, and the loop around it.
