//! Progress of a walk: one bar over the steps of all its runs, or a line as each run ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use emberline::run::{WalkEvent, WalkJob};
use emberline::training::Line;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::span;
use super::{Global, say};

/// In a pipe, the least time between two lines that are no ends of runs.
const QUIET_TIME: Duration = Duration::from_secs(10);

/// Shows a walk on stderr.
pub(crate) struct WalkShown {
    quiet: bool,
    verbose: bool,
    metric: String,
    runs: usize,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    /// Steps taken and steps planned of each run that began.
    steps: BTreeMap<WalkJob, (u64, u64)>,
    /// Of trials that ended: steps taken, steps planned, runs.
    behind: (u64, u64, usize),
    done: usize,
    started: Instant,
    last_line: Instant,
}

impl State {
    /// Steps taken and planned of all runs that began.
    fn total(&self) -> (u64, u64) {
        let before = (self.behind.0, self.behind.1);
        self.steps
            .values()
            .fold(before, |sum, steps| (sum.0 + steps.0, sum.1 + steps.1))
    }
}

impl WalkShown {
    /// `runs` is how many there are in all; `metric` picks the best epoch.
    pub(crate) fn new(global: &Global, runs: usize, metric: &str) -> Self {
        let fancy = say::is_fancy() && !global.quiet;
        let bar = fancy.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent}% {msg}, {eta} left")
            {
                bar.set_style(style);
            }
            bar
        });
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            metric: metric.to_owned(),
            runs,
            bar,
            state: Mutex::new(State {
                steps: BTreeMap::new(),
                behind: (0, 0, 0),
                done: 0,
                started: Instant::now(),
                last_line: Instant::now(),
            }),
        }
    }

    /// Runs of another trial follow: their folds and seeds have the same names.
    pub(crate) fn begin_trial(&self, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, planned) = state.total();
        state.behind = (
            taken,
            planned.max(taken),
            state.behind.2 + state.steps.len(),
        );
        state.steps.clear();
        self.say(text);
    }

    /// Takes an event, from any thread.
    pub(crate) fn on(&self, event: WalkEvent<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            WalkEvent::Begin(job, plan) => {
                state.steps.insert(job, (plan.step, plan.total_steps));
                self.show(&state);
            }
            WalkEvent::Step(job, step) => {
                if let Some(steps) = state.steps.get_mut(&job) {
                    steps.0 = step;
                }
                self.show(&state);
            }
            WalkEvent::Epoch(job, line, _) => {
                let due = self.verbose || state.last_line.elapsed() >= QUIET_TIME;
                if self.bar.is_none() && due {
                    state.last_line = Instant::now();
                    if let Line::Epoch {
                        epoch, train_loss, ..
                    } = line
                    {
                        self.say(&format!(
                            "{}: epoch {epoch}, train_loss {:.5}; {} of {} runs done, {}",
                            name(job),
                            train_loss.get(),
                            state.done,
                            self.runs,
                            span(state.started.elapsed().as_secs_f64())
                        ));
                    }
                }
            }
            WalkEvent::Note(job, text) => self.say(&format!("{}: {text}", name(job))),
            WalkEvent::Done(job, run) => {
                state.done += 1;
                state.last_line = Instant::now();
                // what early stopping left undone will not be done
                if let Some(steps) = state.steps.get_mut(&job) {
                    steps.1 = steps.0;
                }
                let best = run.state.best.as_ref().map_or_else(String::new, |best| {
                    format!(
                        ", {} {:.5} at epoch {}",
                        best.metric,
                        best.value.get(),
                        best.epoch
                    )
                });
                self.say(&format!(
                    "{}: {} epochs{best}, {}; {} of {} runs done",
                    name(job),
                    run.state.epoch,
                    span(run.elapsed_s),
                    state.done,
                    self.runs
                ));
                self.show(&state);
            }
        }
    }

    fn show(&self, state: &State) {
        let Some(bar) = &self.bar else {
            return;
        };
        let (taken, planned) = state.total();
        // runs that have not begun are taken to be like those that have
        let begun = (state.behind.2 + state.steps.len()).max(1) as u64;
        bar.set_length(planned / begun * self.runs.max(1) as u64);
        bar.set_position(taken);
        bar.set_message(format!(
            "{} of {} runs done, best by {}",
            state.done, self.runs, self.metric
        ));
    }

    fn say(&self, text: &str) {
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.println(text),
            None => say::line(text),
        }
    }
}

impl Drop for WalkShown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `fold 2 seed 7`.
pub(crate) fn name(job: WalkJob) -> String {
    format!("fold {} seed {}", job.fold, job.seed)
}
