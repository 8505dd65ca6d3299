//! The command line through the real binary: help, errors, exit codes, and the whole way from bars
//! to forecasts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

mod bad_checkpoint;
mod bad_input;
mod bench;
mod config;
mod evaluate;
mod full_disk;
mod golden;
mod heads;
mod help;
mod journey;
mod presets;
mod prove;
mod runs;
mod scan;
mod score;

/// The program, on the CPU with two threads, in a folder of its own.
struct Program {
    folder: tempfile::TempDir,
}

/// What one call gave.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Program {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emberline"));
        command
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .args(["--threads", "2"])
            .args(arguments)
            .stdin(Stdio::null());
        if !arguments.contains(&"--device") {
            command.args(["--device", "cpu"]);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        Answer::from(
            self.command(arguments)
                .output()
                .expect("the program starts"),
        )
    }

    /// Runs and insists on success.
    fn succeed(&self, arguments: &[&str]) -> Answer {
        let answer = self.run(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        answer
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Runs and insists on a refusal: the code, three lines, and every part of the message.
    fn refuse(&self, arguments: &[&str], code: i32, parts: &[&str]) -> Answer {
        let answer = self.run(arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {answer:?}");
        for part in parts {
            assert!(
                answer.stderr.contains(part),
                "no `{part}` for {arguments:?} in:\n{}",
                answer.stderr
            );
        }
        for line in ["error: ", "  why: ", "  hint: "] {
            let count = answer
                .stderr
                .lines()
                .filter(|text| text.starts_with(line))
                .count();
            assert_eq!(
                count, 1,
                "lines `{line}` for {arguments:?} in:\n{}",
                answer.stderr
            );
        }
        assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
        answer
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// Five-minute bars of one symbol as CSV: a seeded walk that never ends in an impossible bar.
fn bars(num_bars: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    let mut close = 100.0 + seed as f64;
    for bar in 0..num_bars {
        let open = close;
        close = open * (1.0 + 0.004 * next());
        let high = open.max(close) * (1.0 + 0.001 * (next() + 0.5));
        let low = open.min(close) * (1.0 - 0.001 * (next() + 0.5));
        let volume = 1000.0 * (1.2 + next());
        // 2024-01-01T00:00:00Z
        let time = 1_704_067_200 + 300 * bar as i64;
        writeln!(
            text,
            "{time},{open:.6},{high:.6},{low:.6},{close:.6},{volume:.3}"
        )
        .expect("a string");
    }
    text
}

/// Puts another text into one field of one line (the header is line 1).
fn with_field(text: &str, line: usize, field: usize, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut fields: Vec<&str> = lines[line - 1].split(',').collect();
    fields[field] = value;
    lines[line - 1] = fields.join(",");
    lines.join("\n") + "\n"
}

/// Settings that make a run of seconds: few features with a short memory, a small model.
const SMALL: [&str; 16] = [
    "--set",
    "features.set=RSI_14,SMA_10,ATR_14",
    "--set",
    "windows.length=16",
    "--set",
    "target.horizons=1,3",
    "--set",
    "target.volatility_span=10",
    "--set",
    "model.hidden=8",
    "--set",
    "training.batch_size=32",
    "--set",
    "training.warmup_steps=4",
    "--set",
    "training.log_every=5",
];

/// Arguments followed by [`SMALL`].
fn small<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut all = arguments.to_vec();
    all.extend(SMALL);
    all
}

/// Three symbols, a file each.
fn folder_of_bars(program: &Program, num_bars: usize) -> PathBuf {
    for (index, symbol) in ["AAA", "BBB", "CCC"].into_iter().enumerate() {
        program.write(
            &format!("bars/{symbol}.csv"),
            &bars(num_bars, 1 + index as u64),
        );
    }
    program.path("bars")
}

/// Name and SHA-free content of every file of a checkpoint's weights and moments.
fn weights(run: &Path, step: &str) -> (Vec<u8>, Vec<u8>) {
    let read = |name: &str| std::fs::read(run.join(step).join(name)).expect("a checkpoint's file");
    (read("model.safetensors"), read("optimizer.safetensors"))
}
