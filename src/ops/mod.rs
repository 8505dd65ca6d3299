//! Tensor maths on the device, without market words: each operation has a CubeCL kernel, a CPU path,
//! a portable tensor path and a float64 oracle that agree in tests.
//!
//! The kernels and CPU paths are float32; other types are refused. On CUDA, Metal, Vulkan and
//! WebGPU devices the kernels in `cube.rs` run, on the CPU device the loops in `flex.rs`.

pub mod adamw;
pub mod atc;
mod backend;
mod compensated;
pub mod gather;
pub mod lstm;
pub mod random;
pub mod recur;
pub mod rolling;
pub mod rows;
pub mod running;
pub mod scan;
pub mod trailing;
