//! Indexes of FASTA and VCF files: missing, damaged, or of another file.

use std::path::{Path, PathBuf};

use rust_htslib::bcf::index;

use crate::common::dvcall;
use crate::errors::{Case, REFERENCE, good, with_query};
use crate::world::World;

/// The good query, bgzipped and indexed, with the genotype given.
pub fn bgzipped(world: &World, genotype: &str) -> PathBuf {
    let plain = std::fs::read_to_string(good(world)).unwrap().replace("0/1", genotype);
    let path = world.path("query.vcf.gz");
    compress(&path, &plain);
    index::build(&path, None, 1, index::Type::Tbx).unwrap();
    path
}

fn compress(path: &Path, text: &str) {
    let mut writer = rust_htslib::bgzf::Writer::from_path(path).unwrap();
    std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
}

/// A bgzipped VCF has an index, and it is of this file; its age is not looked at, for copies get new times.
#[test]
fn indexes_that_are_missing_or_of_another_vcf() {
    const TABIX: &str = "tabix -f -p vcf";
    let tbi = |case: &Case| case.world.path("query.vcf.gz.tbi");
    let case = with_query(|w| bgzipped(w, "0/1"));
    std::fs::remove_file(tbi(&case)).unwrap();
    case.fails_with(&["query.vcf.gz has no index", TABIX]);
    // Records were added or taken away after the index was made, or their contig renamed.
    let good = |w: &World| std::fs::read_to_string(good(w)).unwrap();
    let more = |text: &str| format!("{text}c\t11\t.\tG\tA\t50\tPASS\t.\tGT\t0/1\n");
    let fewer = |text: &str| text[..text.find("c\t5").unwrap()].to_owned();
    let renamed = |text: &str| text.replace("c\t5", "d\t5");
    for change in [&more as &dyn Fn(&str) -> String, &fewer] {
        let case = with_query(|w| bgzipped(w, "0/1"));
        compress(&case.world.path("query.vcf.gz"), &change(&good(&case.world)));
        case.fails_with(&["query.vcf.gz.tbi is stale", TABIX, "query.vcf.gz"]);
    }
    let case = with_query(|w| bgzipped(w, "0/1"));
    std::fs::write(case.world.path("ref.fa"), format!(">c\n{REFERENCE}\n>d\n{REFERENCE}\n")).unwrap();
    std::fs::write(case.world.path("ref.fa.fai"), "c\t44\t3\t44\t45\nd\t44\t51\t44\t45\n").unwrap();
    compress(&case.world.path("query.vcf.gz"), &renamed(&good(&case.world)));
    case.fails_with(&["query.vcf.gz.tbi is stale", "contig 'd'", TABIX]);
    let case = with_query(|w| bgzipped(w, "0/1"));
    std::fs::write(tbi(&case), "of nothing").unwrap();
    case.fails_with(&["query.vcf.gz.tbi is damaged", TABIX]);
    // The same of truth, and with a CSI index.
    let case = with_query(self::good);
    let truth = bgzipped(&case.world, "0/1");
    std::fs::rename(case.world.path("query.vcf.gz.tbi"), case.world.path("query.vcf.gz.csi")).unwrap();
    let text = good(&case.world);
    compress(&truth, &more(&text));
    let mut command = dvcall();
    command
        .arg("evaluate")
        .arg("--ref")
        .arg(case.world.fasta())
        .arg("--truth")
        .arg(&truth);
    command
        .arg("--query")
        .arg(case.world.path("query.vcf"))
        .arg("--output")
        .arg(case.world.path("out"));
    Case { command, ..case }.fails_with(&["query.vcf.gz.csi is stale", "bcftools index -f"]);
}

#[test]
fn indexes_that_fit_are_good_whatever_their_age_or_kind() {
    let mut case = with_query(|w| bgzipped(w, "0/1"));
    let old = std::time::SystemTime::UNIX_EPOCH;
    for index in ["query.vcf.gz.tbi", "ref.fa.fai"] {
        let file = std::fs::File::options()
            .append(true)
            .open(case.world.path(index))
            .unwrap();
        file.set_modified(old).unwrap();
    }
    case.command.assert().success();
    std::fs::remove_file(case.world.path("query.vcf.gz.tbi")).unwrap();
    let kind = index::Type::Csi(14);
    index::build(&case.world.path("query.vcf.gz"), None, 1, kind).unwrap();
    case.command.assert().success();
}

#[test]
fn references_without_an_index_or_with_one_of_another_file() {
    const AGAIN: &str = "samtools faidx";
    let fai = |case: &Case| case.world.path("ref.fa.fai");
    let case = with_query(good);
    std::fs::remove_file(fai(&case)).unwrap();
    case.fails_with(&["no .fai index", AGAIN]);
    // Longer, shorter, elsewhere, other lines, another name, not all contigs.
    for wrong in [
        "c\t4400\t3\t4400\t4401\n",
        "c\t45\t3\t45\t46\n",
        "c\t43\t3\t43\t44\n",
        "c\t44\t4\t44\t45\n",
        "c\t44\t3\t22\t23\n",
        "d\t44\t3\t44\t45\n",
        "c\t44\t3\t44\t45\nd\t44\t51\t44\t45\n",
    ] {
        let case = with_query(good);
        std::fs::write(fai(&case), wrong).unwrap();
        case.fails_with(&["ref.fa.fai is stale", AGAIN]);
    }
    for damaged in ["c\t44\n", "c\t44\t3\t0\t0\n"] {
        let case = with_query(good);
        std::fs::write(fai(&case), damaged).unwrap();
        case.fails_with(&["damaged index", AGAIN]);
    }
    let case = with_query(good);
    std::fs::write(case.world.fasta(), format!(">c\n{REFERENCE}\n>d\n{REFERENCE}\n")).unwrap();
    case.fails_with(&["ref.fa.fai is stale", AGAIN]);
    // What has no base, no index knows.
    let mut case = with_query(good);
    std::fs::write(case.world.fasta(), format!(">empty\n\n>c\n{REFERENCE}\n")).unwrap();
    std::fs::write(fai(&case), "c\t44\t11\t44\t45\n").unwrap();
    case.command.assert().success();
}
