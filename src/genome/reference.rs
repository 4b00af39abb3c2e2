//! The reference genome: an indexed FASTA, read by stretches.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rust_htslib::faidx;

use super::{Contig, Contigs};

/// An indexed FASTA file, plain or bgzipped. Cheap to share; each thread opens its own [`ReferenceReader`].
#[derive(Clone, Debug)]
pub struct Reference {
    path: PathBuf,
    contigs: Contigs,
}

impl Reference {
    /// Reads the index. Fails if the FASTA or its index (`.fai`, and `.gzi` for a bgzipped FASTA) is missing.
    pub fn open(path: &Path) -> Result<Self> {
        let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
        if !path.is_file() {
            bail!("reference {}: no such file", path.display());
        }
        let fai = beside(".fai");
        if !fai.is_file() {
            bail!(
                "reference {0} has no index; make it with: samtools faidx {0}",
                path.display()
            );
        }
        let gzipped = path.extension().is_some_and(|e| e == "gz");
        if gzipped && !beside(".gzi").is_file() {
            bail!(
                "reference {0} has no .gzi index; make it with: samtools faidx {0}",
                path.display()
            );
        }
        let text = std::fs::read_to_string(&fai).with_context(|| format!("cannot read {}", fai.display()))?;
        let contigs: Contigs = text
            .lines()
            .map(|line| {
                let mut fields = line.split('\t');
                let name = fields.next().unwrap_or_default().to_owned();
                let length = fields.next().and_then(|l| l.parse().ok());
                length
                    .map(|length| Contig { name, length })
                    .with_context(|| format!("damaged index {}: line '{line}'", fai.display()))
            })
            .collect::<Result<_>>()?;
        if contigs.is_empty() {
            bail!(
                "reference index {} is empty; make it again with: samtools faidx {}",
                fai.display(),
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            contigs,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn contigs(&self) -> &Contigs {
        &self.contigs
    }

    /// Opens a reader for one thread.
    pub fn reader(&self) -> Result<ReferenceReader> {
        let reader = faidx::Reader::from_path(&self.path)
            .with_context(|| format!("cannot open reference {}", self.path.display()))?;
        Ok(ReferenceReader {
            reader,
            path: self.path.clone(),
            contigs: self.contigs.clone(),
        })
    }
}

/// Reads sequence; one for each thread.
pub struct ReferenceReader {
    reader: faidx::Reader,
    path: PathBuf,
    contigs: Contigs,
}

impl ReferenceReader {
    /// The bases of `start..end` (0-based half-open) in upper case; whatever is not A, C, G or T is N.
    /// Fails beyond the contig's end rather than giving fewer bases.
    pub fn fetch(&self, contig: &str, start: u64, end: u64) -> Result<Vec<u8>> {
        let length = self.contigs.get(contig).map(|c| c.length);
        if length.is_none_or(|length| end > length) {
            bail!("reference {} has no {contig}:{}-{end}", self.path.display(), start + 1);
        }
        if start >= end {
            return Ok(Vec::new());
        }
        let failed = || {
            format!(
                "cannot read {contig}:{}-{end} from reference {}",
                start + 1,
                self.path.display()
            )
        };
        let mut bases = self
            .reader
            .fetch_seq(contig, start as usize, end as usize - 1)
            .with_context(failed)?;
        if bases.len() as u64 != end - start {
            bail!(
                "{}: the file is shorter than its index says; make the index again with samtools faidx",
                failed()
            );
        }
        for base in &mut bases {
            *base = match base.to_ascii_uppercase() {
                known @ (b'A' | b'C' | b'G' | b'T') => known,
                _ => b'N',
            };
        }
        Ok(bases)
    }
}
