//! Feature sets: lists of names that go by one.

use super::catalogue::catalogue;
use super::context::FeatureContext;
use super::transform::Transform;

/// A set by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// What `train` uses unless told otherwise.
    Base,
    /// The 111 columns of the original system.
    Core111,
    /// The original's GPU library.
    Extended,
    /// Every function of TA-Lib with its default parameters.
    Talib,
}

/// All sets.
pub const PRESETS: [Preset; 4] = [
    Preset::Base,
    Preset::Core111,
    Preset::Extended,
    Preset::Talib,
];

/// Lengths that `base` looks back.
struct Lengths {
    returns: [usize; 6],
    volatility: [usize; 3],
    averages: [usize; 3],
    volume: usize,
}

const INTRADAY: Lengths = Lengths {
    returns: [1, 3, 6, 12, 48, 96],
    volatility: [12, 48, 288],
    averages: [12, 48, 288],
    volume: 48,
};

const DAILY: Lengths = Lengths {
    returns: [1, 5, 21, 63, 126, 252],
    volatility: [5, 21, 63],
    averages: [5, 21, 63],
    volume: 21,
};

impl Preset {
    /// The set of that name.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        PRESETS.into_iter().find(|preset| preset.name() == name)
    }

    /// What requests call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Core111 => "core111",
            Self::Extended => "extended",
            Self::Talib => "talib",
        }
    }

    /// Its columns, each with its own transform where it is not the unit's. Columns that need what
    /// the bars lack (volumes) are left out, but for `core111`, which is 111 columns or none.
    pub fn columns(self, context: &FeatureContext) -> Vec<(String, Option<Transform>)> {
        let names = match self {
            Self::Base => return base(context),
            Self::Core111 => core111(),
            Self::Extended => extended(context),
            Self::Talib => talib(context),
        };
        names.into_iter().map(|name| (name, None)).collect()
    }
}

fn base(context: &FeatureContext) -> Vec<(String, Option<Transform>)> {
    let lengths = if context.is_intraday() {
        INTRADAY
    } else {
        DAILY
    };
    let mut names = each("LOG_RETURN", &lengths.returns, "");
    names.extend(["RANGE_RATIO", "BODY_RATIO", "ATR_14"].map(str::to_owned));
    names.extend(each("REALISED_VOLATILITY", &lengths.volatility, ""));
    names.extend(each("EMA_DISTANCE", &lengths.averages, ""));
    names.push("RSI_14".to_owned());
    let mut columns: Vec<_> = names.into_iter().map(|name| (name, None)).collect();
    if context.has_volume {
        let period = lengths.volume;
        columns.push(("VOLUME".to_owned(), Some(Transform::LogVolume { period })));
        columns.push(("AVWAP_SESSION".to_owned(), None));
    }
    if context.is_intraday() {
        for name in ["TIME_SIN", "TIME_COS", "WEEKDAY_SIN", "WEEKDAY_COS"] {
            columns.push((name.to_owned(), None));
        }
    }
    columns.push(("FILLED".to_owned(), None));
    columns
}

fn core111() -> Vec<String> {
    let mut names = each("SMA", &[10, 20, 50, 200], "");
    names.extend(each(
        "EMA",
        &[5, 10, 20, 50, 100, 150, 200, 300, 1000],
        ".adjusted",
    ));
    names.extend(each("RSI", &[7, 9, 14, 21, 25], ".cutler"));
    names.extend(
        [
            "MACD_5_13_5",
            "MACD_12_26_9",
            "MACD_19_39_9",
            "MACD_3_10_16",
        ]
        .map(|name| format!("{name}.adjusted")),
    );
    names.extend(each("ATR", &[7, 10, 14, 20, 30], ".sma"));
    names.extend(each("BB", &[10, 15, 20, 30, 50], ".width"));
    names.push("OBV".to_owned());
    names.extend(with_bands("VWAP_CUM"));
    for anchor in [
        "SESSION",
        "DAILY",
        "WEEKLY",
        "MONTHLY",
        "HIGH",
        "LOW",
        "HVOL",
        "PREV_HIGH",
        "PREV_LOW",
        "PREV_HVOL",
    ] {
        names.extend(with_bands(&format!("AVWAP_{anchor}")));
    }
    names.push("SUPPORT_RESISTANCE_50".to_owned());
    names
}

fn extended(context: &FeatureContext) -> Vec<String> {
    let periods = [7, 9, 14, 20, 50, 100, 200];
    let mut names = each("SMA", &periods, "");
    names.extend(each("EMA", &periods, ""));
    names.extend(each("RSI", &[7, 9, 14, 21], ""));
    names.extend(["", "_MACDSIGNAL", "_MACDHIST"].map(|line| format!("MACD_12_26_9{line}")));
    for period in [20, 50] {
        let bands = ["UPPERBAND", "MIDDLEBAND", "LOWERBAND"];
        names.extend(bands.map(|band| format!("BBANDS_{period}_2_2_{band}")));
    }
    let others = [
        "ATR_14",
        "NATR_14",
        "STOCH_14_3_3_SLOWK",
        "STOCH_14_3_3_SLOWD",
        "WILLR_14",
        "CCI_20",
        "ADX_14",
    ];
    names.extend(others.map(str::to_owned));
    if context.has_volume {
        names.extend(["OBV", "AD", "MFI_14"].map(str::to_owned));
        names.extend(each("VWAP", &[50, 100, 200], ".rolling"));
    }
    names
}

/// All outputs of TA-Lib's functions, bare, in the order of listings.
fn talib(context: &FeatureContext) -> Vec<String> {
    catalogue()
        .filter(|indicator| indicator.is_talib())
        .filter(|indicator| context.has_volume || !indicator.needs_volume())
        .flat_map(|indicator| {
            (0..indicator.outputs.len()).map(|output| indicator.bare_name(output))
        })
        .collect()
}

fn each(name: &str, periods: &[usize], suffix: &str) -> Vec<String> {
    periods
        .iter()
        .map(|period| format!("{name}_{period}{suffix}"))
        .collect()
}

/// A base and the bands that core111's original drew around it.
fn with_bands(name: &str) -> Vec<String> {
    let bands = ["U1", "L1", "U2", "L2", "U3", "L3"];
    std::iter::once(name.to_owned())
        .chain(bands.map(|band| format!("{name}.rolling20_{band}")))
        .collect()
}
