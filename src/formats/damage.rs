//! Detection of truncated files before reading.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::input::{InputFile, fault_of};

/// The empty block at the end of every complete BGZF file (SAM specification, section 4.1.2).
pub const BGZF_END: [u8; 28] = [
    0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 0x06, 0, 0x42, 0x43, 0x02, 0, 0x1b, 0, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// Whether the cause is an error of the operating system, such as too many open files, or of a server, and not a damaged
/// file.
pub fn is_system_error(error: &anyhow::Error) -> bool {
    let mut system = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    system.any(|error| error.raw_os_error().is_some() || fault_of(error).is_some())
}

/// Fails if the file cannot be opened, is empty, or is bgzipped and lacks its end-of-file marker.
pub fn check_whole(path: &Path) -> Result<()> {
    let failed = || format!("cannot read {}", path.display());
    if path.is_dir() {
        bail!("{} is a directory, not a file", path.display());
    }
    let mut file = InputFile::open(path).with_context(failed)?;
    let length = file.length().with_context(failed)?;
    if length == 0 {
        bail!("{} is empty", path.display());
    }
    let mut head = [0; 14];
    let is_bgzf = file.read_exact(&mut head).is_ok() && head[..4] == BGZF_END[..4] && head[12..14] == *b"BC";
    if !is_bgzf {
        return Ok(());
    }
    let mut tail = [0; BGZF_END.len()];
    let is_complete = length >= tail.len() as u64
        && file.seek(SeekFrom::End(-(tail.len() as i64))).is_ok()
        && file.read_exact(&mut tail).is_ok()
        && tail == BGZF_END;
    if !is_complete {
        bail!(
            "{} is truncated: its end-of-file marker is missing; copy or make the file again",
            path.display()
        );
    }
    Ok(())
}
