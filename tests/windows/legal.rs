use emberline::windows::{
    Entry, Normalise, Reason, Sample, TargetConfig, WindowConfig, WindowError, legal, legal_rows,
    scorable,
};

use super::{bars, uneven, walk};

fn config(horizons: &[usize], entry: Entry, normalise: Normalise) -> TargetConfig {
    TargetConfig {
        horizons: horizons.to_vec(),
        entry,
        normalise,
        volatility_span: 5,
        ..TargetConfig::default()
    }
}

/// The definition, spelt out bar by bar.
fn by_definition(
    series: &emberline::market::Series,
    memory: usize,
    length: usize,
    target: Option<&TargetConfig>,
) -> Vec<u32> {
    let mut rows = Vec::new();
    for last in 0..series.len() {
        let age = |row: usize| row - series.segment_start(row);
        let Some(first) = (last + 1).checked_sub(length) else {
            continue;
        };
        if series.is_filled(last) || series.segment_start(last) > first || age(first) < memory {
            continue;
        }
        let mut legal = true;
        if let Some(target) = target {
            if target.normalise.uses_volatility() {
                let remembers = emberline::windows::volatility_memory_bars(target.volatility_span);
                legal &= age(last) >= remembers;
            }
            let entry = if target.entry == Entry::Close {
                last
            } else {
                last + 1
            };
            for &horizon in &target.horizons {
                for row in [entry, entry + horizon] {
                    legal &= row < series.len()
                        && !series.is_filled(row)
                        && series.segment_of(row) == series.segment_of(last);
                }
            }
        }
        if legal {
            rows.push(last as u32);
        }
    }
    rows
}

#[test]
fn windows_are_those_of_the_definition() {
    let bars = uneven();
    for memory in [0, 1, 13] {
        for length in [1, 2, 21] {
            let expect = |target: Option<&TargetConfig>| -> Vec<Sample> {
                let of = |(index, series)| {
                    let rows = by_definition(series, memory, length, target);
                    rows.into_iter().map(move |last| Sample {
                        series: index as u32,
                        last,
                    })
                };
                bars.series.iter().enumerate().flat_map(of).collect()
            };
            assert_eq!(
                scorable(&bars, memory, length),
                expect(None),
                "memory {memory}, length {length}"
            );
            for entry in [Entry::NextClose, Entry::NextOpen, Entry::Close] {
                for normalise in [Normalise::None, Normalise::Volatility] {
                    let target = config(&[1, 9], entry, normalise);
                    let windows = WindowConfig { length, stride: 1 };
                    let found = legal(&bars, memory, &windows, &target).unwrap();
                    let expected = expect(Some(&target));
                    assert_eq!(
                        found.samples, expected,
                        "{memory} {length} {entry:?} {normalise:?}"
                    );
                    for (index, count) in found.counts.iter().enumerate() {
                        let own = expected
                            .iter()
                            .filter(|sample| sample.series as usize == index)
                            .count();
                        assert_eq!(count.windows, own, "{}", count.symbol);
                        assert_eq!(count.reason.is_some(), own == 0);
                    }
                }
            }
        }
    }
}

#[test]
fn edges_of_one_stretch() {
    // memory 2 and a window of 3: bars 2, 3, 4 are the first window
    assert_eq!(legal_rows(5, &[], &[], 5, &[]), [4]);
    assert_eq!(legal_rows(4, &[], &[], 5, &[]), [0_u32; 0]);
    assert_eq!(legal_rows(7, &[], &[], 5, &[1, 2]), [4]);
    assert_eq!(legal_rows(0, &[], &[], 1, &[1]), [0_u32; 0]);
    // a segment's number, not its length, tells stretches apart
    assert_eq!(legal_rows(6, &[], &[3, 3, 3, 8, 8, 8], 2, &[1]), [1, 4]);
}

#[test]
fn each_symbol_without_a_window_says_why() {
    let mut gaps = walk("GAPS", 100, 0);
    gaps.segment = (0..100).map(|row| row / 20).collect();
    let mut filled = walk("FILLED", 100, 0);
    filled.filled = (0..100).map(|row| row % 2 == 1).collect();
    let bars = bars(vec![filled, gaps, walk("SHORT", 30, 0)]);
    let windows = WindowConfig {
        length: 10,
        stride: 1,
    };
    let target = config(&[2], Entry::NextClose, Normalise::None);
    // history 15 + 10, three bars ahead: 28 bars; entry and exit lie at odd and even distance
    let found = legal(&bars, 15, &windows, &target).unwrap();
    let reasons: Vec<Option<Reason>> = found
        .counts
        .iter()
        .map(|count| count.reason.clone())
        .collect();
    assert_eq!(
        reasons,
        [
            Some(Reason::Filled {
                filled: 50,
                bars: 100
            }),
            Some(Reason::Gaps {
                stretches: 5,
                longest: 20,
                needed: 28
            }),
            None
        ]
    );
    assert_eq!(found.counts[2].windows, 3);

    let error = legal(&bars, 80, &windows, &target)
        .unwrap()
        .require()
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, WindowError::NoWindows { .. }));
    assert!(
        text.contains("SHORT has 0, 30 bars where 93 are needed (memory 80 + window 10"),
        "{text}"
    );
    assert!(
        text.contains("GAPS has 0, 5 stretches between gaps, the longest of 20 bars"),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("windows.length"));
}

#[test]
fn cross_sections_need_five_symbols_at_the_bar() {
    let all = uneven();
    let windows = WindowConfig {
        length: 4,
        stride: 1,
    };
    for normalise in [Normalise::CsDemean, Normalise::CsRank] {
        let target = config(&[1, 3], Entry::NextClose, normalise);
        let found = legal(&all, 3, &windows, &target).unwrap();
        let plain_target = config(&[1, 3], Entry::NextClose, Normalise::None);
        // members of a cross-section need no history, only a target
        let plain = legal(
            &all,
            0,
            &WindowConfig {
                length: 1,
                stride: 1,
            },
            &plain_target,
        )
        .unwrap();
        let time = |sample: &Sample| all.series[sample.series as usize].time[sample.last as usize];
        let meeting = |at: i64| {
            plain
                .samples
                .iter()
                .filter(|sample| time(sample) == at)
                .count()
        };
        assert!(!found.samples.is_empty());
        for sample in &found.samples {
            assert!(meeting(time(sample)) >= 5);
        }
        let lone = plain
            .samples
            .iter()
            .filter(|sample| meeting(time(sample)) < 5)
            .count();
        assert!(
            lone > 0,
            "the data must hold bars where too few symbols meet"
        );
    }
    let few = bars(uneven().series[..4].to_vec());
    let target = config(&[1], Entry::NextClose, Normalise::CsRank);
    let error = legal(&few, 0, &windows, &target).unwrap_err();
    assert!(
        matches!(error, WindowError::TooFewSymbols { found: 4, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("4 symbols, at least 5"),
        "{error}"
    );
}

#[test]
fn settings_out_of_bounds_are_refused_by_name() {
    let bars = uneven();
    let windows = WindowConfig::default();
    let target = TargetConfig::default();
    let cases: [(WindowConfig, TargetConfig, &str); 7] = [
        (
            WindowConfig {
                length: 0,
                stride: 1,
            },
            target.clone(),
            "`windows.length` is 0",
        ),
        (
            WindowConfig {
                length: 5,
                stride: 0,
            },
            target.clone(),
            "`windows.stride` is 0",
        ),
        (
            windows.clone(),
            TargetConfig {
                horizons: vec![],
                ..target.clone()
            },
            "`target.horizons` is []",
        ),
        (
            windows.clone(),
            TargetConfig {
                horizons: vec![0, 1],
                ..target.clone()
            },
            "`target.horizons` is [0, 1]",
        ),
        (
            windows.clone(),
            TargetConfig {
                horizons: vec![3, 3],
                ..target.clone()
            },
            "`target.horizons` is [3, 3]",
        ),
        (
            windows.clone(),
            TargetConfig {
                volatility_span: 0,
                ..target.clone()
            },
            "`target.volatility_span` is 0",
        ),
        (
            windows,
            TargetConfig {
                clip: f32::NAN,
                ..target
            },
            "`target.clip` is NaN",
        ),
    ];
    for (windows, target, expected) in cases {
        let error = legal(&bars, 0, &windows, &target).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hint().is_some());
    }
    let huge = TargetConfig {
        horizons: vec![usize::MAX / 2],
        ..TargetConfig::default()
    };
    assert!(
        legal(&bars, 0, &WindowConfig::default(), &huge)
            .unwrap()
            .samples
            .is_empty()
    );
}

#[test]
fn settings_have_their_documented_names() {
    let target: TargetConfig = toml::from_str(
        "horizons = [5]\nentry = \"next_open\"\nnormalise = \"cs_rank\"\nvolatility_span = 9\nclip = 3.0",
    )
    .unwrap();
    assert_eq!(
        (target.entry, target.normalise),
        (Entry::NextOpen, Normalise::CsRank)
    );
    assert_eq!(
        toml::from_str::<TargetConfig>("").unwrap(),
        TargetConfig::default()
    );
    assert!(toml::from_str::<TargetConfig>("horizon = [5]").is_err());
    assert!(toml::from_str::<WindowConfig>("length = 20\nstride = 2").is_ok());
}
