//! Progress of a run: a bar on a terminal, plain lines in a pipe.

use std::path::Path;
use std::time::{Duration, Instant};

use emberline::metrics::Validation;
use emberline::training::{Line, Plan, Progress, Reading};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Global, say};

/// In a pipe, the least time between two lines inside an epoch.
const QUIET_TIME: Duration = Duration::from_secs(10);

/// Shows a run on stderr.
pub(crate) struct Shown {
    quiet: bool,
    verbose: bool,
    /// The metric that picks the best epoch, shown beside the loss.
    metric: String,
    bar: Option<ProgressBar>,
    plan: Option<Plan>,
    validation: Option<f64>,
    last_line: Instant,
}

impl Shown {
    pub(crate) fn new(global: &Global, metric: &str) -> Self {
        let fancy = say::is_fancy() && !global.quiet;
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            metric: metric.to_owned(),
            bar: fancy.then(|| {
                ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8))
            }),
            plan: None,
            validation: None,
            last_line: Instant::now(),
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.println(text),
            None => say::line(text),
        }
    }

    fn epochs(&self) -> u64 {
        self.plan.map_or(0, |plan| plan.epochs)
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.end();
    }
}

impl Progress for Shown {
    fn begin(&mut self, plan: &Plan) {
        self.plan = Some(*plan);
        if let Some(bar) = &self.bar {
            bar.set_length(plan.total_steps);
            bar.set_position(plan.step);
            bar.reset_eta();
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
                bar.set_style(style);
            }
        }
        self.say(&format!(
            "training: {} epochs of {} steps, {} windows each{}",
            plan.epochs,
            plan.steps_per_epoch,
            plan.batch_size,
            if plan.step > 0 {
                format!(", going on after step {}", plan.step)
            } else {
                String::new()
            }
        ));
    }

    fn step(&mut self, step: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(step);
        }
    }

    fn reading(&mut self, reading: &Reading) {
        let validation = self
            .validation
            .map_or_else(String::new, |value| format!(", {} {value:.5}", self.metric));
        let text = format!(
            "epoch {}/{}, loss {:.5}{validation}, {:.0} windows/s, {} left",
            reading.epoch,
            self.epochs(),
            reading.loss,
            reading.samples_per_s,
            span(reading.remaining_s)
        );
        if let Some(bar) = &self.bar {
            bar.set_message(text);
        } else if self.verbose || self.last_line.elapsed() >= QUIET_TIME {
            self.last_line = Instant::now();
            self.say(&format!(
                "step {}: {text}, rate {:.2e}",
                reading.step, reading.learning_rate
            ));
        }
    }

    fn epoch(&mut self, line: &Line, _: &Validation) {
        let Line::Epoch {
            step,
            epoch,
            train_loss,
            validation,
            best,
            elapsed_s,
        } = line
        else {
            return;
        };
        self.validation = validation.get(&self.metric).map(|number| number.get());
        // The whole list is in the log; a line shows the losses, the metric that decides, and the IC.
        let numbers: Vec<String> = validation
            .iter()
            .filter(|(name, _)| {
                ["validation_loss", "ic_ts", self.metric.as_str()].contains(&name.as_str())
            })
            .map(|(name, number)| format!("{name} {:.5}", number.get()))
            .collect();
        self.last_line = Instant::now();
        self.say(&format!(
            "epoch {epoch}/{}: step {step}, train_loss {:.5}, {}{}, {}",
            self.epochs(),
            train_loss.get(),
            numbers.join(", "),
            if *best { " (best so far)" } else { "" },
            span(elapsed_s.get())
        ));
    }

    fn checkpoint(&mut self, path: &Path) {
        if self.verbose {
            self.say(&format!("checkpoint: {}", path.display()));
        }
    }

    fn line(&mut self, text: &str) {
        self.say(text);
    }
}

/// The length of a bar: `30 s`, `5 min`, `1 h`, `1 d`.
pub(crate) fn interval(interval_ns: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    let units = [
        (86_400 * SECOND, "d"),
        (3600 * SECOND, "h"),
        (60 * SECOND, "min"),
        (SECOND, "s"),
    ];
    match units.iter().find(|(unit, _)| interval_ns % unit == 0) {
        Some((unit, name)) => format!("{} {name}", interval_ns / unit),
        None => format!("{interval_ns} ns"),
    }
}

/// `4.2 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn span(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "?".to_owned();
    }
    let whole = seconds.round() as i64;
    match whole {
        ..0 => "0.0 s".to_owned(),
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

/// `12.3 MB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}
