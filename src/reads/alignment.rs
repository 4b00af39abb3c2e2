//! Writes the new alignment of a realigned read into its BAM record.

use anyhow::Result;
use rust_htslib::bam::record::{Aux, Cigar, CigarString, Record};

use super::filter::decode;
use super::read::{CigarKind, CigarOp, Read};

/// The alignment that a record gets: 0-based start and CIGAR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenAlignment {
    pub start: i64,
    pub cigar: CigarString,
}

impl WrittenAlignment {
    /// The alignment that `record` gets from `read`; bases that were cut off the read become soft clips. None if
    /// the alignment does not change, or if the read was not made from this record.
    pub fn new(read: &Read, record: &Record) -> Option<Self> {
        let before = decode(record)?;
        let cut = |end: fn(&[CigarOp]) -> Option<&CigarOp>| hard_clip(end(&read.cigar)) - hard_clip(end(&before.cigar));
        let (left, right) = (cut(<[_]>::first), cut(<[_]>::last));
        let kept = usize::try_from(left).ok()?..before.bases.len().checked_sub(usize::try_from(right).ok()?)?;
        let same = (read.reverse, read.mapping_quality) == (before.reverse, before.mapping_quality);
        if !same || before.bases.get(kept) != Some(&read.bases) {
            return None;
        }
        let inner = read.cigar.iter().filter(|op| op.kind != CigarKind::HardClip);
        let clip = |kind, length: i64| CigarOp {
            kind,
            length: length as u32,
        };
        let whole = [
            clip(CigarKind::HardClip, hard_clip(before.cigar.first())),
            clip(CigarKind::SoftClip, left),
        ]
        .into_iter()
        .chain(inner.copied())
        .chain([
            clip(CigarKind::SoftClip, right),
            clip(CigarKind::HardClip, hard_clip(before.cigar.last())),
        ]);
        let cigar = joined(whole);
        (read.start != before.start || cigar != before.cigar).then(|| Self {
            start: read.start as i64,
            cigar: CigarString(cigar.iter().map(operation).collect()),
        })
    }

    /// One past the last aligned reference position.
    pub fn end(&self) -> i64 {
        let consumes_reference = |op: &&Cigar| matches!(op, Cigar::Match(_) | Cigar::Del(_) | Cigar::RefSkip(_));
        let length: u32 = self.cigar.iter().filter(consumes_reference).map(|op| op.len()).sum();
        self.start + i64::from(length)
    }

    /// Writes the alignment into the record. `reference` holds the bases from start to end. NM is counted again; MD is
    /// removed.
    pub fn apply(&self, record: &mut Record, reference: &[u8]) -> Result<()> {
        record.set_pos(self.start);
        record.set_cigar(Some(&self.cigar));
        record.set_bin(bin(self.start, self.end()));
        if record.aux(b"NM").is_ok() {
            let differences = differences(&self.cigar, &record.seq().as_bytes(), reference);
            record.update_aux(b"NM", Aux::I32(differences as i32))?;
        }
        if record.aux(b"MD").is_ok() {
            record.remove_aux(b"MD")?;
        }
        Ok(())
    }
}

fn hard_clip(op: Option<&CigarOp>) -> i64 {
    op.filter(|op| op.kind == CigarKind::HardClip)
        .map_or(0, |op| op.length.into())
}

/// Joins adjacent operations of one kind and drops empty operations.
fn joined(ops: impl Iterator<Item = CigarOp>) -> Vec<CigarOp> {
    let mut cigar: Vec<CigarOp> = Vec::new();
    for op in ops.filter(|op| op.length > 0) {
        match cigar.last_mut() {
            Some(last) if last.kind == op.kind => last.length += op.length,
            _ => cigar.push(op),
        }
    }
    cigar
}

fn operation(op: &CigarOp) -> Cigar {
    match op.kind {
        CigarKind::Match => Cigar::Match(op.length),
        CigarKind::Insertion => Cigar::Ins(op.length),
        CigarKind::Deletion => Cigar::Del(op.length),
        CigarKind::RefSkip => Cigar::RefSkip(op.length),
        CigarKind::SoftClip => Cigar::SoftClip(op.length),
        CigarKind::HardClip => Cigar::HardClip(op.length),
    }
}

/// NM: mismatched, inserted and deleted bases. Only A, C, G and T can match (SAM tags, section 1.1).
fn differences(cigar: &CigarString, bases: &[u8], reference: &[u8]) -> usize {
    let (mut base, mut position, mut count) = (0, 0, 0);
    for op in cigar.iter() {
        let length = op.len() as usize;
        match op {
            Cigar::Match(_) => {
                let pairs = bases[base..].iter().zip(&reference[position..]).take(length);
                count += pairs.filter(|(a, b)| a != b || !b"ACGT".contains(a)).count();
                (base, position) = (base + length, position + length);
            }
            Cigar::Ins(_) => (base, count) = (base + length, count + length),
            Cigar::Del(_) => (position, count) = (position + length, count + length),
            Cigar::RefSkip(_) => position += length,
            Cigar::SoftClip(_) => base += length,
            _ => {}
        }
    }
    count
}

/// The BAM bin of an alignment (SAM specification, section 5.3).
fn bin(start: i64, end: i64) -> u16 {
    let last = end.max(start + 1) - 1;
    let levels = [(14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)];
    let level = levels.into_iter().find(|&(shift, _)| start >> shift == last >> shift);
    level.map_or(0, |(shift, first)| (first + (start >> shift)) as u16)
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;

    fn record(pos: i64, cigar: &str, bases: &[u8]) -> Record {
        let mut record = Record::new();
        let cigar = CigarString::try_from(cigar).unwrap();
        record.set(b"r", Some(&cigar), bases, &vec![30; bases.len()]);
        record.set_pos(pos);
        record.set_tid(0);
        record.set_mapq(60);
        record.set_flags(0);
        record
    }

    fn aligned(pos: i64, cigar: &str, read: &Read) -> Option<(i64, String)> {
        let alignment = WrittenAlignment::new(read, &record(pos, cigar, b"ACGTACGTAC"))?;
        Some((alignment.start, alignment.cigar.to_string()))
    }

    #[test]
    fn the_record_gets_the_reads_alignment_and_trimmed_bases_are_clipped() {
        let whole = |start, cigar| Read {
            mapping_quality: 60,
            ..read("r", start, cigar, b"ACGTACGTAC")
        };
        assert_eq!(aligned(10, "10M", &whole(10, "10M")), None);
        assert_eq!(aligned(10, "4=1X5=", &whole(10, "10M")), None);
        assert_eq!(aligned(10, "5H10M", &whole(10, "5H10M")), None);
        assert_eq!(aligned(10, "10M", &whole(12, "4M2D6M")), Some((12, "4M2D6M".into())));
        let cut = Read {
            bases: b"TACGTA".to_vec(),
            ..whole(13, "3H4M2S1H")
        };
        assert_eq!(aligned(10, "10M", &cut), Some((13, "3S4M3S".into())));
        assert_eq!(
            aligned(
                10,
                "2S8M7H",
                &Read {
                    cigar: crate::reads::testing::ops("3H4M2S8H"),
                    ..cut.clone()
                }
            ),
            Some((13, "3S4M3S7H".into()))
        );
        let other_read = Read {
            bases: b"TACGTT".to_vec(),
            ..cut
        };
        assert_eq!(aligned(10, "10M", &other_read), None);
    }

    #[test]
    fn tags_describe_the_new_alignment() {
        let mut record = record(10, "10M", b"ACGTACGTAN");
        for (tag, value) in [
            (b"NM", Aux::I32(9)),
            (b"MD", Aux::String("10")),
            (b"RG", Aux::String("g")),
        ] {
            record.push_aux(tag, value).unwrap();
        }
        let alignment = WrittenAlignment {
            start: 16_380,
            cigar: CigarString::try_from("1S3M2D1M1I4M").unwrap(),
        };
        assert_eq!(alignment.end(), 16_390);
        alignment.apply(&mut record, b"CGAGGAGTAN").unwrap();
        // One mismatch, two bases deleted, one inserted, and N against N.
        assert!(matches!(
            record.aux(b"NM").unwrap(),
            Aux::I32(5) | Aux::U32(5) | Aux::U8(5)
        ));
        assert!(record.aux(b"MD").is_err());
        assert_eq!(record.aux(b"RG").unwrap(), Aux::String("g"));
        assert_eq!(
            (record.pos(), record.bin(), record.cigar().to_string()),
            (16_380, 585, "1S3M2D1M1I4M".into())
        );
    }
}
