//! `scan`: the table against the float64 oracle, settings, filters, watching, pictures.

#![allow(clippy::float_cmp, reason = "what must be exact is compared exactly")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use emberline::ops::atc::{Family, reference};
use emberline::trend::{TrendConfig, TrendPreset};

use super::{Program, bars, folder_of_bars};

const BARS: usize = 400;

/// Columns of a CSV by name; an empty cell is NaN.
struct Csv {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Csv {
    fn of(text: &str) -> Self {
        let mut lines = text
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect());
        let head = lines.next().expect("a header");
        Self {
            head,
            rows: lines.collect(),
        }
    }

    fn text(&self, row: usize, column: &str) -> &str {
        let place = self.head.iter().position(|name| name == column);
        &self.rows[row][place.unwrap_or_else(|| panic!("no column {column}"))]
    }

    fn number(&self, row: usize, column: &str) -> f64 {
        match self.text(row, column) {
            "" => f64::NAN,
            text => text.parse().expect("a number"),
        }
    }
}

/// The closes of a symbol's file as the program holds them.
fn closes(program: &Program, symbol: &str) -> Vec<f64> {
    let text =
        std::fs::read_to_string(program.path(&format!("bars/{symbol}.csv"))).expect("a file");
    let close = |line: &str| line.split(',').nth(4).expect("a close").parse::<f64>();
    text.lines()
        .skip(1)
        .map(|line| f64::from(close(line).expect("a number") as f32))
        .collect()
}

fn scan(program: &Program, more: &[&str]) -> Csv {
    let mut arguments = vec!["scan", "--data", "bars"];
    arguments.extend(more);
    Csv::of(&program.succeed(&arguments).stdout)
}

#[test]
fn the_table_is_the_oracles() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    for (preset, name) in [
        (TrendPreset::Reference, "reference"),
        (TrendPreset::Pine, "pine"),
    ] {
        let recipe = TrendConfig::new(preset).recipe("AAA", 300).unwrap();
        let history = ["--bars", "300", "--history", "--preset", name];
        for (precision, near) in [("f64", 1e-12), ("f32", 1e-6)] {
            let mut arguments = history.to_vec();
            arguments.extend(["--precision", precision]);
            let table = scan(&program, &arguments);
            assert_eq!(
                table.head.join(","),
                "timestamp,symbol,average,class,EMA_S,HMA_S,WMA_S,DEMA_S,LSMA_S,KAMA_S,\
                 EMA_W,HMA_W,WMA_W,DEMA_W,LSMA_W,KAMA_W"
            );
            assert_eq!(table.rows.len(), 3 * 300);
            for (place, symbol) in ["AAA", "BBB", "CCC"].into_iter().enumerate() {
                let closes = closes(&program, symbol);
                let oracle = reference::classify(&closes[BARS - 300..], &recipe);
                for t in 0..300 {
                    let row = place * 300 + t;
                    assert_eq!(table.text(row, "symbol"), symbol);
                    let close = |column: &str, expected: f64| {
                        let actual = table.number(row, column);
                        assert!(
                            (actual - expected).abs() <= near * expected.abs().max(1.0),
                            "{symbol} {t} {column}: {actual}, not {expected}"
                        );
                    };
                    close("average", oracle.average[t]);
                    close("class", f64::from(oracle.class[t]));
                    for (k, family) in Family::ALL.iter().enumerate() {
                        close(&format!("{}_S", family.name()), oracle.signals[k][t]);
                        close(&format!("{}_W", family.name()), oracle.weights[k][t]);
                    }
                }
            }
        }
        let mut last = history.to_vec();
        last.retain(|word| *word != "--history");
        let (last, all) = (scan(&program, &last), scan(&program, &history));
        for (place, row) in last.rows.iter().enumerate() {
            assert_eq!(row, &all.rows[place * 300 + 299]);
        }
    }
}

#[test]
fn the_whole_of_short_histories_and_a_cutout_of_nulls() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    assert_eq!(scan(&program, &["--history"]).rows.len(), 3 * BARS);
    assert_eq!(
        scan(&program, &["--history", "--bars", "0"]).rows.len(),
        3 * BARS
    );
    let table = scan(
        &program,
        &["--history", "--cutout", "50", "--symbols", "BBB"],
    );
    for t in 0..BARS {
        let started = t >= 50;
        assert_eq!(!table.text(t, "EMA_S").is_empty(), started, "bar {t}");
        assert_eq!(!table.text(t, "KAMA_W").is_empty(), started, "bar {t}");
        assert!(!table.text(t, "average").is_empty());
    }
}

#[test]
fn every_setting_moves_the_result() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let plain = scan(&program, &["--precision", "f64", "--history"]).rows;
    for more in [
        &["--length", "20"][..],
        &["--lengths", "EMA=20,KAMA=14"],
        &["--weights", "HMA=3.5"],
        &["--lambda", "5"],
        &["--lambda", "-5"],
        &["--decay", "0.3"],
        &["--cutout", "60"],
        &["--robustness", "wide"],
        &["--long", "0.4"],
        &["--short", "-0.4"],
        &["--source", "hlc3"],
        &["--source", "open"],
        &["--cut", "0.49"],
        &["--dema", "mean"],
        &["--hma", "mean"],
        &["--kama", "zero"],
    ] {
        let mut arguments = vec!["--precision", "f64", "--history"];
        arguments.extend(more);
        assert_ne!(scan(&program, &arguments).rows, plain, "{more:?}");
    }
    // The preset is its switches.
    let switches = "--cut 0.49 --dema mean --hma mean --kama zero --idle repeat";
    let mut arguments = vec!["--history"];
    arguments.extend(switches.split(' '));
    let pine = scan(&program, &["--history", "--preset", "pine"]).rows;
    assert_eq!(scan(&program, &arguments).rows, pine);
}

#[test]
fn settings_out_of_bounds_are_refused_by_name() {
    let program = Program::new();
    folder_of_bars(&program, 40);
    for (more, parts) in [
        (
            &["--length", "6"][..],
            ["AAA", "length of EMA is 6", "7 to 100000"],
        ),
        (
            &["--length", "-3"],
            ["AAA", "length of EMA is -3", "7 to 100000"],
        ),
        (
            &["--lengths", "KAMA=0"],
            ["AAA", "length of KAMA is 0", "7 to"],
        ),
        (&["--cutout", "40"], ["AAA", "cutout is 40", "0 to 39"]),
        (&["--cutout", "-1"], ["AAA", "cutout is -1", "0 to 39"]),
        (&["--decay", "101"], ["AAA", "decay is 101", "0 to 100"]),
        (&["--decay", "-0.5"], ["AAA", "decay is -0.5", "0 to 100"]),
        (&["--decay", "nan"], ["AAA", "decay is NaN", "0 to 100"]),
        (
            &["--weights", "LSMA=0"],
            ["AAA", "weight of LSMA is 0", "above 0"],
        ),
        (
            &["--weights", "LSMA=-2"],
            ["AAA", "weight of LSMA is -2", "above 0"],
        ),
        (&["--long", "1.5"], ["AAA", "long is 1.5", "-1 to 1"]),
        (
            &["--short", "0.2"],
            ["AAA", "short is 0.2", "-1 to the long"],
        ),
    ] {
        let mut arguments = vec!["scan", "--data", "bars"];
        arguments.extend(more);
        program.refuse(&arguments, 2, &parts);
    }
    // The symbol that is too short is the one that is named.
    program.write("bars/BBB.csv", &bars(35, 7));
    program.refuse(
        &["scan", "--data", "bars", "--cutout", "37"],
        2,
        &["BBB", "0 to 34"],
    );
    program.refuse(&["scan"], 2, &["no bars"]);
    for (more, part) in [
        (
            &["--lengths", "SMA=3"][..],
            "EMA, HMA, WMA, DEMA, LSMA, KAMA",
        ),
        (&["--sweep", "speed=1"], "length, lambda, decay, threshold"),
        (&["--sweep", "length=1.5"], "1.5"),
        (&["--watch", "--history"], "--history"),
        (&["--precision", "f16"], "f32"),
    ] {
        let mut arguments = vec!["scan", "--data", "bars"];
        arguments.extend(more);
        let answer = program.run(&arguments);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.stderr.contains(part), "{answer:?}");
    }
}

#[test]
fn rows_are_sorted_and_filtered_for_scripts() {
    let program = Program::new();
    for seed in 1..=12 {
        program.write(&format!("bars/S{seed:02}.csv"), &bars(BARS, seed));
    }
    let all = scan(&program, &[]);
    let column = |table: &Csv| -> Vec<f64> {
        (0..table.rows.len())
            .map(|row| table.number(row, "average"))
            .collect()
    };
    assert_eq!(all.rows.len(), 12);
    let by_average = column(&scan(&program, &["--sort", "average"]));
    assert!(by_average.is_sorted_by(|a, b| a >= b), "{by_average:?}");
    let by_strength = column(&scan(&program, &["--sort", "strength"]));
    assert!(by_strength.is_sorted_by(|a, b| a.abs() >= b.abs()));
    let count = |class: f64| {
        let of = |row: &usize| all.number(*row, "class") == class;
        (0..12).filter(of).count()
    };
    assert_eq!(scan(&program, &["--class", "long"]).rows.len(), count(1.0));
    let both = scan(&program, &["--class", "short,flat"]).rows.len();
    assert_eq!(both, count(-1.0) + count(0.0));
    assert!(count(1.0) * both > 0, "a walk of each kind");
    let strong = column(&all).iter().filter(|a| a.abs() >= 0.5).count();
    assert_eq!(
        scan(&program, &["--min-strength", "0.5"]).rows.len(),
        strong
    );
    let none = ["scan", "--data", "bars", "--min-strength", "1.1"];
    assert_eq!(program.succeed(&none).stdout.lines().count(), 1);
    let mut checked = none.to_vec();
    checked.push("--exit-code");
    assert_eq!(program.run(&checked).code, Some(3));
    program.succeed(&["scan", "--data", "bars", "--exit-code"]);
    let json = program
        .succeed(&["scan", "--data", "bars", "--json"])
        .stdout;
    let rows: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 12);
    assert_eq!(rows[0]["symbol"], "S01");
    assert_eq!(
        rows[0]["average"].as_f64().unwrap() as f32,
        all.number(0, "average") as f32
    );
}

#[test]
fn a_sweep_is_a_scan_of_each_setting() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let grid = [
        "--sweep",
        "length=20,28",
        "--sweep",
        "lambda=0.02,2",
        "--sweep",
        "threshold=0.1,0.3",
    ];
    let swept = scan(&program, &grid);
    assert_eq!(swept.rows.len(), 8 * 3);
    for at in 0..8 {
        let text = |column: &str| swept.text(at * 3, column).to_owned();
        let (length, lambda, long) = (text("length"), text("lambda"), text("threshold"));
        let length: f64 = length.parse().unwrap();
        let (length, short) = (length.to_string(), format!("-{long}"));
        let more = [
            "--length", &length, "--lambda", &lambda, "--long", &long, "--short", &short,
        ];
        let alone = scan(&program, &more);
        for row in 0..3 {
            // Behind timestamp, symbol and the four settings.
            assert_eq!(
                swept.rows[at * 3 + row][6..],
                alone.rows[row][2..],
                "{more:?}"
            );
        }
    }
}

#[test]
fn verify_says_what_differs_and_pictures_are_drawn() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let answer = program.succeed(&[
        "scan",
        "--data",
        "bars",
        "--history",
        "--verify",
        "--picture",
        "pictures",
        "--out",
        "scan.parquet",
    ]);
    let expected = format!("verify: 0 of {} signals (0.0000 %)", 6 * 3 * BARS);
    assert!(answer.stderr.contains(&expected), "{}", answer.stderr);
    assert!(answer.stdout.is_empty());
    assert!(program.path("scan.parquet").exists());
    for symbol in ["AAA", "BBB", "CCC"] {
        let text =
            std::fs::read_to_string(program.path(&format!("pictures/{symbol}.svg"))).unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        assert!(text.contains(symbol) && text.contains("polyline") && text.contains("polygon"));
    }
}

#[test]
fn threads_and_other_symbols_change_nothing() {
    let program = Program::new();
    for seed in 1..=11 {
        program.write(
            &format!("bars/S{seed:02}.csv"),
            &bars(BARS - 13 * seed as usize, seed),
        );
    }
    let mut outputs = Vec::new();
    for threads in ["1", "2", "5"] {
        let output = Command::new(env!("CARGO_BIN_EXE_emberline"))
            .current_dir(program.path(""))
            .args([
                "--threads",
                threads,
                "scan",
                "--data",
                "bars",
                "--history",
                "--precision",
                "f64",
            ])
            .output()
            .expect("it starts");
        outputs.push(String::from_utf8(output.stdout).expect("text"));
    }
    assert!(outputs[0].lines().count() > 11 * 200);
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    let more = ["--history", "--precision", "f64", "--symbols", "S07"];
    let alone = scan(&program, &more).rows;
    let together: Vec<Vec<String>> = Csv::of(&outputs[0])
        .rows
        .into_iter()
        .filter(|row| row[1] == "S07")
        .collect();
    assert_eq!(alone, together);
}

#[test]
fn watch_scans_again_when_a_file_changes() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let mut child = program
        .command(&["scan", "--data", "bars", "--watch", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let first: Vec<String> = (0..3).map(|_| stdout.next().unwrap().unwrap()).collect();
    let class = |line: &str, path: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row.pointer(path)
            .and_then(serde_json::Value::as_f64)
            .unwrap()
    };
    let before = class(&first[1], "/class");
    let watching = stderr
        .by_ref()
        .find(|line| line.as_ref().unwrap().contains("watching"));
    assert!(watching.is_some());
    // A crash or a rise of 20 bars turns every average against what BBB was.
    let mut text = bars(BARS, 2);
    let last: f64 = closes(&program, "BBB")[BARS - 1];
    let factor: f64 = if before > 0.0 { 0.97 } else { 1.03 };
    let mut close = last;
    for bar in BARS..BARS + 60 {
        close *= factor;
        let time = 1_704_067_200 + 300 * bar as i64;
        text.push_str(&format!("{time},{close},{close},{close},{close},1\n"));
    }
    program.write("bars/BBB.csv", &text);
    let line = stdout.next().unwrap().unwrap();
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(line.contains("\"BBB\""), "{line}");
    assert_eq!(class(&line, "/before/class"), before, "{line}");
    assert_ne!(class(&line, "/now/class"), before, "{line}");
}

#[test]
fn chunks_of_files_give_the_same_table() {
    let program = Program::new();
    for seed in 1..=7 {
        program.write(&format!("bars/S{seed:02}.csv"), &bars(BARS, seed));
    }
    let whole = program
        .succeed(&["scan", "--data", "bars", "--history"])
        .stdout;
    for files in ["1", "3", "100"] {
        let arguments = ["scan", "--data", "bars", "--history", "--chunk", files];
        let answer = program.succeed(&arguments);
        assert_eq!(answer.stdout, whole, "chunks of {files}");
        assert!(answer.stderr.contains("7 symbols in"), "{}", answer.stderr);
    }
    let refused = ["scan", "--data", "bars", "--chunk", "2", "--cutout", "400"];
    program.refuse(&refused, 2, &["S01", "cutout is 400", "0 to 399"]);
    program.write("bars/S05.csv", "timestamp,open\n1,2\n");
    program.refuse(&["scan", "--data", "bars", "--chunk", "2"], 2, &["S05.csv"]);
}

#[test]
fn features_of_the_last_bar_are_a_scan_of_the_window() {
    let program = Program::new();
    folder_of_bars(&program, BARS);
    let columns = "ATC_AVERAGE,ATC_CLASS,ATC_EMA_S,ATC_KAMA_S";
    let features = ["features", "--data", "bars", "--features", columns];
    let features = Csv::of(&program.succeed(&features).stdout);
    let scanned = scan(&program, &["--bars", "250"]);
    for row in 0..3 {
        let last = (row + 1) * BARS - 1;
        for (own, name) in [
            ("ATC_AVERAGE", "average"),
            ("ATC_CLASS", "class"),
            ("ATC_EMA_S", "EMA_S"),
            ("ATC_KAMA_S", "KAMA_S"),
        ] {
            assert_eq!(
                features.number(last, own),
                scanned.number(row, name),
                "{name}"
            );
        }
    }
}

#[test]
fn the_bench_measures_sizes_and_what_they_cost() {
    let program = Program::new();
    let bench = ["bench", "scan", "--json", "--repeats", "1"];
    let mut panels = bench.to_vec();
    panels.extend(["--panel", "3x200", "--panel", "9x120"]);
    let answer = program.succeed(&panels);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let rows = document["rows"].as_array().expect("rows");
    // float32 and float64, the last bar and all.
    assert_eq!(rows.len(), 8);
    for (place, row) in rows.iter().enumerate() {
        let (symbols, num_bars) = if place < 4 {
            (3.0, 200.0)
        } else {
            (9.0, 120.0)
        };
        let number = |key: &str| row[key].as_f64().expect("a number");
        assert_eq!([number("symbols"), number("bars")], [symbols, num_bars]);
        let cost = 1e9 * number("seconds") / (symbols * num_bars);
        assert!((number("ns_per_bar") / cost - 1.0).abs() < 1e-9, "{row}");
        let size = if row["precision"] == "f64" { 8.0 } else { 4.0 };
        let rows_out = if row["bars_out"] == "all" {
            symbols * num_bars
        } else {
            symbols
        };
        let bytes = rows_out * (13.0 * size + 1.0);
        assert!((1e6 * number("output_mb") - bytes).abs() < 1e-3, "{row}");
    }
    for wrong in ["0x10", "10", "axb"] {
        let answer = program.run(&["bench", "scan", "--panel", wrong]);
        assert_eq!(answer.code, Some(2), "{answer:?}");
    }
}
