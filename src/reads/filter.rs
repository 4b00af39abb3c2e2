//! Decides which records are evidence, and decodes a record into a [`Read`].

use std::borrow::Cow;
use std::hash::Hasher;
use std::sync::Arc;

use clap::ValueEnum;
use rust_htslib::bam::record::{Aux, Record};
use rustc_hash::{FxHashSet, FxHasher};
use serde::Serialize;

use super::counts::ReadExclusion;
use super::downsampling::Downsampling;
use super::read::{CigarKind, CigarOp, Read};

/// Default minimum mapping quality (phred).
pub const MIN_MAPPING_QUALITY: u8 = 5;

/// Longest fragment that may join the ends of two contigs, in bases; few fragments of a short-read library are longer.
const LONGEST_FRAGMENT: u64 = 1_000;

/// Minimum base quality (phred) of evidence. A read gets a pileup row only if its bases at the candidate reach it.
pub const MIN_BASE_QUALITY: u8 = 10;

/// Quality of the bases of a read without qualities.
const ASSUMED_QUALITY: u8 = 30;

/// Flags of records that are not evidence (SAM specification, section 1.4). Duplicates come last.
const EXCLUDED: [(u16, ReadExclusion); 5] = [
    (0x4, ReadExclusion::Unmapped),
    (0x100, ReadExclusion::Secondary),
    (0x800, ReadExclusion::Supplementary),
    (0x200, ReadExclusion::FailedQualityControl),
    (0x400, ReadExclusion::Duplicate),
];
const PAIRED: u16 = 0x1;
const MATE_UNMAPPED: u16 = 0x8;
const REVERSE: u16 = 0x10;
const MATE_REVERSE: u16 = 0x20;
const SECOND_OF_PAIR: u16 = 0x80;

/// Bases of BAM's four-bit codes; ambiguity codes are N.
const BASES: [u8; 16] = *b"=ACNGNNNTNNNNNNN";

/// The two bases of each byte of a BAM sequence.
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut pair = 0;
    while pair < pairs.len() {
        pairs[pair] = [BASES[pair >> 4], BASES[pair & 0xf]];
        pair += 1;
    }
    pairs
};

/// Options of the read filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterOptions {
    pub min_mapping_quality: u8,
    /// Reads in which no base reaches this quality are counted as excluded.
    pub min_base_quality: u8,
    pub keep_duplicates: bool,
    pub mates: MatesOnOtherContigs,
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self {
            min_mapping_quality: MIN_MAPPING_QUALITY,
            min_base_quality: MIN_BASE_QUALITY,
            keep_duplicates: false,
            mates: MatesOnOtherContigs::Auto,
        }
    }
}

impl FilterOptions {
    /// Whether any base of the read reaches the minimum base quality.
    pub(super) fn has_a_usable_base(&self, read: &Read) -> bool {
        read.quals.iter().any(|&quality| quality >= self.min_base_quality)
    }
}

/// How to treat reads with a mate on another contig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum MatesOnOtherContigs {
    /// Use reads whose fragment can span the ends of both contigs, or all reads if most reads of the file have such
    /// mates
    Auto,
    /// Use all such reads
    Keep,
    /// Use no such reads
    Drop,
}

/// Selects the records of a file that are evidence for the sample.
#[derive(Clone, Debug)]
pub(super) struct ReadFilter {
    /// Identifiers of the sample's read groups; None if the file holds no other sample.
    pub read_groups: Option<FxHashSet<Vec<u8>>>,
    /// None keeps all fragments.
    pub downsampling: Option<Downsampling>,
    pub options: FilterOptions,
    /// Lengths of the contigs, in the order of the file's header.
    pub lengths: Arc<[u64]>,
}

impl ReadFilter {
    /// Whether downsampling keeps the record's fragment.
    pub fn keeps_fragment(&self, record: &Record) -> bool {
        self.downsampling.is_none_or(|part| part.keeps(&fragment_name(record)))
    }

    /// Whether a record belongs to the sample and downsampling keeps it, even if it is not evidence.
    pub fn belongs(&self, record: &Record) -> bool {
        self.judge_group(record).is_ok() && self.keeps_fragment(record)
    }

    fn judge_group(&self, record: &Record) -> Result<(), ReadExclusion> {
        let Some(groups) = &self.read_groups else {
            return Ok(());
        };
        match record.aux(b"RG") {
            Ok(Aux::String(group)) if groups.contains(group.as_bytes()) => Ok(()),
            Ok(Aux::String(_)) => Err(ReadExclusion::OtherSample),
            _ => Err(ReadExclusion::NoReadGroup),
        }
    }

    /// Fails with the reason for which the record is not evidence. Checks the read group, flags, mapping quality, the
    /// mate's contig, and that the record has bases.
    pub fn judge(&self, record: &Record) -> Result<(), ReadExclusion> {
        self.judge_group(record)?;
        let flags = record.flags();
        let kept = if self.options.keep_duplicates {
            EXCLUDED.len() - 1
        } else {
            EXCLUDED.len()
        };
        if let Some(&(_, reason)) = EXCLUDED[..kept].iter().find(|(flag, _)| flags & flag != 0) {
            return Err(reason);
        }
        if record.pos() < 0 {
            return Err(ReadExclusion::Unmapped);
        }
        if record.mapq() < self.options.min_mapping_quality {
            return Err(ReadExclusion::LowMappingQuality);
        }
        let placed_mate = flags & (PAIRED | MATE_UNMAPPED) == PAIRED && record.mtid() >= 0;
        if placed_mate && record.mtid() != record.tid() && !self.accepts_mate(record) {
            return Err(ReadExclusion::MateOnOtherContig);
        }
        if record.seq_len() == 0 {
            return Err(ReadExclusion::NoSequence);
        }
        Ok(())
    }

    /// Whether to use a read with a mate on another contig.
    fn accepts_mate(&self, record: &Record) -> bool {
        match self.options.mates {
            MatesOnOtherContigs::Keep => true,
            MatesOnOtherContigs::Drop => false,
            MatesOnOtherContigs::Auto => self.reaches_mate(record),
        }
    }

    /// Whether one fragment may span read and mate if their contigs are neighbours, as in a draft assembly. Both must
    /// point to an end of their contig, and the distances to these ends must add up to at most `LONGEST_FRAGMENT`.
    fn reaches_mate(&self, record: &Record) -> bool {
        let flags = record.flags();
        let length = end_of(record) - record.pos() as u64;
        // Distance to the contig end that the read points to.
        let outward = |tid: i32, start: i64, reverse: bool| {
            let start = u64::try_from(start).ok()?;
            let contig = *self.lengths.get(usize::try_from(tid).ok()?)?;
            Some(if reverse {
                start + length
            } else {
                contig.saturating_sub(start)
            })
        };
        let own = outward(record.tid(), record.pos(), flags & REVERSE != 0);
        let mate = outward(record.mtid(), record.mpos(), flags & MATE_REVERSE != 0);
        own.zip(mate).is_some_and(|(own, mate)| own + mate <= LONGEST_FRAGMENT)
    }
}

/// One past the last reference position of a record; a record without alignment covers one position.
pub(super) fn end_of(record: &Record) -> u64 {
    let covers = |code: &&u32| matches!(*code & 0xf, 0 | 2 | 3 | 7 | 8);
    let covered: u64 = record
        .raw_cigar()
        .iter()
        .filter(covers)
        .map(|code| u64::from(code >> 4))
        .sum();
    record.pos().max(0) as u64 + covered.max(1)
}

/// The name of a record's fragment. A record without a name (`*`) gets one made from its content, because selection and
/// pairing work by name.
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

/// Start of the record's mate, if it is placed on the same contig.
pub(super) fn mate_start(record: &Record) -> Option<u64> {
    let is_placed = record.flags() & (PAIRED | MATE_UNMAPPED) == PAIRED && record.mtid() == record.tid();
    u64::try_from(record.mpos()).ok().filter(|_| is_placed)
}

pub(super) fn is_second_of_pair(record: &Record) -> bool {
    record.flags() & SECOND_OF_PAIR != 0
}

/// Decodes a record. None if its alignment is invalid: no aligned base, an operation outside the SAM specification, or
/// a CIGAR length that differs from the sequence length.
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
        second_of_pair: is_second_of_pair(record),
        insert_size: record.insert_size(),
    })
}

/// Converts `=` and `X` to matches and drops padding and empty operations. None on an unknown operation.
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
    let mut bases = vec![0; 2 * encoded.len()];
    for (pair, &code) in bases.chunks_exact_mut(2).zip(encoded) {
        pair.copy_from_slice(&PAIRS[usize::from(code)]);
    }
    bases.truncate(length);
    bases
}
