//! Configuration: every key has one place, every value its bounds, what is printed can be run.

use emberline::run::{PRESETS, RunConfig, keys};

use super::Program;

#[test]
fn the_table_of_keys_is_the_configuration() {
    let table = RunConfig::default().to_table();
    for (section, content) in &table {
        for name in content.as_table().expect("a section").keys() {
            let path = format!("{section}.{name}");
            assert!(
                keys::find(&path).is_some(),
                "`{path}` is in no table of keys"
            );
        }
    }
    // Every key is understood by its section: a value inside the bounds goes in and comes back.
    for key in keys::KEYS {
        let path = key.path();
        let value = match (key.bounds, key.name) {
            (_, "timezone") => "Europe/Berlin",
            (_, "session_open") => "09:30",
            (_, "from" | "to" | "train_start" | "train_end" | "validation_end" | "test_end") => {
                "2024-01-31"
            }
            (_, "head") => "linear16",
            (_, "metric") => "ic_ts_12",
            (_, "attention_heads") => "8",
            (keys::Bounds::Rising(..), _) => "0.05,0.5,0.75",
            (_, "path" | "set") => "abc",
            (keys::Bounds::Integer(least, _), _) => {
                if least > 1 {
                    "5"
                } else {
                    "3"
                }
            }
            (keys::Bounds::Real(..) | keys::Bounds::Above(..) | keys::Bounds::Below(..), _) => {
                "0.5"
            }
            (keys::Bounds::Word(words), _) => words[words.len() - 1],
            (keys::Bounds::Flag, _) => "true",
            (keys::Bounds::Integers(..), _) => "2,5",
            (keys::Bounds::Texts(_), _) => "AAA,BBB",
            (bounds, name) => panic!("no example for {name}: {bounds}"),
        };
        let mut settings = vec![format!("{path}={value}")];
        match key.section {
            "splits" if ["train_end", "validation_end"].contains(&key.name) => {
                settings = vec![
                    "splits.train_end=2024-01-31".into(),
                    "splits.validation_end=2024-02-28".into(),
                ];
            }
            "splits" if ["train", "validation", "test"].contains(&key.name) => {
                settings = vec![
                    "splits.train=0.5".into(),
                    "splits.validation=0.3".into(),
                    "splits.test=0.2".into(),
                ];
            }
            "training" if key.name == "class_weights" => {
                settings.push("training.loss=direction".into());
            }
            _ => {}
        }
        let config =
            RunConfig::load(None, &settings).unwrap_or_else(|error| panic!("{path}: {error}"));
        let table = config.to_table();
        let found = table[key.section].get(key.name);
        assert!(found.is_some(), "`{path}` was set and is gone");
        let again = RunConfig::from_table(&table, "again").expect("what was resolved resolves");
        assert_eq!(again.to_table(), table, "{path}");
    }
}

#[test]
fn bounds_refuse_what_lies_outside() {
    for (setting, bound) in [
        ("training.epochs=0", "at least 1"),
        ("training.epochs=1.5", "whole number"),
        ("training.epochs=-3", "1 to"),
        ("training.learning_rate=0", "above 0"),
        ("training.learning_rate=nan", "above 0"),
        ("training.seed=-1", "at least 0"),
        ("model.dropout=1", "below 1"),
        ("target.horizons=", "list"),
        ("target.horizons=3,3", "different"),
        ("target.horizons=0", "1 to"),
        ("target.entry=now", "next_close, next_open, close"),
        ("data.repair=perhaps", "true or false"),
        ("windows.length=0", "1 to"),
    ] {
        let error = RunConfig::load(None, &[setting.to_owned()])
            .expect_err(setting)
            .to_string();
        let (key, value) = setting.split_once('=').expect("an equals sign");
        assert!(error.contains(key), "{error}");
        assert!(
            error.contains(value.split(',').next().unwrap_or("")),
            "{error}"
        );
        let bounds = keys::find(key).expect("a key").bounds.to_string();
        assert!(
            error.contains(&bounds)
                && (bounds.contains(bound) || bound == "1 to" || bound == "at least 1"),
            "{error}"
        );
    }
}

#[test]
fn contradictions_are_refused() {
    let refuse = |settings: &[&str], part: &str| {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let error = RunConfig::load(None, &settings).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.hint().is_some());
    };
    refuse(&["splits.train=0.9"], "splits.train 0.9");
    refuse(
        &[
            "splits.train=0.5",
            "splits.validation=0.5",
            "splits.test=0.5",
        ],
        "1.5, not 1",
    );
}

#[test]
fn what_config_show_prints_can_be_run() {
    let program = Program::new();
    let defaults = program.succeed(&["config", "show", "--defaults"]).stdout;
    program.write("defaults.toml", &defaults);
    let again = program
        .succeed(&["config", "show", "--config", "defaults.toml"])
        .stdout;
    assert_eq!(again, defaults);
    for key in keys::KEYS {
        assert!(
            defaults.contains(&format!("# {}; {}\n", key.meaning, key.bounds)),
            "{}",
            key.path()
        );
    }
    for (preset, _) in PRESETS {
        let text = program
            .succeed(&[
                "config",
                "show",
                "--config",
                preset,
                "--set",
                "training.epochs=7",
            ])
            .stdout;
        assert!(text.contains("\nepochs = 7\n"), "{text}");
        program.write("preset.toml", &text);
        let again = program
            .succeed(&["config", "show", "--config", "preset.toml", "--json"])
            .stdout;
        let document: serde_json::Value = serde_json::from_str(&again).expect("JSON");
        assert_eq!(document["training"]["epochs"], 7);
    }
}

#[test]
fn the_presets_are_those_of_the_contract() {
    let load = |name: &str| RunConfig::load(Some(name), &[]).expect("a preset");
    let demo = load("demo");
    assert_eq!((demo.windows.length, demo.windows.stride), (60, 1));
    assert_eq!(demo.target.horizons, [1, 12]);
    assert_eq!(
        (
            demo.model.layers,
            demo.model.hidden,
            demo.training.batch_size
        ),
        (1, 64, 256)
    );
    let crypto = load("crypto-5m");
    assert_eq!((crypto.windows.length, crypto.windows.stride), (96, 6));
    assert_eq!(crypto.target.horizons, [12, 48]);
    assert_eq!(
        (crypto.training.learning_rate, crypto.training.batch_size),
        (5e-4, 1024)
    );
    let daily = load("daily-equities");
    assert_eq!((daily.windows.length, daily.windows.stride), (20, 1));
    assert_eq!(daily.target.horizons, [5]);
    assert_eq!(
        (
            daily.model.layers,
            daily.model.hidden,
            daily.training.batch_size
        ),
        (2, 64, 800)
    );
}

#[test]
fn broken_files_are_named() {
    let program = Program::new();
    program.write("broken.toml", "[training\nepochs = 3\n");
    program.refuse(
        &["config", "show", "--config", "broken.toml"],
        2,
        &["broken.toml", "TOML"],
    );
    program.write("unknown.toml", "[training]\nepoch = 3\n");
    program.refuse(
        &["config", "show", "--config", "unknown.toml"],
        2,
        &["unknown.toml", "training.epoch", "training.epochs"],
    );
    program.write("loose.toml", "epochs = 3\n");
    program.refuse(
        &["config", "show", "--config", "loose.toml"],
        2,
        &["loose.toml", "epochs", "training.epochs"],
    );
    program.refuse(
        &["config", "show", "--config", "missing.toml"],
        2,
        &["missing.toml"],
    );
}
