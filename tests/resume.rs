//! Tests of `dvcall call --resume`: a run that ended early goes on, and gives the files of a run that did not.

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use common::killed::{contents, finish, has_checkpoint, journal, kill_after_checkpoint, refusal};
use common::sample;

/// Regions with gaps, so that pieces of the output end between them.
const REGIONS: &str = "chrA:1-6000,chrA:11001-17000,chrA:21001-27000,chrA:32001-38000,chrA:42001-48000,\
                       chrA:53001-59000,chrB:1-6000,chrB:11001-17000";

/// So many candidates that a run takes some seconds. One thread alone would make one piece of all regions.
const SLOW: [&str; 9] = [
    "--no-cascade",
    "--min-snp-lod",
    "-30",
    "--min-indel-lod",
    "-30",
    "--min-supporting-reads",
    "1",
    "--threads",
    "2",
];

const BGZIPPED: [&str; 4] = ["--output", "c.vcf.gz", "--gvcf", "g.vcf.gz"];

/// `dvcall call` in a folder on these inputs.
fn call_on(reference: &Path, reads: &Path, folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dvcall"));
    command.current_dir(folder).args(["call", "--ref"]).arg(reference);
    command.arg("--reads").arg(reads).args(flags);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// `dvcall call` in a folder on the sample.
fn call(folder: &Path, flags: &[&str]) -> Command {
    call_on(
        &sample().join("reference.fa"),
        &sample().join("sample.bam"),
        folder,
        flags,
    )
}

/// The flags of a slow run with these outputs.
fn slow<'a>(outputs: &[&'a str]) -> Vec<&'a str> {
    [outputs, &["--regions", REGIONS], &SLOW].concat()
}

/// A folder with the finished work of a killed run.
fn killed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), "c.vcf.gz");
    assert!(kill_after_checkpoint(call(folder.path(), &slow(&BGZIPPED)), &journal));
    folder
}

/// Copies a folder with its folders.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.unwrap().success());
}

#[test]
fn a_killed_run_goes_on_and_gives_the_same_files() {
    let one = ["--output", "c.vcf.gz", "--gvcf", "g.vcf.gz", "--summary", "c.json"];
    let alleles = sample().join("truth.vcf.gz");
    let alleles = alleles.to_str().unwrap();
    let other = [
        "--output",
        "c.bcf",
        "--gvcf",
        "g.vcf",
        "--summary",
        "c.json",
        "--alleles",
        alleles,
    ];
    for outputs in [&one[..], &other] {
        let (whole, resumed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = journal(resumed.path(), outputs[1]);
        assert!(kill_after_checkpoint(call(resumed.path(), &slow(outputs)), &journal));
        // Killed a second time, and some settings may change.
        let settings = ["--threads", "1", "--batch-size", "7", "--resume"];
        let again = [outputs, &["--regions", REGIONS], &SLOW[..7], &settings].concat();
        let times = if kill_after_checkpoint(call(resumed.path(), &again), &journal) {
            let message = finish(call(resumed.path(), &again));
            assert!(message.contains("the run goes on with "), "{message}");
            2
        } else {
            1
        };
        finish(call(whole.path(), &slow(outputs)));
        let [mut expected, mut found] = [&whole, &resumed].map(|folder| contents(folder.path()));
        let [before, after] = [&mut expected, &mut found].map(|files| {
            let at = files.iter().position(|(name, _)| name == "c.json").unwrap();
            serde_json::from_slice::<serde_json::Value>(&files.remove(at).1).unwrap()
        });
        let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected));
        assert!(found == expected, "{outputs:?}");
        for part in ["reads", "records", "origin", "library"] {
            assert_eq!(after[part], before[part]);
        }
        assert_eq!(
            (&before["run"]["resumed"], &after["run"]["resumed"]),
            (&0.into(), &times.into())
        );
    }
}

/// Takes a minute: cargo test --release --test resume -- --ignored
#[test]
#[ignore = "long"]
fn twenty_random_kills_change_nothing() {
    let whole = tempfile::tempdir().unwrap();
    let started = Instant::now();
    finish(call(whole.path(), &slow(&BGZIPPED)));
    let (duration, expected) = (started.elapsed(), contents(whole.path()));
    let seed = std::env::var("DVCALL_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut state: u64 = seed;
    let mut gone_on = 0;
    for kill in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let mut run = call(folder.path(), &slow(&BGZIPPED)).spawn().unwrap();
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let moment = duration.mul_f64((state >> 11) as f64 / (1_u64 << 53) as f64);
        std::thread::sleep(moment);
        run.kill().unwrap();
        run.wait().unwrap();
        let message = finish(call(folder.path(), &[&slow(&BGZIPPED)[..], &["--resume"]].concat()));
        let kept = message.contains("the run goes on with");
        gone_on += usize::from(kept);
        println!(
            "kill {kill} after {moment:?}: {}",
            if kept { "goes on" } else { "starts anew" }
        );
        // The command in the header is that of the run that began the file.
        match kept || contents(folder.path()) == expected {
            true => assert!(contents(folder.path()) == expected),
            false => assert!(body(folder.path()) == body(whole.path())),
        }
    }
    println!("{gone_on} of 20 went on");
    assert!(gone_on >= 3, "{gone_on}");
}

/// Records of VCF and gVCF.
fn body(folder: &Path) -> [Vec<String>; 2] {
    ["c.vcf.gz", "g.vcf.gz"].map(|name| common::records(&folder.join(name)))
}

#[test]
fn what_differs_is_refused_by_name() {
    let killed = killed();
    let inputs = tempfile::tempdir().unwrap();
    for name in ["reference.fa", "reference.fa.fai", "sample.bam", "sample.bam.bai"] {
        fs::copy(sample().join(name), inputs.path().join(name)).unwrap();
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    fs::copy(models.join("wgs.safetensors"), inputs.path().join("m.safetensors")).unwrap();
    // Another card, of the same weights.
    let card = fs::read_to_string(models.join("wgs.json")).unwrap() + "\n";
    fs::write(inputs.path().join("m.json"), card).unwrap();
    let model = inputs.path().join("m.safetensors");
    let [reference, reads] = [sample().join("reference.fa"), sample().join("sample.bam")];
    let before = contents(&killed.path().join("c.vcf.gz.partial"));
    let refused = |reference: &Path, reads: &Path, flags: &[&str], name: &str| {
        let message = refusal(call_on(
            reference,
            reads,
            killed.path(),
            &[flags, &["--resume"]].concat(),
        ));
        assert!(message.contains("c.vcf.gz.partial was begun otherwise: "), "{message}");
        assert!(
            message.contains(name) && message.contains("repeat the command as it was"),
            "{message}"
        );
        assert!(contents(&killed.path().join("c.vcf.gz.partial")) == before);
    };
    let flags = slow(&BGZIPPED);
    let with = |more: &[&'static str]| [&flags[..], more].concat();
    let same = |flags: &[&str], name: &str| refused(&reference, &reads, flags, name);
    same(&with(&["--min-quality", "5"]), "options.min_quality was 3.0 and is 5.0");
    same(&with(&["--no-ref-calls"]), "options.no_ref_calls was false and is true");
    same(&with(&["--sex", "male"]), r#"options.sex was "auto" and is "male""#);
    same(&with(&["--regions", "chrB"]), "regions.bases was ");
    same(&slow(&BGZIPPED[..2]), r#"gvcf was "g.vcf.gz" and is null"#);
    same(
        &[&flags[..], &["--model", model.to_str().unwrap()]].concat(),
        "models.0 was ",
    );
    refused(
        &reference,
        &inputs.path().join("sample.bam"),
        &flags,
        "reads.0.modified was ",
    );
    refused(
        &inputs.path().join("reference.fa"),
        &reads,
        &flags,
        "reference.modified was ",
    );
}

#[test]
fn damaged_work_is_not_used() {
    let killed = killed();
    let flags = [&slow(&BGZIPPED)[..], &["--resume"]].concat();
    let damaged = |change: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        copy(killed.path(), folder.path());
        change(folder.path());
        folder
    };
    let torn = damaged(&|folder| {
        let journal = journal(folder, "c.vcf.gz");
        let text = fs::read(&journal).unwrap();
        fs::write(journal, &text[..text.len() - 100]).unwrap();
    });
    let message = refusal(call(torn.path(), &flags));
    assert!(message.contains("c.vcf.gz.partial/journal is damaged"), "{message}");
    // Another run writes less than the whole, so that the test is fast.
    let short = [&BGZIPPED[..], &["--regions", "chrB:1-2000"]].concat();
    let message = finish(call(torn.path(), &short));
    assert_eq!(
        message
            .matches("the finished work of an earlier run is discarded")
            .count(),
        2,
        "{message}"
    );
    let names: Vec<_> = contents(torn.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["c.vcf.gz", "c.vcf.gz.tbi", "g.vcf.gz", "g.vcf.gz.tbi"]);

    let foreign = damaged(&|folder| fs::write(folder.join("c.vcf.gz.partial/notes"), "").unwrap());
    for flags in [&flags[..], &short] {
        let message = refusal(call(foreign.path(), flags));
        assert!(
            message.contains("c.vcf.gz.partial holds notes, which is not of dvcall"),
            "{message}"
        );
    }
    assert!(foreign.path().join("c.vcf.gz.partial/notes").exists());

    // What was written after the checkpoint is cut off; a file that is too short makes the run start anew.
    let longer = damaged(&|folder| {
        for name in ["c.vcf.gz", "g.vcf.gz"] {
            let path = folder.join(format!("{name}.partial/{name}"));
            let mut bytes = fs::read(&path).unwrap();
            bytes.extend([7; 1000]);
            fs::write(path, bytes).unwrap();
        }
        fs::write(folder.join("c.vcf.gz.partial/journal.new"), "torn").unwrap();
    });
    let shorter = damaged(&|folder| fs::remove_file(folder.join("g.vcf.gz.partial/g.vcf.gz")).unwrap());
    let without = damaged(&|folder| fs::remove_dir_all(folder.join("g.vcf.gz.partial")).unwrap());
    let message = refusal(call(without.path(), &flags));
    assert!(message.contains("g.vcf.gz has no finished work"), "{message}");
    let message = finish(call(longer.path(), &flags));
    assert!(message.contains("the run goes on with"), "{message}");
    let message = finish(call(shorter.path(), &flags));
    assert!(
        message.contains("g.vcf.gz.partial is not whole; the run starts"),
        "{message}"
    );
    assert!(body(longer.path()) == body(shorter.path()));
}

#[test]
fn some_outputs_cannot_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let message = refusal(call(folder.path(), &["--output", "-", "--resume"]));
    assert!(message.contains("--resume: a stream cannot go on"), "{message}");
    let message = refusal(call(
        folder.path(),
        &["--output", "c.vcf", "--realigned-reads", "r.bam", "--resume"],
    ));
    assert!(
        message.contains("--resume: a run with --realigned-reads cannot go on"),
        "{message}"
    );
    assert!(contents(folder.path()).is_empty());
    // Without earlier work the run starts at the beginning.
    let message = finish(call(
        folder.path(),
        &["--output", "c.vcf", "--regions", "chrB:1-2000", "--resume"],
    ));
    assert!(message.contains("c.vcf has no finished work"), "{message}");
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_ended_run_tells_where_its_work_is() {
    let (folder, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kept = "finished work is kept in c.vcf.gz.partial; the same command with --resume goes on\n";
    let outputs = ["--output", "c.vcf.gz", "--gvcf", "g.vcf"];
    let flags = slow(&outputs);
    let mut run = call(folder.path(), &flags).spawn().unwrap();
    assert!(has_checkpoint(&mut run, &journal(folder.path(), "c.vcf.gz"), None));
    let resumed = [&flags[..], &["--resume"]].concat();
    let message = refusal(call(folder.path(), &resumed));
    assert!(
        message.contains("another run of dvcall writes this output"),
        "{message}"
    );
    let sent = Command::new("kill").arg(run.id().to_string()).status();
    assert!(sent.unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15));
    assert!(
        text(&output).ends_with(&format!("ended by signal 15 (SIGTERM); {kept}")),
        "{}",
        text(&output)
    );
    let names: Vec<_> = contents(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["c.vcf.gz.partial", "g.vcf.partial"]);

    // A full disk: the gVCF may not get longer than this.
    finish(call(whole.path(), &flags));
    let length = fs::metadata(whole.path().join("g.vcf")).unwrap().len();
    let words: Vec<_> = resumed.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "ulimit -f {}; exec {} call --ref {2}/reference.fa --reads {2}/sample.bam {3}",
        length / 1024 - 1,
        env!("CARGO_BIN_EXE_dvcall"),
        sample().display(),
        words.join(" ")
    );
    let full = Command::new("bash")
        .current_dir(folder.path())
        .args(["-c", &script])
        .output()
        .unwrap();
    assert_eq!(full.status.code(), Some(1));
    let line = text(&full).lines().last().unwrap().to_owned() + "\n";
    assert!(
        line.starts_with("dvcall: error: cannot write g.vcf: ") && line.ends_with(kept),
        "{line}"
    );
    finish(call(folder.path(), &resumed));
    assert!(contents(folder.path()) == contents(whole.path()));
}
