//! Tests of the complete local realignment.

use proptest::prelude::*;

use super::super::realign;
use super::super::testing::{clipped_reads, ops, random_bases, read, text};
use super::*;

fn reference(seed: u64) -> Sequence {
    Sequence::new(50_000, random_bases(2_000, seed))
}

/// Realigns reads of a variant haplotype, with as many reference reads if `het`.
fn realigned(reference: &Sequence, at: usize, deleted: usize, inserted: &[u8], het: bool) -> Vec<Read> {
    let mut reads = clipped_reads(reference, at, deleted, inserted, 100, 5);
    if het {
        reads.extend(clipped_reads(reference, at, 0, b"", 100, 5));
    }
    let options = RealignOptions::default();
    let realigned = realign(reads.clone(), reference, &options);
    check_sound(&reads, &realigned, reference, &options);
    realigned
}

/// Checks that all reads are kept, without folded-back ends, and are aligned completely and inside the reference.
fn check_sound(before: &[Read], after: &[Read], reference: &Sequence, options: &RealignOptions) {
    assert_eq!(before.len(), after.len());
    for read in after {
        let consumed: u32 = read
            .cigar
            .iter()
            .filter(|op| op.kind.consumes_read())
            .map(|op| op.length)
            .sum();
        assert_eq!(consumed as usize, read.bases.len(), "{read:?}");
        assert!(read.start >= reference.start && read.end() <= reference.end());
        let old = before
            .iter()
            .find(|r| r.name == read.name && r.second_of_pair == read.second_of_pair);
        let mut moved = old.expect("a known name").clone();
        if is_realignable(&moved, options) {
            cut_fold_backs(&mut moved, reference);
        }
        assert_eq!(hard_clips(&moved), hard_clips(read));
        (moved.start, moved.cigar) = (read.start, read.cigar.clone());
        assert_eq!(&moved, read);
    }
}

/// Lengths of the hard clips at the start and the end of a read.
fn hard_clips(read: &Read) -> [u32; 2] {
    let length = |op: Option<&CigarOp>| op.filter(|op| op.kind == CigarKind::HardClip).map_or(0, |op| op.length);
    [length(read.cigar.first()), length(read.cigar.last())]
}

/// Fraction of the variant's reads, with at least `anchor` bases on both sides of it, that have the operation
/// `expected` at `position` and no clip before it.
fn share_with(reads: &[Read], position: u64, expected: &str, anchor: u64) -> f64 {
    let variant = reads.iter().filter(|r| r.name[0] == b'v');
    let spanning: Vec<_> = variant
        .filter(|r| r.start + anchor <= position && r.end() >= position + anchor)
        .collect();
    let carries = |r: &&&Read| text(&r.cigar).starts_with(&format!("{}M{expected}", position - r.start));
    assert!(spanning.len() > 5, "{} reads span", spanning.len());
    spanning.iter().filter(carries).count() as f64 / spanning.len() as f64
}

#[test]
fn clipped_reads_of_a_long_deletion_get_the_deletion() {
    for (seed, het) in [(1, false), (2, true), (3, true)] {
        let reference = reference(seed);
        let reads = realigned(&reference, 1_000, 40, b"", het);
        let at = leftmost_deletion(&reference, 1_000, 40);
        let spanning = reads
            .iter()
            .filter(|r| r.name[0] == b'v' && r.start < at && offset_of(r) + 100 > 1_000);
        let carried = spanning.clone().filter(|r| text(&r.cigar).contains("40D")).count();
        let spanning = spanning.count();
        assert!(
            spanning > 8 && carried * 100 >= spanning * 95,
            "{carried} of {spanning}"
        );
    }
}

/// A simulated read's offset in its haplotype, parsed from its name.
fn offset_of(read: &Read) -> u64 {
    std::str::from_utf8(&read.name[1..])
        .ok()
        .and_then(|n| n.parse().ok())
        .expect("a number")
}

fn leftmost_deletion(reference: &Sequence, mut at: usize, length: usize) -> u64 {
    while reference.bases[at - 1] == reference.bases[at + length - 1] {
        at -= 1;
    }
    reference.start + at as u64
}

#[test]
fn clipped_reads_of_a_long_insertion_get_the_insertion() {
    for (seed, het) in [(1, false), (2, true), (3, true)] {
        let reference = reference(seed);
        let inserted = random_bases(40, 77 + seed);
        let reads = realigned(&reference, 1_000, 0, &inserted, het);
        let spans = |r: &&Read| (offset_of(r)..offset_of(r) + 100).contains(&999) && offset_of(r) + 100 > 1_041;
        let spanning: Vec<_> = reads.iter().filter(|r| r.name[0] == b'v').filter(spans).collect();
        let carried = spanning.iter().filter(|r| text(&r.cigar).contains("40I")).count();
        assert!(
            spanning.len() > 8 && carried * 100 >= spanning.len() * 95,
            "{carried} of {}",
            spanning.len()
        );
    }
}

#[test]
fn indels_of_a_homopolymer_are_left_aligned() {
    let mut reference = reference(5);
    reference.bases[1_000..1_012].copy_from_slice(b"CAAAAAAAAAAG");
    let deletion = realigned(&reference, 1_009, 2, b"", true);
    assert!(share_with(&deletion, 51_001, "2D", 15) > 0.95);
    let insertion = realigned(&reference, 1_009, 0, b"AAA", true);
    assert!(share_with(&insertion, 51_001, "3I", 15) > 0.95);
}

#[test]
fn neighbouring_snps_stay_matches() {
    let reference = reference(6);
    let mut changed = reference.bases[1_000..1_012].to_vec();
    for i in [0, 4, 5, 11] {
        changed[i] = if changed[i] == b'A' { b'C' } else { b'A' };
    }
    let reads = realigned(&reference, 1_000, 12, &changed, true);
    let matched = reads.iter().filter(|r| text(&r.cigar) == "100M").count();
    assert!(matched * 100 >= reads.len() * 95, "{matched} of {}", reads.len());
}

#[test]
fn indels_beside_a_repeat_need_a_longer_k() {
    let mut reference = reference(7);
    let repeat = reference.bases[940..980].to_vec();
    reference.bases[1_010..1_050].copy_from_slice(&repeat);
    let reads = realigned(&reference, 1_000, 6, b"", true);
    let at = leftmost_deletion(&reference, 1_000, 6);
    assert!(share_with(&reads, at, "6D", 15) > 0.95);
}

#[test]
fn reads_take_the_best_fit_of_all_their_windows() {
    let mut reference = reference(7);
    reference.bases[1_110..1_134].copy_from_slice(b"CGTGTGTGTGTATGTGTGTGTGTC");
    let mut with_snp = reference.clone();
    with_snp.bases[1_045] = if reference.bases[1_045] == b'A' { b'C' } else { b'A' };
    // Like an aligner: a short end behind the repeat's interruption gets two mismatches and no gap.
    let mut reads = clipped_reads(&with_snp, 1_111, 0, b"GT", 100, 1);
    for read in &mut reads {
        let clip = |op: Option<&CigarOp>| op.filter(|op| op.kind == CigarKind::SoftClip).map_or(0, |op| op.length);
        let (before, after) = (clip(read.cigar.first()), clip(read.cigar.last()));
        read.cigar = match (before, after) {
            (1..3, _) => continue,
            (3.., _) => ops(&format!("{}M2I{}M", before - 2, 100 - before)),
            (_, 22..) => ops(&format!("{}M2I{}M", 100 - after, after - 2)),
            _ => ops("100M"),
        };
        read.start -= u64::from(before.saturating_sub(2));
    }
    reads.sort();
    let options = RealignOptions {
        window_flank: 60,
        ..RealignOptions::default()
    };
    assert_eq!(
        select_windows(&reads, &reference, &options),
        [50_985..51_105, 51_049..51_181]
    );
    let realigned = realign(reads.clone(), &reference, &options);
    check_sound(&reads, &realigned, &reference, &options);
    // Reads that end soon after the repeat's interruption share more bases with the SNP's window.
    assert!(share_with(&realigned, 51_111, "2I", 13) > 0.99);
}

#[test]
fn long_spliced_or_plain_reads_are_unchanged() {
    let reference = reference(8);
    let long = read("long", 50_100, "600M", &reference.bases[100..700]);
    let spliced = read("spliced", 50_950, "50M20N50M", &reference.bases[500..600]);
    let plain = clipped_reads(&reference, 1_000, 0, b"", 100, 10);
    let mut reads = [vec![long, spliced], plain].concat();
    reads.sort();
    assert_eq!(realign(reads.clone(), &reference, &RealignOptions::default()), reads);
    assert_eq!(realign(Vec::new(), &reference, &RealignOptions::default()), []);
}

#[test]
fn a_long_deletion_across_a_window_border_is_kept() {
    let reference = reference(9);
    // The deletion spans 50,800 to 51,200; the windows on both sides of 51,000 end within it.
    let (at, deleted) = (800, 400);
    let variant_read = |left: usize| {
        let bases = [
            &reference.bases[at - left..at],
            &reference.bases[at + deleted..][..100 - left],
        ];
        let cigar = format!("{left}M{deleted}D{}M", 100 - left);
        read(
            &format!("v{left}"),
            50_000 + (at - left) as u64,
            &cigar,
            &bases.concat(),
        )
    };
    let mut reads: Vec<Read> = (12..88).step_by(4).map(variant_read).collect();
    reads.sort();
    let options = RealignOptions::default();
    assert!(select_windows(&reads, &reference, &options).len() > 1);
    assert_eq!(realign(reads.clone(), &reference, &options), reads);
}

#[test]
fn a_long_deletion_beside_a_window_is_not_clipped() {
    let reference = reference(9);
    let options = RealignOptions::default();
    let (at, deleted) = (600, 700);
    // A SNP makes a window before the deletion.
    let mut haplotype = [&reference.bases[..at], &reference.bases[at + deleted..]].concat();
    haplotype[at - 90] = if haplotype[at - 90] == b'A' { b'C' } else { b'A' };
    let variant_read = |left: usize| {
        let cigar = format!("{left}M{deleted}D{}M", 150 - left);
        let start = at - left;
        read(
            &format!("v{left}"),
            50_000 + start as u64,
            &cigar,
            &haplotype[start..start + 150],
        )
    };
    let mut reads: Vec<Read> = (92..140).step_by(4).map(variant_read).collect();
    // Enough reference reads to keep the deletion itself from making a window.
    reads.extend((0..150).map(|i| read(&format!("r{i}"), 50_400, "150M", &reference.bases[400..550])));
    reads.sort();
    let windows = select_windows(&reads, &reference, &options);
    assert!(windows.iter().any(|window| window.end < 50_000 + (at + deleted) as u64));
    let realigned = realign(reads.clone(), &reference, &options);
    check_sound(&reads, &realigned, &reference, &options);
    let carriers = realigned.iter().filter(|r| text(&r.cigar).contains("700D")).count();
    assert_eq!(carriers, 12);
}

#[test]
fn reads_with_few_aligned_bases_are_unchanged() {
    let reference = reference(8);
    let other = [&reference.bases[950..1_000], b"GATTACA", &reference.bases[1_010..1_073]].concat();
    let mut reads = clipped_reads(&reference, 1_000, 0, b"", 100, 5);
    reads.extend((0..20).map(|i| read(&format!("v{i}"), 51_049, "96S24M", &other)));
    let changed = |min_aligned: u32| {
        let options = RealignOptions {
            min_aligned,
            ..RealignOptions::default()
        };
        let realigned = realign(reads.clone(), &reference, &options);
        check_sound(&reads, &realigned, &reference, &options);
        realigned
            .iter()
            .filter(|r| r.name[0] == b'v' && text(&r.cigar) != "96S24M")
            .count()
    };
    assert_eq!((changed(0), changed(20), changed(25)), (20, 20, 0));
}

#[test]
fn a_wider_region_gives_the_same_alignments() {
    let whole = Sequence::new(20_000, random_bases(9_000, 9));
    let mut reads = clipped_reads(&whole, 0, 0, b"", 100, 7);
    for (i, at) in [1_950, 2_990, 3_020, 3_450, 4_010, 4_980, 5_005, 5_990, 6_400]
        .into_iter()
        .enumerate()
    {
        let inserted = random_bases(i % 3 * 9, at as u64);
        let deleted = (i + 1) % 3 * 7;
        let variant = clipped_reads(&whole, at, deleted, &inserted, 100, 9);
        let near = |r: &Read| r.end() + 250 > 20_000 + at as u64 && r.start < 20_250 + at as u64;
        reads.extend(variant.into_iter().filter(near).map(|mut r| {
            r.name.extend(format!("_{at}").bytes());
            r
        }));
    }
    let options = RealignOptions::default();
    // The core is 23,000 to 25,000; its evidence extends beyond the next cell on either side.
    let core = |reads: Vec<Read>| -> Vec<Read> {
        reads
            .into_iter()
            .filter(|r| r.end() > 23_000 && r.start < 25_000)
            .collect()
    };
    let full = core(realign(reads.clone(), &whole, &options));
    assert!(full.iter().filter(|r| text(&r.cigar).contains(['I', 'D'])).count() > 20);
    for (start, end) in [(21_800, 26_200), (21_700, 26_900), (20_500, 26_200), (21_800, 28_500)] {
        let part = Sequence::new(start - 400, whole.slice(start - 400, end + 400).to_vec());
        let inside = reads
            .iter()
            .filter(|r| r.end() > start && r.start < end)
            .cloned()
            .collect();
        assert_eq!(core(realign(inside, &part, &options)), full, "{start} to {end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_reads_stay_complete_and_inside_the_reference(
        seed in 1u64..1_000,
        at in 300usize..1_700,
        deleted in 0usize..60,
        inserted in "[ACGT]{0,60}",
        errors in prop::collection::vec((0usize..300, 0usize..100, 0u8..5, 2u8..40), 0..200),
    ) {
        let reference = reference(seed);
        let mut reads = clipped_reads(&reference, at, deleted, inserted.as_bytes(), 100, 11);
        reads.extend(clipped_reads(&reference, at, 0, b"", 100, 13));
        // Without a variant, both sets would share names.
        reads.iter_mut().enumerate().for_each(|(i, read)| read.name.extend(format!("_{i}").bytes()));
        for (read, offset, base, quality) in errors {
            let read = read % reads.len();
            reads[read].bases[offset] = b"ACGTN"[usize::from(base)];
            reads[read].quals[offset] = quality;
        }
        let options = RealignOptions::default();
        let once = realign(reads.clone(), &reference, &options);
        check_sound(&reads, &once, &reference, &options);
        reads.reverse();
        prop_assert_eq!(once, realign(reads, &reference, &options));
    }
}
