use burn::tensor::Device;
use emberline::device::transfer::{to_host, to_host_int, upload};
use emberline::ops::random::{
    Distribution, Key, Words, bernoulli, bits, dropout, normal, portable, reference, uniform,
};

use super::{assert_close, f64s, normals, on_devices};

const KEY: Key = Key {
    seed: 0x0123_4567_89AB_CDEF,
    stream: 7,
    counter: 3,
};

/// Counter, key, words: the three lines `philox4x32 10` of `tests/kat_vectors` in Random123 1.14 by
/// D. E. Shaw Research, <https://github.com/DEShawResearch/random123>.
const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
    (
        [0; 4],
        [0; 2],
        [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8],
    ),
    (
        [u32::MAX; 4],
        [u32::MAX; 2],
        [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD],
    ),
    (
        [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
        [0xA409_3822, 0x299F_31D0],
        [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1],
    ),
];

#[test]
fn known_answers() {
    for (counter, key, answer) in KNOWN {
        assert_eq!(reference::philox(counter, key), answer);
        let answer = answer.map(|word| word as i32);
        let words = Words { counter, key };
        on_devices(|name, device| {
            assert_eq!(to_host_int(bits([4], words, device)), answer, "{name}");
            assert_eq!(
                to_host_int(portable::bits([4], words, device)),
                answer,
                "{name}"
            );
        });
    }
}

#[test]
fn the_same_bits_on_every_path_across_the_carry() {
    for counter in [[0; 4], [u32::MAX - 2, 5, 1, 2], [u32::MAX, u32::MAX, 0, 0]] {
        let words = Words {
            counter,
            key: [11, 13],
        };
        let expected: Vec<i32> = reference::bits(3 * 37, words)
            .into_iter()
            .map(|word| word as i32)
            .collect();
        on_devices(|name, device| {
            assert_eq!(
                to_host_int(bits([3, 37], words, device)),
                expected,
                "{name}"
            );
            assert_eq!(
                to_host_int(portable::bits([3, 37], words, device)),
                expected,
                "{name}"
            );
        });
    }
    // Longer than a task of the CPU path.
    let words = Words::from(KEY);
    let expected: Vec<i32> = reference::bits(20_003, words)
        .into_iter()
        .map(|word| word as i32)
        .collect();
    on_devices(|name, device| {
        assert_eq!(
            to_host_int(bits([20_003], words, device)),
            expected,
            "{name}"
        );
    });
}

#[test]
fn uniforms_and_bernoulli_draws_are_exact_everywhere() {
    let words = Words::from(KEY);
    on_devices(|name, device| {
        let expected = reference::draw(111, words, Distribution::Uniform);
        assert_eq!(
            f64s(&to_host(uniform([3, 37], KEY, device))),
            expected,
            "{name}"
        );
        let portable_draw = portable::draw([3, 37], words, Distribution::Uniform, device);
        assert_eq!(f64s(&to_host(portable_draw)), expected, "{name} portable");
        for p in [0.0, 0.1, 0.5, 1.0] {
            let expected = reference::draw(111, words, Distribution::Bernoulli(p));
            assert_eq!(
                f64s(&to_host(bernoulli(p, [37, 3], KEY, device))),
                expected,
                "{name}"
            );
            let drawn = portable::draw([37, 3], words, Distribution::Bernoulli(p), device);
            assert_eq!(f64s(&to_host(drawn)), expected, "{name} portable");
        }
    });
}

#[test]
fn normals_are_close_everywhere() {
    let words = Words::from(KEY);
    let expected = reference::draw(1001, words, Distribution::Normal);
    on_devices(|name, device| {
        // WGSL promises 2^-11 for a cosine; CPUs round.
        let tolerance = if name == "cpu" { 2e-6 } else { 3e-3 };
        let drawn = to_host(normal([1001], KEY, device));
        assert_close(name, &drawn, &expected, tolerance, 1.0);
        let drawn = portable::draw([1001], words, Distribution::Normal, device);
        assert_close(name, &to_host(drawn), &expected, tolerance, 1.0);
    });
}

#[test]
fn moments_are_those_of_the_distribution() {
    let count = 200_000;
    let device = Device::flex();
    let moments = |x: Vec<f32>| {
        let mean = f64s(&x).iter().sum::<f64>() / count as f64;
        (
            mean,
            f64s(&x).iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64,
        )
    };
    // Six standard errors: sd/sqrt(n) for the mean, sqrt(2/n) (normal) for the variance.
    let (mean, variance) = moments(to_host(normal([count], KEY, &device)));
    assert!(
        mean.abs() < 0.0135 && (variance - 1.0).abs() < 0.019,
        "{mean} {variance}"
    );
    let (mean, variance) = moments(to_host(uniform([count], KEY, &device)));
    assert!((mean - 0.5).abs() < 0.004 && (variance - 1.0 / 12.0).abs() < 0.001);
    let (mean, _) = moments(to_host(bernoulli(0.3, [count], KEY, &device)));
    assert!((mean - 0.3).abs() < 0.0062, "{mean}");
}

#[test]
fn every_field_of_the_key_matters() {
    let device = Device::flex();
    let draw = |key| to_host(uniform([16], key, &device));
    let other = 1 << 40;
    let keys = [
        KEY,
        Key {
            seed: KEY.seed + 1,
            ..KEY
        },
        Key {
            seed: KEY.seed ^ other,
            ..KEY
        },
        Key { stream: 8, ..KEY },
        Key {
            stream: KEY.stream ^ other,
            ..KEY
        },
        Key { counter: 4, ..KEY },
        Key {
            counter: KEY.counter ^ other,
            ..KEY
        },
    ];
    for (i, first) in keys.iter().enumerate() {
        assert_eq!(draw(*first), draw(*first));
        for second in &keys[..i] {
            assert_ne!(draw(*first), draw(*second), "{first:?} {second:?}");
        }
    }
}

#[test]
fn dropout_scales_what_it_keeps_and_does_not_read_what_it_drops() {
    let p = 0.3;
    let words = Words::from(KEY);
    let mut x = normals(3 * 37, 1);
    let dropped = reference::draw(111, words, Distribution::Bernoulli(p));
    let first = dropped.iter().position(|&dropped| dropped == 1.0).unwrap();
    x[first] = f32::NAN;
    let expected = reference::dropout(&f64s(&x), p, words);
    assert_eq!(expected[first], 0.0);
    on_devices(|name, device| {
        let y = to_host(dropout(upload(x.clone(), [3, 37], device), p, KEY));
        assert_close(name, &y, &expected, 2e-7, 0.0);
        let y = portable::dropout(upload(x.clone(), [3, 37], device), p, words);
        assert_close(name, &to_host(y), &expected, 2e-7, 0.0);
        let same = to_host(dropout(upload(vec![1.0, 2.0], [2], device), 0.0, KEY));
        assert_eq!(same, [1.0, 2.0], "{name}");
    });
}

#[test]
fn dropout_leaves_its_input_alone() {
    on_devices(|name, device| {
        let x = upload(vec![1.0; 64], [4, 16], device);
        let view = x.clone().slice([1..3, 3..9]);
        let y = to_host(dropout(view, 0.5, KEY));
        let expected = reference::dropout(&[1.0; 12], 0.5, Words::from(KEY));
        assert_eq!(f64s(&y), expected, "{name}");
        let _ = dropout(x.clone(), 0.5, KEY);
        assert_eq!(to_host(x), [1.0; 64], "{name}");
    });
}

#[test]
fn the_gradient_of_dropout_is_its_own_mask() {
    let p = 0.25;
    let expected = reference::dropout(&[2.0; 111], p, Words::from(KEY));
    on_devices(|name, device| {
        let device = device.clone().autodiff();
        let x = upload(normals(111, 2), [3, 37], &device).require_grad();
        let y = dropout(x.clone(), p, KEY);
        let gradients = y.mul_scalar(2.0).sum().backward();
        assert_close(
            name,
            &to_host(x.grad(&gradients).unwrap()),
            &expected,
            2e-7,
            0.0,
        );
    });
}

#[test]
#[should_panic(expected = "is not in 0..1")]
fn dropping_everything_is_refused() {
    dropout(upload(vec![1.0], [1], &Device::flex()), 1.0, KEY);
}
