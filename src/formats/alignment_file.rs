//! Checks of an alignment file before reading: its format, its index, and whether it is truncated.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rust_htslib::htslib;

use super::alignment_format::Format;
use super::alignment_index;
use super::alignment_index::Index;
use super::bgzf::BgzfFile;
use super::input::{InputFile, check_is_there, htslib_name};

/// Maximum bytes of the text of a BAM header. Each contig takes at least eight bytes.
const HEADER_LIMIT: u64 = 512 << 20;

/// Finds the format and the index. Fails if the file is missing, truncated, or neither BAM nor CRAM, or if its index is
/// missing or belongs to another file. A truncated file must never look like a genome without variants, even if the
/// missing part is after the last requested region.
pub fn check(path: &Path) -> Result<(Format, PathBuf, Index)> {
    check_is_there(path, "reads")?;
    let unreadable = || format!("cannot read {}", path.display());
    let mut file = InputFile::open(path).with_context(unreadable)?;
    let format = Format::detect(&mut file, path)
        .with_context(unreadable)?
        .with_context(|| {
            format!(
                "reads {0} is neither BAM nor CRAM; convert it with: samtools sort -o reads.bam {0}",
                path.display()
            )
        })?;
    if format == Format::Bam {
        check_header(path)?;
    }
    let index = alignment_index::find(path, format)?;
    if !has_end(path).with_context(unreadable)? {
        bail!(
            "reads {} is truncated: its end-of-file marker is missing; copy or make the file again",
            path.display()
        );
    }
    let contents = Index::read(&index, path, format)?;
    Ok((format, index, contents))
}

/// Fails if the lengths in a BAM header are impossible, because htslib allocates memory by them (SAM specification,
/// section 4.2).
fn check_header(path: &Path) -> Result<()> {
    let damaged = || {
        format!(
            "reads {} is damaged: its header cannot be read; copy or make the file again",
            path.display()
        )
    };
    let mut file = BgzfFile::open(path)?;
    let number = |file: &mut BgzfFile, skip: usize| -> Result<u64> {
        file.read(skip)?;
        let bytes = file.read(4)?.try_into();
        Ok(u32::from_le_bytes(bytes.ok().context("it is truncated")?).into())
    };
    let mut text = number(&mut file, 4).with_context(damaged)?;
    let contigs = (|| {
        ensure!(
            text <= HEADER_LIMIT,
            "its text has {text} bytes, more than {HEADER_LIMIT}"
        );
        while text > 1 << 16 {
            file.read(1 << 16)?;
            text -= 1 << 16;
        }
        number(&mut file, text as usize)
    })()
    .with_context(damaged)?;
    ensure!(contigs <= HEADER_LIMIT / 8, "{}: it has {contigs} contigs", damaged());
    Ok(())
}

/// Whether the end-of-file marker of a BAM or CRAM is there.
fn has_end(path: &Path) -> Result<bool> {
    let name = htslib_name(path)?;
    // SAFETY: both strings end in NUL; the file is checked, and closed once.
    let status = unsafe {
        let file = htslib::hts_open(name.as_ptr(), c"r".as_ptr());
        ensure!(!file.is_null(), "htslib cannot open the file");
        let status = htslib::hts_check_EOF(file);
        htslib::hts_close(file);
        status
    };
    Ok(status == 1)
}
