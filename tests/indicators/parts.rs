//! A lone series is cut into parts for threads where nothing shows it.

use emberline::features::{FeatureSet, compute};
use emberline::market::Bars;

use super::{HOUR, block, by_series, every_column, hourly, set, walk};

/// Long enough for three parts, with two short segments where the third begins.
fn bars() -> Bars {
    let mut lone = walk("A", 61, 56_000, 20.0);
    lone.segment = (0..lone.len())
        .map(|row| {
            [36_000, 36_001, 37_500]
                .iter()
                .filter(|&&cut| row >= cut)
                .count() as u32
        })
        .collect();
    for (row, time) in lone.time.iter_mut().enumerate() {
        *time += if row >= 36_000 { 7 * HOUR } else { 0 };
    }
    hourly(vec![lone])
}

/// The set's columns of the lone series as so many threads compute them.
fn on_threads(num: usize, set: &FeatureSet, bars: &Bars) -> Vec<Vec<f32>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(num).build();
    let block = block(set, bars);
    let values = pool.unwrap().install(|| compute(set, &block));
    by_series(values, bars).remove(0)
}

#[test]
fn parts_of_a_series_give_the_bits_of_the_whole_one() {
    let bars = bars();
    let mut names = every_column();
    // Kinds of averages, and periods beyond which windows are kept in other ways.
    names.extend(
        [
            "MA:30:2",
            "MA:16:9",
            "MA:31:5",
            "APO:8:20:2",
            "APO:9:16:9",
            "STOCHF:5:4:9",
            "HMA:25",
            "CCI:300",
            "AVGDEV:300",
            "VAR:1500:1",
            "PERCENTRANK:600",
            "COPPOCK:7:3:5",
            "TRIMA:30",
            "SMA:1000",
        ]
        .map(str::to_owned),
    );
    // A few columns at a time: a set is cut only if every machine of it can be.
    for names in names.chunks(64) {
        let all = set(&names.join(","), &bars);
        let whole = on_threads(1, &all, &bars);
        for (name, whole) in all.names().iter().zip(&whole) {
            let cut = on_threads(3, &set(name, &bars), &bars).remove(0);
            let differs = |row: &usize| whole[*row].to_bits() != cut[*row].to_bits();
            if let Some(row) = (0..whole.len()).find(differs) {
                let (whole, cut) = (whole[row], cut[row]);
                panic!("{name} in row {row}: {whole} from the whole series, {cut} from parts");
            }
        }
    }
}
