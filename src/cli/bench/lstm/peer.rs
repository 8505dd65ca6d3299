//! `PyTorch` in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use super::Sizes;

/// The `PyTorch` process.
pub(super) struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) train_s: Vec<f64>,
    pub(super) infer_s: Vec<f64>,
}

impl Peer {
    pub(super) fn start(python: &Path) -> anyhow::Result<Self> {
        let script = include_str!("../../../../benches/peers/lstm_torch.py");
        let mut child = Command::new(python)
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", python.display()))?;
        let requests = child.stdin.take().context("the peer has no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("the peer has no stdout")?);
        let mut peer = Self {
            child,
            requests,
            answers,
        };
        peer.read().context("PyTorch did not start")?;
        Ok(peer)
    }

    fn read(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        anyhow::ensure!(
            self.answers.read_line(&mut line)? > 0,
            "benches/peers/lstm_torch.py ended early"
        );
        Ok(line)
    }

    pub(super) fn ask(&mut self, sizes: Sizes) -> anyhow::Result<Answer> {
        let request = json!({
            "shape": sizes.list(),
            "steps": 1,
            "threads": rayon::current_num_threads(),
        });
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let line = self.read()?;
        serde_json::from_str(&line).with_context(|| format!("cannot read the peer's `{line}`"))
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        drop(self.requests);
        let status = self.child.wait()?;
        anyhow::ensure!(
            status.success(),
            "benches/peers/lstm_torch.py failed: {status}"
        );
        Ok(())
    }
}
