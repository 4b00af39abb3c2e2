//! Tests of `dvcall joint`.

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;
use common::killed::{contents, finish, journal, kill_after_checkpoint, refusal};
use common::{dvcall, error_of, records};
use rust_htslib::bcf::{self, Read as _};
use rust_htslib::bgzf;

const LENGTH: usize = 60_000;

/// Bases of the only contig, `c`.
fn bases() -> Vec<u8> {
    let mut state = 7_u32;
    let mut base = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"ACGT"[(state >> 30) as usize]
    };
    (0..LENGTH).map(|_| base()).collect()
}

/// The reference bases of 1-based positions.
fn reference_at(start: usize, length: usize) -> String {
    String::from_utf8(bases()[start - 1..start - 1 + length].to_vec()).unwrap()
}

/// Another base than the reference's at a 1-based position.
fn other_base(position: usize) -> char {
    let base = bases()[position - 1];
    char::from(b"ACGT"[(b"ACGT".iter().position(|own| *own == base).unwrap() + 1) % 4])
}

/// A folder with a reference.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = String::from_utf8(bases()).unwrap();
        std::fs::write(folder.path().join("r.fa"), format!(">c\n{text}\n")).unwrap();
        let index = format!("c\t{LENGTH}\t3\t{LENGTH}\t{}\n", LENGTH + 1);
        std::fs::write(folder.path().join("r.fa.fai"), index).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes an indexed gVCF; columns are separated by spaces.
    fn gvcf(&self, sample: &str, records: &[String]) -> PathBuf {
        let path = self.write(&format!("{sample}.g.vcf.gz"), sample, LENGTH, records);
        bcf::index::build(&path, None::<&PathBuf>, 0, bcf::index::Type::Tbx).unwrap();
        path
    }

    fn write(&self, name: &str, samples: &str, length: usize, records: &[String]) -> PathBuf {
        let path = self.path(name);
        let mut out = bgzf::Writer::from_path(&path).unwrap();
        let columns = format!("#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT {samples}").replace(' ', "\t");
        writeln!(out, "##fileformat=VCFv4.2\n##contig=<ID=c,length={length}>\n{columns}").unwrap();
        for record in records {
            writeln!(out, "{}", record.replace(' ', "\t")).unwrap();
        }
        path
    }

    fn joint(&self, gvcfs: &[PathBuf], flags: &[&str]) -> Command {
        let mut command = dvcall();
        command.args(["joint", "--quiet", "--ref"]).arg(self.path("r.fa"));
        command
            .arg("--output")
            .arg(self.path("out.vcf.gz"))
            .args(gvcfs)
            .args(flags);
        command
    }

    /// The records of the cohort, as columns.
    fn joined(&self, gvcfs: &[PathBuf], flags: &[&str]) -> Vec<Vec<String>> {
        self.joint(gvcfs, flags).assert().success();
        let lines = records(&self.path("out.vcf.gz"));
        lines
            .iter()
            .map(|line| line.split('\t').map(str::to_owned).collect())
            .collect()
    }
}

/// A block of 1-based positions with some depth.
fn block(start: usize, end: usize, depth: u32) -> String {
    let base = reference_at(start, 1);
    let het = 3 * depth;
    format!(
        "c {start} . {base} <*> . . END={end} GT:GQ:MIN_DP:PL 0/0:50:{depth}:0,{het},{}",
        30 * depth
    )
}

/// A SNP with a genotype and PL.
fn snp(position: usize, genotype: &str, likelihoods: &str) -> String {
    let (base, other) = (reference_at(position, 1), other_base(position));
    format!(
        "c {position} . {base} {other},<*> 40 PASS . GT:GQ:DP:AD:VAF:PL {genotype}:40:20:10,10,0:0.5,0:{likelihoods},990,990,990"
    )
}

fn with_snp(position: usize, genotype: &str, likelihoods: &str) -> Vec<String> {
    vec![
        block(1, position - 1, 20),
        snp(position, genotype, likelihoods),
        block(position + 1, LENGTH, 20),
    ]
}

#[test]
fn samples_with_and_without_a_variant_are_joined() {
    let world = World::new();
    let a = world.gvcf("a", &with_snp(1_000, "0/1", "40,0,50"));
    let b = world.gvcf("b", &[block(1, LENGTH, 30)]);
    // GATK: <NON_REF>, and a sample with one copy.
    let (base, other) = (reference_at(1_000, 1), other_base(1_000));
    let gatk = format!("c 1000 . {base} {other},<NON_REF> 400 . . GT:AD:DP:GQ:PL 1:0,12,0:12:99:400,0,400");
    let end = block(1_001, LENGTH, 12).replace("<*>", "<NON_REF>");
    let c = world.gvcf("c", &[gatk, end.replace("0/0:50:12:0,36,360", "0:50:12:0,360")]);
    let joined = world.joined(&[a, b, c], &[]);
    assert_eq!(joined.len(), 1);
    let record = &joined[0];
    assert_eq!(record[..5], ["c", "1000", ".", &base, &other.to_string()]);
    assert_eq!((record[6].as_str(), record[8].as_str()), ("PASS", "GT:GQ:DP:AD:PL:RNC"));
    assert!(
        record[7].starts_with("AC=2;AN=5;AF=0.") && record[7].contains(";NS=3;"),
        "{}",
        record[7]
    );
    assert!(
        record[9].starts_with("0/1:") && record[9].ends_with(":20:10,10:40,0,50:.."),
        "{}",
        record[9]
    );
    assert!(
        record[10].starts_with("0/0:") && record[10].ends_with(":30:30,0:0,90,900:.."),
        "{}",
        record[10]
    );
    assert!(
        record[11].starts_with("1:") && record[11].ends_with(":12:0,12:400,0:."),
        "{}",
        record[11]
    );
}

#[test]
fn places_without_data_are_never_the_reference() {
    let world = World::new();
    let a = world.gvcf("a", &with_snp(1_000, "0/1", "50,0,60"));
    let none = world.gvcf("none", &[block(2_000, 3_000, 20)]);
    let empty = block(1, LENGTH, 0).replace("0/0:50", "./.:0");
    let unread = world.gvcf("unread", &[empty]);
    let record = &world.joined(&[a, none, unread], &[])[0];
    assert_eq!([&record[10], &record[11]], ["./.:.:.:.:.:MM", "./.:.:0:0,0:.:MM"]);
    assert!(
        record[7].contains("AN=2;") && record[7].contains("F_MISSING=0.666667"),
        "{}",
        record[7]
    );
}

/// A deletion of one sample over a SNP of another: one site. A sample with both on its haplotypes has both.
#[test]
fn overlapping_alleles_share_a_site() {
    let world = World::new();
    let reference = reference_at(1_000, 4);
    let deletion = format!(
        "c 1000 . {reference} {},<*> 40 PASS . GT:GQ:DP:AD:VAF:PL 0/1:40:20:10,10,0:0.5,0:40,0,50,990,990,990",
        &reference[..1]
    );
    let a = world.gvcf("a", &[block(1, 999, 20), deletion.clone(), block(1_004, LENGTH, 20)]);
    let b = world.gvcf("b", &with_snp(1_002, "0/1", "40,0,50"));
    let both = world.gvcf(
        "both",
        &[
            block(1, 999, 20),
            deletion,
            snp(1_002, "0/1", "40,0,50"),
            block(1_004, LENGTH, 20),
        ],
    );
    let joined = world.joined(&[a, b, both], &[]);
    assert_eq!(joined.len(), 1, "{joined:?}");
    let record = &joined[0];
    let snp = format!("{}{}{}", &reference[..2], other_base(1_002), &reference[3..]);
    let alternates: Vec<&str> = record[4].split(',').collect();
    assert_eq!((record[1].as_str(), record[3].as_str()), ("1000", reference.as_str()));
    let index = |allele: &str| 1 + alternates.iter().position(|own| *own == allele).unwrap();
    let [deleted, changed] = [index(&reference[..1]), index(&snp)];
    let genotypes: Vec<&str> = record[9..]
        .iter()
        .map(|sample| sample.split(':').next().unwrap())
        .collect();
    assert_eq!(
        genotypes,
        [format!("0/{deleted}"), format!("0/{changed}"), "1/2".to_owned()]
    );
}

#[test]
fn records_do_not_depend_on_threads_or_on_how_regions_are_cut() {
    let world = World::new();
    let place = |sample: usize, rank: usize| 150 + 397 * rank + if rank.is_multiple_of(3) { 0 } else { sample };
    let sample = |sample: usize| {
        let (mut records, mut next) = (Vec::new(), 1);
        for rank in 0..140 {
            let at = place(sample, rank);
            records.push(block(next, at - 1, 8 + (rank as u32) % 9));
            records.push(snp(at, "0/1", ["12,0,30", "5,0,20", "40,0,50"][rank % 3]));
            next = at + 1;
        }
        records.push(block(next, LENGTH, 9));
        records
    };
    let gvcfs: Vec<PathBuf> = (0..5)
        .map(|rank| world.gvcf(&format!("s{rank}"), &sample(rank)))
        .collect();
    let whole = world.joined(&gvcfs, &["--threads", "1"]);
    assert!(whole.len() > 140, "{}", whole.len());
    assert_eq!(world.joined(&gvcfs, &["--threads", "3"]), whole);
    let mut parts = world.joined(&gvcfs, &["--regions", "c:1-20,300"]);
    parts.extend(world.joined(&gvcfs, &["--regions", "c:20,301-20,900,c:20,901-60,000"]));
    assert_eq!(parts, whole);
    // A list of gVCFs, and BCF output.
    let list = world.path("list.txt");
    let names: Vec<String> = gvcfs.iter().map(|path| path.display().to_string()).collect();
    std::fs::write(&list, names.join("\n") + "\n").unwrap();
    let bcf = world.path("out.bcf");
    let mut command = dvcall();
    command
        .args(["joint", "--quiet", "--ref"])
        .arg(world.path("r.fa"))
        .arg("--output")
        .arg(&bcf);
    command.arg("--samples-list").arg(&list).assert().success();
    assert!(bcf.with_added_extension("csi").exists());
    let mut reader = bcf::Reader::from_path(&bcf).unwrap();
    assert_eq!(reader.records().count(), whole.len());
}

#[test]
fn a_family_is_genotyped_together() {
    let world = World::new();
    let depth = |snps: Vec<String>| {
        let (mut records, mut next) = (Vec::new(), 1);
        for snp in snps {
            let at: usize = snp.split(' ').nth(1).unwrap().parse().unwrap();
            records.extend([block(next, at - 1, 30), snp]);
            next = at + 1;
        }
        records.push(block(next, LENGTH, 30));
        records
    };
    // At 1,000 the child is doubtful and both parents are homozygous; at 2,000 it has a sure new mutation; at 3,000 a
    // doubtful one.
    let sure = |at| snp(at, "1/1", "90,60,0");
    let father = world.gvcf("father", &depth(vec![sure(1_000)]));
    let mother = world.gvcf("mother", &depth(vec![sure(1_000)]));
    let child = depth(vec![
        snp(1_000, "0/1", "40,0,4"),
        snp(2_000, "0/1", "80,0,80"),
        snp(3_000, "0/1", "12,0,40"),
    ]);
    let child = world.gvcf("child", &child);
    std::fs::write(world.path("x.ped"), "f child father mother 1 0\n").unwrap();
    let ped = world.path("x.ped");
    let summary = world.path("summary.json");
    let flags = [
        "--pedigree",
        ped.to_str().unwrap(),
        "--summary",
        summary.to_str().unwrap(),
    ];
    let gvcfs = [father, mother, child];
    let genotypes = |flags: &[&str]| -> Vec<String> {
        let joined = world.joined(&gvcfs, flags);
        joined
            .iter()
            .map(|r| format!("{} {}", r[1], r[11].split(':').next().unwrap()))
            .collect()
    };
    let alone = genotypes(&[]);
    assert_eq!(alone, ["1000 1/1", "2000 0/1", "3000 0/1"]);
    let together = genotypes(&flags);
    assert_eq!(together, ["1000 1/1", "2000 0/1"]);
    let new = &world.joined(&gvcfs, &flags)[1][7];
    assert!(
        new.contains(";DeNovo=child:1:0.9") || new.contains(";DeNovo=child:1:1"),
        "{new}"
    );
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&summary).unwrap()).unwrap();
    assert_eq!(json["records"]["new_mutations"], 1);
    assert_eq!(json["records"]["inheritance_of_snps"]["genotypes"], 2);
    assert_eq!(json["records"]["inheritance_of_snps"]["errors"], 1);
}

#[test]
fn bad_input_is_an_error_of_one_line() {
    let world = World::new();
    let good = world.gvcf("good", &with_snp(1_000, "0/1", "50,0,60"));
    let error = |gvcf: &Path| {
        let error = error_of(&mut world.joint(&[good.clone(), gvcf.to_owned()], &[]));
        assert!(!world.path("out.vcf.gz").exists());
        error
    };
    let index = |path: &Path| bcf::index::build(path, None::<&Path>, 0, bcf::index::Type::Tbx).unwrap();
    let blocks = [block(1, LENGTH, 20)];

    let longer = world.write("longer.g.vcf.gz", "longer", 70_000, &blocks);
    assert!(error(&longer).contains("contig c has 70000 bases, but 60000 in --ref"));

    let renamed: Vec<String> = blocks.iter().map(|line| line.replacen('c', "chrC", 1)).collect();
    let other = world.path("other.g.vcf.gz");
    let mut out = bgzf::Writer::from_path(&other).unwrap();
    let columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT other".replace(' ', "\t");
    writeln!(
        out,
        "##fileformat=VCFv4.2\n##contig=<ID=chrC>\n{columns}\n{}",
        renamed[0].replace(' ', "\t")
    )
    .unwrap();
    drop(out);
    assert!(error(&other).contains("has no contig chrC; it has c"));

    let base = reference_at(1, 1);
    let changed = blocks[0].replacen(&format!(". {base} <"), &format!(". {} <", other_base(1)), 1);
    let changed = world.gvcf("changed", &[changed]);
    assert!(error(&changed).contains("c:1: its REF is "));

    assert!(error(&good).contains("sample 'good' is in both"));

    let unsorted = world.write(
        "unsorted.g.vcf.gz",
        "sort",
        LENGTH,
        &[block(500, 900, 9), block(1, 499, 9)],
    );
    // An index of another file, because none can be made.
    std::fs::copy(world.path("good.g.vcf.gz.tbi"), world.path("unsorted.g.vcf.gz.tbi")).unwrap();
    assert!(error(&unsorted).contains("not sorted: c:1 comes after c:500"));

    let unindexed = world.write("unindexed.g.vcf.gz", "unindexed", LENGTH, &blocks);
    assert!(error(&unindexed).contains("has no index; make it with: tabix -p vcf"));

    let cut = world.gvcf("cut", &with_snp(1_000, "0/1", "50,0,60"));
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 30]).unwrap();
    assert!(error(&cut).contains("is truncated: its end-of-file marker is missing"));

    let plain: Vec<String> = with_snp(1_000, "0/1", "50,0,60")
        .iter()
        .map(|line| line.replace(",<*>", ""))
        .collect();
    let plain = world.write(
        "plain.g.vcf.gz",
        "plain",
        LENGTH,
        &[plain[1].replace(",990,990,990", "")],
    );
    index(&plain);
    assert!(error(&plain).contains("is no gVCF: its records have neither <*> nor <NON_REF>"));

    let two = world.write("two.g.vcf.gz", "two\tmore", LENGTH, &[format!("{}\t./.", blocks[0])]);
    assert!(error(&two).contains("has 2 samples; dvcall joint needs one file for each sample"));

    let binary = world.path("binary.g.bcf");
    let text = bcf::Reader::from_path(&good).unwrap();
    let header = bcf::Header::from_template(text.header());
    drop(bcf::Writer::from_path(&binary, &header, false, bcf::Format::Bcf).unwrap());
    assert!(error(&binary).contains("binary.g.bcf is BCF; make a bgzipped VCF of it with: bcftools view -O z"));

    assert!(error(&world.path("missing.g.vcf.gz")).contains("missing.g.vcf.gz: no such file"));

    let short = snp(1_000, "0/1", "50,0");
    let short = world.gvcf("short", &[block(1, 999, 9), short]);
    assert!(error(&short).contains("c:1000: its PL has 5 values, expected 6"));
}

/// Regions with gaps, each a piece of work.
const PIECES: &str = "c:1-4000,c:8001-12000,c:16001-20000,c:24001-28000,c:32001-36000,c:40001-44000,c:48001-60000";

#[test]
fn a_killed_run_goes_on_and_gives_the_same_files() {
    let world = World::new();
    // A SNP every 60 bases, each in other samples.
    let samples = 120;
    let gvcf = |sample: usize| {
        let carries = |site: usize| (site.wrapping_mul(2_654_435_761) >> 7) % 64 >= sample / 2;
        let mut records = Vec::new();
        for site in 0..LENGTH / 60 - 1 {
            let at = 60 * site + 30;
            records.push(match carries(site) {
                true => snp(at, "0/1", "40,0,50"),
                false => block(at, at, 20),
            });
            records.push(block(at + 1, at + 59, 20));
        }
        world.gvcf(&format!("s{sample}"), &records)
    };
    let gvcfs: Vec<PathBuf> = (0..samples).map(gvcf).collect();
    for name in ["out.vcf.gz", "out.bcf"] {
        let run = |folder: &Path, flags: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dvcall"));
            command
                .current_dir(folder)
                .arg("joint")
                .arg("--ref")
                .arg(world.path("r.fa"))
                .args(&gvcfs);
            command
                .args(["--output", name, "--summary", "out.json", "--regions", PIECES])
                .args(flags);
            command.stdout(Stdio::null()).stderr(Stdio::piped());
            command
        };
        let [whole, killed] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let journal = journal(killed.path(), name);
        let slow = ["--threads", "1"];
        assert!(kill_after_checkpoint(run(killed.path(), &slow), &journal));
        let refused = |flags: &[&str], expected: &str| {
            let message = refusal(run(killed.path(), &[&slow, flags, &["--resume"]].concat()));
            assert!(
                message.contains(".partial was begun otherwise: ") && message.contains(expected),
                "{message}"
            );
        };
        refused(&["--preset", "wes"], r#"options.preset was "wgs" and is "wes""#);
        refused(&["--exclude-regions", "c:1-10"], "regions.bases was ");
        refused(
            &[world.gvcf("more", &[block(1, LENGTH, 20)]).to_str().unwrap()],
            "samples was ",
        );
        // Another number of threads may go on.
        let message = finish(run(killed.path(), &["--threads", "2", "--resume"]));
        assert!(message.contains("the run goes on with "), "{message}");
        finish(run(whole.path(), &slow));
        assert!(contents(killed.path()) == contents(whole.path()));
    }
}
