//! The kernels of CubeCL backends, through autodiff and fusion on a software Vulkan driver; the CPU
//! takes the same tests.

use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload, upload_int};
use emberline::ops::gather;
use emberline::ops::lstm::{self, LayerWeights, Output, reference, shared};

use super::tensors::{Leaves, embed};
use super::{assert_close, inputs, narrow, shape, uniform};
use crate::kernels::on_devices;

/// What `output` reads of a packed output.
fn part(output: Output, sizes: [usize; 4], packed: &[f64]) -> Vec<f64> {
    let [_, length, _, hidden] = sizes;
    let range = match output {
        Output::Packed => 0..(length + 1) * hidden,
        Output::All => 0..length * hidden,
        Output::Last => (length - 1) * hidden..length * hidden,
    };
    packed
        .chunks((length + 1) * hidden)
        .flat_map(|row| row[range.clone()].to_vec())
        .collect()
}

fn run(
    output: Output,
    x: Tensor<3>,
    weights: LayerWeights,
    state: Option<(Tensor<2>, Tensor<2>)>,
) -> Tensor<1> {
    match output {
        Output::Packed => lstm::layer(x, weights, state).flatten(0, 2),
        Output::All => lstm::outputs(x, weights, state).flatten(0, 2),
        Output::Last => lstm::last(x, weights, state).flatten(0, 1),
    }
}

fn constant(weights: &LayerWeights) -> LayerWeights {
    LayerWeights {
        w_ih: weights.w_ih.clone().inner(),
        w_hh: weights.w_hh.clone().inner(),
        b_ih: weights.b_ih.clone().inner(),
        b_hh: weights.b_hh.clone().inner(),
    }
}

/// Without recording gradients.
fn infer(output: Output, leaves: &Leaves, with_state: bool) -> Vec<f32> {
    let weights = constant(&leaves.weights);
    let state = (leaves.h0.clone().inner(), leaves.c0.clone().inner());
    let state = with_state.then_some(state);
    to_host(run(output, leaves.x.clone().inner(), weights, state))
}

/// Forward without and with recording, and every gradient.
fn check(sizes: [usize; 4], output: Output, name: &str, device: &Device) {
    let what = format!("{name} {sizes:?} {output:?}");
    let shape = shape(sizes);
    let inputs = inputs(41, shape, true);
    let trace = reference::forward(shape, &inputs);
    let gradient = uniform(42, shape.batch * output.row_len(shape), 1.0);
    let expected = reference::backward(shape, &inputs, &trace, &embed(shape, output, &gradient));
    let out = part(output, sizes, &trace.out);

    let device = device.clone().autodiff();
    let leaves = Leaves::new(shape, &inputs, &device);
    assert_close(&what, &infer(output, &leaves, true), &out);
    let (x, weights) = (leaves.x.clone(), leaves.weights.clone());
    let found = run(output, x, weights, Some(leaves.state()));
    assert_close(&what, &to_host(found.clone()), &out);
    let loss = (found * upload(narrow(&gradient), [gradient.len()], &device)).sum();
    leaves.assert_gradients(loss, &expected, &what);
}

#[test]
fn sequences_in_one_launch_equal_the_oracle() {
    on_devices(|name, device| {
        // One row a cube, then several, the last of them beyond the batch; features that the kernel
        // multiplies itself and features that it does not; weights that fit on chip and that do not.
        for sizes in [
            [1, 1, 1, 1],
            [3, 37, 5, 7],
            [17, 2, 1, 32],
            [1, 2, 5, 128],
            [3, 37, 1, 128],
            [131, 3, 5, 9],
            [70, 3, 32, 33],
            [2, 3, 33, 130],
            [300, 2, 40, 20],
            [1030, 2, 1, 5],
        ] {
            check(sizes, Output::Packed, name, device);
        }
        check([3, 37, 5, 7], Output::All, name, device);
        check([17, 2, 1, 32], Output::Last, name, device);
        check([1, 1, 1, 1], Output::Last, name, device);
    });
}

#[test]
fn wide_layers_equal_the_oracle() {
    on_devices(|name, device| {
        for output in [Output::Packed, Output::All, Output::Last] {
            check([3, 4, 5, 201], output, name, device);
        }
        check([17, 1, 40, 256], Output::Packed, name, device);
    });
}

#[test]
fn long_sequences_are_cut_into_launches() {
    // Software drivers end a kernel's loops after 65,535 rounds.
    on_devices(|name, device| check([2, 9_001, 1, 7], Output::All, name, device));
}

#[test]
fn without_a_state_it_starts_from_zero() {
    on_devices(|name, device| {
        let shape = shape([3, 5, 2, 7]);
        let inputs = inputs(43, shape, false);
        let leaves = Leaves::new(shape, &inputs, &device.clone().autodiff());
        let expected = reference::forward(shape, &inputs).out;
        assert_close(name, &infer(Output::Packed, &leaves, false), &expected);
    });
}

#[test]
fn nan_stays_in_its_row() {
    on_devices(|name, device| {
        for sizes in [[9, 6, 5, 7], [131, 6, 5, 9], [9, 6, 40, 7], [3, 6, 5, 201]] {
            let what = format!("{name} {sizes:?}");
            let [batch, length, features, hidden] = sizes;
            let shape = shape(sizes);
            let mut inputs = inputs(44, shape, true);
            let (row, step) = (batch / 2, 2);
            inputs.x[(row * length + step) * features + 3] = f64::NAN;
            let leaves = Leaves::new(shape, &inputs, &device.clone().autodiff());
            let out = run(
                Output::Packed,
                leaves.x.clone(),
                leaves.weights.clone(),
                Some(leaves.state()),
            );
            for (index, value) in to_host(out.clone()).into_iter().enumerate() {
                let (b, t) = (
                    index / ((length + 1) * hidden),
                    index / hidden % (length + 1),
                );
                let expected = b == row && t >= step;
                assert_eq!(value.is_nan(), expected, "{what} row {b} step {t}: {value}");
            }
            let gradients = out.sum().backward();
            let dx = to_host(leaves.x.grad(&gradients).unwrap());
            for (b, values) in dx.chunks(length * features).enumerate() {
                let nans = values.iter().filter(|value| value.is_nan()).count();
                let expected = if b == row { values.len() } else { 0 };
                assert_eq!(nans, expected, "{what}: dx of row {b}");
            }
            let dw_hh = to_host(leaves.weights.w_hh.grad(&gradients).unwrap());
            assert!(dw_hh.iter().all(|value| value.is_nan()), "{what}: dw_hh");
        }
    });
}

#[test]
fn views_are_read_in_their_own_order() {
    on_devices(|name, device| {
        let shape = shape([4, 3, 2, 5]);
        let leaves = Leaves::new(shape, &inputs(45, shape, false), &device.clone().autodiff());
        let whole: Tensor<3> = upload(narrow(&uniform(46, 6 * 5 * 4, 1.0)), [6, 5, 4], device);
        let part = whole.clone().slice([1..5, 2..5, 1..3]);
        let swapped = whole.swap_dims(0, 2).slice([0..4, 1..4, 2..4]);
        for view in [part, swapped] {
            let copy = upload(to_host(view.clone()), [4, 3, 2], device);
            let run = |x| to_host(lstm::last(x, constant(&leaves.weights), None));
            assert_eq!(run(view), run(copy), "{name}");
        }
    });
}

#[test]
fn windows_that_share_bars_equal_the_oracle() {
    on_devices(|name, device| {
        // weights that fit on chip, and a layer by steps
        for (features, hidden) in [(2, 4), (40, 9), (5, 201)] {
            let (length, num_bars) = (3, 7);
            let windows = [(0, 0), (1, 1), (1, 4), (0, 1)];
            let bars = narrow(&uniform(47, 2 * num_bars * features, 2.0));
            let shape = shape([windows.len(), length, features, hidden]);
            let extent = [2, num_bars, features];
            let x = gather::reference::windows(&bars, extent, &windows, length);
            let inputs = reference::Inputs {
                x: x.into_iter().map(f64::from).collect(),
                ..inputs(48, shape, false)
            };
            let packed = reference::forward(shape, &inputs).out;
            let leaves = Leaves::new(shape, &inputs, &device.clone().autodiff());
            let weights = constant(&leaves.weights);
            let w_hh = weights.w_hh.clone();
            let projected = shared::project(upload(bars, extent, device), weights);
            let places = windows.iter().flat_map(|&(row, start)| [row, start]);
            let places = upload_int(places.collect(), [windows.len(), 2], device);
            let all = shared::outputs(projected.clone(), places.clone(), length, w_hh.clone());
            let last = shared::last(projected, places, length, w_hh);
            let sizes = [windows.len(), length, features, hidden];
            for (output, found) in [(Output::All, to_host(all)), (Output::Last, to_host(last))] {
                let what = format!("{name} {sizes:?} {output:?}");
                assert_close(&what, &found, &part(output, sizes, &packed));
            }
        }
    });
}
