//! Where tensors live: which device, why, and the two doors to it.
//!
//! [`select`] turns a name (`auto`, `cpu`, `cuda:1`, `vulkan:software`) into a [`Selection`] and
//! says why it chose what it chose; [`probe`] is the child process that looks for GPUs, so that a
//! driver that crashes or hangs takes only the child with it; [`transfer`] holds the only two doors
//! between host and device.

mod error;
mod name;
mod select;
mod threads;

pub mod probe;
pub mod transfer;

pub use error::DeviceError;
pub use name::{Api, Request};
pub use select::{Kind, Selection, largest_binding_bytes, nvidia_advice, select};
pub use threads::set_threads;
