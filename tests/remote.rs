//! Inputs at URLs.

mod common;

use std::path::Path;

use common::server::{Answer, Request, Server};
use common::{call, error_of, records, sample};

/// `dvcall call` on URLs, without long waits between retries, in its own folder.
fn call_url(reference: &str, reads: &str, folder: &Path) -> assert_cmd::Command {
    let mut command = call(reference.as_ref(), reads.as_ref(), "calls.vcf.gz".as_ref());
    command.env("HTS_RETRY_DELAY", "1").current_dir(folder);
    command
}

fn local_records() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("calls.vcf.gz");
    call(&sample().join("reference.fa"), &sample().join("sample.bam"), &output)
        .assert()
        .success();
    records(&output)
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn reads_and_reference_at_urls_give_the_same_records_and_leave_no_copies() {
    let server = Server::start(&sample(), |_| Answer::Right);
    let expected = local_records();
    for reads in ["sample.bam", "sample.cram"] {
        let folder = tempfile::tempdir().unwrap();
        let [reference, reads] = ["reference.fa", reads].map(|name| format!("{}/{name}?key=secret", server.url));
        call_url(&reference, &reads, folder.path()).assert().success();
        let output = folder.path().join("calls.vcf.gz");
        assert_eq!(records(&output), expected, "{reads}");
        assert_eq!(files(folder.path()), ["calls.vcf.gz", "calls.vcf.gz.tbi"]);
        let mut header = String::new();
        let mut reader = rust_htslib::bgzf::Reader::from_path(&output).unwrap();
        std::io::Read::read_to_string(&mut reader, &mut header).unwrap();
        assert!(header.contains(&format!("##reference={}/reference.fa\n", server.url)));
        assert!(!header.contains("secret"));
    }
    let requests = server.requests();
    // A local file with an index at the same URL is looked for once.
    assert_eq!(requests.iter().filter(|path| *path == "/sample.bam.bai").count(), 1);
}

#[test]
fn each_fault_of_a_server_ends_the_run_with_one_line() {
    let late = |request: &Request| request.start.is_some_and(|start| start > 1);
    type Rule = Box<dyn Fn(&Request) -> Answer + Send + Sync>;
    let late_only =
        |fault: Answer| -> Rule { Box::new(move |request| if late(request) { fault } else { Answer::Right }) };
    let cases: Vec<(Rule, &str)> = vec![
        (Box::new(|_| Answer::Status(401)), "denies access (HTTP 401)"),
        (Box::new(|_| Answer::Status(403)), "denies access (HTTP 403)"),
        (Box::new(|_| Answer::Status(404)), "no such file (HTTP 404)"),
        (
            Box::new(|_| Answer::Status(503)),
            "out of order (HTTP 503); try again later (tried 4 times)",
        ),
        (Box::new(|_| Answer::Status(429)), "too many requests (HTTP 429)"),
        (Box::new(|_| Answer::Whole), "does not serve byte ranges"),
        (Box::new(|_| Answer::Half), "stops in the middle"),
        (late_only(Answer::Status(403)), "denies access"),
        (late_only(Answer::Status(503)), "out of order (HTTP 503)"),
        (late_only(Answer::Whole), "does not serve byte ranges"),
        (late_only(Answer::Half), "stops in the middle"),
        (late_only(Answer::More), "does not serve byte ranges"),
        // The bytes are those of another place, which only their content shows.
        (late_only(Answer::Shifted), "truncated"),
    ];
    for (rule, expected) in cases {
        let server = Server::start(&sample(), rule);
        for reads in ["sample.bam", "sample.cram"] {
            let folder = tempfile::tempdir().unwrap();
            let reads = format!("{}/{reads}", server.url);
            let reference = sample().join("reference.fa");
            let message = error_of(&mut call_url(reference.to_str().unwrap(), &reads, folder.path()));
            assert!(message.contains(expected) && message.contains(&reads), "{message}");
            assert!(files(folder.path()).is_empty(), "{expected}");
        }
    }
}

#[test]
fn a_fault_in_the_last_blocks_gives_no_short_vcf() {
    // Only the place of the last reads of the last contig is faulty, which is read after the checks.
    for (reads, from) in [("sample.bam", 700_000), ("sample.cram", 300_000)] {
        let length = sample().join(reads).metadata().unwrap().len();
        let server = Server::start(&sample(), move |request| match request.start {
            Some(start) if request.path.contains("sample.") && (from..length - (1 << 16)).contains(&start) => {
                Answer::Half
            }
            _ => Answer::Right,
        });
        let folder = tempfile::tempdir().unwrap();
        let reference = sample().join("reference.fa");
        let reads = format!("{}/{reads}", server.url);
        let message = error_of(&mut call_url(reference.to_str().unwrap(), &reads, folder.path()));
        assert!(message.contains("stops in the middle"), "{message}");
        assert!(files(folder.path()).is_empty());
    }
}

#[test]
fn a_reference_or_index_that_cannot_be_read_is_named() {
    let server = Server::start(&sample(), |request| match request.path.ends_with(".fai") {
        true => Answer::Status(503),
        false => Answer::Right,
    });
    let folder = tempfile::tempdir().unwrap();
    let reads = sample().join("sample.bam");
    let reference = format!("{}/reference.fa", server.url);
    let message = error_of(&mut call_url(&reference, reads.to_str().unwrap(), folder.path()));
    assert!(
        message.contains("reference.fa.fai") && message.contains("HTTP 503"),
        "{message}"
    );
    let server = Server::start(&sample(), |request| match request.path.ends_with(".bai") {
        true => Answer::Status(404),
        false => Answer::Right,
    });
    let reads = format!("{}/sample.bam", server.url);
    let reference = sample().join("reference.fa");
    let message = error_of(&mut call_url(reference.to_str().unwrap(), &reads, folder.path()));
    assert!(message.contains("has no index"), "{message}");
}

#[test]
fn a_server_that_recovers_is_asked_again() {
    for fault in [Answer::Status(503), Answer::Half] {
        // Every fourth request fails.
        let server = Server::start(&sample(), move |request| match request.before % 4 {
            1 => fault,
            _ => Answer::Right,
        });
        let folder = tempfile::tempdir().unwrap();
        let [reference, reads] = ["reference.fa", "sample.bam"].map(|name| format!("{}/{name}", server.url));
        call_url(&reference, &reads, folder.path()).assert().success();
        assert_eq!(records(&folder.path().join("calls.vcf.gz")), local_records());
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let reference = sample().join("reference.fa");
    for (url, expected) in [
        ("http://127.0.0.1:1/x.bam", "connection refused"),
        ("http://no-such-host.invalid/x.bam", "host is unknown"),
        (
            "http://me:secret@127.0.0.1:1/x.bam?key=secret",
            "http://127.0.0.1:1/x.bam",
        ),
    ] {
        let message = error_of(&mut call_url(reference.to_str().unwrap(), url, folder.path()));
        assert!(message.contains(expected) && !message.contains("secret"), "{message}");
    }
}

#[test]
fn call_sets_and_regions_at_urls_are_read() {
    let server = Server::start(&sample(), |_| Answer::Right);
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("{}/{name}", server.url);
    let mut command = common::dvcall();
    command
        .current_dir(folder.path())
        .args(["evaluate", "--quiet", "--output", "scores"]);
    for (flag, name) in [
        ("--ref", "reference.fa"),
        ("--truth", "truth.vcf.gz"),
        ("--query", "truth.vcf.gz"),
        ("--confident", "confident.bed"),
    ] {
        command.arg(flag).arg(url(name));
    }
    command.assert().success();
    let summary = std::fs::read_to_string(folder.path().join("scores.summary.csv")).unwrap();
    assert!(summary.contains("SNP,PASS"), "{summary}");
    let reference = sample().join("reference.fa");
    let reads = sample().join("sample.bam");
    let missing =
        error_of(call(&reference, &reads, &folder.path().join("calls.vcf")).args(["--regions", &url("no.bed")]));
    assert!(missing.contains("no such file (HTTP 404)"), "{missing}");
}

#[test]
fn an_output_at_a_url_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = call(
        &sample().join("reference.fa"),
        &sample().join("sample.bam"),
        "s3://bucket/calls.vcf.gz".as_ref(),
    );
    let message = error_of(command.current_dir(folder.path()));
    assert!(message.contains("writes no URLs"), "{message}");
    assert!(files(folder.path()).is_empty());
}
