//! Tests of `dvcall report`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{call, dvcall, error_of, sample};
use rust_htslib::bcf::{self, Read as _};

fn report(calls: &Path, output: &Path, flags: &[&str]) -> assert_cmd::Command {
    let mut command = dvcall();
    command.arg("report").arg("--quiet").arg(calls);
    command.arg("--output").arg(output).args(flags);
    command
}

/// The page of a file, beside it.
fn page_of(calls: &Path, flags: &[&str]) -> String {
    let output = calls.with_extension("html");
    report(calls, &output, flags).assert().success();
    fs::read_to_string(output).unwrap()
}

/// The cells of the first row of a table with this name.
fn cells<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let row = page.split(&format!("<tr><td>{name}</td>")).nth(1);
    let row = row
        .unwrap_or_else(|| panic!("no row {name}"))
        .split("</tr>")
        .next()
        .unwrap();
    row.split("<td>")
        .skip(1)
        .map(|cell| cell.trim_end_matches("</td>"))
        .collect()
}

/// Writes a VCF; columns are separated by spaces.
fn vcf(folder: &Path, samples: &str, records: &[&str]) -> PathBuf {
    let path = folder.join("calls.vcf");
    let header = "##fileformat=VCFv4.2\n##FILTER=<ID=low,Description=\"\">\n##contig=<ID=1,length=5000>\n\
        ##contig=<ID=2,length=4000>\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"\">\n\
        ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n\
        ##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"\">\n\
        ##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"\">\n";
    let table = format!(
        "#CHROM POS ID REF ALT QUAL FILTER INFO{samples}\n{}\n",
        records.join("\n")
    );
    fs::write(
        &path,
        format!("{header}{}", table.replace(' ', "\t").trim_end().to_owned() + "\n"),
    )
    .unwrap();
    path
}

#[test]
fn a_gvcf_has_the_variants_of_its_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let (calls, gvcf) = (folder.path().join("calls.vcf.gz"), folder.path().join("calls.g.vcf.gz"));
    let (reference, reads) = (sample().join("reference.fa"), sample().join("sample.bam"));
    call(&reference, &reads, &calls)
        .arg("--gvcf")
        .arg(&gvcf)
        .assert()
        .success();
    let [page, page_of_gvcf] = [&calls, &gvcf].map(|file| page_of(file, &[]));
    let records = common::records(&calls);
    let carried = records
        .iter()
        .filter(|record| !record.contains("\t0/0:") && !record.contains("\t./.:"));
    assert_eq!(cells(&page, "variants")[1], carried.count().to_string());
    let snps: u32 = cells(&page, "SNP")[1].parse().unwrap();
    assert!(snps > 50, "{snps}");
    for row in [
        "variants",
        "SNP",
        "insertion",
        "deletion",
        "multi-allelic",
        "Ti/Tv",
        "het/hom",
        "median depth",
        "chrA",
    ] {
        assert_eq!(cells(&page, row), cells(&page_of_gvcf, row), "{row}");
    }
    let blocks = common::records(&gvcf).len() - records.len();
    let note = |page: &str| {
        page.replace(',', "")
            .contains(&format!(">{blocks} records without an alternate allele"))
    };
    assert!(blocks > 0 && note(&page_of_gvcf) && !note(&page));
    assert!(page.contains("VAF by genotype <span>(from VAF)") && page.contains("Copies of X: unknown"));
    assert_eq!(page, page_of(&calls, &[]));
}

#[test]
fn a_page_needs_nothing_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_of(
        &vcf(folder.path(), " FORMAT s", &["1 9 . A G 5 PASS . GT:DP:AD 0/1:9:5,4"]),
        &[],
    );
    let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
    for word in ["<script", "http", "src=", "url(", "@import", "<link"] {
        assert!(!without_namespace.contains(word), "{word}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.matches("<svg").count() == 6 && page.ends_with("</body></html>\n"));
}

#[test]
fn pass_and_all_are_counted_apart() {
    let folder = tempfile::tempdir().unwrap();
    let records = [
        "1 9 . A G 5 PASS . GT:DP:AD 0/1:9:5,4",
        "1 19 . A T 5 low . GT:DP:AD 1/1:7:0,7",
        "2 9 . AC A 5 . . GT:DP:AD 1/1:8:0,8",
    ];
    let page = page_of(&vcf(folder.path(), " FORMAT s", &records), &[]);
    assert_eq!(cells(&page, "variants"), ["2", "3"]);
    assert_eq!(cells(&page, "Ti/Tv"), ["–", "1.00"]);
    assert_eq!(cells(&page, "het/hom"), ["1.00", "0.50"]);
    assert_eq!(cells(&page, "low"), ["1"]);
    assert_eq!(cells(&page, "1"), ["2", "1", "1", "0", "0", "–"]);
    assert!(page.contains("VAF by genotype, PASS") && page.contains("Such records count as PASS"));
    assert!(page.contains("<figcaption>Genotype quality</figcaption><p>No variant has this field.</p>"));
}

#[test]
fn a_vcf_without_genotypes_has_one_section() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_of(
        &vcf(folder.path(), "", &["1 9 . A G 5 PASS .", "2 9 . AC A 5 PASS ."]),
        &[],
    );
    assert!(page.contains("2 records, 0 samples") && page.contains(">All records</h2>"));
    assert_eq!(cells(&page, "variants"), ["2", "2"]);
    assert_eq!(cells(&page, "without GT"), ["2", "2"]);
    assert_eq!(cells(&page, "median depth"), ["–", "–"]);
    assert!(page.contains("No genotype has VAF"));
}

#[test]
fn ten_samples_have_sections_or_those_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let names: String = (1..=12).map(|n| format!(" s{n}")).collect();
    let record = format!("1 9 . A G 5 PASS . GT{}", " 0/1".repeat(11) + " 1/1");
    let calls = vcf(folder.path(), &format!(" FORMAT{names}"), &[&record]);
    let sections = |page: &str| page.matches("<h2 id=").count();
    let page = page_of(&calls, &[]);
    assert_eq!(sections(&page), 10);
    assert!(page.contains("2 samples of the file not shown"), "{page}");
    let page = page_of(&calls, &["--sample", "s12"]);
    assert_eq!((sections(&page), cells(&page, "homozygous")), (1, vec!["1", "1"]));
    assert!(page.contains("11 samples of the file not shown"));
    let page = page_of(&calls, &["--sample", "s12", "--sample", "s1"]);
    assert!(page.find("Sample s12").unwrap() < page.find("Sample s1<").unwrap());
    let output = folder.path().join("other.html");
    let error = error_of(&mut report(&calls, &output, &["--sample", "s13"]));
    assert!(error.contains("no sample 's13' (--sample); it has s1, s2"), "{error}");
    let error = error_of(&mut report(&calls, &output, &["--sample", "s1", "--sample", "s1"]));
    assert!(error.contains("--sample s1 is given twice"), "{error}");
}

#[test]
fn a_bcf_gives_the_page_of_its_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let records = [
        "1 9 . A G 5 PASS . GT:DP:AD 0/1:9:5,4",
        "2 9 . AC A,ACC 5 low . GT:DP:AD 1/2:8:0,4,4",
    ];
    let calls = vcf(folder.path(), " FORMAT s", &records);
    let path = folder.path().join("calls.bcf");
    let mut reader = bcf::Reader::from_path(&calls).unwrap();
    let header = bcf::Header::from_template(reader.header());
    let mut writer = bcf::Writer::from_path(&path, &header, false, bcf::Format::Bcf).unwrap();
    for record in reader.records() {
        writer.write(&record.unwrap()).unwrap();
    }
    drop(writer);
    let page = page_of(&calls, &[]);
    assert_eq!(page_of(&path, &[]), page.replace("calls.vcf", "calls.bcf"));
    assert_eq!(cells(&page, "multi-allelic"), ["0", "1"]);
}

#[test]
fn an_empty_vcf_has_a_page_without_charts() {
    let folder = tempfile::tempdir().unwrap();
    let page = page_of(&vcf(folder.path(), " FORMAT s", &[]), &[]);
    assert!(page.contains("0 records, 1 sample.") && page.contains("No variants, so there are no charts."));
    assert!(!page.contains("<svg"));
}

#[test]
fn names_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let records = [
        "<b>\u{1b}[2J 9 . A G 5 PASS;<i>\u{202e} . GT 0/1",
        "c&d 9 . A G 5 PASS . GT 1/1",
    ];
    let page = page_of(
        &vcf(folder.path(), " FORMAT <script>alert(1)</script>\u{7}", &records),
        &[],
    );
    for raw in ["<b>", "<i>", "<script", "\u{1b}", "\u{7}", "\u{202e}", "c&d"] {
        assert!(!page.contains(raw), "{raw:?}");
    }
    assert!(page.contains(r"&lt;script&gt;alert(1)&lt;/script&gt;\u{7}") && page.contains(r"&lt;b&gt;\u{1b}[2J"));
}

#[test]
fn bad_input_ends_in_one_line_and_leaves_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("page.html");
    let error = |records: &[&str]| error_of(&mut report(&vcf(folder.path(), " FORMAT s", records), &output, &[]));
    let unsorted = error(&["1 9 . A G 5 PASS . GT 0/1", "1 5 . A G 5 PASS . GT 0/1"]);
    assert!(unsorted.contains("not sorted: 1:5 comes after 1:9"), "{unsorted}");
    let wrong = error(&["1 9 . A G 5 PASS . GT:DP 0/1:many"]);
    assert!(
        wrong.contains("calls.vcf, line 10: FORMAT/DP 'many' is not a number"),
        "{wrong}"
    );
    let calls = vcf(folder.path(), " FORMAT s", &[]);
    let itself = error_of(&mut report(&calls, &calls, &[]));
    assert!(itself.contains("would replace the input"), "{itself}");
    let none = error_of(&mut report(&folder.path().join("none.vcf"), &output, &[]));
    assert!(none.contains("none.vcf") && none.contains("No such file"), "{none}");
    let reads = error_of(&mut report(&sample().join("sample.bam"), &output, &[]));
    assert!(reads.contains("sample.bam"), "{reads}");
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["calls.vcf"]);
}

#[test]
fn runs_are_set_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let (reference, reads) = (sample().join("reference.fa"), sample().join("sample.bam"));
    let calls = folder.path().join("new.vcf");
    call(&reference, &reads, &calls).assert().success();
    let earlier: Vec<PathBuf> = (0..5).map(|n| folder.path().join(format!("old{n}.vcf"))).collect();
    // In the earlier runs, the library has other systematic errors.
    let text = fs::read_to_string(&calls).unwrap();
    let line = text.lines().find(|line| line.starts_with("##dvcallLibrary=")).unwrap();
    let rate: f64 = line["##dvcallLibrary=".len()..]
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    for path in &earlier {
        fs::write(
            path,
            text.replace(
                line,
                "##dvcallLibrary=9.50 systematic errors in 10 kb (measured on 1.00 Mb)",
            ),
        )
        .unwrap();
    }
    let flags: Vec<&str> = earlier
        .iter()
        .flat_map(|path| ["--earlier", path.to_str().unwrap()])
        .collect();
    let page = page_of(&calls, &flags);
    assert_eq!(cells(&page, "old3.vcf")[0], "9.50");
    assert_eq!(cells(&page, "new.vcf")[0], format!("{rate:.2}"));
    assert_eq!(cells(&page, "old3.vcf")[1..], cells(&page, "new.vcf")[1..]);
    assert!(page.contains("new.vcf: systematic errors in 10 kb is"));
    assert!(!page.contains("new.vcf: Ti/Tv is"));
    assert!(!page_of(&calls, &[]).contains("<h2>Runs</h2>"));
}
