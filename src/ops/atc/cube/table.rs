//! A recipe as the kernel reads it.

use super::super::recipe::{Family, Hull, Recipe, half, smoothing};

/// Numbers before the weights of a window: length, first defined bar, weights, 1 - rate, starting
/// equity of the family.
pub(super) const HEAD: usize = 5;

/// `[54, width]` row-major, and the width: per average its numbers and the weights of its window from
/// the newest price on, which sum up to 1.
pub(in super::super) fn table(recipe: &Recipe) -> (Vec<f32>, usize) {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for family in Family::ALL {
        for length in recipe.lengths[family as usize] {
            let weights = window(recipe, family, length);
            let mut row = vec![
                length as f64,
                recipe.first(family, length) as f64,
                weights.len() as f64,
                1.0 - 2.0 / (length as f64 + 1.0),
                recipe.weights[family as usize],
            ];
            row.extend(weights);
            rows.push(row);
        }
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or(HEAD);
    let mut table = Vec::with_capacity(rows.len() * width);
    for row in rows {
        table.extend(row.iter().map(|&value| value as f32));
        table.resize(table.len() + width - row.len(), 0.0);
    }
    (table, width)
}

/// The weights of a window; none for an average that follows its own past.
fn window(recipe: &Recipe, family: Family, length: usize) -> Vec<f64> {
    let mean = || vec![1.0 / length as f64; length];
    match family {
        Family::Wma => falling(length),
        Family::Hma if recipe.hull == Hull::Mean => mean(),
        Family::Hma => {
            let mut inner: Vec<f64> = falling(length).iter().map(|weight| -weight).collect();
            for (to, weight) in inner.iter_mut().zip(falling(half(length))) {
                *to += 2.0 * weight;
            }
            let outer = falling(smoothing(length));
            let mut both = vec![0.0; inner.len() + outer.len() - 1];
            for (i, inner) in inner.iter().enumerate() {
                for (j, outer) in outer.iter().enumerate() {
                    both[i + j] += inner * outer;
                }
            }
            both
        }
        Family::Lsma => falling(length)
            .iter()
            .map(|weight| 3.0 * weight - 2.0 / length as f64)
            .collect(),
        Family::Ema | Family::Dema | Family::Kama => Vec::new(),
    }
}

/// Of a linearly weighted mean.
fn falling(length: usize) -> Vec<f64> {
    let total = (length * (length + 1) / 2) as f64;
    (0..length).map(|j| (length - j) as f64 / total).collect()
}
