//! The draws by plain tensor operations on any backend with 32-bit integers: the cross-check.

use burn::tensor::{DType, Device, Int, Tensor};

use super::{Distribution, Words, threshold};

type Word = Tensor<1, Int>;

/// The numbers of a draw.
pub fn draw<const D: usize>(
    shape: [usize; D],
    words: Words,
    distribution: Distribution,
    device: &Device,
) -> Tensor<D> {
    let elements: usize = shape.iter().product();
    if elements == 0 {
        return Tensor::zeros(shape, device);
    }
    let drawn = upper(bits([elements.next_multiple_of(2)], words, device));
    let numbers = match distribution {
        Distribution::Uniform => drawn.float() / (1 << 24) as f32,
        Distribution::Bernoulli(probability) => {
            drawn.lower_elem(threshold(probability) as i32).float()
        }
        Distribution::Normal => {
            let pairs = drawn.reshape([elements.div_ceil(2), 2]);
            let radius = pairs.clone().slice([0..elements.div_ceil(2), 0..1]) + 1;
            let radius = (radius.float() / (1 << 24) as f32)
                .log()
                .mul_scalar(-2.0)
                .sqrt();
            let angle = pairs.slice([0..elements.div_ceil(2), 1..2]).float();
            let angle = angle * (std::f32::consts::TAU / (1 << 24) as f32);
            let both = vec![radius.clone() * angle.clone().cos(), radius * angle.sin()];
            Tensor::cat(both, 1).reshape([elements.next_multiple_of(2)])
        }
    };
    numbers.narrow(0, 0, elements).reshape(shape)
}

/// [`dropout`](super::dropout).
pub fn dropout<const D: usize>(x: Tensor<D>, probability: f32, words: Words) -> Tensor<D> {
    let drawn = upper(bits(x.dims(), words, &x.device()));
    let dropped = drawn.lower_elem(threshold(probability) as i32);
    (x / (1.0 - probability)).mask_fill(dropped, 0.0)
}

/// [`bits`](super::bits), products in 16-bit limbs.
pub fn bits<const D: usize>(shape: [usize; D], words: Words, device: &Device) -> Tensor<D, Int> {
    let elements: usize = shape.iter().product();
    let blocks = elements.div_ceil(4);
    if blocks == 0 {
        return Tensor::zeros(shape, (device, DType::I32));
    }
    let constant = |word: u32| Word::full([blocks], word as i32, (device, DType::I32));
    let index = Word::arange(0..blocks as i64, device).cast(DType::I32);
    let low = index + constant(words.counter[0]);
    // The 64-bit count carries where its low word has wrapped: below its start, unsigned.
    let wrap = |word: Word| word.bitwise_xor_scalar(i32::MIN);
    let carry = wrap(low.clone()).lower(wrap(constant(words.counter[0])));
    let high = constant(words.counter[1]) + carry.int().cast(DType::I32);
    let mut state = [
        low,
        high,
        constant(words.counter[2]),
        constant(words.counter[3]),
    ];
    let mut key = words.key;
    for _ in 0..10 {
        let [first, second, third, fourth] = state;
        let (high_0, low_0) = product(0xD251_1F53, first);
        let (high_1, low_1) = product(0xCD9E_8D57, third);
        state = [
            high_1.bitwise_xor(second).bitwise_xor_scalar(key[0] as i32),
            low_1,
            high_0.bitwise_xor(fourth).bitwise_xor_scalar(key[1] as i32),
            low_0,
        ];
        key = [
            key[0].wrapping_add(0x9E37_79B9),
            key[1].wrapping_add(0xBB67_AE85),
        ];
    }
    let columns = state.map(|word| word.reshape([blocks, 1])).to_vec();
    Tensor::<2, Int>::cat(columns, 1)
        .reshape([blocks * 4])
        .narrow(0, 0, elements)
        .reshape(shape)
}

/// The upper and lower 32 bits of an unsigned product.
fn product(constant: u32, word: Word) -> (Word, Word) {
    let [low, high] = [(constant & 0xFFFF) as i32, (constant >> 16) as i32];
    let word_low = word.clone().bitwise_and_scalar(0xFFFF);
    let word_high = upper_half(word.clone());
    let low_low = word_low.clone() * low;
    let cross = word_low * high;
    let other = word_high.clone() * low;
    // Three 16-bit numbers: no overflow.
    let middle = upper_half(low_low)
        + cross.clone().bitwise_and_scalar(0xFFFF)
        + other.clone().bitwise_and_scalar(0xFFFF);
    let upper = word_high * high + upper_half(cross) + upper_half(other) + upper_half(middle);
    (upper, word * constant as i32)
}

/// A word's upper 16 bits.
fn upper_half(word: Word) -> Word {
    word.bitwise_right_shift_scalar(16)
        .bitwise_and_scalar(0xFFFF)
}

/// A word's upper 24 bits.
fn upper<const D: usize>(word: Tensor<D, Int>) -> Tensor<D, Int> {
    word.bitwise_right_shift_scalar(8)
        .bitwise_and_scalar(0x00FF_FFFF)
}
