//! Where tensors live: which device, why, and the two doors to it.
