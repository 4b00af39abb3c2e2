//! The gVCFs of a cohort, checked before work starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustc_hash::FxHashMap;

use super::window::{SampleWindow, UNSEEN};
use crate::formats::{TextPlace, VariantIndex};
use crate::genome::{Contigs, Reference, Sequence};
use crate::variants::VariantReader;

/// Records that are looked at to tell a gVCF from a VCF.
const RECORDS_OF_CHECK: usize = 1_000;

/// A gVCF of one sample, with its index.
pub struct Gvcf {
    path: PathBuf,
    pub sample: String,
    pub index: VariantIndex,
    /// Whether its likelihoods are a network's probabilities, which hold a prior: those of dvcall and DeepVariant do, those
    /// of GATK do not.
    pub holds_prior: bool,
}

impl Gvcf {
    pub fn open(path: &Path, reference: &Reference) -> Result<Self> {
        let name = path.display();
        ensure!(path.exists(), "gVCF {name}: no such file");
        let mut reader = VariantReader::open(path).with_context(|| format!("gVCF {name}"))?;
        let [sample] = reader.samples() else {
            bail!(
                "gVCF {name} has {} samples; dvcall joint needs one file for each sample",
                reader.samples().len()
            );
        };
        let sample = sample.clone();
        check_contigs(&reader, reference).with_context(|| format!("gVCF {name}"))?;
        ensure!(
            !reader.is_binary(),
            "gVCF {name} is BCF; make a bgzipped VCF of it with: bcftools view -O z -o NAME.g.vcf.gz {name}"
        );
        let Some(index) = VariantIndex::find(path) else {
            bail!("gVCF {name} has no index; make it with: tabix -p vcf {name} (compress the file with bgzip before)");
        };
        let mut unseen = None;
        for _ in 0..RECORDS_OF_CHECK {
            if unseen.is_some() || !reader.advance()? {
                break;
            }
            let alternates = reader.record()?.alternates;
            unseen = UNSEEN
                .iter()
                .position(|unseen| alternates.split(',').any(|alternate| alternate == *unseen));
        }
        ensure!(
            unseen.is_some() || reader.contig().is_empty(),
            "{name} is no gVCF: its records have neither <*> nor <NON_REF>; make one with: dvcall call --gvcf"
        );
        Ok(Self {
            path: path.to_owned(),
            sample,
            index: VariantIndex::read(&index)?,
            holds_prior: unseen == Some(0),
        })
    }

    /// The records that overlap the 0-based `start..end`. `sequence` holds the reference around it.
    pub fn read(&self, contig: &str, start: u64, end: u64, sequence: &Sequence) -> Result<SampleWindow> {
        let mut window = SampleWindow::default();
        let Some(offset) = self.index.offset(contig, start) else {
            return Ok(window);
        };
        let mut reader = VariantReader::open_at(&self.path, TextPlace::at(offset))?;
        let mut is_first = true;
        while reader.advance()? {
            if reader.contig() != contig {
                ensure!(
                    !is_first,
                    "the index of gVCF {0} does not fit it; make it again with: tabix -f -p vcf {0}",
                    self.path.display()
                );
                break;
            }
            is_first = false;
            let position = reader.position();
            if position >= end {
                break;
            }
            let record = reader.record()?;
            if record.end(position) > start {
                let place = || format!("gVCF {}", reader.place());
                window.add(position, &record, sequence).with_context(place)?;
            }
        }
        Ok(window)
    }
}

/// Fails if the header has a contig of another length than the reference, or none of the reference.
fn check_contigs(reader: &VariantReader, reference: &Reference) -> Result<()> {
    let contigs: &Contigs = reference.contigs();
    let (mut known, mut first_unknown) = (0, None);
    for (name, length) in reader.contig_lengths() {
        let Some(contig) = contigs.get(name) else {
            first_unknown = first_unknown.or(Some(name));
            continue;
        };
        known += 1;
        if let Some(length) = length.filter(|&length| length != contig.length) {
            bail!(
                "contig {name} has {length} bases, but {} in --ref {}; was the sample called with another reference?",
                contig.length,
                reference.path().display()
            );
        }
    }
    match first_unknown.filter(|_| known == 0) {
        None => Ok(()),
        Some(name) => bail!(
            "--ref {} has no contig {name}; it has {}; was the sample called with another reference?",
            reference.path().display(),
            contigs.preview()
        ),
    }
}

/// Opens the gVCFs of a cohort. Fails if two have the same sample.
pub fn open_all(paths: &[PathBuf], reference: &Reference) -> Result<Vec<Gvcf>> {
    let mut first: FxHashMap<String, usize> = FxHashMap::default();
    let mut gvcfs: Vec<Gvcf> = Vec::with_capacity(paths.len());
    for path in paths {
        let gvcf = Gvcf::open(path, reference)?;
        if let Some(earlier) = first.insert(gvcf.sample.clone(), gvcfs.len()) {
            bail!(
                "sample '{}' is in both {} and {}; leave one out, or rename it with: bcftools reheader -s",
                gvcf.sample,
                gvcfs[earlier].path.display(),
                path.display()
            );
        }
        gvcfs.push(gvcf);
    }
    Ok(gvcfs)
}
