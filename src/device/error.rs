//! What can go wrong between a device's name and an open device.

/// A device that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No device has such a name.
    #[error("`{request}` names no device")]
    Unknown {
        /// What was asked for.
        request: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// The build lacks the backend.
    #[error("`{request}` is not in this build: it was compiled without the `{feature}` feature")]
    NotCompiled {
        /// What was asked for.
        request: String,
        /// The cargo feature that brings it.
        feature: &'static str,
    },
    /// The machine has no such device.
    #[error("`{request}` is not on this machine: {reason}")]
    Missing {
        /// What was asked for.
        request: String,
        /// What was found instead.
        reason: String,
    },
    /// The driver refused to open the device.
    #[error("`{request}` does not open: {reason}")]
    Open {
        /// What was asked for.
        request: String,
        /// The driver's own words.
        reason: String,
    },
    /// The thread pool was already running, with another number of threads.
    #[error("{requested} threads were asked for, but {running} are already running")]
    Threads {
        /// What was asked for.
        requested: usize,
        /// What there is.
        running: usize,
    },
}

impl DeviceError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown {
                suggestion: Some(name),
                ..
            } => Some(format!(
                "did you mean `{name}`? devices are {}",
                super::name::FORMS
            )),
            Self::Unknown { .. } => Some(format!("devices are {}", super::name::FORMS)),
            Self::NotCompiled { feature, .. } => Some(format!(
                "rebuild with `cargo build --release --features {feature}`, or use `--device auto`"
            )),
            Self::Missing { request, .. } | Self::Open { request, .. } => Some(
                if request.ends_with("software") {
                    "install a software Vulkan driver (Debian: mesa-vulkan-drivers), or use `--device cpu`"
                } else {
                    "use `--device auto` to take the best device there is, or `--device cpu`"
                }
                .to_owned(),
            ),
            Self::Threads { .. } => {
                Some("set the number of threads before anything is computed".to_owned())
            }
        }
    }
}
