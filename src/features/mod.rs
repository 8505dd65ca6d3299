//! Indicators: the catalogue, feature sets, transforms, the scaler.
//!
//! An indicator is a pure tensor function from the columns of a panel, `[n, T]`, to its outputs,
//! `[n, T]`, on the same device without a read-back. It is declared once ([`Declaration`]), and a
//! [`FeatureSet`] is a list of such outputs by name. [`compute`] gives them as they are, undefined
//! (NaN) in warm-up; [`model_inputs`] transforms them by their unit and masks them by their memory;
//! a [`Scaler`] fitted on training rows puts them on one scale.
//!
//! Segments: whatever looks back restarts at a segment's first bar (`Age == 0`), so a gap never
//! turns into a plausible number; padding (`Age == -1`) is NaN. Precision: float32 within 1e-4 of
//! the float64 oracles in [`mod@reference`] for prices from 1e-6 to 1e6 and a million bars; no running
//! sums of squares, no differences of long sums, averages as deviations from the newest price.

mod adaptive;
mod average;
mod average_kind;
mod averaging;
mod band;
mod bar;
mod catalogue;
mod clock;
mod column;
mod context;
mod cycle;
mod declaration;
mod directional;
mod distance;
mod error;
mod extreme;
mod finish;
mod flow;
mod follower;
mod level;
mod line;
mod machine;
mod macd;
mod momentum;
mod native;
mod order;
mod oscillator;
mod overlap;
mod pattern;
mod plan;
mod price;
mod pressure;
mod range;
mod rate;
pub mod reference;
mod request;
mod sample;
mod scaler;
mod set;
mod sets;
mod share;
mod statistics;
mod stochastic;
mod strength;
mod transform;
mod trend;
mod turning;
mod varying;
mod volatility;
mod volume;
mod vwap;
mod work;

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use crate::market::PanelBlock;

pub use catalogue::{CATALOGUE_VERSION, catalogue};
pub use column::{ColumnRecord, DropReason, Dropped, FeatureColumn};
pub use context::FeatureContext;
pub use declaration::{
    Declaration, Family, Kind, Memory, Output, Parameter, Parameters, Rule, Scaling, Unit,
};
pub use error::FeatureError;
pub use follower::Follower;
pub use machine::Bar;
pub use plan::{Plan, PlannedMachine, PlannedTensor};
pub use request::find;
pub use scaler::{Fit, Panel, Scaler, ScalerConfig, ScalerKind, ScalerScope, fit};
pub use set::FeatureSet;
pub use sets::{PRESETS, Preset};
pub use transform::Transform;

use finish::Stage;
use work::Work;

/// The columns of `set` as their indicators define them.
///
/// # Shapes and units
/// - returns: `[n, T, F]`, each column in its own unit; NaN where undefined and in padding
/// # Panics
/// If `block` lacks one of [`FeatureSet::required_columns`].
pub fn compute(set: &FeatureSet, block: &PanelBlock) -> Tensor<3> {
    native::compute(set, block, Stage::Raw).unwrap_or_else(|| compute_by_tensors(set, block))
}

/// [`compute`] by tensor functions alone: what GPUs run, on any device.
///
/// # Panics
/// As [`compute`].
pub fn compute_by_tensors(set: &FeatureSet, block: &PanelBlock) -> Tensor<3> {
    by_rows(block, |mut work| {
        let columns = set.columns().iter();
        columns.map(|column| raw(column, &mut work)).collect()
    })
}

/// The columns of `set` as a model reads them: transformed, finite wherever `Age` is at least the
/// column's memory, NaN before and in padding.
///
/// A value that stays undefined after its memory (a volume-weighted price without volume since its
/// anchor) is 0: after the transforms, what leaves nothing to say about the close.
///
/// # Shapes and units
/// - returns: `[n, T, F]`, ratios
/// # Panics
/// If `block` lacks one of [`FeatureSet::required_columns`], or a column is no model input
/// ([`FeatureSet::check_model_inputs`] says so beforehand).
pub fn model_inputs(set: &FeatureSet, block: &PanelBlock) -> Tensor<3> {
    native::compute(set, block, Stage::Inputs)
        .unwrap_or_else(|| model_inputs_by_tensors(set, block))
}

/// [`model_inputs`] by tensor functions alone: what GPUs run, on any device.
///
/// # Panics
/// As [`model_inputs`].
pub fn model_inputs_by_tensors(set: &FeatureSet, block: &PanelBlock) -> Tensor<3> {
    by_rows(block, |mut work| {
        let columns = set.columns().iter();
        columns.map(|column| input(column, &mut work)).collect()
    })
}

fn input(column: &FeatureColumn, work: &mut Work<'_>) -> Tensor<2> {
    let memory = column.input_memory().bars();
    let memory = memory.unwrap_or_else(|| panic!("`{}` is no model input", column.name()));
    let value = raw(column, work);
    let value = column.transform().apply(work, column.indicator(), value);
    let undefined = value.clone().is_finite().bool_not();
    work.defined_from(memory, value.mask_fill(undefined, 0.0))
}

fn raw(column: &FeatureColumn, work: &mut Work<'_>) -> Tensor<2> {
    let value = (column.indicator().compute)(work, column.parameters(), column.output());
    work.defined_from(column.warmup_bars(), value)
}

/// Values that the CPU takes at a time: few enough that what one indicator leaves is in the cache
/// for the next, and in memory that the allocator reuses.
const CPU_VALUES: usize = 32_768;

/// Computes columns `[n, T]` and puts them side by side, `[n, T, F]`.
///
/// Rows do not meet, so the CPU takes a few at a time, on all threads; a GPU, which one thread talks
/// to, takes all. Neither changes a value.
fn by_rows(block: &PanelBlock, columns: impl Fn(Work<'_>) -> Vec<Tensor<2>> + Sync) -> Tensor<3> {
    let rows = block.num_series();
    let together = if block.device() == Device::flex() {
        (CPU_VALUES / block.num_bars.max(1)).clamp(1, rows.max(1))
    } else {
        rows
    };
    if together >= rows {
        return side_by_side(columns(Work::new(block, 0..rows)));
    }
    let starts: Vec<usize> = (0..rows).step_by(together).collect();
    let parts: Vec<Tensor<3>> = starts
        .into_par_iter()
        .map(|start| {
            let end = (start + together).min(rows);
            side_by_side(columns(Work::new(block, start..end)))
        })
        .collect();
    Tensor::cat(parts, 0)
}

/// Columns `[n, T]` as one block `[n, T, F]`, bars contiguous.
///
/// Stacked along the first axis and turned, for turning a matrix copies tiles, while stacking along
/// the last axis copies single values (on the CPU ten times slower).
fn side_by_side(columns: Vec<Tensor<2>>) -> Tensor<3> {
    let num_features = columns.len();
    let [rows, num_bars] = columns[0].dims();
    let stacked: Tensor<3> = Tensor::stack(columns, 0); // [F, n, T]
    let flat = stacked.reshape([num_features, rows * num_bars]);
    flat.swap_dims(0, 1).reshape([rows, num_bars, num_features])
}
