//! The network on a GPU against the network on the CPU.

use dvcall::examples::ShardReader;
use dvcall::model::{Inference, Model, parse_devices};

use crate::common::dvcall;
use crate::in_checkout;

/// Largest difference of a probability: TF32 has ten bits, and errors add up over a dozen layers.
const MOST: f32 = 0.02;

/// Whether libtorch finds a GPU.
pub fn is_there() -> bool {
    let version = dvcall().args(["--version", "--verbose"]).output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("device(s) found"))
}

/// 64 pileups of the sample.
pub fn genotypes_on_a_gpu_are_those_of_the_cpu() {
    let folder = tempfile::tempdir().unwrap();
    let shards = folder.path().join("shards");
    let sample = |name: &str| in_checkout("tests/sample").join(name);
    let mut command = dvcall();
    command
        .args(["make-examples", "--quiet", "--ref"])
        .arg(sample("reference.fa"));
    command
        .arg("--reads")
        .arg(sample("sample.bam"))
        .arg("--output")
        .arg(&shards);
    command.assert().success();
    let mut examples = ShardReader::open(&shards).unwrap().read(0).unwrap();
    examples.truncate(64);
    assert_eq!(examples.len(), 64);
    let images: Vec<&[u8]> = examples.iter().map(|example| example.image.as_slice()).collect();
    let contexts: Vec<_> = examples.iter().map(|example| example.context).collect();
    let classify = |device: &str| {
        let inference = Inference::new(vec![Model::builtin().unwrap()], &parse_devices(device).unwrap()).unwrap();
        inference.classifier().unwrap().classify(&images, &contexts).unwrap()
    };
    let (cpu, gpu) = (classify("cpu"), classify("cuda:0"));
    for (index, (cpu, gpu)) in cpu.iter().zip(&gpu).enumerate() {
        let differ = cpu.iter().zip(gpu).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(differ <= MOST, "pileup {index}: {cpu:?} on the CPU, {gpu:?} on cuda:0");
        let (likeliest, second) = ranked(cpu);
        assert!(
            likeliest == ranked(gpu).0 || cpu[likeliest] - cpu[second] <= MOST,
            "pileup {index}: {cpu:?} on the CPU, {gpu:?} on cuda:0"
        );
    }
}

/// The likeliest genotype, and the one after it.
fn ranked(probabilities: &[f32; 3]) -> (usize, usize) {
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    (order[0], order[1])
}
