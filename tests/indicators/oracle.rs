//! Every indicator against its float64 oracle, at every price level and over a million bars.

use emberline::features::{FeatureSet, reference};
use emberline::market::Bars;

use super::{by_tensors, every_column, hourly, raw, set, walk};

/// The contract: 1e-4 of the value or of the output's natural range, which is at least the typical
/// size of the output on these bars (its mean absolute value).
const TOLERANCE: f64 = 1e-4;

/// Compares all columns of `set` with their oracles and returns the largest error in units of the
/// tolerance.
fn compare(set: &FeatureSet, bars: &Bars) -> f64 {
    let native = compare_values(set, bars, &raw(set, bars), "machine");
    native.max(compare_values(set, bars, &by_tensors(set, bars), "tensors"))
}

fn compare_values(set: &FeatureSet, bars: &Bars, computed: &[Vec<Vec<f32>>], path: &str) -> f64 {
    let mut worst = 0.0_f64;
    for (index, columns) in computed.iter().enumerate() {
        for (rows, segment) in reference::segments(bars, index) {
            for (column, ours) in set.columns().iter().zip(columns) {
                let oracle = column.indicator().float64(&segment, column.parameters());
                let oracle = &oracle[column.output()];
                assert_eq!(oracle.len(), rows.len(), "{}", column.name());
                let finite: Vec<f64> = oracle.iter().copied().filter(|v| v.is_finite()).collect();
                let typical =
                    finite.iter().map(|v| v.abs()).sum::<f64>() / finite.len().max(1) as f64;
                for (row, &expected) in rows.clone().zip(oracle) {
                    let ours = f64::from(ours[row]);
                    let place = || {
                        format!(
                            "{} of {} in row {row} by {path}: {ours}, oracle {expected}",
                            column.name(),
                            bars.series[index].symbol
                        )
                    };
                    assert_eq!(ours.is_nan(), expected.is_nan(), "{}", place());
                    if expected.is_finite() {
                        let allowed =
                            TOLERANCE * expected.abs().max(typical).max(f64::MIN_POSITIVE);
                        let error = (ours - expected).abs() / allowed;
                        assert!(error <= 1.0, "{}: {error} times the tolerance", place());
                        worst = worst.max(error);
                    } else {
                        assert!(expected.is_nan(), "{}", place());
                    }
                }
            }
        }
    }
    worst
}

/// Three symbols of unequal length, one of them in stretches, one bar among the stretches alone.
fn gapped(level: f64) -> Bars {
    let mut pieces = walk("B", 2, 411, level);
    pieces.segment = (0..411)
        .map(|row| [150, 151, 250].iter().filter(|&&cut| row >= cut).count() as u32)
        .collect();
    for (row, time) in pieces.time.iter_mut().enumerate() {
        *time += if row >= 150 { 7 * super::HOUR } else { 0 };
    }
    pieces.filled = (0..411).map(|row| row % 17 == 3).collect();
    hourly(vec![
        walk("A", 1, 700, level),
        pieces,
        walk("C", 3, 37, level),
    ])
}

#[test]
fn whole_catalogue_equals_its_oracles_at_every_price_level() {
    for level in [1e-6, 1.0, 1e6] {
        let bars = gapped(level);
        let worst = compare(&set(&every_column().join(","), &bars), &bars);
        assert!(worst > 0.0, "nothing was compared at {level}");
    }
}

#[test]
fn core111_periods_equal_their_oracles() {
    let bars = hourly(vec![walk("A", 5, 2_500, 0.03)]);
    let names = "SMA_200,EMA_1000.adjusted,EMA_300.adjusted,EMA_288,RSI_25.cutler,RSI_9,\
                 MACD_19_39_9.adjusted,MACD_3_10_16.adjusted,ATR_30.sma,BB_50.width,LOG_RETURN_96,\
                 REALISED_VOLATILITY_288,SUPPORT_RESISTANCE_200,MACD_50_200_30_MACDHIST";
    compare(&set(names, &bars), &bars);
}

/// Windows longer than what machines go through bar by bar, with stretches that double on the device.
#[test]
fn long_periods_of_momentum_equal_their_machines() {
    let bars = hourly(vec![walk("A", 9, 2_500, 40.0)]);
    let names = "CCI_300,FOSC_300,AROON_300_AROONUP,AROON_300_AROONDOWN,ADX_100,CMO_200,RVI_100_50,AO_50_500,\
                 DPO_301,MASSI_30_200,CVI_30_60,COPPOCK_100_110_140,MFI_300,ULTOSC_300_100_200";
    let worst = compare(&set(names, &bars), &bars);
    assert!(worst > 0.0);
}

/// Sessions of 13 and of 3 bars: windows of 20 bars since an anchor that end in the next session,
/// and sessions that are over before there are 20.
#[test]
fn anchors_in_the_session_before_equal_their_oracles() {
    for (level, per_session) in [(1e-6, 13), (1.0, 3), (1e6, 13), (40.0, 24), (1.0, 1)] {
        let mut series = walk("A", 6, 700, level);
        for (row, time) in series.time.iter_mut().enumerate() {
            let (session, bar) = (row as i64 / per_session, row as i64 % per_session);
            *time = super::MONDAY + (24 * session + bar) * super::HOUR;
        }
        // Equal extremes: the earlier bar keeps the anchor.
        for row in (5..700).step_by(9) {
            series.high[row] = series.high[row].max(series.high[row - 2]);
            series.low[row] = series.low[row].min(series.low[row - 2]);
            series.volume[row] = series.volume[row - 2];
        }
        let bars = hourly(vec![series, walk("B", 8, 90, level)]);
        let names: Vec<String> = every_column()
            .into_iter()
            .filter(|name| name.starts_with("AVWAP_"))
            .collect();
        let worst = compare(&set(&names.join(","), &bars), &bars);
        assert!(worst > 0.0);
    }
}

#[test]
fn averages_of_every_kind_equal_their_oracles() {
    let mut names = Vec::new();
    for kind in 0..=13 {
        names.push(format!("MA_10_{kind}"));
        // Differences are a hundredth of the price; averages that begin late begin together.
        names.push(format!("APO_7_12_{kind}"));
        names.push(format!("PVO_7_12_{kind}"));
        names.push(format!("MACDEXT_7_12_5_{kind}_9_12_MACDHIST"));
        names.push(format!("STOCH_5_4_3_{kind}_1_SLOWD"));
    }
    for level in [1e-6, 1.0, 1e6] {
        let bars = gapped(level);
        compare(&set(&names.join(","), &bars), &bars);
    }
}

#[test]
fn a_million_bars_do_not_drift() {
    let bars = hourly(vec![walk("A", 7, 1_000_000, 30_000.0)]);
    let names = "VWAP_CUM,VWAP_CUM_U2,VWAP_CUM.rolling20_L1,OBV,EMA_20,EMA_20.adjusted,RSI_14,ATR_14,\
                 MACD_12_26_9_MACDSIGNAL,SMA_50,STDDEV_20_1,BB_20.width,AVWAP_MONTHLY_L3,\
                 AVWAP_DAILY.rolling20_U1,AVWAP_HVOL_U1,AVWAP_PREV_LOW_L3,SUPPORT_RESISTANCE_50,\
                 WAD,ADX_14,CCI_14,MFI_14,FOSC_5,RVI_14_10,KAMA_30,T3_5_0.7,HMA_20,APO_12_26_9,TRIX_30,\
                 TSI_25_13,SMI_13_2_25_9,STOCHRSI_14_5_3_FASTD,KC_20_10_2_LOWERBAND";
    compare(&set(names, &bars), &bars);
}
