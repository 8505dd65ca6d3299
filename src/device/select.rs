//! A name becomes an open device, and the choice its reason.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use burn::{backend::DispatchDevice, tensor::Device};

use super::{
    DeviceError,
    name::{Api, Request},
    probe::{self, Adapter, AdapterKind, ProbeFailure},
};

/// What a device computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The host's cores, by the pure Rust backend.
    Cpu,
    /// A GPU.
    Gpu,
    /// The host's cores, by a software GPU driver.
    Software,
}

/// An open device and why it is this one.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The device itself, without autodiff.
    pub device: Device,
    /// The name that asks for exactly this device: `cpu`, `wgpu:0`, `cuda:1`.
    pub name: String,
    /// The adapter's own name, empty for the CPU backend.
    pub adapter: String,
    /// What it computes with.
    pub kind: Kind,
    /// Why it was chosen, in one line.
    pub reason: String,
    /// One more line where the machine could do better with another build.
    pub advice: Option<String>,
}

/// Opens the device that `request` names: `auto`, `cpu`, `cuda[:N]`, `wgpu[:N]`, `vulkan[:N]`,
/// `vulkan:software` or `metal[:N]`.
///
/// `probe` is the executable that looks for GPUs when it is started with [`probe::ARGUMENT`],
/// normally the program itself; without one `auto` takes the CPU, and a GPU by name takes the first
/// that opens. `auto` never takes a software driver. The GPUs of an API are counted from 0,
/// discrete ones first. `cpu` touches no graphics driver.
///
/// ```
/// use emberline::device::{Kind, select};
/// let cpu = select("cpu", None)?;
/// assert_eq!((cpu.name.as_str(), cpu.kind), ("cpu", Kind::Cpu));
/// # Ok::<(), emberline::device::DeviceError>(())
/// ```
/// # Errors
/// [`DeviceError`] if there is no such name, build or device.
pub fn select(request: &str, probe: Option<&Path>) -> Result<Selection, DeviceError> {
    let parsed: Request = request.parse()?;
    match parsed {
        Request::Cpu => Ok(cpu("asked for by name".to_owned())),
        Request::Auto => Ok(auto(probe)),
        Request::Software => {
            compiled(parsed, Api::Vulkan)?;
            let adapter = Adapter {
                name: "software Vulkan driver".to_owned(),
                kind: AdapterKind::Software,
                index: 0,
            };
            let device = open(parsed, Api::Vulkan, &adapter)?;
            Ok(Selection {
                device,
                name: parsed.to_string(),
                adapter: adapter.name,
                kind: Kind::Software,
                reason: "asked for by name; slow, for testing kernels".to_owned(),
                advice: None,
            })
        }
        Request::Gpu { api, index } => by_name(parsed, api, index, probe),
    }
}

fn compiled(request: Request, api: Api) -> Result<(), DeviceError> {
    match api.missing_feature() {
        Some(feature) => Err(DeviceError::NotCompiled {
            request: request.to_string(),
            feature,
        }),
        None => Ok(()),
    }
}

fn cpu(reason: String) -> Selection {
    Selection {
        device: Device::flex(),
        name: "cpu".to_owned(),
        adapter: String::new(),
        kind: Kind::Cpu,
        reason,
        advice: None,
    }
}

fn auto(probe: Option<&Path>) -> Selection {
    let mut selection = match probe {
        None => cpu("no GPU was looked for".to_owned()),
        Some(executable) => [Api::Cuda, Api::Wgpu]
            .into_iter()
            .filter(|api| api.missing_feature().is_none())
            .map(|api| first_gpu(api, executable))
            .reduce(Result::or)
            .unwrap_or_else(|| Err("this build has no GPU backend".to_owned()))
            .unwrap_or_else(cpu),
    };
    if !selection.name.starts_with("cuda") {
        selection.advice = nvidia_advice(Path::new("/"));
    }
    selection
}

/// The first GPU of `api` that opens, or why there is none.
fn first_gpu(api: Api, executable: &Path) -> Result<Selection, String> {
    let adapters =
        probe::list(executable, api, probe::TIMEOUT).map_err(|failure| failure.to_string())?;
    let Some(adapter) = adapters.first().filter(|adapter| !adapter.is_software()) else {
        return Err(none_of(api, &adapters));
    };
    let request = Request::Gpu { api, index: 0 };
    let device = open(request, api, adapter).map_err(|error| error.to_string())?;
    Ok(Selection {
        device,
        name: request.to_string(),
        adapter: adapter.name.clone(),
        kind: Kind::Gpu,
        reason: format!("{}, the first GPU that {} offers", adapter.name, api.name()),
        advice: None,
    })
}

/// Why none of `adapters` is a GPU.
fn none_of(api: Api, adapters: &[Adapter]) -> String {
    match adapters.first() {
        None => format!("{} finds no GPU", api.name()),
        Some(software) => format!(
            "{} finds no GPU, only a software driver ({}), which is slower than the CPU backend",
            api.name(),
            software.name
        ),
    }
}

fn by_name(
    request: Request,
    api: Api,
    index: usize,
    probe: Option<&Path>,
) -> Result<Selection, DeviceError> {
    compiled(request, api)?;
    let missing = |reason: String| DeviceError::Missing {
        request: request.to_string(),
        reason,
    };
    let adapters = match probe {
        Some(executable) => probe::list(executable, api, probe::TIMEOUT)
            .map_err(|failure: ProbeFailure| missing(failure.to_string()))?,
        None => unprobed(index),
    };
    let gpus: Vec<&Adapter> = adapters
        .iter()
        .filter(|adapter| !adapter.is_software())
        .collect();
    let candidates: &[&Adapter] = if probe.is_some() {
        match gpus.get(index) {
            Some(_) => &gpus[index..=index],
            None if gpus.is_empty() => return Err(missing(none_of(api, &adapters))),
            None => {
                let names: Vec<&str> = gpus.iter().map(|gpu| gpu.name.as_str()).collect();
                let (count, names) = (gpus.len(), names.join(", "));
                return Err(missing(format!("there are {count}, from 0: {names}")));
            }
        }
    } else {
        &gpus
    };
    let mut refusal = missing("nothing was found".to_owned());
    for adapter in candidates {
        match open(request, api, adapter) {
            Ok(device) => {
                return Ok(Selection {
                    device,
                    name: request.to_string(),
                    adapter: adapter.name.clone(),
                    kind: Kind::Gpu,
                    reason: "asked for by name".to_owned(),
                    advice: None,
                });
            }
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// What to try for `index` where no child can be asked: each kind in order of preference.
fn unprobed(index: usize) -> Vec<Adapter> {
    [
        AdapterKind::Discrete,
        AdapterKind::Integrated,
        AdapterKind::Virtual,
    ]
    .map(|kind| Adapter {
        name: "GPU".to_owned(),
        kind,
        index,
    })
    .to_vec()
}

/// Devices that are open. A graphics runtime registers each device once per process.
static OPEN: Mutex<Vec<(Api, AdapterKind, usize, Device)>> = Mutex::new(Vec::new());

fn open(request: Request, api: Api, adapter: &Adapter) -> Result<Device, DeviceError> {
    let mut opened = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (api, adapter.kind, adapter.index);
    if let Some((.., device)) = opened.iter().find(|(a, k, i, _)| (*a, *k, *i) == key) {
        return Ok(device.clone());
    }
    let device = match api {
        Api::Cuda => open_cuda(request, adapter),
        Api::Wgpu | Api::Vulkan | Api::Metal => open_wgpu(request, api, adapter),
    }?;
    opened.push((api, adapter.kind, adapter.index, device.clone()));
    Ok(device)
}

#[cfg(feature = "cuda")]
fn open_cuda(request: Request, adapter: &Adapter) -> Result<Device, DeviceError> {
    // Opening is lazy and dies without a driver: ask whether the device is there first. Counting
    // CUDA devices loads one library and opens none of them.
    let count = Device::enumerate(burn::tensor::DeviceType::Cuda).len();
    if adapter.index >= count {
        return Err(DeviceError::Missing {
            request: request.to_string(),
            reason: format!("CUDA finds {count} devices"),
        });
    }
    Ok(Device::cuda(adapter.index))
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(request: Request, _: &Adapter) -> Result<Device, DeviceError> {
    compiled(request, Api::Cuda).map(|()| Device::flex())
}

#[cfg(feature = "wgpu")]
fn open_wgpu(request: Request, api: Api, adapter: &Adapter) -> Result<Device, DeviceError> {
    use burn::tensor::{
        DeviceKind,
        wgpu::{WgpuBackend, WgpuInitError},
    };
    let kind = match adapter.kind {
        AdapterKind::Discrete => DeviceKind::DiscreteGpu(adapter.index),
        AdapterKind::Integrated => DeviceKind::IntegratedGpu(adapter.index),
        AdapterKind::Virtual => DeviceKind::VirtualGpu(adapter.index),
        AdapterKind::Software => DeviceKind::Cpu,
    };
    let graphics_api = match api {
        Api::Vulkan => WgpuBackend::Vulkan,
        Api::Metal => WgpuBackend::Metal,
        Api::Wgpu | Api::Cuda => WgpuBackend::Auto,
    };
    Device::wgpu_options()
        .device_kind(kind)
        .graphics_api(graphics_api)
        .init()
        .map_err(|error| match error {
            WgpuInitError::AdapterUnavailable { message, .. } => DeviceError::Missing {
                request: request.to_string(),
                reason: format!("no adapter ({message})"),
            },
            other => DeviceError::Open {
                request: request.to_string(),
                reason: other.to_string(),
            },
        })
}

#[cfg(not(feature = "wgpu"))]
fn open_wgpu(request: Request, api: Api, _: &Adapter) -> Result<Device, DeviceError> {
    compiled(request, api).map(|()| Device::flex())
}

/// The line that says how to use an NVIDIA GPU fully, if `root` holds its driver's files and this
/// build lacks CUDA. `root` is `/` but for tests.
pub fn nvidia_advice(root: &Path) -> Option<String> {
    let driver = [
        "proc/driver/nvidia/version",
        "dev/nvidiactl",
        "usr/lib/wsl/lib/libcuda.so.1",
    ];
    let present = driver.iter().any(|file| root.join(file).exists());
    (present && !cfg!(feature = "cuda")).then(|| {
        "an NVIDIA driver is here; `cargo build --release --features cuda` makes a build that \
         uses it"
            .to_owned()
    })
}

/// The largest tensor, in bytes, that one kernel argument on `device` can hold.
///
/// On a GPU the driver's limit for one buffer binding, or what 32-bit element indices reach if that
/// is less; on the CPU backend there is none (`usize::MAX`).
///
/// ```
/// use emberline::device::{largest_binding_bytes, select};
/// assert_eq!(largest_binding_bytes(&select("cpu", None)?.device), usize::MAX);
/// # Ok::<(), emberline::device::DeviceError>(())
/// ```
pub fn largest_binding_bytes(device: &Device) -> usize {
    match device.clone().without_autodiff().as_dispatch() {
        #[cfg(any(feature = "wgpu", feature = "cuda"))]
        DispatchDevice::Cube(cube) => {
            let page = cube.client().properties().memory.max_page_size;
            let reachable = 4 * u64::from(u32::MAX);
            usize::try_from(page.min(reachable)).unwrap_or(usize::MAX)
        }
        _ => usize::MAX,
    }
}
