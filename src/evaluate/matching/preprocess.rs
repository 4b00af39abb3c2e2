//! Normalizes a call set for counting as the GA4GH tools do: splits records by allele, splits complex alleles into
//! primitives, left-aligns every allele as far as the previous call allows, and joins heterozygous neighbours again.

use crate::variants::Edit;
use rayon::prelude::*;

use super::primitive::primitives;
use crate::evaluate::calls::{CallQualities, JudgedByGates, SampleCall};
use crate::genome::Sequence;

/// Most bases that an allele is shifted to the left.
const MAX_SHIFT: u64 = 1_024;

/// One allele during normalization. `change` may include bases shared with the reference.
#[derive(Clone, Debug)]
struct Piece {
    change: Edit,
    /// Which of the two haplotypes carry the allele.
    on: [bool; 2],
    phase: Option<i32>,
    filters: Vec<u16>,
    score: CallQualities,
    /// Whether the piece is a primitive of a complex allele.
    is_primitive: bool,
}

impl Piece {
    fn is_het(&self) -> bool {
        self.on[0] != self.on[1]
    }

    /// Position of the record: for a pure insertion the base before it, otherwise the first base, which both
    /// alleles may share.
    fn position(&self) -> u64 {
        let change = &self.change;
        change.start.saturating_sub(u64::from(change.is_insertion()))
    }

    /// Order of records at one position: substitutions, then deletions and complex alleles, then pure insertions.
    /// Shorter alleles come first; among equals, alleles that were not split.
    fn order(&self) -> (u64, u8, usize, usize, &[u8], bool) {
        let change = &self.change;
        let kind = match (change.is_substitution(), change.is_insertion()) {
            (true, _) => 0,
            (_, false) => 1,
            (_, true) => 2,
        };
        (
            self.position(),
            kind,
            change.reference_length(),
            change.bases.len(),
            &change.bases,
            self.is_primitive,
        )
    }
}

/// Normalizes the calls of one contig. `sequence` spans the calls with context on both sides. `phased`: keep phase sets
/// apart; otherwise phase is dropped.
pub fn preprocess(calls: &[SampleCall], sequence: &Sequence, phased: bool) -> Vec<SampleCall> {
    let mut pieces: Vec<Piece> = calls.iter().flat_map(|c| split(c, phased)).collect();
    pieces.sort_by(|a, b| {
        let key = |p: &Piece| (p.change.start, std::cmp::Reverse(p.change.end));
        (key(a), &a.change.bases).cmp(&(key(b), &b.change.bases))
    });
    let whole = pieces.into_par_iter().with_min_len(256);
    let mut pieces: Vec<Piece> = whole.flat_map_iter(|p| split_complex(p, sequence)).collect();
    pieces.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut last_base = 0;
    for piece in &mut pieces {
        let limit = piece.position().saturating_sub(MAX_SHIFT).max(last_base);
        piece.change = left_shift(&piece.change, sequence, limit);
        last_base = last_base.max(piece.change.end.saturating_sub(1));
    }
    pieces.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut calls: Vec<SampleCall> = join(pieces).into_iter().map(|group| to_call(group, sequence)).collect();
    // A record with an added anchor base can begin before other records.
    calls.sort_by_key(|call| (call.position, call.end()));
    calls
}

/// One piece for each allele of a call.
fn split(call: &SampleCall, phased: bool) -> Vec<Piece> {
    let alleles: Vec<_> = call.genotype.iter().map(|&a| call.alternate(a)).collect();
    let piece = |bases: &[u8], on| Piece {
        change: Edit {
            start: call.position,
            end: call.end(),
            bases: bases.to_vec(),
        },
        on,
        phase: call.phase.filter(|_| phased),
        filters: call.filters.clone(),
        score: call.score,
        is_primitive: false,
    };
    match alleles[..] {
        [Some(a), Some(b)] if a == b => vec![piece(a, [true, true])],
        [a, b] => {
            let first = a.map(|bases| piece(bases, [true, false]));
            first
                .into_iter()
                .chain(b.map(|bases| piece(bases, [false, true])))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The primitives of a complex allele; a simple allele does not change.
fn split_complex(piece: Piece, sequence: &Sequence) -> Vec<Piece> {
    let whole = &piece.change;
    let reference = sequence.slice(whole.start, whole.end);
    let bare = Edit::between(whole.start, reference, &whole.bases, false);
    let (r, a) = (bare.reference_length(), bare.bases.len());
    if r == 0 && a == 0 {
        return Vec::new();
    }
    if r == 0 || a == 0 || (r == 1 && a == 1) {
        return vec![piece];
    }
    primitives(&bare, sequence.slice(bare.start, bare.end))
        .into_iter()
        .map(|change| Piece {
            change,
            is_primitive: true,
            ..piece.clone()
        })
        .collect()
}

/// Trims an allele to at most one shared base and shifts it to the left, but not beyond `limit`.
fn left_shift(change: &Edit, sequence: &Sequence, limit: u64) -> Edit {
    let mut shifted = trim_padded(change, sequence);
    let r = shifted.reference_length();
    let mut limit = limit;
    if r <= 1 && shifted.bases.len() > r && (r == 0 || shifted.bases[0] == sequence.base(shifted.start)) {
        // An insertion needs the base before it.
        limit += 1;
    }
    loop {
        if shifted.start <= limit || sequence.base(shifted.start - 1) == b'N' {
            break;
        }
        let mut moved = false;
        if shifted.end > shifted.start
            && shifted
                .bases
                .last()
                .is_some_and(|&b| b == sequence.base(shifted.end - 1))
        {
            shifted.end -= 1;
            shifted.bases.pop();
            moved = true;
        }
        if shifted.end == shifted.start || shifted.bases.is_empty() {
            shifted.start -= 1;
            shifted.bases.insert(0, sequence.base(shifted.start));
            moved = true;
        }
        if !moved {
            break;
        }
    }
    trim_padded(&shifted, sequence)
}

/// Trims shared bases on the left, then on the right; at least one base stays on both sides.
fn trim_padded(change: &Edit, sequence: &Sequence) -> Edit {
    let mut trimmed = change.clone();
    let mut left = 0;
    while trimmed.reference_length() > 1
        && trimmed.bases.len() - left > 1
        && trimmed.bases[left] == sequence.base(trimmed.start)
    {
        trimmed.start += 1;
        left += 1;
    }
    trimmed.bases.drain(..left);
    while trimmed.reference_length() > 1
        && trimmed.bases.len() > 1
        && trimmed
            .bases
            .last()
            .is_some_and(|&b| b == sequence.base(trimmed.end - 1))
    {
        trimmed.end -= 1;
        trimmed.bases.pop();
    }
    trimmed
}

/// Joins two heterozygous alleles of one kind at one position into one record.
fn join(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut records: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        if let Some([only]) = records.last().map(Vec::as_slice)
            && only.position() == piece.position()
            && only.is_het()
            && piece.is_het()
            && only.change.is_substitution() == piece.change.is_substitution()
            && only.filters == piece.filters
            && (only.phase.is_none() || only.phase != piece.phase || only.on != piece.on)
            && let Some(record) = records.last_mut()
        {
            record.push(piece);
        } else {
            records.push(vec![piece]);
        }
    }
    records
}

fn to_call(pieces: Vec<Piece>, sequence: &Sequence) -> SampleCall {
    let start = pieces.iter().map(Piece::position).min().unwrap_or(0);
    let end = pieces.iter().map(|p| p.change.end).max().unwrap_or(0);
    // An allele needs a base. If an allele deletes the whole record, the base before the record is added; at the
    // start of the contig, the base after it. An insertion at the start of the contig needs a base too.
    let is_empty = |change: &Edit| change.bases.is_empty() && (change.start, change.end) == (start, end);
    let (start, end) = match pieces.iter().any(|p| is_empty(&p.change)) || end == start {
        true if start == 0 => (0, end + 1),
        true => (start - 1, end),
        false => (start, end),
    };
    let reference = sequence.slice(start, end).to_vec();
    let extended = |change: &Edit| {
        let before = (change.start - start) as usize;
        let after = reference.len() - (end - change.end) as usize;
        [&reference[..before], &change.bases, &reference[after..]].concat()
    };
    let mut alternates: Vec<Vec<u8>> = pieces.iter().map(|p| extended(&p.change)).collect();
    alternates.dedup();
    let genotype = match &pieces[..] {
        [_, _] if alternates.len() == 1 => vec![Some(1), Some(1)],
        [first, _] if first.on[0] => vec![Some(1), Some(2)],
        [_, _] => vec![Some(2), Some(1)],
        [one, ..] => one.on.iter().map(|&on| Some(u8::from(on))).collect(),
        [] => Vec::new(),
    };
    let highest =
        |value: fn(&CallQualities) -> Option<f32>| pieces.iter().filter_map(|p| value(&p.score)).reduce(f32::max);
    SampleCall {
        position: start,
        reference,
        alternates,
        genotype,
        is_haploid: false,
        phase: pieces.first().and_then(|p| p.phase),
        filters: pieces.first().map(|p| p.filters.clone()).unwrap_or_default(),
        score: CallQualities {
            quality: highest(|s| s.quality),
            genotype: highest(|s| s.genotype),
            tier: pieces.iter().filter_map(|p| p.score.tier).max(),
            gates: pieces
                .iter()
                .map(|p| p.score.gates)
                .reduce(JudgedByGates::with)
                .unwrap_or_default(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(position: u64, reference: &str, alternates: &[&str], genotype: [u8; 2]) -> SampleCall {
        SampleCall {
            position,
            reference: reference.into(),
            alternates: alternates.iter().map(|a| a.as_bytes().to_vec()).collect(),
            genotype: genotype.map(Some).to_vec(),
            is_haploid: false,
            phase: None,
            filters: Vec::new(),
            score: CallQualities::default(),
        }
    }

    fn records(calls: &[SampleCall], contig: &str) -> Vec<String> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        preprocess(calls, &Sequence::new(0, contig.into()), false)
            .iter()
            .map(|c| {
                let alts: Vec<_> = c.alternates.iter().map(|a| text(a)).collect();
                let gt: Vec<_> = c.genotype.iter().map(|g| g.unwrap().to_string()).collect();
                format!(
                    "{} {} {} {}",
                    c.position,
                    text(&c.reference),
                    alts.join(","),
                    gt.join("/")
                )
            })
            .collect()
    }

    #[test]
    fn indels_are_left_aligned() {
        assert_eq!(records(&[call(5, "AA", &["A"], [0, 1])], "TTCAAAAG"), ["2 CA C 0/1"]);
        assert_eq!(records(&[call(6, "A", &["AA"], [1, 1])], "TTCAAAAG"), ["2 C CA 1/1"]);
    }

    #[test]
    fn no_allele_is_shifted_over_the_previous_call() {
        let calls = [call(4, "A", &["G"], [0, 1]), call(6, "AA", &["A"], [0, 1])];
        assert_eq!(records(&calls, "TTCAAAAAG"), ["4 A G 0/1", "4 AA A 0/1"]);
    }

    #[test]
    fn complex_alleles_are_split_and_two_alleles_joined() {
        assert_eq!(
            records(&[call(1, "ACG", &["TCT"], [0, 1])], "GACGT"),
            ["1 A T 0/1", "3 G T 0/1"]
        );
        assert_eq!(records(&[call(1, "A", &["C", "T"], [1, 2])], "GACGT"), ["1 A C,T 1/2"]);
        assert_eq!(
            records(
                &[call(4, "GATTCA", &["CATTCGTTG"], [0, 1])],
                "TTCGGATTCAAGGCTAGACCATGCA"
            ),
            ["4 G C 0/1", "9 A G 0/1", "9 A ATTG 0/1"]
        );
        let twice = [call(1, "A", &["C"], [0, 1]), call(1, "A", &["C"], [0, 1])];
        assert_eq!(records(&twice, "GACGT"), ["1 A C 1/1"]);
    }

    #[test]
    fn an_insertion_is_joined_at_the_base_before_it() {
        let shared = call(4, "AGAA", &["ACGAA", "ACGAAT"], [1, 2]);
        assert_eq!(records(&[shared], "GGTCAGAATTCG"), ["4 A AC 1/1", "7 A AT 0/1"]);
        let beside_a_deletion = [call(4, "A", &["G", "GTT"], [1, 2]), call(4, "AC", &["A"], [0, 1])];
        assert_eq!(
            records(&beside_a_deletion, "GATTACAGGC"),
            ["4 A G 1/1", "4 AC A,ATTC 2/1"]
        );
        let before_a_deletion = [call(4, "A", &["C", "CG"], [1, 2]), call(5, "CA", &["C"], [0, 1])];
        assert_eq!(
            records(&before_a_deletion, "GATTACAGGC"),
            ["4 A C 1/1", "4 A AG 0/1", "5 CA C 0/1"]
        );
    }

    #[test]
    fn unsplit_calls_come_before_primitives() {
        let calls = [
            call(1, "TAC", &["GG"], [0, 1]),
            call(2, "A", &["G"], [1, 1]),
            call(2, "A", &["C"], [0, 1]),
        ];
        assert_eq!(
            records(&calls, "GTACTT"),
            ["1 T G 0/1", "2 A C 0/1", "2 A G 1/1", "2 A G 0/1", "2 AC A 0/1"]
        );
    }
}
