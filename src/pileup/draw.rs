//! Draws a pileup.

use ndarray::{ArrayView1, ArrayViewMut3, Axis};

use super::channels::CHANNELS;
use super::{CENTER, HEIGHT, REFERENCE_ROWS, WIDTH, channels, rows};
use crate::candidates::Candidate;
use crate::genome::Sequence;
use crate::reads::{CigarKind, Read};

/// Replaces the base at the anchor of an indel.
const INDEL_ANCHOR: u8 = b'*';

/// From this many reads on, chance almost never puts all of them on one strand.
const ONE_STRAND: usize = 16;
/// At most one read in this many lies on the other strand.
const OTHER_STRAND: usize = 20;

/// The allele sets for which a candidate has a pileup: each alternate alone, then each pair.
pub fn allele_sets(candidate: &Candidate) -> Vec<Vec<usize>> {
    let alternates = candidate.alternates.len();
    let mut sets: Vec<Vec<usize>> = (0..alternates).map(|i| vec![i]).collect();
    for first in 0..alternates {
        sets.extend((first + 1..alternates).map(|second| vec![first, second]));
    }
    sets
}

/// Draws the pileup of a candidate for one set of its alternates into `image` (u8, [`HEIGHT`] × [`WIDTH`] ×
/// [`CHANNELS`]). `reads` are the reads of the partition, ordered by start. The candidate's supporting reads are
/// indices into `reads`.
///
/// # Panics
/// Panics if the length of `image` is not [`super::PILEUP_SIZE`].
pub fn draw(candidate: &Candidate, alternates: &[usize], reads: &[Read], reference: &Sequence, image: &mut [u8]) {
    image.fill(0);
    let image = ArrayViewMut3::from_shape((HEIGHT, WIDTH, CHANNELS), image).expect("an image of PILEUP_SIZE");
    let mut window = [b'N'; WIDTH];
    // First position of the window; negative near the start of a contig.
    let start = candidate.position as i64 - CENTER as i64;
    for (column, base) in window.iter_mut().enumerate() {
        *base = u64::try_from(start + column as i64).map_or(b'N', |position| reference.base(position));
    }
    let (reference_rows, mut read_rows) = image.split_at(Axis(0), REFERENCE_ROWS);
    let (mut first, mut others) = reference_rows.split_at(Axis(0), 1);
    for (mut pixel, &base) in first.index_axis_mut(Axis(0), 0).outer_iter_mut().zip(&window) {
        pixel.assign(&ArrayView1::from(&channels::reference_pixel(base)));
    }
    others.assign(&first);
    let supports = |read: usize| {
        let mut alleles = alternates.iter().filter_map(|&a| candidate.alternates.get(a));
        alleles.any(|allele| allele.supporting_reads.binary_search(&(read as u32)).is_ok())
    };
    let selected = rows::select(candidate, reads);
    debug_assert!(selected.len() <= HEIGHT - REFERENCE_ROWS);
    let strands = strands(&selected, reads, supports);
    for ((index, reverse), row) in selected.into_iter().zip(strands).zip(read_rows.outer_iter_mut()) {
        let row = row.into_slice().expect("a contiguous row");
        draw_read(&reads[index], supports(index), reverse, start, &window, row);
    }
}

/// Whether to draw each read as a reverse read. Models distrust an allele whose reads all lie on one strand. At the
/// ends of amplicons and at restriction sites, nearly all reads lie on one strand, so the strand says nothing about an
/// allele. There, reads are drawn on alternate strands, separately for reads that support the allele and for others.
fn strands(selected: &[usize], reads: &[Read], supports: impl Fn(usize) -> bool) -> Vec<bool> {
    let reverse = selected.iter().filter(|&&read| reads[read].reverse).count();
    let fewer = reverse.min(selected.len() - reverse);
    if selected.len() < ONE_STRAND || fewer * OTHER_STRAND > selected.len() {
        return selected.iter().map(|&read| reads[read].reverse).collect();
    }
    let mut turns = [false; 2];
    let by_turns = selected.iter().map(|&read| {
        let turn = &mut turns[usize::from(supports(read))];
        *turn = !*turn;
        *turn
    });
    by_turns.collect()
}

/// Draws one read into its row ([`WIDTH`] × [`CHANNELS`]), on the reverse strand if `reverse`. `start` is the
/// position of the first column, `window` the reference bases of the columns.
fn draw_read(read: &Read, supports: bool, reverse: bool, start: i64, window: &[u8; WIDTH], row: &mut [u8]) {
    let read_pixel = [
        0,
        0,
        channels::mapping_quality(read.mapping_quality),
        channels::strand(reverse),
        channels::supports_allele(supports),
        0,
        channels::insert_size(read.insert_size),
    ];
    let put = |pixel: &mut [u8], base: u8, quality: u8, expected: u8| {
        pixel.copy_from_slice(&read_pixel);
        pixel[0] = channels::read_base(base);
        pixel[1] = channels::base_quality(quality);
        pixel[5] = channels::differs_from_reference(base != expected);
    };
    let anchor = |row: &mut [u8], column: i64, quality: u8| {
        if let Some(column) = usize::try_from(column).ok().filter(|&c| c < WIDTH) {
            let pixel = &mut row[column * CHANNELS..][..CHANNELS];
            put(pixel, INDEL_ANCHOR, quality, window[column]);
        }
    };
    let (mut column, mut index) = (read.start as i64 - start, 0);
    for op in &read.cigar {
        let length = op.length as usize;
        match op.kind {
            CigarKind::Match => {
                let skip = (-column).clamp(0, length as i64) as usize;
                let end = (WIDTH as i64 - column).clamp(skip as i64, length as i64) as usize;
                let first = (column + skip as i64).clamp(0, WIDTH as i64) as usize;
                let shown = index + skip..index + end;
                let bases = read.bases[shown.clone()].iter().zip(&read.quals[shown]);
                let pixels = row[first * CHANNELS..].chunks_exact_mut(CHANNELS).zip(&window[first..]);
                for ((pixel, &expected), (&base, &quality)) in pixels.zip(bases) {
                    put(pixel, base, quality, expected);
                }
            }
            CigarKind::Insertion => anchor(row, column - 1, read.quals[index]),
            CigarKind::Deletion if index > 0 => anchor(row, column - 1, read.quals[index - 1]),
            _ => {}
        }
        column += if op.kind.consumes_reference() { length as i64 } else { 0 };
        index += if op.kind.consumes_read() { length } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::super::PILEUP_SIZE;
    use super::*;
    use crate::candidates::Allele;
    use crate::reads::testing::read;

    const START: u64 = 5_000;
    const LENGTH: usize = 600;

    fn reference() -> Sequence {
        Sequence::new(START, b"ACGTTGCA".repeat(LENGTH / 8))
    }

    fn candidate(supporting_reads: Vec<u32>) -> Candidate {
        Candidate {
            position: START + 300,
            reference: b"T".to_vec(),
            alternates: vec![Allele {
                bases: b"G".to_vec(),
                depth: supporting_reads.len() as u32,
                supporting_reads,
            }],
            depth: 10,
            reference_depth: 5,
        }
    }

    fn reads(count: usize) -> Vec<Read> {
        let reference = reference();
        let make = |i: usize| {
            let offset = 200 + i % 100;
            read(
                &format!("r{i}"),
                START + offset as u64,
                "101M",
                &reference.bases[offset..][..101],
            )
        };
        let mut reads: Vec<_> = (0..count).map(make).collect();
        reads.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
        reads
    }

    fn drawn(candidate: &Candidate, reads: &[Read]) -> Vec<u8> {
        let mut image = vec![1; PILEUP_SIZE];
        draw(candidate, &[0], reads, &reference(), &mut image);
        image
    }

    fn pixel(image: &[u8], row: usize, column: usize) -> [u8; CHANNELS] {
        let at = (row * WIDTH + column) * CHANNELS;
        image[at..at + CHANNELS].try_into().unwrap()
    }

    #[test]
    fn reference_rows_come_first_then_reads_with_their_indels_then_nothing() {
        let mut reads = reads(1);
        reads[0].start = START + 290;
        reads[0].cigar = crate::reads::testing::ops("5S6M2D20M3I67M");
        reads[0].bases[5] = b'G';
        reads[0].reverse = true;
        let image = drawn(&candidate(vec![0]), &reads);
        assert_eq!(pixel(&image, 0, CENTER), [100, 254, 254, 70, 152, 50, 254]);
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER - 11), [0; CHANNELS]);
        let first = [180, 190, 254, 240, 254, 50, 76];
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER - 10), first);
        // The anchor of the deletion, and the empty columns of the deleted bases.
        assert_eq!(
            pixel(&image, REFERENCE_ROWS, CENTER - 5)[..6],
            [0, 190, 254, 240, 254, 254]
        );
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER - 4), [0; CHANNELS]);
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER - 3), [0; CHANNELS]);
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER + 17)[0], 0);
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER + 17)[5], 254);
        assert!(
            image[(REFERENCE_ROWS + 1) * WIDTH * CHANNELS..]
                .iter()
                .all(|&byte| byte == 0)
        );
    }

    #[test]
    fn which_reads_are_drawn_depends_only_on_the_reads_near_the_candidate() {
        let many = reads(400);
        let image = drawn(&candidate(Vec::new()), &many);
        assert!(pixel(&image, HEIGHT - 1, CENTER)[1] > 0);
        // Reads that start or end too far away shift the indices, but do not change the choice.
        let far = |i: usize, start| read(&format!("far{i}"), start, "101M", &[b'A'; 101]);
        let mut more: Vec<_> = (0..50).map(|i| far(i, START)).collect();
        more.extend(many.clone());
        more.extend((0..50).map(|i| far(i, START + 400)));
        assert_eq!(drawn(&candidate(Vec::new()), &more), image);
        let starts: Vec<usize> = (REFERENCE_ROWS..HEIGHT)
            .map(|row| (0..WIDTH).find(|&column| pixel(&image, row, column)[1] > 0).unwrap())
            .collect();
        assert!(starts.is_sorted());
    }

    #[test]
    fn reads_of_one_strand_are_drawn_on_both_strands() {
        let strands = |count: usize, reverse: &[usize]| {
            let mut reads = reads(count);
            reverse.iter().for_each(|&read| reads[read].reverse = true);
            let image = drawn(&candidate(vec![1, 2, 5, 8]), &reads);
            let strand_pixel = |row: usize| (0..WIDTH).map(|c| pixel(&image, row, c)).find(|p| p[3] > 0);
            (REFERENCE_ROWS..REFERENCE_ROWS + count)
                .map(|row| strand_pixel(row).unwrap())
                .collect::<Vec<_>>()
        };
        let reverse = |rows: &[[u8; CHANNELS]], support: u8| {
            let group = rows.iter().filter(|pixel| pixel[4] == support);
            group.filter(|pixel| pixel[3] == channels::strand(true)).count()
        };
        let drawn = strands(20, &[]);
        assert_eq!((reverse(&drawn, 254), reverse(&drawn, 152)), (2, 8));
        // One read in twenty may lie on the other strand; chance may put fifteen reads on one strand.
        assert_eq!(reverse(&strands(20, &[4]), 152), 8);
        assert_eq!(reverse(&strands(20, &[4, 6]), 152), 2);
        assert_eq!(reverse(&strands(15, &[]), 152), 0);
        assert_eq!(strands(20, &[]), strands(20, &(0..20).collect::<Vec<_>>()));
    }

    #[test]
    fn a_read_of_low_quality_at_the_candidate_is_not_drawn() {
        let mut reads = reads(2);
        let at = (START + 300 - reads[0].start) as usize;
        reads[0].quals[at] = 9;
        let image = drawn(&candidate(vec![0]), &reads);
        assert_eq!(pixel(&image, REFERENCE_ROWS, CENTER)[4], 152);
        assert_eq!(pixel(&image, REFERENCE_ROWS + 1, CENTER), [0; CHANNELS]);
    }

    #[test]
    fn allele_sets_are_singles_then_pairs() {
        let mut candidate = candidate(Vec::new());
        let allele = candidate.alternates[0].clone();
        candidate.alternates = vec![allele.clone(), allele.clone(), allele];
        let sets = allele_sets(&candidate);
        assert_eq!(sets, [vec![0], vec![1], vec![2], vec![0, 1], vec![0, 2], vec![1, 2]]);
    }
}
