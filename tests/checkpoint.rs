//! Checkpoints: what is written is what is read, and nothing else is.

use std::fs;
use std::path::Path;

use emberline::checkpoint::{
    Accumulators, Best, CheckpointError, FORMAT_VERSION, FeatureRecord, Manifest, Moments,
    NamedTensor, Number, State, Store, Want, compare, load, load_or_previous, refuse, resolve,
    steps_in,
};

pub(crate) fn weights() -> Vec<NamedTensor> {
    vec![
        (
            "head.0.bias".to_owned(),
            vec![3],
            vec![0.1, -2.5e-30, f32::MIN_POSITIVE],
        ),
        (
            "head.0.weight".to_owned(),
            vec![3, 2],
            vec![1.0, 2.0, 3.0, 4.0, 5.0, 1.0 / 3.0],
        ),
    ]
}

pub(crate) fn moments() -> Vec<Moments> {
    weights()
        .into_iter()
        .map(|(path, shape, values)| Moments {
            path,
            shape,
            moment_2: values.iter().map(|value| value * value).collect(),
            moment_1: values,
        })
        .collect()
}

pub(crate) fn manifest(step: u64) -> Manifest {
    let configuration: toml::Table = toml::from_str(
        "[training]\nlearning_rate = 0.0005\nepochs = 3\n[target]\nhorizons = [1, 12]\n",
    )
    .unwrap();
    Manifest {
        format_version: FORMAT_VERSION,
        crate_version: "0.1.0".to_owned(),
        seed: 7,
        catalogue_version: "1".to_owned(),
        features: vec![FeatureRecord {
            name: "rsi_14".to_owned(),
            transform: "centred".to_owned(),
        }],
        configuration,
        state: State {
            step,
            accumulators: Accumulators {
                loss_sum: f64::from(0.1_f32 + 0.2_f32),
                epoch_loss_sum: 0.1 + 0.2,
                loss_steps: 2,
                epoch_steps: 9,
                first_bad_step: None,
            },
            ..State::default()
        },
        ..Manifest::default()
    }
}

pub(crate) fn save(store: &Store, step: u64) {
    store.save(&manifest(step), &weights(), &moments()).unwrap();
}

pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(&folder.path().join("a/run"), 3).unwrap();
    save(&store, 50);
    let checkpoint = load(&store.run_dir().join("latest")).unwrap();
    assert_eq!(checkpoint.weights, weights());
    assert_eq!(checkpoint.moments, moments());
    assert_eq!(checkpoint.manifest.state, manifest(50).state);
    assert_eq!(
        checkpoint.manifest.configuration,
        manifest(50).configuration
    );
    assert_eq!(checkpoint.path, store.folder_of(50));
    assert_eq!(
        entries(&checkpoint.path),
        [
            "manifest.json",
            "model.safetensors",
            "optimizer.safetensors"
        ]
    );
    assert_eq!(
        fs::read_link(store.run_dir().join("latest")).unwrap(),
        Path::new("step-50")
    );
    // Scripts find the numbers at the top.
    let text = fs::read_to_string(checkpoint.path.join("manifest.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["step"], 50);
    assert_eq!(json["configuration"]["training"]["learning_rate"], 0.0005);
}

#[test]
fn the_weights_file_is_plain_safetensors() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 3).unwrap();
    save(&store, 1);
    let bytes = fs::read(store.folder_of(1).join("model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weight = file.tensor("head.0.weight").unwrap();
    assert_eq!(weight.shape(), [3, 2]);
    assert_eq!(&weight.data()[..4], 1.0_f32.to_le_bytes());
    let bytes = fs::read(store.folder_of(1).join("optimizer.safetensors")).unwrap();
    let names = safetensors::SafeTensors::deserialize(&bytes)
        .unwrap()
        .names()
        .len();
    assert_eq!(names, 4);
}

#[test]
fn any_changed_cut_or_missing_file_names_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 3).unwrap();
    save(&store, 4);
    let path = store.folder_of(4);
    for name in [
        "manifest.json",
        "model.safetensors",
        "optimizer.safetensors",
    ] {
        let file = path.join(name);
        let whole = fs::read(&file).unwrap();
        let mut damages: Vec<Option<Vec<u8>>> = vec![None, Some(Vec::new())];
        for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x04;
            damages.extend([Some(flipped), Some(whole[..at].to_vec())]);
        }
        for damage in damages {
            match damage {
                Some(bytes) => fs::write(&file, bytes).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            let error = load(&path).unwrap_err();
            match &error {
                CheckpointError::Damaged { file: named, .. } => assert_eq!(named, &file),
                other => panic!("{name}: {other}"),
            }
            assert!(error.hint().unwrap().contains("--fallback"));
        }
        fs::write(&file, whole).unwrap();
    }
    load(&path).unwrap();
}

#[test]
fn fallback_takes_the_newest_whole_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 9).unwrap();
    for step in [5, 10, 100] {
        save(&store, step);
    }
    for step in [10, 100] {
        fs::write(store.folder_of(step).join("model.safetensors"), b"").unwrap();
    }
    let (checkpoint, passed) = load_or_previous(&folder.path().join("latest")).unwrap();
    assert_eq!(checkpoint.manifest.state.step, 5);
    let passed: Vec<String> = passed.iter().map(ToString::to_string).collect();
    assert!(
        passed[0].contains("step-100") && passed[1].contains("step-10"),
        "{passed:?}"
    );
    fs::remove_file(store.folder_of(5).join("manifest.json")).unwrap();
    let error = load_or_previous(&folder.path().join("latest")).unwrap_err();
    assert!(error.to_string().contains("step-100"), "{error}");
}

#[test]
fn a_later_format_is_not_called_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 3).unwrap();
    let later = Manifest {
        format_version: FORMAT_VERSION + 1,
        ..manifest(1)
    };
    store.save(&later, &weights(), &moments()).unwrap();
    assert!(matches!(
        load(&store.folder_of(1)),
        Err(CheckpointError::Format {
            found: 2,
            known: 1,
            ..
        })
    ));
}

#[test]
fn missing_extra_and_misshapen_moments_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 9).unwrap();
    let extra = Moments {
        path: "ghost".to_owned(),
        shape: vec![1],
        moment_1: vec![0.0],
        moment_2: vec![0.0],
    };
    let misshapen = Moments {
        shape: vec![2, 3],
        ..moments()[1].clone()
    };
    let cases = [
        (1, moments()[..1].to_vec(), "`head.0.weight.moment_1`"),
        (2, [moments(), vec![extra]].concat(), "`ghost.moment_1`"),
        (3, vec![moments()[0].clone(), misshapen], "[2, 3]"),
    ];
    for (step, moments, named) in cases {
        store.save(&manifest(step), &weights(), &moments).unwrap();
        let error = load(&store.folder_of(step)).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn retention_keeps_the_last_and_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 2).unwrap();
    for step in [10, 20, 30, 40, 50] {
        let mut manifest = manifest(step);
        manifest.state.best = Some(Best {
            metric: "validation_loss".to_owned(),
            value: Number::new(0.5),
            step: step.min(20),
            epoch: 1,
        });
        store.save(&manifest, &weights(), &moments()).unwrap();
    }
    assert_eq!(steps_in(folder.path()).unwrap(), [20, 40, 50]);
    assert_eq!(
        entries(folder.path()),
        ["best", "latest", "step-20", "step-40", "step-50"]
    );
    assert_eq!(
        resolve(folder.path(), Want::Best).unwrap(),
        store.folder_of(20)
    );
    assert_eq!(
        resolve(folder.path(), Want::Latest).unwrap(),
        store.folder_of(50)
    );
    assert_eq!(
        resolve(&folder.path().join("best"), Want::Latest).unwrap(),
        store.folder_of(20)
    );
    assert_eq!(
        resolve(&folder.path().join("step-40"), Want::Best).unwrap(),
        store.folder_of(40)
    );
}

#[test]
fn paths_that_are_no_checkpoint_say_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        resolve(&folder.path().join("nowhere"), Want::Best),
        Err(CheckpointError::Missing { .. })
    ));
    assert!(matches!(
        resolve(folder.path(), Want::Best),
        Err(CheckpointError::NotACheckpoint { .. })
    ));
    assert!(matches!(
        load(&folder.path().join("nowhere")),
        Err(CheckpointError::Missing { .. })
    ));
    // Without an ended epoch there is no best yet: the latest stands in.
    let store = Store::create(folder.path(), 2).unwrap();
    save(&store, 3);
    assert_eq!(
        resolve(folder.path(), Want::Best).unwrap(),
        store.folder_of(3)
    );
    // A copy elsewhere is a checkpoint too.
    let copy = tempfile::tempdir().unwrap();
    let copied = copy.path().join("mine");
    fs::create_dir(&copied).unwrap();
    for name in entries(&store.folder_of(3)) {
        fs::copy(store.folder_of(3).join(&name), copied.join(&name)).unwrap();
    }
    assert_eq!(
        load(&resolve(&copied, Want::Best).unwrap())
            .unwrap()
            .weights,
        weights()
    );
}

#[test]
fn one_writer_at_a_time_and_no_run_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 3).unwrap();
    assert!(matches!(
        Store::open(folder.path(), 3),
        Err(CheckpointError::InUse { .. })
    ));
    save(&store, 1);
    drop(store);
    let error = Store::create(folder.path(), 3).unwrap_err();
    assert!(matches!(error, CheckpointError::Occupied { .. }));
    assert!(error.hint().unwrap().contains("emberline resume"));
    Store::open(folder.path(), 3).unwrap();
}

#[test]
fn a_checkpoint_of_the_same_step_takes_the_old_ones_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path(), 3).unwrap();
    save(&store, 8);
    let mut changed = manifest(8);
    changed.state.epoch = 1;
    store.save(&changed, &weights(), &moments()).unwrap();
    assert_eq!(load(&store.folder_of(8)).unwrap().manifest.state.epoch, 1);
    assert_eq!(entries(folder.path()), ["latest", "step-8"]);
}

#[test]
fn what_drifted_is_named_and_refused_unless_allowed() {
    let was = manifest(1);
    assert!(
        compare(&was, &manifest(9), &[]).is_empty(),
        "the step is no drift"
    );
    let mut now = manifest(1);
    now.data.fingerprint = "ab".repeat(32);
    now.crate_version = "0.2.0".to_owned();
    now.catalogue_version = "2".to_owned();
    now.features.push(FeatureRecord {
        name: "atr_14".to_owned(),
        transform: "log".to_owned(),
    });
    now.configuration["training"]["learning_rate"] = toml::Value::Float(0.01);
    now.configuration["training"]["epochs"] = toml::Value::Integer(5);
    now.configuration["target"]["horizons"] = toml::Value::Array(vec![toml::Value::Integer(1)]);
    let drifts = compare(&was, &now, &["training.epochs"]);
    let names: Vec<&str> = drifts.iter().map(|drift| drift.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "data",
            "features",
            "catalogue",
            "version",
            "target.horizons",
            "training.learning_rate"
        ]
    );
    assert_eq!(
        drifts[5].to_string(),
        "`training.learning_rate` was 0.0005, is 0.01"
    );
    assert!(
        drifts[1].to_string().contains("column 2 `atr_14` (log)"),
        "{}",
        drifts[1]
    );

    let error = refuse(drifts.clone(), &["data".to_owned(), "version".to_owned()]).unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("--allow-drift features,catalogue,target.horizons,training.learning_rate"),
        "{hint}"
    );
    assert!(!error.to_string().contains("`data`"), "{error}");
    let all: Vec<String> = drifts.iter().map(|drift| drift.name.clone()).collect();
    assert_eq!(refuse(drifts.clone(), &all).unwrap(), drifts);
    let error = refuse(drifts, &["colour".to_owned()]).unwrap_err();
    assert!(matches!(error, CheckpointError::NoSuchDrift { .. }));
}

#[test]
fn sums_survive_as_the_same_bits() {
    // A value that serde_json's quick parser gets wrong by one unit in the last place.
    for sum in [
        0.1 + 0.2,
        1.0 / 3.0,
        123_456.789_012_345_67,
        5e-324,
        f64::MAX,
    ] {
        let mut manifest = manifest(1);
        manifest.state.accumulators.epoch_loss_sum = sum;
        let path = Path::new("manifest.json");
        let text = manifest.to_text(path).unwrap();
        let read = Manifest::from_bytes(text.as_bytes(), path).unwrap();
        assert_eq!(
            read.state.accumulators.epoch_loss_sum.to_bits(),
            sum.to_bits()
        );
    }
    let numbers = [1.0 / 3.0, -1e300 / 7.0, 6.02e23 / 3.0, f64::NAN].map(Number::new);
    let read: [Number; 4] =
        serde_json::from_str(&serde_json::to_string(&numbers).unwrap()).unwrap();
    assert_eq!(
        read.map(|number| number.get().to_bits()),
        numbers.map(|number| number.get().to_bits())
    );
}
