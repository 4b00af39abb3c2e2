//! gVCF: the calls, and between them blocks that tell how sure it is that nothing is there, for calling many samples together.
//!
//! Format: VCF 4.3, section 5.5; every position that was asked for is in exactly one block or under a call.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;

use super::reference_block::ReferenceBlock;
use super::vcf::{Unseen, VcfHeader, VcfWriter, record};
use super::{Call, Filter};
use crate::candidates::Coverage;

const DEFINITIONS: &str = "\
##ALT=<ID=*,Description=\"Any other allele\">
##INFO=<ID=END,Number=1,Type=Integer,Description=\"Last position of the block\">
##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description=\"Least read depth in the block; its GQ and PL are those of its least sure position\">
";

/// What is known of one position. Small, as there is one for each that waits to be written.
#[derive(Clone, Copy, Debug)]
pub struct Covered {
    pub reference_base: u8,
    pub coverage: Coverage,
}

/// Puts positions and calls, each ascending, into one file.
pub struct GvcfWriter {
    vcf: VcfWriter,
    contig: String,
    /// Positions that a call may come before.
    waiting: VecDeque<(u64, Covered)>,
    /// What comes before is written or under a call.
    next: u64,
    block: Option<ReferenceBlock>,
}

impl GvcfWriter {
    /// As [`VcfWriter::create`].
    pub fn create(target: &Path, bgzipped: bool, header: &VcfHeader) -> Result<Self> {
        Ok(Self {
            vcf: VcfWriter::create_with(target, bgzipped, header, DEFINITIONS)?,
            contig: String::new(),
            waiting: VecDeque::new(),
            next: 0,
            block: None,
        })
    }

    /// Takes positions (0-based), after those before.
    pub fn cover(&mut self, contig: &str, positions: impl IntoIterator<Item = (u64, Covered)>) -> Result<()> {
        self.go_to(contig)?;
        self.waiting.extend(positions);
        Ok(())
    }

    /// Takes the next call; all positions before it have been taken.
    pub fn write(&mut self, contig: &str, call: &Call, filter: Filter) -> Result<()> {
        self.go_to(contig)?;
        self.settle_before(call.position)?;
        self.close_block()?;
        self.next = self.next.max(call.end());
        self.vcf.write_line(&record(contig, call, filter, Unseen::Named))
    }

    /// Tells that no call comes before the end of the positions taken.
    pub fn settle(&mut self) -> Result<()> {
        self.settle_before(u64::MAX)
    }

    /// Closes, indexes, and gives the file its final name.
    pub fn finish(mut self) -> Result<()> {
        self.settle()?;
        self.close_block()?;
        self.vcf.finish()
    }

    fn go_to(&mut self, contig: &str) -> Result<()> {
        if contig != self.contig {
            self.settle()?;
            self.close_block()?;
            contig.clone_into(&mut self.contig);
            self.next = 0;
        }
        Ok(())
    }

    fn settle_before(&mut self, end: u64) -> Result<()> {
        while let Some(&(position, at)) = self.waiting.front().filter(|(position, _)| *position < end) {
            self.waiting.pop_front();
            if position < self.next {
                continue;
            }
            let block = self.block.as_mut();
            if !block.is_some_and(|block| block.extend(position, at.coverage)) {
                self.close_block()?;
                self.block = Some(ReferenceBlock::new(position, at.reference_base, at.coverage));
            }
        }
        Ok(())
    }

    fn close_block(&mut self) -> Result<()> {
        let block = self.block.take();
        block.map_or(Ok(()), |block| self.vcf.write_line(&block.record(&self.contig)))
    }
}
