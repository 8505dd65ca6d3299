//! A recipe on a device.

use burn::backend::Dispatch;
use burn::tensor::{DType, Device, Int, Tensor};

use super::backend::{PLANES, TrendOps};
use super::cube;
use super::recipe::Recipe;
use crate::device::transfer::upload;
use crate::ops::backend::check_type;

/// A recipe with what kernels read of it, on one device, for series up to some length.
#[derive(Clone, Debug)]
pub struct Prepared {
    recipe: Recipe,
    /// `[54, width]`
    table: Tensor<2>,
    /// `[T]`, one factor a bar, the same for all series.
    growth: Tensor<1>,
}

impl Prepared {
    /// For series of at most `num_bars` bars.
    ///
    /// # Panics
    /// If a length is 0.
    pub fn new(recipe: &Recipe, num_bars: usize, device: &Device) -> Self {
        recipe.check();
        let (table, width) = cube::table(recipe);
        let growth: Vec<f32> = (0..num_bars).map(|t| recipe.growth_at(t) as f32).collect();
        Self {
            recipe: recipe.clone(),
            table: upload(table, [54, width], device),
            growth: upload(growth, [num_bars], device),
        }
    }

    /// The classification of every row of prices, oldest first.
    ///
    /// # Shapes and units
    /// - `prices`: `[N, T]`, float32, above 0; NaN is a gap: averages start afresh behind it, sides
    ///   and equities stay
    /// - `ends`: `[N]`, bars of each row; what is behind may be anything
    /// - `keep`: the last bars of each row that are wanted
    /// - returns: `[14, N, K]` with K = `min(keep, T)`: the average (-1 to 1), the class (-1, 0, 1), the
    ///   first layer of six families, the second; a row's last bars stand at its start, and what is
    ///   behind them is undefined
    /// # Precision
    /// The CPU computes in float64. GPUs compute averages as distances from the newest price in
    /// float32 and equities as pairs of float32.
    /// # Panics
    /// If T exceeds what was prepared, shapes differ, or `prices` is tracked by autodiff.
    /// # Source
    /// Oracle: [`super::reference::classify`].
    pub fn classify(&self, prices: Tensor<2>, ends: Tensor<1, Int>, keep: usize) -> Tensor<3> {
        check_type("trend classes", &prices);
        let ([rows, bars], [num_ends]) = (prices.dims(), ends.dims());
        let [most] = self.growth.dims();
        assert!(
            bars <= most,
            "trend classes: {bars} bars, prepared for {most}"
        );
        assert_eq!(rows, num_ends, "trend classes: rows of prices and of ends");
        let kept = keep.min(bars);
        if rows * kept == 0 {
            return Tensor::zeros([PLANES, rows, kept], &prices.device());
        }
        Tensor::from_dispatch(Dispatch::trend_classes(
            prices.into_dispatch(),
            self.table.clone().into_dispatch(),
            self.growth.clone().into_dispatch(),
            ends.cast(DType::I32).into_dispatch(),
            self.recipe.clone(),
            kept,
        ))
    }
}
