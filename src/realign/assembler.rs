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
    /// The graph of the smallest k known to have no cycle, while other values are tried.
    kept: Graph,
}

/// A cycle of the graph: the value up to which k probably gives a cycle, at least the graph's own.
#[derive(Debug)]
struct Cycle(usize);

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
            let longer = (self.graph.k() + self.graph.k() / 2).min(max_k);
            self.build(longer, options).ok()?;
            paths = self.count_kept_paths(options);
        }
        if paths == 1 && reads.len() <= options.few_reads && self.build(self.graph.k(), options).is_ok() {
            paths = self.graph.count_paths(self.sink(), options.max_haplotypes);
        }
        (2..=options.max_haplotypes)
            .contains(&paths)
            .then(|| self.spell_paths())
    }

    fn max_k(&self, options: &RealignOptions) -> usize {
        options.max_k.min(self.source.window.len().saturating_sub(1))
    }

    /// Builds the graph for the smallest k without a cycle. A cycle at k + 1 is also a cycle at k, so any order of
    /// trials finds the same k. A repeat in the reference tells which k to try next.
    fn build_acyclic(&mut self, options: &RealignOptions) -> Option<()> {
        let max_k = self.max_k(options);
        let (mut cyclic, mut step) = (options.min_k.saturating_sub(1), 1);
        let mut likely = cyclic;
        let mut acyclic = loop {
            let k = (cyclic + step).min(max_k);
            if k <= cyclic {
                return None;
            }
            match self.build(k, options) {
                Ok(()) => break k,
                Err(Cycle(length)) => {
                    step = if length > k { length + 1 - k } else { 2 * step };
                    (cyclic, likely) = (k, length);
                }
            }
        };
        while acyclic > cyclic + 1 {
            // A cycle that is likely excludes all smaller values at once.
            let k = if likely + 1 == acyclic {
                likely
            } else {
                cyclic.midpoint(acyclic)
            };
            likely = cyclic;
            std::mem::swap(&mut self.graph, &mut self.kept);
            match self.build(k, options) {
                Ok(()) => acyclic = k,
                Err(_) => {
                    cyclic = k;
                    std::mem::swap(&mut self.graph, &mut self.kept);
                }
            }
        }
        Some(())
    }

    /// Builds the graph for `k`, unless it has a cycle. From `long_k` on, only cycles of kept edges count, so that a
    /// single bad read cannot require k-mers too long for most reads. A repeat in the reference is found first, because
    /// it is cheap to find and the most frequent cycle.
    fn build(&mut self, k: usize, options: &RealignOptions) -> Result<(), Cycle> {
        let runs = self.source.runs.iter().map(|run| run.text.len());
        let counted: usize = runs.map(|length| length.saturating_sub(k)).sum();
        self.graph.clear(k, self.source.text.len() - counted);
        let window = self.source.window.clone();
        let end = window.end;
        if let Some(repeat) = self.graph.add_path(&self.source.text, window, Weight::Reference) {
            return Err(Cycle(repeat.length(&self.source.text, end)));
        }
        self.count_coverage();
        let repeat = self.add_covered_reference();
        if let Some(length) = repeat.filter(|_| k < options.long_k) {
            return Err(Cycle(length));
        }
        for i in 0..self.source.segments.len() {
            self.add_segment(i);
        }
        if k >= options.long_k {
            self.graph.prune(options.min_edge_weight);
        }
        self.graph.sort_topologically().then_some(()).ok_or(Cycle(k))
    }

    /// Counts the runs over the edges of the reference.
    fn count_coverage(&mut self) {
        let (k, mut sum) = (self.graph.k(), 0u32);
        self.coverage.clear();
        self.coverage.resize(self.source.span + 1, 0);
        for MatchingRun { text, reference } in self.source.runs.iter().filter(|run| run.text.len() > k) {
            // `coverage` holds differences until it is summed: one run starts here, and ends there.
            self.coverage[*reference] = self.coverage[*reference].wrapping_add(1);
            let after = reference + text.len() - k;
            self.coverage[after] = self.coverage[after].wrapping_sub(1);
        }
        for covered in &mut self.coverage {
            sum = sum.wrapping_add(*covered);
            *covered = sum;
        }
    }

    /// Adds the edges of a segment, without the edges of its runs.
    fn add_segment(&mut self, segment: usize) {
        let k = self.graph.k();
        let Segment { text, runs } = &self.source.segments[segment];
        let (mut begin, end, runs) = (text.start, text.end, runs.clone());
        for MatchingRun { text, .. } in self.source.runs[runs].iter().filter(|run| run.text.len() > k) {
            let (start, next) = (text.start, text.end - k);
            if start > begin {
                self.graph.add_path(&self.source.text, begin..start + k, Weight::One);
            }
            begin = next;
        }
        self.graph.add_path(&self.source.text, begin..end, Weight::One);
    }

    /// Adds the reference's edges that runs cover, without the window's edges, which exist already. Returns the length
    /// of a repeat that is a cycle: the edges beside the window and the window are one walk, which meets a k-mer twice.
    fn add_covered_reference(&mut self) -> Option<usize> {
        let k = self.graph.k();
        let inside = self.source.window.start..(self.source.window.end - k);
        let (mut start, mut found) = (0, None);
        // Where the walk starts: at the window, or before it.
        let mut walk = inside.start;
        while start < self.coverage.len() {
            let here = |start: &usize| self.coverage[*start] > 0 && !inside.contains(start);
            let edges = (start..self.coverage.len()).take_while(here).count();
            let end = start + edges;
            let weights = Weight::Each(&self.coverage);
            let repeat = self.graph.add_path(&self.source.text, start..end + k, weights);
            if edges > 0 && end == inside.start {
                walk = start;
            }
            // The edges before the window end at its first k-mer, which is no repeat.
            let is_beside = start == inside.end || (end == inside.start && repeat.is_some_and(|r| r.again != end));
            if let Some(repeat) = repeat.filter(|repeat| is_beside && repeat.first >= walk) {
                found = Some(repeat.length(&self.source.text, end + k));
            }
            start = end + 1;
        }
        found
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
