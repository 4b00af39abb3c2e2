//! The state of a validation: what was called from what, and which errors were made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::examples::hex;
use crate::output::write_file;
use crate::variants::VariantReader;

const FORMAT: u32 = 1;

/// The outcome of one validation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct State {
    pub format: u32,
    /// Name of the plan.
    pub name: String,
    pub date: String,
    pub dvcall: String,
    pub runs: Vec<RunState>,
}

/// The outcome of one run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunState {
    pub name: String,
    /// The commands that make the calls and the scores again.
    pub commands: Vec<String>,
    pub inputs: Inputs,
    /// SHA-256 of the records without the header.
    pub records: String,
    pub repeats: Vec<Repeat>,
    pub scores: Vec<TypeScore>,
    /// Calls that pass, by tier; empty if the calls have no tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierScore>,
    pub quality: Quality,
    /// Every error: its type, kind and place.
    pub errors: BTreeSet<String>,
}

/// Checksums of what a run was made from, by kind: reference, reads, truth, confident regions, model.
pub type Inputs = BTreeMap<String, String>;

/// Whether calling again with other threads gave the same records.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Repeat {
    pub threads: u16,
    pub same: bool,
}

/// Counts of one variant type, of calls that pass.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TypeScore {
    #[serde(rename = "type")]
    pub variant_type: String,
    pub truth: u64,
    /// Truth that was found, truth that was missed, and false calls.
    pub found: u64,
    pub missed: u64,
    pub wrong: u64,
}

impl TypeScore {
    pub fn f1(&self) -> Option<f64> {
        let all = 2 * self.found + self.missed + self.wrong;
        (all > 0).then(|| 2.0 * self.found as f64 / all as f64)
    }
}

/// Calls of one tier and type that pass, as in the table of `dvcall evaluate`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TierScore {
    /// 1, 2, 3 or none.
    #[serde(alias = "Tier")]
    pub tier: String,
    #[serde(rename = "type", alias = "Type")]
    pub variant_type: String,
    #[serde(alias = "TP")]
    pub right: u64,
    #[serde(alias = "FP")]
    pub wrong: u64,
}

impl TierScore {
    /// Reads the table of an evaluation. Empty if the calls have no tiers.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        if !path.exists() {
            return Ok(Vec::new());
        }
        let failed = || format!("cannot read {}", path.display());
        let mut table = csv::Reader::from_path(path).with_context(failed)?;
        table.deserialize().collect::<Result<_, _>>().with_context(failed)
    }
}

/// Figures that show drifts between runs; None where they are not known.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Quality {
    pub depth: Option<f64>,
    pub ti_tv: Option<f64>,
    pub het_hom: Option<f64>,
    /// Systematic errors of the library in 10 kb.
    pub library_errors: Option<f64>,
    /// Median GQ of the variants that pass.
    pub median_gq: Option<f64>,
    /// GQ that nine tenths of them reach.
    pub low_gq: Option<f64>,
}

impl State {
    pub fn new(name: &str, date: String, runs: Vec<RunState>) -> Self {
        Self {
            format: FORMAT,
            name: name.to_owned(),
            date,
            dvcall: env!("CARGO_PKG_VERSION").to_owned(),
            runs,
        }
    }

    /// Reads a state. None if there is no file.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let failed = || {
            format!(
                "cannot read the state {}; validate again, and accept the new state",
                path.display()
            )
        };
        let text = std::fs::read(path).with_context(failed)?;
        let state: Self = serde_json::from_slice(&text).with_context(failed)?;
        ensure!(
            state.format == FORMAT,
            "{} has format {}, not {FORMAT}",
            path.display(),
            state.format
        );
        Ok(Some(state))
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        write_file(path, &text)
    }

    /// The state as it is accepted: commands hold paths of one machine, and are not compared.
    pub fn without_commands(mut self) -> Self {
        self.runs.iter_mut().for_each(|run| run.commands.clear());
        self
    }

    pub fn run(&self, name: &str) -> Option<&RunState> {
        self.runs.iter().find(|run| run.name == name)
    }
}

/// SHA-256 of a file.
pub fn sha256_of(path: &Path) -> Result<String> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = std::fs::File::open(path).with_context(failed)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).with_context(failed)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// SHA-256 of the records of a VCF or BCF, without its header.
pub fn records_digest(path: &Path) -> Result<String> {
    let (mut reader, mut digest) = (VariantReader::open(path)?, Sha256::new());
    while reader.advance()? {
        digest.update(reader.line().trim_end());
        digest.update(b"\n");
    }
    Ok(hex(&digest.finalize()))
}

/// The errors in the annotated VCF of `dvcall evaluate`, as the table of PASS calls counts them.
pub fn errors_of(annotated: &Path) -> Result<BTreeSet<String>> {
    let (mut reader, mut errors) = (VariantReader::open(annotated)?, BTreeSet::new());
    while reader.advance()? {
        let record = Fields::new(reader.line());
        let passes = matches!(record.filter(), "PASS" | ".");
        let of_type = |side: usize| record.sample(side, "BVT").filter(|t| matches!(*t, "SNP" | "INDEL"));
        let decisions = [0, 1].map(|side| record.sample(side, "BD"));
        // Truth that only a filtered call shows is missed, too.
        let is_missed = decisions[0] == Some("FN") || decisions[0] == Some("TP") && !passes;
        if let Some(variant_type) = of_type(0).filter(|_| is_missed) {
            errors.insert(format!("{variant_type} missed {}", record.place()));
        }
        if let Some(variant_type) = of_type(1).filter(|_| decisions[1] == Some("FP") && passes) {
            errors.insert(format!("{variant_type} false {}", record.place()));
        }
    }
    Ok(errors)
}

/// The fields of a line of a VCF.
struct Fields<'a>(Vec<&'a str>);

impl<'a> Fields<'a> {
    fn new(line: &'a str) -> Self {
        Self(line.trim_end().split('\t').collect())
    }

    fn field(&self, index: usize) -> &'a str {
        self.0.get(index).copied().unwrap_or(".")
    }

    fn filter(&self) -> &'a str {
        self.field(6)
    }

    fn place(&self) -> String {
        format!(
            "{}:{} {}>{}",
            self.field(0),
            self.field(1),
            self.field(3),
            self.field(4)
        )
    }

    /// A FORMAT value of a sample.
    fn sample(&self, index: usize, key: &str) -> Option<&'a str> {
        let at = self.field(8).split(':').position(|k| k == key)?;
        self.0.get(9 + index)?.split(':').nth(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "##fileformat=VCFv4.2\n##contig=<ID=1,length=1000>\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTRUTH\tQUERY\n";

    #[test]
    fn errors_are_those_of_calls_that_pass() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vcf");
        let line = |position: u32, filter: &str, truth: &str, query: &str| {
            format!("1\t{position}\t.\tA\tG\t.\t{filter}\t.\tGT:BD:BVT\t{truth}\t{query}\n")
        };
        let text = [
            HEADER.to_owned(),
            line(5, ".", "0/1:TP:SNP", "0/1:TP:SNP"),
            line(6, ".", "0/1:FN:SNP", ".:.:NOCALL"),
            line(7, "PASS", ".:.:NOCALL", "0/1:FP:INDEL"),
            line(8, "LowQual", ".:.:NOCALL", "0/1:FP:SNP"),
            line(9, "PASS", "0/1:FN:SNP", "1/1:FP:SNP"),
            line(10, "LowQual", "0/1:TP:SNP", "0/1:TP:SNP"),
        ];
        std::fs::write(&path, text.concat()).unwrap();
        let errors: Vec<String> = errors_of(&path).unwrap().into_iter().collect();
        assert_eq!(
            errors,
            [
                "INDEL false 1:7 A>G",
                "SNP false 1:9 A>G",
                "SNP missed 1:10 A>G",
                "SNP missed 1:6 A>G",
                "SNP missed 1:9 A>G"
            ]
        );
    }

    #[test]
    fn the_digest_is_of_the_records_alone() {
        let folder = tempfile::tempdir().unwrap();
        let written = |name: &str, note: &str, gq: u32| {
            let path = folder.path().join(name);
            let header = HEADER
                .replace("\tQUERY", "")
                .replace("##contig", &format!("{note}##contig"));
            std::fs::write(&path, format!("{header}1\t5\t.\tA\tG\t9\tPASS\t.\tGT:GQ\t0/1:{gq}\n")).unwrap();
            records_digest(&path).unwrap()
        };
        let one = written("a.vcf", "", 30);
        assert_eq!(one, written("b.vcf", "##note=x\n", 30));
        assert_ne!(one, written("c.vcf", "", 31));
    }

    #[test]
    fn tiers_are_read_from_the_table_and_from_a_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        assert_eq!(TierScore::read(&path).unwrap(), []);
        std::fs::write(
            &path,
            "Tier,Type,TP,FP,UNK,Precision\n1,SNP,90,1,3,0.989\nnone,INDEL,0,2,0,\n",
        )
        .unwrap();
        let tiers = TierScore::read(&path).unwrap();
        let said: Vec<_> = tiers
            .iter()
            .map(|t| (t.tier.as_str(), t.variant_type.as_str(), t.right, t.wrong))
            .collect();
        assert_eq!(said, [("1", "SNP", 90, 1), ("none", "INDEL", 0, 2)]);
        let text = serde_json::to_string(&tiers).unwrap();
        assert_eq!(serde_json::from_str::<Vec<TierScore>>(&text).unwrap(), tiers);
    }

    #[test]
    fn a_state_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json");
        assert_eq!(State::read(&path).unwrap(), None);
        let state = State::new("x", "2026-01-01T00:00:00Z".into(), Vec::new());
        state.write(&path).unwrap();
        assert_eq!(State::read(&path).unwrap(), Some(state));
        std::fs::write(&path, "{").unwrap();
        assert!(State::read(&path).is_err());
    }
}
