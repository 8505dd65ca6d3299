//! Features and labels of all symbols, on the device to the end.

use burn::prelude::*;

use super::Targets;
use crate::device::transfer::upload;
use crate::market::PanelBlock;

/// Everything that batches are gathered from.
#[derive(Clone, Debug)]
pub struct Resident {
    /// One block of symbols each, `[n, T, F]`, scaled and ready for the model.
    pub features: Vec<Tensor<3>>,
    /// The same blocks' labels, `[n, T, Hn]`; NaN where there is none.
    pub labels: Vec<Tensor<3>>,
    /// Block and row of each symbol, in the order of `Bars::series`.
    pub places: Vec<(usize, usize)>,
}

impl Resident {
    /// Uploads the labels beside the features.
    ///
    /// # Shapes and units
    /// - `features`: one `[n, T, F]` for each of `blocks`
    ///
    /// # Panics
    /// If features, blocks and targets do not describe the same bars.
    pub fn new(features: Vec<Tensor<3>>, blocks: &[PanelBlock], targets: &Targets) -> Self {
        assert_eq!(features.len(), blocks.len(), "features and blocks");
        let extents = blocks
            .iter()
            .map(|block| (block.series.clone(), block.num_bars));
        Self::from_extents(features, extents.collect(), targets)
    }

    /// The same from the extents of the blocks alone: which symbols and how many padded bars.
    ///
    /// # Panics
    /// If features, extents and targets do not describe the same bars.
    pub fn from_extents(
        features: Vec<Tensor<3>>,
        extents: Vec<(std::ops::Range<usize>, usize)>,
        targets: &Targets,
    ) -> Self {
        let width = targets.horizons.len();
        let mut places = vec![None; targets.series.len()];
        let mut labels = Vec::with_capacity(features.len());
        for (index, (block, (series, num_bars))) in features.iter().zip(extents).enumerate() {
            let [rows, bars, _] = block.dims(); // [n, T, F]
            assert_eq!(
                [rows, bars],
                [series.len(), num_bars],
                "features of block {index}"
            );
            let mut values = vec![f32::NAN; rows * bars * width];
            for (row, symbol) in series.enumerate() {
                let label = &targets.series[symbol].label;
                values[row * bars * width..][..label.len()].copy_from_slice(label);
                places[symbol] = Some((index, row));
            }
            labels.push(upload(values, [rows, bars, width], &block.device()));
        }
        let place = |(symbol, place): (usize, Option<(usize, usize)>)| {
            place.unwrap_or_else(|| panic!("symbol {symbol} is in no block"))
        };
        Self {
            features,
            labels,
            places: places.into_iter().enumerate().map(place).collect(),
        }
    }

    /// The device that holds it.
    ///
    /// # Panics
    /// If there is no block.
    pub fn device(&self) -> Device {
        self.features[0].device()
    }
}
