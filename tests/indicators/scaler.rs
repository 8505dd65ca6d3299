//! The scaler: what it is fitted on, what it drops, what it gives.

use burn::tensor::Tensor;
use emberline::device::transfer;
use emberline::features::{
    DropReason, FeatureError, FeatureSet, Fit, Panel, Scaler, ScalerConfig, ScalerKind,
    ScalerScope, fit, model_inputs,
};
use emberline::market::{Bars, upload};

use super::{by_series, hourly, set, walk};

struct Case {
    bars: Bars,
    set: FeatureSet,
    blocks: Vec<Tensor<3>>,
    series: Vec<std::ops::Range<usize>>,
    train: Vec<Vec<bool>>,
}

/// Symbols of unequal length in two blocks; the first 60 % of each are training rows.
fn case(num_symbols: usize, request: &str) -> Case {
    let walks = (0..num_symbols).map(|n| {
        walk(
            &format!("S{n}"),
            60 + n as u64,
            400 - 31 * n,
            10.0_f64.powi(n as i32),
        )
    });
    let bars = hourly(walks.collect());
    let set = set(request, &bars);
    let device = burn::tensor::Device::flex();
    let limit = 2 * 400 * 4 * set.len();
    let panel = upload::upload(&bars, &set.required_columns(), set.len(), limit, &device).unwrap();
    assert!(
        num_symbols < 3 || panel.len() > 1,
        "one block tests no second one"
    );
    let train = bars
        .series
        .iter()
        .map(|s| (0..s.len()).map(|row| row < s.len() * 6 / 10).collect());
    Case {
        blocks: panel
            .iter()
            .map(|block| model_inputs(&set, block))
            .collect(),
        series: panel.iter().map(|block| block.series.clone()).collect(),
        train: train.collect(),
        bars,
        set,
    }
}

impl Case {
    fn panel<'a>(&'a self, blocks: &'a [Tensor<3>]) -> Panel<'a> {
        Panel {
            bars: &self.bars,
            blocks,
            series: &self.series,
        }
    }

    fn fit(&self, config: ScalerConfig) -> Result<Fit, FeatureError> {
        fit(
            &config,
            5.0,
            &self.set,
            self.panel(&self.blocks),
            &self.train,
        )
    }

    fn kept(&self, fit: &Fit) -> Vec<Tensor<3>> {
        self.blocks
            .iter()
            .map(|block| fit.keep(block.clone()))
            .collect()
    }

    /// Values by series, column, row.
    fn host(&self, blocks: &[Tensor<3>]) -> Vec<Vec<Vec<f32>>> {
        let mut all = Vec::new();
        for (block, series) in blocks.iter().zip(&self.series) {
            let bars = hourly(self.bars.series[series.clone()].to_vec());
            all.extend(by_series(block.clone(), &bars));
        }
        all
    }
}

const BOTH: [ScalerKind; 2] = [ScalerKind::MedianMad, ScalerKind::MeanSd];

/// Centre and width as a statistician writes them.
fn statistics(kind: ScalerKind, mut values: Vec<f64>) -> (f64, f64) {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let median = |v: &mut Vec<f64>| {
        v.sort_by(f64::total_cmp);
        f64::midpoint(v[(v.len() - 1) / 2], v[v.len() / 2])
    };
    match kind {
        ScalerKind::MeanSd => {
            let centre = mean(&values);
            let squares: Vec<f64> = values.iter().map(|v| (v - centre).powi(2)).collect();
            (centre, mean(&squares).sqrt())
        }
        ScalerKind::MedianMad => {
            let centre = median(&mut values);
            let mut distances = values.iter().map(|v| (v - centre).abs()).collect();
            let width = 1.4826 * median(&mut distances);
            let squares: Vec<f64> = distances.iter().map(|v| v.powi(2)).collect();
            let widths = [width, mean(&squares).sqrt(), 1.0];
            (
                centre,
                widths.into_iter().find(|width| *width > 0.0).unwrap(),
            )
        }
    }
}

const REQUEST: &str = "LOG_RETURN_1,RSI_14,EMA_DISTANCE_12,ATR_14,VOLUME";

#[test]
fn pooled_and_symbol_scales_equal_their_definition_on_training_rows() {
    let case = case(4, REQUEST);
    let memory = case.set.memory_bars();
    let before = case.host(&case.blocks);
    for kind in BOTH {
        for scope in [ScalerScope::Pooled, ScalerScope::Symbol] {
            let fitted = case.fit(ScalerConfig { kind, scope }).unwrap();
            assert!(fitted.dropped.is_empty(), "{:?}", fitted.dropped);
            let after = case.host(&fitted.scaler.apply(case.panel(&case.blocks)).unwrap());
            for column in 0..case.set.len() {
                let train = |series: usize| {
                    let rows = memory..case.bars.series[series].len() * 6 / 10;
                    before[series][column][rows]
                        .iter()
                        .map(|&v| f64::from(v))
                        .collect::<Vec<_>>()
                };
                let pooled: Vec<f64> = (0..4).flat_map(train).collect();
                for series in 0..4 {
                    let rows = if scope == ScalerScope::Pooled {
                        pooled.clone()
                    } else {
                        train(series)
                    };
                    let (centre, width) = statistics(kind, rows);
                    for (row, &x) in before[series][column].iter().enumerate() {
                        let expected = ((f64::from(x) - centre) / width).clamp(-5.0, 5.0);
                        let ours = f64::from(after[series][column][row]);
                        assert_eq!(ours.is_nan(), x.is_nan());
                        assert!(
                            x.is_nan() || (ours - expected).abs() < 1e-4,
                            "{ours}, {expected}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn only_training_rows_are_looked_at() {
    let mut case = case(3, REQUEST);
    let fitted = case.fit(ScalerConfig::default()).unwrap().scaler;
    // Values of all other rows may be anything.
    let spoiled = |(block, series): (&Tensor<3>, &std::ops::Range<usize>)| {
        let [rows, num_bars, columns] = block.dims();
        let mut values = transfer::to_host(block.clone());
        for (at, value) in values.iter_mut().enumerate() {
            let (row, bar) = (at / columns / num_bars, at / columns % num_bars);
            let length = case.bars.series[series.start + row].len();
            if bar >= length * 6 / 10 {
                *value = if at % 2 == 0 { 1e30 } else { f32::NAN };
            }
        }
        transfer::upload(values, [rows, num_bars, columns], &block.device())
    };
    case.blocks = case.blocks.iter().zip(&case.series).map(spoiled).collect();
    assert_eq!(case.fit(ScalerConfig::default()).unwrap().scaler, fitted);
}

#[test]
fn cross_sections_are_scaled_bar_by_bar() {
    let case = case(7, REQUEST);
    let before = case.host(&case.blocks);
    for kind in BOTH {
        let config = ScalerConfig {
            kind,
            scope: ScalerScope::CrossSection,
        };
        let fitted = case.fit(config).unwrap();
        let after = case.host(&fitted.scaler.apply(case.panel(&case.blocks)).unwrap());
        let (mut few, mut many) = (0, 0);
        for column in 0..case.set.len() {
            for row in 0..400 {
                let at_row: Vec<usize> = (0..7)
                    .filter(|&s| before[s][column].get(row).is_some_and(|v| v.is_finite()))
                    .collect();
                let values = at_row
                    .iter()
                    .map(|&s| f64::from(before[s][column][row]))
                    .collect();
                let (centre, width) = if at_row.is_empty() {
                    (0.0, 1.0)
                } else {
                    statistics(kind, values)
                };
                for &series in &at_row {
                    let ours = f64::from(after[series][column][row]);
                    let expected = if at_row.len() < 5 {
                        few += 1;
                        0.0
                    } else {
                        many += 1;
                        ((f64::from(before[series][column][row]) - centre) / width).clamp(-5.0, 5.0)
                    };
                    assert!(
                        (ours - expected).abs() < 1e-3,
                        "row {row}: {ours}, {expected}"
                    );
                }
            }
        }
        assert!(few > 100 && many > 1_000, "{few} {many}");
    }
}

#[test]
fn too_few_symbols_and_unseen_symbols_are_refused() {
    let four = case(4, REQUEST);
    let scope = |scope| ScalerConfig {
        scope,
        ..ScalerConfig::default()
    };
    let refused = four.fit(scope(ScalerScope::CrossSection)).unwrap_err();
    assert!(
        matches!(
            refused,
            FeatureError::CrossSection {
                needed: 5,
                symbols: 4
            }
        ),
        "{refused}"
    );
    let per_symbol = four.fit(scope(ScalerScope::Symbol)).unwrap().scaler;
    let six = case(6, REQUEST);
    let refused = per_symbol
        .apply(six.panel(&six.blocks))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("`S4`"), "{refused}");
    let pooled = four.fit(ScalerConfig::default()).unwrap().scaler;
    assert!(pooled.apply(six.panel(&six.blocks)).is_ok());
}

#[test]
fn constant_and_duplicate_columns_go() {
    // Nothing is filled; ROC_5 of these bars is no copy, RSI without numbers is.
    let case = case(3, "LOG_RETURN_1,FILLED,RSI_14,RSI,ROC_5");
    let fitted = case.fit(ScalerConfig::default()).unwrap();
    let dropped: Vec<(&str, &DropReason)> = fitted
        .dropped
        .iter()
        .map(|column| (column.name.as_str(), &column.reason))
        .collect();
    let twin = DropReason::Duplicate("RSI_14".to_owned());
    assert_eq!(dropped, [("FILLED", &DropReason::Constant), ("RSI", &twin)]);
    assert_eq!(fitted.set.names(), ["LOG_RETURN_1", "RSI_14", "ROC_5"]);
    assert_eq!(fitted.scaler.features(), fitted.set.names());
    let kept = case.kept(&fitted);
    let (before, after) = (case.host(&case.blocks), case.host(&kept));
    assert_eq!(after[1].len(), 3);
    assert_eq!(after[1][2][200].to_bits(), before[1][4][200].to_bits());
    assert!(fitted.scaler.apply(case.panel(&kept)).is_ok());
    let all = self::case(3, "FILLED")
        .fit(ScalerConfig::default())
        .unwrap_err();
    assert!(matches!(all, FeatureError::AllDropped), "{all}");
    let mut none = self::case(3, REQUEST);
    none.train.iter_mut().for_each(|mask| mask.fill(false));
    let none = none.fit(ScalerConfig::default()).unwrap_err();
    assert!(matches!(none, FeatureError::NoTrainingRows), "{none}");
}

#[test]
fn rare_flags_keep_a_width() {
    let mut case = case(3, "FILLED,LOG_RETURN_1");
    for series in &mut case.bars.series {
        series.filled = (0..series.len()).map(|row| row % 50 == 7).collect();
    }
    let device = burn::tensor::Device::flex();
    let panel = upload::upload(
        &case.bars,
        &case.set.required_columns(),
        2,
        2 * 400 * 8,
        &device,
    )
    .unwrap();
    case.blocks = panel
        .iter()
        .map(|block| model_inputs(&case.set, block))
        .collect();
    let fitted = case.fit(ScalerConfig::default()).unwrap();
    let after = case.host(&fitted.scaler.apply(case.panel(&case.blocks)).unwrap());
    // The median deviation is 0: the root mean square stands in, and 1 / sqrt(1 / 50) clips at 5.
    assert_eq!((after[0][0][8], after[0][0][57]), (0.0, 5.0));
}

#[test]
fn a_scaler_survives_its_manifest_bit_for_bit() {
    let case = case(3, REQUEST);
    for scope in [ScalerScope::Pooled, ScalerScope::Symbol] {
        let scaler = case
            .fit(ScalerConfig {
                scope,
                ..ScalerConfig::default()
            })
            .unwrap()
            .scaler;
        let text = serde_json::to_string(&scaler).unwrap();
        assert_eq!(serde_json::from_str::<Scaler>(&text).unwrap(), scaler);
    }
}
