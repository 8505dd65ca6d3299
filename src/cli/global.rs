//! Flags that every command takes.

use std::fmt::Display;

use clap::Args;
use emberline::device::{self, Selection};

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
    /// Sets the process up: the one thread pool. Opens no device, but refuses what names none.
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        self.device.parse::<device::Request>()?;
        if let Some(threads) = self.threads {
            device::set_threads(usize::from(threads))?;
        }
        Ok(())
    }

    /// Opens the device and says which one and why. The first slow thing that a command does, so
    /// that whatever is refused without it is refused at once.
    pub(crate) fn open_device(&self) -> anyhow::Result<Selection> {
        let probe = std::env::current_exe().ok();
        let selection = device::select(&self.device, probe.as_deref())?;
        self.say(format_args!(
            "device: {} ({})",
            selection.name, selection.reason
        ));
        if let Some(advice) = &selection.advice {
            self.say(format_args!("device: {advice}"));
        }
        Ok(selection)
    }

    /// A message on stderr, unless `--quiet`.
    pub(crate) fn say(&self, line: impl Display) {
        if !self.quiet {
            say::line(line);
        }
    }
}
