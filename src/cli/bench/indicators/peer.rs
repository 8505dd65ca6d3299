//! TA-Lib's Python package in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use emberline::market::Bars;
use serde_json::{Value, json};

/// The Python process.
pub(super) struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// TA-Lib's version.
    pub(super) version: String,
}

impl Peer {
    pub(super) fn start(python: &Path) -> anyhow::Result<Self> {
        let script = include_str!("../../../../benches/peers/indicators_talib.py");
        let mut child = Command::new(python)
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", python.display()))?;
        let requests = child.stdin.take().context("the peer has no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("the peer has no stdout")?);
        Ok(Self {
            child,
            requests,
            answers,
            version: String::new(),
        })
    }

    /// Gives it the bars that the next requests are about.
    pub(super) fn load(&mut self, bars: &Bars) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        let mut num_bars = 0;
        for series in &bars.series {
            num_bars = series.len();
            for column in [
                &series.open,
                &series.high,
                &series.low,
                &series.close,
                &series.volume,
            ] {
                let values = column.iter().map(|&value| f64::from(value));
                bytes.extend(values.flat_map(f64::to_ne_bytes));
            }
        }
        let path = std::env::temp_dir().join(format!("emberline-bench-{}.f64", std::process::id()));
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        let answer = self.ask(&json!({ "bars": path, "shape": [bars.series.len(), num_bars] }));
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        let answer = answer?;
        answer["talib"]
            .as_str()
            .unwrap_or("?")
            .clone_into(&mut self.version);
        Ok(())
    }

    /// Seconds of computing these functions for all symbols once, and how many columns they gave.
    pub(super) fn compute(&mut self, functions: &[&str]) -> anyhow::Result<(f64, usize)> {
        let answer = self.ask(&json!({ "functions": functions }))?;
        let seconds = answer["seconds"].as_f64().context("the peer's seconds")?;
        let columns = answer["columns"].as_u64().context("the peer's columns")?;
        Ok((seconds, usize::try_from(columns)?))
    }

    fn ask(&mut self, request: &Value) -> anyhow::Result<Value> {
        writeln!(self.requests, "{request}").context("the peer has ended")?;
        self.requests.flush()?;
        let mut line = String::new();
        anyhow::ensure!(
            self.answers.read_line(&mut line)? > 0,
            "benches/peers/indicators_talib.py ended early"
        );
        serde_json::from_str(&line).with_context(|| format!("cannot read the peer's `{line}`"))
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        drop(self.requests);
        let status = self.child.wait()?;
        anyhow::ensure!(
            status.success(),
            "benches/peers/indicators_talib.py failed: {status}"
        );
        Ok(())
    }
}
