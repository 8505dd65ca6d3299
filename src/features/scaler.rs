//! The scaler: centre and width of each feature, fitted on training rows only, applied and clipped
//! on the device.
//!
//! Fitting reads each feature of the training rows back to the host once, one column at a time
//! (a median needs them sorted), so that the host never holds more than one column. Sums run in row
//! order in float64: fitted values do not depend on the number of threads.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::device::transfer;
use crate::market::Bars;

use super::column::Dropped;
use super::error::FeatureError;
use super::set::FeatureSet;
use super::statistics::{centre_and_width, read_column, reason_to_drop, training_rows};

/// Which centre and width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalerKind {
    /// Median, and 1.4826 times the median absolute deviation (the standard deviation of a normal
    /// distribution); the root mean square around the median where that is 0.
    #[default]
    MedianMad,
    /// Mean and standard deviation.
    MeanSd,
}

/// Over which rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalerScope {
    /// All symbols together; works for symbols never seen.
    #[default]
    Pooled,
    /// Each symbol for itself; refuses unseen ones.
    Symbol,
    /// Each bar for itself, over the symbols valid at it, at least 5; with fewer the features are 0.
    CrossSection,
}

/// `[scaler]`: how features come onto one scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalerConfig {
    /// Which centre and width.
    pub kind: ScalerKind,
    /// Over which rows.
    pub scope: ScalerScope,
}

/// Fewest symbols of a cross-section.
pub(super) const CROSS_SECTION: usize = 5;

/// Features on the device, and the bars that they come from.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    /// The bars.
    pub bars: &'a Bars,
    /// Features by block, `[n, T, F]`.
    pub blocks: &'a [Tensor<3>],
    /// The series in the rows of each block.
    pub series: &'a [Range<usize>],
}

/// Centre and width of every feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Statistics {
    centre: Vec<f32>,
    width: Vec<f32>,
}

/// A fitted scaler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaler {
    config: ScalerConfig,
    clip: f32,
    features: Vec<String>,
    /// By symbol; one entry with an empty name if pooled; none for cross-sections.
    statistics: BTreeMap<String, Statistics>,
}

/// What fitting found.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The scaler of the columns that stay.
    pub scaler: Scaler,
    /// The columns that stay.
    pub set: FeatureSet,
    /// The columns that go, and why.
    pub dropped: Vec<Dropped>,
    kept: Vec<usize>,
}

impl Fit {
    /// A block of all features, `[n, T, F]`, without the dropped ones.
    pub fn keep(&self, block: Tensor<3>) -> Tensor<3> {
        if self.dropped.is_empty() {
            return block;
        }
        let columns = self
            .kept
            .iter()
            .map(|&index| block.clone().narrow(2, index, 1));
        Tensor::cat(columns.collect(), 2)
    }
}

/// Fits a scaler on the training rows of the model inputs of `set`.
///
/// `train[series][row]` says whether a row may be looked at; of those, rows on which every feature
/// is defined count. Columns that are constant or duplicate on them are dropped. Values are clipped
/// at `clip` after scaling.
///
/// # Errors
/// [`FeatureError::NoTrainingRows`], [`FeatureError::AllDropped`],
/// [`FeatureError::CrossSection`] if there are too few symbols.
/// # Panics
/// If the shapes of `panel`, `set` and `train` do not belong together.
pub fn fit(
    config: &ScalerConfig,
    clip: f32,
    set: &FeatureSet,
    panel: Panel<'_>,
    train: &[Vec<bool>],
) -> Result<Fit, FeatureError> {
    let num_symbols = panel.bars.series.len();
    assert_eq!(train.len(), num_symbols, "one mask per series");
    if config.scope == ScalerScope::CrossSection && num_symbols < CROSS_SECTION {
        return Err(FeatureError::CrossSection {
            needed: CROSS_SECTION,
            symbols: num_symbols,
        });
    }
    let rows = training_rows(panel.bars, set.memory_bars(), train);
    if rows.iter().all(Vec::is_empty) {
        return Err(FeatureError::NoTrainingRows);
    }
    let mut statistics: BTreeMap<String, Statistics> = BTreeMap::new();
    let mut seen: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for (index, column) in set.columns().iter().enumerate() {
        let values = read_column(panel, index, &rows);
        if let Some(reason) = reason_to_drop(&values, column.name(), &mut seen) {
            dropped.push(Dropped {
                name: column.name().to_owned(),
                reason,
            });
            continue;
        }
        kept.push(index);
        let mut add = |symbol: &str, mut values: Vec<f32>| {
            let (centre, width) = centre_and_width(config.kind, &mut values);
            let entry = statistics
                .entry(symbol.to_owned())
                .or_insert_with(|| Statistics {
                    centre: Vec::new(),
                    width: Vec::new(),
                });
            entry.centre.push(centre as f32);
            entry.width.push(width as f32);
        };
        match config.scope {
            ScalerScope::Pooled => add("", values.concat()),
            ScalerScope::Symbol => {
                for (series, values) in panel.bars.series.iter().zip(values) {
                    if !values.is_empty() {
                        add(&series.symbol, values);
                    }
                }
            }
            ScalerScope::CrossSection => {}
        }
    }
    if kept.is_empty() {
        return Err(FeatureError::AllDropped);
    }
    let names: Vec<String> = dropped.iter().map(|column| column.name.clone()).collect();
    let set = set.without(&names);
    let scaler = Scaler {
        config: *config,
        clip,
        features: set.names(),
        statistics,
    };
    Ok(Fit {
        scaler,
        set,
        dropped,
        kept,
    })
}

impl Scaler {
    /// Names of the features that it was fitted on, in order.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// How it was fitted.
    pub fn config(&self) -> &ScalerConfig {
        &self.config
    }

    /// Scales and clips every block of `panel`, which holds exactly the features that it was fitted
    /// on.
    ///
    /// # Shapes and units
    /// - returns: as `panel.blocks`, `(x - centre) / width`, clipped; NaN stays
    /// # Errors
    /// [`FeatureError::UnseenSymbol`] with scope `symbol`; [`FeatureError::CrossSection`] with scope
    /// `cross_section` and fewer than 5 symbols.
    /// # Panics
    /// If a block has another number of features.
    pub fn apply(&self, panel: Panel<'_>) -> Result<Vec<Tensor<3>>, FeatureError> {
        for block in panel.blocks {
            assert_eq!(
                block.dims()[2],
                self.features.len(),
                "features of block and scaler"
            );
        }
        if self.config.scope == ScalerScope::CrossSection {
            return self.apply_cross_section(panel);
        }
        let mut scaled = Vec::with_capacity(panel.blocks.len());
        for (block, series) in panel.blocks.iter().zip(panel.series) {
            let (mut centre, mut width, mut rows) = (Vec::new(), Vec::new(), 0);
            if self.config.scope == ScalerScope::Pooled {
                let pooled = &self.statistics[""];
                (centre, width, rows) = (pooled.centre.clone(), pooled.width.clone(), 1);
            } else {
                for series in &panel.bars.series[series.clone()] {
                    let own = self.statistics.get(&series.symbol).ok_or_else(|| {
                        FeatureError::UnseenSymbol {
                            symbol: series.symbol.clone(),
                        }
                    })?;
                    centre.extend_from_slice(&own.centre);
                    width.extend_from_slice(&own.width);
                    rows += 1;
                }
            }
            let shape = [rows, 1, self.features.len()];
            let device = block.device();
            let centre = transfer::upload(centre, shape, &device);
            let width = transfer::upload(width, shape, &device);
            scaled.push(self.scale(block.clone(), centre, width));
        }
        Ok(scaled)
    }

    fn scale(&self, x: Tensor<3>, centre: Tensor<3>, width: Tensor<3>) -> Tensor<3> {
        let undefined = x.clone().is_nan();
        ((x - centre) / width)
            .clamp(-self.clip, self.clip)
            .mask_fill(undefined, f32::NAN)
    }

    /// Centres and widths are a host matter, for symbols meet through their times: one column at a
    /// time is read back, its statistics per bar are uploaded, the arithmetic is the device's.
    fn apply_cross_section(&self, panel: Panel<'_>) -> Result<Vec<Tensor<3>>, FeatureError> {
        let symbols = panel.bars.series.len();
        if symbols < CROSS_SECTION {
            return Err(FeatureError::CrossSection {
                needed: CROSS_SECTION,
                symbols,
            });
        }
        let mut cells: Vec<(i64, u32, u32)> = Vec::new();
        for (index, series) in panel.bars.series.iter().enumerate() {
            let rows = series.time.iter().enumerate();
            cells.extend(rows.map(|(row, &time)| (time, index as u32, row as u32)));
        }
        cells.sort_unstable();
        let every: Vec<Vec<usize>> = panel
            .bars
            .series
            .iter()
            .map(|series| (0..series.len()).collect())
            .collect();
        let mut columns: Vec<Vec<Tensor<3>>> = vec![Vec::new(); panel.blocks.len()];
        for index in 0..self.features.len() {
            let values = read_column(panel, index, &every);
            let mut centre: Vec<Vec<f32>> = values.iter().map(|v| vec![0.0; v.len()]).collect();
            // An infinite width makes 0 of every value: no cross-section to compare with.
            let mut width: Vec<Vec<f32>> = values
                .iter()
                .map(|v| vec![f32::INFINITY; v.len()])
                .collect();
            for bar in cells.chunk_by(|a, b| a.0 == b.0) {
                let value =
                    |&(_, series, row): &(i64, u32, u32)| values[series as usize][row as usize];
                let mut valid: Vec<f32> = bar.iter().map(value).filter(|v| v.is_finite()).collect();
                if valid.len() < CROSS_SECTION {
                    continue;
                }
                let (middle, spread) = centre_and_width(self.config.kind, &mut valid);
                for &(_, series, row) in bar {
                    centre[series as usize][row as usize] = middle as f32;
                    width[series as usize][row as usize] = spread as f32;
                }
            }
            for (at, (block, series)) in panel.blocks.iter().zip(panel.series).enumerate() {
                let [rows, num_bars, _] = block.dims();
                let upload = |statistic: &[Vec<f32>], padding: f32| {
                    let mut cells = vec![padding; rows * num_bars];
                    for (row, values) in statistic[series.clone()].iter().enumerate() {
                        cells[row * num_bars..][..values.len()].copy_from_slice(values);
                    }
                    transfer::upload(cells, [rows, num_bars, 1], &block.device())
                };
                let x = block.clone().narrow(2, index, 1);
                columns[at].push(self.scale(x, upload(&centre, 0.0), upload(&width, 1.0)));
            }
        }
        Ok(columns
            .into_iter()
            .map(|columns| Tensor::cat(columns, 2))
            .collect())
    }
}
