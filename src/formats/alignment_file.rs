//! Checks of an alignment file before reading: its format, its index, and whether it is truncated.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::alignment_format::Format;
use super::alignment_index;
use super::alignment_index::Index;
use super::bgzf::BgzfFile;

/// The empty BGZF block at the end of a complete BAM (SAM specification, section 4.1.2).
const BGZF_END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The containers at the end of a complete CRAM 3 and CRAM 2.1 (CRAM specification, section 9).
const CRAM_3_END: [u8; 38] = [
    0x0f, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xe0, 0x45, 0x4f, 0x46, 0, 0, 0, 0, 0x01, 0, 0x05, 0xbd, 0xd9, 0x4f,
    0, 0x01, 0, 0x06, 0x06, 0x01, 0, 0x01, 0, 0x01, 0, 0xee, 0x63, 0x01, 0x4b,
];
const CRAM_2_END: [u8; 30] = [
    0x0b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xe0, 0x45, 0x4f, 0x46, 0, 0, 0, 0, 0x01, 0, 0, 0x01, 0, 0x06, 0x06,
    0x01, 0, 0x01, 0, 0x01, 0,
];

/// Maximum bytes of the text of a BAM header. Each contig takes at least eight bytes.
const HEADER_LIMIT: u64 = 512 << 20;

/// Finds the format and the index. Fails if the file is missing, truncated, or neither BAM nor CRAM, or if its index is
/// missing or belongs to another file. A truncated file must never look like a genome without variants, even if the
/// missing part is after the last requested region.
pub fn check(path: &Path) -> Result<(Format, PathBuf, Index)> {
    if !path.is_file() {
        bail!("reads {}: no such file", path.display());
    }
    let unreadable = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(unreadable)?;
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
    let ends: &[&[u8]] = match format {
        Format::Bam => &[&BGZF_END],
        Format::Cram => &[&CRAM_3_END, &CRAM_2_END],
    };
    let mut is_complete = false;
    for end in ends {
        is_complete |= ends_with(&mut file, end).with_context(unreadable)?;
    }
    if !is_complete {
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

fn ends_with(file: &mut File, end: &[u8]) -> std::io::Result<bool> {
    if file.metadata()?.len() < end.len() as u64 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-(end.len() as i64)))?;
    let mut tail = Vec::with_capacity(end.len());
    file.read_to_end(&mut tail)?;
    Ok(tail == end)
}
