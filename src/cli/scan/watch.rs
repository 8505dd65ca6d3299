//! `scan --watch`: scans again when files change, and says what changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::Context as _;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecursiveMode, Watcher};
use serde_json::json;

use super::super::{Global, out};

/// How long files must be quiet before they are read: a writer may not be done.
const QUIET: Duration = Duration::from_millis(300);

/// What a symbol was and is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct State {
    pub(super) class: i8,
    pub(super) average: f64,
    /// Open of its last bar, nanoseconds UTC.
    pub(super) time: i64,
}

pub(super) type States = BTreeMap<String, State>;

/// Watches `data`; `rescan` gives the states then. Ends only with an error or the process.
pub(super) fn watch(
    data: &Path,
    mut before: States,
    global: &Global,
    mut rescan: impl FnMut() -> anyhow::Result<States>,
) -> anyhow::Result<()> {
    // A file that is replaced is another file: its folder is watched.
    let is_folder = data.is_dir();
    let folder = match data.parent() {
        _ if is_folder => data,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (sender, events) = channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        // The receiver lives as long as the process.
        let _ = sender.send(event);
    })
    .context("cannot watch files")?;
    watcher
        .watch(folder, RecursiveMode::NonRecursive)
        .with_context(|| format!("cannot watch `{}`", folder.display()))?;
    global.say(format_args!("watching {}; Ctrl-C ends it", data.display()));
    let name = (!is_folder).then(|| data.file_name()).flatten();
    let concerns = |path: &PathBuf| name.is_none() || path.file_name() == name;
    loop {
        wait(&events, concerns)?;
        match rescan() {
            Ok(after) => {
                let changed = report(&before, &after, global)?;
                global.say(format_args!(
                    "scanned {} symbols again: {changed} changed class",
                    after.len()
                ));
                before = after;
            }
            // A file may be half written: its writer will be heard again.
            Err(error) => global.say(format_args!("not scanned: {error:#}")),
        }
    }
}

/// Waits until something changed, and then until nothing does.
fn wait(
    events: &Receiver<notify::Result<Event>>,
    concerns: impl Fn(&PathBuf) -> bool,
) -> anyhow::Result<()> {
    let mut heard = false;
    loop {
        let event = if heard {
            match events.recv_timeout(QUIET) {
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                event => event.context("the watcher has ended")?,
            }
        } else {
            events.recv().context("the watcher has ended")?
        };
        let event = event.context("cannot watch files")?;
        heard |= is_change(event.kind) && event.paths.iter().any(&concerns);
    }
}

/// Reading a file is an event, too.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

/// Prints every symbol whose class is another, that is new or that has gone; says how many.
fn report(before: &States, after: &States, global: &Global) -> anyhow::Result<usize> {
    let mut changed = 0;
    let symbols: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for symbol in symbols {
        let (old, new) = (before.get(symbol), after.get(symbol));
        if old.map(|state| state.class) == new.map(|state| state.class) {
            continue;
        }
        changed += 1;
        if global.json {
            let part = |state: Option<&State>| {
                state.map(|state| {
                    json!({
                        "timestamp": super::moment(state.time, false),
                        "class": state.class,
                        "average": state.average,
                    })
                })
            };
            out::line(json!({ "symbol": symbol, "before": part(old), "now": part(new) }))?;
        } else {
            let part = |state: Option<&State>| match state {
                Some(state) => format!("{} ({:.2})", super::word(state.class), state.average),
                None => "absent".to_owned(),
            };
            let time = new.or(old).map_or(0, |state| state.time);
            let time = super::moment(time, false);
            out::line(format_args!(
                "{time} {symbol}: {} -> {}",
                part(old),
                part(new)
            ))?;
        }
    }
    Ok(changed)
}
