//! Looking for GPUs in a child process.
//!
//! Enumerating graphics drivers loads whatever the machine has installed: a driver may print, take
//! seconds, hang or crash. So the program starts itself again with [`ARGUMENT`], the child
//! enumerates and opens each GPU, prints one JSON line per adapter and one that says that it is
//! done, and whatever happens to it is only a reason in a message.

use std::{
    io::{self, Read, Write},
    path::Path,
    process::{Command, ExitCode, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::name::Api;

/// The hidden first argument that makes the program a probe; `main` calls [`main`] on it.
pub const ARGUMENT: &str = "__probe-devices";

/// How long the child may take before it is killed.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Drivers that run kernels on the CPU, by what they call themselves.
const SOFTWARE: [&str; 7] = [
    "llvmpipe",
    "lavapipe",
    "softpipe",
    "swiftshader",
    "warp",
    "basic render",
    "software",
];

/// What kind of hardware an adapter says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterKind {
    /// A card of its own.
    Discrete,
    /// Part of the CPU's package.
    Integrated,
    /// Passed through by a hypervisor.
    Virtual,
    /// The CPU in disguise.
    Software,
}

/// One adapter that the child found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// What it calls itself.
    pub name: String,
    /// What it is.
    pub kind: AdapterKind,
    /// Which one of its kind, as the runtime counts.
    pub index: usize,
}

impl Adapter {
    /// Whether kernels would run on the CPU, by its kind or by its name.
    pub fn is_software(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        self.kind == AdapterKind::Software || SOFTWARE.iter().any(|word| name.contains(word))
    }
}

/// The child's last line: without it, it did not get to the end.
#[derive(Serialize, Deserialize)]
struct Done {
    adapters: usize,
}

/// The adapters that `executable`, run as a probe, finds on `api`, GPUs in order of preference.
///
/// # Errors
/// One line that says why nothing is known: the child did not start, crashed, hung or printed
/// something else.
pub fn list(executable: &Path, api: Api, timeout: Duration) -> Result<Vec<Adapter>, ProbeFailure> {
    let mut child = Command::new(executable)
        .args([ARGUMENT, api.name()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| ProbeFailure::Start(error.to_string()))?;
    let mut pipe = child
        .stdout
        .take()
        .ok_or_else(|| ProbeFailure::Start("no pipe to the child".to_owned()))?;
    // The reader ends with the pipe. A grandchild that outlives a killed child may hold the pipe
    // open, so the reader is waited for only as long as the child itself.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = pipe.read_to_end(&mut text).map(|_| text);
        let _ = sender.send(read);
    });
    let deadline = Instant::now() + timeout;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                // Errors here mean that it has just ended by itself; it hung all the same.
                let _ = child.kill();
                let _ = child.wait();
                return Err(ProbeFailure::Hung(timeout));
            }
            Err(error) => return Err(ProbeFailure::Start(error.to_string())),
        }
    };
    if !status.success() {
        return Err(ProbeFailure::Crashed(status));
    }
    let text = receiver
        .recv_timeout(Duration::from_secs(1))
        .map_err(|_| ProbeFailure::Hung(timeout))?
        .map_err(|error| ProbeFailure::Start(error.to_string()))?;
    parse(&String::from_utf8_lossy(&text))
}

/// Why the child's answer is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeFailure {
    /// It did not start.
    #[error("the child process that looks for GPUs did not start ({0})")]
    Start(String),
    /// It did not end well.
    #[error("the child process that looks for GPUs crashed ({0}): a broken graphics driver")]
    Crashed(ExitStatus),
    /// It did not end.
    #[error("the child process that looks for GPUs did not answer within {} s", .0.as_secs_f32())]
    Hung(Duration),
    /// It said something else.
    #[error("the child process that looks for GPUs gave no answer that can be read")]
    Garbage,
}

/// Reads the child's lines; a driver's own chatter between them is skipped.
fn parse(text: &str) -> Result<Vec<Adapter>, ProbeFailure> {
    let mut adapters: Vec<Adapter> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let done = text
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str::<Done>(line).ok());
    if done.is_none_or(|done| done.adapters != adapters.len()) {
        return Err(ProbeFailure::Garbage);
    }
    adapters.sort_by_key(|adapter| (adapter.is_software(), adapter.kind, adapter.index));
    Ok(adapters)
}

/// The child's whole life: enumerate the API named by the second argument, print, end.
pub fn main() -> ExitCode {
    let api = match std::env::args().nth(2).as_deref() {
        Some("cuda") => Api::Cuda,
        Some("vulkan") => Api::Vulkan,
        Some("metal") => Api::Metal,
        _ => Api::Wgpu,
    };
    match print(&enumerate(api)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn print(adapters: &[Adapter]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for adapter in adapters {
        writeln!(out, "\n{}", serde_json::to_string(adapter)?)?;
    }
    let done = Done {
        adapters: adapters.len(),
    };
    writeln!(out, "\n{}", serde_json::to_string(&done)?)?;
    out.flush()
}

/// Every adapter on `api`, opened to see that it opens and to learn its name.
fn enumerate(api: Api) -> Vec<Adapter> {
    match api {
        Api::Cuda => enumerate_cuda(),
        Api::Wgpu | Api::Vulkan | Api::Metal => enumerate_wgpu(api),
    }
}

#[cfg(feature = "cuda")]
fn enumerate_cuda() -> Vec<Adapter> {
    use burn::tensor::{Device, DeviceType};
    Device::enumerate(DeviceType::Cuda)
        .iter()
        .enumerate()
        .map(|(index, device)| Adapter {
            name: device
                .identity()
                .map_or_else(|| "NVIDIA GPU".to_owned(), |identity| identity.name),
            kind: AdapterKind::Discrete,
            index,
        })
        .collect()
}

#[cfg(not(feature = "cuda"))]
fn enumerate_cuda() -> Vec<Adapter> {
    Vec::new()
}

#[cfg(feature = "wgpu")]
fn enumerate_wgpu(api: Api) -> Vec<Adapter> {
    use burn::backend::{CubeDevice, WgpuBackend, WgpuDevice, WgpuDeviceKind};
    use burn::tensor::Device;
    let backend = match api {
        Api::Vulkan => WgpuBackend::Vulkan,
        Api::Metal => WgpuBackend::Metal,
        Api::Wgpu | Api::Cuda => WgpuBackend::Auto,
    };
    let seeds = [
        WgpuDeviceKind::DiscreteGpu(0),
        WgpuDeviceKind::IntegratedGpu(0),
        WgpuDeviceKind::VirtualGpu(0),
        WgpuDeviceKind::Cpu,
    ];
    let mut adapters = Vec::new();
    for seed in seeds {
        let seed = CubeDevice::Wgpu(WgpuDevice::new(seed).on(backend));
        for id in CubeDevice::enumerate(seed.to_id()) {
            let device = CubeDevice::from_id(id);
            let CubeDevice::Wgpu(found) = &device else {
                continue;
            };
            let (kind, index) = match found.kind {
                WgpuDeviceKind::DiscreteGpu(index) => (AdapterKind::Discrete, index),
                WgpuDeviceKind::IntegratedGpu(index) => (AdapterKind::Integrated, index),
                WgpuDeviceKind::VirtualGpu(index) => (AdapterKind::Virtual, index),
                WgpuDeviceKind::Cpu => (AdapterKind::Software, 0),
                _ => continue,
            };
            let name = Device::new(device)
                .identity()
                .map_or_else(|| "unnamed".to_owned(), |identity| identity.name);
            adapters.push(Adapter { name, kind, index });
        }
    }
    adapters
}

#[cfg(not(feature = "wgpu"))]
fn enumerate_wgpu(_: Api) -> Vec<Adapter> {
    Vec::new()
}
