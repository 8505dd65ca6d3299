//! The oracle: Philox by 64-bit products, one block after the other, and its transforms in float64.

use super::{Distribution, Words, threshold};

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Philox4x32-10: four random words of a counter and a key.
///
/// # Source
/// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut words, mut key) = (counter, key);
    for _ in 0..10 {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(words[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(words[2]);
        words = [
            (second >> 32) as u32 ^ words[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ words[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    words
}

/// The words of block `index`: the counter's first two words count on.
pub fn block(words: Words, index: u64) -> [u32; 4] {
    let [low, high, third, fourth] = words.counter;
    let count = (u64::from(high) << 32 | u64::from(low)).wrapping_add(index);
    philox(
        [count as u32, (count >> 32) as u32, third, fourth],
        words.key,
    )
}

/// The first `elements` words of a draw.
pub fn bits(elements: usize, words: Words) -> Vec<u32> {
    (0..elements.div_ceil(4) as u64)
        .flat_map(|index| block(words, index))
        .take(elements)
        .collect()
}

/// The first `elements` numbers of a draw.
pub fn draw(elements: usize, words: Words, distribution: Distribution) -> Vec<f64> {
    let drawn = bits(elements.next_multiple_of(2), words);
    (0..elements)
        .map(|element| {
            let uniform = f64::from(drawn[element] >> 8) / f64::from(1 << 24);
            match distribution {
                Distribution::Uniform => uniform,
                Distribution::Bernoulli(p) => f64::from(u8::from(uniform < f64::from(p))),
                Distribution::Normal => {
                    let [first, second] = [drawn[element & !1], drawn[element | 1]];
                    let radius = f64::from((first >> 8) + 1) / f64::from(1 << 24);
                    let angle = f64::from(second >> 8) / f64::from(1 << 24) * std::f64::consts::TAU;
                    let radius = (-2.0 * radius.ln()).sqrt();
                    if element % 2 == 0 {
                        radius * angle.cos()
                    } else {
                        radius * angle.sin()
                    }
                }
            }
        })
        .collect()
}

/// [`dropout`](super::dropout) of row-major values.
pub fn dropout(x: &[f64], probability: f32, words: Words) -> Vec<f64> {
    let limit = threshold(probability);
    let kept = bits(x.len(), words)
        .into_iter()
        .map(|word| word >> 8 >= limit);
    x.iter()
        .zip(kept)
        .map(|(x, kept)| {
            if kept {
                x / (1.0 - f64::from(probability))
            } else {
                0.0
            }
        })
        .collect()
}
