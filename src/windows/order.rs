//! The order of the windows in an epoch, a function of (seed, epoch) and of nothing else.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What makes this stream differ from other uses of the same seed.
const DOMAIN: [u8; 16] = *b"emberline order\0";

/// The numbers `0..count` in the order of an epoch.
///
/// [`ChaCha8Rng`] keyed with `seed` and `epoch` (8 bytes each, little endian) and 16 bytes that name this
/// use: different pairs never share a key. Fisher-Yates from the end; each index comes from the high
/// half of a 64 by 32 bit product, whose bias is below 2^-32. The result is the same on every machine
/// and does not depend on the version of `rand`'s own shuffling.
///
/// ```
/// use emberline::windows::permutation;
///
/// let order = permutation(5, 7, 0);
/// assert_eq!(order, permutation(5, 7, 0));
/// let mut sorted = order.clone();
/// sorted.sort_unstable();
/// assert_eq!(sorted, [0, 1, 2, 3, 4]);
/// ```
pub fn permutation(count: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&epoch.to_le_bytes());
    key[16..].copy_from_slice(&DOMAIN);
    let mut random = ChaCha8Rng::from_seed(key);
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        let product = u128::from(random.next_u64()) * (last as u128 + 1);
        order.swap(last, (product >> 64) as usize);
    }
    order
}
