//! Blocks of BGZF, compressed one by one.

use anyhow::{Result, ensure};
use rust_htslib::htslib;

/// Bytes of a block before compression, as htslib's own writer cuts them.
pub const BGZF_BLOCK: usize = 0xff00;

/// Longest block, after compression.
const LONGEST: usize = 1 << 16;

/// Compresses at most [`BGZF_BLOCK`] bytes into one block. No bytes give the block that ends a file.
pub fn compress_block(bytes: &[u8]) -> Result<Vec<u8>> {
    ensure!(bytes.len() <= BGZF_BLOCK, "{} bytes do not fit in a block", bytes.len());
    let mut block = vec![0; LONGEST];
    let mut length = block.len();
    // SAFETY: htslib reads `bytes` and writes at most `length` bytes into the block. Level -1 is its default.
    let status = unsafe {
        let from = bytes.as_ptr().cast();
        htslib::bgzf_compress(block.as_mut_ptr().cast(), &raw mut length, from, bytes.len(), -1)
    };
    ensure!(status == 0, "htslib cannot compress {} bytes", bytes.len());
    block.truncate(length);
    Ok(block)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rust_htslib::bgzf;

    use super::*;

    #[test]
    fn blocks_make_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text: Vec<u8> = (0..200_000_u32).flat_map(|i| i.wrapping_mul(i).to_le_bytes()).collect();
        let mut blocks: Vec<_> = text
            .chunks(BGZF_BLOCK)
            .map(|part| compress_block(part).unwrap())
            .collect();
        blocks.push(compress_block(&[]).unwrap());
        std::fs::write(file.path(), blocks.concat()).unwrap();
        let mut found = Vec::new();
        bgzf::Reader::from_path(file.path())
            .unwrap()
            .read_to_end(&mut found)
            .unwrap();
        assert!(found == text);
        assert!(compress_block(&[0; BGZF_BLOCK + 1]).is_err());
    }
}
