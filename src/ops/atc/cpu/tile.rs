//! A few series side by side through time.

use super::super::recipe::Recipe;
use super::Instructions;
use super::equity::{Layers, vote};
use super::plan::{SameAverages, SameLayers};
use super::side::Sides;
use super::signal::Signals;
use super::table::{Number, Part};
use super::vector::{self, Vector};
use super::window::CLIFF;

/// Bars of a block.
const BLOCK: usize = 64;

/// One thread's work: at most as many rows as there are lanes.
pub(super) struct Tile<'a, X, Y> {
    pub(super) rows: &'a [&'a [X]],
    /// Last bars of each row that are wanted.
    pub(super) keep: usize,
    pub(super) recipes: &'a [Recipe],
    pub(super) plan: &'a [SameAverages],
    /// By recipe, for these rows.
    pub(super) parts: Vec<Part<'a, Y>>,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2")]
fn avx512<X: Number, Y: Number>(tile: Tile<'_, X, Y>) {
    lanes::<vector::Avx512, X, Y>(tile);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<X: Number, Y: Number>(tile: Tile<'_, X, Y>) {
    lanes::<vector::Avx2, X, Y>(tile);
}

fn portable<X: Number, Y: Number>(tile: Tile<'_, X, Y>) {
    lanes::<vector::Portable, X, Y>(tile);
}

/// One row at a time, gaps and all.
fn single<X: Number, Y: Number>(mut tile: Tile<'_, X, Y>) {
    for row in 0..tile.rows.len() {
        let rows = &tile.rows[row..=row];
        let places = rows[0].len().min(tile.keep);
        let mut parts = tile.parts.iter_mut();
        let parts: Vec<_> = parts.by_ref().map(|part| part.split_off(places)).collect();
        lanes::<f64, X, Y>(Tile {
            rows,
            parts,
            ..tile
        });
    }
}

/// Runs a tile with these instructions, which the caller knows to be there.
#[allow(unsafe_code, reason = "the caller has asked the processor")]
pub(super) fn run<X: Number, Y: Number>(instructions: Instructions, tile: Tile<'_, X, Y>) {
    let alone = |row: &&[X]| {
        let mut before = 0.0;
        row.iter().any(|price| {
            let price = price.wide();
            let fall = std::mem::replace(&mut before, price) - price;
            !price.is_finite() || CLIFF * price < fall
        })
    };
    if tile.rows.iter().any(alone) {
        return single(tile);
    }
    match instructions {
        // SAFETY: `sweep_with` asserts that the processor has these instructions.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { avx512(tile) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { avx2(tile) },
        _ => portable(tile),
    }
}

/// What a block leaves for the next stage.
#[derive(Clone, Debug)]
pub(super) struct Block<V> {
    pub(super) sides: [Vec<Sides>; 6],
    pub(super) signals: [Vec<V>; 6],
    pub(super) weights: [Vec<V>; 6],
}

impl<V: Vector> Block<V> {
    #[inline(always)]
    pub(super) fn new(bars: usize) -> Self {
        let mut block = Self {
            sides: [const { Vec::new() }; 6],
            signals: [const { Vec::new() }; 6],
            weights: [const { Vec::new() }; 6],
        };
        for k in 0..6 {
            block.sides[k] = vec![Sides::default(); bars];
            block.signals[k] = vec![V::splat(0.0); bars];
            block.weights[k] = vec![V::splat(0.0); bars];
        }
        block
    }
}

/// `(p[t] - p[t-1]) / p[t-1]`; 0 where that is undefined.
#[inline(always)]
pub(super) fn simple_return<V: Vector>(before: V, now: V) -> V {
    let r = now.sub(before).div(before);
    let defined = r.abs().less(V::splat(f64::INFINITY));
    V::splat(0.0).replace(defined, r)
}

#[inline(always)]
fn lanes<V: Vector, X: Number, Y: Number>(mut tile: Tile<'_, X, Y>) {
    let bars = load::<V, X>(tile.rows);
    let mut returns = vec![V::splat(0.0); bars.len()];
    for t in 1..bars.len() {
        returns[t] = simple_return(bars[t - 1], bars[t]);
    }
    let mut block = Block::<V>::new(BLOCK);
    let mut grown = [V::splat(0.0); BLOCK];
    for group in tile.plan {
        let mut signals = Signals::<V>::new(&group.recipe);
        let mut layers: Vec<Layers<V>> = Vec::with_capacity(group.layers.len());
        for same in &group.layers {
            layers.push(Layers::new(&same.recipe));
        }
        for from in (0..bars.len()).step_by(BLOCK) {
            let end = (from + BLOCK).min(bars.len());
            signals.take(&bars[..end], from, &mut block.sides);
            for (same, layers) in group.layers.iter().zip(&mut layers) {
                let grown = &mut grown[..end - from];
                for (to, t) in grown.iter_mut().zip(from..end) {
                    *to = returns[t].mul(V::splat(same.growth[t]));
                }
                layers.take(grown, &block.sides, &mut block.signals, &mut block.weights);
                write(&mut tile, same, &block, from..end);
            }
        }
    }
}

/// The rows as lanes, bar by bar; a row that ends early stays at its last price.
#[inline(always)]
fn load<V: Vector, X: Number>(rows: &[&[X]]) -> Vec<V> {
    let mut num_bars = 0;
    for row in rows {
        num_bars = row.len().max(num_bars);
    }
    let mut bars = Vec::with_capacity(num_bars);
    let mut lanes = [1.0; 8];
    for t in 0..num_bars {
        for (lane, row) in lanes.iter_mut().zip(rows) {
            if let Some(price) = row.get(t) {
                *lane = price.wide();
            }
        }
        bars.push(V::load(&lanes));
    }
    bars
}

/// Writes what is wanted of a block.
#[inline(always)]
fn write<V: Vector, X: Number, Y: Number>(
    tile: &mut Tile<'_, X, Y>,
    same: &SameLayers,
    block: &Block<V>,
    bars: std::ops::Range<usize>,
) {
    let mut wanted = false;
    for row in tile.rows {
        wanted |= bars.end > row.len().saturating_sub(tile.keep) && bars.start < row.len();
    }
    if !wanted {
        return;
    }
    let mut lanes = [[0.0; 8]; BLOCK];
    let mut classes = [[0.0; 8]; BLOCK];
    let num_bars = bars.end - bars.start;
    for place in &same.recipes {
        let part = &mut tile.parts[*place];
        for row in 0..num_bars {
            let recipe = &tile.recipes[*place];
            let [average, class] = vote(recipe, row, &block.signals, &block.weights);
            average.store(&mut lanes[row]);
            class.store(&mut classes[row]);
        }
        each(tile.rows, tile.keep, &bars, |place, row, lane| {
            part.write_vote(place, lanes[row][lane], classes[row][lane]);
        });
        for k in 0..6 {
            for row in 0..num_bars {
                block.signals[k][row].store(&mut lanes[row]);
            }
            let to = part.signals(k);
            each(tile.rows, tile.keep, &bars, |place, row, lane| {
                to[place] = Y::narrow(lanes[row][lane]);
            });
            for row in 0..num_bars {
                block.weights[k][row].store(&mut lanes[row]);
            }
            let to = part.weights(k);
            each(tile.rows, tile.keep, &bars, |place, row, lane| {
                to[place] = Y::narrow(lanes[row][lane]);
            });
        }
    }
}

/// `to(place in the part, row of the block, lane)` of every wanted bar.
#[inline(always)]
fn each<X>(
    rows: &[&[X]],
    keep: usize,
    bars: &std::ops::Range<usize>,
    mut to: impl FnMut(usize, usize, usize),
) {
    let mut start = 0;
    for (lane, row) in rows.iter().enumerate() {
        let skipped = row.len().saturating_sub(keep);
        for t in bars.start.max(skipped)..bars.end.min(row.len()) {
            to(start + t - skipped, t - bars.start, lane);
        }
        start += row.len() - skipped;
    }
}
