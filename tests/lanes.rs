//! Several files of one sample, and its name.

mod common;

use std::path::{Path, PathBuf};

use common::{call, dvcall, error_of, records, sample};
use rust_htslib::bam::{self, Header, HeaderView, Read as _, Record, index};

/// Writes the reads of the sample for which `keeps` holds, with a header that `change` makes, and the index.
fn write(path: &Path, change: impl Fn(&str) -> String, keeps: impl Fn(&Record) -> bool) -> PathBuf {
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let text = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let header = Header::from_template(&HeaderView::from_bytes(change(&text).as_bytes()));
    let mut writer = bam::Writer::from_path(path, &header, bam::Format::Bam).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        if keeps(&record) {
            writer.write(&record).unwrap();
        }
    }
    drop(writer);
    index::build(path, None::<&Path>, index::Type::Bai, 1).unwrap();
    path.to_owned()
}

/// The lane of a read: mates may lie on different lanes.
fn lane(record: &Record) -> usize {
    usize::from(
        record
            .qname()
            .iter()
            .fold(record.is_last_in_template() as u8, |sum, b| sum.wrapping_add(*b))
            % 3,
    )
}

fn lanes(folder: &Path) -> Vec<PathBuf> {
    let path = |number: usize| folder.join(format!("lane{number}.bam"));
    (0..3)
        .map(|number| write(&path(number), str::to_owned, |record| lane(record) == number))
        .collect()
}

fn called(reads: &[PathBuf], folder: &Path, flags: &[&str]) -> [Vec<String>; 2] {
    let [vcf, gvcf] = ["x.vcf.gz", "x.g.vcf.gz"].map(|name| folder.join(name));
    let mut command = call(&sample().join("reference.fa"), &reads[0], &vcf);
    command.arg("--gvcf").arg(&gvcf).args(flags);
    for lane in &reads[1..] {
        command.arg("--reads").arg(lane);
    }
    command.assert().success();
    [records(&vcf), records(&gvcf)]
}

fn sample_name(vcf: &Path) -> String {
    let reader = rust_htslib::bcf::Reader::from_path(vcf).unwrap();
    let samples = rust_htslib::bcf::Read::header(&reader).samples();
    String::from_utf8(samples[0].to_vec()).unwrap()
}

#[test]
fn lanes_give_the_records_of_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let whole = called(&[sample().join("sample.bam")], folder.path(), &[]);
    let mut lanes = lanes(folder.path());
    assert_eq!(called(&lanes, folder.path(), &[]), whole);
    lanes.rotate_left(1);
    assert_eq!(called(&lanes, folder.path(), &["--threads", "1"]), whole);
    // Above the depth limit, the same reads stay.
    let depth = ["--max-depth", "12"];
    let shallow = called(&[sample().join("sample.bam")], folder.path(), &depth);
    assert!(shallow != whole);
    assert_eq!(called(&lanes, folder.path(), &depth), shallow);
}

#[test]
fn a_sample_is_renamed_and_read_groups_of_others_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let lanes = lanes(folder.path());
    let whole = called(&lanes, folder.path(), &["--sample", "patient 7"]);
    assert_eq!(sample_name(&folder.path().join("x.vcf.gz")), "patient 7");
    // A lane with a second sample: its reads do not count.
    let name = sample_name_of(&lanes[0]);
    let path = folder.path().join("mixed.bam");
    let two = write(
        &path,
        |text| format!("{text}@RG\tID:other\tSM:stranger\n"),
        |record| lane(record) == 0,
    );
    let mixed = [two, lanes[1].clone(), lanes[2].clone()];
    assert_eq!(called(&mixed, folder.path(), &["--sample", &name]), whole);
}

fn sample_name_of(reads: &Path) -> String {
    let reader = bam::Reader::from_path(reads).unwrap();
    let text = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let group = text.lines().find(|line| line.starts_with("@RG")).unwrap().to_owned();
    group
        .split('\t')
        .find_map(|field| field.strip_prefix("SM:"))
        .unwrap()
        .to_owned()
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = lanes(folder.path()).remove(0);
    let error = |other: &Path, flags: &[&str]| {
        let mut command = call(&sample().join("reference.fa"), &first, &folder.path().join("x.vcf"));
        error_of(command.arg("--reads").arg(other).args(flags))
    };
    let path = folder.path().join("other.bam");
    let change = |from: &'static str, to: &'static str| write(&path, |text| text.replace(from, to), |_| false);
    let name = sample_name_of(&first);
    let stranger = write(
        &path,
        |text| text.replace(&format!("SM:{name}"), "SM:stranger"),
        |_| false,
    );
    let message = error(&stranger, &[]);
    assert!(
        message.contains("hold several samples") && message.contains("stranger"),
        "{message}"
    );
    let message = error(&change("LN:20000", "LN:20001"), &[]);
    assert!(message.contains("have different contigs"), "{message}");
    let message = error(&first, &[]);
    assert!(message.contains("given twice"), "{message}");
    let whole = sample().join("sample.bam");
    let message = error(
        &whole,
        &["--realigned-reads", folder.path().join("r.bam").to_str().unwrap()],
    );
    assert!(message.contains("--realigned-reads needs a single file"), "{message}");
    dvcall()
        .args(["call", "--ref", "r.fa", "--output", "x.vcf"])
        .assert()
        .code(2);
}
