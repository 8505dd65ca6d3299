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
//! the float64 oracles in [`reference`] for prices from 1e-6 to 1e6 and a million bars; no running
//! sums of squares, no differences of long sums, averages as deviations from the newest price.

mod average;
mod catalogue;
mod clock;
mod column;
mod context;
mod declaration;
mod error;
mod level;
mod macd;
mod momentum;
mod price;
pub mod reference;
mod request;
mod scaler;
mod set;
mod sets;
mod statistics;
mod transform;
mod volatility;
mod volume;
mod vwap;
mod work;

use burn::tensor::Tensor;

use crate::market::PanelBlock;

pub use catalogue::{CATALOGUE_VERSION, catalogue};
pub use column::{ColumnRecord, DropReason, Dropped, FeatureColumn};
pub use context::FeatureContext;
pub use declaration::{
    Declaration, Family, Kind, Memory, Output, Parameter, Parameters, Rule, Scaling, Unit,
};
pub use error::FeatureError;
pub use request::find;
pub use scaler::{Fit, Panel, Scaler, ScalerConfig, ScalerKind, ScalerScope, fit};
pub use set::FeatureSet;
pub use sets::{PRESETS, Preset};
pub use transform::Transform;

use work::Work;

/// The columns of `set` as their indicators define them.
///
/// # Shapes and units
/// - returns: `[n, T, F]`, each column in its own unit; NaN where undefined and in padding
/// # Panics
/// If `block` lacks one of [`FeatureSet::required_columns`].
pub fn compute(set: &FeatureSet, block: &PanelBlock) -> Tensor<3> {
    let mut work = Work::new(block);
    let columns = set
        .columns()
        .iter()
        .map(|column| raw(column, &mut work))
        .collect();
    Tensor::stack(columns, 2) // [n, T, F]
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
    let mut work = Work::new(block);
    let input = |column: &FeatureColumn| {
        let memory = column.input_memory().bars();
        let memory = memory.unwrap_or_else(|| panic!("`{}` is no model input", column.name()));
        let value = raw(column, &mut work);
        let value = column
            .transform()
            .apply(&mut work, column.indicator(), value);
        let undefined = value.clone().is_finite().bool_not();
        work.defined_from(memory, value.mask_fill(undefined, 0.0))
    };
    Tensor::stack(set.columns().iter().map(input).collect(), 2) // [n, T, F]
}

fn raw(column: &FeatureColumn, work: &mut Work<'_>) -> Tensor<2> {
    let value = (column.indicator().compute)(work, column.parameters(), column.output());
    work.defined_from(column.warmup_bars(), value)
}
