//! Inputs on real servers: nginx, moto's S3, and nginx in the place of Google's Cloud Storage.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rust_htslib::bam::{self, Read as _};

use crate::common::{call, error_of, header, records, sample};
use crate::{data, in_checkout};

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// nginx with the files of a folder.
    fn nginx(root: &Path) -> Self {
        Self::nginx_with(root, "", "")
    }

    /// nginx with these words behind the port, and these lines of settings.
    fn nginx_with(root: &Path, kind: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (own, root) = (folder.path().display(), root.display());
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|name| format!("{name}_temp_path {own}/{name};")).concat();
        // The log counts what nginx hands to the kernel. A small buffer there makes it what leaves.
        let text = format!(
            "daemon off; master_process off; pid {own}/pid; error_log {own}/errors;\n\
             events {{}}\n\
             http {{ {temporary} log_format sent '$uri $bytes_sent'; access_log {own}/log sent;\n\
             server {{ listen 127.0.0.1:{port} sndbuf=16k {kind}; {settings} location / {{ root {root}; }} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, text).unwrap();
        let mut command = Command::new(nginx().unwrap());
        command.arg("-c").arg(&file).arg("-e").arg(folder.path().join("errors"));
        let child = command.spawn().unwrap();
        let server = Self { child, port, folder };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{}", fs::read_to_string(server.folder.path().join("errors")).unwrap());
    }

    /// moto with the files of a folder in the bucket `genomes`.
    fn s3(root: &Path) -> Self {
        let mut command = Command::new(in_checkout("scripts/python.sh"));
        command.arg(in_checkout("tests/needs/s3_server.py")).arg(root);
        // The server ends when its input does.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("moto does not start");
        let folder = tempfile::tempdir().unwrap();
        Self { child, port, folder }
    }

    fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    /// Bytes that the server sent of files whose names begin so.
    fn sent(&self, name: &str) -> u64 {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        let lines = log.lines().filter_map(|line| line.strip_prefix('/')?.rsplit_once(' '));
        let of_file = lines.filter(|(path, _)| path.starts_with(name));
        of_file.map(|(_, bytes)| bytes.parse::<u64>().unwrap()).sum()
    }
}

/// Debian's nginx is not in everybody's PATH.
pub fn nginx() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    folders.push("/usr/sbin".into());
    folders
        .into_iter()
        .map(|folder| folder.join("nginx"))
        .find(|path| path.is_file())
}

fn bytes_of(folder: &Path, names: &[&str]) -> u64 {
    names
        .iter()
        .map(|name| folder.join(name).metadata().unwrap().len())
        .sum()
}

fn called(reference: &Path, reads: &Path, variables: &[(&str, &str)], flags: &[&str]) -> Vec<String> {
    called_with_library(reference, reads, variables, flags).0
}

/// The records, and what the header says of the library.
fn called_with_library(
    reference: &Path,
    reads: &Path,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("calls.vcf.gz");
    let mut command = call(reference, reads, &output);
    command
        .args(["--threads", "2"])
        .args(flags)
        .envs(variables.iter().copied())
        .assert()
        .success();
    let header = header(&output);
    let library = header.lines().find(|line| line.starts_with("##dvcallLibrary="));
    (records(&output), library.unwrap().to_owned())
}

/// Calls from nginx, and fails unless the records are those of local files, and less than three times the bytes of reads
/// and index travelled.
fn check_nginx(folder: &Path, reads: &str, index: &str, reference: &Path, flags: &[&str]) {
    let server = Server::nginx(folder);
    let local = called(
        reference,
        &folder.join(reads),
        &[],
        &[flags, &["--library-sample", "regions"]].concat(),
    );
    assert!(local.iter().filter(|record| record.contains("\tPASS\t")).count() > 20);
    assert!(called(reference, server.url(reads).as_ref(), &[], flags) == local);
    let (sent, least) = (server.sent(reads), bytes_of(folder, &[reads, index]));
    assert!(
        (least / 2..3 * least).contains(&sent),
        "{reads}: {sent} bytes sent of {least}"
    );
}

/// All of the bundled sample is called, and 100 kb of the real sets, which hold no more.
pub fn nginx_sends_little_more_than_the_region() {
    let reference = sample().join("reference.fa");
    for (reads, index) in [("sample.bam", "sample.bam.bai"), ("sample.cram", "sample.cram.crai")] {
        check_nginx(&sample(), reads, index, &reference, &[]);
    }
    let server = Server::nginx(&sample());
    let local = called(&reference, &sample().join("sample.bam"), &[], &[]);
    let remote = called(
        server.url("reference.fa").as_ref(),
        server.url("sample.cram").as_ref(),
        &[],
        &[],
    );
    assert_eq!(remote, local);
    assert!(server.sent("reference.fa") < 3 * bytes_of(&sample(), &["reference.fa", "reference.fa.fai"]));
}

pub fn nginx_sends_little_more_than_the_region_of_real_reads() {
    let set = data().join("reads/validation/NA12878_hg19_chr20_10.0M_52x");
    let reference = data().join("reference/ucsc.hg19.chr20.unittest.fasta.gz");
    let region = ["--regions", "chr20:10,000,000-10,100,000"];
    check_nginx(&set, "reads.bam", "reads.bam.bai", &reference, &region);
    let cram = "NA12878_S1.chr20.10_10p1mb.cram";
    check_nginx(&set, cram, &format!("{cram}.crai"), &reference, &region);
}

/// Twelve copies of a contig of the bundled sample, each as another contig: `reference.fa`, `reads.bam`, `reads.cram`.
fn write_copies(folder: &Path) {
    const COPIES: i32 = 12;
    let reference = rust_htslib::faidx::Reader::from_path(sample().join("reference.fa")).unwrap();
    let bases = reference.fetch_seq_string("chrA", 0, usize::MAX >> 2).unwrap();
    let fasta: String = (0..COPIES).map(|copy| format!(">c{copy}\n{bases}\n")).collect();
    let path = |name: &str| folder.join(name);
    fs::write(path("reference.fa"), fasta).unwrap();
    rust_htslib::faidx::build(path("reference.fa")).unwrap();
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let text = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let mut header = "@HD\tVN:1.6\tSO:coordinate\n".to_owned();
    (0..COPIES).for_each(|copy| header += &format!("@SQ\tSN:c{copy}\tLN:{}\n", bases.len()));
    header.extend(
        text.lines()
            .filter(|line| line.starts_with("@RG"))
            .map(|line| format!("{line}\n")),
    );
    let header = bam::Header::from_template(&bam::HeaderView::from_bytes(header.as_bytes()));
    let mut writers = [("reads.bam", bam::Format::Bam), ("reads.cram", bam::Format::Cram)]
        .map(|(name, format)| bam::Writer::from_path(path(name), &header, format).unwrap());
    writers[1].set_reference(path("reference.fa")).unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    for copy in 0..COPIES {
        for record in records.iter().filter(|record| record.tid() == 0 && record.mtid() == 0) {
            let mut record = record.clone();
            record.set_tid(copy);
            record.set_mtid(copy);
            writers.iter_mut().for_each(|writer| writer.write(&record).unwrap());
        }
    }
    drop(writers);
    let kinds = [
        ("reads.bam", bam::index::Type::Bai),
        ("reads.cram", bam::index::Type::Csi(0)),
    ];
    for (name, kind) in kinds {
        bam::index::build(path(name), None, kind, 1).unwrap();
    }
}

/// Bytes of the blocks that hold the reads of a contig.
fn bytes_of_contig(reads: &Path, tid: i32) -> u64 {
    let index = reads.with_added_extension("crai");
    if index.is_file() {
        let mut text = String::new();
        let mut reader = rust_htslib::bgzf::Reader::from_path(index).unwrap();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        let slices = text
            .lines()
            .map(|line| line.split('\t').map(|word| word.parse::<u64>().unwrap()));
        let of_contig = slices.map(Vec::from_iter).filter(|slice| slice[0] == tid as u64);
        return of_contig.map(|slice| slice[5]).sum();
    }
    let mut reader = bam::Reader::from_path(reads).unwrap();
    let (mut record, mut before) = (bam::Record::new(), reader.tell() as u64);
    let (mut first, mut last) = (u64::MAX, 0);
    while let Some(read) = reader.read(&mut record) {
        read.unwrap();
        if record.tid() == tid {
            (first, last) = (first.min(before >> 16), reader.tell() as u64 >> 16);
        }
        before = reader.tell() as u64;
    }
    last - first
}

/// A region of a file that is twelve times as large: only its blocks travel. The rate of systematic errors comes from
/// the region too, unless the sample of the whole file is asked for, which gives the records of a local file.
pub fn nginx_sends_little_of_a_large_file() {
    let folder = tempfile::tempdir().unwrap();
    write_copies(folder.path());
    let path = |name: &str| folder.path().join(name);
    let reference = path("reference.fa");
    let region = |sample: &'static str| ["--regions", "c7", "--library-sample", sample];
    for (reads, index) in [("reads.bam", "reads.bam.bai"), ("reads.cram", "reads.cram.crai")] {
        let local =
            ["genome", "regions"].map(|sample| called_with_library(&reference, &path(reads), &[], &region(sample)));
        assert!(local[0].0.iter().filter(|record| record.contains("\tPASS\t")).count() > 20);
        assert!(!local[0].1.contains("regions") && local[1].1.contains("; from the regions only"));
        let call =
            |server: &Server, flags: &[&str]| called_with_library(&reference, server.url(reads).as_ref(), &[], flags);
        let least = bytes_of_contig(&path(reads), 7) + bytes_of(folder.path(), &[index]);
        assert!(10 * least < bytes_of(folder.path(), &[reads]), "{least}");
        // What lies in the buffers of a connection when dvcall ends it counts as sent. On a busy machine that is more.
        let sent = (0..3).map(|_| {
            let server = Server::nginx(folder.path());
            assert!(call(&server, &["--regions", "c7"]) == local[1]);
            server.sent(reads)
        });
        let sent = sent.min().unwrap();
        assert!(
            (least..3 * least).contains(&sent),
            "{reads}: {sent} bytes sent of {least}"
        );
        let server = Server::nginx(folder.path());
        assert!(call(&server, &region("genome")) == local[0]);
        assert!(server.sent(reads) > 3 * least);
    }
}

/// A tunnel to a port on this machine for whoever asks for a host, as an HTTP proxy gives it. It ends with the test.
fn proxy_to(port: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tunnel = move |client: TcpStream| {
        let mut lines = BufReader::new(&client).lines();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let server = TcpStream::connect(("127.0.0.1", port))?;
        (&client).write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        let copy = |from: &TcpStream, to: &TcpStream| {
            let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
            Ok::<_, std::io::Error>(std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            }))
        };
        copy(&client, &server)?;
        copy(&server, &client)
    };
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || drop(tunnel(client)));
        }
    });
    format!("http://{address}")
}

/// nginx with the certificate of Google's host for the bucket `genomes`, which it shows to a payer with a token only. All
/// but the host's address is as with Google: `gs://`, TLS and the headers that htslib makes.
pub fn google_cloud_storage_gives_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let [key, certificate] = ["key.pem", "certificate.pem"].map(|name| folder.path().join(name));
    let host = "genomes.storage-download.googleapis.com";
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
        ])
        .arg(format!("subjectAltName=DNS:{host}"))
        .args([
            "-keyout".as_ref(),
            key.as_os_str(),
            "-out".as_ref(),
            certificate.as_os_str(),
        ])
        .output();
    assert!(made.unwrap().status.success());
    let settings = format!(
        "server_name {host}; ssl_certificate {}; ssl_certificate_key {};\n\
         if ($host != {host}) {{ return 404; }}\n\
         if ($http_authorization != \"Bearer test\") {{ return 401; }}\n\
         if ($http_x_goog_user_project != payer) {{ return 400; }}\n",
        certificate.display(),
        key.display()
    );
    let server = Server::nginx_with(&sample(), "ssl", &settings);
    let (proxy, certificate) = (proxy_to(server.port), certificate.to_str().unwrap());
    let variables = [
        ("https_proxy", proxy.as_str()),
        ("no_proxy", ""),
        ("NO_PROXY", ""),
        ("HTS_RETRY_DELAY", "1"),
        ("CURL_CA_BUNDLE", certificate),
        ("GCS_OAUTH_TOKEN", "test"),
        ("GCS_REQUESTER_PAYS_PROJECT", "payer"),
    ];
    let reference = sample().join("reference.fa");
    let local = called(&reference, &sample().join("sample.bam"), &[], &[]);
    for reads in ["sample.bam", "sample.cram"] {
        let [reference, reads] = ["reference.fa", reads].map(|name| format!("gs://genomes/{name}"));
        assert_eq!(
            called(reference.as_ref(), reads.as_ref(), &variables, &[]),
            local,
            "{reads}"
        );
    }
    let output = folder.path().join("calls.vcf");
    for (url, variable, value, expected) in [
        (
            "gs://genomes/none.bam",
            "GCS_OAUTH_TOKEN",
            "test",
            "no such file (HTTP 404)",
        ),
        (
            "gs://genomes/sample.bam",
            "GCS_OAUTH_TOKEN",
            "other",
            "denies access (HTTP 401)",
        ),
        ("gs://genomes/sample.bam", "CURL_CA_BUNDLE", "/dev/null", "certificate"),
        ("gs://others/sample.bam", "GCS_OAUTH_TOKEN", "test", "certificate"),
    ] {
        let mut command = call(&reference, url.as_ref(), &output);
        let message = error_of(command.envs(variables).env(variable, value));
        assert!(message.contains(expected) && message.contains(url), "{message}");
    }
}

pub fn s3_gives_the_same_records() {
    let server = Server::s3(&sample());
    let host = format!("127.0.0.1:{}", server.port);
    let variables = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("HTS_S3_HOST", &host),
        ("HTS_S3_ADDRESS_STYLE", "path"),
        ("HTS_RETRY_DELAY", "1"),
    ];
    let reference = sample().join("reference.fa");
    let local = called(&reference, &sample().join("sample.bam"), &[], &[]);
    for reads in ["sample.bam", "sample.cram"] {
        let [reference, reads] = ["reference.fa", reads].map(|name| format!("s3+http://genomes/{name}"));
        assert_eq!(
            called(reference.as_ref(), reads.as_ref(), &variables, &[]),
            local,
            "{reads}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    for (reads, expected) in [
        ("s3+http://genomes/none.bam", "no such file"),
        ("s3+http://none/sample.bam", "no such file"),
    ] {
        let mut command = call(&reference, reads.as_ref(), &folder.path().join("calls.vcf"));
        let message = error_of(command.envs(variables));
        assert!(message.contains(expected), "{message}");
    }
}

/// A mirror of the training data with the bundled sample.
fn mirror(folder: &Path) {
    let truth = ["NA12878_HG001", "AshkenazimTrio/HG002_NA24385_son"];
    let stems = [
        "HG001_GRCh38_1_22_v4.2.1_benchmark",
        "HG002_GRCh38_1_22_v4.2.1_benchmark",
    ];
    let beds = [
        "HG001_GRCh38_1_22_v4.2.1_benchmark.bed",
        "HG002_GRCh38_1_22_v4.2.1_benchmark_noinconsistent.bed",
    ];
    for i in 0..2 {
        let place = folder.join(truth[i]).join("NISTv4.2.1/GRCh38");
        fs::create_dir_all(&place).unwrap();
        for suffix in ["vcf.gz", "vcf.gz.tbi"] {
            fs::copy(
                sample().join(format!("truth.{suffix}")),
                place.join(format!("{}.{suffix}", stems[i])),
            )
            .unwrap();
        }
        fs::copy(sample().join("confident.bed"), place.join(beds[i])).unwrap();
        for suffix in ["bam", "bam.bai"] {
            let name = format!("HG00{}.novaseq.pcr-free.30x.dedup.grch38.{suffix}", i + 1);
            fs::copy(sample().join(format!("sample.{suffix}")), folder.join(name)).unwrap();
        }
    }
    let text = fs::read(sample().join("reference.fa")).unwrap();
    let mut writer = rust_htslib::bgzf::Writer::from_path(folder.join("genome.fna.gz")).unwrap();
    std::io::Write::write_all(&mut writer, &text).unwrap();
}

/// Runs the script against a mirror. Returns whether it succeeds, and what it says.
fn fetch(url: &str, folder: &Path, md5: &str) -> (bool, String) {
    let mut command = Command::new(in_checkout("scripts/fetch-training-data.sh"));
    command.arg(folder).env("REFERENCE_URL", format!("{url}genome.fna.gz"));
    command
        .env("TRUTH_BASE_URL", url.trim_end_matches('/'))
        .env("READS_BASE_URL", url.trim_end_matches('/'));
    command
        .env("CONTIG", "chrA")
        .env("CONTIG_LENGTH", "60000")
        .env("CONTIG_MD5", md5);
    let output = command.output().unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn reads_in(bam: &Path) -> usize {
    bam::Reader::from_path(bam)
        .unwrap()
        .records()
        .map(Result::unwrap)
        .count()
}

/// MD5 of the bundled contig, from the header of its CRAM.
fn md5_of_contig() -> String {
    let reader = bam::Reader::from_path(sample().join("sample.cram")).unwrap();
    let header = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let line = header.lines().find(|line| line.contains("SN:chrA\t")).unwrap();
    line.split('\t')
        .find_map(|field| field.strip_prefix("M5:"))
        .unwrap()
        .to_owned()
}

pub fn training_data_are_fetched_whole_resumed_and_checked() {
    let (files, output, md5) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        md5_of_contig(),
    );
    mirror(files.path());
    let server = Server::nginx(files.path());
    let whole = output.path().join("whole");
    let (is_done, said) = fetch(&server.url(""), &whole, &md5);
    assert!(is_done, "{said}");
    let expected = reads_in(&whole.join("HG001/reads.bam"));
    assert!(expected > 1_000);
    for set in ["HG001", "HG002"] {
        for name in ["reads.bam.bai", "truth.vcf.gz.tbi", "confident.bed", "region.bed"] {
            assert!(whole.join(set).join(name).is_file(), "{set}/{name}");
        }
        assert_eq!(reads_in(&whole.join(set).join("reads.bam")), expected);
    }
    // A second run changes and transfers nothing.
    let sent = server.sent("");
    assert!(fetch(&server.url(""), &whole, &md5).0);
    assert_eq!(server.sent(""), sent);

    // A server that stops in the middle of large files: what came is kept, and the rest is fetched later.
    use crate::common::server::{Answer, Server as FaultyServer};
    let faulty = FaultyServer::start(files.path(), |request| match request.start {
        None if request.path.ends_with(".fna.gz") => Answer::Half,
        _ => Answer::Right,
    });
    let cut = output.path().join("cut");
    assert!(!fetch(&format!("{}/", faulty.url), &cut, &md5).0);
    let part = cut.join("genome.fna.gz.part").metadata().unwrap().len();
    let genome = files.path().join("genome.fna.gz").metadata().unwrap().len();
    assert_eq!(part, genome / 2);
    let before = server.sent("genome.fna.gz");
    let (is_done, said) = fetch(&server.url(""), &cut, &md5);
    assert!(is_done, "{said}");
    assert!(server.sent("genome.fna.gz") - before < genome - part + 1_000);
    for name in ["chrA.fa", "HG001/truth.vcf.gz"] {
        assert_eq!(
            fs::read(cut.join(name)).unwrap(),
            fs::read(whole.join(name)).unwrap(),
            "{name}"
        );
    }
    assert_eq!(reads_in(&cut.join("HG002/reads.bam")), expected);

    // A part that is already whole, as after a power failure.
    fs::rename(whole.join("genome.fna.gz"), whole.join("genome.fna.gz.part")).unwrap();
    fs::remove_file(whole.join("chrA.fa.fai")).unwrap();
    fs::remove_file(whole.join("checksums.sha256")).unwrap();
    let (is_done, said) = fetch(&server.url(""), &whole, &md5);
    assert!(is_done, "{said}");

    // A file that changed later.
    fs::write(whole.join("genome.fna.gz"), "changed").unwrap();
    let (is_done, said) = fetch(&server.url(""), &whole, &md5);
    assert!(!is_done && said.contains("genome.fna.gz: FAILED"), "{said}");
    fs::remove_file(whole.join("genome.fna.gz")).unwrap();
    assert!(fetch(&server.url(""), &whole, &md5).0);

    // A reference with other bases; a later run with the right one succeeds.
    let wrong = output.path().join("wrong");
    let (is_done, said) = fetch(&server.url(""), &wrong, "0123456789abcdef0123456789abcdef");
    assert!(
        !is_done && said.contains(&md5) && said.contains("REFERENCE_URL"),
        "{said}"
    );
    assert!(!wrong.join("chrA.fa").exists() && !wrong.join("genome.fna.gz").exists());
    assert!(fetch(&server.url(""), &wrong, &md5).0);
}
