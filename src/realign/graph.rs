//! The de Bruijn graph of a window's reference and reads, and the haplotypes that it spells.
//!
//! Vertices are k-mers, edges are (k+1)-mers that a read or the reference holds. k is the smallest for which the graph
//! has no cycle, or the next few if there are too many haplotypes by that: longer k-mers link neighbouring variants.

use std::ops::Range;

use super::RealignOptions;
use super::segments::{Run, Segment, Segments};
use crate::genome::Sequence;
use crate::reads::Read;

const NONE: u32 = u32::MAX;

/// Edges out of a vertex, one for each base that may follow (A, C, G, T, N).
const BASES: [u8; 5] = *b"ACGTN";

#[derive(Clone, Copy)]
struct Vertex {
    /// Where in the text the k-mer first stands.
    offset: u32,
    next: [u32; 5],
    weight: [u32; 5],
    /// Bit b: there is an edge b, and the reference takes it.
    edges: u8,
    reference_edges: u8,
}

impl Vertex {
    fn successors(&self) -> impl Iterator<Item = u32> + '_ {
        let mut edges = self.edges;
        std::iter::from_fn(move || {
            let edge = edges.trailing_zeros() as usize;
            edges &= edges.wrapping_sub(1);
            self.next.get(edge).copied()
        })
    }
}

/// What an edge of a path counts.
#[derive(Clone, Copy)]
enum Weight {
    /// Kept whatever its weight.
    Reference,
    One,
    Coverage,
}

/// Assembles windows; keeps its buffers from one window to the next.
///
/// Most bases of most reads equal the reference. Such stretches are not hashed base by base, only counted: their edges
/// are the reference's.
#[derive(Default)]
pub struct Assembler {
    source: Segments,
    /// How many runs take the edge that begins at each base of the reference.
    coverage: Vec<u32>,
    vertices: Vec<Vertex>,
    /// Open-addressing hash table: vertices by the hash of their k-mer, each after the hash's upper half.
    table: Vec<(u32, u32)>,
    /// How many edges lead to each vertex.
    incoming: Vec<u32>,
    order: Vec<u32>,
    paths: Vec<u32>,
    k: usize,
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
        while paths > options.max_haplotypes && self.k < max_k {
            if !self.build((self.k + self.k / 2).min(max_k), options) {
                return None;
            }
            paths = self.count_kept_paths(options);
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
        (self.k == acyclic || self.build(acyclic, options)).then_some(())
    }

    /// Builds the graph for `k`; false if it has a cycle. Of short k-mers any cycle counts, of long ones only that of
    /// edges which are kept: a single bad read shall not ask for k-mers longer than what most reads hold.
    fn build(&mut self, k: usize, options: &RealignOptions) -> bool {
        self.k = k;
        self.vertices.clear();
        self.incoming.clear();
        self.table.clear();
        let counted: usize = self
            .source
            .runs
            .iter()
            .map(|run| run.text.len().saturating_sub(k))
            .sum();
        self.table
            .resize((2 * (self.source.text.len() - counted)).next_power_of_two(), (0, NONE));
        if !self.add_path(self.source.window.clone(), Weight::Reference) {
            return false;
        }
        self.coverage.clear();
        self.coverage.resize(self.source.span + 1, 0);
        for i in 0..self.source.segments.len() {
            self.add_segment(i);
        }
        self.add_covered_reference();
        if k >= options.long_k {
            self.prune(options.min_edge_weight);
        }
        self.sort_topologically()
    }

    /// Adds the edges of a segment, counting those of its runs.
    fn add_segment(&mut self, segment: usize) {
        let Segment { text, runs } = &self.source.segments[segment];
        let (mut begin, end, runs) = (text.start, text.end, runs.clone());
        for run in runs {
            let Run { text, reference } = &self.source.runs[run];
            if text.len() <= self.k {
                continue;
            }
            // Summed up later: from here on one run more, from there on one less.
            self.coverage[*reference] = self.coverage[*reference].wrapping_add(1);
            let after = reference + text.len() - self.k;
            self.coverage[after] = self.coverage[after].wrapping_sub(1);
            let (start, next) = (text.start, text.end - self.k);
            if start > begin {
                self.add_path(begin..start + self.k, Weight::One);
            }
            begin = next;
        }
        self.add_path(begin..end, Weight::One);
    }

    /// Adds the reference's edges that runs take, but for those within the window, which are there.
    fn add_covered_reference(&mut self) {
        let mut sum = 0u32;
        for covered in &mut self.coverage {
            sum = sum.wrapping_add(*covered);
            *covered = sum;
        }
        let inside = self.source.window.start..(self.source.window.end - self.k);
        let mut at = 0;
        while at < self.coverage.len() {
            let here = |at: &usize| self.coverage[*at] > 0 && !inside.contains(at);
            let edges = (at..self.coverage.len()).take_while(here).count();
            if edges > 0 {
                self.add_path(at..at + edges + self.k, Weight::Coverage);
            }
            at += edges + 1;
        }
    }

    /// Adds the k-mers and edges of a stretch of text; false if the reference holds a k-mer twice.
    fn add_path(&mut self, path: Range<usize>, weight: Weight) -> bool {
        let k = self.k;
        if path.len() <= k {
            return true;
        }
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let push = |hash: u64, base: u8| hash.wrapping_mul(FACTOR).wrapping_add(u64::from(base));
        let oldest = FACTOR.wrapping_pow(k as u32);
        let mut hash = self.source.text[path.start..path.start + k]
            .iter()
            .fold(0, |h, &b| push(h, b));
        let mut previous = self.vertex(hash, path.start);
        for end in path.start + k..path.end {
            let start = end - k;
            hash =
                push(hash, self.source.text[end]).wrapping_sub(oldest.wrapping_mul(u64::from(self.source.text[start])));
            let known = self.vertices.len();
            let vertex = self.vertex(hash, start + 1);
            let edge = base_index(self.source.text[end]);
            let from = &mut self.vertices[previous as usize];
            if from.edges >> edge & 1 == 0 {
                from.edges |= 1 << edge;
                from.next[edge] = vertex;
                self.incoming[vertex as usize] += 1;
            }
            match weight {
                Weight::Reference if vertex as usize != known => return false,
                Weight::Reference => from.reference_edges |= 1 << edge,
                Weight::One => from.weight[edge] += 1,
                Weight::Coverage => from.weight[edge] += self.coverage[start],
            }
            previous = vertex;
        }
        true
    }

    /// The vertex of the k-mer at `offset`, made if need be.
    fn vertex(&mut self, hash: u64, offset: usize) -> u32 {
        let mask = self.table.len() - 1;
        let tag = (hash >> 32) as u32;
        let mut slot = (hash ^ (hash >> 32)) as usize & mask;
        loop {
            let (other_tag, found) = self.table[slot];
            if found == NONE {
                break;
            }
            if other_tag == tag {
                let other = self.vertices[found as usize].offset as usize;
                if self.source.text[other..other + self.k] == self.source.text[offset..offset + self.k] {
                    return found;
                }
            }
            slot = (slot + 1) & mask;
        }
        let vertex = self.vertices.len() as u32;
        self.table[slot] = (tag, vertex);
        self.incoming.push(0);
        self.vertices.push(Vertex {
            offset: offset as u32,
            next: [NONE; 5],
            weight: [0; 5],
            edges: 0,
            reference_edges: 0,
        });
        vertex
    }

    /// Orders the vertices along the edges (Kahn's algorithm); false if there is a cycle.
    fn sort_topologically(&mut self) -> bool {
        let before = &mut self.incoming;
        self.order.clear();
        self.order
            .extend((0..self.vertices.len() as u32).filter(|&v| before[v as usize] == 0));
        let mut done = 0;
        while let Some(&vertex) = self.order.get(done) {
            done += 1;
            for next in self.vertices[vertex as usize].successors() {
                before[next as usize] -= 1;
                if before[next as usize] == 0 {
                    self.order.push(next);
                }
            }
        }
        done == self.vertices.len()
    }

    /// Removes edges that too few reads take and the reference does not.
    fn prune(&mut self, min_weight: u32) {
        for vertex in &mut self.vertices {
            for edge in 0..BASES.len() {
                let kept = vertex.weight[edge] >= min_weight || vertex.reference_edges >> edge & 1 == 1;
                if !kept && vertex.edges >> edge & 1 == 1 {
                    vertex.edges &= !(1 << edge);
                    // All are 0 once the vertices are in order.
                    let incoming = &mut self.incoming[vertex.next[edge] as usize];
                    *incoming = incoming.saturating_sub(1);
                }
            }
        }
    }

    /// The window's last k-mer.
    fn sink(&self) -> u32 {
        (self.source.window.len() - self.k) as u32
    }

    fn count_kept_paths(&mut self, options: &RealignOptions) -> usize {
        self.prune(options.min_edge_weight);
        self.count_paths(options.max_haplotypes)
    }

    /// Leaves in `paths` how many paths lead from each vertex to the sink, and returns how many there are from the
    /// source; figures above `limit` mean no more than "too many".
    fn count_paths(&mut self, limit: usize) -> usize {
        self.paths.clear();
        self.paths.resize(self.vertices.len(), 0);
        let sink = self.sink();
        self.paths[sink as usize] = 1;
        for &vertex in self.order.iter().rev().filter(|&&v| v != sink) {
            let next = self.vertices[vertex as usize].successors();
            let sum: u32 = next.map(|n| self.paths[n as usize]).sum();
            self.paths[vertex as usize] = sum.min(limit as u32 + 1);
        }
        self.paths[0] as usize
    }

    /// The sequences of all paths from source to sink, in byte order (the edges stand in that order, save N).
    fn spell_paths(&self) -> Vec<Vec<u8>> {
        let mut haplotypes = Vec::with_capacity(self.paths[0] as usize);
        let source = &self.source.text[self.source.window.start..self.source.window.start + self.k];
        let mut unfinished = vec![(0, source.to_vec())];
        while let Some((mut vertex, mut bases)) = unfinished.pop() {
            while vertex != self.sink() {
                let Vertex { next, edges, .. } = self.vertices[vertex as usize];
                let mut edges = (0..BASES.len()).filter(|&e| edges >> e & 1 == 1 && self.paths[next[e] as usize] > 0);
                let Some(first) = edges.next() else { break };
                for other in edges {
                    let mut branch = bases.clone();
                    branch.push(BASES[other]);
                    unfinished.push((next[other], branch));
                }
                bases.push(BASES[first]);
                vertex = next[first];
            }
            haplotypes.push(bases);
        }
        haplotypes.sort_unstable();
        haplotypes
    }
}

/// Where a base stands in [`BASES`].
fn base_index(base: u8) -> usize {
    const INDICES: [u8; 256] = {
        let mut indices = [BASES.len() as u8 - 1; 256];
        let mut i = 0;
        while i < BASES.len() {
            indices[BASES[i] as usize] = i as u8;
            i += 1;
        }
        indices
    };
    usize::from(INDICES[usize::from(base)])
}
