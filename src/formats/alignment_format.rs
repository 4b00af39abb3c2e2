//! The formats of alignment files.

use std::io::Read;
use std::path::Path;

use super::bgzf::BgzfFile;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Bam,
    Cram,
}

impl Format {
    /// Detects the format by the first bytes of a file. None if the file is neither BAM nor CRAM.
    pub fn detect(file: &mut impl Read, path: &Path) -> std::io::Result<Option<Self>> {
        let mut magic = Vec::with_capacity(4);
        file.take(4).read_to_end(&mut magic)?;
        Ok(match magic.as_slice() {
            b"CRAM" => Some(Self::Cram),
            [0x1f, 0x8b, 0x08, 0x04] if !is_text(path) => Some(Self::Bam),
            _ => None,
        })
    }
}

/// Whether a BGZF file is text, such as bgzipped SAM, and not BAM. Unreadable blocks are reported later.
fn is_text(path: &Path) -> bool {
    let magic = BgzfFile::open(path).and_then(|mut file| file.read(4));
    magic.is_ok_and(|magic| magic.len() == 4 && magic != *b"BAM\x01")
}
