//! Writes the records of the file to a BAM, realigned reads with their new alignments, for genome browsers and other
//! tools.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rust_htslib::bam::{self, Header, HeaderView, Record, Writer};
use rustc_hash::FxHashMap;

use super::alignment::WrittenAlignment;
use super::filter::{ReadFilter, fragment_name, is_second_of_pair};
use super::mates::HeldRecords;
use super::read::Read;
use super::records::Records;
use super::source::ReadSource;
use crate::formats::alignment_file;
use crate::genome::{Contigs, Reference, ReferenceReader, Region};
use crate::output::{BAM_INDEXES, OutputFile, ReadyFile};

/// Longest contig that a BAI index can address, in bases (SAM specification, section 5.1.1).
const BAI_LIMIT: u64 = 1 << 29;

/// Writes the sample's records of each region, with the caller's alignments, to a sorted and indexed BAM. The file
/// appears only when it is complete.
pub struct RealignedReadsWriter {
    records: Records,
    filter: ReadFilter,
    reference: ReferenceReader,
    writer: Writer,
    file: OutputFile,
    contigs: Contigs,
    /// For each contig of the input header, its number in the output header.
    numbers: Vec<i32>,
    held: HeldRecords,
    /// Contig and end of the region written last.
    last_region: Option<(usize, u64)>,
}

impl RealignedReadsWriter {
    /// Starts the file `target`. Regions must come in the order of the reference's contigs. Fails if the folder is not
    /// writable.
    pub fn create(target: &Path, source: &ReadSource, reference: &Reference) -> Result<Self> {
        let [input] = source.files() else {
            bail!("--realigned-reads needs a single file of reads; join the files with: samtools merge");
        };
        let file = OutputFile::with_index(target, BAM_INDEXES)?;
        let (records, filter) = source.whole_records(input)?;
        let contigs = reference.contigs().clone();
        let (header, numbers) = header(records.header(), &contigs);
        let writer = Writer::from_path(file.path(), &header, bam::Format::Bam).with_context(|| file.failed())?;
        Ok(Self {
            records,
            filter,
            reference: reference.reader()?,
            writer,
            file,
            contigs,
            numbers,
            held: HeldRecords::default(),
            last_region: None,
        })
    }

    /// Writes the records that overlap `region` and that no earlier region has written. `reads` are the realigned reads
    /// of the region. Fails if regions do not come in order.
    pub fn write(&mut self, reads: &[Read], region: &Region) -> Result<()> {
        let Some(contig) = self.contigs.position(&region.contig) else {
            bail!("{}: the reference has no contig {}", self.file.failed(), region.contig);
        };
        let written = match self.last_region {
            Some((last, end)) if last == contig && end <= region.start => end,
            Some((last, _)) if last >= contig => bail!("cannot write reads of {region}: regions are not in order"),
            _ => {
                self.held.finish(sink(&mut self.writer, &self.file))?;
                0
            }
        };
        let realigned = by_fragment(reads);
        self.records.fetch(region.clone())?;
        while let Some(record) = self.records.next()? {
            // A record that starts before `written` overlaps the last region, which has already written it.
            if record.pos() >= written as i64 && self.filter.belongs(record) {
                self.held.release(record.pos(), sink(&mut self.writer, &self.file))?;
                let key = (fragment_name(record).into_owned(), is_second_of_pair(record));
                let read = realigned.get(&key).copied().flatten();
                let record = record.clone();
                self.push(record, read, &region.contig)?;
            }
        }
        self.last_region = Some((contig, region.end));
        Ok(())
    }

    fn push(&mut self, mut record: Record, read: Option<&Read>, contig: &str) -> Result<()> {
        let alignment = read.and_then(|read| WrittenAlignment::new(read, &record));
        if let Some(alignment) = alignment.filter(|new| HeldRecords::may_move(&record, new)) {
            let (start, end) = (alignment.start as u64, alignment.end() as u64);
            self.held.note_move(&record, &alignment);
            alignment.apply(&mut record, &self.reference.fetch(contig, start, end)?)?;
        }
        let number = |contig: i32| usize::try_from(contig).ok().and_then(|c| self.numbers.get(c)).copied();
        record.set_tid(number(record.tid()).unwrap_or(-1));
        record.set_mtid(number(record.mtid()).unwrap_or(-1));
        self.held.push(record);
        Ok(())
    }

    /// Closes and indexes the file.
    pub fn close(mut self) -> Result<ReadyFile> {
        self.held.finish(sink(&mut self.writer, &self.file))?;
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
        // Closing does not report whether the last block was written. The end-of-file marker shows it.
        alignment_file::check(&file.path()).with_context(|| file.failed())?;
        Ok(file.ready())
    }
}

fn sink<'a>(writer: &'a mut Writer, file: &'a OutputFile) -> impl FnMut(&Record) -> Result<()> + 'a {
    move |record| writer.write(record).with_context(|| file.failed())
}

/// The reads by name and number in the pair. None where several reads share both.
fn by_fragment(reads: &[Read]) -> FxHashMap<(Vec<u8>, bool), Option<&Read>> {
    let mut all = FxHashMap::default();
    for read in reads {
        let same = all.entry((read.name.clone(), read.second_of_pair));
        same.and_modify(|only| *only = None).or_insert(Some(read));
    }
    all
}

/// The input header with its contigs in the order of `contigs`, contigs missing from `contigs` last; and the new number
/// of each input contig.
fn header(input: &HeaderView, contigs: &Contigs) -> (Header, Vec<i32>) {
    let text = String::from_utf8_lossy(input.as_bytes());
    let name = |number: u32| String::from_utf8_lossy(input.tid2name(number)).into_owned();
    let mut order: Vec<u32> = (0..input.target_count()).collect();
    order.sort_by_key(|&number| contigs.position(&name(number)).unwrap_or(usize::MAX));
    let mut numbers = vec![0; order.len()];
    (0..).zip(&order).for_each(|(new, &old)| numbers[old as usize] = new);

    let lines_of = |kind| text.lines().filter(move |line| line.starts_with(kind));
    let version = lines_of("@HD\t")
        .flat_map(|line| line.split('\t'))
        .find(|field| field.starts_with("VN:"));
    let mut lines = vec![format!("@HD\t{}\tSO:coordinate", version.unwrap_or("VN:1.6"))];
    let known: FxHashMap<&str, &str> = lines_of("@SQ\t")
        .filter_map(|line| Some((field(line, "SN:")?, line)))
        .collect();
    lines.extend(order.into_iter().map(|number| match known.get(name(number).as_str()) {
        Some(line) => (*line).to_owned(),
        None => format!("@SQ\tSN:{}\tLN:{}", name(number), input.target_len(number).unwrap_or(0)),
    }));
    let others = text
        .lines()
        .filter(|line| !line.starts_with("@HD\t") && !line.starts_with("@SQ\t"));
    lines.extend(others.map(str::to_owned));
    let mut ids = std::iter::once("dvcall".to_owned()).chain((1..).map(|i| format!("dvcall.{i}")));
    let id = ids.find(|id| lines_of("@PG\t").all(|line| field(line, "ID:") != Some(id)));
    lines.push(format!(
        "@PG\tID:{}\tPN:dvcall\tVN:{}\n",
        id.unwrap_or_default(),
        env!("CARGO_PKG_VERSION")
    ));
    let header = HeaderView::from_bytes(lines.join("\n").as_bytes());
    (Header::from_template(&header), numbers)
}

/// The value of a field of a header line.
fn field<'a>(line: &'a str, tag: &str) -> Option<&'a str> {
    line.split('\t').find_map(|field| field.strip_prefix(tag))
}
