//! Time of both stages of a model: inference and training, at the depth of a 30× genome and with all rows filled.
//! Also the time by size and precision of the network.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dvcall::examples::ROW_BYTES;
use dvcall::model::{Architecture, Batch, Card, Inference, Model, Network, Random, bucket};
use dvcall::variants::VariantType;
use tch::{Device, Kind};

const EXAMPLES: usize = 32;

fn images(rows: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(&[rows as u64]);
    let image = |_| (0..rows * ROW_BYTES).map(|_| random.below(255) as u8 | 1).collect();
    (0..EXAMPLES).map(image).collect()
}

/// Time by size of the network and by precision of its convolutions, at 30×.
fn sizes(c: &mut Criterion) {
    tch::set_num_threads(1);
    let images = images(36);
    let shipped = Architecture::default();
    let shallow = Architecture {
        blocks: 1,
        ..shipped.clone()
    };
    let wide = Architecture {
        stem: 24,
        stages: vec![32, 64, 128],
        ..shallow.clone()
    };
    let mut group = c.benchmark_group("forward 30x");
    group.throughput(Throughput::Elements(EXAMPLES as u64));
    for (name, architecture, kind) in [
        ("16-32-64, two blocks", &shipped, Kind::Float),
        ("16-32-64, one block", &shallow, Kind::Float),
        ("32-64-128, one block", &wide, Kind::Float),
        ("16-32-64, two blocks, bf16", &shipped, Kind::BFloat16),
    ] {
        let network = Network::random(architecture, 1).unwrap();
        let inputs: Vec<_> = images.iter().map(|i| (&i[..], 36, VariantType::Snp.into())).collect();
        group.bench_function(name, |b| {
            b.iter(|| {
                let batch = Batch::new(architecture, bucket(36), black_box(&inputs)).unwrap();
                tch::no_grad(|| network.forward(&batch, kind)).unwrap()
            });
        });
    }
    group.finish();
}

fn network(c: &mut Criterion) {
    let architecture = Architecture::default();
    let types = [VariantType::Snp.into(); EXAMPLES];
    let mut group = c.benchmark_group("network");
    group.throughput(Throughput::Elements(EXAMPLES as u64));
    for (name, rows) in [("30x", 36), ("full", 100)] {
        let images = images(rows);
        let refs: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let network = Network::random(&architecture, 1).unwrap();
        let model = Model::new(&network.weights(), Card::new("bench", architecture.clone())).unwrap();
        let mut classifier = Inference::new(vec![model], &[Device::Cpu])
            .unwrap()
            .classifier()
            .unwrap();
        group.bench_function(format!("genotype {name}"), |b| {
            b.iter(|| classifier.classify(black_box(&refs), &types).unwrap());
        });

        let cascade = Model::builtin().unwrap().cascade().unwrap().unwrap();
        group.bench_function(format!("cascade {name}"), |b| {
            b.iter(|| {
                refs.iter()
                    .filter_map(|image| cascade.decide(black_box(image), VariantType::Snp))
                    .count()
            });
        });

        let weights = network.weights();
        weights.values().for_each(|w| drop(w.set_requires_grad(true)));
        let inputs: Vec<_> = refs
            .iter()
            .map(|&image| (image, rows, VariantType::Snp.into()))
            .collect();
        group.bench_function(format!("train {name}"), |b| {
            b.iter(|| {
                let batch = Batch::new(&architecture, bucket(rows), black_box(&inputs)).unwrap();
                network
                    .forward(&batch, Kind::Float)
                    .unwrap()
                    .sum(Kind::Float)
                    .backward();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sizes, network);
criterion_main!(benches);
