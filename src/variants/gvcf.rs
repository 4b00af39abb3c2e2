//! gVCF: calls, and reference blocks between them with the confidence that the sample has no variant. Joint calling of
//! many samples needs these blocks.
//!
//! Format: VCF 4.2, section 5.5. Every requested position is in exactly one block or in a call.

use std::ops::Range;

use super::call::Call;
use super::genotype::Ploidy;
use super::label::Label;
use super::reference_block::{Coverage, ReferenceBlock};
use super::vcf::{PloidyStyle, Unseen, record};
use crate::genome::Sequence;

/// Definitions of the header, beside those of a VCF.
pub(super) const DEFINITIONS: &str = "\
##ALT=<ID=*,Description=\"Any other allele\">
##INFO=<ID=END,Number=1,Type=Integer,Description=\"Last position of the block\">
##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description=\"Minimum read depth in the block; GQ and PL are of its least confident position\">
";

/// Blocks end at multiples of this position, because GLnexus silently ignores blocks of 100,000 bases or more. The grid
/// starts at the contig's first base, so that blocks do not depend on regions and threads.
pub(super) const BLOCK_GRID: u64 = 50_000;

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

/// Makes the lines of some pieces of a contig: reference blocks and calls, in ascending order. Call
/// [`write`](Self::write) for each call, then [`finish`](Self::finish).
pub(super) struct GvcfLines<'a> {
    contig: &'a str,
    ploidy_style: PloidyStyle,
    covered: &'a [Covered],
    /// The first piece that is not in blocks or calls, and its number of finished runs.
    waiting: (usize, usize),
    /// All positions before this one are in a block or in a call.
    next: u64,
    block: Option<ReferenceBlock>,
    lines: String,
}

impl<'a> GvcfLines<'a> {
    pub fn new(contig: &'a str, covered: &'a [Covered], ploidy_style: PloidyStyle) -> Self {
        Self {
            contig,
            ploidy_style,
            covered,
            waiting: (0, 0),
            next: 0,
            block: None,
            lines: String::new(),
        }
    }

    /// Adds the next call.
    pub fn write(&mut self, call: &Call, label: &Label) {
        self.settle_before(call.position);
        self.close_block();
        self.next = self.next.max(call.end());
        self.lines += &record(self.contig, call, label, Unseen::Named, self.ploidy_style);
    }

    /// Adds the blocks after the last call, and returns all lines.
    pub fn finish(mut self) -> String {
        self.settle_before(u64::MAX);
        self.close_block();
        self.lines
    }

    /// Adds the positions before `end` that are not in a call to blocks.
    fn settle_before(&mut self, end: u64) {
        let (mut piece, mut done) = self.waiting;
        while let Some(covered) = self.covered.get(piece) {
            while let Some(run) = covered.runs.get(done).filter(|run| run.start < end) {
                let last = run.end().min(end);
                let mut start = run.start.max(self.next);
                while start < last {
                    let cut = last.min((start / BLOCK_GRID + 1) * BLOCK_GRID);
                    let base = covered.reference.base(start);
                    self.add(start..cut, base, covered.ploidy, run.coverage);
                    self.next = cut;
                    start = cut;
                }
                if run.end() > end {
                    break;
                }
                done += 1;
            }
            if done < covered.runs.len() {
                break;
            }
            (piece, done) = (piece + 1, 0);
        }
        self.waiting = (piece, done);
    }

    fn add(&mut self, positions: Range<u64>, base: u8, ploidy: Ploidy, coverage: Coverage) {
        let block = self
            .block
            .as_mut()
            .filter(|_| !positions.start.is_multiple_of(BLOCK_GRID));
        if !block.is_some_and(|block| block.extend(positions.clone(), ploidy, coverage)) {
            self.close_block();
            self.block = Some(ReferenceBlock::new(positions, base, ploidy, coverage));
        }
    }

    fn close_block(&mut self) {
        if let Some(block) = self.block.take() {
            self.lines += &block.record(self.contig, self.ploidy_style);
        }
    }
}
