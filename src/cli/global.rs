//! Flags that every command takes.

use std::fmt::Display;

use anyhow::Context as _;
use clap::Args;

use super::say;

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// Where tensors live: auto, cpu, cuda[:N], wgpu[:N], vulkan[:N], vulkan:software or metal
    #[arg(
        long,
        global = true,
        default_value = "auto",
        value_name = "DEVICE",
        help_heading = "Everywhere"
    )]
    pub(crate) device: String,
    /// CPU threads; all cores unless given
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Everywhere")]
    pub(crate) threads: Option<u16>,
    /// Seed of everything random; overrides the configuration's
    #[arg(long, global = true, value_name = "SEED", help_heading = "Everywhere")]
    pub(crate) seed: Option<u64>,
    /// No messages on stderr but errors
    #[arg(
        long,
        short,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Everywhere"
    )]
    pub(crate) quiet: bool,
    /// More messages on stderr
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub(crate) verbose: bool,
    /// One JSON document (JSON lines for tables) on stdout
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
}

impl Global {
    /// Sets the process up: the one thread pool. Opens no device.
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(usize::from(threads))
                .build_global()
                .with_context(|| format!("cannot start {threads} threads"))?;
        }
        Ok(())
    }

    /// A message on stderr, unless `--quiet`.
    pub(crate) fn say(&self, line: impl Display) {
        if !self.quiet {
            say::line(line);
        }
    }

    /// A message on stderr that only `--verbose` shows.
    pub(crate) fn say_more(&self, line: impl Display) {
        if self.verbose {
            say::line(line);
        }
    }
}
