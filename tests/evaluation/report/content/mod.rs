//! What a report of an evaluation says, from numbers made up here.

pub(super) mod made;

use emberline::evaluation::report::content::{ReportInputs, report};
use emberline::evaluation::report::{Part, Picture, Report, Tone};
use emberline::evaluation::{ForecasterEvaluation, ScoreIntervals};
use emberline::metrics::Scores;
use emberline::windows::{Entry, Normalise};

use self::made::{SYMBOLS, evaluation, inputs};
use super::markup::elements;
use super::page;

fn ids(report: &Report) -> Vec<&str> {
    report
        .sections
        .iter()
        .map(|section| section.id.as_str())
        .collect()
}

#[test]
fn everything_that_was_measured_is_shown() {
    let evaluation = evaluation(0.0203);
    let report = report(&inputs(&evaluation));
    let expected = [
        "data",
        "splits",
        "learning",
        "skill",
        "calibration",
        "ic",
        "trading",
        "symbols",
        "importance",
        "luck",
        "resources",
        "reproduce",
        "limits",
    ];
    assert_eq!(ids(&report), expected);
    let page = report.html();
    page::check_fragments(&page);
    page::check_reading(&page);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for symbol in SYMBOLS {
        assert!(page.contains(symbol));
    }
}

#[test]
fn what_was_not_measured_is_left_out() {
    let mut bare = evaluation(0.01);
    bare.trials = None;
    for horizon in &mut bare.horizons {
        horizon.differences.clear();
        for one in &mut horizon.forecasters {
            *one = ForecasterEvaluation {
                scores: Scores {
                    r2: None,
                    hit_rate: None,
                    ic_ts: None,
                    ic_cs: None,
                    rank_ic_cs: None,
                    break_even_bps: None,
                    ..one.scores
                },
                runs: vec![one.scores],
                intervals: ScoreIntervals::default(),
                symbols: Vec::new(),
                ic_over_time: Vec::new(),
                calibration: None,
                quantiles: Vec::new(),
                directions: None,
                backtests: Vec::new(),
                ..one.clone()
            };
        }
    }
    let found = report(&ReportInputs::new("Bare", &bare));
    assert_eq!(ids(&found), ["skill", "limits"]);
    let page = found.html();
    page::check_fragments(&page);
    assert!(page.contains("no ledger was kept") && page.contains("there is one run"));
    assert!(
        found.verdict.contains("have no `ic_ts`"),
        "{}",
        found.verdict
    );

    // Not even a model, nor a horizon.
    bare.horizons[0].forecasters.clear();
    bare.horizons.truncate(1);
    page::check_fragments(&report(&ReportInputs::new("Bare", &bare)).html());
    bare.horizons.clear();
    page::check_fragments(&report(&ReportInputs::new("Bare", &bare)).html());
}

#[test]
fn the_verdict_says_what_the_intervals_say() {
    let says = |ic: f64| {
        let evaluation = evaluation(ic);
        let report = report(&ReportInputs::new("", &evaluation));
        (report.verdict, report.tiles[0].tone)
    };
    let (text, tone) = says(0.0203);
    assert!(
        text.contains(
            "is 0.0203, which cannot be told from 0 (95\u{202f}% interval −0.0009 to 0.0415)"
        ),
        "{text}"
    );
    assert!(
        text.contains("it beats `trees`, the others not beyond chance"),
        "{text}"
    );
    assert_eq!(tone, Tone::Unclear);
    let (text, tone) = says(0.06);
    assert!(text.contains("is 0.0600, above 0 ("), "{text}");
    assert!(
        text.contains("it beats `minus last return`, `ridge` and `trees`."),
        "{text}"
    );
    assert_eq!(tone, Tone::Good);
    let (text, tone) = says(-0.05);
    assert!(text.contains("is −0.0500, below 0 ("), "{text}");
    assert!(
        text.contains("it beats no baseline beyond chance"),
        "{text}"
    );
    assert_eq!(tone, Tone::Bad);
    assert!(
        text.contains(
            "After 10\u{202f}bp a side its long_short strategy loses 85.0\u{202f}% a year"
        ),
        "{text}"
    );
}

#[test]
fn later_looks_at_the_test_span_warn() {
    let evaluation = evaluation(0.0203);
    let mut all = inputs(&evaluation);
    let warns = |inputs: &ReportInputs<'_>| {
        let page = report(inputs).html();
        page.contains("class=\"note warning\"")
    };
    assert!(warns(&all));
    all.test_uses.as_mut().unwrap().pop();
    assert!(!warns(&all));
}

#[test]
fn a_target_that_cannot_be_traded_is_said_wherever_it_matters() {
    let mut close = evaluation(0.0203);
    close.entry = Entry::Close;
    close.caveat =
        Some("not tradable: enters at the close that the forecast is made from".to_owned());
    let page = report(&inputs(&close)).html();
    assert_eq!(page.matches("not tradable: enters").count(), 2);
    assert!(page.contains("nobody can trade that"));
}

#[test]
fn labels_across_symbols_are_judged_across_symbols() {
    let mut across = evaluation(0.0203);
    across.normalise = Normalise::CsRank;
    let report = report(&inputs(&across));
    assert!(
        report.verdict.contains("the `ic_cs` of `lstm` is 0.0162"),
        "{}",
        report.verdict
    );
    assert_eq!(report.tiles[0].name, "ic_cs, 12 bars");
}

/// The lines of the picture with this title.
fn lines<'a>(report: &'a Report, title: &str) -> &'a emberline::evaluation::report::picture::Lines {
    let parts = report.sections.iter().flat_map(|section| &section.parts);
    let mut found = parts.filter_map(|part| match part {
        Part::Picture(Picture::Lines(lines)) if lines.title == title => Some(lines),
        _ => None,
    });
    found
        .next()
        .unwrap_or_else(|| panic!("no picture `{title}`"))
}

#[test]
fn equity_is_drawn_at_every_cost_level_beside_the_baselines() {
    let evaluation = evaluation(0.0203);
    let report = report(&inputs(&evaluation));
    for title in ["Equity", "Drawdown"] {
        let picture = lines(&report, &format!("{title}, 12 bars ahead (1\u{202f}h)"));
        let names: Vec<&str> = picture.series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "lstm, 10\u{202f}bp a side",
                "lstm, before costs",
                "lstm, 5\u{202f}bp a side",
                "lstm, 20\u{202f}bp a side",
                "minus last return, 10\u{202f}bp a side",
                "ridge, 10\u{202f}bp a side",
                "trees, 10\u{202f}bp a side",
            ]
        );
        let mut styles: Vec<usize> = picture.series.iter().filter_map(|one| one.style).collect();
        styles.sort_unstable();
        styles.dedup();
        assert_eq!(styles.len(), 7, "two lines look alike");
    }
    let curves = evaluation.horizons[0].forecasters[0].backtests[0]
        .curves
        .as_ref()
        .unwrap();
    let equity = lines(&report, "Equity, 12 bars ahead (1\u{202f}h)");
    assert_eq!(
        equity.series[0].points[5],
        (curves.time[5] as f64, curves.equity[2][5])
    );
    let below = lines(&report, "Drawdown, 12 bars ahead (1\u{202f}h)");
    assert_eq!(
        below.series[1].points[5].1.to_bits(),
        (-curves.drawdown[0][5]).to_bits()
    );
}

#[test]
fn the_text_of_a_whole_report() {
    let evaluation = evaluation(0.0203);
    let report = report(&inputs(&evaluation));
    let found = elements(&report.html());
    let wanted = [
        "h1",
        "h2",
        "h3",
        "p",
        "dt",
        "dd",
        "caption",
        "tr",
        "li",
        "figcaption",
        "desc",
    ];
    let text: Vec<String> = found
        .iter()
        .filter(|element| wanted.contains(&element.name.as_str()))
        .map(|element| {
            let words: Vec<&str> = element.text.split_whitespace().collect();
            format!("{}: {}", element.name, words.join(" "))
        })
        .collect();
    insta::assert_snapshot!("whole_report", text.join("\n"));
}

#[test]
fn many_symbols_are_ordered_by_what_matters() {
    let mut evaluation = evaluation(0.0203);
    let mut symbol = evaluation.horizons[0].forecasters[0].symbols[0].clone();
    let symbols = (0..500_u32).map(|at| {
        symbol.symbol = format!("SYMBOL{at}");
        symbol.ic_ts = (at != 7).then(|| f64::from(at % 100) / 1_000.0);
        symbol.clone()
    });
    evaluation.horizons[0].forecasters[0].symbols = symbols.collect();
    let mut all = inputs(&evaluation);
    let mut one = all.symbols[0].clone();
    all.symbols = (0..500_u64)
        .map(|at| {
            one.symbol = format!("SYMBOL{at}");
            one.gaps = Some(at % 300);
            one.clone()
        })
        .collect();
    let report = report(&all);
    let parts = report.sections.iter().flat_map(|section| &section.parts);
    let firsts: Vec<String> = parts
        .filter_map(|part| match part {
            Part::Table(table) if table.rows.len() >= 500 => Some(table.rows[0].cells[0].shown()),
            _ => None,
        })
        .collect();
    assert_eq!(firsts, ["SYMBOL299", "SYMBOL99"]);
    let page = report.html();
    assert!(page.contains("IC by symbol, 12 bars ahead") && page.contains("mean 0.0496"));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn few_days_are_not_told_as_years() {
    let mut short = evaluation(0.0203);
    short.last = short.first + 3 * super::DAY - 1;
    let found = report(&inputs(&short));
    assert!(
        found
            .verdict
            .contains("strategy earns 10.0\u{202f}% in 3 days;"),
        "{}",
        found.verdict
    );
    assert!(found.html().contains("These windows span 3 days."));
    let long = evaluation(0.0203);
    assert!(!report(&inputs(&long)).html().contains("These windows span"));
    // What loses before costs has no costs that it could bear.
    let worse = evaluation(-0.05);
    let verdict = report(&inputs(&worse)).verdict;
    assert!(verdict.contains("it loses without costs too."), "{verdict}");
}

#[test]
fn strategies_without_a_trade_are_named_and_not_listed() {
    let mut evaluation = evaluation(0.0203);
    for backtest in &mut evaluation.horizons[0].forecasters[1].backtests {
        for level in &mut backtest.levels {
            level.performance.turnover = 0.0;
        }
    }
    let page = report(&inputs(&evaluation)).html();
    assert!(page.contains("Without a trade: zero long_short, zero long_only, zero threshold."));
    assert_eq!(page.matches(">zero, long_only<").count(), 1);
}
