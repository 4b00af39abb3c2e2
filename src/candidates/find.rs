//! Selects candidates from allele counts.

use super::candidate::{Allele, Candidate};
use super::counts::{AlleleCount, SiteCounts, Suspicion, count_suspicious};
use super::options::{CandidateOptions, Verdict};
use crate::genome::{Region, Sequence};
use crate::reads::Read;

/// The candidates of `region`, in order of position. `reads` are ordered by start and include all reads over the
/// region; `sequence` covers all of them.
pub fn find_candidates(
    reads: &[Read],
    sequence: &Sequence,
    region: &Region,
    options: &CandidateOptions,
) -> Vec<Candidate> {
    let suspicion = Suspicion {
        reads: options.min_supporting_reads,
        indel_reads: options.min_indel_reads(),
        base_quality: options.min_base_quality,
    };
    count_suspicious(reads, sequence, region, options.min_base_quality, suspicion)
        .into_iter()
        .filter_map(|site| candidate(site, options))
        .collect()
}

/// Joins the passing alleles of a site into one candidate. All alleles are extended to the longest replaced reference.
fn candidate(site: SiteCounts, options: &CandidateOptions) -> Option<Candidate> {
    let verdicts = options.verdicts(&site);
    let judged = site.alleles.into_iter().zip(verdicts);
    let passing: Vec<AlleleCount> = judged
        .filter(|(_, verdict)| *verdict == Verdict::Candidate)
        .map(|(allele, _)| allele)
        .collect();
    let reference = passing.iter().map(|a| &a.reference).max_by_key(|r| r.len())?.clone();
    let mut alternates: Vec<Allele> = passing
        .into_iter()
        .map(|allele| Allele {
            bases: [&allele.bases, &reference[allele.reference.len()..]].concat(),
            supporting_reads: allele.reads,
            depth: allele.depth,
        })
        .collect();
    alternates.sort_unstable_by(|a, b| a.bases.cmp(&b.bases));
    Some(Candidate {
        position: site.position,
        reference,
        alternates,
        depth: site.depth,
        reference_depth: site.reference_depth,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::read;

    const REFERENCE: &str = "GATTCTGACCATGCACACACAGGTAGTCCGATTCGAAGCTTTTTCAGGACT";
    const START: u64 = 1_000;

    /// Candidates as `position ref>alternates depth:alternate depths`, with offsets as positions.
    fn found(reads: &[Read]) -> Vec<String> {
        let sequence = Sequence::new(START, REFERENCE.into());
        let region = Region::new("c", START, START + REFERENCE.len() as u64);
        let text = |bases: &[u8]| String::from_utf8(bases.to_vec()).unwrap();
        find_candidates(reads, &sequence, &region, &CandidateOptions::default())
            .iter()
            .map(|c| {
                let alternates: Vec<_> = c.alternates.iter().map(|a| text(&a.bases)).collect();
                let depths: Vec<_> = c.alternates.iter().map(|a| a.depth.to_string()).collect();
                let (alternates, depths) = (alternates.join(","), depths.join(","));
                format!(
                    "{} {}>{alternates} {}:{depths}",
                    c.position - START,
                    text(&c.reference),
                    c.depth
                )
            })
            .collect()
    }

    /// Reads with unique names over the whole reference, with the given bases and CIGAR.
    fn copies(name: &str, count: usize, cigar: &str, bases: &str) -> Vec<Read> {
        (0..count)
            .map(|i| read(&format!("{name}{i}"), START, cigar, bases.as_bytes()))
            .collect()
    }

    fn reference(count: usize) -> Vec<Read> {
        copies("ref", count, "51M", REFERENCE)
    }

    /// The reference with the base at `offset` replaced.
    fn with_base(offset: usize, base: char) -> String {
        let mut bases: Vec<char> = REFERENCE.chars().collect();
        bases[offset] = base;
        bases.into_iter().collect()
    }

    /// The reference with `deleted` bases after `offset` replaced by `inserted`.
    fn with_indel(offset: usize, deleted: usize, inserted: &str) -> String {
        [&REFERENCE[..=offset], inserted, &REFERENCE[offset + 1 + deleted..]].concat()
    }

    #[test]
    fn alleles_need_reads_quality_and_a_fraction() {
        let snp = |count| copies("snp", count, "51M", &with_base(5, 'A'));
        assert!(found(&[reference(5), snp(1)].concat()).is_empty());
        assert_eq!(found(&[reference(5), snp(2)].concat()), ["5 T>A 7:2"]);
        assert!(found(&[reference(15), snp(2)].concat()).is_empty());
        let mut poor = snp(2);
        poor[0].quals[5] = 9;
        assert!(found(&[reference(5), poor].concat()).is_empty());
        let mut hopeless = snp(2);
        hopeless.iter_mut().for_each(|read| read.quals.fill(0));
        assert!(found(&[reference(5), hopeless].concat()).is_empty());
        let deletion = copies("del", 2, "26M2D23M", &with_indel(25, 2, ""));
        assert_eq!(found(&[reference(15), deletion].concat()), ["25 GTC>G 17:2"]);
    }

    #[test]
    fn a_fragments_mates_count_once() {
        let mut mates = copies("mate", 2, "51M", &with_base(5, 'A'));
        mates[1].name = mates[0].name.clone();
        mates[1].second_of_pair = true;
        assert!(found(&[reference(5), mates.clone()].concat()).is_empty());
        let other = copies("other", 1, "51M", &with_base(5, 'A'));
        let reads = [other, mates.clone(), reference(5)].concat();
        assert_eq!(found(&reads), ["5 T>A 7:2"]);
        // If mates disagree, the base of higher quality counts.
        mates[1].bases = REFERENCE.into();
        mates[1].quals[5] = 31;
        let other = copies("other", 2, "51M", &with_base(5, 'A'));
        assert_eq!(found(&[other, mates].concat()), ["5 T>A 3:2"]);
    }

    #[test]
    fn a_mate_that_ends_before_an_indel_gives_no_evidence() {
        let deletion = || copies("del", 1, "26M2D23M", &with_indel(25, 2, ""));
        let with_mate = |cigar: &str, bases: &str| {
            let mut mate = copies("del", 1, cigar, bases);
            (mate[0].second_of_pair, mate[0].quals) = (true, vec![31; bases.len()]);
            found(
                &[
                    copies("other", 1, "26M2D23M", &with_indel(25, 2, "")),
                    deletion(),
                    mate,
                    reference(15),
                ]
                .concat(),
            )
        };
        assert_eq!(with_mate("26M", &REFERENCE[..26]), ["25 GTC>G 17:2"]);
        // A mate that continues shows that there is no indel. A mate that ends at a SNP still shows the SNP.
        assert!(with_mate("30M", &REFERENCE[..30]).is_empty());
        assert!(with_mate("26M", &with_base(25, 'A')[..26]).contains(&"25 GTC>G 17:2".into()));
    }

    #[test]
    fn a_misread_base_before_a_long_deletion_adds_no_allele() {
        let deleted = with_indel(25, 12, "");
        let mut misread = copies(
            "misread",
            1,
            "26M12D13M",
            &deleted.replacen("AGGTCGAAG", "AGCTCGAAG", 1),
        );
        misread[0].quals[25] = 11;
        let reads = [reference(13), copies("del", 1, "26M12D13M", &deleted), misread];
        assert_eq!(found(&reads.concat()).len(), 1);
    }

    #[test]
    fn alleles_of_one_anchor_are_one_candidate() {
        let reads = [
            reference(4),
            copies("del", 3, "26M2D23M", &with_indel(25, 2, "")),
            copies("ins", 2, "26M3I25M", &with_indel(25, 0, "AAA")),
            copies("snp", 2, "51M", &with_base(25, 'C')),
        ];
        assert_eq!(found(&reads.concat()), ["25 GTC>CTC,G,GAAATC 11:2,3,2"]);
    }

    #[test]
    fn one_read_is_enough_for_an_indel_at_low_depth() {
        let inserted = |name, bases: &str| copies(name, 1, "26M3I25M", &with_indel(25, 0, bases));
        let insertion = inserted("ins", "AAA");
        assert_eq!(found(&[reference(11), insertion.clone()].concat()), ["25 G>GAAA 12:1"]);
        assert!(found(&[reference(12), insertion.clone()].concat()).is_empty());
        let deletion = copies("del", 4, "26M2D23M", &with_indel(25, 2, ""));
        let both = [deletion, insertion.clone()].concat();
        assert_eq!(found(&[reference(2), both.clone()].concat()), ["25 GTC>G,GAAATC 7:4,1"]);
        assert_eq!(found(&[reference(8), both.clone()].concat()), ["25 GTC>G 13:4"]);
        // A misaligned tail from another locus is not evidence.
        let forced = copies(
            "ins",
            1,
            "26M3I25M",
            &with_indel(25, 0, "AAA").replace("TTTTTC", "AAAAAC"),
        );
        assert!(found(&[reference(2), forced].concat()).is_empty());
        let two = [inserted("ins", "AAA"), inserted("other", "CCC")].concat();
        assert_eq!(found(&two), ["25 G>GAAA,GCCC 2:1,1"]);
        // An indel of low base quality needs more evidence.
        let mut poor = insertion.clone();
        poor[0].quals.fill(11);
        assert!(found(&[reference(5), poor].concat()).is_empty());
    }

    #[test]
    fn one_supporting_read_less_requires_a_clean_read() {
        let inserted = with_indel(25, 0, "AAA");
        let forced = inserted.replace("TTTTTC", "AAAAAC");
        let found = |clean, others| {
            let reads = [
                reference(2),
                copies("plain", clean, "26M3I25M", &inserted),
                copies("forced", others, "26M3I25M", &forced),
            ];
            let sequence = Sequence::new(START, REFERENCE.into());
            let options = CandidateOptions {
                min_supporting_reads: 4,
                ..CandidateOptions::default()
            };
            let anchor = Region::new("c", START + 25, START + 26);
            find_candidates(&reads.concat(), &sequence, &anchor, &options).len()
        };
        assert_eq!([found(1, 2), found(0, 3), found(1, 1)], [1, 0, 0]);
    }

    #[test]
    fn a_misread_base_of_a_long_insertion_adds_no_allele() {
        let inserted = |name, count, bases: &str| copies(name, count, "26M20I25M", &with_indel(25, 0, bases));
        let often = inserted("often", 3, "ATTGACCGTATTGGCCAATT");
        let found_with = |others: Vec<Read>| found(&[reference(10), often.clone(), others].concat());
        let joined = ["25 G>GATTGACCGTATTGGCCAATT 14:4"];
        assert_eq!(found_with(inserted("misread", 1, "ATTGACCGTATTCGCCAATA")), joined);
        // Two reads that agree form another allele.
        let both = ["25 G>GATTGACCGTATTCGCCAATT,GATTGACCGTATTGGCCAATT 15:2,3"];
        assert_eq!(found_with(inserted("both", 2, "ATTGACCGTATTCGCCAATT")), both);
    }

    #[test]
    fn a_snp_right_before_an_insertion_is_part_of_it() {
        let complex = with_indel(25, 0, "AAA").replace("GTAGAAATCC", "GTACAAATCC");
        let reads = [reference(4), copies("complex", 3, "26M3I25M", &complex)];
        assert_eq!(found(&reads.concat()), ["25 G>CAAA 7:3"]);
    }

    #[test]
    fn a_deletion_may_span_another_candidate() {
        let reads = [
            copies("del", 4, "26M6D19M", &with_indel(25, 6, "")),
            copies("snp", 4, "51M", &with_base(28, 'T')),
        ];
        assert_eq!(found(&reads.concat()), ["25 GTCCGAT>G 8:4", "28 C>T 4:4"]);
    }

    #[test]
    fn indels_are_left_aligned() {
        // CA of GCACACACAG is deleted at its left end, in the middle, and at its right end.
        let cigars = ["13M2D36M", "15M2D34M", "19M2D30M"];
        let deleted = with_indel(12, 2, "");
        let reads: Vec<_> = cigars
            .iter()
            .flat_map(|cigar| copies(cigar, 1, cigar, &deleted))
            .collect();
        assert_eq!(found(&[reference(3), reads].concat()), ["12 GCA>G 6:3"]);
    }

    #[test]
    fn unknown_bases_and_soft_clips_are_not_alleles() {
        let reads = [
            reference(3),
            copies("n", 3, "51M", &with_base(5, 'N')),
            copies("ins", 3, "26M3I25M", &with_indel(25, 0, "ANA")),
            copies(
                "clip",
                3,
                "26M25S",
                &with_indel(25, 0, "TTTTTTTTTTTTTTTTTTTTTTTTT")[..51],
            ),
        ];
        assert!(found(&reads.concat()).is_empty());
    }
}
