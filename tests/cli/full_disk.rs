//! A disk that is full while a checkpoint is written: the previous one survives.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Program, folder_of_bars, small, weights};

/// A file system of a few hundred kilobytes, taken away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    #[allow(clippy::print_stderr, reason = "a test that could not run says so")]
    fn mount(path: &Path, kilobytes: usize) -> Option<Self> {
        std::fs::create_dir_all(path).expect("a folder");
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(path)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(path.to_owned())),
            other => {
                eprintln!("skipped: a small file system cannot be mounted here ({other:?})");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_fails_the_run_and_keeps_the_last_checkpoint() {
    let program = Program::new();
    folder_of_bars(&program, 300);
    // One checkpoint fits, many do not: keep is large.
    let Some(_disk) = SmallDisk::mount(&program.path("disk"), 160) else {
        return;
    };
    let mut arguments = small(&["train", "--data", "bars", "--run-dir", "disk/run"]);
    arguments.extend([
        "--set",
        "training.epochs=40",
        "--set",
        "checkpoints.keep=1000",
    ]);
    arguments.extend([
        "--set",
        "training.patience=100",
        "--set",
        "training.checkpoint_every=3",
    ]);
    let answer = program.refuse(&arguments, 1, &["disk/run", "space"]);
    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    let run = program.path("disk/run");
    let steps = emberline::checkpoint::steps_in(&run).expect("a run");
    let last = *steps
        .last()
        .expect("a checkpoint was written before the disk was full");
    program.succeed(&["checkpoint", "show", "disk/run/latest"]);

    // With space again, the run goes on from there to the weights of a run that never met the wall.
    std::fs::create_dir(program.path("space")).expect("a folder");
    let copied = Command::new("cp")
        .args(["-a"])
        .arg(&run)
        .arg(program.path("space/run"))
        .status();
    assert!(copied.expect("cp runs").success());
    let answer = program.succeed(&["resume", "space/run"]);
    assert!(
        answer.stderr.contains(&format!("step {last}")),
        "{}",
        answer.stderr
    );
    let position = arguments
        .iter()
        .position(|argument| *argument == "disk/run")
        .expect("the folder");
    arguments[position] = "whole";
    program.succeed(&arguments);
    assert_eq!(
        weights(&program.path("space/run"), "latest"),
        weights(&program.path("whole"), "latest")
    );
}
