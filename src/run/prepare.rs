//! Features, labels and scaler on the device, ready for batches.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::{RunError, Survey};
use crate::device::largest_binding_bytes;
use crate::features::{self, Dropped, FeatureSet, Panel, Scaler};
use crate::market;
use crate::windows::{self, Loader, Resident, Split, Targets};

/// What was fitted when the run began, so that a resumed run does not fit it again.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The columns that the model sees.
    pub set: FeatureSet,
    /// The scaler for them.
    pub scaler: Scaler,
}

/// A run with everything on the device.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The columns that the model sees.
    pub set: FeatureSet,
    /// Columns that were left out when the scaler was fitted, and why.
    pub dropped: Vec<Dropped>,
    /// The scaler, fitted on training rows.
    pub scaler: Scaler,
    /// Labels on the host, for the metrics.
    pub targets: Arc<Targets>,
    /// Training windows.
    pub train: Loader,
    /// Validation windows.
    pub validation: Loader,
    /// Test windows: for evaluation alone.
    pub test: Loader,
}

impl Prepared {
    /// The windows of a split.
    pub fn loader(&self, split: Split) -> &Loader {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}

/// What every fold and seed of a walk shares: features of all bars before any scaler, and labels.
#[derive(Clone, Debug)]
pub struct Inputs {
    set: FeatureSet,
    /// Symbols of each block.
    series: Vec<Range<usize>>,
    /// Unscaled, `[n, T, F]` each, with labels `[n, T, Hn]`.
    resident: Resident,
    targets: Arc<Targets>,
}

impl Inputs {
    /// The columns.
    pub fn set(&self) -> &FeatureSet {
        &self.set
    }

    /// Unscaled features and labels, on the device.
    pub fn resident(&self) -> &Resident {
        &self.resident
    }

    /// Labels on the host.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The same bars with other unscaled features, `[n, T, F]` for each block.
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    pub fn with_features(mut self, features: Vec<Tensor<3>>) -> Self {
        let shapes = |blocks: &[Tensor<3>]| blocks.iter().map(Tensor::dims).collect::<Vec<_>>();
        assert_eq!(
            shapes(&features),
            shapes(&self.resident.features),
            "blocks of features"
        );
        self.resident.features = features;
        self
    }

    /// The same features with other labels.
    ///
    /// # Panics
    /// If the labels are not of the same bars.
    #[must_use]
    pub fn with_targets(self, targets: Targets) -> Self {
        let features = self.resident.features;
        let extents = features
            .iter()
            .zip(&self.series)
            .map(|(block, series)| (series.clone(), block.dims()[1]))
            .collect();
        Self {
            resident: Resident::from_extents(features, extents, &targets),
            targets: Arc::new(targets),
            set: self.set,
            series: self.series,
        }
    }
}

/// Uploads the bars, computes the features of `set` and the labels, and leaves them on the device.
///
/// # Errors
/// Features refused.
pub fn inputs(survey: &Survey, set: &FeatureSet, device: &Device) -> Result<Inputs, RunError> {
    let bars = &*survey.bars;
    let blocks = market::upload(
        bars,
        &set.required_columns(),
        set.len(),
        largest_binding_bytes(device),
        device,
    )?;
    let inputs: Vec<_> = blocks
        .iter()
        .map(|block| features::model_inputs(set, block))
        .collect(); // [n, T, F] each
    let targets = windows::targets(bars, &survey.config.target);
    Ok(Inputs {
        set: set.clone(),
        series: blocks.iter().map(|block| block.series.clone()).collect(),
        resident: Resident::new(inputs, &blocks, &targets),
        targets: Arc::new(targets),
    })
}

/// Uploads the bars, computes the features, fits the scaler on training rows (unless `fitted` brings
/// one) and leaves scaled features and labels on the device.
///
/// # Errors
/// Features or scaler refused: nothing to fit on, every column dropped.
pub fn prepare(
    survey: &Survey,
    device: &Device,
    fitted: Option<Fitted>,
) -> Result<Prepared, RunError> {
    let set = fitted.as_ref().map_or(&survey.set, |fitted| &fitted.set);
    scale(&inputs(survey, set, device)?, survey, fitted)
}

/// Fits the scaler on the survey's training rows (unless `fitted` brings one) and makes loaders of the
/// survey's windows.
///
/// # Errors
/// As [`prepare`].
pub fn scale(
    inputs: &Inputs,
    survey: &Survey,
    fitted: Option<Fitted>,
) -> Result<Prepared, RunError> {
    let Survey {
        config, bars, plan, ..
    } = survey;
    let panel = |blocks| Panel {
        bars,
        blocks,
        series: &inputs.series,
    };
    let unscaled = &inputs.resident.features;
    let (set, scaler, dropped, features) = if let Some(Fitted { set, scaler }) = fitted {
        let features = scaler.apply(panel(unscaled))?;
        (set, scaler, Vec::new(), features)
    } else {
        let fit = features::fit(
            &config.scaler,
            config.features.clip as f32,
            &inputs.set,
            panel(unscaled),
            &plan.training_rows(bars),
        )?;
        let kept: Vec<_> = unscaled
            .iter()
            .map(|block| fit.keep(block.clone()))
            .collect();
        let features = fit.scaler.apply(panel(&kept))?;
        (fit.set, fit.scaler, fit.dropped, features)
    };
    let resident = Arc::new(Resident {
        features,
        labels: inputs.resident.labels.clone(),
        places: inputs.resident.places.clone(),
    });
    let loader = |samples: &[windows::Sample]| {
        Loader::new(
            Arc::clone(&resident),
            samples.to_vec(),
            config.windows.length,
            config.training.batch_size,
        )
    };
    Ok(Prepared {
        train: loader(&plan.train),
        validation: loader(&plan.validation),
        test: loader(&plan.test),
        set,
        dropped,
        scaler,
        targets: Arc::clone(&inputs.targets),
    })
}
