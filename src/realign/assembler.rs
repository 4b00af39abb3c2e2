//! Assembles a window's haplotypes from a de Bruijn graph of its reference and reads.
//!
//! k is the smallest value without a cycle in the graph. If that gives too many haplotypes, the next larger values are
//! tried, because longer k-mers link neighbouring variants. In a window with few reads, where no two reads agree on a
//! difference from the reference, one read is enough.

use std::ops::Range;

use super::graph::{Graph, Weight};
use super::options::RealignOptions;
use super::segments::{MatchingRun, Segment, Segments};
use crate::genome::Sequence;
use crate::reads::Read;

/// Assembles windows and reuses its buffers.
///
/// Most bases of most reads equal the reference. Runs of such bases are only counted and not hashed base by base,
/// because their edges are the reference's.
#[derive(Default)]
pub struct Assembler {
    source: Segments,
    /// The number of runs over the edge that starts at each reference base.
    coverage: Vec<u32>,
    graph: Graph,
}

impl Assembler {
    /// Haplotypes of `window` from the overlapping `reads`, in byte order. `None` if there are too many, if only the
    /// reference remains, or if no k works. The window must lie within `reference`.
    pub fn haplotypes(
        &mut self,
        window: &Range<u64>,
        reference: &Sequence,
        reads: &[&Read],
        options: &RealignOptions,
    ) -> Option<Vec<Vec<u8>>> {
        self.source.fill(window, reference, reads, options);
        self.build_acyclic(options)?;
        let mut paths = self.count_kept_paths(options);
        let max_k = self.max_k(options);
        while paths > options.max_haplotypes && self.graph.k() < max_k {
            if !self.build((self.graph.k() + self.graph.k() / 2).min(max_k), options) {
                return None;
            }
            paths = self.count_kept_paths(options);
        }
        if paths == 1 && reads.len() <= options.few_reads && self.build(self.graph.k(), options) {
            paths = self.graph.count_paths(self.sink(), options.max_haplotypes);
        }
        (2..=options.max_haplotypes)
            .contains(&paths)
            .then(|| self.spell_paths())
    }

    fn max_k(&self, options: &RealignOptions) -> usize {
        options.max_k.min(self.source.window.len().saturating_sub(1))
    }

    /// Builds the graph for the smallest k without a cycle. A cycle at k + 1 is also a cycle at k, so bisection finds
    /// k.
    fn build_acyclic(&mut self, options: &RealignOptions) -> Option<()> {
        let max_k = self.max_k(options);
        let (mut cyclic, mut step) = (options.min_k.saturating_sub(1), 1);
        let mut acyclic = loop {
            let k = (cyclic + step).min(max_k);
            if k <= cyclic {
                return None;
            }
            if self.build(k, options) {
                break k;
            }
            (cyclic, step) = (k, 2 * step);
        };
        while acyclic > cyclic + 1 {
            let k = cyclic.midpoint(acyclic);
            if self.build(k, options) {
                acyclic = k
            } else {
                cyclic = k
            }
        }
        (self.graph.k() == acyclic || self.build(acyclic, options)).then_some(())
    }

    /// Builds the graph for `k`; false if it has a cycle. From `long_k` on, only cycles of kept edges count, so that a
    /// single bad read cannot require k-mers too long for most reads.
    fn build(&mut self, k: usize, options: &RealignOptions) -> bool {
        let runs = self.source.runs.iter().map(|run| run.text.len());
        let counted: usize = runs.map(|length| length.saturating_sub(k)).sum();
        self.graph.clear(k, self.source.text.len() - counted);
        let window = self.source.window.clone();
        if !self.graph.add_path(&self.source.text, window, Weight::Reference) {
            return false;
        }
        self.coverage.clear();
        self.coverage.resize(self.source.span + 1, 0);
        for i in 0..self.source.segments.len() {
            self.add_segment(i);
        }
        self.add_covered_reference();
        if k >= options.long_k {
            self.graph.prune(options.min_edge_weight);
        }
        self.graph.sort_topologically()
    }

    /// Adds the edges of a segment and counts the edges of its runs.
    fn add_segment(&mut self, segment: usize) {
        let k = self.graph.k();
        let Segment { text, runs } = &self.source.segments[segment];
        let (mut begin, end, runs) = (text.start, text.end, runs.clone());
        for run in runs {
            let MatchingRun { text, reference } = &self.source.runs[run];
            if text.len() <= k {
                continue;
            }
            // `coverage` holds differences until it is summed: one run starts here, and ends there.
            self.coverage[*reference] = self.coverage[*reference].wrapping_add(1);
            let after = reference + text.len() - k;
            self.coverage[after] = self.coverage[after].wrapping_sub(1);
            let (start, next) = (text.start, text.end - k);
            if start > begin {
                self.graph.add_path(&self.source.text, begin..start + k, Weight::One);
            }
            begin = next;
        }
        self.graph.add_path(&self.source.text, begin..end, Weight::One);
    }

    /// Adds the reference's edges that runs cover, without the window's edges, which exist already.
    fn add_covered_reference(&mut self) {
        let (k, mut sum) = (self.graph.k(), 0u32);
        for covered in &mut self.coverage {
            sum = sum.wrapping_add(*covered);
            *covered = sum;
        }
        let inside = self.source.window.start..(self.source.window.end - k);
        let mut start = 0;
        while start < self.coverage.len() {
            let here = |start: &usize| self.coverage[*start] > 0 && !inside.contains(start);
            let edges = (start..self.coverage.len()).take_while(here).count();
            if edges > 0 {
                self.graph.add_path(
                    &self.source.text,
                    start..start + edges + k,
                    Weight::Each(&self.coverage),
                );
            }
            start += edges + 1;
        }
    }

    /// The vertex of the window's last k-mer.
    fn sink(&self) -> u32 {
        (self.source.window.len() - self.graph.k()) as u32
    }

    fn count_kept_paths(&mut self, options: &RealignOptions) -> usize {
        self.graph.prune(options.min_edge_weight);
        self.graph.count_paths(self.sink(), options.max_haplotypes)
    }

    fn spell_paths(&self) -> Vec<Vec<u8>> {
        let source = &self.source.text[self.source.window.start..][..self.graph.k()];
        self.graph.spell_paths(source, self.sink())
    }
}
