//! The CPU paths: the float64 state machines, rows over threads.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::cycle::{Cycle, Phase, Wave, sines};
use super::stop::{Parabolic, Stops, TrailingBand};

pub(in crate::ops) fn parabolic(
    high: &FlexTensor,
    low: &FlexTensor,
    age: &FlexTensor,
    stops: Stops,
) -> FlexTensor {
    let plane = by_rows(
        [high, low, age],
        |[high, low, age], [y]: [&mut [f32]; 1]| {
            let mut machine = Parabolic::new(stops);
            for t in 0..high.len() {
                if age[t] <= 0.0 {
                    machine = Parabolic::new(stops);
                }
                y[t] = f32::NAN;
                if age[t] >= 0.0 {
                    let [stop, side] = machine.next(f64::from(high[t]), f64::from(low[t]));
                    y[t] = (stop * side) as f32;
                }
            }
        },
    );
    let [_, rows, bars] = plane.shape().dims();
    plane.reshape(Shape::new([rows, bars]))
}

pub(in crate::ops) fn trailing_band(
    high: &FlexTensor,
    low: &FlexTensor,
    close: &FlexTensor,
    width: &FlexTensor,
) -> FlexTensor {
    by_rows(
        [high, low, close, width],
        |[high, low, close, width], [line, trend]| {
            let mut machine = TrailingBand::new();
            for t in 0..high.len() {
                if width[t].is_nan() {
                    machine = TrailingBand::new();
                }
                let middle = f64::midpoint(f64::from(high[t]), f64::from(low[t]));
                let given = machine.next(middle, f64::from(width[t]), f64::from(close[t]));
                line[t] = given[0] as f32;
                trend[t] = given[1] as f32;
            }
        },
    )
}

pub(in crate::ops) fn cycle(
    x: &FlexTensor,
    age: &FlexTensor,
    begin: usize,
    wait: usize,
) -> FlexTensor {
    by_rows(
        [x, age],
        |[x, age], [in_phase, quadrature, period, angle]| {
            let mut machine = Waves::new(begin, wait);
            for t in 0..x.len() {
                let mut given = [f64::NAN; 4];
                if let Some(wave) = machine.next(x, age, t) {
                    let turned = if wave.in_phase == 0.0 {
                        0.0
                    } else {
                        (wave.quadrature / wave.in_phase).atan().to_degrees()
                    };
                    given = [wave.in_phase, wave.quadrature, wave.period, turned];
                }
                in_phase[t] = given[0] as f32;
                quadrature[t] = given[1] as f32;
                period[t] = given[2] as f32;
                angle[t] = given[3] as f32;
            }
        },
    )
}

/// The period is found again, in float64.
pub(in crate::ops) fn phase(
    x: &FlexTensor,
    age: &FlexTensor,
    begin: usize,
    wait: usize,
) -> FlexTensor {
    by_rows([x, age], |[x, age], [phases, sine, lead]| {
        let mut waves = Waves::new(begin, wait);
        let mut machine = Phase::new();
        for t in 0..x.len() {
            let mut given = [f64::NAN; 3];
            if age[t] <= begin as f32 {
                machine = Phase::new();
            }
            if let Some(wave) = waves.next(x, age, t) {
                let phase = machine.next(&wave);
                let [sine, lead] = sines(phase);
                given = [phase, sine, lead];
            }
            phases[t] = given[0] as f32;
            sine[t] = given[1] as f32;
            lead[t] = given[2] as f32;
        }
    })
}

/// A [`Cycle`] that knows where stretches start.
struct Waves {
    begin: f32,
    wait: usize,
    machine: Cycle,
}

impl Waves {
    fn new(begin: usize, wait: usize) -> Self {
        Self {
            begin: begin as f32,
            wait,
            machine: Cycle::new(wait),
        }
    }

    fn next(&mut self, x: &[f32], age: &[f32], t: usize) -> Option<Wave> {
        if age[t] <= self.begin {
            self.machine = Cycle::new(self.wait);
        }
        if age[t] < self.begin {
            return None;
        }
        self.machine.next(f64::from(x[t]))
    }
}

/// `fill` of each row of the inputs, `[rows, bars]` each, into that row of `K` planes.
fn by_rows<const I: usize, const K: usize>(
    inputs: [&FlexTensor; I],
    fill: impl Fn([&[f32]; I], [&mut [f32]; K]) + Sync,
) -> FlexTensor {
    let inputs = inputs.map(FlexTensor::to_contiguous);
    let shape = inputs[0].shape();
    let [rows, bars] = [shape[0], shape[1]];
    let columns: [&[f32]; I] = std::array::from_fn(|index| {
        let Some(column) = inputs[index].as_slice::<f32>() else {
            unreachable!("the tensor was made contiguous, and the caller checked that it is f32")
        };
        column
    });
    let mut y = FlexTensor::empty(Shape::new([K, rows, bars]), DType::F32);
    let mut planes = y.storage_mut::<f32>().chunks_exact_mut(rows * bars);
    let planes: [&mut [f32]; K] =
        std::array::from_fn(|_| planes.next().expect("as many planes as were made"));
    let mut split: Vec<[&mut [f32]; K]> = Vec::with_capacity(rows);
    let mut rest = planes.map(|plane| plane.chunks_exact_mut(bars));
    for _ in 0..rows {
        split.push(std::array::from_fn(|index| {
            rest[index].next().expect("as many rows as were made")
        }));
    }
    split.into_par_iter().enumerate().for_each(|(row, planes)| {
        fill(columns.map(|column| &column[row * bars..][..bars]), planes);
    });
    y
}
