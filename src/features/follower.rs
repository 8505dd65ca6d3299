//! The machines on a series as it grows, bar by bar.

use super::finish::{Finish, Stage};
use super::machine::{Bar, Columns, Machine};
use super::native::{Job, jobs};
use super::set::FeatureSet;

/// A set's machines on one series as it grows: takes a bar, gives its values.
///
/// The numbers are those of [`super::compute`] and [`super::model_inputs`] on the CPU, bit for bit.
/// Every indicator has a state of a fixed size and takes constant time per bar (a window of order
/// statistics takes time with the logarithm or length of its period).
///
/// ```
/// use emberline::features::{Bar, FeatureContext, FeatureSet, Follower};
/// let hourly = FeatureContext::unbounded(3_600_000_000_000);
/// let set = FeatureSet::resolve("SMA_2,MOM_1", &hourly)?;
/// let mut follower = Follower::new(&set);
/// let bar = |close| Bar { open: close, high: close, low: close, close, ..Bar::default() };
/// assert!(follower.push(&bar(10.0))[0].is_nan());
/// assert_eq!(follower.push(&bar(12.0)), [11.0, 2.0]);
/// # Ok::<(), emberline::features::FeatureError>(())
/// ```
pub struct Follower {
    jobs: Vec<Job>,
    stage: Stage,
    machines: Vec<(Machine, Vec<Finish>)>,
    given: Vec<f64>,
    age: usize,
    values: Vec<f32>,
}

impl Follower {
    /// Gives raw values, as [`super::compute`].
    pub fn new(set: &FeatureSet) -> Self {
        Self::of(set, Stage::Raw)
    }

    /// Gives model inputs, as [`super::model_inputs`].
    ///
    /// # Panics
    /// If a column is no model input ([`FeatureSet::check_model_inputs`] says so beforehand).
    pub fn of_model_inputs(set: &FeatureSet) -> Self {
        Self::of(set, Stage::Inputs)
    }

    fn of(set: &FeatureSet, stage: Stage) -> Self {
        let jobs = jobs(set);
        let outputs = jobs.iter().map(|job| job.indicator.outputs.len());
        let mut follower = Self {
            given: vec![0.0; outputs.max().unwrap_or(0)],
            jobs,
            stage,
            machines: Vec::new(),
            age: 0,
            values: vec![f32::NAN; set.len()],
        };
        follower.restart();
        follower
    }

    /// Forgets everything: the next bar is a segment's first.
    pub fn restart(&mut self) {
        self.age = 0;
        let jobs = self.jobs.iter();
        self.machines = jobs
            .map(|job| (job.machine(), job.finishes(self.stage)))
            .collect();
    }

    /// Takes the next bar, whose numbers are float32's, and gives the set's values at it, in the
    /// set's order.
    pub fn push(&mut self, bar: &Bar) -> &[f32] {
        let age = self.age as f32;
        let (close, volume) = ([bar.close as f32], [bar.volume as f32]);
        let columns = Columns {
            close: &close,
            volume: &volume,
            ..Columns::NONE
        };
        for (job, (machine, finishes)) in self.jobs.iter().zip(&mut self.machines) {
            machine.next(bar, &mut self.given);
            for ((place, column), finish) in job.columns.iter().zip(finishes) {
                let given = &self.given[column.output()..][..1];
                finish.run(given, columns, age, &mut self.values[*place..][..1]);
            }
        }
        self.age += 1;
        &self.values
    }
}
