//! Tests of the command `dvcall call`.

mod common;

use std::path::Path;

use assert_cmd::Command;
use common::{call, copied_reads, dvcall, error_of, records, sample, with_header};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rust_htslib::bam::{self, Read};

/// Calls the bundled sample and returns the records.
fn sample_records(reads: &str, flags: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("calls.vcf.gz");
    call(&sample().join("reference.fa"), &sample().join(reads), &output)
        .args(flags)
        .assert()
        .success();
    assert!(folder.path().join("calls.vcf.gz.tbi").exists());
    records(&output)
}

#[test]
fn records_do_not_depend_on_threads_batches_or_format() {
    let expected = sample_records("sample.bam", &["--threads", "1", "--batch-size", "1"]);
    assert!(expected.len() > 50, "{} records", expected.len());
    assert_eq!(
        sample_records("sample.bam", &["--threads", "2", "--batch-size", "64"]),
        expected
    );
    assert_eq!(
        sample_records("sample.cram", &["--threads", "3", "--batch-size", "7"]),
        expected
    );
}

#[test]
fn records_do_not_depend_on_the_split_of_regions() {
    let whole = sample_records("sample.bam", &["--regions", "chrA:10,001-30,000"]);
    let pieces = ["chrA:10,001-14,321", "chrA:14,322-21,000", "chrA:21,001-30,000"];
    // Separate runs, because one run joins adjacent regions.
    let cut = pieces.map(|piece| sample_records("sample.bam", &["--regions", piece]));
    assert!(!whole.is_empty());
    assert_eq!(cut.concat(), whole);
}

#[test]
fn records_are_sorted_and_have_the_most_likely_genotype() {
    let records = sample_records("sample.bam", &[]);
    assert!(records.len() > 50, "{} records", records.len());
    // The contigs of the reference, chrA and chrB, are sorted by name.
    let place = |record: &String| {
        let mut fields = record.split('\t');
        let contig = fields.next().unwrap().to_owned();
        (contig, fields.next().unwrap().parse::<u64>().unwrap())
    };
    assert!(records.is_sorted_by_key(place));
    assert!(records.iter().any(|record| record.starts_with("chrB\t")));
    for record in &records {
        let fields: Vec<_> = record.split('\t').collect();
        let sample: Vec<_> = fields[9].split(':').collect();
        let (a, b) = sample[0].split_once('/').unwrap();
        let (a, b): (usize, usize) = (a.parse().unwrap(), b.parse().unwrap());
        let likelihoods: Vec<u32> = sample[5].split(',').map(|p| p.parse().unwrap()).collect();
        assert_eq!(likelihoods[b * (b + 1) / 2 + a], 0, "{record}");
        let alternates = fields[4].split(',').count();
        assert_eq!(likelihoods.len(), (alternates + 1) * (alternates + 2) / 2, "{record}");
    }
}

#[test]
fn an_empty_region_gives_an_empty_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let bed = folder.path().join("none.bed");
    std::fs::write(&bed, "").unwrap();
    assert!(sample_records("sample.bam", &["--regions", bed.to_str().unwrap()]).is_empty());
}

#[test]
fn timings_contain_the_cost_of_each_stage() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("timings.tsv");
    let records = sample_records("sample.bam", &["--threads", "2", "--timings", table.to_str().unwrap()]);
    let table = std::fs::read_to_string(table).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(
        rows[0].join(" "),
        "stage cpu_seconds wall_seconds items unit cpu_seconds_per_mb"
    );
    let stages: Vec<_> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(stages.first().zip(stages.last()), Some((&"start-up", &"total")));
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap();
    let number = |name: &str, column: usize| row(name)[column].parse::<f64>().unwrap();
    let spent: f64 = stages[..stages.len() - 1].iter().map(|name| number(name, 1)).sum();
    let total = number("total", 1);
    assert!(spent > 0.0 && spent <= total + 0.01, "{spent} of {total}");
    let rate = total * 1e6 / number("total", 3);
    assert!((rate / number("total", 5) - 1.0).abs() < 0.01, "{table}");
    assert!(number("writing", 3) >= records.len() as f64, "{table}");
    assert!(number("reading", 3) > 1_000.0 && number("pileups", 3) > 50.0, "{table}");
    // The number of pileups that the cascade leaves to the network depends on the model.
    assert!((1.0..=number("pileups", 3)).contains(&number("network", 3)), "{table}");
}

/// Writes the sample's reads over chrA:10,001-14,000, each `copies` times with unique names.
fn piled_up(copies: usize, path: &Path) {
    let mut sample = bam::IndexedReader::from_path(sample().join("sample.bam")).unwrap();
    sample.fetch(("chrA", 10_000, 14_000)).unwrap();
    let header = bam::Header::from_template(sample.header());
    let mut writer = bam::Writer::from_path(path, &header, bam::Format::Bam).unwrap();
    for record in sample.records() {
        let mut record = record.unwrap();
        let name = record.qname().to_vec();
        for copy in 0..copies {
            record.set_qname(&[&name[..], format!(":{copy}").as_bytes()].concat());
            writer.write(&record).unwrap();
        }
    }
    drop(writer);
    bam::index::build(path, None, bam::index::Type::Bai, 1).unwrap();
}

#[test]
fn extreme_depth_is_called_from_a_limited_number_of_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, table) = (folder.path().join("deep.bam"), folder.path().join("timings.tsv"));
    // 1,200x
    piled_up(40, &reads);
    let called = |region: &str| {
        let output = folder.path().join("calls.vcf.gz");
        let mut command = call(&sample().join("reference.fa"), &reads, &output);
        command.args(["--regions", region]).arg("--timings").arg(&table);
        command.assert().success();
        records(&output)
    };
    let whole = called("chrA:10,501-13,500");
    let taken = std::fs::read_to_string(&table).unwrap();
    let taken = taken.lines().find(|line| line.starts_with("reading\t")).unwrap();
    let taken: usize = taken.split('\t').nth(3).unwrap().parse().unwrap();
    // The file has 32,000 reads.
    assert!((10_000..=20_000).contains(&taken), "{taken} reads");
    assert_eq!(["chrA:10,501-11,321", "chrA:11,322-13,500"].map(called).concat(), whole);
    // The calls equal those from the original reads.
    let genotypes = |records: &[String]| {
        let passed = records.iter().filter(|record| record.contains("\tPASS\t"));
        let genotype = |record: &String| {
            let fields: Vec<_> = record.split('\t').collect();
            (
                fields[1].to_owned(),
                fields[3].to_owned(),
                fields[4].to_owned(),
                fields[9][..3].to_owned(),
            )
        };
        passed.map(genotype).collect::<Vec<_>>()
    };
    let plain = genotypes(&sample_records("sample.bam", &["--regions", "chrA:10,501-13,500"]));
    assert!(plain.len() > 4, "{} variants", plain.len());
    assert_eq!(genotypes(&whole), plain);
}

#[test]
fn damaged_or_wrong_input_gives_a_one_line_error_and_no_output() {
    let (folder, reads) = copied_reads();
    let output = folder.path().join("calls.vcf.gz");
    let reference = sample().join("reference.fa");
    let fails = |command: &mut Command, what: &str| {
        let message = error_of(command);
        assert!(message.contains(what), "{message}");
        assert!(!output.exists());
    };
    fails(
        &mut call(&reference, &folder.path().join("none.bam"), &output),
        "none.bam",
    );
    fails(
        call(&reference, &reads, &output).args(["--regions", "A:1-10"]),
        "A:1-10",
    );
    fails(call(&reference, &reads, &output).args(["--device", "tpu"]), "tpu");
    fails(
        call(&reference, &reads, &output).args(["--model", "none.safetensors"]),
        "none.safetensors",
    );
    fails(&mut call(&folder.path().join("none.fa"), &reads, &output), "none.fa");

    // A file cut off in the middle, behind the region, is still an error.
    let whole = std::fs::read(&reads).unwrap();
    std::fs::write(&reads, &whole[..whole.len() * 2 / 3]).unwrap();
    fails(
        call(&reference, &reads, &output).args(["--regions", "chrA:1-2000"]),
        "sample.bam",
    );
    // Damaged bytes in the middle.
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle..middle + 64].fill(0x55);
    std::fs::write(&reads, &broken).unwrap();
    fails(&mut call(&reference, &reads, &output), "sample.bam");

    std::fs::remove_file(folder.path().join("sample.bam.bai")).unwrap();
    std::fs::write(&reads, &whole).unwrap();
    fails(&mut call(&reference, &reads, &output), "samtools index");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["sample.bam"]);
}

#[test]
fn inconsistent_inputs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (fasta, output) = (folder.path().join("other.fa"), folder.path().join("calls.vcf.gz"));
    let bases = std::fs::read_to_string(sample().join("reference.fa")).unwrap();
    let fails = |command: &mut Command, what: &str| {
        let message = error_of(command);
        assert!(message.contains(what), "{message}");
        assert!(!output.exists());
    };
    let (bam, cram) = (sample().join("sample.bam"), sample().join("sample.cram"));

    std::fs::write(&fasta, &bases).unwrap();
    fails(&mut call(&fasta, &bam, &output), "samtools faidx");
    // The same names and lengths, but other bases: the CRAM cannot be decoded.
    std::fs::write(&fasta, bases.replace("AC", "CA")).unwrap();
    std::fs::copy(sample().join("reference.fa.fai"), folder.path().join("other.fa.fai")).unwrap();
    fails(&mut call(&fasta, &cram, &output), "sample.cram");
    // Another genome build.
    std::fs::write(&fasta, ">chrA\nACGTACGT\n").unwrap();
    std::fs::write(folder.path().join("other.fa.fai"), "chrA\t8\t6\t8\t9\n").unwrap();
    fails(&mut call(&fasta, &bam, &output), "different genome builds");

    let reference = sample().join("reference.fa");
    let nowhere = sample().join("sample.bam/calls.vcf.gz");
    fails(&mut call(&reference, &bam, &nowhere), "cannot write");
    fails(
        call(&reference, &bam, &output).args(["--regions", "chrA:x-y"]),
        "chrA:x-y",
    );
    fails(
        call(&reference, &bam, &output).args(["--regions", "chrA:70,000-80,000"]),
        "chrA",
    );
    let bed = folder.path().join("bad.bed");
    std::fs::write(&bed, "chrA\tten\t20\n").unwrap();
    fails(call(&reference, &bam, &output).arg("--regions").arg(&bed), "line 1");
}

fn fasta_length() -> u64 {
    std::fs::metadata(sample().join("reference.fa")).unwrap().len()
}

#[test]
fn unusable_headers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, output) = (folder.path().join("reads.bam"), folder.path().join("calls.vcf.gz"));
    let reference = sample().join("reference.fa");
    let fails = |reference: &Path, flags: &[&str], what: &str| {
        let message = error_of(call(reference, &reads, &output).args(flags));
        assert!(message.contains(what), "{message}");
        assert!(!output.exists());
    };
    with_header(|text| text.replace("SO:coordinate", "SO:unsorted"), &reads);
    fails(&reference, &[], "samtools sort");
    with_header(|text| format!("{}\n@RG\tID:z\tSM:other\n", text.trim_end()), &reads);
    fails(&reference, &[], "choose one with --sample");

    with_header(str::to_owned, &reads);
    let renamed = folder.path().join("renamed.fa");
    for name in ["reference.fa", "reference.fa.fai"] {
        let text = std::fs::read_to_string(sample().join(name)).unwrap();
        let other = folder.path().join(name.replace("reference", "renamed"));
        std::fs::write(other, text.replace("chr", "ch_")).unwrap();
    }
    fails(&renamed, &[], "share no contig");
    for name in ["reference.fa", "reference.fa.fai"] {
        let text = std::fs::read_to_string(sample().join(name)).unwrap();
        let more = [">chrZ\nACGT\n", &format!("chrZ\t4\t{}\t4\t5\n", fasta_length() + 6)];
        let more = more[usize::from(name.ends_with("fai"))];
        std::fs::write(folder.path().join(name.replace("reference", "longer")), text + more).unwrap();
    }
    let longer = folder.path().join("longer.fa");
    fails(
        &longer,
        &["--regions", "chrA:1-9", "--regions", "chrZ"],
        "has no contig chrZ",
    );

    let model = folder.path().join("m.safetensors");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    std::fs::copy(models.join("wgs.safetensors"), &model).unwrap();
    let card = std::fs::read_to_string(models.join("wgs.json")).unwrap();
    std::fs::write(folder.path().join("m.json"), card.replacen("221", "199", 1)).unwrap();
    fails(&reference, &["--model", model.to_str().unwrap()], "[100, 199, 7]");
}

#[test]
fn a_region_without_reads_gives_an_empty_vcf() {
    assert!(sample_records("sample.bam", &["--regions", "chrA:1-2"]).is_empty());
}

#[test]
fn usage_errors_exit_with_2() {
    dvcall()
        .args(["call", "--ref", "x.fa"])
        .assert()
        .code(2)
        .stderr(contains("required arguments were not provided").and(contains("--reads")));
    let call = ["call", "--ref", "x", "--reads", "x", "--output", "x"];
    for flag in [
        "--threads=0",
        "--min-quality=nan",
        "--min-quality=inf",
        "--min-quality=-5",
        "--min-supporting-reads=0",
        "--min-snp-lod=nan",
        "--min-base-quality=9",
    ] {
        let (name, value) = flag.split_once('=').unwrap();
        dvcall()
            .args(call)
            .arg(flag)
            .assert()
            .code(2)
            .stderr(contains(format!("invalid value '{value}' for '{name}")));
    }
}

#[test]
fn the_cascade_decides_most_pileups_and_can_be_turned_off() {
    let folder = tempfile::tempdir().unwrap();
    let run = |flags: &[&str]| {
        let table = folder.path().join("timings.tsv");
        let flags = [&["--timings", table.to_str().unwrap()], flags].concat();
        let genotypes: Vec<_> = sample_records("sample.bam", &flags)
            .iter()
            .map(|r| r.split('\t').nth(9).unwrap().split(':').next().unwrap().to_owned())
            .collect();
        let table = std::fs::read_to_string(table).unwrap();
        let items = |stage: &str| -> usize {
            let line = table.lines().find(|line| line.starts_with(stage)).unwrap();
            line.split('\t').nth(3).unwrap().parse().unwrap()
        };
        (genotypes, ["pileups", "cascade", "network"].map(items))
    };
    let (with, [pileups, judged, left]) = run(&[]);
    assert!(
        judged > pileups / 2 && left < judged,
        "{left} of {pileups} pileups left"
    );
    let (without, counts) = run(&["--no-cascade"]);
    assert_eq!(counts, [pileups, 0, pileups]);
    let differ = with.iter().zip(&without).filter(|(a, b)| a != b).count();
    assert!(
        with.len() == without.len() && differ * 100 <= with.len(),
        "{differ} genotypes differ"
    );
}

#[test]
fn the_summary_tells_what_the_records_were_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let summary = |flags: &[&str]| -> serde_json::Value {
        let mut command = call(
            &sample().join("reference.fa"),
            &sample().join("sample.bam"),
            &path("x.vcf"),
        );
        command.arg("--summary").arg(path("x.json")).args(flags);
        command.args(["--threads", "2"]).assert().success();
        serde_json::from_slice(&std::fs::read(path("x.json")).unwrap()).unwrap()
    };
    let made = summary(&["--regions", "chrA:1-4000"]);
    let [origin, run] = [&made["origin"], &made["run"]];
    for part in ["dvcall", "htslib", "libtorch"] {
        assert!(!origin["versions"][part].as_str().unwrap().is_empty(), "{part}");
    }
    let bytes = sample().join("sample.bam").metadata().unwrap().len();
    assert_eq!(origin["reads"][0]["bytes"], bytes);
    // printf 'chrA\t60000\nchrB\t20000\n' | sha256sum
    let contigs = "9926befb846fd27b3d6ba894700858a8824a8cceada0b7e453b28420307166b5";
    assert_eq!(origin["reference"]["header_sha256"], contigs);
    // printf 'chrA\t0\t4000\n' | sha256sum
    let regions = "33e587571270771c5cf1eebfb22f500474f7bf20e5dd047bf1bfb237da2f0003";
    assert_eq!(origin["regions"]["sha256"], regions);
    assert!(origin["models"][0].as_str().unwrap().contains(" sha256:"));
    assert_eq!(origin["options"]["min_quality"], 3.0);
    let depth = made["depth"].as_f64().unwrap();
    assert!((20.0..60.0).contains(&depth), "{depth}");
    assert_eq!((&made["bases"], &run["threads"]), (&4000.into(), &2.into()));
    assert!(run["command"].as_str().unwrap().contains("--regions chrA:1-4000"));
    assert!(run["cpu_seconds"].as_f64().unwrap() > 0.0 && run["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
    let of = |flags: &[&str]| summary(flags)["origin"].clone();
    // Equal regions in another spelling, and options that change no record.
    let same = ["--regions", "chrA:-2000,chrA:2001-4000", "--batch-size", "7"];
    assert_eq!(&of(&same), origin);
    for other in [
        &["--min-quality", "4"][..],
        &["--keep-duplicates"],
        &["--ploidy", "1"],
        &["--no-cascade"],
    ] {
        let changed = of(&[&["--regions", "chrA:1-4000"], other].concat());
        assert_ne!(changed["options"], origin["options"], "{other:?}");
    }
}
