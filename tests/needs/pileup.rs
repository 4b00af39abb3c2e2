//! Pileups against the tensors that DeepVariant 1.9 publishes.

use crate::data;
use crate::evidence::{Evidence, golden_rows};
use dvcall::candidates::{CandidateOptions, find_candidates};
use dvcall::pileup::{CHANNEL_NAMES, CHANNELS, PILEUP_SIZE, draw};
use tch::Tensor;

pub fn pileups_are_those_of_deepvariant() {
    let data = data();
    let arrays = Tensor::read_npz(data.join("deepvariant_golden/calling_examples.npz")).unwrap();
    let (_, images) = arrays.into_iter().find(|(name, _)| name == "images").unwrap();
    let evidence = Evidence::golden(&data);
    let Evidence {
        reads,
        sequence,
        region,
    } = &evidence;
    let candidates = find_candidates(reads, sequence, region, &CandidateOptions::default());

    let mut image = vec![0; PILEUP_SIZE];
    let (mut tensors, mut identical, mut differing) = (0, 0, [0; CHANNELS]);
    for row in golden_rows(&data) {
        let Some(candidate) = candidates.iter().find(|c| row.is_of(c)) else {
            continue;
        };
        draw(candidate, &row.allele_set, reads, sequence, &mut image);
        let expected = Vec::<u8>::try_from(images.get(row.index as i64).flatten(0, -1)).unwrap();
        for (ours, theirs) in image.chunks_exact(CHANNELS).zip(expected.chunks_exact(CHANNELS)) {
            for (count, (a, b)) in differing.iter_mut().zip(ours.iter().zip(theirs)) {
                *count += usize::from(a != b);
            }
        }
        tensors += 1;
        identical += usize::from(image == expected);
    }
    eprintln!("{identical} of {tensors} tensors identical");
    assert!(tensors == 78 && identical >= 71, "{identical} of {tensors}");
    for (name, differing) in CHANNEL_NAMES.iter().zip(differing) {
        let share = differing as f64 / (tensors * PILEUP_SIZE / CHANNELS) as f64;
        eprintln!("{name}: {:.4} % of pixels differ", share * 100.0);
        assert!(share <= 0.01, "{name}: {share}");
    }
}
