//! Reads written back to a BAM file, for a look at them in a genome browser.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rust_htslib::bam::header::HeaderRecord;
use rust_htslib::bam::record::{Aux, Cigar, CigarString};
use rust_htslib::bam::{self, Header, Record, Writer};

use super::file;
use super::{CigarKind, CigarOp, Read};
use crate::genome::{Contigs, Region};
use crate::output::{BAM_INDEXES, OutputFile, ReadyFile};

/// Flags of a record (SAM specification, section 1.4).
const PAIRED: u16 = 0x1;
const REVERSE: u16 = 0x10;
const FIRST_OF_PAIR: u16 = 0x40;
const SECOND_OF_PAIR: u16 = 0x80;

/// The read group that all reads are put into.
const READ_GROUP: &str = "dvcall";

/// Longest contig that a BAI index can address, in bases (SAM specification, section 5.1.1).
const BAI_LIMIT: u64 = 1 << 29;

/// Writes reads as the caller saw them to a sorted and indexed BAM. Nothing is seen of it before it is put in place.
pub struct RealignedReadsWriter {
    writer: Writer,
    file: OutputFile,
    contigs: Contigs,
    /// Contig and end of the stretch written last.
    done: Option<(usize, u64)>,
}

impl RealignedReadsWriter {
    /// Starts `target`. `contigs` are those of the reads, in the order in which partitions come; `sample` names their
    /// sample. Fails if the folder cannot be written.
    pub fn create(target: &Path, contigs: &Contigs, sample: &str) -> Result<Self> {
        let file = OutputFile::with_index(target, BAM_INDEXES)?;
        let writer = Writer::from_path(file.path(), &header(contigs, sample), bam::Format::Bam)
            .with_context(|| file.failed())?;
        Ok(Self {
            writer,
            file,
            contigs: contigs.clone(),
            done: None,
        })
    }

    /// Writes those of a partition's `reads` (sorted by start) that overlap its `region` and that no earlier partition
    /// has written. Fails if partitions do not come in order.
    pub fn write(&mut self, reads: &[Read], region: &Region) -> Result<()> {
        let Some(contig) = self.contigs.position(&region.contig) else {
            bail!("{}: it has no contig {}", self.file.failed(), region.contig);
        };
        let written = match self.done {
            Some((last, end)) if last == contig && end <= region.start => end,
            Some((last, _)) if last >= contig => bail!("reads of {region} come too late to be written in order"),
            _ => 0,
        };
        // What starts before `written` and reaches this region overlapped the last one, and was written with it.
        let new = |read: &&Read| read.start >= written && read.start < region.end && read.end() > region.start;
        for read in reads.iter().filter(new) {
            let record = record(read, contig as i32)?;
            self.writer.write(&record).with_context(|| self.file.failed())?;
        }
        self.done = Some((contig, region.end));
        Ok(())
    }

    /// Closes and indexes it.
    pub fn close(self) -> Result<ReadyFile> {
        let Self {
            writer, file, contigs, ..
        } = self;
        drop(writer);
        let longest = contigs.iter().map(|c| c.length).max().unwrap_or(0);
        let kind = match longest < BAI_LIMIT {
            true => bam::index::Type::Bai,
            false => bam::index::Type::Csi(14),
        };
        bam::index::build::<&Path>(&file.path(), None, kind, 1).with_context(|| file.failed())?;
        // Closing does not tell whether the last block could be written; its end-of-file marker does.
        file::check(&file.path()).with_context(|| file.failed())?;
        Ok(file.ready())
    }
}

fn header(contigs: &Contigs, sample: &str) -> Header {
    let mut header = Header::new();
    header.push_record(
        HeaderRecord::new(b"HD")
            .push_tag(b"VN", "1.6")
            .push_tag(b"SO", "coordinate"),
    );
    for contig in contigs.iter() {
        header.push_record(
            HeaderRecord::new(b"SQ")
                .push_tag(b"SN", &contig.name)
                .push_tag(b"LN", contig.length),
        );
    }
    header.push_record(
        HeaderRecord::new(b"RG")
            .push_tag(b"ID", READ_GROUP)
            .push_tag(b"SM", sample),
    );
    header.push_record(
        HeaderRecord::new(b"PG")
            .push_tag(b"ID", "dvcall")
            .push_tag(b"PN", "dvcall")
            .push_tag(b"VN", env!("CARGO_PKG_VERSION")),
    );
    header
}

/// A BAM record of a read. Where its mate lies is not known any more.
fn record(read: &Read, contig: i32) -> Result<Record> {
    let cigar = CigarString(read.cigar.iter().map(operation).collect());
    let mut record = Record::new();
    record.set(&read.name, Some(&cigar), &read.bases, &read.quals);
    record.set_tid(contig);
    record.set_pos(read.start as i64);
    record.set_mtid(-1);
    record.set_mpos(-1);
    record.set_mapq(read.mapping_quality);
    record.set_insert_size(read.insert_size);
    let pair = match (read.second_of_pair, read.insert_size) {
        (true, _) => PAIRED | SECOND_OF_PAIR,
        (false, 0) => 0,
        (false, _) => PAIRED | FIRST_OF_PAIR,
    };
    record.set_flags(pair | if read.reverse { REVERSE } else { 0 });
    record.push_aux(b"RG", Aux::String(READ_GROUP))?;
    Ok(record)
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

#[cfg(test)]
mod tests {
    use rust_htslib::bam::{IndexedReader, Read as _};

    use super::super::filter::decode;
    use super::*;
    use crate::genome::Contig;
    use crate::output::put_in_place;

    fn contigs() -> Contigs {
        let contig = |name: &str| Contig {
            name: name.into(),
            length: 1_000,
        };
        ["one", "two"].map(contig).into_iter().collect()
    }

    fn read(name: &str, start: u64) -> Read {
        let op = |kind, length| CigarOp { kind, length };
        Read {
            name: name.into(),
            start,
            cigar: vec![
                op(CigarKind::Match, 4),
                op(CigarKind::Insertion, 2),
                op(CigarKind::Deletion, 50),
                op(CigarKind::Match, 4),
                op(CigarKind::SoftClip, 1),
            ],
            bases: b"ACGTNACGTAC".to_vec(),
            quals: (20..31).collect(),
            mapping_quality: 37,
            reverse: start.is_multiple_of(20),
            second_of_pair: start.is_multiple_of(3),
            insert_size: -320,
        }
    }

    #[test]
    fn each_read_is_written_once_and_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.bam");
        let mut writer = RealignedReadsWriter::create(&path, &contigs(), "sample").unwrap();
        let reads: Vec<Read> = [20, 80, 120, 180, 260, 290].map(|p| read(&format!("r{p}"), p)).into();
        // Reads of 58 bases: r20 lies before both regions, r260 starts between them, r80 and r180 reach over an edge.
        for (start, end) in [(100, 150), (150, 200), (300, 400)] {
            writer.write(&reads, &Region::new("one", start, end)).unwrap();
        }
        assert!(writer.write(&reads, &Region::new("one", 350, 500)).is_err());
        writer.write(&reads, &Region::new("two", 0, 100)).unwrap();
        assert!(writer.write(&reads, &Region::new("one", 500, 600)).is_err());
        assert!(!path.exists());
        for of_an_earlier_file in ["out.bam.csi", "out.bai", "out.csi"] {
            std::fs::write(folder.path().join(of_an_earlier_file), "").unwrap();
        }
        put_in_place(vec![writer.close().unwrap()]).unwrap();

        let mut reader = IndexedReader::from_path(&path).unwrap();
        let mut fetch = |contig: &str| -> Vec<Read> {
            reader.fetch(contig).unwrap();
            reader.records().map(|r| decode(&r.unwrap()).unwrap()).collect()
        };
        assert_eq!(fetch("one"), reads[1..]);
        assert_eq!(fetch("two"), reads[..2]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
