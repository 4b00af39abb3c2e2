//! The index of a bgzipped VCF (`.tbi` or `.csi`), and whether it is of this file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rust_htslib::{bcf, bgzf};

use super::bgzf::BgzfFile;
use super::contigs::Contigs;
use super::damage::check_whole;

/// Longest contig that a tabix index can address, in bases; longer ones take CSI (SAM specification, section 5.1.1).
const TABIX_LIMIT: u64 = 1 << 29;

/// Makes the index of a bgzipped VCF that was just written, beside it, and returns its path. Fails if the VCF has no end:
/// closing a file does not tell whether its last block could be written.
pub fn index_variants(vcf: &Path, contigs: &Contigs) -> Result<PathBuf> {
    check_whole(vcf)?;
    let longest = contigs.iter().map(|c| c.length).max().unwrap_or(0);
    let (kind, suffix) = if longest < TABIX_LIMIT {
        (bcf::index::Type::Tbx, "tbi")
    } else {
        (bcf::index::Type::Csi(14), "csi")
    };
    bcf::index::build(vcf, None::<&Path>, 0, kind)
        .map_err(|error| anyhow!("cannot index {}: {}", vcf.display(), error.msg))?;
    Ok(PathBuf::from(format!("{}.{suffix}", vcf.display())))
}

/// What an index knows of its VCF.
#[derive(Clone, Debug)]
pub struct VariantIndex {
    path: PathBuf,
    /// The command that makes it.
    command: String,
    contigs: Vec<String>,
    /// Virtual offset of the end of the last record; 0 if there is none.
    end: u64,
}

impl VariantIndex {
    /// Reads the index beside a bgzipped VCF; none for other files, which cannot have one. Fails if it is missing,
    /// damaged, or of another file: if the last record that it knows is not where the VCF ends. Its age says nothing,
    /// for copies get new times.
    pub fn open(vcf: &Path) -> Result<Option<Self>> {
        if !bgzf::is_bgzip(vcf).unwrap_or(false) {
            return Ok(None);
        }
        let found = [".csi", ".tbi"].map(|suffix| PathBuf::from(format!("{}{suffix}", vcf.display())));
        let found: Vec<PathBuf> = found.into_iter().filter(|path| path.is_file()).collect();
        let Some(path) = found.first() else {
            bail!("{0} has no index; make it with: tabix -f -p vcf {0}", vcf.display());
        };
        let command = match path.extension().is_some_and(|e| e == "csi") {
            true => format!("bcftools index -f {}", vcf.display()),
            false => format!("tabix -f -p vcf {}", vcf.display()),
        };
        let mut index = Self {
            path: path.clone(),
            command,
            contigs: Vec::new(),
            end: 0,
        };
        let parsed = read_all(path).and_then(|bytes| index.parse(&bytes));
        parsed.with_context(|| {
            format!(
                "index {} is damaged; make it again with: {}",
                path.display(),
                index.command
            )
        })?;
        index.check_end(vcf).with_context(|| index.stale())?;
        Ok(Some(index))
    }

    /// Fails if the index does not know a contig of the VCF.
    pub fn check_contig(&self, name: &str) -> Result<()> {
        let known = self.contigs.iter().any(|c| c == name);
        ensure!(known, "{}: it does not know contig '{name}'", self.stale());
        Ok(())
    }

    fn stale(&self) -> String {
        let path = self.path.display();
        format!(
            "index {path} is stale: it is of another VCF; make it again with: {}",
            self.command
        )
    }

    /// Reads what is needed of a tabix or CSI index (their layouts are in the specifications of samtools/hts-specs).
    fn parse(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = Bytes(bytes);
        let magic = rest.take(4)?;
        let (is_csi, contigs, pseudo_bin) = match magic {
            b"TBI\x01" => {
                let contigs = rest.number()?;
                (false, contigs, 37_450)
            }
            b"CSI\x01" => {
                let (_, depth) = (rest.number()?, rest.number()?);
                let _length_of_names = rest.number()?;
                ensure!(depth <= 9, "a depth of {depth}");
                (true, 0, ((1 << (3 * (depth + 1))) - 1) / 7 + 1)
            }
            _ => bail!("it is neither a tabix nor a CSI index"),
        };
        rest.take(6 * 4)?;
        let length = rest.number()? as usize;
        let names = rest.take(length)?.split(|&b| b == 0).filter(|name| !name.is_empty());
        self.contigs = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let contigs = if is_csi { rest.number()? } else { contigs };
        for _ in 0..contigs {
            for _ in 0..rest.number()? {
                let bin = rest.number()?;
                rest.take(if is_csi { 8 } else { 0 })?;
                for _ in 0..rest.number()? {
                    let (_, end) = (rest.offset()?, rest.offset()?);
                    // The pseudo-bin holds counts, not chunks.
                    self.end = self.end.max(if bin == pseudo_bin { 0 } else { end });
                }
            }
            if !is_csi {
                let windows = rest.number()? as usize;
                rest.take(windows * 8)?;
            }
        }
        Ok(())
    }

    /// Fails unless the last record of the index ends where the text of the VCF does.
    fn check_end(&self, vcf: &Path) -> Result<()> {
        if self.end == 0 {
            return Ok(());
        }
        let mut file = BgzfFile::open(vcf)?;
        let (block, within) = (self.end >> 16 << 16, (self.end & 0xffff) as usize);
        file.seek(block)?;
        ensure!(file.read(within)?.len() == within, "the VCF is shorter");
        ensure!(file.read(1)?.is_empty(), "the VCF is longer");
        Ok(())
    }
}

fn read_all(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut bgzf::Reader::from_path(path)?, &mut bytes)?;
    Ok(bytes)
}

/// Little-endian numbers from the front of a buffer.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn offset(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }
}
