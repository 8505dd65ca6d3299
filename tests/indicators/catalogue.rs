//! Names, requests and sets.

use std::collections::BTreeSet;

use emberline::features::{
    ColumnRecord, FeatureContext, FeatureError, FeatureSet, PRESETS, Preset, Transform, catalogue,
    find,
};
use emberline::market::Calendar;

const MINUTE: i64 = 60_000_000_000;

fn context() -> FeatureContext {
    FeatureContext::unbounded(5 * MINUTE)
}

fn names(request: &str) -> Vec<String> {
    FeatureSet::resolve(request, &context()).unwrap().names()
}

fn refusal(request: &str) -> FeatureError {
    FeatureSet::resolve(request, &context()).unwrap_err()
}

#[test]
fn every_declaration_is_whole_and_its_own() {
    let mut titles = BTreeSet::new();
    for indicator in catalogue() {
        let title = indicator.title();
        assert!(titles.insert(title.clone()), "{title} twice");
        for text in [
            indicator.summary,
            indicator.formula,
            indicator.source,
            indicator.degenerate,
            indicator.warmup_text,
            indicator.memory_text,
        ] {
            assert!(!text.is_empty(), "{title}");
        }
        assert!(
            !indicator.inputs.is_empty() && !indicator.outputs.is_empty(),
            "{title}"
        );
        for parameter in indicator.parameters {
            let bounds = parameter.minimum..=parameter.maximum;
            assert!(
                bounds.contains(&parameter.default),
                "{title}: {}",
                parameter.name
            );
        }
        let defaults = indicator.defaults();
        for output in 0..indicator.outputs.len() {
            let name = indicator.column_name(&defaults, output);
            assert_eq!(
                names(&name),
                [name.as_str()],
                "a column's name means itself"
            );
            assert_eq!(find(&name).unwrap().0.title(), title);
        }
    }
}

#[test]
fn sets_have_their_columns() {
    let core: BTreeSet<String> = Preset::Core111
        .columns(&context())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(core.len(), 111);
    assert_eq!(
        core.iter()
            .filter(|name| name.starts_with("AVWAP_"))
            .count(),
        70
    );
    assert_eq!(names("core111").len(), 111);
    assert_eq!(names("base").len(), 23);
    let daily = FeatureContext {
        calendar: Calendar::Daily,
        ..FeatureContext::unbounded(24 * 60 * MINUTE)
    };
    let daily = FeatureSet::resolve("base", &daily).unwrap().names();
    assert_eq!(daily.len(), 19, "{daily:?}");
    assert!(daily.contains(&"LOG_RETURN_252".to_owned()));
    let without_volume = FeatureContext {
        has_volume: false,
        ..context()
    };
    assert_eq!(
        FeatureSet::resolve("base", &without_volume).unwrap().len(),
        21
    );
    assert_eq!(PRESETS.len(), 4);
    assert_eq!(Preset::Extended.columns(&context()).len(), 40);
}

#[test]
fn requests_mix_sets_columns_aliases_and_defaults() {
    assert_eq!(
        names(" SMA_10,MACD , MACD_FAST, RSI, MACD_MACDSIGNAL,BBANDS_20_2.5_2_UPPERBAND, SMA_10,"),
        [
            "SMA_10",
            "MACD_12_26_9.adjusted",
            "MACD_5_13_5.adjusted",
            "RSI",
            "MACD_MACDSIGNAL",
            "BBANDS_20_2.5_2_UPPERBAND"
        ]
    );
    assert_eq!(
        names("AVWAP_DAILY.rolling20_U1,VWAP_CUM_L3"),
        ["AVWAP_DAILY.rolling20_U1", "VWAP_CUM_L3"]
    );
    assert_eq!(names("base,SMA_7").len(), 24);
    // The main line has one name.
    assert_eq!(names("MACD_12_26_9_MACD,MACD_12_26_9"), ["MACD_12_26_9"]);
}

#[test]
fn a_file_lists_columns_and_their_transforms() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    write("columns = [\"base\", \"OBV\"]\n[transforms]\nOBV = \"flow_48\"\n");
    let request = path.to_str().unwrap();
    let set = FeatureSet::resolve(request, &context()).unwrap();
    assert_eq!(set.len(), 24);
    assert_eq!(
        set.columns()[23].transform(),
        Transform::Flow { period: 48 }
    );
    for (text, part) in [
        (
            "columns = [\"SMA_10\"]\n[transforms]\nOBV = \"flow_48\"\n",
            "OBV",
        ),
        (
            "columns = [\"SMA_10\"]\n[transforms]\nSMA_10 = \"flow_48\"\n",
            "unit is price",
        ),
        ("columns = []\n", "names no column"),
        ("column = [\"SMA_10\"]\n", "no list of features"),
        (
            "columns = [\"SMA_10\"]\n[transforms]\nSMA_10 = \"log\"\n",
            "no list of features",
        ),
    ] {
        write(text);
        let error = FeatureSet::resolve(request, &context())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(
        FeatureSet::resolve(request, &context())
            .unwrap_err()
            .to_string()
            .contains("mine.toml")
    );
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/features/");
    let example = |name: &str| FeatureSet::for_model(&format!("{examples}{name}.toml"), &context());
    let len = |name: &str| example(name).map(|(set, dropped)| (set.len(), dropped.len()));
    assert_eq!(len("example").unwrap(), (26, 0));
    // All of core111 but VWAP_CUM and its six bands.
    assert_eq!(len("core111").unwrap(), (104, 0));
    let missing = include_str!("../golden/talib_missing.txt");
    let others = ["ADX", "CCI", "MFI", "STOCH", "WILLR"];
    let complete = missing.lines().all(|line| !others.contains(&line));
    match len("extended") {
        Ok(found) => assert_eq!(found, (40, 0)),
        Err(error) => assert!(!complete, "{error}"),
    }
    let talib = FeatureSet::resolve(&format!("{examples}talib.toml"), &context()).unwrap();
    assert_eq!(talib.names(), names("talib"));
}

#[test]
fn unknown_names_suggest_the_nearest() {
    for (wrong, right) in [
        ("RSJ_14", "RSI_14"),
        ("rsi_14", "RSI_14"),
        ("SMA_14.adjusted", "SMA_14"),
        ("BBANDS_20_2_2_UPPER", "BBANDS_20_2_2_UPPERBAND"),
        ("AVWAP_DAYLY_U1", "AVWAP_DAILY_U1"),
        ("bsae", "base"),
    ] {
        let error = refusal(wrong);
        assert!(error.to_string().contains(wrong), "{error}");
        let hint = error.hint().unwrap();
        assert!(hint.contains(&format!("`{right}`")), "{wrong}: {hint}");
    }
    for unfinished in ["RSI_", "RSI_14_", "RSI.", "RSI_14."] {
        let error = refusal(unfinished);
        let is_unknown = matches!(error, FeatureError::Unknown { .. });
        assert!(is_unknown, "{unfinished}: {error}");
    }
    assert!(!refusal("QQQQQQ").hint().unwrap().contains("did you mean"));
}

#[test]
fn bad_parameters_name_indicator_value_and_bound() {
    for (request, parts) in [
        ("SMA_0", vec!["SMA", "period", "0", "1 to 100000"]),
        ("SMA_2.5", vec!["SMA", "period", "2.5", "whole number"]),
        ("RSI_1", vec!["RSI", "1", "2 to 100000"]),
        ("SMA_-3", vec!["SMA", "-3"]),
        (
            "SMA_999999999999999999999",
            vec!["SMA", "999999999999999999999"],
        ),
        ("STDDEV_5_nan", vec!["STDDEV"]),
        (
            "BBANDS_20_2",
            vec!["BBANDS", "3 to 4 parameters", "nbdevup", "got 2"],
        ),
        ("TRANGE_3", vec!["TRANGE", "0 parameters"]),
        ("MACD_26_12_9", vec!["MACD", "fast < slow"]),
        ("BBANDS_20_2_2", vec!["several outputs"]),
        (" , ", vec!["names no column"]),
        ("", vec!["names no column"]),
    ] {
        let message = refusal(request).to_string();
        for part in parts {
            assert!(message.contains(part), "{request}: {message}");
        }
    }
    let short = FeatureContext {
        longest_series: 150,
        ..context()
    };
    let message = FeatureSet::resolve("SMA_200", &short)
        .unwrap_err()
        .to_string();
    for part in ["SMA", "period 200", "150"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(FeatureSet::resolve("SMA_150", &short).is_ok());
    let silent = FeatureContext {
        has_volume: false,
        ..context()
    };
    assert!(
        FeatureSet::resolve("OBV", &silent)
            .unwrap_err()
            .to_string()
            .contains("`OBV` needs volumes")
    );
}

#[test]
fn models_refuse_levels_of_the_file() {
    let refused = FeatureSet::for_model("SMA_10,VWAP_CUM", &context())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("VWAP_CUM") && refused.contains("where the file starts"),
        "{refused}"
    );
    // OBV is differenced by its transform.
    let (set, dropped) = FeatureSet::for_model("OBV,SMA_10", &context()).unwrap();
    assert_eq!((set.memory_bars(), dropped.len()), (21, 0));
    let short = FeatureContext {
        longest_series: 200,
        ..context()
    };
    let (set, dropped) = FeatureSet::for_model("OBV,EMA_100,SMA_10", &short).unwrap();
    assert_eq!(
        (set.names(), dropped[0].name.as_str()),
        (vec!["OBV".into(), "SMA_10".into()], "EMA_100")
    );
}

#[test]
fn records_bring_a_set_back() {
    let set = FeatureSet::resolve("base,OBV,MACD_12_26_9_MACDHIST", &context()).unwrap();
    let text = serde_json::to_string(&set.records()).unwrap();
    let records: Vec<_> = serde_json::from_str(&text).unwrap();
    let shorter = FeatureContext {
        rows_per_period: [9; 4],
        ..context()
    };
    let again = FeatureSet::from_records(&records, &shorter).unwrap();
    assert_eq!(again.names(), set.names());
    let longer: Vec<_> = records
        .iter()
        .map(|record: &ColumnRecord| ColumnRecord {
            memory_bars: 2_000,
            ..record.clone()
        })
        .collect();
    let longer = FeatureSet::from_records(&longer, &shorter).unwrap();
    assert_eq!(
        longer.memory_bars(),
        2_000,
        "a recorded memory is whole, transform included"
    );
    assert_eq!(
        again.records(),
        set.records(),
        "a shorter file shortens no memory"
    );
}
