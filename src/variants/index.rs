//! The index of a bgzipped VCF (`.tbi` or `.csi`), and whether it is of this file.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use rust_htslib::{bcf, bgzf};

use crate::formats::BgzfFile;
use crate::formats::{BinIndex, LittleEndian};
use crate::formats::{check_whole, is_system_error};
use crate::genome::Contigs;

/// Longest contig that a tabix index can address, in bases; longer ones take CSI (SAM specification, section 5.1.1).
const TABIX_LIMIT: u64 = 1 << 29;

/// Makes the index of a bgzipped VCF that was just written, beside it, and returns its path. Fails if the VCF has no end:
/// closing a file does not tell whether its last block could be written.
pub fn index_variants(vcf: &Path, contigs: &Contigs) -> Result<PathBuf> {
    ensure!(
        check_whole(vcf).is_ok(),
        "{} could not be written to its end; is the disk full?",
        vcf.display()
    );
    let longest = contigs.iter().map(|c| c.length).max().unwrap_or(0);
    let (kind, suffix) = if longest < TABIX_LIMIT {
        (bcf::index::Type::Tbx, "tbi")
    } else {
        (bcf::index::Type::Csi(14), "csi")
    };
    let index = vcf.with_added_extension(suffix);
    bcf::index::build(vcf, None::<&Path>, 0, kind).map_err(|error| {
        // What there is of it is of no use; that it cannot be removed would hide why.
        let _ = std::fs::remove_file(&index);
        anyhow!("cannot index {}: {}", vcf.display(), error.msg)
    })?;
    Ok(index)
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
        let found = ["csi", "tbi"].map(|suffix| vcf.with_added_extension(suffix));
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
        let told = |cause: anyhow::Error, text: String| match is_system_error(&cause) {
            true => cause.context(format!("cannot read index {}", path.display())),
            false => cause.context(text),
        };
        let again = format!(
            "index {} is damaged; make it again with: {}",
            path.display(),
            index.command
        );
        index.read().map_err(|cause| told(cause, again))?;
        index.check_end(vcf).map_err(|cause| told(cause, index.stale()))?;
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

    /// Takes what is needed of the index.
    fn read(&mut self) -> Result<()> {
        let bins = BinIndex::read(&self.path)?;
        let mut header = LittleEndian(&bins.header);
        header.take(6 * 4)?;
        let length = header.number()? as usize;
        let names = header.take(length)?.split(|&b| b == 0).filter(|name| !name.is_empty());
        self.contigs = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        self.end = bins.records.map_or(0, |records| records.end);
        Ok(())
    }

    /// Fails unless the last record of the index ends where the text of the VCF does.
    fn check_end(&self, vcf: &Path) -> Result<()> {
        if self.end == 0 {
            return Ok(());
        }
        let mut file = BgzfFile::open(vcf)?;
        let (block, within) = (self.end >> 16, (self.end & 0xffff) as usize);
        // Past the end of the file nothing is read either, which would look like its end. That end itself is legal: htsjdk
        // takes it for the end of the last record.
        ensure!(block <= vcf.metadata()?.len(), "the VCF is shorter");
        file.seek(block << 16)?;
        ensure!(file.read(within)?.len() == within, "the VCF is shorter");
        ensure!(file.read(1)?.is_empty(), "the VCF is longer");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// Writes a VCF of so many records, and its index.
    fn indexed(vcf: &Path, records: u64) -> PathBuf {
        let mut text = "##fileformat=VCFv4.2\n##contig=<ID=c,length=100000>\n".to_owned();
        text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
        text.extend((1..=records).map(|i| format!("c\t{i}\t.\tA\tC\t{}\tPASS\t.\n", i * i % 97)));
        let mut writer = bgzf::Writer::from_path(vcf).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        let contigs = [crate::genome::Contig {
            name: "c".into(),
            length: 100_000,
        }];
        index_variants(vcf, &contigs.into_iter().collect()).unwrap()
    }

    #[test]
    fn the_index_of_a_longer_vcf_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        let (short, long) = (folder.path().join("short.vcf.gz"), folder.path().join("long.vcf.gz"));
        let index = indexed(&short, 100);
        assert!(VariantIndex::open(&short).unwrap().is_some());
        std::fs::copy(indexed(&long, 50_000), index).unwrap();
        let error = format!("{:#}", VariantIndex::open(&short).unwrap_err());
        assert!(error.contains("is stale") && error.contains("shorter"), "{error}");
    }

    /// As htsjdk has it: behind the end-of-file marker, where others name the place before.
    #[test]
    fn the_last_record_may_end_where_the_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let vcf = folder.path().join("calls.vcf.gz");
        let index = indexed(&vcf, 100);
        let length = vcf.metadata().unwrap().len();
        let [before, behind] = [length - 28, length].map(|block| (block << 16).to_le_bytes());
        let mut bytes = Vec::new();
        bgzf::Reader::from_path(&index)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        let at = bytes.windows(8).position(|offset| offset == before).unwrap();
        bytes[at..at + 8].copy_from_slice(&behind);
        std::fs::write(&index, bytes).unwrap();
        assert!(VariantIndex::open(&vcf).unwrap().is_some());
    }
}
