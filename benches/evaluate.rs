//! Time to compare the calls of two whole chromosomes: HG002's truth against HG001's, chr20 of b37.

use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use dvcall::evaluate::{Options, evaluate};

fn chromosome(criterion: &mut Criterion) {
    let data = std::env::var_os("DVCALL_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let truth = data.join("truth/HG002_b37_chr20_GIAB_v4.2.1_lifted.vcf.gz");
    if !truth.is_file() {
        eprintln!("SKIPPED: no real data at {}; set DVCALL_DATA", data.display());
        return;
    }
    let options = Options {
        reference: data.join("reference/b37.chr20.fa.gz"),
        truth,
        ..Options::default()
    };
    let query = data.join("truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz");
    let mut group = criterion.benchmark_group("evaluate");
    group.sample_size(10);
    group.bench_function("HG002 against HG001, chr20", |bencher| {
        bencher.iter(|| evaluate(options.clone(), query.clone(), None).map(|run| run.observations.len()));
    });
    group.finish();
}

criterion_group!(benches, chromosome);
criterion_main!(benches);
