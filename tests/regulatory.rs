//! Tests of `dvcall regulatory`.

mod common;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use common::{dvcall, error_of, sample};
use dvcall::model::Random;

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
        for column in [3, 5] {
            let difference = number(&positive[column]) - number(&negative[column]);
            assert!(difference.abs() < 0.02, "{positive:?} {negative:?}");
        }
        assert!(
            number(&positive[7]) < 0.15 && number(&positive[8]) < 0.15,
            "{positive:?}"
        );
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
    assert_eq!((count(0) + 1) / 2, count(1));
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
        error.contains("different lengths, such as 24 and 29; give --length"),
        "{error}"
    );
    world.run("prepare --sequences @a.fa --background @b.fa --length 30 --output @f.safetensors");
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
    assert!(!Path::new(&world.path("x.safetensors")).exists());
    let _ = sample();
}
