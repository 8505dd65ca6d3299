//! Weights and everything needed to use them elsewhere.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Recipe, ScoreError};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::model::{ForecasterConfig, Outputs};

/// Layout of `model.json` that this build writes. 2 has `model.attention_heads` and `model.outputs`.
const FORMAT_VERSION: u32 = 2;

/// The files of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The weights, under `torch.nn.LSTM`'s names and in its layout.
    pub weights: PathBuf,
    /// What surrounds them.
    pub description: PathBuf,
    /// The model's inputs, as a file that `features --transformed` takes.
    pub features: PathBuf,
}

/// Writes `model.safetensors`, `model.json` and `features.toml` into `folder`, which is made if it is
/// not there.
///
/// # Errors
/// [`ScoreError::Write`] if a file cannot be written, [`ScoreError::Manifest`] if the checkpoint
/// cannot be read for use.
pub fn export(checkpoint: &Checkpoint, folder: &Path) -> Result<Exported, ScoreError> {
    let description = describe(checkpoint)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ScoreError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let exported = Exported {
        weights: folder.join("model.safetensors"),
        description: folder.join("model.json"),
        features: folder.join("features.toml"),
    };
    let source = checkpoint.path.join("model.safetensors");
    let weights = std::fs::read(&source).map_err(|error| CheckpointError::Io {
        action: "read",
        path: source,
        source: error,
    })?;
    std::fs::write(&exported.weights, weights).map_err(failed(&exported.weights))?;
    std::fs::write(&exported.description, format!("{description:#}\n"))
        .map_err(failed(&exported.description))?;
    std::fs::write(&exported.features, features(checkpoint)).map_err(failed(&exported.features))?;
    Ok(exported)
}

/// `features.toml`.
fn features(checkpoint: &Checkpoint) -> String {
    let features = &checkpoint.manifest.features;
    let columns: Vec<&str> = features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let transforms: toml::Table = features
        .iter()
        .map(|feature| {
            (
                feature.name.clone(),
                toml::Value::String(feature.transform.clone()),
            )
        })
        .collect();
    let mut file = toml::Table::new();
    file.insert("columns".to_owned(), columns.into());
    file.insert("transforms".to_owned(), toml::Value::Table(transforms));
    format!("# The model's inputs in order; scaled as model.json says.\n{file}")
}

/// What the last linear map's numbers of each horizon are.
fn outputs(model: &ForecasterConfig) -> Value {
    match model.outputs {
        Outputs::Point => json!({ "kind": "point" }),
        Outputs::Quantiles => json!({
            "kind": "quantiles",
            "levels": model.quantiles,
            "formula": "the median, and from it outwards softplus of each number added above and subtracted below",
        }),
        Outputs::Classes => json!({
            "kind": "classes",
            "classes": ["down", "flat", "up"],
            "flat_band": model.flat_band,
            "formula": "softmax; the forecast is p_up - p_down in the label's units",
        }),
    }
}

/// `model.json`.
fn describe(checkpoint: &Checkpoint) -> Result<Value, ScoreError> {
    let manifest = &checkpoint.manifest;
    let recipe = Recipe::new(manifest)?;
    let weights: Vec<Value> = checkpoint
        .weights
        .iter()
        .map(|(name, shape, _)| json!({ "name": name, "shape": shape }))
        .collect();
    Ok(json!({
        "format_version": FORMAT_VERSION,
        "made_by": format!("emberline {}", manifest.crate_version),
        "catalogue_version": manifest.catalogue_version,
        "bars": {
            "interval_s": recipe.interval_ns as f64 / 1e9,
            "calendar": recipe.calendar,
            "stamp": recipe.data.stamp.to_string(),
            "gaps": recipe.gaps,
            "max_fill": recipe.data.max_fill,
            "adjusted": recipe.adjusted,
            "timezone": recipe.data.timezone,
        },
        "window_bars": recipe.windows.length,
        "required_history_bars": manifest.required_history,
        "features": manifest.features,
        "scaler": manifest.scaler,
        "model": {
            "lstm": { "hidden": recipe.model.hidden, "layers": recipe.model.layers, "gates": ["i", "f", "g", "o"] },
            "head": manifest.configuration.get("model").and_then(|model| model.get("head")),
            "activation": "relu",
            "attention_heads": recipe.model.attention_heads,
            "outputs": outputs(&recipe.model),
            "weights": weights,
        },
        "target": {
            "horizons_bars": recipe.target.horizons,
            "entry": manifest.configuration.get("target").and_then(|target| target.get("entry")),
            "normalise": manifest.configuration.get("target").and_then(|target| target.get("normalise")),
            "caveat": recipe.target.caveat(),
        },
        "label_scaling": manifest.label_scaling,
        "symbols": manifest.data.symbols,
    }))
}
