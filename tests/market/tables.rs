//! Long tables out.

use emberline::market::{Stream, TableRows, TableWriter, Values, write_table};

use super::{MINUTE, START};

fn rows(from: i64, count: usize) -> TableRows {
    TableRows {
        before_symbol: 0,
        timestamp: (0..count as i64)
            .map(|row| START + (from + row) * MINUTE)
            .collect(),
        symbols: vec!["A/B".to_owned(), "say \"C\"".to_owned()],
        symbol: (0..count).map(|row| (row % 2) as u32).collect(),
        columns: vec![
            (
                "RSI_14".to_owned(),
                Values::F32(
                    (0..count)
                        .map(|row| if row == 0 { f32::NAN } else { row as f32 / 3.0 })
                        .collect(),
                ),
            ),
            ("wide".to_owned(), Values::F64(vec![0.1; count])),
            ("bars".to_owned(), Values::I64(vec![7; count])),
            (
                "known_at".to_owned(),
                Values::Time(
                    (0..count)
                        .map(|row| {
                            if row == 1 {
                                i64::MIN
                            } else {
                                START + 500_000_000
                            }
                        })
                        .collect(),
                ),
            ),
            (
                "note".to_owned(),
                Values::Text(vec!["x,y".to_owned(); count]),
            ),
        ],
        ..TableRows::default()
    }
}

fn stream(kind: Stream, rows: &TableRows) -> String {
    let mut text = Vec::new();
    write_table(rows, None, (&mut text, kind)).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_pipe_gets_csv_with_nothing_for_null() {
    let text = stream(Stream::Csv, &rows(0, 3));
    assert_eq!(
        text,
        "timestamp,symbol,RSI_14,wide,bars,known_at,note\n\
         2018-01-10T04:55:00Z,A/B,,0.1,7,2018-01-10T04:55:00.500Z,\"x,y\"\n\
         2018-01-10T04:56:00Z,\"say \"\"C\"\"\",0.33333334,0.1,7,,\"x,y\"\n\
         2018-01-10T04:57:00Z,A/B,0.6666667,0.1,7,2018-01-10T04:55:00.500Z,\"x,y\"\n"
    );
}

#[test]
fn json_lines_are_one_document_each() {
    let text = stream(Stream::JsonLines, &rows(0, 2));
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["RSI_14"], serde_json::Value::Null);
    assert_eq!(lines[1]["symbol"], "say \"C\"");
    assert_eq!(lines[1]["known_at"], serde_json::Value::Null);
    assert_eq!(lines[1]["bars"], 7);
    assert_eq!(lines[0]["timestamp"], "2018-01-10T04:55:00Z");
}

#[test]
fn a_terminal_gets_the_ends() {
    let text = stream(Stream::Short, &rows(0, 100));
    assert_eq!(text.lines().count(), 1 + 5 + 1 + 5 + 1);
    assert!(
        text.contains("RSI_14") && text.ends_with("100 rows\n"),
        "{text}"
    );
    assert!(text.lines().nth(5).unwrap().contains("04:59"), "{text}");
    assert!(text.lines().nth(7).unwrap().contains("06:30"), "{text}");
}

#[test]
fn columns_may_stand_before_the_symbol() {
    let mut rows = rows(0, 2);
    rows.columns.rotate_left(3);
    rows.before_symbol = 1;
    for kind in [Stream::Csv, Stream::JsonLines, Stream::Short] {
        let text = stream(kind, &rows);
        let places =
            ["timestamp", "known_at", "symbol", "note"].map(|name| text.find(name).unwrap());
        assert!(places.is_sorted(), "{text}");
    }
}

#[test]
fn dates_are_written_as_dates() {
    let mut rows = rows(0, 1);
    rows.date_labels = true;
    assert!(stream(Stream::Csv, &rows).contains("\n2018-01-10,A/B"));
}

#[test]
fn files_in_pieces_appear_when_they_are_whole() {
    use polars::prelude::{CsvReader, IpcReader, ParquetReader, SerReader as _};
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.parquet", "t.feather", "t.csv"] {
        let path = folder.path().join(name);
        let mut nowhere = std::io::sink();
        let mut writer = TableWriter::new(Some(&path), (&mut nowhere, Stream::Csv)).unwrap();
        writer.append(&rows(0, 5)).unwrap();
        assert!(!path.exists(), "{name} is not whole yet");
        writer.append(&rows(5, 7)).unwrap();
        writer.finish().unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let frame = match name {
            "t.parquet" => ParquetReader::new(file).finish(),
            "t.feather" => IpcReader::new(file).finish(),
            _ => CsvReader::new(file).finish(),
        }
        .unwrap();
        assert_eq!((frame.height(), frame.width()), (12, 7), "{name}");
        assert_eq!(frame.column("RSI_14").unwrap().null_count(), 2, "{name}");
        if name != "t.csv" {
            assert_eq!(
                frame.column("timestamp").unwrap().dtype().to_string(),
                "datetime[ns, UTC]"
            );
            assert_eq!(frame.column("RSI_14").unwrap().dtype().to_string(), "f32");
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "no part is left"
    );
}

#[test]
fn a_table_that_is_given_up_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "old").unwrap();
    let mut nowhere = std::io::sink();
    let mut writer = TableWriter::new(Some(&path), (&mut nowhere, Stream::Csv)).unwrap();
    writer.append(&rows(0, 5)).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_written_is_named() {
    let mut nowhere = std::io::sink();
    let wrong = write_table(
        &rows(0, 1),
        Some("t.xlsx".as_ref()),
        (&mut nowhere, Stream::Csv),
    );
    assert!(wrong.unwrap_err().to_string().contains("xlsx"));
    let path = std::path::Path::new("/nowhere/t.csv");
    let wrong = write_table(&rows(0, 1), Some(path), (&mut nowhere, Stream::Csv));
    assert!(wrong.unwrap_err().to_string().contains("/nowhere/t.csv"));
}

#[test]
fn an_empty_table_has_a_header() {
    assert_eq!(
        stream(Stream::Csv, &TableRows::default()),
        "timestamp,symbol\n"
    );
}
