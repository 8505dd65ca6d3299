//! The CPU path: as many series at a time as the processor has float64 lanes, one pass over time.
//!
//! A tile of series goes through time in blocks of a few dozen bars: the averages' crossings of a
//! block stay in the first-level cache as two bits each, the equities read them there, and only what
//! was asked for is written. Tiles go over threads. All arithmetic is float64; prices and results
//! are float32 or float64.
//!
//! Exactness: lanes never meet, every instruction set does the same operations in the same order, and
//! a series with gaps goes through a lane of its own, so that a result depends neither on threads and
//! instructions nor on which other series there are.

mod equity;
mod follower;
mod plan;
mod recursive;
mod side;
mod signal;
mod table;
mod tile;
mod vector;
mod window;

use rayon::prelude::*;

use super::recipe::Recipe;
use vector::Vector as _;

pub use follower::{Follower, Latest};
pub use table::{Number, Table};

/// An instruction set that the loops are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// x86-64 with 512-bit vectors.
    Avx512,
    /// x86-64 with 256-bit vectors.
    Avx2,
    /// Whatever the crate was compiled for.
    Portable,
}

impl Instructions {
    /// The sets that this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                sets.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                sets.push(Self::Avx2);
            }
        }
        sets.push(Self::Portable);
        sets
    }

    fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => vector::Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vector::Avx2::LANES,
            _ => vector::Portable::LANES,
        }
    }
}

/// Every recipe's classification of every row of prices, oldest first: the last `keep` bars of each.
///
/// Averages are computed once for all recipes that have the same, and so are the equities.
/// # Edge cases
/// A NaN is a gap: averages start afresh behind it, sides and equities stay.
/// # Panics
/// If a recipe has a length of 0.
pub fn sweep<X: Number, Y: Number>(
    rows: &[&[X]],
    recipes: &[Recipe],
    keep: usize,
) -> Vec<Table<Y>> {
    sweep_with(Instructions::available()[0], rows, recipes, keep)
}

/// [`sweep`] of one recipe.
///
/// # Panics
/// As [`sweep`].
pub fn classify<X: Number, Y: Number>(rows: &[&[X]], recipe: &Recipe, keep: usize) -> Table<Y> {
    let mut tables = sweep(rows, std::slice::from_ref(recipe), keep);
    tables.pop().unwrap_or_default()
}

/// [`sweep`] with other instructions than the fastest: the same bits.
///
/// # Panics
/// As [`sweep`], and on instructions that the processor lacks.
pub fn sweep_with<X: Number, Y: Number>(
    instructions: Instructions,
    rows: &[&[X]],
    recipes: &[Recipe],
    keep: usize,
) -> Vec<Table<Y>> {
    assert!(
        Instructions::available().contains(&instructions),
        "this processor has no {instructions:?}"
    );
    for recipe in recipes {
        recipe.check();
    }
    let num_bars = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let plan = plan::plan(recipes, num_bars);
    let lengths = || rows.iter().map(|row| row.len());
    let mut tables: Vec<Table<Y>> = recipes
        .iter()
        .map(|_| Table::new(lengths(), keep))
        .collect();
    let mut rest: Vec<_> = tables.iter_mut().map(Table::part).collect();
    let tiles: Vec<tile::Tile<'_, X, Y>> = rows
        .chunks(instructions.lanes())
        .map(|rows| {
            let places = rows.iter().map(|row| row.len().min(keep)).sum();
            let parts = rest.iter_mut().map(|rest| rest.split_off(places)).collect();
            tile::Tile {
                rows,
                keep,
                recipes,
                plan: &plan,
                parts,
            }
        })
        .collect();
    let work = |tile| tile::run(instructions, tile);
    if tiles.len() == 1 {
        tiles.into_iter().for_each(work);
    } else {
        tiles.into_par_iter().with_max_len(1).for_each(work);
    }
    tables
}
