//! The reference genome: an indexed FASTA, read by stretches.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rust_htslib::faidx;

use super::Contigs;
use super::fasta_index::read_contigs;

/// An indexed FASTA file, plain or bgzipped. Cheap to share; each thread opens its own [`ReferenceReader`].
#[derive(Clone, Debug)]
pub struct Reference {
    path: PathBuf,
    contigs: Contigs,
}

impl Reference {
    /// Reads the index. Fails if the FASTA or its index (`.fai`, and `.gzi` for a bgzipped FASTA) is missing, or if the
    /// index is of another file.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.is_file() {
            bail!("reference {}: no such file", path.display());
        }
        Ok(Self {
            path: path.to_owned(),
            contigs: read_contigs(path)?,
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
