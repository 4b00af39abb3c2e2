//! VCF output: header and records.
//!
//! Format: VCF 4.2, <https://samtools.github.io/hts-specs/VCFv4.2.pdf>, because vcftools and some of Picard's tools
//! refuse later versions.

use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use rust_htslib::bgzf;
use serde::Serialize;

use super::bcf::BcfWriter;
use super::call::{Call, Filter};
use super::format::VariantFormat;
use super::genotype::{Genotype, Ploidy, genotypes};
use super::index::{index_bcf, index_variants};
use crate::genome::Contigs;
use crate::output::{OutputFile, ReadyFile, controls};

/// How genotypes of one copy are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PloidyStyle {
    /// As the VCF specification has it: `1`, with one PL for each allele
    #[default]
    Vcf,
    /// Like a homozygous genotype, for tools that need two alleles: `1/1`, with the greatest PL where alleles differ
    Diploid,
}

/// Information about the run for the header, and how its records are written.
pub struct VcfHeader<'a> {
    pub sample: &'a str,
    pub contigs: &'a Contigs,
    pub reference: &'a Path,
    /// Name and checksum of each model.
    pub models: Vec<String>,
    /// The measured rate of systematic errors of the library, in words.
    pub measured_library: String,
    /// Sex and contigs that are not diploid, in words.
    pub ploidy: String,
    pub ploidy_style: PloidyStyle,
    pub command_line: String,
}

/// Descriptions have no comma, because vcftools warns about commas.
const DEFINITIONS: &str = "\
##FILTER=<ID=PASS,Description=\"All filters passed\">
##FILTER=<ID=LowQual,Description=\"Variant whose QUAL is below the calling threshold\">
##FILTER=<ID=RefCall,Description=\"The most likely genotype is homozygous reference\">
##FILTER=<ID=NoCall,Description=\"No usable read\">
##INFO=<ID=DP,Number=1,Type=Integer,Description=\"Read depth\">
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"Phred-scaled probability that the called genotype is wrong\">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"Read depth\">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"Read depth of each allele\">
##FORMAT=<ID=VAF,Number=A,Type=Float,Description=\"Fraction of the reads that carry each alternate allele\">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description=\"Phred-scaled genotype likelihoods relative to the likeliest\">
##FORMAT=<ID=STAGE,Number=1,Type=String,Description=\"Stage that decided the genotype: cascade or network; overlap if overlapping calls were resolved together; forced if --alleles names an allele that is no candidate\">
";

/// The symbolic allele for any other allele (VCF 4.2, section 5.5).
pub(super) const UNSEEN_ALLELE: &str = "<*>";
/// Phred-scaled likelihood of a genotype with [`UNSEEN_ALLELE`], and of one that the ploidy excludes.
pub(super) const EXCLUDED_LIKELIHOOD: u32 = 990;

/// Whether a VCF can hold a contig with this name. The rule comes from VCF 4.3, section 1.4.7 (as in SAM, section
/// 1.2.1), because VCF 4.2 has none. In addition, the name must not begin with `#`, which would turn records into
/// comments.
pub fn can_name_contig(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_graphic() && !r#"\,"'`()[]{}<>"#.contains(c);
    !name.is_empty() && !name.starts_with(['*', '=', '#']) && name.chars().all(is_allowed)
}

impl VcfHeader<'_> {
    fn write(&self, out: &mut dyn Write, definitions: &str) -> std::io::Result<()> {
        let one_line = controls;
        writeln!(out, "##fileformat=VCFv4.2")?;
        writeln!(out, "##source=dvcall {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "##dvcallCommand={}", one_line(&self.command_line))?;
        for model in &self.models {
            writeln!(out, "##dvcallModel={}", one_line(model))?;
        }
        writeln!(out, "##dvcallLibrary={}", one_line(&self.measured_library))?;
        writeln!(out, "##dvcallPloidy={}", one_line(&self.ploidy))?;
        writeln!(out, "##reference={}", one_line(&self.reference.display().to_string()))?;
        out.write_all(DEFINITIONS.as_bytes())?;
        out.write_all(definitions.as_bytes())?;
        for contig in self.contigs.iter().filter(|contig| can_name_contig(&contig.name)) {
            writeln!(out, "##contig=<ID={},length={}>", contig.name, contig.length)?;
        }
        writeln!(
            out,
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}",
            self.sample
        )
    }
}

/// Destination of VCF lines.
enum Lines {
    Text(Box<dyn Write>),
    Bcf(BcfWriter),
}

impl Lines {
    fn text(mut out: impl Write + 'static, header: &[u8]) -> Result<Self> {
        out.write_all(header)?;
        Ok(Self::Text(Box::new(out)))
    }
}

/// Writer of a VCF or BCF, which gets its name only when it is put in place; or of a VCF on standard output.
pub struct VcfWriter {
    lines: Lines,
    /// None: standard output.
    file: Option<OutputFile>,
    format: VariantFormat,
    contigs: Contigs,
    pub(super) ploidy_style: PloidyStyle,
}

impl VcfWriter {
    /// Starts `target` in the format of its name. Files other than plain text get an index. Fails if the folder cannot
    /// be written.
    pub fn create(target: &Path, header: &VcfHeader) -> Result<Self> {
        Self::create_with(target, header, "")
    }

    /// Starts a VCF on standard output.
    pub fn on_standard_output(header: &VcfHeader) -> Result<Self> {
        let mut text = Vec::new();
        header.write(&mut text, "")?;
        Ok(Self {
            lines: Lines::text(BufWriter::new(stdout()), &text).context(STANDARD_OUTPUT_FAILED)?,
            file: None,
            format: VariantFormat::Vcf,
            contigs: header.contigs.clone(),
            ploidy_style: header.ploidy_style,
        })
    }

    /// Like [`create`](Self::create), with additional definitions in the header.
    pub(super) fn create_with(target: &Path, header: &VcfHeader, definitions: &str) -> Result<Self> {
        let format = VariantFormat::of_name(target);
        let file = OutputFile::with_index(target, format.indexes())?;
        let failed = || file.failed();
        let mut text = Vec::new();
        header.write(&mut text, definitions).with_context(failed)?;
        let lines = match format {
            VariantFormat::Bcf => BcfWriter::create(&file.path(), text).map(Lines::Bcf),
            VariantFormat::BgzippedVcf => {
                Lines::text(bgzf::Writer::from_path(file.path()).with_context(failed)?, &text)
            }
            VariantFormat::Vcf => Lines::text(BufWriter::new(file.open()?), &text),
        };
        Ok(Self {
            lines: lines.with_context(failed)?,
            file: Some(file),
            format,
            contigs: header.contigs.clone(),
            ploidy_style: header.ploidy_style,
        })
    }

    pub fn write(&mut self, contig: &str, call: &Call, filter: Filter) -> Result<()> {
        self.write_record(contig, call, filter, Unseen::Omitted)
    }

    pub(super) fn write_record(&mut self, contig: &str, call: &Call, filter: Filter, unseen: Unseen) -> Result<()> {
        self.write_line(&record(contig, call, filter, unseen, self.ploidy_style))
    }

    pub(super) fn write_line(&mut self, line: &str) -> Result<()> {
        let written = match &mut self.lines {
            Lines::Text(out) => out.write_all(line.as_bytes()).map_err(Into::into),
            Lines::Bcf(bcf) => bcf.write_line(line),
        };
        written.with_context(|| failed(self.file.as_ref()))
    }

    /// Closes and indexes the file, so that only its final name is missing. This way, several files can get their names
    /// together, when all are complete. None for standard output.
    pub fn close(self) -> Result<Option<ReadyFile>> {
        let file = self.file;
        let closed = match self.lines {
            Lines::Text(mut out) => out.flush().map_err(Into::into),
            Lines::Bcf(bcf) => bcf.close(),
        };
        closed.with_context(|| failed(file.as_ref()))?;
        let Some(file) = file else { return Ok(None) };
        let indexed = match self.format {
            VariantFormat::Vcf => Ok(()),
            VariantFormat::BgzippedVcf => index_variants(&file.path(), &self.contigs).map(drop),
            VariantFormat::Bcf => index_bcf(&file.path()).map(drop),
        };
        indexed.with_context(|| file.failed())?;
        Ok(Some(file.ready()))
    }
}

const STANDARD_OUTPUT_FAILED: &str = "cannot write to standard output";

fn failed(file: Option<&OutputFile>) -> String {
    file.map_or_else(|| STANDARD_OUTPUT_FAILED.to_owned(), OutputFile::failed)
}

/// Whether a record has [`UNSEEN_ALLELE`], as in a gVCF.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    Omitted,
    Named,
}

fn record(contig: &str, call: &Call, filter: Filter, unseen: Unseen, style: PloidyStyle) -> String {
    let text = |bases: &[u8]| String::from_utf8_lossy(bases).into_owned();
    let mut alternates: Vec<_> = call.alternates.iter().map(|a| text(a)).collect();
    let mut depths = call.allele_depths.clone();
    let (mut genotype, mut likelihoods) = (call.genotype, call.phred_likelihoods());
    if let (Genotype::Haploid(allele), PloidyStyle::Diploid) = (genotype, style) {
        genotype = Genotype::Diploid([allele; 2]);
        likelihoods = as_homozygous(&likelihoods);
    }
    if unseen == Unseen::Named {
        alternates.push(UNSEEN_ALLELE.to_owned());
        depths.push(0);
        // Genotypes with the added allele come after all others (VCF 4.2, section 1.4.2).
        let added = genotypes(genotype.ploidy(), alternates.len()).len();
        likelihoods.resize(added, EXCLUDED_LIKELIHOOD);
    }
    let fractions: Vec<_> = depths[1..].iter().map(|&d| trimmed_fraction(d, call.depth)).collect();
    let quality = match filter {
        Filter::NoCall => ".".to_owned(),
        _ => call.quality().to_string(),
    };
    let genotype = match (filter, genotype) {
        (Filter::NoCall, Genotype::Haploid(_)) => ".".to_owned(),
        (Filter::NoCall, Genotype::Diploid(_)) => "./.".to_owned(),
        _ => genotype.to_string(),
    };
    format!(
        "{contig}\t{}\t.\t{}\t{}\t{}\t{}\tDP={}\tGT:GQ:DP:AD:VAF:PL:STAGE\t{genotype}:{}:{}:{}:{}:{}:{}\n",
        call.position + 1,
        text(&call.reference),
        alternates.join(","),
        quality,
        filter.name(),
        call.depth,
        call.genotype_quality(),
        call.depth,
        join(&depths),
        fractions.join(","),
        join(&likelihoods),
        call.stage.name(),
    )
}

/// The likelihoods of diploid genotypes that say the same as those of each allele in one copy.
fn as_homozygous(likelihoods: &[u32]) -> Vec<u32> {
    let diploid = genotypes(Ploidy::Diploid, likelihoods.len() - 1);
    let likelihood = |genotype: &Genotype| match genotype.alleles() {
        [a, b] if a == b => likelihoods[*a],
        _ => EXCLUDED_LIKELIHOOD,
    };
    diploid.iter().map(likelihood).collect()
}

pub(super) fn join(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn trimmed_fraction(part: u32, whole: u32) -> String {
    let fraction = if whole == 0 {
        0.0
    } else {
        f64::from(part) / f64::from(whole)
    };
    let text = format!("{fraction:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use rust_htslib::bcf::Read as _;

    use super::*;
    use crate::genome::Contig;
    use crate::output::put_in_place;
    use crate::variants::DecidingStage;

    fn call() -> Call {
        Call {
            position: 99,
            reference: b"G".to_vec(),
            alternates: vec![b"GT".to_vec(), b"GTT".to_vec()],
            depth: 40,
            allele_depths: vec![4, 20, 16],
            probabilities: vec![0.001, 0.0, 0.0, 0.0, 0.999, 0.0],
            genotype: [1, 2].into(),
            stage: DecidingStage::Network,
        }
    }

    #[test]
    fn a_record_holds_all_alleles() {
        let record = |unseen| record("chr1", &call(), Filter::Pass, unseen, PloidyStyle::Vcf);
        let line = record(Unseen::Omitted);
        assert_eq!(
            line,
            "chr1\t100\t.\tG\tGT,GTT\t30\tPASS\tDP=40\tGT:GQ:DP:AD:VAF:PL:STAGE\t1/2:30:40:4,20,16:0.5,0.4:30,100,100,100,0,100:network\n"
        );
        let line = record(Unseen::Named);
        assert_eq!(
            line,
            "chr1\t100\t.\tG\tGT,GTT,<*>\t30\tPASS\tDP=40\tGT:GQ:DP:AD:VAF:PL:STAGE\t\
             1/2:30:40:4,20,16,0:0.5,0.4,0:30,100,100,100,0,100,990,990,990,990:network\n"
        );
    }

    #[test]
    fn one_copy_has_one_allele_unless_two_are_asked_for() {
        let haploid = Call {
            probabilities: vec![0.001, 0.0, 0.999],
            genotype: Genotype::Haploid(2),
            ..call()
        };
        let sample = |filter, unseen, style| {
            let line = record("X", &haploid, filter, unseen, style);
            line.trim_end().rsplit('\t').next().unwrap().replace(":network", "")
        };
        let (vcf, diploid) = (PloidyStyle::Vcf, PloidyStyle::Diploid);
        let values = |unseen, style| sample(Filter::Pass, unseen, style);
        assert_eq!(values(Unseen::Omitted, vcf), "2:30:40:4,20,16:0.5,0.4:30,100,0");
        assert_eq!(values(Unseen::Named, vcf), "2:30:40:4,20,16,0:0.5,0.4,0:30,100,0,990");
        let expected = "2/2:30:40:4,20,16:0.5,0.4:30,990,100,990,990,0";
        assert_eq!(values(Unseen::Omitted, diploid), expected);
        let expected = "2/2:30:40:4,20,16,0:0.5,0.4,0:30,990,100,990,990,0,990,990,990,990";
        assert_eq!(values(Unseen::Named, diploid), expected);
        assert!(sample(Filter::NoCall, Unseen::Omitted, vcf).starts_with(".:"));
        assert!(sample(Filter::NoCall, Unseen::Omitted, diploid).starts_with("./.:"));
    }

    #[test]
    fn contigs_have_valid_names() {
        for name in [
            "chr20",
            "HLA-A*01:01",
            "chrUn_KI270302v1",
            "gi|9626243",
            "a=b",
            "@x",
            ".",
            "a#",
            "NC_1.1;x%",
        ] {
            assert!(can_name_contig(name), "{name}");
        }
        let bad = [
            "", "a,b", "<a", "a>", "#a", "*", "*a", "=a", "a b", "a\tb", "a\"b", "a'b", "a\\b", "a[1]", "a(1)", "a{1}",
            "ä", "a\u{1b}",
        ];
        for name in bad {
            assert!(!can_name_contig(name), "{name}");
        }
    }

    #[test]
    fn the_file_appears_complete_with_its_index_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.vcf.gz");
        let contigs = Contigs::new(vec![Contig {
            name: "chr1".into(),
            length: 1000,
        }]);
        let header = VcfHeader {
            sample: "S",
            contigs: &contigs,
            reference: Path::new("ref.fa"),
            models: vec!["m sha256:00".into()],
            measured_library: "usual".into(),
            ploidy: "diploid".into(),
            ploidy_style: PloidyStyle::Vcf,
            command_line: "dvcall call".into(),
        };
        let mut writer = VcfWriter::create(&target, &header).unwrap();
        writer.write("chr1", &call(), Filter::Pass).unwrap();
        assert!(!target.exists());
        std::fs::write(folder.path().join("x.vcf.gz.csi"), "of an earlier file").unwrap();
        put_in_place(writer.close().unwrap().into_iter().collect()).unwrap();
        assert!(folder.path().join("x.vcf.gz.tbi").exists());
        let text = std::io::read_to_string(rust_htslib::bgzf::Reader::from_path(&target).unwrap()).unwrap();
        assert!(text.starts_with("##fileformat=VCFv4.2\n") && text.contains("##contig=<ID=chr1,length=1000>\n"));
        assert!(text.ends_with(&record(
            "chr1",
            &call(),
            Filter::Pass,
            Unseen::Omitted,
            PloidyStyle::Vcf
        )));
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");

        drop(VcfWriter::create(&folder.path().join("y.vcf"), &header).unwrap());
        drop(VcfWriter::create(&folder.path().join("y.bcf"), &header).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

        let target = folder.path().join("z.bcf");
        let mut writer = VcfWriter::create(&target, &header).unwrap();
        writer.write("chr1", &call(), Filter::Pass).unwrap();
        for bad in ["chr2\t5\t.\tA\tC\t9\tPASS\t.\tGT\t0/1\n", "chr1\t5\n"] {
            let error = format!("{:#}", writer.write_line(bad).unwrap_err());
            assert!(error.contains("z.bcf: htslib cannot make BCF of '"), "{error}");
        }
        put_in_place(writer.close().unwrap().into_iter().collect()).unwrap();
        assert!(folder.path().join("z.bcf.csi").exists());
        let mut reader = rust_htslib::bcf::Reader::from_path(&target).unwrap();
        let records: Vec<_> = reader.records().map(|r| r.unwrap().to_vcf_string().unwrap()).collect();
        assert_eq!(
            records,
            [record("chr1", &call(), Filter::Pass, Unseen::Omitted, PloidyStyle::Vcf)]
        );
    }
}
