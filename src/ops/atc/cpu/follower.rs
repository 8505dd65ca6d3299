//! One series, one bar at a time.

use super::super::recipe::Recipe;
use super::equity::{Layers, vote};
use super::signal::Signals;
use super::tile::{Block, simple_return};

/// What the newest bar gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latest {
    /// The average of the families' signals, -1 to 1; 0 before the cutout.
    pub average: f64,
    /// -1, 0 or 1.
    pub class: i8,
    /// The first layer by family, rounded to hundredths; NaN before the cutout.
    pub signals: [f64; 6],
    /// The second layer by family; NaN before the cutout.
    pub weights: [f64; 6],
}

/// A classification that takes one price after the other, in time that does not depend on how many
/// there were; the same bits as [`super::classify`] of the whole series.
#[derive(Clone, Debug)]
pub struct Follower {
    recipe: Recipe,
    /// The last prices, the newest at the end.
    bars: Vec<f64>,
    num_bars: usize,
    signals: Signals<f64>,
    layers: Layers<f64>,
    block: Block<f64>,
}

impl Follower {
    /// Before the first bar.
    ///
    /// # Panics
    /// If the recipe has a length of 0.
    pub fn new(recipe: &Recipe) -> Self {
        recipe.check();
        Self {
            bars: Vec::with_capacity(4 * recipe.reach()),
            num_bars: 0,
            signals: Signals::new(recipe),
            layers: Layers::new(recipe),
            block: Block::new(1),
            recipe: recipe.clone(),
        }
    }

    /// Bars so far.
    pub fn num_bars(&self) -> usize {
        self.num_bars
    }

    /// Takes the next bar's price; NaN is a gap.
    pub fn next(&mut self, price: f64) -> Latest {
        let reach = self.recipe.reach();
        if self.bars.len() == 4 * reach {
            // Once in a few windows, so that a bar's share of it is constant.
            self.bars.drain(..3 * reach);
        }
        let before = self.bars.last().copied().unwrap_or(f64::NAN);
        self.bars.push(price);
        let growth = self.recipe.growth_at(self.num_bars);
        self.num_bars += 1;
        let block = &mut self.block;
        self.signals
            .take(&self.bars, self.bars.len() - 1, &mut block.sides);
        let grown = simple_return(before, price) * growth;
        self.layers.take(
            &[grown],
            &block.sides,
            &mut block.signals,
            &mut block.weights,
        );
        let [average, class] = vote(&self.recipe, 0, &block.signals, &block.weights);
        Latest {
            average,
            class: class as i8,
            signals: std::array::from_fn(|k| block.signals[k][0]),
            weights: std::array::from_fn(|k| block.weights[k][0]),
        }
    }
}
