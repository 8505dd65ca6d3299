//! What a request may look like.

use emberline::features::{FeatureContext, FeatureError, FeatureSet};

fn names(request: &str) -> Result<Vec<String>, FeatureError> {
    let context = FeatureContext::unbounded(300_000_000_000);
    Ok(FeatureSet::resolve(request, &context)?.names())
}

/// `RSI:14` was refused as an unknown name.
#[test]
fn colons_ask_for_every_output_of_an_indicator() {
    assert_eq!(names("RSI:14").unwrap(), ["RSI_14"]);
    assert_eq!(
        names("RSI:14.cutler, EMA:20.adjusted").unwrap(),
        ["RSI_14.cutler", "EMA_20.adjusted"]
    );
    assert_eq!(
        names("MACD:12:26:9").unwrap(),
        [
            "MACD_12_26_9",
            "MACD_12_26_9_MACDSIGNAL",
            "MACD_12_26_9_MACDHIST"
        ]
    );
    assert_eq!(names("SMA:10,SMA_10,base").unwrap()[0], "SMA_10");
}

#[test]
fn colons_name_the_bound_and_the_nearest_name_as_underscores_do() {
    assert!(matches!(names("SMA:0"), Err(FeatureError::Bound { value, .. }) if value == "0"));
    assert!(matches!(
        names("SMA:1:2"),
        Err(FeatureError::Arity { got: 2, .. })
    ));
    for wrong in [
        "RSJ:14",
        "RSI:14.nobody",
        "RSI:",
        ":14",
        "MACD:12:26:9_NOBODY",
    ] {
        assert!(names(wrong).is_err(), "{wrong}");
    }
    assert!(
        matches!(names("RSJ:14"), Err(FeatureError::Unknown { nearest: Some(near), .. }) if near == "RSI_14")
    );
}
