//! A piece of the output: what lies between two places over which neither calls nor reference blocks reach.

use super::bcf::BcfEncoder;
use super::call::{Call, Filter};
use super::callability::{DecidedSpan, position_runs};
use super::gvcf::{BLOCK_GRID, Covered, GvcfLines};
use super::label::Label;
use super::summary::CallSummary;
use super::vcf::{PloidyStyle, Unseen, record};
use crate::gates::Gates;
use crate::genome::Region;
use crate::runtime::{Stage, StageCosts, Stopwatch};
use crate::targets::{PositionRun, Targets};

use std::sync::Arc;

use anyhow::Result;

/// Least length of a piece, so that small targets share one.
const LEAST_BASES: u64 = 5_000;

/// Consecutive partitions with their calls. It can be formatted without its neighbours.
#[derive(Debug, Default)]
pub struct Piece {
    parts: Vec<PiecePart>,
    bases: u64,
    /// End of the last partition.
    end: u64,
    /// Greatest end of a call of the last contig.
    reach: u64,
    /// Whether all calls of the partitions are there.
    is_settled: bool,
}

/// The part of a piece on one contig.
#[derive(Debug)]
struct PiecePart {
    contig: String,
    covered: Vec<Covered>,
    calls: Vec<Call>,
}

impl Piece {
    /// Whether the piece can end before this region. All calls of other contigs must be there.
    pub fn may_end_before(&self, next: &Region) -> bool {
        let Some(last) = self.parts.last() else { return false };
        let ends = next.start > self.end || self.end.is_multiple_of(BLOCK_GRID);
        let ends = ends && self.is_settled && self.reach <= self.end;
        self.bases >= LEAST_BASES && (ends || last.contig != next.contig)
    }

    /// Adds a partition: its region, number of bases, and coverage.
    pub fn cover(&mut self, region: &Region, bases: u64, covered: Vec<Covered>) {
        self.part(&region.contig).covered.extend(covered);
        self.bases += bases;
        self.end = region.end;
        self.is_settled = false;
    }

    /// Adds a call of a partition. Calls come in ascending order.
    pub fn add(&mut self, contig: &str, call: Call) {
        let end = call.end();
        self.part(contig).calls.push(call);
        self.reach = self.reach.max(end);
    }

    /// Declares that all calls of the partitions are there.
    pub fn settle(&mut self) {
        self.is_settled = true;
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn part(&mut self, contig: &str) -> &mut PiecePart {
        if self.parts.last().is_none_or(|last| last.contig != contig) {
            self.reach = 0;
            self.parts.push(PiecePart {
                contig: contig.to_owned(),
                covered: Vec::new(),
                calls: Vec::new(),
            });
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }
}

/// How records are written.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// Variants with a lower QUAL are LowQual.
    pub min_quality: f64,
    /// Whether the VCF has RefCall records.
    pub ref_calls: bool,
    pub ploidy_style: PloidyStyle,
    /// What variants must reach beside it.
    pub gates: Option<Arc<Gates>>,
    /// Where the state of positions is wanted.
    pub targets: Option<Arc<Targets>>,
}

/// Turns lines of VCF into the bytes of a file, before compression.
pub(super) enum Encoder {
    Text,
    Bcf(BcfEncoder),
}

impl Encoder {
    pub fn encode(&self, lines: String) -> Result<Vec<u8>> {
        match self {
            Self::Text => Ok(lines.into_bytes()),
            Self::Bcf(bcf) => bcf.encode(&lines),
        }
    }
}

/// Makes the bytes of pieces.
pub(super) struct PieceFormat {
    pub options: RecordOptions,
    pub vcf: Encoder,
    pub gvcf: Option<Encoder>,
}

/// The bytes of a piece in each file.
pub(super) struct FormattedPiece {
    pub vcf: Vec<u8>,
    pub gvcf: Vec<u8>,
    /// The positions of targets, for each contig.
    pub runs: Vec<(String, Vec<PositionRun>)>,
    pub summary: CallSummary,
    pub costs: StageCosts,
}

impl PieceFormat {
    pub fn format(&self, piece: &Piece) -> Result<FormattedPiece> {
        let (mut clock, mut costs) = (Stopwatch::start(), StageCosts::default());
        let (mut vcf, mut gvcf, mut summary) = (String::new(), String::new(), CallSummary::default());
        let RecordOptions {
            min_quality,
            ref_calls,
            ploidy_style,
            ref gates,
            ref targets,
        } = self.options;
        let mut runs = Vec::new();
        for PiecePart { contig, covered, calls } in &piece.parts {
            let mut blocks = self
                .gvcf
                .as_ref()
                .map(|_| GvcfLines::new(contig, covered, ploidy_style));
            let mut spans = Vec::new();
            for call in calls {
                let label = Label::new(contig, call, min_quality, gates.as_deref());
                summary.add(call, &label);
                if targets.is_some() {
                    spans.push(DecidedSpan::new(call, &label));
                }
                if ref_calls || label.filter != Filter::RefCall {
                    vcf += &record(contig, call, &label, Unseen::Omitted, ploidy_style);
                }
                if let Some(blocks) = &mut blocks {
                    blocks.write(call, &label);
                }
            }
            gvcf += &blocks.map_or_else(String::new, GvcfLines::finish);
            if let Some(targets) = targets {
                let positions = targets.positions.on(contig);
                runs.push((contig.clone(), position_runs(covered, &spans, positions)));
            }
        }
        let gvcf = self.gvcf.as_ref().map(|encoder| encoder.encode(gvcf)).transpose()?;
        let vcf = self.vcf.encode(vcf)?;
        clock.lap(&mut costs, Stage::Formatting, summary.sites as usize);
        Ok(FormattedPiece {
            vcf,
            gvcf: gvcf.unwrap_or_default(),
            runs,
            summary,
            costs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_where_nothing_reaches_over() {
        let region = |contig: &str, start, end| Region::new(contig, start, end);
        let piece = |start, end, is_settled| {
            let mut piece = Piece::default();
            piece.cover(&region("a", start, end), end - start, Vec::new());
            if is_settled {
                piece.settle();
            }
            piece
        };
        let next = |contig, start| region(contig, start, start + 1);
        assert!(piece(80_000, 100_000, true).may_end_before(&next("a", 100_000)));
        assert!(
            !piece(80_000, 100_000, false).may_end_before(&next("a", 100_000)),
            "a call waits"
        );
        assert!(
            !piece(60_000, 80_000, true).may_end_before(&next("a", 80_000)),
            "a block goes on"
        );
        assert!(piece(60_000, 80_000, true).may_end_before(&next("a", 80_001)), "a gap");
        assert!(piece(60_000, 80_000, false).may_end_before(&next("b", 0)));
        assert!(!piece(76_000, 80_000, true).may_end_before(&next("b", 0)), "too short");
        assert!(!Piece::default().may_end_before(&next("a", 0)));
    }
}
