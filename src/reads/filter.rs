//! Which records are evidence, and how a record becomes a [`Read`].

use std::borrow::Cow;
use std::hash::Hasher;

use rust_htslib::bam::record::{Aux, Record};
use rustc_hash::{FxHashSet, FxHasher};

use super::downsampling::Downsampling;
use super::{CigarKind, CigarOp, Read};

/// Reads placed with less confidence than this (phred) are not used.
pub const MIN_MAPPING_QUALITY: u8 = 5;

/// Bases of lower quality (phred) are no evidence, and the rows of a pileup are reads without such a base at the candidate.
pub const MIN_BASE_QUALITY: u8 = 10;

/// Quality given to the bases of a read that came without qualities.
const ASSUMED_QUALITY: u8 = 30;

/// Unmapped, secondary, failed quality control, duplicate, supplementary (SAM specification, section 1.4).
const EXCLUDED_FLAGS: u16 = 0x4 | 0x100 | 0x200 | 0x400 | 0x800;
const PAIRED: u16 = 0x1;
const MATE_UNMAPPED: u16 = 0x8;
const REVERSE: u16 = 0x10;
const SECOND_OF_PAIR: u16 = 0x80;

/// Bases of BAM's four-bit codes; ambiguity codes are N.
const BASES: [u8; 16] = *b"=ACNGNNNTNNNNNNN";

/// Which records of a file are evidence for the sample.
#[derive(Clone, Debug)]
pub(super) struct ReadFilter {
    /// Identifiers of the sample's read groups, if the file holds other samples as well.
    pub read_groups: Option<FxHashSet<Vec<u8>>>,
    /// What to keep of what is left, if not all.
    pub downsampling: Option<Downsampling>,
}

impl ReadFilter {
    /// Judges by flags, mapping quality, the place of the mate (a pair split over two contigs is not placed well
    /// enough) and the read group; where groups matter, a record without one belongs to nobody.
    pub fn passes(&self, record: &Record) -> bool {
        let flags = record.flags();
        let placed_mate = flags & (PAIRED | MATE_UNMAPPED) == PAIRED && record.mtid() >= 0;
        flags & EXCLUDED_FLAGS == 0
            && record.mapq() >= MIN_MAPPING_QUALITY
            && record.pos() >= 0
            && !(placed_mate && record.mtid() != record.tid())
            && self.read_groups.as_ref().is_none_or(|groups| match record.aux(b"RG") {
                Ok(Aux::String(group)) => groups.contains(group.as_bytes()),
                _ => false,
            })
            && self.downsampling.is_none_or(|part| part.keeps(&fragment_name(record)))
    }
}

/// The name of a record's fragment. One without a name (`*`) gets one by what it holds: which reads are chosen by chance, and which
/// are mates, is known by names.
pub(super) fn fragment_name(record: &Record) -> Cow<'_, [u8]> {
    match record.qname() {
        b"*" => {
            let mut hasher = FxHasher::default();
            hasher.write_i64(record.pos());
            hasher.write_u16(record.flags());
            hasher.write(record.seq().encoded);
            hasher.write(record.qual());
            Cow::Owned(format!("*{:016x}", hasher.finish()).into_bytes())
        }
        name => Cow::Borrowed(name),
    }
}

/// Decodes a record, or gives nothing if its alignment is not proper: no base aligned, an operation that the SAM
/// specification does not know, or a length that is not that of the sequence.
pub(super) fn decode(record: &Record) -> Option<Read> {
    let cigar = decode_cigar(record.raw_cigar())?;
    let length: u32 = cigar
        .iter()
        .filter(|op| op.kind.consumes_read())
        .map(|op| op.length)
        .sum();
    let aligned = cigar.iter().any(|op| op.kind == CigarKind::Match);
    if !aligned || length as usize != record.seq_len() {
        return None;
    }
    let mut quals = record.qual().to_vec();
    if quals.first() == Some(&255) {
        quals.fill(ASSUMED_QUALITY);
    }
    Some(Read {
        name: fragment_name(record).into_owned(),
        start: record.pos() as u64,
        cigar,
        bases: decode_bases(record.seq().encoded, record.seq_len()),
        quals,
        mapping_quality: record.mapq(),
        reverse: record.flags() & REVERSE != 0,
        second_of_pair: record.flags() & SECOND_OF_PAIR != 0,
        insert_size: record.insert_size(),
    })
}

/// Joins `=` and `X` into matches and drops padding and empty operations.
fn decode_cigar(codes: &[u32]) -> Option<Vec<CigarOp>> {
    let mut cigar: Vec<CigarOp> = Vec::with_capacity(codes.len());
    for &code in codes {
        let kind = match code & 0xf {
            0 | 7 | 8 => CigarKind::Match,
            1 => CigarKind::Insertion,
            2 => CigarKind::Deletion,
            3 => CigarKind::RefSkip,
            4 => CigarKind::SoftClip,
            5 => CigarKind::HardClip,
            6 => continue,
            _ => return None,
        };
        let length = code >> 4;
        match cigar.last_mut() {
            _ if length == 0 => {}
            Some(last) if last.kind == kind => last.length += length,
            _ => cigar.push(CigarOp { kind, length }),
        }
    }
    Some(cigar)
}

fn decode_bases(encoded: &[u8], length: usize) -> Vec<u8> {
    let mut bases: Vec<u8> = encoded
        .iter()
        .flat_map(|&pair| [BASES[usize::from(pair >> 4)], BASES[usize::from(pair & 0xf)]])
        .collect();
    bases.truncate(length);
    bases
}
