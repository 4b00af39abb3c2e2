//! Scores the records of a VCF.

use std::fmt::Write;
use std::ops::AddAssign;

use anyhow::{Result, bail, ensure};

use super::allele::{Alleles, haplotype_window};
use super::background::Background;
use crate::genome::{Contigs, Reference};
use crate::output::controls;
use crate::regulatory::bases::{UNKNOWN, encode, letter};
use crate::regulatory::examples::WindowReader;
use crate::regulatory::network::Network;
use crate::variants::can_name_contig;

/// Sequences that the network evaluates together.
const GROUP: usize = 128;
/// Letters of the reference in memory at a time, for each thread.
const STRETCH: u64 = 1 << 16;
/// The values of a task, in the order of columns.
const VALUES: [(&str, &str, &str); 4] = [
    ("REF", "1", "Score (log odds of being bound) of the reference allele"),
    ("ALT", "A", "Score (log odds of being bound) of each alternate allele"),
    (
        "DIFF",
        "A",
        "Score of each alternate allele minus that of the reference",
    ),
    (
        "P",
        "A",
        "Fraction of random variants of the same kind whose score differs at least as much",
    ),
];

/// A record as a line of VCF, and where it lies.
pub struct VariantLine {
    pub line: String,
    pub contig: String,
    /// 0-based.
    pub position: u64,
    /// File and line, for messages.
    pub place: String,
}

/// Numbers of alternate alleles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreCounts {
    pub records: u64,
    pub scored: u64,
    /// No sequence of known bases, such as `<DEL>` and `*`.
    pub symbolic: u64,
    /// Longer than the window of the model, or REF is.
    pub long: u64,
    /// On contigs that the reference lacks.
    pub elsewhere: u64,
}

impl AddAssign for ScoreCounts {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.scored += other.scored;
        self.symbolic += other.symbolic;
        self.long += other.long;
        self.elsewhere += other.elsewhere;
    }
}

/// Scored records.
pub struct ScoredPiece {
    /// Lines of VCF with their ends.
    pub vcf: String,
    /// Lines of the table with their ends.
    pub table: String,
    pub counts: ScoreCounts,
}

/// Scores records on one thread.
pub struct Scorer<'a> {
    reader: WindowReader<'a>,
    contigs: &'a Contigs,
    network: Network,
    background: &'a Background,
    tasks: &'a [String],
    length: usize,
}

/// The windows of a record: that of the reference, then those of the alternates that can be scored.
struct Request {
    windows: Vec<Vec<u8>>,
    /// For each alternate of the record: its class, if it is scored.
    classes: Vec<Option<usize>>,
}

impl<'a> Scorer<'a> {
    pub fn new(
        reference: &'a Reference,
        network: Network,
        background: &'a Background,
        tasks: &'a [String],
        length: usize,
    ) -> Result<Self> {
        Ok(Self {
            reader: WindowReader::new(reference, None)?.with_stretch(STRETCH),
            contigs: reference.contigs(),
            network,
            background,
            tasks,
            length,
        })
    }

    /// Scores records, which are in the order of the file.
    pub fn score(&mut self, lines: &[VariantLine]) -> Result<ScoredPiece> {
        let mut counts = ScoreCounts::default();
        let requests: Vec<Request> = lines
            .iter()
            .map(|line| self.request(line, &mut counts))
            .collect::<Result<_>>()?;
        let windows: Vec<&[u8]> = requests.iter().flat_map(|r| &r.windows).map(Vec::as_slice).collect();
        let mut scores = Vec::with_capacity(windows.len());
        for group in windows.chunks(GROUP) {
            scores.extend(self.network.score(group)?);
        }
        let (mut vcf, mut table, mut next) = (String::new(), String::new(), 0);
        for (line, request) in lines.iter().zip(&requests) {
            let scores = &scores[next..next + request.windows.len()];
            next += request.windows.len();
            if scores.is_empty() {
                vcf += &line.line;
            } else {
                self.write(line, request, scores, &mut vcf, &mut table);
            }
            vcf.push('\n');
        }
        Ok(ScoredPiece { vcf, table, counts })
    }

    fn request(&mut self, record: &VariantLine, counts: &mut ScoreCounts) -> Result<Request> {
        let fields: Vec<&str> = record.line.splitn(9, '\t').collect();
        ensure!(
            fields.len() >= 8,
            "{}: expected 8 columns, found {}; is the file truncated here?",
            record.place,
            fields.len()
        );
        let (reference, alternates) = (fields[3], fields[4].split(','));
        counts.records += 1;
        let none = Request {
            windows: Vec::new(),
            classes: Vec::new(),
        };
        let Some(contig) = self.contigs.get(&record.contig) else {
            counts.elsewhere += alternates.count() as u64;
            return Ok(none);
        };
        let (start, length) = (record.position as i64, self.length as i64);
        let end = start + reference.len() as i64;
        if end > contig.length as i64 {
            bail!(
                "{}: it lies beyond the end of {} ({} bases); use the reference of the VCF's build",
                record.place,
                contig.name,
                contig.length
            );
        }
        if reference.len() > self.length {
            counts.long += alternates.count() as u64;
            return Ok(none);
        }
        let codes = self.reader.read_padded(&record.contig, start - length, end + length)?;
        let (left, rest) = codes.split_at(self.length);
        let (found, right) = rest.split_at(reference.len());
        let expected = encode(reference.as_bytes());
        let fits = found.iter().zip(&expected).all(|(a, b)| a == b || *a == UNKNOWN);
        ensure!(
            fits,
            "{}: its REF is {reference}, but the reference has {}; use the reference of the VCF's build",
            record.place,
            found.iter().map(|&code| letter(code)).collect::<String>()
        );
        let window = |allele: &[u8]| haplotype_window(left, allele, right, self.length);
        let (mut windows, mut classes) = (vec![window(&expected)], Vec::new());
        for alternate in alternates {
            let alleles = Alleles::new(reference, alternate);
            classes.push(
                alleles
                    .as_ref()
                    .filter(|a| a.alternate.len() <= self.length)
                    .map(Alleles::class),
            );
            match alleles {
                None => counts.symbolic += 1,
                Some(alleles) if alleles.alternate.len() > self.length => counts.long += 1,
                Some(alleles) => {
                    counts.scored += 1;
                    windows.push(window(&alleles.alternate));
                }
            }
        }
        Ok(if windows.len() > 1 {
            Request { windows, classes }
        } else {
            none
        })
    }

    /// Adds the line of a record with its scores, without its end, and its lines of the table.
    fn write(
        &self,
        record: &VariantLine,
        request: &Request,
        scores: &[Vec<f32>],
        vcf: &mut String,
        table: &mut String,
    ) {
        let fields: Vec<&str> = record.line.splitn(9, '\t').collect();
        let alternates: Vec<&str> = fields[4].split(',').collect();
        let mut info: Vec<String> = fields[7]
            .split(';')
            .filter(|field| *field != "." && !self.is_ours(field.split('=').next().unwrap_or_default()))
            .map(str::to_owned)
            .collect();
        for (task, name) in self.tasks.iter().enumerate() {
            let reference = scores[0][task];
            let mut lists: [Vec<String>; 3] = Default::default();
            let mut scored = scores[1..].iter();
            for (alternate, class) in alternates.iter().zip(&request.classes) {
                let Some((class, score)) = class.and_then(|class| Some((class, scored.next()?[task]))) else {
                    lists.iter_mut().for_each(|list| list.push(".".to_owned()));
                    continue;
                };
                let p = self.background.p_value(class, task, score - reference);
                let values = [
                    format!("{score:.4}"),
                    format!("{:.4}", score - reference),
                    format!("{p:.4}"),
                ];
                // A string takes all that is written.
                _ = writeln!(
                    table,
                    "{}\t{}\t{}\t{}\t{alternate}\t{name}\t{reference:.4}\t{}",
                    record.contig,
                    record.position + 1,
                    fields[2],
                    fields[3],
                    values.join("\t")
                );
                lists.iter_mut().zip(values).for_each(|(list, value)| list.push(value));
            }
            info.push(format!("{}={reference:.4}", key(name, VALUES[0].0)));
            let lists = VALUES[1..].iter().zip(&lists);
            info.extend(lists.map(|((value, ..), list)| format!("{}={}", key(name, value), list.join(","))));
        }
        let before = fields[..7].join("\t");
        _ = write!(vcf, "{before}\t{}", info.join(";"));
        if let Some(rest) = fields.get(8) {
            _ = write!(vcf, "\t{rest}");
        }
    }

    /// Whether an INFO key is one that is written here.
    fn is_ours(&self, name: &str) -> bool {
        self.tasks
            .iter()
            .any(|task| VALUES.iter().any(|(value, ..)| key(task, value) == name))
    }
}

/// The INFO key of a value.
fn key(task: &str, value: &str) -> String {
    let task: String = task
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("REG_{task}_{value}")
}

/// The first line of the table.
pub const TABLE_HEADER: &str = "contig\tposition\tid\tref\talt\ttask\tref_score\talt_score\tdifference\tp_value";

/// The header of a scored VCF, from the lines of the input's header.
pub fn scored_header(
    lines: &[String],
    samples: &[String],
    contigs: &Contigs,
    tasks: &[String],
    notes: &[(&str, String)],
) -> String {
    let definitions = tasks.iter().flat_map(|task| {
        VALUES.iter().map(move |(value, number, description)| {
            let key = key(task, value);
            format!("##INFO=<ID={key},Number={number},Type=Float,Description=\"{description}; task {task}\">")
        })
    });
    let definitions: Vec<String> = definitions.collect();
    let id = |line: &str| line.split(',').next().unwrap_or_default().to_owned();
    let ours: Vec<String> = definitions.iter().map(|line| id(line)).collect();
    let mut text = String::new();
    let mut add = |line: &str| _ = writeln!(text, "{line}");
    match lines.first() {
        Some(first) if first.starts_with("##fileformat=") => {}
        _ => add("##fileformat=VCFv4.2"),
    }
    lines
        .iter()
        .filter(|line| !ours.contains(&id(line)))
        .for_each(|line| add(line));
    notes
        .iter()
        .for_each(|(key, value)| add(&format!("##{key}={}", controls(value))));
    definitions.iter().for_each(|line| add(line));
    for contig in contigs.iter().filter(|contig| can_name_contig(&contig.name)) {
        let named = format!("##contig=<ID={}", contig.name);
        let is_named = |line: &String| {
            line.strip_prefix(&named)
                .is_some_and(|rest| rest.starts_with([',', '>']))
        };
        if !lines.iter().any(is_named) {
            add(&format!("{named},length={}>", contig.length));
        }
    }
    let mut columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO".to_owned();
    if !samples.is_empty() {
        columns += "\tFORMAT\t";
        columns += &samples.join("\t");
    }
    add(&columns);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_keeps_its_lines_and_names_each_key_once() {
        let contigs: Contigs = [("c", 9), ("d", 5)]
            .map(|(name, length)| crate::genome::Contig {
                name: name.into(),
                length,
            })
            .into_iter()
            .collect();
        let lines = [
            "##fileformat=VCFv4.3",
            "##contig=<ID=c,length=9>",
            "##INFO=<ID=REG_A_b_P,Number=1,Type=Float,Description=\"\">",
        ];
        let lines = lines.map(str::to_owned);
        let text = scored_header(
            &lines,
            &["s".to_owned()],
            &contigs,
            &["A-b".to_owned()],
            &[("x", "y".into())],
        );
        assert!(
            text.starts_with("##fileformat=VCFv4.3\n##contig=<ID=c,length=9>\n##x=y\n##INFO=<ID=REG_A_b_REF,Number=1")
        );
        assert_eq!(text.matches("ID=REG_A_b_P,").count(), 1);
        assert_eq!(text.matches("##contig=").count(), 2);
        assert!(text.ends_with("INFO\tFORMAT\ts\n"));
    }
}
