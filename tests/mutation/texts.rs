//! FASTA with its index, VCF, BCF and BED.

use std::fs;
use std::path::Path;

use anyhow::Result;
use clap::Parser;
use dvcall::cli::Cli;
use dvcall::genome::{IntervalSet, Reference};
use rust_htslib::bcf::{self, Read as _};
use rust_htslib::bgzf;

use crate::common::sample;
use crate::harness::{Outcome, damage, damage_text, run};

/// The contigs of a FASTA by a reader that needs no index: names, and bases as a [`Reference`] gives them.
fn contigs(fasta: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut contigs: Vec<(String, Vec<u8>)> = Vec::new();
    for line in fasta.split(|&byte| byte == b'\n') {
        match line.strip_prefix(b">") {
            Some(header) => {
                let name = header.split(u8::is_ascii_whitespace).next().unwrap_or_default();
                contigs.push((String::from_utf8_lossy(name).into_owned(), Vec::new()));
            }
            None => {
                let bases = line
                    .iter()
                    .filter(|byte| byte.is_ascii_graphic())
                    .map(u8::to_ascii_uppercase);
                let bases = bases.map(|base| if b"ACGT".contains(&base) { base } else { b'N' });
                contigs
                    .last_mut()
                    .into_iter()
                    .for_each(|contig| contig.1.extend(bases.clone()));
            }
        }
    }
    contigs.sort();
    contigs
}

fn given(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let reference = Reference::open(path)?;
    let reader = reference.reader()?;
    let contig =
        |contig: &dvcall::genome::Contig| Ok((contig.name.clone(), reader.fetch(&contig.name, 0, contig.length)?));
    let mut contigs: Vec<_> = reference.contigs().iter().map(contig).collect::<Result<_>>()?;
    contigs.sort();
    Ok(contigs)
}

#[test]
fn fasta_and_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let (fasta, fai) = (
        folder.path().join("reference.fa"),
        folder.path().join("reference.fa.fai"),
    );
    let text: String = (0..5)
        .map(|contig| {
            let bases = "ACGTTGCAGGTACNNTACGA".repeat(contig + 1);
            let lines: Vec<&[u8]> = bases.as_bytes().chunks(15 + contig).collect();
            format!(
                ">c{contig} words\n{}\n",
                lines
                    .iter()
                    .map(|line| String::from_utf8_lossy(line))
                    .collect::<Vec<_>>()
                    .join("\n")
            )
        })
        .collect();
    fs::write(&fasta, &text).unwrap();
    rust_htslib::faidx::build(&fasta).unwrap();
    let index = fs::read_to_string(&fai).unwrap();
    let whole = contigs(text.as_bytes());
    assert_eq!(given(&fasta).unwrap(), whole);
    run("FASTA", 1_000, 1, |random| {
        let mut mutant = text.clone().into_bytes();
        let mut mutant_index = index.clone();
        let what = match random.below(2) {
            0 => damage(&mut mutant, random),
            _ => damage_text(&mut mutant_index, random),
        };
        fs::write(&fasta, &mutant).unwrap();
        fs::write(&fai, &mutant_index).unwrap();
        let outcome = match given(&fasta) {
            Err(_) => Outcome::Refused,
            Ok(found) if found == whole => Outcome::Same,
            Ok(found) if found == contigs(&mutant) => Outcome::Changed,
            Ok(found) => Outcome::Wrong(format!("{mutant_index} gives {found:?}")),
        };
        (what, outcome)
    });
}

fn write_bgzipped(path: &Path, text: &[u8]) {
    let mut writer = bgzf::Writer::from_path(path).unwrap();
    std::io::Write::write_all(&mut writer, text).unwrap();
}

/// The counts that `evaluate` gives for the bundled truth and a query; for none of what they are.
fn evaluated(folder: &Path, query: &Path, confident: &Path) -> Result<String> {
    let output = folder.join("scores");
    let truth = sample().join("truth.vcf.gz");
    let reference = sample().join("reference.fa");
    let pairs = [
        ("--ref", reference.as_path()),
        ("--truth", &truth),
        ("--query", query),
        ("--confident", confident),
        ("--output", &output),
    ];
    let arguments = pairs
        .into_iter()
        .flat_map(|(flag, path)| [flag.into(), path.as_os_str().to_owned()]);
    let front = ["dvcall", "--quiet", "evaluate", "--threads", "1"].map(Into::into);
    let cli = Cli::try_parse_from(front.into_iter().chain(arguments)).unwrap();
    dvcall::commands::run(cli.command)?;
    Ok(fs::read_to_string(folder.join("scores.summary.csv"))?)
}

#[test]
fn vcf_and_bcf() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, packed) = (folder.path().join("calls.vcf"), folder.path().join("calls.vcf.gz"));
    let confident = sample().join("confident.bed");
    let text = std::io::read_to_string(bgzf::Reader::from_path(sample().join("truth.vcf.gz")).unwrap()).unwrap();
    run("VCF", 30, 4, |random| {
        let mut mutant = text.clone();
        let what = damage_text(&mut mutant, random);
        fs::write(&plain, &mutant).unwrap();
        let outcome = evaluated(folder.path(), &plain, &confident).map_or(Outcome::Refused, |_| Outcome::Changed);
        (what, outcome)
    });
    write_bgzipped(&packed, text.as_bytes());
    let whole = evaluated(folder.path(), &packed, &confident).unwrap();
    let bytes = fs::read(&packed).unwrap();
    run("VCF, compressed", 20, 4, |random| {
        let mut mutant = bytes.clone();
        let what = damage(&mut mutant, random);
        fs::write(&packed, mutant).unwrap();
        let outcome = match evaluated(folder.path(), &packed, &confident) {
            Err(_) => Outcome::Refused,
            Ok(summary) if summary == whole => Outcome::Same,
            Ok(summary) => Outcome::Wrong(format!("{summary} where {whole} should be")),
        };
        (what, outcome)
    });
    let bytes = bcf_of(&plain, &text, &folder.path().join("calls.bcf"));
    run("BCF", 20, 4, |random| {
        let mut mutant = bytes.clone();
        let what = damage(&mut mutant, random);
        write_bgzipped(&packed, &mutant);
        let outcome = evaluated(folder.path(), &packed, &confident).map_or(Outcome::Refused, |_| Outcome::Changed);
        (what, outcome)
    });
}

/// The bytes of a VCF's text as BCF, not compressed.
fn bcf_of(vcf: &Path, text: &str, bcf: &Path) -> Vec<u8> {
    fs::write(vcf, text).unwrap();
    let mut reader = bcf::Reader::from_path(vcf).unwrap();
    let header = bcf::Header::from_template(reader.header());
    let mut writer = bcf::Writer::from_path(bcf, &header, true, bcf::Format::Bcf).unwrap();
    reader
        .records()
        .for_each(|record| writer.write(&record.unwrap()).unwrap());
    drop(writer);
    fs::read(bcf).unwrap()
}

#[test]
fn bed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.bed");
    let text = "#header\ntrack name=x\nchrA\t500\t30000\tname\nchrA\t31000\t59500\nchrB\t500\t10000\n".to_owned();
    run("BED", 1_000, 1, |random| {
        let mut mutant = text.clone();
        let what = damage_text(&mut mutant, random);
        fs::write(&path, &mutant).unwrap();
        let outcome = IntervalSet::from_bed(&path).map_or(Outcome::Refused, |_| Outcome::Changed);
        (what, outcome)
    });
}

/// A small file that decompresses to gigabytes is refused before it takes memory.
#[test]
fn bombs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = folder.path().join("bomb.bed.gz");
    let block = {
        write_bgzipped(&bomb, &[b'1'; 0xff00]);
        let mut bytes = fs::read(&bomb).unwrap();
        bytes.truncate(bytes.len() - 28);
        bytes
    };
    // Of one line; the end marker is there.
    let end = [
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    fs::write(&bomb, [block.repeat(5_000), end.to_vec()].concat()).unwrap();
    let error = format!("{:#}", IntervalSet::from_bed(&bomb).unwrap_err());
    assert!(error.contains("line 1") && error.contains("longer than"), "{error}");
    let reads = folder.path().join("reads.bam");
    fs::copy(sample().join("sample.bam"), &reads).unwrap();
    let reference = Reference::open(&sample().join("reference.fa")).unwrap();
    let whole = {
        let bytes = fs::read(sample().join("sample.bam.bai")).unwrap();
        write_bgzipped(&folder.path().join("start"), &bytes);
        let mut bytes = fs::read(folder.path().join("start")).unwrap();
        bytes.truncate(bytes.len() - 28);
        bytes
    };
    fs::write(
        folder.path().join("reads.bam.csi"),
        [whole, block.repeat(5_000), end.to_vec()].concat(),
    )
    .unwrap();
    let error = format!(
        "{:#}",
        dvcall::reads::ReadSource::open(&reads, &reference, None).unwrap_err()
    );
    assert!(error.contains("256 MiB"), "{error}");
}
