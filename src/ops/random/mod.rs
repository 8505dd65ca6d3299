//! Counter-based random numbers: a pure function of (seed, stream, counter, element), so that any
//! device, batch split or resumed run draws the same numbers.
//!
//! The generator is Philox4x32-10 (Salmon et al., 2011). Its 32-bit words are the same bits on every
//! device; what is made of them by exact arithmetic (uniforms, Bernoulli draws, dropout masks) is too.
//! Normals pass through a logarithm and a cosine, which differ between devices in the last digits.

pub(in crate::ops) mod backward;
pub(in crate::ops) mod cube;
pub(in crate::ops) mod flex;
pub mod portable;
pub mod reference;

use burn::backend::Dispatch;
use burn::tensor::{DType, Device, Int, Shape, Tensor};

use super::backend::{KernelOps, check_type};

/// What a draw is a function of.
///
/// Two keys that differ in any field draw independent numbers. By custom: `seed` is the run's,
/// `stream` says what the numbers are for, `counter` is the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The run's seed.
    pub seed: u64,
    /// What the numbers are for: a layer, a purpose.
    pub stream: u64,
    /// Which draw of the stream: a step.
    pub counter: u64,
}

/// The 192 bits that Philox itself takes.
///
/// Block `i` of a draw is `philox(counter + i, key)`, the counter being a 64-bit number in its first
/// two words (they wrap) beside two fixed words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Words {
    /// The four counter words of block 0.
    pub counter: [u32; 4],
    /// The two key words.
    pub key: [u32; 2],
}

impl From<Key> for Words {
    /// Hashes (seed, stream) to the key words by one Philox call; the counter fills the last two
    /// counter words, the block's number the first two.
    fn from(key: Key) -> Self {
        let halves = |value: u64| [value as u32, (value >> 32) as u32];
        let ([stream_low, stream_high], [low, high]) = (halves(key.stream), halves(key.counter));
        let stream = [stream_low, stream_high, 0, 0];
        let [first, second, ..] = reference::philox(stream, halves(key.seed));
        Self {
            counter: [0, 0, low, high],
            key: [first, second],
        }
    }
}

/// What becomes of the generator's words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// `(w >> 8) / 2^24`: multiples of 2^-24 in [0, 1).
    Uniform,
    /// Box and Muller's transform of two neighbouring words; mean 0, variance 1, at most 5.77 in
    /// magnitude.
    Normal,
    /// 1 where the uniform of the same word is below this probability, else 0.
    Bernoulli(f32),
}

/// Random words as they come: element `4 i + j` is word `j` of block `i`, its 32 bits in an `i32`.
///
/// ```
/// use emberline::ops::random::{Words, bits, reference};
/// use burn::tensor::Device;
///
/// let words = Words { counter: [0; 4], key: [0; 2] };
/// let drawn = emberline::device::transfer::to_host_int(bits([4], words, &Device::flex()));
/// let expected = reference::philox([0; 4], [0; 2]).map(|word| word as i32);
/// assert_eq!(drawn, expected);
/// ```
/// # Source
/// Oracle: [`reference::bits`].
pub fn bits<const D: usize>(shape: [usize; D], words: Words, device: &Device) -> Tensor<D, Int> {
    let shape = Shape::from(shape);
    if is_empty(&shape) {
        return Tensor::zeros(shape, (device, DType::I32));
    }
    let device_of = Tensor::<1>::empty([1], device).into_dispatch();
    Tensor::from_dispatch(Dispatch::random_bits(device_of, shape, words))
}

/// Uniform numbers in [0, 1): multiples of 2^-24, the same bits on every device.
///
/// # Source
/// Oracle: [`reference::draw`].
pub fn uniform<const D: usize>(shape: [usize; D], key: Key, device: &Device) -> Tensor<D> {
    draw(shape, key, Distribution::Uniform, device)
}

/// Standard normal numbers.
///
/// # Source
/// Box and Muller (1958). Oracle: [`reference::draw`].
pub fn normal<const D: usize>(shape: [usize; D], key: Key, device: &Device) -> Tensor<D> {
    draw(shape, key, Distribution::Normal, device)
}

/// 1 with this probability (to 2^-24), else 0; the same on every device.
///
/// # Panics
/// If `probability` is not in 0..=1.
pub fn bernoulli<const D: usize>(
    probability: f32,
    shape: [usize; D],
    key: Key,
    device: &Device,
) -> Tensor<D> {
    draw(shape, key, Distribution::Bernoulli(probability), device)
}

/// Sets elements to zero with this probability and scales the others by 1 / (1 - probability).
///
/// Element `i` (row-major) is dropped where `uniform(key)_i < probability`; its value is not read,
/// so a NaN may be dropped. Probability 0 returns `x`.
///
/// # Gradient
/// The same mask and scale, recomputed from the key: nothing is kept for the backward pass.
/// # Panics
/// If `probability` is not in 0..1.
/// # Source
/// Srivastava et al. (2014). Oracle: [`reference::dropout`].
pub fn dropout<const D: usize>(x: Tensor<D>, probability: f32, key: Key) -> Tensor<D> {
    assert!(
        (0.0..1.0).contains(&probability),
        "dropout: a probability of {probability} is not in 0..1"
    );
    check_type("dropout", &x);
    if probability == 0.0 || is_empty(&x.shape()) {
        return x;
    }
    Tensor::from_dispatch(Dispatch::dropout(
        x.into_dispatch(),
        probability,
        key.into(),
    ))
}

fn draw<const D: usize>(
    shape: [usize; D],
    key: Key,
    distribution: Distribution,
    device: &Device,
) -> Tensor<D> {
    if let Distribution::Bernoulli(probability) = distribution {
        assert!(
            (0.0..=1.0).contains(&probability),
            "bernoulli: a probability of {probability} is not in 0..=1"
        );
    }
    let shape = Shape::from(shape);
    if is_empty(&shape) {
        return Tensor::zeros(shape, device);
    }
    let device_of = Tensor::<1>::empty([1], device).into_dispatch();
    let drawn = Dispatch::random_draw(device_of, shape, key.into(), distribution);
    Tensor::from_dispatch(drawn)
}

/// The number that a word's upper 24 bits must stay below for its uniform to be below `probability`.
#[allow(clippy::cast_sign_loss, reason = "no probability is negative")]
pub(crate) fn threshold(probability: f32) -> u32 {
    (f64::from(probability) * f64::from(1 << 24)).ceil() as u32
}

fn is_empty(shape: &Shape) -> bool {
    let elements = shape.num_elements();
    assert!(
        u32::try_from(elements).is_ok(),
        "random: {elements} elements in one draw"
    );
    elements == 0
}
