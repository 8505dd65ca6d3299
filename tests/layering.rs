//! Storeys may only look down: the module graph of the library has no cycles.
//!
//! A module may name another storey only if the table lists it, and the table lists only modules
//! above its own line. `src/cli` belongs to the binary, so the compiler already keeps the library
//! from reaching it.

use std::{fs, path::Path};

/// (module, modules it may use beside `device`), ground floor first.
const STOREYS: &[(&str, &[&str])] = &[
    ("device", &[]),
    ("ops", &[]),
    ("market", &[]),
    ("trend", &["ops", "market"]),
    ("features", &["ops", "market", "trend"]),
    ("windows", &["ops", "market", "features"]),
    ("model", &["ops"]),
    ("metrics", &["ops", "windows"]),
    ("checkpoint", &["market", "features", "windows", "model"]),
    (
        "training",
        &["ops", "windows", "model", "metrics", "checkpoint"],
    ),
    (
        "scoring",
        &[
            "ops",
            "market",
            "features",
            "windows",
            "model",
            "checkpoint",
        ],
    ),
    (
        "evaluation",
        &["ops", "market", "windows", "metrics", "scoring"],
    ),
    (
        "run",
        &[
            "ops",
            "market",
            "features",
            "windows",
            "model",
            "metrics",
            "checkpoint",
            "training",
            "scoring",
            "evaluation",
        ],
    ),
];

#[test]
fn table_only_points_down() {
    for (height, (module, uses)) in STOREYS.iter().enumerate() {
        for used in *uses {
            let below = STOREYS[..height].iter().any(|(name, _)| name == used);
            assert!(below, "`{module}` may not use `{used}`: it is not below");
        }
    }
}

#[test]
fn lib_rs_declares_the_storeys_in_this_order() {
    let lib = read(&source_root().join("lib.rs"));
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let listed: Vec<&str> = STOREYS.iter().map(|(name, _)| *name).collect();
    assert_eq!(declared, listed);
}

#[test]
fn sources_follow_the_table() {
    let mut faults = Vec::new();
    for (module, uses) in STOREYS {
        for (file, depth, text) in sources(module) {
            for (line, used) in storeys_named(&text, depth) {
                let allowed = used == *module || used == "device" || uses.contains(&used.as_str());
                if !allowed && STOREYS.iter().any(|(name, _)| *name == used) {
                    faults.push(format!("{file}:{line}: {module} -> {used}"));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "not in the table:\n{}",
        faults.join("\n")
    );
}

#[test]
fn the_reader_of_paths_sees_every_way_to_name_a_storey() {
    let named = |text: &str, depth| -> Vec<String> {
        storeys_named(text, depth)
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    };
    assert_eq!(named("use crate::market::Bars;", 0), ["market"]);
    assert_eq!(
        named("use crate::{market::{Bars, Series}, ops};", 0),
        ["market", "ops"]
    );
    assert_eq!(
        named("use crate::{\n    ops::scan,\n    windows,\n};", 0),
        ["ops", "windows"]
    );
    // `super` leaves the storey only when it climbs past the storey's own module.
    assert_eq!(named("use super::super::ops;", 1), ["ops"]);
    assert_eq!(named("use super::series::Series;", 1), Vec::<String>::new());
    assert_eq!(named("// crate::run is above", 0), Vec::<String>::new());
}

/// The first path segments below the crate root that `text` names, with their lines.
/// `depth` is how many modules lie between the file's module and the crate root, less one.
fn storeys_named(text: &str, depth: usize) -> Vec<(usize, String)> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let climb = "super::".repeat(depth + 1);
    let mut named = Vec::new();
    for prefix in ["crate::", climb.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            // Inside a longer run of `super::` the outer match has already counted it.
            if prefix != "crate::" && code[..at].ends_with("super::") {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + prefix.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                named.extend(heads_of_group(group).into_iter().map(|head| (line, head)));
            } else {
                named.push((line, identifier(rest)));
            }
        }
    }
    named.retain(|(_, name)| !name.is_empty() && name != "super");
    named
}

/// The first identifier of each top-level entry of a `{a::b, c::{d, e}}` group.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0_i32, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(identifier(group[start..at].trim_start()));
                return heads;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(identifier(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn source_root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// (file, modules between it and its storey's own module, text)
fn sources(module: &str) -> Vec<(String, usize, String)> {
    let root = source_root();
    let mut found = Vec::new();
    let mut left = vec![root.join(module), root.join(format!("{module}.rs"))];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.is_file() {
            let inner = path
                .strip_prefix(root.join(module))
                .unwrap_or(Path::new(""));
            let is_module_file = inner.file_name().is_none_or(|name| name == "mod.rs");
            let depth = inner
                .components()
                .count()
                .saturating_sub(usize::from(is_module_file));
            found.push((path.display().to_string(), depth, read(&path)));
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}
