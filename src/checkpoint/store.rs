//! A run folder, written so that a crash at any byte leaves the previous checkpoint whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::files::{sync_folder, write_folder};
use super::resolve::{follow, step_of, steps_in};
use super::{CheckpointError, Disk, Manifest, Moments, NamedTensor, Synced};

/// Everything under this prefix is unfinished: swept when the run folder is next opened.
const TEMPORARY: &str = ".tmp-";
/// A checkpoint that another is about to take the place of.
const REPLACED: &str = ".tmp-replaced-";

/// The writer of one run folder. While it lives, no other process can write there.
pub struct Store {
    run_dir: PathBuf,
    keep: usize,
    disk: Box<dyn Disk>,
    /// Held for its lock.
    _lock: Option<File>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("run_dir", &self.run_dir)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a new run folder. It keeps the last `keep` checkpoints and the best.
    ///
    /// # Errors
    /// [`CheckpointError::Occupied`] if a run is there, [`CheckpointError::Io`] if the folder cannot
    /// be made.
    pub fn create(run_dir: &Path, keep: usize) -> Result<Self, CheckpointError> {
        fs::create_dir_all(run_dir).map_err(CheckpointError::io("create", run_dir))?;
        let store = Self::open(run_dir, keep)?;
        if !steps_in(run_dir)?.is_empty() || run_dir.join("log.jsonl").exists() {
            return Err(CheckpointError::Occupied {
                path: run_dir.to_owned(),
            });
        }
        Ok(store)
    }

    /// Opens a run folder to go on with, and sweeps what a crash left behind.
    ///
    /// # Errors
    /// [`CheckpointError::Missing`] if it is not there, [`CheckpointError::InUse`] if another process
    /// writes to it.
    pub fn open(run_dir: &Path, keep: usize) -> Result<Self, CheckpointError> {
        if !run_dir.is_dir() {
            return Err(CheckpointError::Missing {
                path: run_dir.to_owned(),
            });
        }
        let store = Self {
            run_dir: run_dir.to_owned(),
            keep: keep.max(1),
            disk: Box::new(Synced),
            _lock: lock(run_dir)?,
        };
        store.sweep()?;
        Ok(store)
    }

    /// The same store, writing through `disk`.
    #[must_use]
    pub fn with_disk(mut self, disk: Box<dyn Disk>) -> Self {
        self.disk = disk;
        self
    }

    /// The run folder.
    pub fn run_dir(&self) -> &Path {
        &self.run_dir
    }

    /// The folder of the checkpoint of `step`.
    pub fn folder_of(&self, step: u64) -> PathBuf {
        self.run_dir.join(format!("step-{step}"))
    }

    /// Writes the checkpoint of `manifest.state.step`, moves `latest` to it and `best` to the best
    /// step that the manifest names, and removes the checkpoints that are no longer kept.
    ///
    /// Everything goes to a temporary folder and to the disk before one rename puts it in place.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], for instance on a full disk: the temporary folder is removed and the
    /// previous checkpoint is untouched.
    pub fn save(
        &self,
        manifest: &Manifest,
        weights: &[NamedTensor],
        moments: &[Moments],
    ) -> Result<PathBuf, CheckpointError> {
        let step = manifest.state.step;
        let target = self.folder_of(step);
        let temporary = self.run_dir.join(format!("{TEMPORARY}step-{step}"));
        let written = remove_folder(&temporary)
            .and_then(|()| {
                fs::create_dir(&temporary).map_err(CheckpointError::io("create", &temporary))
            })
            .and_then(|()| {
                write_folder(self.disk.as_ref(), &temporary, manifest, weights, moments)
            });
        if let Err(error) = written {
            // The first error is the one to tell; what cannot be removed now is swept later.
            let _ = fs::remove_dir_all(&temporary);
            return Err(error);
        }
        let replaced = self.run_dir.join(format!("{REPLACED}step-{step}"));
        let replaces = target.exists();
        if replaces {
            rename(&target, &replaced)?;
        }
        rename(&temporary, &target)?;
        sync_folder(&self.run_dir)?;
        if replaces {
            remove_folder(&replaced)?;
        }
        self.point("latest", step)?;
        if let Some(best) = &manifest.state.best {
            self.point_best(best.step)?;
        }
        self.prune()?;
        Ok(target)
    }

    /// Makes the run folder what it was when the checkpoint `manifest` was written: later checkpoints
    /// are put aside as `superseded-step-<n>`, the links point where they did.
    ///
    /// Returns the steps put aside.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be changed.
    pub fn rewind(&self, manifest: &Manifest) -> Result<Vec<u64>, CheckpointError> {
        let step = manifest.state.step;
        let later: Vec<u64> = steps_in(&self.run_dir)?
            .into_iter()
            .filter(|&other| other > step)
            .collect();
        for other in &later {
            let aside = self.run_dir.join(format!("superseded-step-{other}"));
            remove_folder(&aside)?;
            rename(&self.folder_of(*other), &aside)?;
        }
        if self.folder_of(step).is_dir() {
            self.point("latest", step)?;
        }
        match &manifest.state.best {
            Some(best) => self.point_best(best.step)?,
            None => remove_link(&self.run_dir.join("best"))?,
        }
        Ok(later)
    }

    /// Removes the checkpoints that are neither among the last `keep` nor the best.
    fn prune(&self) -> Result<(), CheckpointError> {
        let steps = steps_in(&self.run_dir)?;
        let best = step_of(&follow(&self.run_dir.join("best")));
        let surplus = steps.len().saturating_sub(self.keep);
        for step in &steps[..surplus] {
            if Some(*step) == best {
                continue;
            }
            // Half a folder must never bear the name of a checkpoint.
            let doomed = self.run_dir.join(format!("{TEMPORARY}removed-step-{step}"));
            remove_folder(&doomed)?;
            rename(&self.folder_of(*step), &doomed)?;
            remove_folder(&doomed)?;
        }
        Ok(())
    }

    /// Puts a crash behind us: a replaced checkpoint whose successor never came is put back, all
    /// other temporary entries go.
    fn sweep(&self) -> Result<(), CheckpointError> {
        let unreadable = || CheckpointError::io("list", &self.run_dir);
        let mut leftovers = Vec::new();
        for entry in fs::read_dir(&self.run_dir).map_err(unreadable())? {
            let path = entry.map_err(unreadable())?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            if let Some(name) = name.filter(|name| name.starts_with(TEMPORARY)) {
                leftovers.push((name, path));
            }
        }
        for (name, path) in leftovers {
            let original = name
                .strip_prefix(REPLACED)
                .map(|original| self.run_dir.join(original));
            match original {
                Some(original) if !original.exists() => rename(&path, &original)?,
                _ if path.is_dir() && !path.is_symlink() => remove_folder(&path)?,
                _ => remove_link(&path)?,
            }
        }
        Ok(())
    }

    fn point_best(&self, step: u64) -> Result<(), CheckpointError> {
        if self.folder_of(step).is_dir() {
            self.point("best", step)
        } else {
            remove_link(&self.run_dir.join("best"))
        }
    }

    /// Makes the link `name` point to `step-<step>`, in one step.
    fn point(&self, name: &str, step: u64) -> Result<(), CheckpointError> {
        let link = self.run_dir.join(name);
        let target = PathBuf::from(format!("step-{step}"));
        if fs::read_link(&link).is_ok_and(|current| current == target) {
            return Ok(());
        }
        let temporary = self.run_dir.join(format!("{TEMPORARY}{name}"));
        remove_link(&temporary)?;
        symlink(&target, &temporary).map_err(CheckpointError::io("link", &temporary))?;
        rename(&temporary, &link)?;
        sync_folder(&self.run_dir)
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}

/// The lock goes with the process, however it ends. File systems without locks do without.
fn lock(run_dir: &Path) -> Result<Option<File>, CheckpointError> {
    let Ok(folder) = File::open(run_dir) else {
        return Ok(None);
    };
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => Err(CheckpointError::InUse {
            path: run_dir.to_owned(),
        }),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), CheckpointError> {
    fs::rename(from, to).map_err(CheckpointError::io("rename", from))
}

fn remove_folder(path: &Path) -> Result<(), CheckpointError> {
    ignore_absent(fs::remove_dir_all(path)).map_err(CheckpointError::io("remove", path))
}

fn remove_link(path: &Path) -> Result<(), CheckpointError> {
    ignore_absent(fs::remove_file(path)).map_err(CheckpointError::io("remove", path))
}

fn ignore_absent(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
