//! Features, labels and scaler on the device, ready for batches.

use std::ops::Range;
use std::rc::Rc;

use burn::tensor::Device;

use super::{RunError, Survey};
use crate::device::largest_binding_bytes;
use crate::features::{self, Dropped, FeatureSet, Panel, Scaler};
use crate::market::{self, Bars};
use crate::windows::{self, Loader, Resident, Targets};

/// What was fitted when the run began, so that a resumed run does not fit it again.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The columns that the model sees.
    pub set: FeatureSet,
    /// The scaler for them.
    pub scaler: Scaler,
}

/// A run with everything on the device.
#[derive(Debug)]
pub struct Prepared {
    /// The columns that the model sees.
    pub set: FeatureSet,
    /// Columns that were left out when the scaler was fitted, and why.
    pub dropped: Vec<Dropped>,
    /// The scaler, fitted on training rows.
    pub scaler: Scaler,
    /// Labels on the host, for the metrics.
    pub targets: Targets,
    /// Training windows.
    pub train: Loader,
    /// Validation windows.
    pub validation: Loader,
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
    let Survey {
        config, bars, plan, ..
    } = survey;
    let set = fitted.as_ref().map_or(&survey.set, |fitted| &fitted.set);
    let blocks = market::upload(
        bars,
        &set.required_columns(),
        set.len(),
        largest_binding_bytes(device),
        device,
    )?;
    let series: Vec<Range<usize>> = blocks.iter().map(|block| block.series.clone()).collect();
    let mut inputs: Vec<_> = blocks
        .iter()
        .map(|block| features::model_inputs(set, block))
        .collect(); // [n, T, F] each
    let (set, scaler, dropped) = if let Some(Fitted { set, scaler }) = fitted {
        (set, scaler, Vec::new())
    } else {
        let panel = Panel {
            bars,
            blocks: &inputs,
            series: &series,
        };
        let train = training_rows(bars, plan.cuts.train_end_ns);
        let fit = features::fit(
            &config.scaler,
            config.features.clip as f32,
            set,
            panel,
            &train,
        )?;
        inputs = inputs.into_iter().map(|block| fit.keep(block)).collect();
        (fit.set, fit.scaler, fit.dropped)
    };
    let inputs = scaler.apply(Panel {
        bars,
        blocks: &inputs,
        series: &series,
    })?;
    let targets = windows::targets(bars, &config.target);
    let resident = Rc::new(Resident::new(inputs, &blocks, &targets));
    let loader = |samples: &[windows::Sample]| {
        Loader::new(
            Rc::clone(&resident),
            samples.to_vec(),
            config.windows.length,
            config.training.batch_size,
        )
    };
    Ok(Prepared {
        train: loader(&plan.train),
        validation: loader(&plan.validation),
        set,
        dropped,
        scaler,
        targets,
    })
}

/// By series, which rows open before the validation split starts.
fn training_rows(bars: &Bars, train_end_ns: i64) -> Vec<Vec<bool>> {
    let of = |series: &market::Series| {
        series
            .time
            .iter()
            .map(|&time| time < train_end_ns)
            .collect()
    };
    bars.series.iter().map(of).collect()
}
