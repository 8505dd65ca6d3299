//! Every operation of the ground floor: kernel = portable path = float64 oracle, gradients too, on
//! the CPU and, where there is one, on a software Vulkan driver.

#![allow(clippy::float_cmp, reason = "what must be exact is compared exactly")]

mod adamw;
mod gather;
mod random;
mod recur;
mod rolling;
mod running;
mod scan;
mod trailing;

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor};
use emberline::device::{
    select,
    transfer::{to_host, upload},
};
use emberline::ops::random::{Distribution, Words, reference};

/// One thread talks to a GPU at a time.
static GPU: Mutex<()> = Mutex::new(());

/// Runs `test` on the CPU and on the software Vulkan driver, which runs the GPU kernels.
#[allow(clippy::print_stderr, reason = "a test that had no driver says so")]
pub(crate) fn on_devices(test: impl Fn(&str, &Device)) {
    test("cpu", &select("cpu", None).expect("the CPU").device);
    let _one = GPU.lock().unwrap_or_else(PoisonError::into_inner);
    match select("vulkan:software", None) {
        Ok(selection) => test("vulkan:software", &selection.device),
        Err(error) => eprintln!("no software Vulkan driver, kernels not tested: {error}"),
    }
}

/// Standard normal numbers.
pub(crate) fn normals(count: usize, seed: u32) -> Vec<f32> {
    let words = Words {
        counter: [0; 4],
        key: [seed, 1],
    };
    reference::draw(count, words, Distribution::Normal)
        .into_iter()
        .map(|x| x as f32)
        .collect()
}

/// Uniform numbers in `low..high`.
pub(crate) fn uniforms(count: usize, low: f32, high: f32, seed: u32) -> Vec<f32> {
    let words = Words {
        counter: [0; 4],
        key: [seed, 2],
    };
    let unit = reference::draw(count, words, Distribution::Uniform);
    unit.into_iter()
        .map(|x| low + (high - low) * x as f32)
        .collect()
}

pub(crate) fn f64s(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// `operation` of a `[rows, bars]` input, read back.
pub(crate) fn through(
    x: &[f32],
    [rows, bars]: [usize; 2],
    device: &Device,
    operation: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Vec<f32> {
    let y = operation(upload(x.to_vec(), [rows, bars], device));
    assert_eq!(y.dims(), [rows, bars]);
    to_host(y)
}

/// Each value within `relative` times the larger of its own size and `scale`; NaN only beside NaN.
#[track_caller]
pub(crate) fn assert_close(
    what: &str,
    actual: &[f32],
    expected: &[f64],
    relative: f64,
    scale: f64,
) {
    assert_eq!(actual.len(), expected.len(), "{what}: lengths");
    for (i, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        let actual = f64::from(actual);
        let bound = relative * expected.abs().max(scale);
        assert!(
            actual == expected
                || (actual.is_nan() && expected.is_nan())
                || (actual - expected).abs() <= bound,
            "{what}: element {i} is {actual}, not {expected} (within {bound:e})"
        );
    }
}
