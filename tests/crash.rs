//! Checkpoints on full disks and in processes that end at any point.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;

use emberline::checkpoint::{CheckpointError, Disk, Store, Synced, Want, load, resolve};

use super::checkpoint::{entries, manifest, moments, save, weights};

/// A disk that is full after so many bytes: the file it fails on is cut there.
struct Full {
    left: Rc<Cell<usize>>,
}

impl Disk for Full {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let fits = bytes.len().min(self.left.get());
        self.left.set(self.left.get() - fits);
        Synced.write(path, &bytes[..fits])?;
        if fits < bytes.len() {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }
}

/// Opens a folder that was in use until just now: a process that another test starts holds the lock
/// with its copy of the handle until it runs its own program.
fn open(run: &Path) -> Store {
    for _ in 0..100 {
        match Store::open(run, 3) {
            Err(CheckpointError::InUse { .. }) => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            other => return other.unwrap(),
        }
    }
    panic!("`{}` is still in use after two seconds", run.display())
}

#[test]
fn a_disk_that_fills_at_any_byte_leaves_the_previous_one() {
    let folder = tempfile::tempdir().unwrap();
    save(&Store::create(folder.path(), 3).unwrap(), 7);
    let left = Rc::new(Cell::new(0));
    let store = Store::open(folder.path(), 3)
        .unwrap()
        .with_disk(Box::new(Full {
            left: Rc::clone(&left),
        }));
    let mut refused = 0;
    for room in (0..).step_by(97) {
        left.set(room);
        match store.save(&manifest(8), &weights(), &moments()) {
            Err(error) => {
                assert!(error.hint().unwrap().contains("free some space"), "{error}");
                assert_eq!(
                    entries(folder.path()),
                    ["latest", "step-7"],
                    "after {room} bytes"
                );
                assert_eq!(
                    load(&folder.path().join("latest"))
                        .unwrap()
                        .manifest
                        .state
                        .step,
                    7
                );
                refused += 1;
            }
            Ok(_) => break,
        }
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(
        load(&folder.path().join("latest"))
            .unwrap()
            .manifest
            .state
            .step,
        8
    );
}

/// What a kill leaves, at every point between two acts of `save`.
#[test]
fn a_crash_at_any_point_leaves_the_previous_one_and_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let whole = tempfile::tempdir().unwrap();
    save(&Store::create(folder.path(), 3).unwrap(), 7);
    let other = Store::create(whole.path(), 3).unwrap();
    save(&other, 8);
    let run = folder.path();
    let temporary = run.join(".tmp-step-8");
    for name in [
        "",
        "model.safetensors",
        "optimizer.safetensors",
        "manifest.json",
    ] {
        for part in [0, 1, 2] {
            // Everything up to a half, then the whole of this file.
            fs::create_dir_all(&temporary).unwrap();
            if !name.is_empty() {
                let bytes = fs::read(other.folder_of(8).join(name)).unwrap();
                fs::write(temporary.join(name), &bytes[..bytes.len() * part / 2]).unwrap();
            }
            assert_eq!(
                load(&resolve(run, Want::Latest).unwrap())
                    .unwrap()
                    .manifest
                    .state
                    .step,
                7
            );
        }
        drop(open(run));
        assert_eq!(entries(run), ["latest", "step-7"]);
    }
    // Renamed, but the link not yet moved: the newest is the newest.
    fs::rename(other.folder_of(8), run.join("step-8")).unwrap();
    std::os::unix::fs::symlink("step-8", run.join(".tmp-latest")).unwrap();
    let store = open(run);
    let newest = load(&resolve(run, Want::Latest).unwrap()).unwrap();
    assert_eq!(newest.manifest.state.step, 8);
    store.rewind(&newest.manifest).unwrap();
    assert_eq!(
        fs::read_link(run.join("latest")).unwrap(),
        Path::new("step-8")
    );
    drop(store);
    // Between the two renames of a checkpoint that replaces its like.
    fs::rename(run.join("step-8"), run.join(".tmp-replaced-step-8")).unwrap();
    drop(open(run));
    assert_eq!(load(&run.join("latest")).unwrap().manifest.state.step, 8);
    // After both, before the old one is gone.
    fs::create_dir(run.join(".tmp-replaced-step-8")).unwrap();
    // In the middle of removing an old one.
    fs::create_dir(run.join(".tmp-removed-step-3")).unwrap();
    drop(open(run));
    assert_eq!(entries(run), ["latest", "step-7", "step-8"]);
}
