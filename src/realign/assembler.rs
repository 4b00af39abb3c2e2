//! From a window's reference and reads to the haplotypes that their de Bruijn graph spells.
//!
//! k is the smallest for which the graph has no cycle, or the next few if there are too many haplotypes by that: longer k-mers
//! link neighbouring variants. Where few reads are and no two of them agree on anything but the reference, one is enough.

use std::ops::Range;

use super::graph::{Graph, Weight};
use super::options::RealignOptions;
use super::segments::{MatchingRun, Segment, Segments};
use crate::genome::Sequence;
use crate::reads::Read;

/// Assembles windows; keeps its buffers from one window to the next.
///
/// Most bases of most reads equal the reference. Such stretches are not hashed base by base, only counted: their edges
/// are the reference's.
#[derive(Default)]
pub struct Assembler {
    source: Segments,
    /// How many runs take the edge that begins at each base of the reference.
    coverage: Vec<u32>,
    graph: Graph,
}

impl Assembler {
    /// Haplotypes of `window`, in byte order, from those `reads` that overlap it. `None` if there are too many, if only
    /// the reference is left, or if no k will do. The window must lie within `reference`.
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

    /// Builds the graph for the smallest k without a cycle. A cycle at k + 1 is one at k too, so k can be bisected.
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

    /// Builds the graph for `k`; false if it has a cycle. Of short k-mers any cycle counts, of long ones only that of
    /// edges which are kept: a single bad read shall not ask for k-mers longer than what most reads hold.
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

    /// Adds the edges of a segment, counting those of its runs.
    fn add_segment(&mut self, segment: usize) {
        let k = self.graph.k();
        let Segment { text, runs } = &self.source.segments[segment];
        let (mut begin, end, runs) = (text.start, text.end, runs.clone());
        for run in runs {
            let MatchingRun { text, reference } = &self.source.runs[run];
            if text.len() <= k {
                continue;
            }
            // Summed up later: from here on one run more, from there on one less.
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

    /// Adds the reference's edges that runs take, but for those within the window, which are there.
    fn add_covered_reference(&mut self) {
        let (k, mut sum) = (self.graph.k(), 0u32);
        for covered in &mut self.coverage {
            sum = sum.wrapping_add(*covered);
            *covered = sum;
        }
        let inside = self.source.window.start..(self.source.window.end - k);
        let mut at = 0;
        while at < self.coverage.len() {
            let here = |at: &usize| self.coverage[*at] > 0 && !inside.contains(at);
            let edges = (at..self.coverage.len()).take_while(here).count();
            if edges > 0 {
                self.graph
                    .add_path(&self.source.text, at..at + edges + k, Weight::Each(&self.coverage));
            }
            at += edges + 1;
        }
    }

    /// The window's last k-mer.
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
