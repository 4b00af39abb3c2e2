//! Reader of the records of a VCF or BCF for one of its samples, with basic checks of every record.
//!
//! dvcall parses text itself, because htslib before 1.22 refuses the phase sign that VCF 4.4 allows before the first
//! allele (`/0/1`).

use std::io::BufRead;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rust_htslib::bcf::{self, Read as _};
use rust_htslib::htslib::{bcf_hdr_format, kstring_t, vcf_format};
use rustc_hash::FxHashSet;

use super::record::VariantRecord;
use crate::formats::{PlacedText, TextPlace, check_whole, open_variants, read_line};

/// Maximum line length of a VCF, in bytes. The limit is necessary because a small compressed file can hold a huge line.
const LONGEST_LINE: u64 = 256 << 20;

/// Reads a sorted VCF (plain, gzip, bgzip) or BCF.
pub struct VariantReader {
    path: PathBuf,
    source: VariantSource,
    /// The lines before `#CHROM`.
    header: Vec<String>,
    samples: Vec<String>,
    /// 0-based column of the chosen sample.
    column: usize,
    /// The text of the current record.
    line: String,
    /// Where this text begins; none if the file cannot be read from there.
    start: Option<TextPlace>,
    number: usize,
    contig: String,
    position: u64,
    seen: FxHashSet<String>,
    /// Whether the reading began inside of the file, so that line numbers are not known.
    began_inside: bool,
}

enum VariantSource {
    Text(PlacedText),
    Binary(Box<bcf::Reader>),
}

impl VariantReader {
    /// Opens a file, reads its header and chooses the first sample.
    pub fn open(path: &Path) -> Result<Self> {
        check_whole(path)?;
        let mut reader = PlacedText::open(path)?;
        let is_binary = reader.fill_buf().is_ok_and(|bytes| bytes.starts_with(b"BCF"));
        let mut opened = Self {
            path: path.to_owned(),
            source: VariantSource::Text(reader),
            header: Vec::new(),
            samples: Vec::new(),
            column: 9,
            line: String::new(),
            start: None,
            number: 0,
            contig: String::new(),
            position: 0,
            seen: FxHashSet::default(),
            began_inside: false,
        };
        match is_binary {
            true => opened.read_binary_header()?,
            false => opened.read_header().with_context(|| opened.place())?,
        }
        Ok(opened)
    }

    /// Opens a VCF at the start of one of its lines, without its header. The first sample is chosen.
    pub fn open_at(path: &Path, place: TextPlace) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            source: VariantSource::Text(PlacedText::open_at(path, place)?),
            header: Vec::new(),
            samples: Vec::new(),
            column: 9,
            line: String::new(),
            start: None,
            number: 0,
            contig: String::new(),
            position: 0,
            seen: FxHashSet::default(),
            began_inside: true,
        })
    }

    fn read_header(&mut self) -> Result<()> {
        while self.next_line()? {
            if let Some(columns) = self.line.strip_prefix("#CHROM") {
                let count = columns.split('\t').count();
                ensure!(
                    count >= 8,
                    "not a VCF: its #CHROM line has {count} columns, expected at least 8"
                );
                self.samples = columns.split('\t').skip(9).map(str::to_owned).collect();
                return Ok(());
            }
            ensure!(
                self.line.starts_with("##") || self.line.is_empty(),
                "not a VCF: it has no #CHROM line before its first record"
            );
            self.header.push(std::mem::take(&mut self.line));
        }
        bail!("not a VCF: it has no #CHROM line");
    }

    fn read_binary_header(&mut self) -> Result<()> {
        let path = self.path.display();
        let reader = open_variants(&self.path).with_context(|| format!("{path} is not a BCF file"))?;
        let header = reader.header();
        // SAFETY: the pointer is only compared. htslib returns a null header, not an error, if the header is damaged.
        ensure!(!unsafe { header.as_ptr() }.is_null(), "{path}: its header is damaged");
        // Without samples, htslib has no sample list.
        if header.sample_count() > 0 {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.samples = header.samples().into_iter().map(text).collect();
        }
        self.header = header_lines(header)?;
        self.source = VariantSource::Binary(Box::new(reader));
        Ok(())
    }

    /// Chooses the sample of [`Self::record`]. `flag` is the command-line flag that chooses it, for messages.
    pub fn choose_sample(&mut self, name: Option<&str>, flag: &str) -> Result<&str> {
        let path = self.path.display();
        let index = match (name, &self.samples[..]) {
            (_, []) => bail!("{path}: the VCF has no sample, so it has no genotypes to compare"),
            (None, [_]) => 0,
            (None, many) => bail!(
                "{path}: the VCF has {} samples ({}); name one with {flag}",
                many.len(),
                many.join(", ")
            ),
            (Some(name), many) => many.iter().position(|s| *s == name).with_context(|| {
                format!(
                    "{path}: the VCF has no sample '{name}' ({flag}); it has {}",
                    many.join(", ")
                )
            })?,
        };
        self.column = 9 + index;
        Ok(&self.samples[index])
    }

    /// Whether the file is a BCF.
    pub fn is_binary(&self) -> bool {
        matches!(self.source, VariantSource::Binary(_))
    }

    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// The lines of the header before its last.
    pub fn header_lines(&self) -> &[String] {
        &self.header
    }

    /// The current record as a line of VCF, without its end.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Names of the contigs in the header, in header order.
    pub fn header_contigs(&self) -> impl Iterator<Item = &str> {
        self.contig_lines().filter_map(|line| field_of(line, "ID="))
    }

    /// Name and, if the header tells it, length of each contig in the header.
    pub fn contig_lengths(&self) -> impl Iterator<Item = (&str, Option<u64>)> {
        let length = |line| field_of(line, "length=")?.parse().ok();
        self.contig_lines()
            .filter_map(move |line| Some((field_of(line, "ID=")?, length(line))))
    }

    fn contig_lines(&self) -> impl Iterator<Item = &str> {
        self.header.iter().filter_map(|line| line.strip_prefix("##contig=<"))
    }

    /// Advances to the next record. Returns false at the end. Fails if the records are not sorted.
    pub fn advance(&mut self) -> Result<bool> {
        loop {
            if !self.next_line().with_context(|| self.place())? {
                return Ok(false);
            }
            if !self.line.is_empty() && !self.line.starts_with('#') {
                self.locate().with_context(|| self.place())?;
                return Ok(true);
            }
        }
    }

    /// Contig of the current record.
    pub fn contig(&self) -> &str {
        &self.contig
    }

    /// 0-based position of the current record.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The current record, for the chosen sample.
    pub fn record(&self) -> Result<VariantRecord<'_>> {
        self.record_of(Some(self.column - 9))
    }

    /// The current record, for the sample of this 0-based rank, or without the columns of samples.
    pub fn record_of(&self, sample: Option<usize>) -> Result<VariantRecord<'_>> {
        let mut columns = self.line.split('\t');
        let mut missing = false;
        let mut next = |skipped: usize| {
            columns.nth(skipped).unwrap_or_else(|| {
                missing = true;
                ""
            })
        };
        let record = VariantRecord {
            reference: next(3),
            alternates: next(0),
            quality: next(0),
            filter: next(0),
            info: next(0),
            format: sample.map_or("", |_| next(0)),
            sample: sample.map_or("", &mut next),
        };
        if missing {
            let found = self.line.split('\t').count();
            bail!(
                "{}: expected {} columns, found {found}; is the file truncated here?",
                self.place(),
                sample.map_or(8, |sample| sample + 10),
            );
        }
        Ok(record)
    }

    /// Where the text of the current record begins, for [`Self::open_at`]. None for a BCF, and for a VCF that is gzipped
    /// otherwise than by bgzip.
    pub fn start(&self) -> Option<TextPlace> {
        self.start
    }

    /// File and line (or record number of a BCF), for messages.
    pub fn place(&self) -> String {
        match self.source {
            _ if self.began_inside => format!("{}, {}:{}", self.path.display(), self.contig, self.position + 1),
            VariantSource::Text(_) => format!("{}, line {}", self.path.display(), self.number),
            VariantSource::Binary(_) => format!("{}, record {}", self.path.display(), self.number),
        }
    }

    /// Parses contig and position of the current record, and checks the order.
    fn locate(&mut self) -> Result<()> {
        let mut columns = self.line.split('\t');
        let (Some(contig), Some(position)) = (columns.next(), columns.next()) else {
            bail!("expected columns separated by tabs; is the file truncated here?");
        };
        let position: u32 = position
            .parse()
            .with_context(|| format!("'{position}' is not a position"))?;
        let position = u64::from(position);
        ensure!(position > 0, "position 0 is before the contig's first base");
        if self.contig != contig {
            self.contig = contig.to_owned();
            ensure!(
                self.seen.insert(contig.to_owned()),
                "not sorted: contig '{contig}' appears in two places; sort the file with: bcftools sort"
            );
            self.position = 0;
        }
        ensure!(
            position > self.position,
            "not sorted: {contig}:{position} comes after {contig}:{}; sort the file with: bcftools sort",
            self.position + 1
        );
        self.position = position - 1;
        Ok(())
    }

    /// Reads the next line into `line`, without its line end. Returns false at the end of the file.
    fn next_line(&mut self) -> Result<bool> {
        let mut bytes = std::mem::take(&mut self.line).into_bytes();
        bytes.clear();
        self.number += 1;
        match &mut self.source {
            VariantSource::Text(reader) => {
                self.start = reader.place();
                let read = read_line(reader, LONGEST_LINE, &mut bytes).with_context(|| {
                    format!(
                        "damaged after line {}: the compressed data cannot be read; copy or make the file again",
                        self.number - 1
                    )
                })?;
                if read == 0 {
                    return Ok(false);
                }
                for end in [b'\n', b'\r'] {
                    bytes.pop_if(|last| *last == end);
                }
                if self.number == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
                    bytes.drain(..BYTE_ORDER_MARK.len());
                }
            }
            VariantSource::Binary(reader) => match reader.records().next() {
                None => return Ok(false),
                Some(record) => {
                    let record = record.context("damaged record; the BCF may be cut short")?;
                    bytes = line_of(&record)?;
                    bytes.pop_if(|last| *last == b'\n');
                }
            },
        }
        self.line = String::from_utf8(bytes).ok().context("not text; is this a VCF?")?;
        Ok(true)
    }
}

/// A value of a header line, without quotes.
fn field_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let value = line.split(',').find_map(|part| part.trim().strip_prefix(key))?;
    Some(value.trim_end_matches('>').trim_matches('"'))
}

/// Bytes that some editors put at the start of a text file.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A BCF record as a line of VCF, without its end.
fn line_of(record: &bcf::Record) -> Result<Vec<u8>> {
    // SAFETY: header and record live as long as `record`.
    let line = text_of(|text| unsafe { vcf_format(record.header().as_ptr(), record.inner, text) });
    line.context("damaged record; copy or make the BCF again")
}

/// The lines of a BCF header before its last.
fn header_lines(header: &bcf::header::HeaderView) -> Result<Vec<String>> {
    // SAFETY: the header lives as long as the borrow, and is not null.
    let text = text_of(|text| unsafe { bcf_hdr_format(header.as_ptr(), 0, text) });
    let text = text.context("the header of the BCF is damaged")?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(text
        .lines()
        .filter(|line| line.starts_with("##"))
        .map(str::to_owned)
        .collect())
}

/// The text that a function of htslib writes. None if it fails, or writes nothing.
fn text_of(write: impl FnOnce(&mut kstring_t) -> i32) -> Option<Vec<u8>> {
    let mut text = kstring_t {
        l: 0,
        m: 0,
        s: std::ptr::null_mut(),
    };
    let status = write(&mut text);
    // SAFETY: htslib has allocated the text, and it is freed here.
    unsafe {
        let written = (status == 0 && !text.s.is_null())
            .then(|| std::slice::from_raw_parts(text.s.cast::<u8>(), text.l).to_vec());
        libc::free(text.s.cast());
        written.filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &str) -> Result<VariantReader> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.vcf");
        std::fs::write(&path, text)?;
        VariantReader::open(&path)
    }

    #[test]
    fn a_record_has_the_values_of_the_chosen_sample() {
        let text = "\u{feff}##fileformat=VCFv4.5\r\n##contig=<ID=c1,length=9>\n##contig=<length=9,ID=c2>\n\
            #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n\
            c1\t3\t.\tT\tG,C\t7\tq1;q2\tVQSLOD=-2.5;X;AF=.\tGT:FT:GQ\t0/0\t1/2:PASS:.\r\n\
            c1\t3\t.\tT\tG\t7\tPASS\t.\tFT:GT\tlow;bad:/0/1\t.\n";
        let mut reader = reader(text).unwrap();
        assert_eq!(reader.header_contigs().collect::<Vec<_>>(), ["c1", "c2"]);
        let lengths: Vec<_> = reader.contig_lengths().map(|(_, length)| length).collect();
        assert_eq!(lengths, [Some(9), Some(9)]);
        assert!(reader.choose_sample(None, "--sample").is_err());
        assert_eq!(reader.choose_sample(Some("B"), "--sample").unwrap(), "B");
        assert!(reader.advance().unwrap());
        let record = reader.record().unwrap();
        assert_eq!(record.genotype().unwrap().0, [Some(1), Some(2)]);
        assert_eq!(record.filters().collect::<Vec<_>>(), ["q1", "q2"]);
        assert_eq!(
            (record.info("VQSLOD"), record.info("X"), record.info("AF")),
            (Some("-2.5"), None, None)
        );
        assert_eq!(
            (record.alternate(2).unwrap(), record.alternate(3).is_err()),
            ("C", true)
        );
        assert_eq!(
            (record.value("GQ"), record.has("GQ"), record.has("DP")),
            (None, true, false)
        );
        assert!(!reader.record_of(None).unwrap().has("GT"));
        assert_eq!(reader.record_of(Some(0)).unwrap().value("GT"), Some("0/0"));
        reader.choose_sample(Some("A"), "--sample").unwrap();
        assert!(reader.advance().unwrap());
        let record = reader.record().unwrap();
        assert_eq!(record.genotype().unwrap().0, [Some(0), Some(1)]);
        assert_eq!(record.filters().collect::<Vec<_>>(), ["low", "bad"]);
        assert!(!reader.advance().unwrap());
    }

    #[test]
    fn unsorted_files_and_other_formats_are_refused_with_the_line() {
        let columns = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\n";
        let message = |body: &str| {
            let mut reader = reader(&format!("{columns}{body}")).unwrap();
            let read = |reader: &mut VariantReader| -> Result<()> {
                while reader.advance()? {
                    reader.record()?;
                }
                Ok(())
            };
            format!("{:#}", read(&mut reader).unwrap_err())
        };
        let line = |contig: &str, position: u64| format!("{contig}\t{position}\t.\tT\tG\t.\t.\t.\tGT\t0/1\n");
        for (body, expected) in [
            (line("c", 3) + &line("c", 2), "line 4: not sorted: c:2 comes after c:3"),
            (
                line("c", 3) + &line("d", 2) + &line("c", 4),
                "'c' appears in two places",
            ),
            (line("c", 0), "position 0"),
            (
                "c\t5\t.\tT\tG\t9\t.\n".to_owned(),
                "line 3: expected 10 columns, found 7",
            ),
            ("c\tx\n".to_owned(), "'x' is not a position"),
            ("c\t4294967296\n".to_owned(), "'4294967296' is not a position"),
        ] {
            assert!(message(&body).contains(expected), "{}", message(&body));
        }
        for text in ["c\t5\n", "##fileformat=VCFv4.2\n", "##x\nc\t1\n", "##x\n#CHROM\tPOS\n"] {
            assert!(format!("{:#}", reader(text).err().unwrap()).contains("#CHROM"));
        }
    }
}
