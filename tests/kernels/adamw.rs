use burn::tensor::{Device, Tensor};
use emberline::device::transfer::{to_host, upload};
use emberline::ops::adamw::{Moving, Settings, portable, reference, step, sum_squares};

use super::{assert_close, f64s, normals, on_devices};

const SETTINGS: Settings = Settings {
    beta_1: 0.9,
    beta_2: 0.999,
    epsilon: 1e-8,
    weight_decay: 0.1,
};
const SHAPE: [usize; 2] = [37, 5];
const COUNT: usize = 37 * 5;
const RATE: f64 = 1e-2;

/// Weight, first and second moment.
type State = [Vec<f32>; 3];

fn start(count: usize) -> State {
    let second = normals(count, 3)
        .into_iter()
        .map(|x| 0.01 * x * x)
        .collect();
    [normals(count, 1), normals(count, 2), second]
}

fn moving<const D: usize>(state: &State, shape: [usize; D], device: &Device) -> Moving<D> {
    let [weight, first, second] = state.clone().map(|values| upload(values, shape, device));
    Moving {
        weight,
        first,
        second,
    }
}

fn host<const D: usize>(state: Moving<D>) -> State {
    [state.weight, state.first, state.second].map(to_host)
}

#[test]
fn kernel_portable_and_oracle_agree() {
    let begin = start(COUNT);
    let mut exact = (f64s(&begin[0]), f64s(&begin[1]), f64s(&begin[2]));
    let gradients: Vec<Vec<f32>> = (0..5)
        .map(|seed| {
            normals(COUNT, 10 + seed)
                .into_iter()
                .map(|x| 2.0 * x)
                .collect()
        })
        .collect();
    for (number, gradient) in (1..).zip(&gradients) {
        let halves: Vec<f64> = gradient.iter().map(|&x| 0.5 * f64::from(x)).collect();
        reference::step(&SETTINGS, number, RATE, &mut exact, &halves);
    }
    on_devices(|name, device| {
        type Path =
            fn(Moving<2>, Tensor<2>, Tensor<1>, emberline::ops::adamw::Coefficients) -> Moving<2>;
        for (path, step) in [("kernel", step as Path), ("portable", portable)] {
            let mut state = moving(&begin, SHAPE, device);
            for (number, gradient) in (1..).zip(&gradients) {
                let gradient = upload(gradient.clone(), SHAPE, device);
                let control = upload(vec![0.5, 0.0], [2], device);
                state = step(state, gradient, control, SETTINGS.at(number, RATE));
            }
            // Each of five steps rounds a few times at 6e-8; a step without decay, correction or
            // factor is off by more than 1e-4.
            for ((what, found), exact) in ["weight", "first", "second"]
                .into_iter()
                .zip(host(state))
                .zip([&exact.0, &exact.1, &exact.2])
            {
                assert_close(&format!("{name} {path} {what}"), &found, exact, 2e-6, 0.1);
            }
        }
    });
}

#[test]
fn a_step_left_out_changes_no_bit() {
    let begin = start(COUNT);
    on_devices(|name, device| {
        let gradient = upload(vec![f32::NAN; COUNT], SHAPE, device);
        let control = upload(vec![f32::NAN, 1.0], [2], device);
        let state = moving(&begin, SHAPE, device);
        let after = host(step(state, gradient, control, SETTINGS.at(3, RATE)));
        assert_eq!(after, begin, "{name}");
    });
}

#[test]
fn a_tensor_that_somebody_else_holds_is_not_written_to() {
    let begin = start(COUNT);
    on_devices(|name, device| {
        let state = moving(&begin, SHAPE, device);
        let held = state.clone();
        let gradient = upload(vec![1.0; COUNT], SHAPE, device);
        let control = upload(vec![1.0, 0.0], [2], device);
        let after = host(step(state, gradient, control, SETTINGS.at(1, RATE)));
        assert_eq!(host(held), begin, "{name}");
        assert_ne!(after, begin, "{name}");
    });
}

#[test]
fn views_and_threads_change_no_bit() {
    let device = Device::flex();
    let count = 150_001; // several tasks, the last one short
    let begin = start(count);
    let gradient = normals(count, 4);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let whole: Tensor<2> = upload(
                gradient.iter().flat_map(|&x| [f32::NAN, x]).collect(),
                [count, 2],
                &device,
            );
            let view: Tensor<1> = whole.narrow(1, 1, 1).reshape([count]);
            let control = upload(vec![0.7, 0.0], [2], &device);
            let sum = to_host(sum_squares(view.clone()));
            let state = moving(&begin, [count], &device);
            (host(step(state, view, control, SETTINGS.at(2, RATE))), sum)
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(one, run(threads), "{threads} threads");
    }
}

#[test]
fn sums_of_squares_equal_the_oracle() {
    for count in [1, 15, 16, 185, 40_007, 150_001] {
        let x = normals(count, 9);
        let exact = reference::sum_squares(&f64s(&x));
        on_devices(|name, device| {
            let sum = to_host(sum_squares::<1>(upload(x.clone(), [count], device)));
            // A GPU adds in float32, twice 388 terms for 150,001; the CPU rounds once.
            let relative = if name == "cpu" { 1e-7 } else { 1e-5 };
            assert_close(&format!("{name} {count}"), &sum, &[exact], relative, 0.0);
        });
    }
    on_devices(|name, device| {
        let of = |values: Vec<f32>| {
            let count = values.len();
            to_host(sum_squares::<1>(upload(values, [count], device)))[0]
        };
        assert!(of(vec![1.0, f32::NAN, 2.0]).is_nan(), "{name}");
        assert_eq!(of(vec![1.0, f32::NEG_INFINITY]), f32::INFINITY, "{name}");
        assert_eq!(of(vec![1e30]), f32::INFINITY, "{name}");
    });
}
