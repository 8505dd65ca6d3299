//! Device names: `auto`, `cpu`, `cuda[:N]`, `wgpu[:N]`, `vulkan[:N]`, `vulkan:software`, `metal`.

use std::{fmt, str::FromStr};

use super::DeviceError;

/// Every form a name may take, for messages.
pub(super) const FORMS: &str =
    "auto, cpu, cuda[:N], wgpu[:N], vulkan[:N], vulkan:software and metal[:N]";

/// How a GPU is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// NVIDIA's own.
    Cuda,
    /// Whichever graphics API the machine offers.
    Wgpu,
    /// Vulkan, pinned.
    Vulkan,
    /// Metal, pinned, with native kernels.
    Metal,
}

impl Api {
    /// The name that users write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cuda => "cuda",
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
        }
    }

    /// The cargo feature that brings it, if this build lacks it.
    pub(super) fn missing_feature(self) -> Option<&'static str> {
        let (compiled, feature) = match self {
            Self::Cuda => (cfg!(feature = "cuda"), "cuda"),
            Self::Wgpu | Self::Vulkan => (cfg!(feature = "wgpu"), "wgpu"),
            Self::Metal => (cfg!(feature = "metal"), "metal"),
        };
        (!compiled).then_some(feature)
    }
}

/// A device's name, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The best GPU there is, or the CPU.
    Auto,
    /// The pure Rust CPU backend.
    Cpu,
    /// The `index`-th GPU of an API, software drivers not counted.
    Gpu {
        /// How it is reached.
        api: Api,
        /// Which one, discrete GPUs first.
        index: usize,
    },
    /// Vulkan's software driver: slow, but the kernels' own way.
    Software,
}

impl FromStr for Request {
    type Err = DeviceError;

    /// ```
    /// use emberline::device::{Api, Request};
    /// assert_eq!("cuda:1".parse::<Request>().unwrap(), Request::Gpu { api: Api::Cuda, index: 1 });
    /// assert_eq!("vulkan".parse::<Request>().unwrap(), Request::Gpu { api: Api::Vulkan, index: 0 });
    /// let hint = "cudda".parse::<Request>().unwrap_err().hint().unwrap();
    /// assert!(hint.starts_with("did you mean `cuda`?"));
    /// ```
    fn from_str(request: &str) -> Result<Self, DeviceError> {
        let lower = request.trim().to_ascii_lowercase();
        let unknown = |suggestion: Option<String>| DeviceError::Unknown {
            request: request.to_owned(),
            suggestion,
        };
        let (family, place) = match lower.split_once(':') {
            Some((family, place)) => (family, Some(place)),
            None => (lower.as_str(), None),
        };
        let api = match (family, place) {
            ("auto", None) => return Ok(Self::Auto),
            ("cpu", None | Some("0")) => return Ok(Self::Cpu),
            ("vulkan", Some("software")) => return Ok(Self::Software),
            ("cuda", _) => Api::Cuda,
            ("wgpu", _) => Api::Wgpu,
            ("vulkan", _) => Api::Vulkan,
            ("metal", _) => Api::Metal,
            _ => return Err(unknown(nearest(&lower).or_else(|| nearest(family)))),
        };
        match place.map_or(Ok(0), str::parse) {
            Ok(index) => Ok(Self::Gpu { api, index }),
            Err(_) => Err(unknown(nearest(&lower).or_else(|| nearest(family)))),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Gpu { api, index } => write!(f, "{}:{index}", api.name()),
            Self::Software => write!(f, "vulkan:software"),
        }
    }
}

/// The name nearest to `request`, if one is near enough to be meant; common other names first.
fn nearest(request: &str) -> Option<String> {
    let alias = match request {
        "gpu" | "default" | "any" => Some("auto"),
        "nvidia" => Some("cuda"),
        "mps" | "apple" => Some("metal"),
        "webgpu" => Some("wgpu"),
        "flex" | "host" => Some("cpu"),
        "software" | "llvmpipe" | "lavapipe" => Some("vulkan:software"),
        _ => None,
    };
    alias
        .or_else(|| {
            [
                "auto",
                "cpu",
                "cuda",
                "wgpu",
                "vulkan",
                "vulkan:software",
                "metal",
            ]
            .into_iter()
            .map(|name| (strsim::damerau_levenshtein(request, name), name))
            .min()
            .filter(|(distance, name)| *distance * 2 <= name.len())
            .map(|(_, name)| name)
        })
        .map(str::to_owned)
}
