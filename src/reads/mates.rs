//! Holds records on their way to a sorted file until the new positions of their mates are known.

use std::collections::BTreeMap;

use anyhow::Result;
use rust_htslib::bam::record::{Aux, Record};

use super::alignment::WrittenAlignment;

/// Flags of a record (SAM specification, section 1.4).
const PAIRED: u16 = 0x1;
const UNMAPPED: u16 = 0x4;
const MATE_UNMAPPED: u16 = 0x8;
const SECONDARY: u16 = 0x100;
const SUPPLEMENTARY: u16 = 0x800;
const NUMBER_IN_PAIR: u16 = 0x40 | 0x80;

/// How far a read may move, and how far away its mate may lie, in bases. A record is held until this distance has been
/// read.
const REACH: i64 = 2_000;

/// How a mate's record identifies a record: start, name, and flags of first or second in pair.
type Pointer = (i64, Vec<u8>, u16);

/// Holds the records of one contig. They are pushed in the order of their original starts.
#[derive(Default)]
pub(super) struct HeldRecords {
    /// By new start, then by order of input.
    held: BTreeMap<(i64, u64), Record>,
    count: u64,
    /// New alignments of recently moved records, by the pointer that their mates hold.
    moved: BTreeMap<Pointer, WrittenAlignment>,
}

impl HeldRecords {
    /// Whether a record may get `alignment`. A record with a distant mate or a supplementary alignment may not, because
    /// the records that point to it could not be updated.
    pub fn may_move(record: &Record, alignment: &WrittenAlignment) -> bool {
        let flags = record.flags();
        let has_mate = flags & (PAIRED | MATE_UNMAPPED) == PAIRED;
        let near = |place: i64| (place - record.pos()).abs() <= REACH;
        flags & (UNMAPPED | SECONDARY | SUPPLEMENTARY) == 0
            && near(alignment.start)
            && (!has_mate || record.mtid() == record.tid() && near(record.mpos()))
            && record.aux(b"SA").is_err()
    }

    /// Notes that `record`, still with its old alignment, gets `alignment`.
    pub fn note_move(&mut self, record: &Record, alignment: &WrittenAlignment) {
        let pointer = (record.pos(), record.qname().to_vec(), record.flags() & NUMBER_IN_PAIR);
        self.moved.insert(pointer, alignment.clone());
    }

    pub fn push(&mut self, record: Record) {
        self.held.insert((record.pos(), self.count), record);
        self.count += 1;
    }

    /// Passes to `write`, in order, the records that no later record can change or precede. Later records start at
    /// `next` or behind it.
    pub fn release(&mut self, next: i64, mut write: impl FnMut(&Record) -> Result<()>) -> Result<()> {
        let final_before = next.saturating_sub(2 * REACH);
        while let Some(entry) = self.held.first_entry().filter(|entry| entry.key().0 < final_before) {
            let mut record = entry.remove();
            self.point_to_mate(&mut record)?;
            write(&record)?;
        }
        // A record that is still held was moved by one reach at most, and its mate is at most one reach away.
        let oldest = (final_before.saturating_sub(2 * REACH), Vec::new(), 0);
        self.moved = self.moved.split_off(&oldest);
        Ok(())
    }

    /// Passes all remaining records to `write`.
    pub fn finish(&mut self, write: impl FnMut(&Record) -> Result<()>) -> Result<()> {
        self.release(i64::MAX, write)
    }

    fn point_to_mate(&self, record: &mut Record) -> Result<()> {
        let flags = record.flags();
        if flags & PAIRED == 0 || record.mtid() != record.tid() {
            return Ok(());
        }
        let place = (flags & NUMBER_IN_PAIR) ^ NUMBER_IN_PAIR;
        let pointer = (record.mpos(), record.qname().to_vec(), place);
        if let Some(mate) = self.moved.get(&pointer) {
            record.set_mpos(mate.start);
            if record.aux(b"MC").is_ok() {
                record.update_aux(b"MC", Aux::String(&mate.cigar.to_string()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rust_htslib::bam::record::CigarString;

    use super::*;

    fn record(name: &str, pos: i64, place: u16, mate: i64) -> Record {
        let mut record = Record::new();
        record.set(name.as_bytes(), None, b"A", &[30]);
        record.set_tid(0);
        record.set_pos(pos);
        record.set_mtid(0);
        record.set_mpos(mate);
        record.set_flags(PAIRED | place);
        record.push_aux(b"MC", Aux::String("1M")).unwrap();
        record
    }

    fn alignment(start: i64) -> WrittenAlignment {
        WrittenAlignment {
            start,
            cigar: CigarString::try_from("2M").unwrap(),
        }
    }

    #[test]
    fn mates_point_to_the_new_positions() {
        let (mut records, mut wrote) = (HeldRecords::default(), Vec::new());
        let mut write = |record: &Record| {
            let cigar = match record.aux(b"MC") {
                Ok(Aux::String(cigar)) => cigar.to_owned(),
                _ => panic!(),
            };
            wrote.push((record.pos(), record.mpos(), cigar));
            Ok(())
        };
        // Both mates of pair a move: one forwards past a record of b, one backwards.
        for (name, pos, place, mate, to) in [
            ("a", 100, 0x40, 700, Some(130)),
            ("b", 120, 0x40, 900_000, None),
            ("a", 700, 0x80, 100, Some(650)),
            ("b", 900_000, 0x80, 120, None),
        ] {
            records.release(pos, &mut write).unwrap();
            let mut record = record(name, pos, place, mate);
            if let Some(to) = to {
                assert!(HeldRecords::may_move(&record, &alignment(to)));
                records.note_move(&record, &alignment(to));
                record.set_pos(to);
            } else {
                assert!(!HeldRecords::may_move(&record, &alignment(pos)));
            }
            records.push(record);
        }
        records.finish(&mut write).unwrap();
        let expected = [
            (120, 900_000, "1M"),
            (130, 650, "2M"),
            (650, 130, "2M"),
            (900_000, 120, "1M"),
        ];
        assert_eq!(wrote, expected.map(|(pos, mate, cigar)| (pos, mate, cigar.to_owned())));
    }

    #[test]
    fn records_whose_pointers_cannot_be_updated_are_not_moved() {
        let mut chimera = record("a", 100, 0x40, 200);
        assert!(HeldRecords::may_move(&chimera, &alignment(110)));
        assert!(!HeldRecords::may_move(&chimera, &alignment(100 + REACH + 1)));
        chimera.push_aux(b"SA", Aux::String("c,1,+,1M,60,0;")).unwrap();
        assert!(!HeldRecords::may_move(&chimera, &alignment(110)));
        assert!(!HeldRecords::may_move(
            &record("a", 100, 0x40 | SUPPLEMENTARY, 200),
            &alignment(110)
        ));
    }
}
