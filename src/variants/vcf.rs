//! VCF output: header and records.
//!
//! Format: VCF 4.2, <https://samtools.github.io/hts-specs/VCFv4.2.pdf>, because vcftools and some of Picard's tools
//! refuse later versions.

use std::fmt::Write;
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use super::call::{Call, Filter};
use super::genotype::{Genotype, Ploidy, genotypes};
use super::label::Label;
use crate::gates::Gates;
use crate::genome::Contigs;
use crate::output::controls;

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

/// Information about the run for the header.
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
    pub command_line: String,
    /// The gates whose FILTERs and tiers records may have.
    pub gates: Option<&'a Gates>,
    /// Whether calls have tiers without gates, too.
    pub tiers: bool,
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

/// The definition of TIER, for files that have tiers.
const TIER: &str = "##FORMAT=<ID=TIER,Number=1,Type=Integer,Description=\"1: report; 2: confirm before reporting; 3: review by a person; missing: nothing gave a tier or the call is not reported\">
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
    /// The text of the header, with additional definitions.
    pub(super) fn text(&self, definitions: &str) -> String {
        let mut text = "##fileformat=VCFv4.2\n".to_owned();
        // A string takes all that is written.
        let mut line = |key: &str, value: &str| _ = writeln!(text, "##{key}={}", controls(value));
        line("source", concat!("dvcall ", env!("CARGO_PKG_VERSION")));
        line("dvcallCommand", &self.command_line);
        self.models.iter().for_each(|model| line("dvcallModel", model));
        line("dvcallLibrary", &self.measured_library);
        line("dvcallPloidy", &self.ploidy);
        line("reference", &self.reference.display().to_string());
        text += DEFINITIONS;
        text += definitions;
        for (name, demand) in self.gates.into_iter().flat_map(Gates::filters) {
            _ = writeln!(
                text,
                "##FILTER=<ID={name},Description=\"Variant that does not reach {demand}\">"
            );
        }
        if self.tiers || self.gates.is_some_and(Gates::give_tiers) {
            text += TIER;
        }
        for contig in self.contigs.iter().filter(|contig| can_name_contig(&contig.name)) {
            _ = writeln!(text, "##contig=<ID={},length={}>", contig.name, contig.length);
        }
        text + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + self.sample + "\n"
    }
}

/// Whether a record has [`UNSEEN_ALLELE`], as in a gVCF.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    Omitted,
    Named,
}

/// The line of a call.
pub(super) fn record(contig: &str, call: &Call, label: &Label, unseen: Unseen, style: PloidyStyle) -> String {
    let filter = label.filter;
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
    let tier = label
        .tier
        .map(|tier| tier.map_or_else(|| ":.".to_owned(), |tier| format!(":{tier}")));
    format!(
        "{contig}\t{}\t.\t{}\t{}\t{}\t{}\tDP={}\tGT:GQ:DP:AD:VAF:PL:STAGE{}\t{genotype}:{}:{}:{}:{}:{}:{}{}\n",
        call.position + 1,
        text(&call.reference),
        alternates.join(","),
        quality,
        label.filter_text(),
        call.depth,
        if tier.is_some() { ":TIER" } else { "" },
        call.genotype_quality(),
        call.depth,
        join(&depths),
        fractions.join(","),
        join(&likelihoods),
        call.stage.name(),
        tier.unwrap_or_default(),
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
    use super::*;
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
            tier: None,
        }
    }

    #[test]
    fn a_record_holds_all_alleles() {
        let record = |unseen| record("chr1", &call(), &Filter::Pass.into(), unseen, PloidyStyle::Vcf);
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
    fn a_gate_adds_its_filter_and_the_tier() {
        let label = Label {
            filter: Filter::Pass,
            gates: vec!["A", "B"],
            tier: Some(Some(3)),
        };
        let line = record("c", &call(), &label, Unseen::Omitted, PloidyStyle::Vcf);
        assert!(
            line.contains("\tA;B\tDP=40\tGT:GQ:DP:AD:VAF:PL:STAGE:TIER\t1/2:30:"),
            "{line}"
        );
        assert!(line.ends_with(":network:3\n"), "{line}");
    }

    #[test]
    fn one_copy_has_one_allele_unless_two_are_asked_for() {
        let haploid = Call {
            probabilities: vec![0.001, 0.0, 0.999],
            genotype: Genotype::Haploid(2),
            ..call()
        };
        let sample = |filter: Filter, unseen, style| {
            let line = record("X", &haploid, &filter.into(), unseen, style);
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
}
