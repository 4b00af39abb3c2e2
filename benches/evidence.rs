//! Time of the evidence steps on one thread: read decoding, allele counts, coverage, pileup drawing. Throughput is
//! in bases of the genome, at the depth of the bundled sample (30×).

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dvcall::candidates::{CandidateOptions, coverage, find_candidates};
use dvcall::genome::{Reference, Region, Sequence};
use dvcall::library::Library;
use dvcall::pileup::{PILEUP_SIZE, allele_sets, draw};
use dvcall::reads::ReadSource;

fn evidence(c: &mut Criterion) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample");
    let reference = Reference::open(&sample.join("reference.fa")).unwrap();
    let region = Region::new("chrA", 10_000, 30_000);
    let bases = reference.reader().unwrap().fetch("chrA", 9_000, 31_000).unwrap();
    let sequence = Sequence::new(9_000, bases);
    let mut group = c.benchmark_group("evidence");
    group.throughput(Throughput::Elements(region.len()));

    let mut reads = Vec::new();
    for file in ["sample.bam", "sample.cram"] {
        let source = ReadSource::open(&sample.join(file), &reference, None).unwrap();
        let mut reader = source.reader().unwrap();
        group.bench_function(format!("fetch {file}"), |b| {
            b.iter(|| reader.fetch(black_box(&region)).unwrap())
        });
        reads = reader.fetch(&region).unwrap();
        group.bench_function(format!("measure library {file}"), |b| {
            b.iter(|| Library::measure(black_box(&source), &reference, None, 1).unwrap())
        });
    }

    let options = CandidateOptions::default();
    group.bench_function("find candidates", |b| {
        b.iter(|| find_candidates(black_box(&reads), &sequence, &region, &options));
    });

    group.bench_function("coverage", |b| {
        b.iter(|| {
            coverage(black_box(&reads), &sequence, &region, options.min_base_quality, |_| {
                true
            })
        });
    });

    let candidates = find_candidates(&reads, &sequence, &region, &options);
    let mut image = vec![0; PILEUP_SIZE];
    group.bench_function("draw pileups", |b| {
        b.iter(|| {
            for candidate in &candidates {
                for set in allele_sets(candidate) {
                    draw(candidate, &set, &reads, &sequence, &mut image);
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, evidence);
criterion_main!(benches);
