//! The files of one checkpoint: tensors in and out, hashes, the write that survives a crash.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::manifest::sha256;
use super::{CheckpointError, MANIFEST, MOMENTS, Manifest, WEIGHTS, resolve};

/// A tensor on the host: name, shape, values in row-major order.
pub type NamedTensor = (String, Vec<usize>, Vec<f32>);

/// `AdamW`'s two moments of one weight, on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// The weight's path.
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Mean of the gradient.
    pub moment_1: Vec<f32>,
    /// Mean of its square.
    pub moment_2: Vec<f32>,
}

/// A checkpoint read and verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The folder `step-<n>/` it was read from.
    pub path: PathBuf,
    /// What it says about itself.
    pub manifest: Manifest,
    /// The weights, sorted by path.
    pub weights: Vec<NamedTensor>,
    /// The moments, one pair for every weight, sorted by path.
    pub moments: Vec<Moments>,
}

/// The one act that a full disk interrupts. A test puts another in its place.
pub trait Disk {
    /// Writes a new file and waits until it is on the disk.
    ///
    /// # Errors
    /// What the file system says; part of the file may be there.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
}

/// The real disk: write, then `fsync`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Synced;

impl Disk for Synced {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }
}

/// Waits until the entries of a folder are on the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), CheckpointError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(CheckpointError::io("sync", path))
}

/// Writes the three files into the existing, empty folder `folder`.
pub(super) fn write_folder(
    disk: &dyn Disk,
    folder: &Path,
    manifest: &Manifest,
    weights: &[NamedTensor],
    moments: &[Moments],
) -> Result<(), CheckpointError> {
    let mut manifest = manifest.clone();
    manifest.files = BTreeMap::new();
    let pairs: Vec<NamedTensor> = moments
        .iter()
        .flat_map(|pair| {
            [("moment_1", &pair.moment_1), ("moment_2", &pair.moment_2)].map(|(kind, values)| {
                (
                    format!("{}.{kind}", pair.path),
                    pair.shape.clone(),
                    values.clone(),
                )
            })
        })
        .collect();
    for (name, tensors) in [(WEIGHTS, weights), (MOMENTS, pairs.as_slice())] {
        let path = folder.join(name);
        let bytes = to_safetensors(tensors, &path)?;
        disk.write(&path, &bytes)
            .map_err(CheckpointError::io("write", &path))?;
        manifest.files.insert(name.to_owned(), sha256(&bytes));
    }
    let path = folder.join(MANIFEST);
    let text = manifest.to_text(&path)?;
    disk.write(&path, text.as_bytes())
        .map_err(CheckpointError::io("write", &path))?;
    sync_folder(folder)
}

/// The bytes of a safetensors file. The same tensors give the same bytes.
pub(crate) fn to_safetensors(
    tensors: &[NamedTensor],
    path: &Path,
) -> Result<Vec<u8>, CheckpointError> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        })
        .collect();
    let invalid = |error: safetensors::SafeTensorError| {
        CheckpointError::io("serialise", path)(io::Error::new(io::ErrorKind::InvalidData, error))
    };
    let mut views = Vec::with_capacity(tensors.len());
    for ((name, shape, _), bytes) in tensors.iter().zip(&bytes) {
        views.push((
            name.as_str(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(invalid)?,
        ));
    }
    safetensors::serialize(views, None).map_err(invalid)
}

fn from_safetensors(bytes: &[u8], path: &Path) -> Result<Vec<NamedTensor>, CheckpointError> {
    let damaged = |reason: String| CheckpointError::Damaged {
        file: path.to_owned(),
        reason,
    };
    let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
    let mut tensors = Vec::with_capacity(file.len());
    for (name, view) in file.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(damaged(format!("`{name}` is {:?}, not F32", view.dtype())));
        }
        let values = view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        tensors.push((name.to_owned(), view.shape().to_vec(), values));
    }
    tensors.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(tensors)
}

/// Reads the checkpoint folder `path` and verifies every file against its hash.
///
/// # Errors
/// [`CheckpointError::Damaged`] names the file that is missing, cut short or changed;
/// [`CheckpointError::MissingMoment`], [`CheckpointError::ExtraMoment`] and
/// [`CheckpointError::MomentShape`] a state that does not belong to the weights.
pub fn load(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let path = resolve::follow(path);
    if !path.is_dir() {
        return Err(CheckpointError::Missing { path });
    }
    let manifest_path = path.join(MANIFEST);
    let manifest = Manifest::from_bytes(&read(&manifest_path)?, &manifest_path)?;
    let weights = read_verified(&path, WEIGHTS, &manifest)?;
    let pairs = read_verified(&path, MOMENTS, &manifest)?;
    let moments = pair_moments(&weights, pairs)?;
    Ok(Checkpoint {
        path,
        manifest,
        weights,
        moments,
    })
}

/// Reads `path`, or where it is damaged the newest whole checkpoint of the same run before it.
///
/// Returns what was wrong with each one that was passed over.
///
/// # Errors
/// The first error, if no earlier checkpoint is whole.
pub fn load_or_previous(
    path: &Path,
) -> Result<(Checkpoint, Vec<CheckpointError>), CheckpointError> {
    let first = match load(path) {
        Ok(checkpoint) => return Ok((checkpoint, Vec::new())),
        Err(error) => error,
    };
    let folder = resolve::follow(path);
    let (Some(step), Some(run_folder)) = (resolve::step_of(&folder), folder.parent()) else {
        return Err(first);
    };
    let mut passed = vec![first];
    for earlier in resolve::steps_in(run_folder)?
        .into_iter()
        .rev()
        .filter(|&earlier| earlier < step)
    {
        match load(&run_folder.join(format!("step-{earlier}"))) {
            Ok(checkpoint) => return Ok((checkpoint, passed)),
            Err(error) => passed.push(error),
        }
    }
    Err(passed.swap_remove(0))
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    fs::read(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            CheckpointError::Damaged {
                file: path.to_owned(),
                reason: "it is missing".to_owned(),
            }
        } else {
            CheckpointError::io("read", path)(error)
        }
    })
}

fn read_verified(
    folder: &Path,
    name: &str,
    manifest: &Manifest,
) -> Result<Vec<NamedTensor>, CheckpointError> {
    let path = folder.join(name);
    let bytes = read(&path)?;
    let expected = manifest.files.get(name).map_or("", String::as_str);
    let found = sha256(&bytes);
    if found != expected {
        return Err(CheckpointError::Damaged {
            file: path,
            reason: format!(
                "{} bytes with SHA-256 {}.., the manifest says {}..",
                bytes.len(),
                &found[..12],
                expected.get(..12).unwrap_or("nothing")
            ),
        });
    }
    from_safetensors(&bytes, &path)
}

/// One pair for every weight, nothing left over.
fn pair_moments(
    weights: &[NamedTensor],
    pairs: Vec<NamedTensor>,
) -> Result<Vec<Moments>, CheckpointError> {
    let mut pairs: BTreeMap<String, (Vec<usize>, Vec<f32>)> = pairs
        .into_iter()
        .map(|(name, shape, values)| (name, (shape, values)))
        .collect();
    let mut take = |path: &str, kind: &str, expected: &[usize]| {
        let name = format!("{path}.{kind}");
        match pairs.remove(&name) {
            None => Err(CheckpointError::MissingMoment { name }),
            Some((found, _)) if found != expected => Err(CheckpointError::MomentShape {
                name,
                found,
                expected: expected.to_vec(),
            }),
            Some((_, values)) => Ok(values),
        }
    };
    let mut moments = Vec::with_capacity(weights.len());
    for (path, shape, _) in weights {
        moments.push(Moments {
            path: path.clone(),
            shape: shape.clone(),
            moment_1: take(path, "moment_1", shape)?,
            moment_2: take(path, "moment_2", shape)?,
        });
    }
    match pairs.into_keys().next() {
        Some(name) => Err(CheckpointError::ExtraMoment { name }),
        None => Ok(moments),
    }
}
