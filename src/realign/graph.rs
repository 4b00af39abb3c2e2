//! The de Bruijn graph of a window's reference and reads, and the haplotypes that it spells.
//!
//! Vertices are k-mers, edges are (k+1)-mers that a read or the reference holds. k is the smallest for which the graph
//! has no cycle.

use std::ops::Range;

use super::RealignOptions;
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
    /// Bit b: the reference takes edge b.
    reference_edges: u8,
}

/// Assembles windows; keeps its buffers from one window to the next.
#[derive(Default)]
pub struct Assembler {
    /// The reference, then the stretches of reads without a bad base, end to end.
    text: Vec<u8>,
    segments: Vec<Range<usize>>,
    vertices: Vec<Vertex>,
    /// Open-addressing hash table: vertices by the hash of their k-mer.
    table: Vec<u32>,
    order: Vec<u32>,
    paths: Vec<u32>,
    k: usize,
}

impl Assembler {
    /// Haplotypes of the window that spans `reference`, in byte order; `reads` are those that overlap it. `None` if
    /// there are too many, if only the reference is left, or if no k will do.
    pub fn haplotypes<'a>(
        &mut self,
        reference: &[u8],
        reads: impl Iterator<Item = &'a Read>,
        options: &RealignOptions,
    ) -> Option<Vec<Vec<u8>>> {
        self.fill_text(reference, reads, options);
        self.build_acyclic(options)?;
        self.prune(options.min_edge_weight);
        if !(2..=options.max_haplotypes).contains(&self.count_paths(options.max_haplotypes)) {
            return None;
        }
        Some(self.spell_paths())
    }

    fn fill_text<'a>(&mut self, reference: &[u8], reads: impl Iterator<Item = &'a Read>, options: &RealignOptions) {
        self.text.clear();
        self.segments.clear();
        self.text.extend_from_slice(reference);
        self.segments.push(0..reference.len());
        for read in reads.filter(|r| r.mapping_quality >= options.graph_mapping_quality) {
            let good = |(base, qual): (&u8, &u8)| *base != b'N' && *qual >= options.graph_base_quality;
            let mut start = self.text.len();
            for pair in read.bases.iter().zip(&read.quals) {
                if good(pair) {
                    self.text.push(*pair.0);
                } else {
                    start = self.close_segment(start, options.min_k);
                }
            }
            self.close_segment(start, options.min_k);
        }
    }

    /// Ends the segment that began at `start`; drops it if it is too short for any edge.
    fn close_segment(&mut self, start: usize, min_k: usize) -> usize {
        if self.text.len() > start + min_k {
            self.segments.push(start..self.text.len());
        } else {
            self.text.truncate(start);
        }
        self.text.len()
    }

    /// Builds the graph for the smallest k without a cycle. A cycle at k + 1 is one at k too, so k can be bisected.
    fn build_acyclic(&mut self, options: &RealignOptions) -> Option<()> {
        let max_k = options.max_k.min(self.segments[0].len().saturating_sub(1));
        let (mut cyclic, mut step) = (options.min_k.saturating_sub(1), 1);
        let mut acyclic = loop {
            let k = (cyclic + step).min(max_k);
            if k <= cyclic {
                return None;
            }
            if self.build(k) {
                break k;
            }
            (cyclic, step) = (k, 2 * step);
        };
        while acyclic > cyclic + 1 {
            let k = cyclic.midpoint(acyclic);
            if self.build(k) { acyclic = k } else { cyclic = k }
        }
        (self.k == acyclic || self.build(acyclic)).then_some(())
    }

    /// Builds the graph for `k`; false if it has a cycle.
    fn build(&mut self, k: usize) -> bool {
        self.k = k;
        self.vertices.clear();
        let kmers: usize = self.segments.iter().map(|s| (s.len() + 1).saturating_sub(k)).sum();
        self.table.clear();
        self.table.resize((2 * kmers).next_power_of_two(), NONE);
        for i in 0..self.segments.len() {
            let is_reference = i == 0;
            if !self.add_segment(self.segments[i].clone(), is_reference) {
                return false;
            }
        }
        self.sort_topologically()
    }

    /// Adds the k-mers and edges of a stretch of text; false if the reference holds a k-mer twice.
    fn add_segment(&mut self, segment: Range<usize>, is_reference: bool) -> bool {
        let k = self.k;
        if segment.len() <= k {
            return true;
        }
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let push = |hash: u64, base: u8| hash.wrapping_mul(FACTOR).wrapping_add(u64::from(base));
        let oldest = FACTOR.wrapping_pow(k as u32);
        let mut hash = self.text[segment.start..segment.start + k]
            .iter()
            .fold(0, |h, &b| push(h, b));
        let mut previous = self.vertex(hash, segment.start);
        for end in segment.start + k..segment.end {
            let start = end - k;
            hash = push(hash, self.text[end]).wrapping_sub(oldest.wrapping_mul(u64::from(self.text[start])));
            let known = self.vertices.len();
            let vertex = self.vertex(hash, start + 1);
            if is_reference && vertex as usize != known {
                return false;
            }
            let edge = base_index(self.text[end]);
            let from = &mut self.vertices[previous as usize];
            from.next[edge] = vertex;
            from.weight[edge] += 1;
            from.reference_edges |= u8::from(is_reference) << edge;
            previous = vertex;
        }
        true
    }

    /// The vertex of the k-mer at `offset`, made if need be.
    fn vertex(&mut self, hash: u64, offset: usize) -> u32 {
        let mask = self.table.len() - 1;
        let mut slot = (hash ^ (hash >> 32)) as usize & mask;
        loop {
            let found = self.table[slot];
            if found == NONE {
                break;
            }
            let other = self.vertices[found as usize].offset as usize;
            if self.text[other..other + self.k] == self.text[offset..offset + self.k] {
                return found;
            }
            slot = (slot + 1) & mask;
        }
        let vertex = self.vertices.len() as u32;
        self.table[slot] = vertex;
        self.vertices.push(Vertex {
            offset: offset as u32,
            next: [NONE; 5],
            weight: [0; 5],
            reference_edges: 0,
        });
        vertex
    }

    /// Orders the vertices along the edges (Kahn's algorithm); false if there is a cycle.
    fn sort_topologically(&mut self) -> bool {
        self.paths.clear();
        self.paths.resize(self.vertices.len(), 0);
        let before = &mut self.paths;
        for next in self.vertices.iter().flat_map(|v| v.next).filter(|&n| n != NONE) {
            before[next as usize] += 1;
        }
        self.order.clear();
        self.order
            .extend((0..self.vertices.len() as u32).filter(|&v| before[v as usize] == 0));
        let mut done = 0;
        while let Some(&vertex) = self.order.get(done) {
            done += 1;
            for next in self.vertices[vertex as usize].next.into_iter().filter(|&n| n != NONE) {
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
                if vertex.weight[edge] < min_weight && vertex.reference_edges >> edge & 1 == 0 {
                    vertex.next[edge] = NONE;
                }
            }
        }
    }

    /// The window's last k-mer.
    fn sink(&self) -> u32 {
        (self.segments[0].len() - self.k) as u32
    }

    /// Leaves in `paths` how many paths lead from each vertex to the sink, and returns how many there are from the
    /// source; figures above `limit` mean no more than "too many".
    fn count_paths(&mut self, limit: usize) -> usize {
        self.paths.fill(0);
        let sink = self.sink();
        self.paths[sink as usize] = 1;
        for &vertex in self.order.iter().rev().filter(|&&v| v != sink) {
            let next = self.vertices[vertex as usize].next.into_iter().filter(|&n| n != NONE);
            let sum: u32 = next.map(|n| self.paths[n as usize]).sum();
            self.paths[vertex as usize] = sum.min(limit as u32 + 1);
        }
        self.paths[0] as usize
    }

    /// The sequences of all paths from source to sink, in byte order (the edges stand in that order, save N).
    fn spell_paths(&self) -> Vec<Vec<u8>> {
        let mut haplotypes = Vec::with_capacity(self.paths[0] as usize);
        let mut unfinished = vec![(0, self.text[..self.k].to_vec())];
        while let Some((mut vertex, mut bases)) = unfinished.pop() {
            while vertex != self.sink() {
                let next = self.vertices[vertex as usize].next;
                let mut edges = (0..BASES.len()).filter(|&e| next[e] != NONE && self.paths[next[e] as usize] > 0);
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

fn base_index(base: u8) -> usize {
    BASES.iter().position(|&b| b == base).unwrap_or(BASES.len() - 1)
}
