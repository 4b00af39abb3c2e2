//! Time of local realignment on one thread, by step: windows, graph, alignment, and all together. Throughput is in
//! bases of the genome at the depth of the bundled sample (30×); for alignment it is in cells.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dvcall::genome::{Reference, Region, Sequence};
use dvcall::reads::{Read, ReadSource};
use dvcall::realign::{Aligner, Assembler, RealignOptions, Realigner, Scorer, select_windows};

/// Reads of a region of the bundled sample, and the reference around it.
fn sample(region: &Region) -> (Vec<Read>, Sequence) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample");
    let reference = Reference::open(&folder.join("reference.fa")).unwrap();
    let source = ReadSource::open(&folder.join("sample.bam"), &reference, None).unwrap();
    let reads = source.reader().unwrap().fetch(region).unwrap();
    let (start, end) = (region.start - 1_000, region.end + 1_000);
    let bases = reference.reader().unwrap().fetch(&region.contig, start, end).unwrap();
    (reads, Sequence::new(start, bases))
}

fn realignment(c: &mut Criterion) {
    let region = Region::new("chrA", 10_000, 30_000);
    let (reads, reference) = sample(&region);
    let options = RealignOptions::default();
    let mut group = c.benchmark_group("realign");
    group.throughput(Throughput::Elements(region.len()));
    group.bench_function("windows", |b| {
        b.iter(|| select_windows(black_box(&reads), &reference, &options))
    });

    let windows: Vec<_> = select_windows(&reads, &reference, &options)
        .into_iter()
        .map(|window| {
            let members: Vec<&Read> = reads
                .iter()
                .filter(|r| r.start < window.end && r.end() > window.start)
                .collect();
            (window, members)
        })
        .collect();
    let mut assembler = Assembler::default();
    group.bench_function("graph", |b| {
        b.iter(|| {
            let assembled = windows
                .iter()
                .filter_map(|(w, reads)| assembler.haplotypes(w, &reference, reads, &options));
            assembled.count()
        });
    });

    let mut realigner = Realigner::new(options);
    group.bench_function("all", |b| {
        b.iter_batched(
            || reads.clone(),
            |reads| realigner.realign(reads, &reference),
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn alignment(c: &mut Criterion) {
    let (reads, reference) = sample(&Region::new("chrA", 10_000, 11_000));
    let query = &reads[0].bases;
    let target = reference.slice(reads[0].start - 200, reads[0].start + 350);
    let (diagonals, margin) = (200..=200, 60);
    let mut group = c.benchmark_group("align");
    group.throughput(Throughput::Elements(query.len() as u64 * (2 * margin as u64 + 1)));
    let mut scorer = Scorer::default();
    group.bench_function("score", |b| {
        b.iter(|| scorer.score(black_box(query), target, &diagonals, margin, 1))
    });
    let mut aligner = Aligner::default();
    group.bench_function("trace", |b| {
        b.iter(|| {
            aligner.align(black_box(query), target, &diagonals, margin);
            aligner.trace()
        });
    });
    group.finish();
}

criterion_group!(benches, realignment, alignment);
criterion_main!(benches);
