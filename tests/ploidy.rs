//! Ploidy: haploid contigs, sex, and pseudoautosomal regions, from the outside.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::gvcf::{Block, block, called};
use common::{call, error_of, sample};
use rust_htslib::bam::{self, Header, HeaderView, Record, index};

fn sample_called(flags: &[&str]) -> [Vec<String>; 2] {
    called(&sample().join("reference.fa"), &sample().join("sample.bam"), flags)
}

fn on<'a>(contig: &'a str, records: &'a [String]) -> impl Iterator<Item = &'a String> {
    records.iter().filter(move |r| r.split('\t').next() == Some(contig))
}

/// 1-based position, and the values of the sample: GT first, PL last; without STAGE and TIER.
fn values(record: &str) -> (u64, Vec<String>) {
    let fields: Vec<_> = record.split('\t').collect();
    let keys = fields[8].split(':').filter(|key| !["STAGE", "TIER"].contains(key));
    let values = keys
        .zip(fields[9].split(':'))
        .map(|(_, value)| value.to_owned())
        .collect();
    (fields[1].parse().unwrap(), values)
}

fn genotype(record: &str) -> String {
    values(record).1[0].clone()
}

/// Number of alleles of a record, the reference included.
fn alleles(record: &str) -> usize {
    1 + record.split('\t').nth(4).unwrap().split(',').count()
}

#[test]
fn a_haploid_contig_has_genotypes_of_one_allele() {
    let [plain, plain_gvcf] = sample_called(&[]);
    let [haploid, gvcf] = sample_called(&["--haploid-contigs", "chrA"]);
    assert!(
        on("chrB", &plain).eq(on("chrB", &haploid)),
        "diploid contigs stay as they are"
    );
    assert!(on("chrB", &plain_gvcf).eq(on("chrB", &gvcf)));
    assert!(on("chrA", &plain).any(|record| genotype(record) == "0/1"));
    for record in on("chrA", &haploid).chain(on("chrA", &gvcf)) {
        let (_, values) = values(record);
        assert!(!values[0].contains('/'), "{record}");
        assert_eq!(values.last().unwrap().split(',').count(), alleles(record), "{record}");
    }
    // Homozygous variants stay.
    let positions = |records: &[String], called: &str| -> Vec<u64> {
        let chosen = on("chrA", records).filter(|r| r.contains("\tPASS\t") && genotype(r) == called);
        chosen.map(|record| values(record).0).collect()
    };
    let (homozygous, one) = (positions(&plain, "1/1"), positions(&haploid, "1"));
    assert!(homozygous.len() > 5 && homozygous.iter().all(|at| one.contains(at)));
    let quality = |blocks: &[Block]| blocks.iter().filter(|b| b.genotype == "0").map(|b| b.quality).max();
    let blocks: Vec<_> = on("chrA", &gvcf).filter_map(|record| block(record)).collect();
    assert_eq!(quality(&blocks), Some(50));
}

#[test]
fn the_diploid_style_doubles_the_allele() {
    let [haploid, gvcf] = sample_called(&["--ploidy", "1"]);
    let [doubled, doubled_gvcf] = sample_called(&["--ploidy", "1", "--ploidy-style", "diploid"]);
    assert!(haploid.iter().any(|record| genotype(record) == "1"));
    for (one, two) in haploid.iter().zip(&doubled).chain(gvcf.iter().zip(&doubled_gvcf)) {
        let (allele, genotype) = (genotype(one), genotype(two));
        assert_eq!(genotype, format!("{allele}/{allele}"));
        let likelihoods = |record| -> Vec<u32> {
            let likelihoods = values(record).1.pop().unwrap();
            likelihoods.split(',').map(|p| p.parse().unwrap()).collect()
        };
        let (one, two) = (likelihoods(one), likelihoods(two));
        let greatest = one.iter().copied().max().unwrap().max(990);
        for (b, likelihood) in one.iter().enumerate() {
            let row = &two[b * (b + 1) / 2..][..=b];
            assert_eq!(row[b], *likelihood);
            assert!(row[..b].iter().all(|&p| p == 990 || p == greatest), "{two:?}");
        }
    }
}

#[test]
fn a_pseudoautosomal_region_is_diploid() {
    let bed = tempfile::Builder::new().suffix(".bed").tempfile().unwrap();
    std::fs::write(bed.path(), "chrA\t0\t20500\n").unwrap();
    let path = bed.path().to_str().unwrap();
    let [plain, plain_gvcf] = sample_called(&[]);
    let [calls, gvcf] = sample_called(&["--haploid-contigs", "chrA,chrB", "--par-regions", path]);
    let inside = |records: &[String]| -> Vec<String> {
        let last = |record: &String| block(record).map_or(values(record).0, |block| block.end);
        on("chrA", records)
            .filter(|record| last(record) < 20_000)
            .cloned()
            .collect()
    };
    assert_eq!((inside(&plain), inside(&plain_gvcf)), (inside(&calls), inside(&gvcf)));
    for record in &calls {
        let is_diploid = record.starts_with("chrA\t") && values(record).0 <= 20_500;
        assert_eq!(genotype(record).contains('/'), is_diploid, "{record}");
    }
    let blocks: Vec<_> = on("chrA", &gvcf).filter_map(|record| block(record)).collect();
    assert!(blocks.iter().any(|block| block.end == 20_500) && blocks.iter().any(|block| block.start == 20_501));
}

#[test]
fn bad_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let vcf = folder.path().join("x.vcf");
    let error = |flags: &[&str]| {
        let mut command = call(&sample().join("reference.fa"), &sample().join("sample.bam"), &vcf);
        error_of(command.args(flags))
    };
    assert!(error(&["--haploid-contigs", "chrX"]).contains("contig 'chrX' is not in the reference"));
    assert!(error(&["--ploidy", "1", "--sex", "male"]).contains("--ploidy 1 makes every contig haploid"));
    let bed = folder.path().join("par.bed");
    std::fs::write(&bed, "X\t0\t9\n").unwrap();
    assert!(error(&["--par-regions", bed.to_str().unwrap()]).contains("contig 'X' is not in the reference"));
    std::fs::write(&vcf, "chrA\t0\t9\n").unwrap();
    assert!(error(&["--par-regions", vcf.to_str().unwrap()]).contains("x.vcf"));
    assert_eq!(std::fs::read_to_string(&vcf).unwrap(), "chrA\t0\t9\n");
}

/// Contig, length, and the stretch of known bases (0-based half-open) of a reference with the lengths of b37.
const CONTIGS: [(&str, usize, (usize, usize)); 3] = [
    ("1", 45_000_000, (1_000_000, 1_040_000)),
    // The pseudoautosomal region ends at 2,699,520.
    ("X", 155_270_560, (2_690_000, 2_730_000)),
    ("Y", 59_373_566, (7_000_000, 7_040_000)),
];
/// A SNP in every thousandth base.
const SNP: usize = 1_000;
const READ: usize = 100;

fn random(number: usize) -> usize {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as usize
}

fn base(position: usize) -> u8 {
    b"ACGT"[random(position) % 4]
}

fn other(base: u8) -> u8 {
    if base == b'A' { b'C' } else { b'A' }
}

/// Writes the reference, which is N but for the stretches.
fn human_reference(folder: &Path) -> PathBuf {
    let path = folder.join("human.fa");
    let mut fasta = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let (mut index, mut offset) = (String::new(), 0);
    for (name, length, (start, end)) in CONTIGS {
        let unknown = |length| vec![b'N'; length];
        let known: Vec<u8> = (start..end).map(base).collect();
        let sequence = [unknown(start), known, unknown(length - end)].concat();
        writeln!(fasta, ">{name}").unwrap();
        fasta.write_all(&sequence).unwrap();
        writeln!(fasta).unwrap();
        offset += name.len() + 2;
        writeln!(index, "{name}\t{length}\t{offset}\t{length}\t{}", length + 1).unwrap();
        offset += length + 1;
    }
    std::fs::write(folder.join("human.fa.fai"), index).unwrap();
    path
}

/// Copies of each contig's stretch: of chromosome 1, X inside and outside of the pseudoautosomal region, and Y.
struct Copies {
    autosome: usize,
    par: usize,
    x: usize,
    y: usize,
}

/// Writes reads, ten over each position of a copy. The first copy has all SNPs.
fn human_reads(folder: &Path, name: &str, copies: &Copies) -> PathBuf {
    let path = folder.join(name);
    let mut text = "@HD\tVN:1.6\tSO:coordinate\n@RG\tID:g\tSM:s\n".to_owned();
    CONTIGS
        .iter()
        .for_each(|(name, length, _)| writeln!(text, "@SQ\tSN:{name}\tLN:{length}").unwrap());
    let view = HeaderView::from_bytes(text.as_bytes());
    let mut writer = bam::Writer::from_path(&path, &Header::from_template(&view), bam::Format::Bam).unwrap();
    for (contig, _, (start, end)) in CONTIGS {
        for place in (start..end - READ).step_by(5) {
            let copies = match contig {
                "1" => copies.autosome,
                "X" if place < 2_699_520 => copies.par,
                "X" => copies.x,
                _ => copies.y,
            };
            // Reads begin at places of chance, which differ between copies.
            for copy in (0..copies).filter(|copy| random(place * 3 + copy).is_multiple_of(2)) {
                let shown = |at: usize| match copy == 0 && at % SNP == SNP / 2 {
                    true => other(base(at)),
                    false => base(at),
                };
                let bases = String::from_utf8((place..place + READ).map(shown).collect()).unwrap();
                let quals: String = (0..READ)
                    .map(|i| char::from(b'F' + (random(place * READ + i + copy) % 4) as u8))
                    .collect();
                let flag = 16 * (random(place + copy) % 2);
                let line = format!(
                    "{contig}-{place}-{copy}\t{flag}\t{contig}\t{}\t60\t{READ}M\t*\t0\t0\t{bases}\t{quals}\tRG:Z:g",
                    place + 1
                );
                writer
                    .write(&Record::from_sam(&view, line.as_bytes()).unwrap())
                    .unwrap();
            }
        }
    }
    drop(writer);
    index::build(&path, None, index::Type::Bai, 1).unwrap();
    path
}

/// The records of a VCF and a gVCF, and the ploidy as the header and the summary say it.
fn human_called(reference: &Path, reads: &Path, flags: &[&str]) -> ([Vec<String>; 2], String, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let [vcf, gvcf, json] = ["x.vcf", "x.g.vcf", "x.json"].map(|name| folder.path().join(name));
    let mut command = call(reference, reads, &vcf);
    let regions = "1:1,000,001-1,040,000 X:2,690,001-2,730,000 Y:7,000,001-7,040,000".split(' ');
    regions.for_each(|region| _ = command.args(["--regions", region]));
    command.arg("--gvcf").arg(&gvcf).arg("--summary").arg(&json);
    command.args(flags).assert().success();
    let [header, _] = [&vcf, &gvcf].map(|path| std::fs::read_to_string(path).unwrap());
    let line = header.lines().find_map(|line| line.strip_prefix("##dvcallPloidy="));
    let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(summary["ploidy"].as_str(), line);
    let records = [&vcf, &gvcf].map(|path| common::records(path));
    (records, line.unwrap().to_owned(), summary["sex"].clone())
}

/// The genotypes of the PASS records of a contig before and from a 1-based position on, without repeats.
fn genotypes(contig: &str, records: &[String], bound: u64) -> [Vec<String>; 2] {
    let passing = || on(contig, records).filter(|record| record.contains("\tPASS\t"));
    let of = |is_before: bool| {
        let chosen = passing().filter(|record| (values(record).0 < bound) == is_before);
        let mut genotypes: Vec<_> = chosen.map(|record| genotype(record)).collect();
        assert!(genotypes.is_empty() || genotypes.len() > 5, "{genotypes:?}");
        genotypes.dedup();
        genotypes
    };
    [of(true), of(false)]
}

const PAR_END: u64 = 2_699_520;

#[test]
fn the_depth_of_x_tells_the_sex_and_the_sex_the_ploidy() {
    let folder = tempfile::tempdir().unwrap();
    let reference = human_reference(folder.path());
    let no_genotypes: [String; 0] = [];
    let male = human_reads(
        folder.path(),
        "male.bam",
        &Copies {
            autosome: 2,
            par: 2,
            x: 1,
            y: 1,
        },
    );
    let ([calls, gvcf], ploidy, sex) = human_called(&reference, &male, &[]);
    assert!(
        ploidy.starts_with("sex male (depth; depth relative to autosomes: X 0."),
        "{ploidy}"
    );
    assert!(ploidy.ends_with("haploid: X, Y; otherwise diploid"), "{ploidy}");
    let x = sex["x_depth"].as_f64().unwrap();
    assert!(sex["sex"] == "male" && (x - 0.5).abs() < 0.1, "{sex}");
    assert_eq!(genotypes("1", &calls, 1), [vec![], vec!["0/1"]]);
    assert_eq!(genotypes("X", &calls, PAR_END + 1), [["0/1"], ["1"]]);
    assert_eq!(genotypes("Y", &calls, 1), [vec![], vec!["1"]]);
    let blocks: Vec<_> = on("X", &gvcf).filter_map(|record| block(record)).collect();
    assert!(
        blocks
            .iter()
            .all(|block| (block.likelihoods.len() == 3) == (block.end <= PAR_END))
    );
    assert!(blocks.iter().any(|block| block.end == PAR_END));

    // The same reads, said to be a woman's.
    let ([calls, _], ploidy, _) = human_called(&reference, &male, &["--sex", "female"]);
    assert!(ploidy.starts_with("sex female (given); absent: Y"), "{ploidy}");
    assert_eq!(genotypes("X", &calls, PAR_END + 1), [["0/1"], ["1/1"]]);
    assert_eq!(on("Y", &calls).count(), 0);

    let female = human_reads(
        folder.path(),
        "female.bam",
        &Copies {
            autosome: 2,
            par: 2,
            x: 2,
            y: 0,
        },
    );
    let ([calls, gvcf], ploidy, sex) = human_called(&reference, &female, &[]);
    assert!(sex["sex"] == "female" && ploidy.contains("absent: Y"), "{ploidy}");
    assert_eq!(genotypes("X", &calls, PAR_END + 1), [["0/1"], ["0/1"]]);
    let blocks: Vec<_> = on("Y", &gvcf).map(|record| block(record).unwrap()).collect();
    assert!(!blocks.is_empty() && blocks.iter().all(|block| block.genotype == "."));

    let alone = human_reads(
        folder.path(),
        "alone.bam",
        &Copies {
            autosome: 0,
            par: 2,
            x: 1,
            y: 1,
        },
    );
    let ([calls, _], ploidy, sex) = human_called(&reference, &alone, &[]);
    assert_eq!(ploidy, "sex unknown (too few reads on the autosomes); diploid");
    assert!(sex["sex"].is_null());
    assert_eq!(genotypes("X", &calls, PAR_END + 1), [["0/1"], ["1/1"]]);
    assert_eq!(genotypes("Y", &calls, 1)[1], ["1/1"]);
    assert_eq!(genotypes("1", &calls, 1), [no_genotypes.clone(), no_genotypes]);
    let vcf = folder.path().join("x.vcf");
    let mut command = common::dvcall();
    command.args(["call", "--regions", "X:2,690,001-2,691,000", "--ref"]);
    command
        .arg(&reference)
        .arg("--reads")
        .arg(&alone)
        .arg("--output")
        .arg(&vcf);
    let output = command.assert().success().get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    let warning = "sex unknown (too few reads on the autosomes): X called as diploid; --sex says which it is";
    assert!(text.contains(warning), "{text}");
}

#[test]
fn the_mitochondrial_genome_is_haploid() {
    let folder = tempfile::tempdir().unwrap();
    let renamed = |text: &str| text.replace("chrB", "chrM");
    let reads = folder.path().join("reads.bam");
    common::with_header(renamed, &reads);
    let reference = folder.path().join("ref.fa");
    for suffix in ["fa", "fa.fai"] {
        let text = std::fs::read_to_string(sample().join("reference").with_extension(suffix)).unwrap();
        std::fs::write(folder.path().join("ref").with_extension(suffix), renamed(&text)).unwrap();
    }
    let [calls, _] = called(&reference, &reads, &[]);
    let [plain, _] = sample_called(&[]);
    assert!(on("chrA", &plain).eq(on("chrA", &calls)));
    assert!(on("chrM", &calls).count() > 0 && on("chrM", &calls).all(|record| !genotype(record).contains('/')));
}

/// Truth of the male reads of [`human_reads`]: one allele outside the pseudoautosomal region.
fn male_truth(folder: &Path) -> PathBuf {
    let mut text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n".to_owned();
    for (contig, _, (start, end)) in CONTIGS {
        // The outermost positions have few reads.
        for at in (start + SNP..end - SNP).filter(|at| at % SNP == SNP / 2) {
            let is_diploid = contig == "1" || contig == "X" && (at as u64) < PAR_END;
            let [reference, alternate] = [base(at), other(base(at))].map(char::from);
            let genotype = if is_diploid { "0/1" } else { "1" };
            writeln!(
                text,
                "{contig}\t{}\t.\t{reference}\t{alternate}\t.\t.\t.\tGT\t{genotype}",
                at + 1
            )
            .unwrap();
        }
    }
    let path = folder.join("truth.vcf");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn evaluate_counts_a_males_calls_by_ploidy() {
    let folder = tempfile::tempdir().unwrap();
    let reference = human_reference(folder.path());
    let copies = Copies {
        autosome: 2,
        par: 2,
        x: 1,
        y: 1,
    };
    let male = human_reads(folder.path(), "male.bam", &copies);
    let [calls, output] = ["calls.vcf", "scores"].map(|name| folder.path().join(name));
    let mut command = call(&reference, &male, &calls);
    let regions = "1:1,000,001-1,040,000 X:2,690,001-2,730,000 Y:7,000,001-7,040,000".split(' ');
    regions.for_each(|region| _ = command.args(["--regions", region]));
    command.assert().success();
    let mut command = common::dvcall();
    command
        .args(["evaluate", "--ref"])
        .arg(&reference)
        .arg("--query")
        .arg(&calls);
    command
        .arg("--truth")
        .arg(male_truth(folder.path()))
        .arg("--output")
        .arg(&output);
    command.assert().success();
    let metrics = std::fs::read(output.with_extension("metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    let found = |subset: &str| -> u64 {
        let mut rows = metrics["call_sets"][0]["by_ploidy"].as_array().unwrap().iter();
        let is_chosen = |row: &&serde_json::Value| row["subset"] == subset && row["type"] == "SNP";
        let row = rows.find(|row| is_chosen(row) && row["filter"] == "PASS").unwrap();
        assert_eq!(row["fp_gt"], 0, "{subset}");
        row["truth_tp"]["all"].as_u64().unwrap()
    };
    // 38 SNPs on each contig; 9 of those on X are in the pseudoautosomal region.
    assert_eq!((found("haploid"), found("diploid")), (38 + 29, 38 + 9));
}
