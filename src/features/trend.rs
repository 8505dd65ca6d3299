//! Adaptive Trend Classification of the last bars, as features.
//!
//! An equity never forgets where it started, so that what a scan of a whole file gives depends on
//! where the file starts, and a model could not be fed the same again. Here every bar has a scan of its
//! own window: what `scan --bars N` gives on data that end with that bar.

use burn::tensor::{Int, Tensor};

use crate::market::Column;
use crate::ops::atc::{Prepared, Recipe, classify};
use crate::ops::gather;
use crate::trend::TrendConfig;

use super::declaration::{
    Declaration, Family, Memory, Output, Parameter, Parameters, Scaling, TALIB, Unit,
};
use super::machine::{Columns, Machine, Steps};
use super::work::Work;

/// The family's indicators, in the order of listings.
pub(super) static ALL: &[&Declaration] = &[&ATC];

/// Numbers of one window: average, class, six signals.
const OUTPUTS: usize = 8;

static ATC: Declaration = Declaration {
    name: "ATC",
    summary: "Adaptive Trend Classification: 54 averages of six kinds, weighed by what following them earned",
    family: Family::Momentum,
    inputs: &[Column::Close],
    parameters: &[
        Parameter::bars("timeperiod", 7, 28),
        Parameter::bars("window", 2, 250),
    ],
    outputs: &[
        Output::named("AVERAGE", Unit::Bounded),
        Output::named("CLASS", Unit::Bounded),
        Output::named("EMA_S", Unit::Bounded),
        Output::named("HMA_S", Unit::Bounded),
        Output::named("WMA_S", Unit::Bounded),
        Output::named("DEMA_S", Unit::Bounded),
        Output::named("LSMA_S", Unit::Bounded),
        Output::named("KAMA_S", Unit::Bounded),
    ],
    scaling: Scaling::Free,
    warmup_text: "window - 1",
    warmup: |p, _| p.bars(1) - 1,
    memory_text: "window",
    memory: |p, _| Memory::Finite(p.bars(1)),
    degenerate: "flat prices, and windows too short for any average: 0",
    formula: "of the closes of the last window bars, each average of nine lengths around timeperiod (+-1, 2, 4, 6):\n\
              g = 1 since the close last crossed it upwards, -1 since downwards, 0 before\n\
              e_t = max(1/4, e_{t-1} (1 - 0.0003) (1 + g_{t-1} r_t exp(0.00002 t))), r the return, e_0 = 1\n\
              s = sum g e / sum e over the nine, to hundredths; w the same equity of following s\n\
              average = sum cut(s) w / sum w over the six, cut and class the sides of 0.1 and -0.1",
    source: "InvestorUnknown (2024), as the public ports compute it; the last bar of `scan --bars window`",
    compute: |work, p, output| {
        let key = [p.bars(0), p.bars(1)];
        let all: [Tensor<2>; OUTPUTS] =
            work.shared_many("trend_classes", &key, |work| of_windows(work, p));
        all[output].clone()
    },
    machine: |p| {
        Machine::of(Windows {
            recipe: recipe(p),
            window: p.bars(1),
            closes: Vec::new(),
        })
    },
    ..TALIB
};

/// The default settings with these lengths.
fn recipe(p: &Parameters) -> Recipe {
    let config = TrendConfig {
        lengths: [p.bars(0) as i64; 6],
        ..TrendConfig::default()
    };
    match config.recipe("", p.bars(1)) {
        Ok(recipe) => recipe,
        Err(error) => unreachable!("the declaration's bounds are the settings': {error}"),
    }
}

/// Scans of the windows that end with each bar.
struct Windows {
    recipe: Recipe,
    window: usize,
    /// The last `window - 1` before the next bar.
    closes: Vec<f32>,
}

impl Steps for Windows {
    fn run(&mut self, bars: Columns<'_>, stride: usize, out: &mut [f64]) {
        let before = self.closes.len();
        self.closes.extend_from_slice(bars.close);
        let first = (self.window - 1).saturating_sub(before).min(bars.len());
        let windows: Vec<&[f32]> = self.closes.windows(self.window).collect();
        let table = classify::<f32, f64>(&windows, &self.recipe, 1);
        let columns = [&table.average].into_iter().chain(&table.signals);
        for (place, column) in [0, 2, 3, 4, 5, 6, 7].into_iter().zip(columns) {
            let to = &mut out[place * stride..][..bars.len()];
            to[..first].fill(f64::NAN);
            to[first..].copy_from_slice(column);
        }
        let to = &mut out[stride..][..bars.len()];
        to[..first].fill(f64::NAN);
        for (to, class) in to[first..].iter_mut().zip(&table.class) {
            *to = f64::from(*class);
        }
        let kept = self.closes.len().min(self.window - 1);
        self.closes.drain(..self.closes.len() - kept);
    }
}

/// Prices that a device gathers at a time.
const GATHERED: usize = 8 << 20;

/// The outputs, `[n, T]` each: windows gathered in pieces, each a series of its own.
fn of_windows(work: &Work<'_>, p: &Parameters) -> [Tensor<2>; OUTPUTS] {
    let (close, window) = (work.close(), p.bars(1));
    let [rows, bars] = close.dims();
    let undefined = close.full_like(f32::NAN);
    if bars < window || rows == 0 {
        return std::array::from_fn(|_| undefined.clone());
    }
    let device = close.device();
    let prepared = Prepared::new(&recipe(p), window, &device);
    let starts = bars + 1 - window;
    let num_windows = rows * starts;
    let block = close.reshape([rows, bars, 1]);
    let piece = (GATHERED / window).max(1);
    let pieces: Vec<Tensor<3>> = (0..num_windows)
        .step_by(piece)
        .map(|from| {
            let num = piece.min(num_windows - from);
            let number = Tensor::<1, Int>::arange(from as i64..(from + num) as i64, &device);
            let row = number.clone().div_scalar(starts as i64);
            let start = number - row.clone().mul_scalar(starts as i64);
            let places: Tensor<2, Int> = Tensor::stack(vec![row, start], 1);
            let prices = gather::windows(block.clone(), places, window);
            let ends = Tensor::<1, Int>::full([num], window as i64, &device);
            prepared.classify(prices.reshape([num, window]), ends, 1)
        })
        .collect();
    let all = Tensor::cat(pieces, 1).reshape([14, rows, starts]);
    let early = undefined.narrow(1, 0, window - 1);
    std::array::from_fn(|plane| {
        let late = all.clone().narrow(0, plane, 1).reshape([rows, starts]);
        Tensor::cat(vec![early.clone(), late], 1)
    })
}
