//! The settings of a classification as flags.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use emberline::ops::atc::{AdaptiveStart, DoubleStart, Family, Hull, Idle};
use emberline::trend::{Cut, Robustness, Source, TrendConfig, TrendPreset};

/// Every setting; what is not given is the preset's.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingsArgs {
    /// Whose arithmetic: that of the public ports, or that of the original Pine script
    #[arg(long, value_enum, default_value_t = PresetName::Reference)]
    pub(crate) preset: PresetName,
    /// Base length of all six averages, bars [preset: 28]
    #[arg(long, value_name = "BARS", allow_negative_numbers = true)]
    length: Option<i64>,
    /// Base lengths of single families, over --length
    #[arg(long, value_name = "FAMILY=BARS,..", value_delimiter = ',', value_parser = of_family::<i64>, allow_negative_numbers = true)]
    lengths: Vec<(Family, i64)>,
    /// Starting equities of the second layer, above 0 [preset: 1]
    #[arg(long, value_name = "FAMILY=X,..", value_delimiter = ',', value_parser = of_family::<f64>, allow_negative_numbers = true)]
    weights: Vec<(Family, f64)>,
    /// Growth: a thousandth of it per bar [preset: 0.02]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    lambda: Option<f64>,
    /// Decay: a hundredth of it is lost per bar, 0 to 100 [preset: 0.03]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    decay: Option<f64>,
    /// Bars at the start that carry no equity [preset: 0]
    #[arg(long, value_name = "BARS", allow_negative_numbers = true)]
    cutout: Option<i64>,
    /// How far a family's nine lengths lie apart [preset: medium]
    #[arg(long, value_enum)]
    robustness: Option<RobustnessName>,
    /// Long above it [preset: 0.1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    long: Option<f64>,
    /// Short below it [preset: -0.1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    short: Option<f64>,
    /// The price that is classified [preset: close]
    #[arg(long, value_enum)]
    source: Option<SourceName>,
    /// A family votes beyond the thresholds, or beyond this far from 0 [reference: thresholds, pine: 0.49]
    #[arg(long, value_name = "thresholds|X", value_parser = cut)]
    cut: Option<Cut>,
    /// DEMA's second average starts at the first value, or at the mean of L [reference: first, pine: mean]
    #[arg(long, value_enum)]
    dema: Option<DemaName>,
    /// HMA is Hull's nested average, or a plain mean [reference: nested, pine: mean]
    #[arg(long, value_enum)]
    hma: Option<HmaName>,
    /// KAMA starts at the price, or at zero [reference: price, pine: zero]
    #[arg(long, value_enum)]
    kama: Option<KamaName>,
    /// A second-layer equity behind a signal of 0 earns nothing, or what it did at the bar before
    /// [reference: nothing, pine: repeat]
    #[arg(long, value_enum)]
    idle: Option<IdleName>,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident for $type:ty { $($(#[$variant_doc:meta])* $variant:ident => $value:expr),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            fn value(self) -> $type {
                match self {
                    $(Self::$variant => $value),+
                }
            }
        }
    };
}

names!(
    /// Presets.
    PresetName for TrendPreset {
        Reference => TrendPreset::Reference,
        Pine => TrendPreset::Pine,
    }
);
names!(
    /// Distances of lengths.
    RobustnessName for Robustness {
        /// 1, 2, 3, 4 bars
        Narrow => Robustness::Narrow,
        /// 1, 2, 4, 6 bars
        Medium => Robustness::Medium,
        /// 1, 3, 5, 7 bars
        Wide => Robustness::Wide,
    }
);
names!(
    /// Prices.
    SourceName for Source {
        Open => Source::Open,
        High => Source::High,
        Low => Source::Low,
        Close => Source::Close,
        Hl2 => Source::Hl2,
        Hlc3 => Source::Hlc3,
        Ohlc4 => Source::Ohlc4,
    }
);
names!(
    /// Starts of DEMA.
    DemaName for DoubleStart {
        First => DoubleStart::First,
        Mean => DoubleStart::Mean,
    }
);
names!(
    /// Kinds of HMA.
    HmaName for Hull {
        Nested => Hull::Nested,
        Mean => Hull::Mean,
    }
);
names!(
    /// Starts of KAMA.
    KamaName for AdaptiveStart {
        Price => AdaptiveStart::Value,
        Zero => AdaptiveStart::Zero,
    }
);
names!(
    /// Behind a signal of 0.
    IdleName for Idle {
        Nothing => Idle::Nothing,
        Repeat => Idle::Repeat,
    }
);

impl SettingsArgs {
    /// The settings, not yet checked against a symbol.
    pub(crate) fn config(&self) -> TrendConfig {
        fn set<T: Clone>(to: &mut T, from: Option<T>) {
            if let Some(value) = from {
                *to = value;
            }
        }
        let mut config = TrendConfig::new(self.preset.value());
        set(&mut config.lengths, self.length.map(|length| [length; 6]));
        for &(family, length) in &self.lengths {
            config.lengths[family as usize] = length;
        }
        for &(family, weight) in &self.weights {
            config.weights[family as usize] = weight;
        }
        set(&mut config.lambda, self.lambda);
        set(&mut config.decay, self.decay);
        set(&mut config.cutout, self.cutout);
        set(
            &mut config.robustness,
            self.robustness.map(RobustnessName::value),
        );
        set(&mut config.long, self.long);
        set(&mut config.short, self.short);
        set(&mut config.source, self.source.map(SourceName::value));
        set(&mut config.cut, self.cut);
        set(&mut config.dema, self.dema.map(DemaName::value));
        set(&mut config.hma, self.hma.map(HmaName::value));
        set(&mut config.kama, self.kama.map(KamaName::value));
        set(&mut config.idle, self.idle.map(IdleName::value));
        config
    }
}

fn of_family<T: FromStr>(text: &str) -> Result<(Family, T), String> {
    let names = || Family::ALL.map(Family::name).join(", ");
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("it must be FAMILY=VALUE, FAMILY one of {}", names()))?;
    let family = Family::ALL
        .into_iter()
        .find(|family| family.name().eq_ignore_ascii_case(name.trim()))
        .ok_or_else(|| format!("`{name}` is not one of {}", names()))?;
    let value = value
        .trim()
        .parse()
        .map_err(|_| format!("`{value}` is not a number"))?;
    Ok((family, value))
}

fn cut(text: &str) -> Result<Cut, String> {
    if text == "thresholds" {
        return Ok(Cut::Thresholds);
    }
    text.parse()
        .map(Cut::Beyond)
        .map_err(|_| "it must be `thresholds` or a number, 0 to 1".to_owned())
}
