//! Devices by name, the child that looks for GPUs, and the two counted doors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use burn::tensor::Device;
use emberline::device::{
    Api, DeviceError, Kind, Request, largest_binding_bytes, nvidia_advice,
    probe::{self, AdapterKind, ProbeFailure},
    select, set_threads, transfer,
};

/// The program itself: the real probe.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_emberline"))
}

#[test]
fn names_are_parsed() {
    let gpu = |api, index| Request::Gpu { api, index };
    for (name, request) in [
        ("auto", Request::Auto),
        ("CPU", Request::Cpu),
        ("cuda", gpu(Api::Cuda, 0)),
        ("cuda:2", gpu(Api::Cuda, 2)),
        ("wgpu:1", gpu(Api::Wgpu, 1)),
        ("vulkan:0", gpu(Api::Vulkan, 0)),
        ("metal", gpu(Api::Metal, 0)),
        ("vulkan:software", Request::Software),
    ] {
        assert_eq!(name.parse::<Request>().unwrap(), request, "{name}");
    }
}

#[test]
fn unknown_names_are_refused_with_a_suggestion() {
    for (name, suggestion) in [
        ("cudda", Some("cuda")),
        ("vulcan", Some("vulkan")),
        ("gpu", Some("auto")),
        ("mps", Some("metal")),
        ("llvmpipe", Some("vulkan:software")),
        ("cuda:first", Some("cuda")),
        ("wgpu:-1", Some("wgpu")),
        ("cpu:1", Some("cpu")),
        ("", None),
        ("tpu9000", None),
    ] {
        let error = select(name, None).unwrap_err();
        let DeviceError::Unknown {
            suggestion: got, ..
        } = &error
        else {
            panic!("{name}: {error:?}");
        };
        assert_eq!(got.as_deref(), suggestion, "{name}");
        assert!(error.to_string().contains(name));
        assert!(error.hint().is_some());
    }
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_backend_that_was_not_compiled_names_its_feature() {
    for (name, feature) in [("cuda", "cuda"), ("cuda:1", "cuda"), ("metal", "metal")] {
        let error = select(name, None).unwrap_err();
        assert!(
            matches!(error, DeviceError::NotCompiled { .. }),
            "{error:?}"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains(&format!("--features {feature}"))
        );
    }
}

#[test]
fn cpu_is_flex_and_holds_any_tensor() {
    let cpu = select("cpu", Some(Path::new("/nowhere"))).unwrap();
    assert_eq!(cpu.device, Device::flex());
    assert_eq!(cpu.kind, Kind::Cpu);
    assert_eq!(largest_binding_bytes(&cpu.device.autodiff()), usize::MAX);
}

#[test]
fn auto_never_takes_a_software_driver() {
    let started = Instant::now();
    let auto = select("auto", Some(program())).unwrap();
    assert_ne!(auto.kind, Kind::Software, "{}", auto.reason);
    assert!(!auto.reason.is_empty() && !auto.reason.contains('\n'));
    assert!(started.elapsed() < probe::TIMEOUT);
    for driver in ["llvmpipe", "lavapipe", "SwiftShader"] {
        assert!(!auto.adapter.contains(driver), "{}", auto.adapter);
    }
    // The reason names what the real child said, not that it failed.
    assert!(!auto.reason.contains("child process"), "{}", auto.reason);
}

#[test]
fn a_gpu_that_is_not_there_is_an_error_not_a_panic() {
    let error = select("wgpu:97", Some(program())).unwrap_err();
    assert!(matches!(error, DeviceError::Missing { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("--device auto"));
    let error = select("vulkan:97", None).unwrap_err();
    assert!(matches!(error, DeviceError::Missing { .. }), "{error:?}");
}

#[test]
fn the_software_driver_opens_once_or_says_what_to_install() {
    match (
        select("vulkan:software", None),
        select("vulkan:software", None),
    ) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.kind, Kind::Software);
            assert_eq!(first.device, second.device);
            let limit = largest_binding_bytes(&first.device);
            assert!((1 << 20..usize::MAX).contains(&limit), "{limit}");
        }
        (Err(error), Err(_)) => assert!(error.hint().unwrap().contains("mesa-vulkan-drivers")),
        mixed => panic!("{mixed:?}"),
    }
}

#[test]
fn advice_for_nvidia_machines() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(nvidia_advice(root.path()), None);
    fs::create_dir_all(root.path().join("proc/driver/nvidia")).unwrap();
    fs::write(root.path().join("proc/driver/nvidia/version"), "NVRM").unwrap();
    let advice = nvidia_advice(root.path());
    if cfg!(feature = "cuda") {
        assert_eq!(advice, None);
    } else {
        assert!(advice.unwrap().contains("--features cuda"));
    }
}

#[test]
fn threads_cannot_change_once_they_run() {
    let running = set_threads(0).unwrap();
    assert_eq!(set_threads(running).unwrap(), running);
    let error = set_threads(running + 1).unwrap_err();
    assert!(matches!(error, DeviceError::Threads { .. }), "{error:?}");
}

#[test]
fn both_doors_keep_values_and_count_bytes() {
    let device = Device::flex();
    let before = transfer::traffic();
    let floats = vec![1.5, f32::NAN, -0.0, f32::INFINITY, 3e-42, 7.0];
    let back = transfer::to_host(transfer::upload(floats.clone(), [3, 2], &device));
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&floats));
    let ints = vec![i32::MIN, -1, 0, i32::MAX];
    let back = transfer::to_host_int(transfer::upload_int(ints.clone(), [2, 1, 2], &device));
    assert_eq!(back, ints);
    assert!(transfer::to_host(transfer::upload(vec![], [0, 3], &device)).is_empty());
    // Other tests share the process and the counters.
    let traffic = transfer::traffic().since(before);
    assert!(
        traffic.bytes_up >= 40 && traffic.bytes_down >= 40,
        "{traffic:?}"
    );
}

#[test]
#[should_panic(expected = "5 values for a tensor of shape [2, 3]")]
fn an_upload_of_another_shape_is_a_bug() {
    let _ = transfer::upload(vec![0.0; 5], [2, 3], &Device::flex());
}

/// Fake children: what a broken driver can do to the probe.
#[cfg(unix)]
mod child {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const LLVMPIPE: &str =
        r#"echo '{"name":"llvmpipe (LLVM 15.0.6, 256 bits)","kind":"software","index":0}'"#;

    /// A shell script in the program's place.
    fn fake(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("probe");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn list(script: &str, timeout: Duration) -> Result<Vec<probe::Adapter>, ProbeFailure> {
        let folder = tempfile::tempdir().unwrap();
        // A script that another test's fork still holds open for writing cannot start: try again.
        let path = fake(folder.path(), script);
        loop {
            match probe::list(&path, Api::Wgpu, timeout) {
                Err(ProbeFailure::Start(why)) if why.contains("busy") => {}
                answer => return answer,
            }
        }
    }

    /// What `auto` says with such a child.
    fn auto(script: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = fake(folder.path(), script);
        loop {
            let chosen = select("auto", Some(&path)).unwrap();
            if chosen.reason.contains("busy") {
                continue;
            }
            assert_eq!(chosen.device, Device::flex(), "{}", chosen.reason);
            assert_eq!((chosen.name.as_str(), chosen.kind), ("cpu", Kind::Cpu));
            return chosen.reason;
        }
    }

    #[test]
    fn crash() {
        let reason = auto("kill -SEGV $$");
        assert!(
            reason.contains("crashed") && reason.contains("11"),
            "{reason}"
        );
        let late = format!("{LLVMPIPE}; kill -ABRT $$");
        assert!(matches!(
            list(&late, probe::TIMEOUT),
            Err(ProbeFailure::Crashed(_))
        ));
        assert!(auto("exit 3").contains("crashed"));
    }

    #[test]
    fn hang() {
        let started = Instant::now();
        // The grandchild keeps the pipe open after the child is killed.
        let answer = list("sleep 30", Duration::from_millis(150));
        assert!(matches!(answer, Err(ProbeFailure::Hung(_))), "{answer:?}");
        let answer = list("sleep 30 & exit 0", Duration::from_millis(150));
        assert!(matches!(answer, Err(ProbeFailure::Hung(_))), "{answer:?}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn garbage() {
        for script in [
            "true",
            "echo hello",
            "head -c 100000 /dev/urandom",
            // The line that says that it is done is missing, or does not fit.
            LLVMPIPE,
            r#"echo '{"adapters":1}'"#,
        ] {
            let answer = list(script, probe::TIMEOUT);
            assert!(
                matches!(answer, Err(ProbeFailure::Garbage)),
                "{script}: {answer:?}"
            );
        }
        assert!(auto("echo hello").contains("no answer that can be read"));
    }

    #[test]
    fn nothing_there() {
        assert!(auto(r#"echo '{"adapters":0}'"#).contains("finds no GPU"));
        let reason = select("auto", Some(Path::new("/nowhere/emberline")))
            .unwrap()
            .reason;
        assert!(reason.contains("did not start"), "{reason}");
    }

    #[test]
    fn software_only() {
        let reason = auto(&format!("{LLVMPIPE}; echo '{{\"adapters\":1}}'"));
        assert!(
            reason.contains("only a software driver (llvmpipe"),
            "{reason}"
        );
        // Software by its name, whatever kind it claims.
        let named = r#"echo '{"name":"Microsoft Basic Render Driver","kind":"integrated","index":0}'; echo '{"adapters":1}'"#;
        assert!(auto(named).contains("only a software driver (Microsoft"));
    }

    #[test]
    fn chatter_is_skipped_and_gpus_are_ordered() {
        let script = r#"
echo 'MESA: warning: something'
echo '{"name":"Iris","kind":"integrated","index":0}'
echo '{"name":"llvmpipe","kind":"software","index":0}'
echo '{"name":"Second","kind":"discrete","index":1}'
echo '{"name":"First","kind":"discrete","index":0}'
echo '{"adapters":4}'
echo 'bye'"#;
        let names: Vec<String> = list(script, probe::TIMEOUT)
            .unwrap()
            .into_iter()
            .map(|adapter| adapter.name)
            .collect();
        assert_eq!(names, ["First", "Second", "Iris", "llvmpipe"]);
        let folder = tempfile::tempdir().unwrap();
        let path = fake(folder.path(), script);
        let error = select("wgpu:3", Some(&path)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("there are 3, from 0: First, Second, Iris"),
            "{error}"
        );
    }

    #[test]
    fn the_real_child_answers() {
        let adapters = probe::list(program(), Api::Vulkan, probe::TIMEOUT).unwrap();
        for adapter in adapters {
            assert!(!adapter.name.is_empty());
            assert!(adapter.kind == AdapterKind::Software || !adapter.is_software());
        }
    }
}
