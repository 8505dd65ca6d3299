//! Bad input: what is refused, with which exit code, and what the message names.

use super::{Program, bars, small, with_field};

/// One file of bars that `train` must refuse.
struct Case {
    name: &'static str,
    text: String,
    parts: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let good = bars(400, 1);
    let lines: Vec<&str> = good.lines().collect();
    let case = |name, text, parts| Case { name, text, parts };
    let swapped = {
        let mut lines = lines.clone();
        lines.swap(10, 11);
        lines.join("\n")
    };
    let doubled = {
        let mut lines = lines.clone();
        lines.insert(11, lines[10]);
        lines.join("\n")
    };
    // Ten bars of five minutes, then ten of seven, again and again.
    let mixed = {
        let mut time = 1_704_067_200;
        let mut text = String::from(lines[0]);
        for (index, line) in lines[1..].iter().enumerate() {
            let rest = &line[line.find(',').expect("a comma")..];
            text += &format!("\n{time}{rest}");
            time += if index / 10 % 2 == 0 { 300 } else { 420 };
        }
        text
    };
    vec![
        case("empty.csv", String::new(), &["empty.csv", "empty"]),
        case(
            "header.csv",
            format!("{}\n", lines[0]),
            &["header.csv", "no rows"],
        ),
        case(
            "column.csv",
            good.replacen("close", "price", 1),
            &["column.csv", "`close`"],
        ),
        case(
            "text.csv",
            with_field(&good, 7, 4, "abc"),
            &["text.csv", "row 7", "`text`", "abc"],
        ),
        case(
            "nan.csv",
            with_field(&good, 8, 1, "NaN"),
            &["nan.csv", "row 8", "`nan`", "NaN"],
        ),
        case(
            "negative.csv",
            with_field(&good, 9, 3, "-1.5"),
            &["negative.csv", "row 9", "`negative`", "-1.5"],
        ),
        case(
            "range.csv",
            with_field(&good, 10, 2, "1.25"),
            &["range.csv", "row 10", "`range`", "1.25"],
        ),
        case(
            "volume.csv",
            with_field(&good, 12, 5, "-3"),
            &["volume.csv", "row 12", "`volume`", "-3"],
        ),
        case(
            "duplicate.csv",
            doubled,
            &["duplicate.csv", "row 12", "`duplicate`", "same"],
        ),
        case(
            "falling.csv",
            swapped,
            &["falling.csv", "row 12", "`falling`", "before"],
        ),
        case("one.csv", lines[..2].join("\n"), &["one.csv", "1 bar"]),
        case("mixed.csv", mixed, &["mixed.csv", "`mixed`", "interval"]),
        case("short.csv", lines[..31].join("\n"), &["short", "30 bars"]),
    ]
}

#[test]
fn bad_bars_are_refused_by_name_row_symbol_and_value() {
    let program = Program::new();
    for case in cases() {
        program.write(case.name, &case.text);
        program.refuse(
            &small(&["train", "--data", case.name, "--run-dir", "run"]),
            2,
            case.parts,
        );
        assert!(
            !program.path("run").exists(),
            "{}: a refused run left a folder",
            case.name
        );
    }
}

#[test]
fn a_missing_file_and_an_empty_folder_are_refused() {
    let program = Program::new();
    program.refuse(&["train", "--data", "nowhere.csv"], 2, &["nowhere.csv"]);
    std::fs::create_dir(program.path("empty")).expect("a folder");
    program.refuse(&["train", "--data", "empty"], 2, &["empty", "no table"]);
    program.write("bars.xlsx", "no bars");
    program.refuse(&["train", "--data", "bars.xlsx"], 2, &["bars.xlsx"]);
}

#[test]
fn one_bad_file_among_ten_is_named() {
    let program = Program::new();
    for index in 0..10 {
        let text = bars(200, index + 1);
        let text = if index == 6 {
            with_field(&text, 42, 1, "oops")
        } else {
            text
        };
        program.write(&format!("ten/S{index}.csv"), &text);
    }
    program.refuse(
        &small(&["train", "--data", "ten"]),
        2,
        &["S6.csv", "row 42", "`S6`", "oops"],
    );
}

#[test]
fn no_legal_window_counts_every_symbol() {
    let program = Program::new();
    program.write("few/AAA.csv", &bars(20, 1));
    program.write("few/BBB.csv", &bars(22, 2));
    program.refuse(
        &small(&["train", "--data", "few"]),
        2,
        &["no legal window", "AAA", "20 bars", "BBB", "22 bars"],
    );
    // Long enough, but every gap is a new stretch.
    let text = bars(300, 3);
    let gapped: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(line, _)| line % 20 != 19)
        .map(|(_, text)| text)
        .collect();
    program.write("gaps.csv", &gapped.join("\n"));
    program.refuse(
        &small(&["train", "--data", "gaps.csv", "--gaps", "break"]),
        2,
        &["no legal window", "gaps", "stretches"],
    );
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let program = Program::new();
    program.write("AAA.csv", &bars(400, 1));
    let train = |more: &[&str], parts: &[&str]| {
        let mut arguments = small(&["train", "--data", "AAA.csv", "--dry-run"]);
        arguments.extend(more);
        program.refuse(&arguments, 2, parts);
    };
    train(&["--symbols", "AAB"], &["AAB", "AAA"]);
    train(&["--set", "features.set=RSJ_14"], &["RSJ_14", "RSI"]);
    train(
        &["--set", "training.epoch=3"],
        &["training.epoch", "training.epochs"],
    );
    train(
        &["--set", "training.epochs"],
        &["training.epochs", "key=value"],
    );
    train(
        &["--set", "training.epochs=many"],
        &["training.epochs", "many", "whole number"],
    );
    train(
        &["--set", "model.dropout=1.5"],
        &["model.dropout", "1.5", "below 1"],
    );
    train(
        &["--set", "features.set=SMA_5000"],
        &["SMA_5000", "5000", "400"],
    );
    train(
        &["--set", "features.set=core111"],
        &["VWAP_CUM", "where the file starts"],
    );
    train(&["--config", "demmo"], &["demmo", "demo"]);
    train(&["--set", "target.normalise=cs_rank"], &["1 symbols", "5"]);
}

#[test]
fn an_unknown_device_is_refused() {
    let program = Program::new();
    program.write("AAA.csv", &bars(400, 1));
    let train = small(&["train", "--data", "AAA.csv", "--run-dir", "run"]);
    for (device, parts) in [
        ("tpu", ["`tpu`", "devices are"]),
        ("cuda:x", ["`cuda:x`", "hint"]),
    ] {
        for more in [&["--dry-run"][..], &[]] {
            let mut arguments = train.clone();
            arguments.extend(["--device", device]);
            arguments.extend(more);
            program.refuse(&arguments, 2, &parts);
        }
        assert!(!program.path("run").exists(), "a refused run left a folder");
    }
    // Compiled in or not: there is no such adapter here.
    let mut arguments = train.clone();
    arguments.extend(["--device", "cuda:97"]);
    program.refuse(&arguments, 2, &["`cuda:97`"]);
}
