//! gVCF: calls, and reference blocks between them with the confidence that the sample has no variant. Joint calling of
//! many samples needs these blocks.
//!
//! Format: VCF 4.2, section 5.5. Every requested position is in exactly one block or in a call.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;

use super::call::{Call, Filter};
use super::genotype::Ploidy;
use super::reference_block::{Coverage, ReferenceBlock};
use super::vcf::{Unseen, VcfHeader, VcfWriter};
use crate::genome::Sequence;
use crate::output::ReadyFile;

const DEFINITIONS: &str = "\
##ALT=<ID=*,Description=\"Any other allele\">
##INFO=<ID=END,Number=1,Type=Integer,Description=\"Last position of the block\">
##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description=\"Minimum read depth in the block; GQ and PL are of its least confident position\">
";

/// Blocks end at multiples of this position, because GLnexus silently ignores blocks of 100,000 bases or more. The grid
/// starts at the contig's first base, so that blocks do not depend on regions and threads.
const BLOCK_GRID: u64 = 50_000;

/// Reference and coverage of a piece of a contig, which has one ploidy.
#[derive(Debug, Default)]
pub struct Covered {
    pub ploidy: Ploidy,
    pub reference: Sequence,
    pub runs: Vec<CoveredRun>,
}

/// Consecutive positions with equal coverage; `start` is 0-based. The type is small, because many runs may wait for
/// output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoveredRun {
    pub start: u64,
    pub length: u32,
    pub coverage: Coverage,
}

impl CoveredRun {
    /// Groups ascending positions into runs of equal coverage.
    pub fn group(positions: impl Iterator<Item = (u64, Coverage)>) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        for (position, coverage) in positions {
            match runs.last_mut() {
                Some(run) if run.end() == position && run.coverage == coverage => run.length += 1,
                _ => runs.push(Self {
                    start: position,
                    length: 1,
                    coverage,
                }),
            }
        }
        runs
    }

    fn end(&self) -> u64 {
        self.start + u64::from(self.length)
    }
}

/// Writes reference blocks and calls, in ascending order, into one file. For each piece of a contig, call
/// [`cover`](Self::cover) first, then [`write`](Self::write) for each of its resolved calls. Call
/// [`settle`](Self::settle) when no call of the pieces is waiting.
pub struct GvcfWriter {
    vcf: VcfWriter,
    contig: String,
    /// Pieces that may still get calls. Each has the number of its finished runs.
    waiting: VecDeque<(Covered, usize)>,
    /// All positions before this one are written or in a call.
    next: u64,
    block: Option<ReferenceBlock>,
}

impl GvcfWriter {
    /// Like [`VcfWriter::create`].
    pub fn create(target: &Path, header: &VcfHeader) -> Result<Self> {
        Ok(Self {
            vcf: VcfWriter::create_with(target, header, DEFINITIONS)?,
            contig: String::new(),
            waiting: VecDeque::new(),
            next: 0,
            block: None,
        })
    }

    /// Adds the next piece.
    pub fn cover(&mut self, contig: &str, covered: Covered) -> Result<()> {
        self.go_to(contig)?;
        self.waiting.push_back((covered, 0));
        Ok(())
    }

    /// Writes the next call. The pieces up to the call must be added first.
    pub fn write(&mut self, contig: &str, call: &Call, filter: Filter) -> Result<()> {
        self.go_to(contig)?;
        self.settle_before(call.position)?;
        self.close_block()?;
        self.next = self.next.max(call.end());
        self.vcf.write_record(contig, call, filter, Unseen::Named)
    }

    /// Writes the blocks up to the end of the added pieces. The caller guarantees that no call before this end follows.
    pub fn settle(&mut self) -> Result<()> {
        self.settle_before(u64::MAX)
    }

    /// Like [`VcfWriter::close`].
    pub fn close(mut self) -> Result<Option<ReadyFile>> {
        self.settle()?;
        self.close_block()?;
        self.vcf.close()
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

    /// Adds the positions before `end` that are not in a call to blocks.
    fn settle_before(&mut self, end: u64) -> Result<()> {
        while let Some((covered, mut done)) = self.waiting.pop_front() {
            while let Some(run) = covered.runs.get(done).filter(|run| run.start < end) {
                let last = run.end().min(end);
                let mut start = run.start.max(self.next);
                while start < last {
                    let cut = last.min((start / BLOCK_GRID + 1) * BLOCK_GRID);
                    let base = covered.reference.base(start);
                    self.add(start..cut, base, covered.ploidy, run.coverage)?;
                    self.next = cut;
                    start = cut;
                }
                if run.end() > end {
                    break;
                }
                done += 1;
            }
            if done < covered.runs.len() {
                self.waiting.push_front((covered, done));
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, positions: Range<u64>, base: u8, ploidy: Ploidy, coverage: Coverage) -> Result<()> {
        let block = self
            .block
            .as_mut()
            .filter(|_| !positions.start.is_multiple_of(BLOCK_GRID));
        if !block.is_some_and(|block| block.extend(positions.clone(), ploidy, coverage)) {
            self.close_block()?;
            self.block = Some(ReferenceBlock::new(positions, base, ploidy, coverage));
        }
        Ok(())
    }

    fn close_block(&mut self) -> Result<()> {
        let block = self.block.take();
        let Some(block) = block else { return Ok(()) };
        let line = block.record(&self.contig, self.vcf.ploidy_style);
        self.vcf.write_line(&line)
    }
}
