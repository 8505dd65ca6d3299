//! What must not depend on anything: bits across threads, batches and instruction sets; NaN.

use emberline::ops::lstm::cpu::{self, Gradients, Instructions, Output, Sequence, Shape};

use super::{Single, inputs, narrow, shape, uniform};

/// The output, the gradients, that of x.
type Results = (Vec<f32>, Gradients, Vec<f32>);

fn run(
    instructions: Instructions,
    shape: Shape,
    single: &Single,
    output: Output,
    gradient: &[f32],
) -> Results {
    let mut out = vec![0.0; shape.batch * output.row_len(shape)];
    let mut saved = vec![0.0; cpu::saved_len(instructions, shape)];
    let (x, weights, state) = (single.sequence(shape), single.weights(), single.state());
    cpu::forward(
        instructions,
        shape,
        x,
        weights,
        state,
        output,
        &mut out,
        &mut saved,
    );
    let mut dx = vec![f32::NAN; single.x.len()];
    let gradients = cpu::backward(
        instructions,
        shape,
        x,
        weights,
        state,
        output,
        gradient,
        &saved,
        &mut dx,
    );
    (out, gradients, dx)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[track_caller]
fn assert_same(a: &Results, b: &Results, what: &str) {
    let fields = |x: &Results| {
        [
            &x.0, &x.2, &x.1.w_ih, &x.1.w_hh, &x.1.bias, &x.1.h0, &x.1.c0,
        ]
        .map(|v| bits(v))
    };
    for (index, (a, b)) in fields(a).iter().zip(fields(b)).enumerate() {
        assert!(*a == b, "{what}: field {index} differs");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let shape = shape([203, 9, 5, 33]);
    let single = Single::new(&inputs(1, shape, true));
    let gradient = narrow(&uniform(2, 203 * 10 * 33, 1.0));
    for instructions in Instructions::available() {
        let on = |threads: usize| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| run(instructions, shape, &single, Output::Packed, &gradient))
        };
        let one = on(1);
        for threads in [2, 3, 8] {
            assert_same(
                &one,
                &on(threads),
                &format!("{instructions:?}, {threads} threads"),
            );
        }
    }
}

#[test]
fn a_row_does_not_depend_on_its_batch() {
    let whole = shape([61, 7, 5, 33]);
    let single = Single::new(&inputs(3, whole, true));
    let gradient = narrow(&uniform(4, 61 * 33, 1.0));
    for instructions in Instructions::available() {
        let (out, gradients, dx) = run(instructions, whole, &single, Output::Last, &gradient);
        for (first, batch) in [(0, 1), (17, 1), (5, 23), (40, 21)] {
            let part = Shape { batch, ..whole };
            let cut = |values: &[f32], row: usize| values[first * row..][..batch * row].to_vec();
            let rows = Single {
                x: cut(&single.x, 7 * 5),
                h0: cut(&single.h0, 33),
                c0: cut(&single.c0, 33),
                w_ih: single.w_ih.clone(),
                w_hh: single.w_hh.clone(),
                b_ih: single.b_ih.clone(),
                b_hh: single.b_hh.clone(),
            };
            let (part_out, part_gradients, part_dx) =
                run(instructions, part, &rows, Output::Last, &cut(&gradient, 33));
            assert_eq!(
                bits(&part_out),
                bits(&cut(&out, 33)),
                "{instructions:?} out"
            );
            assert_eq!(bits(&part_dx), bits(&cut(&dx, 7 * 5)), "dx");
            assert_eq!(
                bits(&part_gradients.h0),
                bits(&cut(&gradients.h0, 33)),
                "dh0"
            );
            assert_eq!(
                bits(&part_gradients.c0),
                bits(&cut(&gradients.c0, 33)),
                "dc0"
            );
        }
    }
}

#[test]
fn processors_with_fused_multiply_add_agree_on_the_forward() {
    let sets = Instructions::available();
    if !(sets.contains(&Instructions::Avx512) && sets.contains(&Instructions::Avx2)) {
        return; // one set alone has nothing to agree with
    }
    let shape = shape([19, 8, 5, 33]);
    let single = Single::new(&inputs(5, shape, true));
    let gradient = vec![1.0; 19 * 9 * 33];
    let wide = run(
        Instructions::Avx512,
        shape,
        &single,
        Output::Packed,
        &gradient,
    );
    let narrow = run(
        Instructions::Avx2,
        shape,
        &single,
        Output::Packed,
        &gradient,
    );
    assert_eq!(bits(&wide.0), bits(&narrow.0));
}

#[test]
fn nan_in_gives_nan_out_in_its_row_alone() {
    let shape = shape([9, 6, 5, 7]);
    let mut single = Single::new(&inputs(6, shape, false));
    let (row, step) = (4, 2);
    single.x[(row * 6 + step) * 5 + 3] = f32::NAN;
    let gradient = vec![1.0; 9 * 7 * 7];
    for instructions in Instructions::available() {
        let (out, gradients, _) = run(instructions, shape, &single, Output::Packed, &gradient);
        for (index, value) in out.iter().enumerate() {
            let (b, t) = (index / (7 * 7), index / 7 % 7);
            let expected = b == row && t >= step;
            assert_eq!(
                value.is_nan(),
                expected,
                "{instructions:?} row {b} step {t}: {value}"
            );
        }
        assert!(gradients.w_ih.iter().all(|value| value.is_nan()), "dw_ih");
    }
}

#[test]
fn strided_input_is_read_in_place() {
    let shape = shape([5, 4, 3, 7]);
    let single = Single::new(&inputs(9, shape, false));
    let instructions = Instructions::detect();
    let forward = |x: Sequence<'_>| {
        let mut out = vec![0.0; 5 * 7];
        cpu::forward(
            instructions,
            shape,
            x,
            single.weights(),
            single.state(),
            Output::Last,
            &mut out,
            &mut [],
        );
        out
    };
    // the same rows time-major, with a gap behind each step
    let mut values = vec![f32::NAN; 4 * (5 * 3 + 2)];
    for b in 0..5 {
        for t in 0..4 {
            values[t * 17 + b * 3..][..3].copy_from_slice(&single.x[(b * 4 + t) * 3..][..3]);
        }
    }
    let strided = Sequence {
        values: &values,
        batch_stride: 3,
        step_stride: 17,
    };
    assert_eq!(forward(single.sequence(shape)), forward(strided));
}
