//! Tests of `dvcall regulatory`.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use assert_cmd::Command;
use common::{dvcall, error_of, records, sample};
use dvcall::model::Random;
use serde_json::Value;

/// A temporary folder with a reference of two contigs, one of them with repeats in lower case, and peaks.
struct World {
    folder: tempfile::TempDir,
}

/// The motif that the peaks hold.
const MOTIF: &str = "GGTCACGTGACC";
const CONTIG: usize = 300_000;

impl World {
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let mut random = Random::new(&[5]);
        let (mut fasta, mut peaks) = (String::new(), Vec::new());
        for name in ["c1", "c2"] {
            let mut bases: Vec<u8> = (0..CONTIG).map(|_| b"ACGT"[random.below(4)]).collect();
            bases[..2000].fill(b'N');
            for start in (10_000..CONTIG - 1_000).step_by(3_000) {
                bases[start..start + 1_000].make_ascii_lowercase();
            }
            for start in (5_000..CONTIG - 1_000).step_by(1_500) {
                bases[start..start + MOTIF.len()].copy_from_slice(MOTIF.as_bytes());
                peaks.push(format!("{name}\t{}\t{}\n", start - 50, start + 62));
            }
            fasta += &format!(">{name}\n{}\n", String::from_utf8(bases).unwrap());
        }
        std::fs::write(world.path("r.fa"), fasta).unwrap();
        let index = format!(
            "c1\t{CONTIG}\t4\t{CONTIG}\t{}\nc2\t{CONTIG}\t{}\t{CONTIG}\t{}\n",
            CONTIG + 1,
            CONTIG + 9,
            CONTIG + 1
        );
        std::fs::write(world.path("r.fa.fai"), index).unwrap();
        std::fs::write(world.path("peaks.bed"), peaks.concat()).unwrap();
        peaks.reverse();
        std::fs::write(world.path("unsorted.bed"), peaks.concat()).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A subcommand, whose arguments that begin with `@` are files of this folder.
    fn command(&self, arguments: &str) -> Command {
        let mut command = dvcall();
        command.args(["regulatory", "--quiet"]);
        for argument in arguments.split(' ') {
            match argument.split_once('@') {
                Some((before, name)) => command.arg(format!("{before}{}", self.path(name).display())),
                None => command.arg(argument),
            };
        }
        command
    }

    fn run(&self, arguments: &str) {
        self.command(arguments).assert().success();
    }

    fn error(&self, arguments: &str) -> String {
        error_of(&mut self.command(arguments))
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Makes the set of examples of 101 bases that the tests of other subcommands use.
    fn prepare(&self) {
        self.run("prepare --ref @r.fa --peaks @peaks.bed --length 101 --validation c2:1-150000 --test c2:150001-300000 --output @set.safetensors");
    }

    /// The table of how negatives match, as rows of fields.
    fn matches(&self, name: &str) -> Vec<Vec<String>> {
        let text = String::from_utf8(self.read(name)).unwrap();
        let rows = text.lines().skip(1);
        rows.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

#[test]
fn negatives_match_and_the_order_of_peaks_does_not_matter() {
    let world = World::new();
    world.prepare();
    let rows = world.matches("set.match.tsv");
    assert_eq!(rows.len(), 6);
    for pair in rows.chunks(2) {
        let (positive, negative) = (&pair[0], &pair[1]);
        assert_eq!(positive[2], negative[2], "as many negatives as positives");
        assert!(number(&positive[2]) > 40.0, "{positive:?}");
        for (column, most) in [(3, 0.02), (5, 0.04)] {
            let difference = number(&positive[column]) - number(&negative[column]);
            assert!(difference.abs() < most, "{positive:?} {negative:?}");
        }
        // The repeats of positives take two values only, so that a small difference moves many.
        assert!(number(&positive[7]) < 0.2 && number(&positive[8]) < 0.4, "{positive:?}");
    }
    world.run("prepare --ref @r.fa --peaks peaks=@unsorted.bed --length 101 --validation c2:1-150000 --test c2:150001-300000 --output @again.safetensors");
    let bases = |name: &str| {
        let bytes = world.read(name);
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        tensors.tensor("bases").unwrap().data().to_vec()
    };
    assert!(bases("set.safetensors") == bases("again.safetensors"));
}

#[test]
fn peaks_of_several_files_are_tasks() {
    let world = World::new();
    let text = String::from_utf8(world.read("peaks.bed")).unwrap();
    let half: String = text.lines().step_by(2).map(|line| format!("{line}\n")).collect();
    world.write("half.bed", &half);
    world.run("prepare --ref @r.fa --peaks all=@peaks.bed --peaks half=@half.bed --length 101 --negatives shuffled --output @two.safetensors");
    let bytes = world.read("two.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let labels = tensors.tensor("labels").unwrap();
    assert_eq!(labels.shape()[1], 2);
    let count = |task: usize| labels.data().chunks(2).filter(|labels| labels[task] == 1).count();
    assert_eq!(count(0).div_ceil(2), count(1));
    assert_eq!(labels.shape()[0], 2 * count(0));
}

#[test]
fn tables_and_fasta_make_examples() {
    let world = World::new();
    let mut random = Random::new(&[9]);
    let mut rows = |n: usize, bound: u8| -> String {
        let sequence = |random: &mut Random| {
            (0..60)
                .map(|_| char::from(b"ACGT"[random.below(4)]))
                .collect::<String>()
        };
        (0..n)
            .map(|i| format!("A\tp{i}\t{}\t{bound}\n", sequence(&mut random)))
            .collect()
    };
    let header = "FoldID\tEventID\tseq\tBound\n";
    world.write("train.seq", &format!("{header}{}", rows(200, 1)));
    let test = format!("{header}{}{}", rows(30, 1), rows(30, 0));
    world.write("test.seq", &test);
    world.run("prepare --table T=@train.seq --test-table @test.seq --output @set.safetensors");
    let rows = world.matches("set.match.tsv");
    let counts: Vec<f64> = rows.iter().map(|row| number(&row[2])).collect();
    assert_eq!((counts[0] + counts[2], counts[4], counts[5]), (200.0, 30.0, 30.0));
    assert_eq!((counts[1], counts[3]), (counts[0], counts[2]));
    // Shuffled sequences have the GC of their positives.
    assert_eq!(rows[0][3], rows[1][3]);
    // A sequence of the test is not learned, also not from the other strand.
    let first = test.lines().nth(1).unwrap().split('\t').nth(2).unwrap();
    let reverse: String = first
        .chars()
        .rev()
        .map(|c| b"TGCA"["ACGT".find(c).unwrap()] as char)
        .collect();
    world.write(
        "leak.seq",
        &format!("{header}A\tx\t{reverse}\t1\nA\ty\t{}\t1\n", "ACGTTGCAAC".repeat(6)),
    );
    world.run("prepare --table T=@leak.seq --test-table @test.seq --output @leak.safetensors");
    let rows = world.matches("leak.match.tsv");
    assert_eq!(number(&rows[0][2]) + number(&rows[2][2]), 1.0);
    world.write(
        "a.fa",
        ">a\nACGTACGTACGTACGTACGTACGT\n>b\nacgtaaaaaRNNcgtacgtacgtaggta\n",
    );
    world.write("b.fa", ">a\nTTTTACGTACGTAGGTACGTACGT\n");
    let error = world.error("prepare --sequences @a.fa --background @b.fa --output @f.safetensors");
    assert!(
        error.contains("different lengths, such as 24 and 28; give --length"),
        "{error}"
    );
    world.run("prepare --sequences @a.fa --background @b.fa --length 24 --output @f.safetensors");
}

#[test]
fn bad_inputs_of_prepare_are_told_in_one_line() {
    let world = World::new();
    let peaks = |name: &str, text: &str| {
        world.write(name, text);
        world.error(&format!(
            "prepare --ref @r.fa --peaks @{name} --length 101 --output @x.safetensors"
        ))
    };
    let error = peaks("outside.bed", "c1\t299000\t300500\n");
    assert!(
        error.contains("outside.bed: line 1: interval c1:299000-300500 ends beyond the end of c1"),
        "{error}"
    );
    assert!(peaks("none.bed", "#nothing\n").contains("none.bed: the file holds no peak"));
    assert!(peaks("other.bed", "chrc1\t1\t2\n").contains("contig 'chrc1' is not in the reference"));
    assert!(peaks("unknown.bed", "c1\t500\t600\n").contains("no window of 101 bases around a peak can be used"));
    let error = world.error("prepare --ref @r.fa --peaks a=@peaks.bed --peaks a=@unsorted.bed --output @x.safetensors");
    assert!(error.contains("two files have the task name 'a'"), "{error}");
    let error = world.error("prepare --ref @r.fa --peaks @peaks.bed --output @x.bin");
    assert!(error.contains("must end in .safetensors"), "{error}");
    let error = world.error("prepare --ref @r.fa --peaks @peaks.bed --test chr9 --output @x.safetensors");
    assert!(error.contains("the reference has no contig 'chr9'"), "{error}");
    assert!(!world.path("x.safetensors").exists());
}

/// What all trainings have in common; most are too short to be good.
const TRAIN: &str = "train --examples @set.safetensors --batch-size 16 --epoch-examples 1 --device cpu";

/// A world with a trained model, `m.safetensors`, which many tests read.
fn trained() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let world = World::new();
        world.prepare();
        world.run(&format!(
            "{TRAIN} --epochs 12 --patience 12 --threads 2 --output @m.safetensors"
        ));
        world
    })
}

fn card(world: &World, name: &str) -> Value {
    serde_json::from_slice(&world.read(name)).unwrap()
}

#[test]
fn a_planted_motif_is_learned_and_the_card_tells_how_well() {
    let world = trained();
    let card = card(world, "m.json");
    let area = &card["test"][0]["auroc"];
    assert!(area["value"].as_f64().unwrap() > 0.95, "{area}");
    assert!(area["low"].as_f64().unwrap() < area["value"].as_f64().unwrap());
    assert_eq!(card["tasks"][0], "peaks");
    assert_eq!(card["length"], 101);
    assert_eq!(card["training"]["settings"]["seed"], 1);
    let log = String::from_utf8(world.read("m.log.csv")).unwrap();
    assert!(log.starts_with("epoch,training_loss,validation_loss,auroc,learning_rate,examples_per_second\n1,"));
    assert_eq!(log.lines().count(), 13);
    assert!(
        String::from_utf8(world.read("m.svg"))
            .unwrap()
            .contains("1 - AUROC on validation")
    );
}

#[test]
fn weights_depend_on_the_seed_but_not_on_threads_or_an_interruption() {
    let world = World::new();
    world.prepare();
    let train = |name: &str, more: &str| world.run(&format!("{TRAIN} --epochs 3 --output @{name}.safetensors {more}"));
    train("one", "--threads 1");
    train("two", "--threads 2");
    train("other", "--threads 1 --seed 2");
    let weights = |name: &str| world.read(&format!("{name}.safetensors"));
    assert!(weights("one") == weights("two") && weights("one") != weights("other"));
    // A run that is killed after its first epoch.
    let mut run = Process::new(env!("CARGO_BIN_EXE_dvcall"))
        .args([
            "regulatory",
            "--quiet",
            "train",
            "--batch-size",
            "16",
            "--epoch-examples",
            "1",
            "--device",
            "cpu",
            "--epochs",
            "3",
            "--threads",
            "1",
        ])
        .arg("--examples")
        .arg(world.path("set.safetensors"))
        .arg("--output")
        .arg(world.path("killed.safetensors"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !world.path("killed.checkpoint.safetensors").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let error = world.error(&format!("{TRAIN} --epochs 4 --output @killed.safetensors --resume"));
    assert!(
        error.contains("--resume: epochs was 3 when the checkpoint was written and is 4 now"),
        "{error}"
    );
    train("killed", "--threads 1 --resume");
    assert!(weights("killed") == weights("one"));
}

#[test]
fn every_architecture_trains() {
    let world = World::new();
    world.prepare();
    for architecture in ["convolution", "parallel", "residual", "lstm"] {
        world.run(&format!(
            "{TRAIN} --epochs 1 --filters 8 --architecture {architecture} --output @{architecture}.safetensors"
        ));
        let card = card(&world, &format!("{architecture}.json"));
        assert_eq!(card["shape"]["architecture"], architecture);
        assert!(card["test"][0]["auprc"]["value"].as_f64().unwrap() > 0.0);
    }
}

/// The reference's base at a 0-based position of c2.
fn base(world: &World, position: usize) -> char {
    let fasta = String::from_utf8(world.read("r.fa")).unwrap();
    let line = fasta.lines().nth(3).unwrap();
    line[position..=position].to_uppercase().chars().next().unwrap()
}

const VCF: &str = "##fileformat=VCFv4.2\n##source=test\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n";

fn info(record: &str, key: &str) -> String {
    let fields = record.split('\t').nth(7).unwrap().split(';');
    let mut values = fields.filter_map(|field| field.strip_prefix(key)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("{key} in {record}")).to_owned()
}

#[test]
fn a_change_in_the_motif_scores_lower_than_the_same_change_beside_it() {
    let world = trained();
    let other = |base: char| if base == 'A' { 'C' } else { 'A' };
    let mut text = VCF.to_owned();
    // The core of the motif is CACGTG, from its fourth base on.
    let starts: Vec<usize> = (5_000..CONTIG - 1_000).step_by(1_500).take(100).collect();
    for &start in &starts {
        for position in [start + 5, start + 35] {
            let reference = base(world, position);
            text += &format!(
                "c2\t{}\t.\t{reference}\t{}\t.\t.\tDP=3;REG_peaks_P=7\tGT\t0/1\n",
                position + 1,
                other(reference)
            );
        }
    }
    world.write("pairs.vcf", &text);
    let score = "score --model @m.safetensors --ref @r.fa --variants @pairs.vcf --random 200 --device cpu";
    world.run(&format!(
        "{score} --threads 1 --output @pairs.out.vcf.gz --table @pairs.tsv"
    ));
    world.run(&format!("{score} --threads 2 --output @pairs.two.vcf.gz"));
    assert!(world.path("pairs.out.vcf.gz.tbi").exists() || world.path("pairs.out.vcf.gz.csi").exists());
    let found = records(&world.path("pairs.out.vcf.gz"));
    assert_eq!(found, records(&world.path("pairs.two.vcf.gz")));
    let number_of = |record: &String, key: &str| number(&info(record, key));
    let lower = found
        .chunks(2)
        .filter(|pair| number_of(&pair[0], "REG_peaks_DIFF") < number_of(&pair[1], "REG_peaks_DIFF"));
    assert!(lower.count() >= 95);
    for record in &found {
        let [reference, alternate, difference, p] =
            ["REF", "ALT", "DIFF", "P"].map(|key| number_of(record, &format!("REG_peaks_{key}")));
        assert!(
            (alternate - reference - difference).abs() < 2e-4 && (1.0 / 201.0 - 1e-4..=1.0).contains(&p),
            "{record}"
        );
        assert!(
            info(record, "DP") == "3" && record.ends_with("\tGT\t0/1") && record.matches("REG_peaks_P=").count() == 1
        );
    }
    let table = String::from_utf8(world.read("pairs.tsv")).unwrap();
    assert_eq!(table.lines().count(), found.len() + 1);
    assert!(
        table
            .starts_with("contig\tposition\tid\tref\talt\ttask\tref_score\talt_score\tdifference\tp_value\nc2\t5006\t")
    );
}

#[test]
fn indels_and_lower_case_are_scored_and_what_is_no_sequence_stays() {
    let world = trained();
    let bases = |start: usize, end: usize| (start..end).map(|position| base(world, position)).collect::<String>();
    let lower = bases(10_100, 10_101).to_lowercase();
    let other = if lower == "t" { "g" } else { "t" };
    let text = format!(
        "{VCF}c1\t5\t.\tN\tA\t.\t.\t.\tGT\t.\nc2\t5001\tdel\t{}\t{},<DEL>,{}TTT\t.\t.\tX\tGT\t.\nc2\t10101\t.\t{lower}\t{other}\t.\t.\t.\tGT\t.\n\
         c2\t10102\t.\t{}\t*\t.\t.\t.\tGT\t.\nc9\t7\t.\tA\tC\t.\t.\t.\tGT\t.\n",
        bases(5_000, 5_013),
        bases(5_000, 5_001),
        bases(5_000, 5_013),
        bases(10_101, 10_102),
    );
    world.write("kinds.vcf", &text);
    world.run("score --model @m.safetensors --ref @r.fa --variants @kinds.vcf --random 50 --device cpu --output @kinds.out.vcf");
    let found = records(&world.path("kinds.out.vcf"));
    let lists = info(&found[1], "REG_peaks_DIFF");
    let values: Vec<&str> = lists.split(',').collect();
    assert!(
        values.len() == 3 && values[1] == "." && number(values[0]) < -0.5,
        "{lists}"
    );
    assert!(found[1].contains("\tX;REG_peaks_REF="), "{}", found[1]);
    assert!(number(&info(&found[2], "REG_peaks_P")) > 0.0);
    assert!(
        found[3].contains("\t*\t.\t.\t.\tGT") && found[4].starts_with("c9\t7") && found[4].contains("\t.\t.\t.\tGT")
    );
}

#[test]
fn bad_inputs_of_score_are_told_in_one_line() {
    let world = trained();
    let score = |name: &str, text: &str| {
        world.write(name, text);
        world.error(&format!(
            "score --model @m.safetensors --ref @r.fa --variants @{name} --random 20 --device cpu --output @no.vcf"
        ))
    };
    let reference = base(world, 9_999);
    let other = if reference == 'A' { 'C' } else { 'A' };
    let error = score(
        "build.vcf",
        &format!("{VCF}c2\t10000\t.\t{other}\t{reference}\t.\t.\t.\tGT\t.\n"),
    );
    assert!(
        error.contains("build.vcf, line 4: its REF is") && error.contains("use the reference of the VCF's build"),
        "{error}"
    );
    let error = score("contigs.vcf", &format!("{VCF}chr2\t10000\t.\tA\tC\t.\t.\t.\tGT\t.\n"));
    assert!(
        error.contains("the reference has none of its contigs, but c1, c2"),
        "{error}"
    );
    let error = score("beyond.vcf", &format!("{VCF}c2\t300001\t.\tA\tC\t.\t.\t.\tGT\t.\n"));
    assert!(error.contains("it lies beyond the end of c2 (300000 bases)"), "{error}");
    let line = |position: usize| {
        format!(
            "c2\t{}\t.\t{}\tN\t.\t.\t.\tGT\t.\n",
            position + 1,
            base(world, position)
        )
    };
    let error = score("unsorted.vcf", &format!("{VCF}{}{}", line(9_000), line(8_000)));
    assert!(error.contains("not sorted: c2:8001 comes after c2:9001"), "{error}");
    assert!(score("none.vcf", "no vcf\n").contains("not a VCF"));
    assert!(!world.path("no.vcf").exists());
}

#[test]
fn models_of_another_kind_are_refused_by_name() {
    let world = trained();
    let sample = sample();
    let mut call = dvcall();
    call.args(["call", "--quiet", "--ref"]).arg(sample.join("reference.fa"));
    call.arg("--reads").arg(sample.join("sample.bam"));
    call.arg("--model")
        .arg(world.path("m.safetensors"))
        .arg("--output")
        .arg(world.path("calls.vcf"));
    let error = error_of(&mut call);
    assert!(
        error.contains("it is a model of dvcall regulatory, which does not call variants"),
        "{error}"
    );
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/wgs.safetensors");
    world.write("v.vcf", VCF);
    let error = world.error(&format!(
        "score --model {} --ref @r.fa --variants @v.vcf --output @no2.vcf",
        built_in.display()
    ));
    assert!(
        error.contains("it is a model of dvcall train, which calls variants from reads"),
        "{error}"
    );
    let error = world.error("train --examples @m.safetensors --output @t.safetensors");
    assert!(
        error.contains("is not a set of examples; make one with: dvcall regulatory prepare"),
        "{error}"
    );
    let error = world.error("train --examples @set.safetensors --output @t.bin");
    assert!(error.contains("must end in .safetensors"), "{error}");
    let error = world.error(&format!("{TRAIN} --dropout 2 --output @t.safetensors"));
    assert!(
        error.contains("--dropout 2: expected a number from 0 to 0.95"),
        "{error}"
    );
    assert!(!world.path("t.safetensors").exists() && !world.path("no2.vcf").exists());
}

#[test]
fn pictures_show_the_motif_and_known_motifs_are_found() {
    let world = trained();
    let explain = "explain --model @m.safetensors --threads 2";
    world.run(&format!("{explain} --ref @r.fa --regions c2:4,991-5,022 --examples @set.safetensors --motifs GGTCACGTGACC,CACGTG --output @explained"));
    let table = String::from_utf8(world.read("explained/c2_4991-5022.peaks.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 32);
    let mean = |rows: &[Vec<&str>]| rows.iter().map(|row| number(row[7])).sum::<f64>() / rows.len() as f64;
    // The motif takes the positions 5,001 to 5,012.
    assert!(mean(&rows[10..22]) > 3.0 * mean(&rows[24..]).abs().max(0.01), "{table}");
    let svg = String::from_utf8(world.read("explained/c2_4991-5022.peaks.svg")).unwrap();
    assert!(svg.contains("c2:4991-5022, peaks") && svg.matches("<rect").count() == 1 + 4 * 32);
    let known = String::from_utf8(world.read("explained/known.tsv")).unwrap();
    let row: Vec<&str> = known.lines().nth(2).unwrap().split('\t').collect();
    assert!(
        row[0] == "CACGTG" && number(row[3]) > 1.0 && number(row[4]) < 0.2,
        "{known}"
    );
    assert!(
        String::from_utf8(world.read("explained/motifs.meme"))
            .unwrap()
            .starts_with("MEME version 4\n")
    );
    let error = world.error(&format!("{explain} --ref @r.fa --regions c1 --output @long"));
    assert!(
        error.contains("has 300000 bases, and a picture shows 5000 at most"),
        "{error}"
    );
    let error = world.error(&format!(
        "{explain} --examples @set.safetensors --motifs CAXGTG --output @long"
    ));
    assert!(error.contains("--motifs CAXGTG: 'X' is not an IUPAC letter"), "{error}");
    assert!(!world.path("long").exists());
}

#[test]
fn a_language_model_predicts_bases_and_training_starts_from_it() {
    let world = World::new();
    world.prepare();
    // Every second base repeats the one before it.
    let mut random = Random::new(&[3]);
    let bases: String = (0..30_000)
        .flat_map(|_| [char::from(b"ACGT"[random.below(4)]); 2])
        .collect();
    world.write("g.fa", &format!(">g\n{bases}\n"));
    world.write("g.fa.fai", "g\t60000\t3\t60000\t60001\n");
    let pretrain = "pretrain --ref @g.fa --validation g:50,001-60,000 --length 100 --filters 16 --batch-size 16 --epoch-examples 1 --device cpu";
    for objective in ["masked", "next"] {
        world.run(&format!(
            "{pretrain} --objective {objective} --epochs 6 --output @{objective}.safetensors"
        ));
        let card = card(&world, &format!("{objective}.json"));
        let perplexity = card["perplexity"].as_array().unwrap();
        let value = |rank: usize| perplexity[rank]["value"].as_f64().unwrap();
        assert!(perplexity[0]["model"].as_str().unwrap().contains(objective));
        // A chain of order 0 knows nothing; the model sees the pairs, or which bases begin one.
        assert!(value(0) < 3.9 && value(1) > 3.95, "{perplexity:?}");
    }
    world.run(&format!(
        "{TRAIN} --epochs 2 --unfreeze-epochs 0 --init-from @masked.safetensors --output @tuned.safetensors"
    ));
    let tuned = card(&world, "tuned.json");
    assert!(
        tuned["training"]["init_from"]
            .as_str()
            .unwrap()
            .starts_with("masked sha256:")
    );
    assert_eq!(tuned["shape"]["filters"], 16);
    // Only the last layer learns in the first epoch.
    world.run(&format!(
        "{TRAIN} --epochs 1 --init-from @masked.safetensors --output @frozen.safetensors"
    ));
    let frozen = card(&world, "frozen.json");
    let settings = &frozen["training"]["settings"];
    assert_eq!(
        [&settings["unfreeze_epochs"], &settings["layer_rate"]],
        [&Value::from(1), &Value::from(0.5)]
    );
    let weights = |name: &str| {
        let bytes = world.read(name);
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        tensors.tensor("first.weight").unwrap().data().to_vec()
    };
    assert!(weights("frozen.safetensors") == weights("masked.safetensors"));
    assert!(weights("tuned.safetensors") != weights("masked.safetensors"));
    world.write("v.vcf", VCF);
    let error = world.error("score --model @masked.safetensors --ref @r.fa --variants @v.vcf --output @no.vcf");
    assert!(
        error.contains("it is a language model of dvcall regulatory pretrain"),
        "{error}"
    );
    let error = world.error(&format!("{pretrain} --architecture lstm --output @l.safetensors"));
    assert!(error.contains("--architecture lstm"), "{error}");
    let error = world.error(&format!(
        "{TRAIN} --filters 8 --init-from @masked.safetensors --output @l.safetensors"
    ));
    assert!(
        error.contains("the network has the size of the model of --init-from"),
        "{error}"
    );
    assert!(!world.path("l.safetensors").exists());
}
