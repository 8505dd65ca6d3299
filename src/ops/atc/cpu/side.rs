//! Which side of its averages a price is on, and which side it crossed to last.

use super::super::recipe::{Family, LENGTHS, Recipe};
use super::vector::Vector;

/// Of each length of a family, the lanes that crossed upwards last and those that crossed downwards.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sides {
    pub(super) up: [u8; LENGTHS],
    pub(super) down: [u8; LENGTHS],
}

/// Crossings of one family.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    /// Bars since the start before each average is defined.
    first: [usize; LENGTHS],
    /// Where the price was above, and below, at the bar before.
    above: [u8; LENGTHS],
    below: [u8; LENGTHS],
    pub(super) sides: Sides,
}

impl Crossing {
    pub(super) fn new(recipe: &Recipe, family: Family) -> Self {
        let lengths = recipe.lengths[family as usize];
        Self {
            first: lengths.map(|length| recipe.first(family, length)),
            above: [0; LENGTHS],
            below: [0; LENGTHS],
            sides: Sides::default(),
        }
    }

    /// Takes how far each average lies above the price, in any unit.
    #[inline(always)]
    pub(super) fn next<V: Vector>(&mut self, age: usize, distance: &[V; LENGTHS]) -> Sides {
        let zero = V::splat(0.0);
        for (k, distance) in distance.iter().enumerate() {
            let above = distance.less(zero);
            let below = zero.less(*distance);
            // The bar before had the average, too.
            let crossable = 0u8.wrapping_sub(u8::from(age > self.first[k]));
            let up = above & !self.above[k] & crossable;
            let down = below & !self.below[k] & crossable;
            self.above[k] = above;
            self.below[k] = below;
            self.sides.up[k] = self.sides.up[k] & !down | up;
            self.sides.down[k] = self.sides.down[k] & !up | down;
        }
        self.sides
    }
}
