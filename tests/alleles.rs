//! `call --alleles`: given alleles get records, whatever the reads show.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{call, error_of, records, sample};
use dvcall::genome::{Contig, Reference};
use rust_htslib::bcf::{self, Read as _};
use rust_htslib::bgzf;

const HEADER: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

/// Contig, position, REF and ALT.
type Key = (String, u64, String, String);

fn key(record: &str) -> Key {
    let fields: Vec<_> = record.split('\t').collect();
    (
        fields[0].into(),
        fields[1].parse().unwrap(),
        fields[3].into(),
        fields[4].into(),
    )
}

fn panel(folder: &Path, alleles: &[Key]) -> std::path::PathBuf {
    let line = |(contig, position, reference, alternate): &Key| {
        format!("{contig}\t{position}\t.\t{reference}\t{alternate}\t.\t.\t.\n")
    };
    let path = folder.join("panel.vcf");
    std::fs::write(&path, HEADER.to_owned() + &alleles.iter().map(line).collect::<String>()).unwrap();
    path
}

/// Records of the sample's call with these flags.
fn called(folder: &Path, flags: &[&str]) -> Vec<String> {
    let output = folder.join("x.vcf.gz");
    let mut command = call(&sample().join("reference.fa"), &sample().join("sample.bam"), &output);
    command.args(flags).assert().success();
    records(&output)
}

fn value<'a>(record: &'a str, name: &str) -> &'a str {
    let fields: Vec<_> = record.split('\t').collect();
    let rank = fields[8].split(':').position(|key| key == name).unwrap();
    fields[9].split(':').nth(rank).unwrap()
}

/// The true alleles, and one absent SNP in every 500 bases.
fn true_and_absent() -> (Vec<Key>, Vec<Key>) {
    let truth: Vec<Key> = records(&sample().join("truth.vcf.gz")).iter().map(|r| key(r)).collect();
    let reference = Reference::open(&sample().join("reference.fa")).unwrap();
    let reader = reference.reader().unwrap();
    let mut absent = Vec::new();
    for contig in reference.contigs().iter() {
        let bases = reader.fetch(&contig.name, 0, contig.length).unwrap();
        for position in (250..contig.length).step_by(500) {
            let near = |(name, other, ..): &Key| *name == contig.name && other.abs_diff(position + 1) < 20;
            let base = bases[position as usize];
            if base != b'N' && !truth.iter().any(near) {
                let other = if base == b'A' { "G" } else { "A" };
                absent.push((
                    contig.name.clone(),
                    position + 1,
                    char::from(base).to_string(),
                    other.to_owned(),
                ));
            }
        }
    }
    (truth, absent)
}

#[test]
fn every_allele_has_its_record_and_free_calls_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, absent) = true_and_absent();
    assert!(truth.len() > 50 && absent.len() > 50);
    let mut alleles = [truth.clone(), absent.clone()].concat();
    alleles.sort();
    let panel = panel(folder.path(), &alleles);
    let flags = ["--alleles", panel.to_str().unwrap()];
    let free = called(folder.path(), &[]);
    let both = called(folder.path(), &flags);
    let only = called(folder.path(), &[flags[0], flags[1], "--only-alleles"]);
    assert_eq!(
        only.iter().map(|r| key(r)).collect::<Vec<_>>(),
        alleles,
        "one record each, in order"
    );
    assert_eq!(called(folder.path(), &[flags[0], flags[1], "--threads", "1"]), both);

    let by_key =
        |records: &[String]| -> BTreeMap<Key, String> { records.iter().map(|r| (key(r), r.clone())).collect() };
    let (free, both, only) = (by_key(&free), by_key(&both), by_key(&only));
    for (allele, record) in &only {
        assert_eq!(both.get(allele), Some(record));
    }
    for allele in &absent {
        let record = &only[allele];
        assert_eq!(
            (value(record, "GT"), value(record, "STAGE")),
            ("0/0", "forced"),
            "{record}"
        );
        assert_eq!(value(record, "PL").split(',').count(), 3);
        assert!(value(record, "DP").parse::<u32>().unwrap() > 0 && value(record, "AD").contains(','));
        assert!(record.contains("\tRefCall\t"), "{record}");
    }
    // An allele that is called freely has the same genotype. Calls of other alleles are unchanged.
    let same = |allele: &&Key| free.get(*allele).is_some_and(|record| *record == only[*allele]);
    let found = truth.iter().filter(|allele| free.contains_key(*allele)).count();
    assert!(truth.iter().filter(same).count() == found && 10 * found > 9 * truth.len());
    for (allele, record) in free.iter().filter(|(allele, _)| !alleles.contains(allele)) {
        let split = alleles
            .iter()
            .any(|(contig, position, ..)| (contig, position) == (&allele.0, &allele.1));
        assert!(split || both.get(allele) == Some(record), "{record}");
    }
}

#[test]
fn records_keep_their_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let free = called(folder.path(), &[]);
    let reference = Reference::open(&sample().join("reference.fa")).unwrap();
    let reader = reference.reader().unwrap();
    let homozygous = |record: &&String| value(record, "GT") == "1/1" && record.contains("\tPASS\t");
    let snp = free
        .iter()
        .filter(homozygous)
        .find(|r| key(r).2.len() + key(r).3.len() == 2)
        .unwrap();
    let insertion = free
        .iter()
        .filter(homozygous)
        .find(|r| key(r).3.len() > key(r).2.len())
        .unwrap();
    // Padded at both ends, in lower case; and an insertion at the right end of its repeat.
    let around = |(contig, position, reference, alternate): Key| {
        let base = |at: u64| String::from_utf8(reader.fetch(&contig, at - 1, at).unwrap()).unwrap();
        let (before, after) = (base(position - 1), base(position + reference.len() as u64));
        let padded = |bases: &str| format!("{before}{bases}{after}");
        (contig.clone(), position - 1, padded(&reference), padded(&alternate))
    };
    let mut alleles = vec![around(key(snp)), around(key(insertion))];
    alleles.sort();
    let lower: Vec<Key> = alleles
        .iter()
        .cloned()
        .map(|(c, p, r, a)| (c, p, r.to_lowercase(), a))
        .collect();
    let panel = panel(folder.path(), &lower);
    let only = called(folder.path(), &["--alleles", panel.to_str().unwrap(), "--only-alleles"]);
    assert_eq!(only.iter().map(|r| key(r)).collect::<Vec<_>>(), alleles);
    assert!(only.iter().all(|record| value(record, "GT") == "1/1"), "{only:?}");
}

#[test]
fn places_without_reads_are_not_called() {
    let folder = tempfile::tempdir().unwrap();
    let reference = Reference::open(&sample().join("reference.fa")).unwrap();
    let first = |contig: &str| {
        let base = String::from_utf8(reference.reader().unwrap().fetch(contig, 0, 1).unwrap()).unwrap();
        let other = if base == "A" { "G" } else { "A" };
        (contig.to_owned(), 1, base, other.to_owned())
    };
    // No read reaches the ends of the contigs.
    let panel = panel(folder.path(), &["chrA", "chrB"].map(first));
    let only = called(folder.path(), &["--alleles", panel.to_str().unwrap(), "--only-alleles"]);
    assert_eq!(only.len(), 2);
    for record in only {
        assert!(record.contains("\t.\tNoCall\tDP=0\t"), "{record}");
        assert_eq!([value(&record, "GT"), value(&record, "AD")], ["./.", "0,0"]);
    }
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, absent) = true_and_absent();
    let error = |alleles: &[Key]| {
        let panel = panel(folder.path(), alleles);
        let output = folder.path().join("x.vcf");
        let mut command = call(&sample().join("reference.fa"), &sample().join("sample.bam"), &output);
        error_of(command.arg("--alleles").arg(panel))
    };
    let mut wrong = absent[0].clone();
    wrong.2 = if wrong.2 == "C" { "T".into() } else { "C".into() };
    let message = error(&[wrong.clone()]);
    assert!(
        message.contains(&format!("record {}:{}: its REF is", wrong.0, wrong.1)),
        "{message}"
    );
    wrong.0 = "chr9".into();
    let message = error(&[wrong]);
    assert!(
        message.contains("the reference has none of its contigs (for example chr9)"),
        "{message}"
    );
}

#[test]
fn any_format_of_the_file_gives_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let (_, absent) = true_and_absent();
    let plain = panel(folder.path(), &absent);
    let path = |name: &str| folder.path().join(name);
    let lengths = Reference::open(&sample().join("reference.fa")).unwrap();
    let line = |contig: &Contig| format!("##contig=<ID={},length={}>\n", contig.name, contig.length);
    let contigs: String = lengths.contigs().iter().map(line).collect();
    let text = std::fs::read_to_string(&plain).unwrap();
    std::fs::write(&plain, text.replace("#CHROM", &(contigs + "#CHROM"))).unwrap();
    let mut reader = bcf::Reader::from_path(&plain).unwrap();
    let header = bcf::Header::from_template(reader.header());
    let mut binary = bcf::Writer::from_path(path("panel.bcf"), &header, false, bcf::Format::Bcf).unwrap();
    for record in reader.records() {
        binary.write(&record.unwrap()).unwrap();
    }
    drop(binary);
    let mut bgzipped = bgzf::Writer::from_path(path("panel.vcf.gz")).unwrap();
    std::io::copy(&mut std::fs::File::open(&plain).unwrap(), &mut bgzipped).unwrap();
    drop(bgzipped);
    for more in [&[][..], &["--only-alleles", "--threads", "3"]] {
        let called = |panel: &Path| called(folder.path(), &[&["--alleles", panel.to_str().unwrap()], more].concat());
        let expected = called(&plain);
        assert!(expected.len() > 50);
        for name in ["panel.bcf", "panel.vcf.gz"] {
            assert!(called(&path(name)) == expected, "{name}");
        }
    }
}
