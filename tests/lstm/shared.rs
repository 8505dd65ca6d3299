//! Windows that share their bars: the same numbers as each window on its own.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::ops::gather;
use emberline::ops::lstm::cpu::{self, Instructions, Output, Projected, Sequence, Shape};
use emberline::ops::lstm::shared;
use emberline::ops::lstm::{self, LayerWeights};

use super::tensors::Leaves;
use super::{Single, inputs, narrow, shape, uniform};

/// Windows of 9 bars among 2 rows of 23, some twice, some outside.
const PLACES: [(i32, i32); 9] = [
    (0, 0),
    (0, 1),
    (0, 14),
    (1, 3),
    (1, 3),
    (0, 2),
    (1, 14),
    (7, 99),
    (-1, -5),
];
const LENGTH: usize = 9;

fn weights(hidden: usize, device: &Device) -> LayerWeights {
    let shape = shape([1, 1, 5, hidden]);
    Leaves::new(shape, &inputs(51, shape, false), device).weights
}

fn bars(device: &Device) -> Tensor<3> {
    let mut values = narrow(&uniform(52, 2 * 23 * 5, 2.0));
    values[(23 + 20) * 5 + 1] = f32::NAN; // in the last windows of row 1
    upload(values, [2, 23, 5], device)
}

fn places(device: &Device) -> Tensor<2, burn::tensor::Int> {
    let flat = PLACES.iter().flat_map(|&(row, start)| [row, start]);
    upload_int(flat.collect(), [PLACES.len(), 2], device)
}

fn bits(values: &[f32]) -> Vec<u32> {
    // NaN is NaN, whichever
    let bits = |value: &f32| if value.is_nan() { 0 } else { value.to_bits() };
    values.iter().map(bits).collect()
}

#[test]
fn shared_and_gathered_windows_have_the_same_bits() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        for hidden in [1, 7, 16, 33, 128] {
            let LayerWeights {
                w_ih,
                w_hh,
                b_ih,
                b_hh,
            } = weights(hidden, &Device::flex().autodiff());
            let mut weights = LayerWeights {
                w_ih: w_ih.inner(),
                w_hh: w_hh.inner(),
                b_ih: b_ih.inner(),
                b_hh: b_hh.inner(),
            };
            if device.is_autodiff() {
                weights = LayerWeights {
                    w_ih: weights.w_ih.autodiff(),
                    w_hh: weights.w_hh.autodiff(),
                    b_ih: weights.b_ih.autodiff(),
                    b_hh: weights.b_hh.autodiff(),
                };
            }
            let x = gather::windows(bars(&device), places(&device), LENGTH);
            let projected = shared::project(bars(&device), weights.clone());
            assert_eq!(projected.dims(), [2, 23, 4 * hidden]);
            let w_hh = weights.w_hh.clone();
            let last = shared::last(projected.clone(), places(&device), LENGTH, w_hh.clone());
            let all = shared::outputs(projected, places(&device), LENGTH, w_hh);
            let own_last = to_host(lstm::last(x.clone(), weights.clone(), None));
            let own_all = to_host(lstm::outputs(x, weights, None));
            assert_eq!(own_last.iter().filter(|x| x.is_nan()).count(), 2 * hidden);
            assert_eq!(bits(&to_host(last)), bits(&own_last), "H {hidden}");
            assert_eq!(bits(&to_host(all)), bits(&own_all), "H {hidden}");
        }
    }
}

#[test]
fn every_instruction_set_shares_without_changing_a_bit() {
    let (num_bars, batch, length, features, hidden) = (61, 40, 20, 11, 21);
    let of_bars = shape([1, num_bars, features, hidden]);
    let single = Single::new(&inputs(53, of_bars, false));
    let starts: Vec<usize> = (0..batch).collect();
    let shape = Shape {
        batch,
        length,
        features,
        hidden,
    };
    let zeros = vec![0.0; batch * hidden];
    for instructions in Instructions::available() {
        let mut own = vec![0.0; batch * (length + 1) * hidden];
        cpu::forward(
            instructions,
            shape,
            Sequence {
                values: &single.x,
                batch_stride: features, // window b starts at bar b
                step_stride: features,
            },
            single.weights(),
            (&zeros, &zeros),
            Output::Packed,
            &mut own,
            &mut [],
        );
        let mut projected = vec![f32::NAN; num_bars * 4 * hidden];
        cpu::project(
            instructions,
            &single.x,
            (&single.w_ih, &single.b_ih, &single.b_hh),
            &mut projected,
        );
        let mut out = vec![f32::NAN; own.len()];
        cpu::forward_shared(
            instructions,
            shape,
            Projected {
                values: &projected,
                starts: &starts,
            },
            &single.w_hh,
            Output::Packed,
            &mut out,
        );
        assert_eq!(bits(&out), bits(&own), "{instructions:?}");
    }
}

#[test]
#[should_panic(expected = "shared windows have no gradient")]
fn a_tracked_weight_is_refused() {
    let device = Device::flex().autodiff();
    shared::project(bars(&device), weights(7, &device));
}
