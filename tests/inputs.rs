//! Tests of the checks of reads, references and regions.

mod common;

use std::path::{Path, PathBuf};

use common::{call, dvcall, error_of, records, sample, with_header};

/// Writes the sample's reference with changed text, and copies the original index.
fn reference_with(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let fasta = folder.join("reference.fa");
    let text = std::fs::read_to_string(sample().join("reference.fa")).unwrap();
    std::fs::write(&fasta, change(text)).unwrap();
    std::fs::copy(sample().join("reference.fa.fai"), folder.join("reference.fa.fai")).unwrap();
    fasta
}

/// MD5 of a contig of the bundled reference, from the header of its CRAM.
fn digest(contig: &str) -> String {
    use rust_htslib::bam::Read as _;
    let reader = rust_htslib::bam::Reader::from_path(sample().join("sample.cram")).unwrap();
    let header = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let line = header
        .lines()
        .find(|line| line.contains(&format!("SN:{contig}\t")))
        .unwrap();
    line.split('\t')
        .find_map(|field| field.strip_prefix("M5:"))
        .unwrap()
        .to_owned()
}

#[test]
fn a_reference_that_differs_from_the_headers_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, output) = (folder.path().join("reads.bam"), folder.path().join("calls.vcf"));
    let (right, wrong) = (digest("chrA"), "0123456789abcdef0123456789abcdef");
    let with_digest = |contig: &str, digest: &str| {
        let name = format!("SN:{contig}\t");
        with_header(|text| text.replace(&name, &format!("{name}M5:{digest}\t")), &reads);
    };
    let reference = sample().join("reference.fa");
    let region = ["--regions", "chrA:10,001-10,500"];
    with_digest("chrA", &right.to_uppercase());
    call(&reference, &reads, &output).args(region).assert().success();
    // Contigs that are not called are not checked.
    with_digest("chrB", wrong);
    call(&reference, &reads, &output).args(region).assert().success();
    std::fs::remove_file(&output).unwrap();

    with_digest("chrA", wrong);
    let message = error_of(call(&reference, &reads, &output).args(region));
    for part in ["contig chrA", "reference.fa", "reads.bam", &right, wrong] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!output.exists());
    for command in ["show", "make-examples"] {
        let mut command = common_inputs(command, &reference, &reads);
        let message = error_of(command.arg("--output").arg(folder.path().join("out")).args(region));
        assert!(message.contains("contig chrA"), "{message}");
    }
}

#[test]
fn a_mostly_masked_reference_is_accepted_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, output) = (folder.path().join("reads.bam"), folder.path().join("calls.vcf"));
    let name = "SN:chrA\t";
    with_header(
        |text| text.replace(name, &format!("{name}M5:{}\t", digest("chrA"))),
        &reads,
    );
    // 4 kb of 60 kb remain unmasked.
    let fasta = reference_with(folder.path(), |text| {
        let mut bases = 0;
        let mut in_first = false;
        let masked = text.lines().map(|line| {
            if line.starts_with('>') {
                in_first = line.starts_with(">chrA");
                return line.to_owned() + "\n";
            }
            bases += line.len();
            let is_kept = !in_first || (10_000..14_000).contains(&bases);
            if is_kept {
                line.to_owned() + "\n"
            } else {
                "N".repeat(line.len()) + "\n"
            }
        });
        masked.collect()
    });
    // Without --quiet, which hides warnings.
    let mut command = dvcall();
    command.args(["call", "--regions", "chrA:10,501-13,500", "--ref"]);
    command
        .arg(&fasta)
        .arg("--reads")
        .arg(&reads)
        .arg("--output")
        .arg(&output);
    let stderr = command.assert().success().get_output().stderr.clone();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(
        stderr
            .lines()
            .any(|line| line.contains("WARN") && line.contains("contig chrA") && line.contains("reference.fa")),
        "{stderr}"
    );
    assert!(records(&output).len() > 3);
}

fn common_inputs(subcommand: &str, reference: &Path, reads: &Path) -> assert_cmd::Command {
    let mut command = dvcall();
    command
        .args([subcommand, "--quiet", "--ref"])
        .arg(reference)
        .arg("--reads")
        .arg(reads);
    command
}

#[test]
fn a_fasta_edited_without_its_index_is_refused_if_bases_moved() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("calls.vcf");
    // One base less in the second line, and one more in a distant line.
    let fasta = reference_with(folder.path(), |text| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[2].pop();
        lines[400].push('A');
        lines.join("\n") + "\n"
    });
    let reads = sample().join("sample.bam");
    let message = error_of(call(&fasta, &reads, &output).args(["--regions", "chrA:1-5,000"]));
    assert!(
        message.contains("was the file edited") && message.contains("chrA:"),
        "{message}"
    );
    assert!(!output.exists());
}

#[test]
fn control_characters_reach_neither_terminal_nor_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, output) = (folder.path().join("reads.bam"), folder.path().join("calls.vcf"));
    let reference = sample().join("reference.fa");
    let names = ["\u{1b}[2J", "a\u{1b}]0;title\u{7}", "a\rb", "\u{9b}31m"];
    for name in names {
        let read_group = format!("@RG\tID:z\tSM:{name}\n");
        with_header(|text| format!("{}\n{read_group}", text.trim_end()), &reads);
        let several = error_of(&mut call(&reference, &reads, &output));
        let only = |text: &str| {
            text.lines()
                .filter(|line| !line.starts_with("@RG"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        with_header(|text| format!("{}\n{read_group}", only(text)), &reads);
        let one = error_of(&mut call(&reference, &reads, &output));
        for message in [several, one] {
            assert!(!message.trim_end().contains(char::is_control), "{message:?}");
        }
        let mut given = call(&reference, &reads, &output);
        let message = error_of(given.args(["--sample", name]));
        assert!(!message.trim_end().contains(char::is_control), "{message:?}");
    }
    assert!(!output.exists());
    // Control characters from the command line: in usage errors, in other errors, and in the header.
    let usage = dvcall()
        .args(["call", "--thr\u{1b}eads"])
        .assert()
        .code(2)
        .get_output()
        .clone();
    assert!(!String::from_utf8(usage.stderr).unwrap().contains('\u{1b}'));
    let odd = folder.path().join("x\u{1b}[31m.bam");
    assert!(!error_of(&mut call(&reference, &odd, &output)).contains('\u{1b}'));
    for suffix in ["", ".bai"] {
        let bam = format!("{}{suffix}", sample().join("sample.bam").display());
        std::fs::copy(bam, format!("{}{suffix}", odd.display())).unwrap();
    }
    call(&reference, &odd, &output)
        .args(["--regions", "chrA:1-500"])
        .assert()
        .success();
    let text = std::fs::read_to_string(&output).unwrap();
    assert!(text.contains(r"x\u{1b}[31m.bam") && !text.contains('\u{1b}'));
}

#[test]
fn contigs_with_names_invalid_in_vcf_are_refused_if_called() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, output) = (folder.path().join("reads.bam"), folder.path().join("calls.vcf"));
    for name in ["chrB,_x", "#chrB", "<chrB>"] {
        let renamed = |text: &str| text.replace("chrB", name);
        let fasta = reference_with(folder.path(), |text| renamed(&text));
        let (text, more) = (
            std::fs::read_to_string(sample().join("reference.fa.fai")).unwrap(),
            name.len() - 4,
        );
        let index = text.lines().map(|line| match line.strip_prefix("chrB\t") {
            Some(rest) => {
                let (length, rest) = rest.split_once('\t').unwrap();
                let (offset, rest) = rest.split_once('\t').unwrap();
                format!(
                    "{name}\t{length}\t{}\t{rest}\n",
                    offset.parse::<usize>().unwrap() + more
                )
            }
            None => format!("{line}\n"),
        });
        std::fs::write(folder.path().join("reference.fa.fai"), index.collect::<String>()).unwrap();
        with_header(renamed, &reads);
        let message = error_of(&mut call(&fasta, &reads, &output));
        assert!(message.contains(name) && message.contains("VCF"), "{message}");
        assert!(!output.exists());
        call(&fasta, &reads, &output)
            .args(["--regions", "chrA"])
            .assert()
            .success();
        let header = std::fs::read_to_string(&output).unwrap();
        assert!(header.contains("ID=chrA,") && !header.contains(&format!("ID={name}")));
        std::fs::remove_file(&output).unwrap();
    }
}

#[test]
fn bed_files_are_read_or_refused_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let (bed, output) = (folder.path().join("targets.bed"), folder.path().join("calls.vcf.gz"));
    let (reference, reads) = (sample().join("reference.fa"), sample().join("sample.bam"));
    let run = |text: &str| {
        std::fs::write(&bed, text).unwrap();
        let mut command = call(&reference, &reads, &output);
        command.arg("--regions").arg(&bed);
        command
    };
    run("chrA\t10000\t14000\n").assert().success();
    let expected = records(&output);
    assert!(!expected.is_empty());
    run("track name=x\r\nbrowser hide all\r\n#chrom\tstart\r\nchrA\t10000\t14000\tname\r\n")
        .assert()
        .success();
    assert_eq!(records(&output), expected);
    std::fs::remove_file(&output).unwrap();
    for (text, cause) in [
        ("\u{feff}chrA\t10000\t14000\n", "byte-order mark"),
        ("chrA 10000 14000\n", "spaces where BED needs tabs"),
        ("#h\nchrom\tstart\tend\n", "line 2"),
        ("chrA\t1\t2\nA\t1\t2\n", "line 2: contig 'A'"),
        ("chrA\t0\t9999999\n", "line 1: interval chrA:0-9999999 ends beyond"),
    ] {
        let message = error_of(&mut run(text));
        assert!(message.contains(cause) && message.contains("targets.bed"), "{message}");
        assert!(!output.exists());
    }
}
