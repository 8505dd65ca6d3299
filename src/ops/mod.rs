//! Tensor maths on the device, without market words: each operation has a CubeCL kernel, a CPU path,
//! a portable tensor path and a float64 oracle that agree in tests.

pub mod gather;
pub mod lstm;
pub mod random;
pub mod rolling;
pub mod scan;
