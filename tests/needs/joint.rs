//! The test cases of GLnexus: sites and genotypes are equal, but for the differences that docs/cohorts.md explains.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dvcall::genome::{Reference, RegionChoice};
use dvcall::joint::{Cohort, JointOptions, UnifyOptions};
use rust_htslib::{bcf, bgzf};
use serde_yaml_ng::Value;

use super::data;

/// A record of a gVCF: its columns.
type Columns = Vec<String>;

/// A case, moved to the start of its contig.
struct Case {
    /// Header lines before `#CHROM`, without contigs.
    definitions: Vec<String>,
    samples: BTreeMap<String, Vec<Columns>>,
    options: UnifyOptions,
    expected: Vec<String>,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Bases by which all positions of a case are moved.
fn shift(records: &[Columns]) -> u64 {
    let first = records.iter().map(|columns| columns[1].parse::<u64>().unwrap()).min();
    first.unwrap().saturating_sub(1_000) / 1_000 * 1_000
}

fn number(config: &Value, key: &str) -> u32 {
    config.get(key).map_or(0, |value| text(value).parse().unwrap())
}

impl Case {
    fn read(path: &Path) -> Option<Self> {
        let yaml: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let truth = yaml.get("truth_output_vcf")?;
        let none = Value::Mapping(Default::default());
        let config = yaml.get("unifier_config").unwrap_or(&none);
        let is = |key: &str, value: &str| config.get(key).and_then(Value::as_str) == Some(value);
        let most = number(config, "max_alleles_per_site") as usize;
        let options = UnifyOptions {
            min_quality_of_one: number(config, "min_AQ1"),
            min_quality_of_two: number(config, "min_AQ2"),
            min_genotype_quality: number(config, "min_GQ"),
            min_copies: number(config, "min_allele_copy_number").max(1),
            max_alleles: if most > 0 { most } else { 1_000 },
            prefer_small: is("preference", "small"),
            keep_lost_alleles: config
                .get("monoallelic_sites_for_lost_alleles")
                .is_some_and(|v| *v == Value::Bool(true)),
        };
        let input = &yaml["input"];
        let header = text(&input["header"]);
        let definitions = header
            .lines()
            .map(str::trim_start)
            .filter(|l| l.starts_with("##") && !l.starts_with("##contig"));
        let mut samples: BTreeMap<String, Vec<Columns>> = BTreeMap::new();
        for file in input["body"].as_sequence().unwrap() {
            let (_, body) = file.as_mapping().unwrap().iter().next().unwrap();
            let body = text(body);
            let mut lines = body
                .lines()
                .map(|line| line.trim_end().split('\t').map(str::to_owned).collect::<Columns>());
            let names = lines.next().unwrap();
            for columns in lines.filter(|columns| columns.len() > 9) {
                for (rank, name) in names.iter().enumerate() {
                    let own = columns[..9].iter().chain([&columns[9 + rank]]).cloned().collect();
                    samples.entry(name.clone()).or_default().push(own);
                }
            }
        }
        let all: Vec<Columns> = samples.values().flatten().cloned().collect();
        let shift = shift(&all);
        for columns in samples.values_mut().flatten() {
            move_record(columns, shift);
        }
        let (_, truth) = truth[0].as_mapping().unwrap().iter().next().unwrap();
        let truth = text(truth);
        let names: Vec<&str> = truth
            .lines()
            .find(|line| line.starts_with("#CHROM"))
            .unwrap()
            .split('\t')
            .skip(9)
            .collect();
        let mut expected = Vec::new();
        for line in truth.lines().filter(|line| !line.starts_with('#')) {
            let mut columns: Columns = line.trim_end().split('\t').map(str::to_owned).collect();
            move_record(&mut columns, shift);
            expected.extend(described(&columns, &names));
        }
        expected.sort();
        Some(Self {
            definitions: definitions.map(str::to_owned).collect(),
            samples,
            options,
            expected,
        })
    }

    /// What dvcall makes of the case.
    fn joined(&self) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let reference = self.write_reference(folder.path());
        let gvcfs: Vec<PathBuf> = self
            .samples
            .keys()
            .map(|sample| self.write_gvcf(folder.path(), sample))
            .collect();
        let options = JointOptions {
            unify: self.options,
            min_site_quality: 0.0,
            min_genotype_quality: 0,
            de_novo_rate: 1e-6,
            threads: 1,
        };
        let reference = Reference::open(&reference).unwrap();
        let failed = |error: anyhow::Error| format!("{error:#}");
        let cohort = Cohort::open(reference, &gvcfs, &RegionChoice::default(), options).map_err(failed)?;
        let prior = cohort.measure().map_err(failed)?;
        let (names, mut found) = (cohort.samples(), Vec::new());
        let run = cohort.run(&prior, 0, |piece| {
            for line in &piece.lines {
                found.extend(described(
                    &line.trim_end().split('\t').map(str::to_owned).collect(),
                    &names,
                ));
            }
            Ok(())
        });
        run.map_err(failed)?;
        found.sort();
        Ok(found)
    }

    /// The bases of the contigs, from REF of the variants; N elsewhere.
    fn contigs(&self) -> BTreeMap<String, Vec<u8>> {
        let mut contigs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for columns in self.samples.values().flatten() {
            let (start, bases) = (columns[1].parse::<usize>().unwrap() - 1, columns[3].as_bytes());
            let contig = contigs.entry(columns[0].clone()).or_default();
            contig.resize(contig.len().max(start + bases.len() + 12_000), b'N');
            if !is_block(columns) {
                contig[start..start + bases.len()].copy_from_slice(bases);
            }
        }
        contigs
    }

    fn write_reference(&self, folder: &Path) -> PathBuf {
        let (mut fasta, mut index) = (Vec::new(), String::new());
        for (name, bases) in self.contigs() {
            fasta.extend(format!(">{name}\n").bytes());
            writeln!(
                index,
                "{name}\t{0}\t{1}\t{0}\t{2}",
                bases.len(),
                fasta.len(),
                bases.len() + 1
            )
            .unwrap();
            fasta.extend(bases);
            fasta.push(b'\n');
        }
        let path = folder.join("r.fa");
        std::fs::write(&path, fasta).unwrap();
        std::fs::write(folder.join("r.fa.fai"), index).unwrap();
        path
    }

    fn write_gvcf(&self, folder: &Path, sample: &str) -> PathBuf {
        let path = folder.join(format!("{sample}.g.vcf.gz"));
        let mut out = bgzf::Writer::from_path(&path).unwrap();
        for line in &self.definitions {
            writeln!(out, "{line}").unwrap();
        }
        for (name, bases) in self.contigs() {
            writeln!(out, "##contig=<ID={name},length={}>", bases.len()).unwrap();
        }
        writeln!(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}").unwrap();
        let last = |contig: &str| self.contigs()[contig].len() as u64;
        for columns in &self.samples[sample] {
            let mut columns = columns.clone();
            if is_block(&columns) {
                // GLnexus does not compare REF of blocks, and the cases contradict themselves there.
                columns[3] = "N".to_owned();
            }
            if let Some(end) = columns[7].strip_prefix("END=") {
                columns[7] = format!("END={}", end.parse::<u64>().unwrap().min(last(&columns[0])));
            }
            writeln!(out, "{}", columns.join("\t")).unwrap();
        }
        drop(out);
        bcf::index::build(path.as_path(), None::<&Path>, 0, bcf::index::Type::Tbx).unwrap();
        path
    }
}

fn is_block(columns: &Columns) -> bool {
    matches!(columns[4].as_str(), "<*>" | "<NON_REF>")
}

fn move_record(columns: &mut Columns, shift: u64) {
    let moved = |text: &str| (text.parse::<u64>().unwrap() - shift).to_string();
    columns[1] = moved(&columns[1]);
    let info = columns[7].split(';').map(|field| match field.strip_prefix("END=") {
        Some(end) => format!("END={}", moved(end)),
        None => field.to_owned(),
    });
    columns[7] = info.collect::<Vec<_>>().join(";");
}

/// A line for the site, and one for each sample with its genotype. The names of alleles are spelled out, because the order
/// of alleles of equal frequency means nothing.
fn described(columns: &Columns, samples: &[&str]) -> Vec<String> {
    let [contig, position, _, reference, alternates] = [0, 1, 2, 3, 4].map(|rank| columns[rank].as_str());
    let mut sorted: Vec<&str> = alternates.split(',').collect();
    sorted.sort_unstable();
    let is_monoallelic = if columns[6].contains("MONOALLELIC") {
        " monoallelic"
    } else {
        ""
    };
    let site = format!("{contig}:{position} {reference}>{}{is_monoallelic}", sorted.join(","));
    let alleles: Vec<&str> = std::iter::once(reference).chain(alternates.split(',')).collect();
    let keys: Vec<&str> = columns[8].split(':').collect();
    let mut lines = vec![site.clone()];
    for (sample, values) in samples.iter().zip(&columns[9..]) {
        let value = |key: &str| {
            let rank = keys.iter().position(|own| *own == key);
            values.split(':').nth(rank.unwrap()).unwrap()
        };
        let mut genotype: Vec<&str> = value("GT")
            .split(['/', '|'])
            .map(|allele| match allele.parse::<usize>() {
                Ok(allele) => alleles[allele],
                Err(_) => ".",
            })
            .collect();
        genotype.sort_unstable();
        lines.push(format!("{site} {sample} {} {}", genotype.join("/"), value("RNC")));
    }
    lines
}

pub fn cases_of_glnexus_are_joined_as_by_glnexus() {
    let folder = data().join("joint/glnexus_cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    let (mut report, mut compared, mut equal) = (String::new(), 0, 0);
    for path in &cases {
        let Some(case) = Case::read(path) else { continue };
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        match case.joined() {
            // Without the path of the file.
            Err(error) => writeln!(report, "{name}: {}", error.rsplit_once(".gz, ").unwrap().1).unwrap(),
            Ok(found) => {
                compared += case.expected.len();
                equal += case.expected.iter().filter(|line| found.contains(line)).count();
                for line in case.expected.iter().filter(|line| !found.contains(line)) {
                    writeln!(report, "{name} - {line}").unwrap();
                }
                for line in found.iter().filter(|line| !case.expected.contains(line)) {
                    writeln!(report, "{name} + {line}").unwrap();
                }
            }
        }
    }
    println!("{equal} of {compared} lines are equal");
    let listed: Vec<&str> = include_str!("glnexus_differences.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(report.lines().collect::<Vec<_>>(), listed, "{report}");
}
