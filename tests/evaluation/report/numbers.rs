//! Numbers, sizes and times as the report writes them.

use emberline::evaluation::report::{
    Best, Cell, Column, Digits, Table, bytes, date, duration, number, percent, time,
};

use super::START;

#[test]
fn numbers_have_the_digits_asked_for() {
    let cases = [
        (0.0, Digits::Significant(3), "0.00"),
        (0.0, Digits::Decimals(2), "0.00"),
        (-0.0, Digits::Decimals(2), "0.00"),
        (0.060_94, Digits::Significant(2), "0.061"),
        (-0.060_94, Digits::Decimals(4), "−0.0609"),
        (9.996, Digits::Significant(3), "10.0"),
        (22_978.4, Digits::Significant(3), "22,978"),
        (-1_234_567.0, Digits::Decimals(1), "−1,234,567.0"),
        (100.0, Digits::Decimals(0), "100"),
        (999.0, Digits::Decimals(0), "999"),
        (0.000_001_2, Digits::Significant(2), "1.2e−6"),
        (-1.5e20, Digits::Decimals(2), "−1.50e20"),
        (5e-324, Digits::Decimals(3), "0.000"),
        (f64::NAN, Digits::Decimals(3), "–"),
        (f64::INFINITY, Digits::Significant(3), "–"),
    ];
    for (value, digits, expected) in cases {
        assert_eq!(number(value, digits), expected, "{value} {digits:?}");
    }
}

#[test]
fn sizes_and_times_have_units() {
    assert_eq!(percent(-0.005, 1), "−0.5\u{202f}%");
    assert_eq!(percent(f64::NAN, 1), "–");
    assert_eq!(bytes(999_999), "1.00\u{202f}MB");
    assert_eq!(bytes(u64::MAX), "18,447\u{202f}PB");
    assert_eq!(duration(0.3204), "0.320\u{202f}s");
    assert_eq!(duration(59.99), "1\u{202f}min 0\u{202f}s");
    assert_eq!(duration(3_599.6), "1\u{202f}h 0\u{202f}min");
    assert_eq!(duration(f64::INFINITY), "–");
    assert_eq!(date(START), "2024-01-01");
    assert_eq!(time(START + 61_000_000_000), "2024-01-01 00:01");
    assert_eq!(date(i64::MIN), "1677-09-21");
}

#[test]
fn cells_say_what_is_missing() {
    assert_eq!(Cell::decimals(f64::NAN, 2).shown(), "–");
    assert_eq!(Cell::optional(None, 2).shown(), "–");
    assert_eq!(Cell::percent(None, 2).shown(), "–");
    assert_eq!(Cell::interval(None, 2).shown(), "–");
    assert_eq!(Cell::interval(Some((f64::NAN, 1.0)), 2).shown(), "–");
    assert_eq!(
        Cell::interval(Some((f64::NEG_INFINITY, 1.0)), 1).shown(),
        "−∞ to 1.0"
    );
    let with_unit = Cell::Number {
        value: 3.0,
        digits: Digits::Decimals(1),
        spread: None,
        unit: "bp",
    };
    assert_eq!(with_unit.shown(), "3.0\u{202f}bp");
}

/// The cells marked as the best of a table, by their text.
fn best(values: &[Cell], best: Best) -> Vec<String> {
    let columns = vec![Column::new("name"), Column::with_best("value", best)];
    let mut table = Table::new("values", columns);
    for value in values {
        table.push(vec![Cell::text("row"), value.clone()]);
    }
    let mut section = super::Section::new("one", "One", "");
    section.push(table);
    let page = super::Report {
        sections: vec![section],
        ..super::Report::default()
    };
    super::markup::elements(&page.html())
        .iter()
        .filter(|element| element.attribute("class") == Some("number best"))
        .map(|element| element.text.clone())
        .collect()
}

#[test]
fn the_best_of_a_column_is_marked_where_there_is_one() {
    let numbers = |values: &[f64]| -> Vec<Cell> {
        values
            .iter()
            .map(|value| Cell::decimals(*value, 1))
            .collect()
    };
    let values = numbers(&[0.5, f64::NAN, -2.0, 3.0]);
    assert_eq!(best(&values, Best::Highest), ["3.0 (best)"]);
    assert_eq!(best(&values, Best::Lowest), ["−2.0 (best)"]);
    assert!(best(&numbers(&[1.0, 1.0]), Best::Lowest).is_empty());
    assert!(best(&numbers(&[1.0]), Best::Lowest).is_empty());
    assert!(best(&[], Best::Lowest).is_empty());
}
