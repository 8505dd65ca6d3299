//! Bars per second of the operations that features are made of. A regression here makes every
//! `features` run and every start of a training slower by the same factor.
//!
//! `cargo bench --bench ops`; `EMBERLINE_DEVICE` names another device than the CPU.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use emberline::device::{select, transfer::upload_int};
use emberline::ops::random::{self, Key};
use emberline::ops::{gather, rolling, scan};

const KEY: Key = Key {
    seed: 1,
    stream: 2,
    counter: 3,
};

fn operations(criterion: &mut Criterion) {
    let request = std::env::var("EMBERLINE_DEVICE").unwrap_or_else(|_| "cpu".to_owned());
    let device = select(&request, None)
        .unwrap_or_else(|error| panic!("{error}"))
        .device;
    let finish = || device.sync().unwrap_or_else(|error| panic!("{error:?}"));
    let mut group = criterion.benchmark_group(format!("ops/{request}"));
    group.sample_size(20);
    for shape in [[7, 5_760], [500, 2_000], [500, 20_000]] {
        let [rows, bars] = shape;
        let x = random::uniform(shape, KEY, &device);
        let a = random::uniform(shape, Key { counter: 4, ..KEY }, &device);
        finish();
        group.throughput(Throughput::Elements((rows * bars) as u64));
        let size = format!("{rows}x{bars}");
        group.bench_function(BenchmarkId::new("linear_scan", &size), |bencher| {
            bencher.iter(|| {
                let y = scan::linear_scan(a.clone(), x.clone());
                finish();
                y
            });
        });
        for period in [10, 1000] {
            group.bench_function(
                BenchmarkId::new(format!("sum {period}"), &size),
                |bencher| {
                    bencher.iter(|| {
                        let y = rolling::sum(x.clone(), period);
                        finish();
                        y
                    });
                },
            );
            group.bench_function(BenchmarkId::new(format!("variance {period}"), &size), |b| {
                b.iter(|| {
                    let y = rolling::variance(x.clone(), period, 1);
                    finish();
                    y
                });
            });
        }
        group.bench_function(BenchmarkId::new("dropout", &size), |bencher| {
            bencher.iter(|| {
                let y = random::dropout(x.clone(), 0.1, KEY);
                finish();
                y
            });
        });
    }
    // One series must not cost much more per bar than many: ten million bars each.
    for shape in [[1, 10_000_000], [1_000, 10_000]] {
        let [rows, bars] = shape;
        let x = random::uniform(shape, KEY, &device);
        let a = random::uniform(shape, Key { counter: 4, ..KEY }, &device);
        finish();
        group.throughput(Throughput::Elements((rows * bars) as u64));
        group.bench_function(
            BenchmarkId::new("linear_scan", format!("{rows}x{bars}")),
            |bencher| {
                bencher.iter(|| {
                    let y = scan::linear_scan(a.clone(), x.clone());
                    finish();
                    y
                });
            },
        );
    }
    // The batches of training: 256 windows of 60 bars and 64 features.
    let block = random::uniform([7, 5_760, 64], KEY, &device);
    let places = (0..256).flat_map(|i| [i % 7, (i * 7919) % 5_700]).collect();
    let places = upload_int(places, [256, 2], &device);
    finish();
    group.throughput(Throughput::Bytes(256 * 60 * 64 * 4));
    group.bench_function("windows 256x60x64", |bencher| {
        bencher.iter(|| {
            let batch = gather::windows(block.clone(), places.clone(), 60);
            finish();
            batch
        });
    });
    group.finish();
}

criterion_group!(benches, operations);
criterion_main!(benches);
