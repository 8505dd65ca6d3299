use emberline::market::split::SplitConfig;
use emberline::windows::{
    Entry, Normalise, Plan, Sample, Split, TargetConfig, WindowConfig, WindowError, legal, plan,
};

use super::{bars, uneven, walk};

fn target() -> TargetConfig {
    TargetConfig {
        horizons: vec![1, 6],
        normalise: Normalise::None,
        ..TargetConfig::default()
    }
}

fn make(stride: usize) -> (emberline::market::Bars, Plan) {
    let bars = uneven();
    let windows = WindowConfig { length: 9, stride };
    let plan = plan(&bars, 4, &windows, &target(), &SplitConfig::default()).unwrap();
    (bars, plan)
}

#[test]
fn no_target_crosses_a_cut_and_windows_may_look_back_over_one() {
    for entry in [Entry::NextClose, Entry::NextOpen, Entry::Close] {
        let bars = uneven();
        let windows = WindowConfig {
            length: 9,
            stride: 1,
        };
        let target = TargetConfig { entry, ..target() };
        let plan = plan(&bars, 4, &windows, &target, &SplitConfig::default()).unwrap();
        let row_time = |sample: &Sample, row: usize| bars.series[sample.series as usize].time[row];
        let exit = |sample: &Sample| {
            row_time(
                sample,
                sample.last as usize + target.longest_exit_offset_bars(),
            )
        };
        let last = |sample: &Sample| row_time(sample, sample.last as usize);
        let first = |sample: &Sample| row_time(sample, sample.last as usize - 8);
        let (train_end, validation_end) = (plan.cuts.train_end_ns, plan.cuts.validation_end_ns);
        assert!(plan.train.iter().all(|sample| exit(sample) < train_end));
        assert!(
            plan.validation
                .iter()
                .all(|sample| last(sample) >= train_end && exit(sample) < validation_end)
        );
        assert!(
            plan.test
                .iter()
                .all(|sample| last(sample) >= validation_end)
        );
        assert!(
            plan.validation
                .iter()
                .any(|sample| first(sample) < train_end),
            "windows look back"
        );
        assert!(
            plan.test
                .iter()
                .any(|sample| first(sample) < validation_end),
            "windows look back"
        );
        // only what the purge names is missing
        let all = legal(&bars, 4, &windows, &target).unwrap().samples;
        let kept: std::collections::HashSet<Sample> = plan
            .train
            .iter()
            .chain(&plan.validation)
            .chain(&plan.test)
            .copied()
            .collect();
        for sample in all.iter().filter(|sample| !kept.contains(sample)) {
            let crosses = |cut: i64| last(sample) < cut && exit(sample) >= cut;
            assert!(crosses(train_end) || crosses(validation_end), "{sample:?}");
        }
        assert_eq!(
            kept.len(),
            plan.train.len() + plan.validation.len() + plan.test.len()
        );
    }
}

#[test]
fn shares_are_of_legal_windows_by_their_last_bar() {
    let (bars, plan) = make(1);
    let all = legal(
        &bars,
        4,
        &WindowConfig {
            length: 9,
            stride: 1,
        },
        &target(),
    )
    .unwrap()
    .samples;
    let last = |sample: &&Sample| bars.series[sample.series as usize].time[sample.last as usize];
    let share = |from: i64, to: i64| {
        all.iter()
            .filter(|sample| (from..to).contains(&last(sample)))
            .count() as f64
            / all.len() as f64
    };
    let (a, b) = (plan.cuts.train_end_ns, plan.cuts.validation_end_ns);
    // one instant for all symbols: a cut is at most one bar of every symbol off
    let tolerance = 7.0 / all.len() as f64;
    for (found, wanted) in [
        (share(i64::MIN, a), 0.70),
        (share(a, b), 0.15),
        (share(b, i64::MAX), 0.15),
    ] {
        assert!(
            (found - wanted).abs() <= 2.0 * tolerance,
            "{found} where {wanted} was asked for"
        );
    }
}

#[test]
fn the_stride_thins_train_and_nothing_else() {
    let (_, all) = make(1);
    let (_, thinned) = make(5);
    assert_eq!(all.cuts, thinned.cuts);
    assert_eq!(all.validation, thinned.validation);
    assert_eq!(all.test, thinned.test);
    for pair in thinned.train.windows(2) {
        assert!(
            pair[0].series != pair[1].series || pair[1].last >= pair[0].last + 5,
            "{pair:?}"
        );
    }
    let of = |plan: &Plan, series: u32| {
        plan.train
            .iter()
            .filter(|sample| sample.series == series)
            .count()
    };
    assert_eq!(of(&thinned, 0), of(&all, 0).div_ceil(5));
    let row = &thinned.table[0];
    assert_eq!(
        (row.windows, row.thinned),
        (of(&thinned, 0), of(&all, 0) - of(&thinned, 0))
    );
}

#[test]
fn the_table_adds_up_and_lists_the_absent() {
    let mut all = uneven().series;
    all.push(walk("HH", 60, 271)); // only after training ends
    let bars = bars(all);
    let windows = WindowConfig {
        length: 9,
        stride: 2,
    };
    let plan = plan(&bars, 4, &windows, &target(), &SplitConfig::default()).unwrap();
    assert_eq!(plan.table.len(), 3 * 8);
    for split in Split::ALL {
        let samples = plan.samples(split);
        let total = plan.total(split);
        assert_eq!(total.windows, samples.len());
        for row in plan.table.iter().filter(|row| row.split == split) {
            let index = bars
                .series
                .iter()
                .position(|series| series.symbol == row.symbol)
                .unwrap();
            let own: Vec<i64> = samples
                .iter()
                .filter(|sample| sample.series as usize == index)
                .map(|sample| bars.series[index].time[sample.last as usize])
                .collect();
            assert_eq!(
                (row.windows, row.first, row.last),
                (own.len(), own.first().copied(), own.last().copied())
            );
        }
    }
    let counted: usize = plan.legal.iter().map(|count| count.windows).sum();
    let placed: usize = plan
        .table
        .iter()
        .map(|row| row.windows + row.purged + row.thinned)
        .sum();
    assert_eq!(counted, placed);
    assert_eq!(plan.absent(Split::Train), ["HH"]);
    let text = plan.text(100);
    assert!(text.contains("no window in train: HH"), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.contains(" train ")).count(),
        9,
        "{text}"
    );
    assert!(plan.text(2).contains("(6 more symbols are in the totals)"));
}

#[test]
fn the_cut_does_not_depend_on_the_order_of_symbols() {
    let (bars_a, plan_a) = make(1);
    let mut turned = bars_a.clone();
    turned.series.reverse();
    let plan_b = plan(
        &turned,
        4,
        &WindowConfig {
            length: 9,
            stride: 1,
        },
        &target(),
        &SplitConfig::default(),
    )
    .unwrap();
    assert_eq!(plan_a.cuts, plan_b.cuts);
    assert_eq!(plan_a.train.len(), plan_b.train.len());
}

#[test]
fn nothing_to_train_on_is_refused_with_reasons() {
    let short = bars(vec![walk("AA", 20, 0), walk("BB", 12, 0)]);
    let splits = SplitConfig::default();
    let error = plan(
        &short,
        4,
        &WindowConfig {
            length: 30,
            stride: 1,
        },
        &target(),
        &splits,
    )
    .unwrap_err();
    assert!(
        matches!(&error, WindowError::NoWindows { counts } if counts.len() == 2),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("BB has 0, 12 bars where 41 are needed"),
        "{error}"
    );

    // a horizon as long as the validation split purges all of it
    let long = TargetConfig {
        horizons: vec![60],
        ..target()
    };
    let error = plan(
        &uneven(),
        4,
        &WindowConfig {
            length: 9,
            stride: 1,
        },
        &long,
        &splits,
    )
    .unwrap_err();
    assert!(
        matches!(&error, WindowError::EmptySplit { split: Split::Validation, purged, in_split, .. } if purged == in_split),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("target.horizons"));
}

#[test]
fn an_untradable_target_says_so() {
    let config = TargetConfig {
        entry: Entry::Close,
        ..target()
    };
    let windows = WindowConfig {
        length: 9,
        stride: 1,
    };
    let made = plan(&uneven(), 4, &windows, &config, &SplitConfig::default()).unwrap();
    assert!(made.caveat.as_deref().unwrap().starts_with("not tradable"));
    assert!(made.text(1).contains("not tradable"));
    assert!(make(1).1.caveat.is_none());
}
