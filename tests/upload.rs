//! Bars become padded columns on the device.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test fails by panicking, and packing changes no bit"
)]

use std::collections::BTreeSet;

use burn::tensor::Device;
use emberline::{
    device::transfer,
    market::{
        Bars, Column, MarketError, Series,
        simulate::{SimulateConfig, Simulation, names},
        upload,
    },
};

const PRICES: [Column; 5] = [
    Column::Open,
    Column::High,
    Column::Low,
    Column::Close,
    Column::Volume,
];

/// Five symbols of unequal length; the second has a gap, a filled bar and no volume.
fn bars() -> Bars {
    let config = SimulateConfig {
        symbols: names(5),
        num_bars: 37,
        ..SimulateConfig::default()
    };
    let mut bars = Simulation::new(config).unwrap().bars();
    for (series, len) in bars.series.iter_mut().zip([37, 11, 23, 0, 5]) {
        series.time.truncate(len);
        for values in [
            &mut series.open,
            &mut series.high,
            &mut series.low,
            &mut series.close,
            &mut series.volume,
        ] {
            values.truncate(len);
        }
    }
    bars.series[1].segment = [vec![0; 4], vec![3; 7]].concat();
    bars.series[1].filled = (0..11).map(|row| row == 6).collect();
    bars.series[1].volume.clear();
    bars
}

fn source(series: &Series, column: Column) -> &[f32] {
    match column {
        Column::Open => &series.open,
        Column::High => &series.high,
        Column::Low => &series.low,
        Column::Close => &series.close,
        Column::Volume => &series.volume,
        _ => unreachable!(),
    }
}

#[test]
fn every_series_is_packed_from_its_own_first_bar() {
    let bars = bars();
    let device = Device::flex();
    let columns: BTreeSet<Column> = PRICES.into();
    // Two rows of 37 bars and 7 features fit, three do not.
    let limit = 4 * 7 * 37 * 3 - 1;
    let before = transfer::traffic();
    let blocks = upload(&bars, &columns, 7, limit, &device).unwrap();
    let traffic = transfer::traffic().since(before);
    let ranges: Vec<_> = blocks.iter().map(|block| block.series.clone()).collect();
    assert_eq!(ranges, [0..2, 2..5]);
    assert_eq!(blocks[0].lengths, [37, 11]);
    assert_eq!(blocks[1].num_bars, 23);
    let cells = 2 * 37 + 3 * 23;
    // Other tests share the counters.
    assert!(traffic.bytes_up >= 4 * 5 * cells, "{traffic:?}");
    for block in &blocks {
        assert_eq!(block.columns(), columns);
        assert!(!block.has(Column::Age));
        assert_eq!(block.device(), device);
        for column in PRICES {
            let tensor = block.column(column);
            assert_eq!(tensor.dims(), [block.num_series(), block.num_bars]);
            let values = transfer::to_host(tensor);
            for (row, index) in values.chunks(block.num_bars).zip(block.series.clone()) {
                let wanted = source(&bars.series[index], column);
                assert_eq!(&row[..wanted.len()], wanted);
                for padding in &row[wanted.len()..] {
                    match column {
                        Column::Volume => assert_eq!(*padding, 0.0),
                        _ => assert!(padding.is_nan()),
                    }
                }
            }
        }
    }
}

#[test]
fn age_restarts_with_every_segment_and_filled_is_a_flag() {
    let columns = [Column::Age, Column::Filled].into();
    let blocks = upload(&bars(), &columns, 1, usize::MAX, &Device::flex()).unwrap();
    assert_eq!(blocks.len(), 1);
    let age = transfer::to_host(blocks[0].column(Column::Age));
    let mut wanted: Vec<f32> = (0..37_i16).map(f32::from).collect();
    assert_eq!(age[..37], wanted);
    wanted = [0_u8, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6].map(f32::from).to_vec();
    wanted.resize(37, -1.0);
    assert_eq!(age[37..74], wanted);
    assert_eq!(age[111..148], [-1.0; 37]);
    let filled = transfer::to_host(blocks[0].column(Column::Filled));
    let set: Vec<usize> = (0..filled.len()).filter(|&i| filled[i] != 0.0).collect();
    assert_eq!(set, [37 + 6]);
    assert_eq!(filled[37 + 6], 1.0);
}

#[test]
fn what_a_symbol_gets_does_not_depend_on_the_others() {
    let bars = bars();
    let alone = Bars {
        series: vec![bars.series[2].clone()],
        ..bars.clone()
    };
    let columns: BTreeSet<Column> = [Column::Close, Column::Age].into();
    let together = upload(&bars, &columns, 3, usize::MAX, &Device::flex()).unwrap();
    let single = upload(&alone, &columns, 3, usize::MAX, &Device::flex()).unwrap();
    for column in columns {
        let together = transfer::to_host(together[0].column(column));
        let single = transfer::to_host(single[0].column(column));
        assert_eq!(together[2 * 37..2 * 37 + 23], single[..23]);
    }
}

#[test]
fn a_series_beyond_the_limit_is_refused_by_name() {
    let error = upload(&bars(), &PRICES.into(), 7, 4 * 7 * 37 - 1, &Device::flex()).unwrap_err();
    let MarketError::Setting { value, rule, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(value, "37 bars of S1");
    assert!(
        rule.contains("1036 bytes") && rule.contains("1035"),
        "{rule}"
    );
}

#[test]
#[should_panic(expected = "was not uploaded")]
fn a_column_that_was_not_asked_for_is_a_bug() {
    let blocks = upload(
        &bars(),
        &[Column::Close].into(),
        1,
        usize::MAX,
        &Device::flex(),
    )
    .unwrap();
    let _ = blocks[0].column(Column::Open);
}
