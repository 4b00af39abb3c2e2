//! A de Bruijn graph of parts of a text, and the paths through it.
//!
//! Vertices are k-mers; edges are (k+1)-mers of a read or the reference.

use std::ops::Range;

const NONE: u32 = u32::MAX;

/// Edges of a vertex, one for each possible next base (A, C, G, T, N).
const BASES: [u8; 5] = *b"ACGTN";

#[derive(Clone, Copy)]
struct Vertex {
    /// Offset of the k-mer's first occurrence in the text.
    offset: u32,
    next: [u32; 5],
    weight: [u32; 5],
    /// Bit b: edge b exists, and the reference takes it.
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

/// Weight of the edges of a path.
#[derive(Clone, Copy)]
pub enum Weight<'a> {
    /// The edge is always kept.
    Reference,
    One,
    /// The weight of the edge that starts at each offset of the text.
    Each(&'a [u32]),
}

/// Two offsets of the text with equal k-mers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    pub first: usize,
    pub again: usize,
}

impl Repeat {
    /// The number of equal bases from both offsets on, up to `end`.
    pub fn length(&self, text: &[u8], end: usize) -> usize {
        let (first, again) = (&text[self.first..], &text[self.again..end]);
        first.iter().zip(again).take_while(|(a, b)| a == b).count()
    }
}

/// The graph. It reuses its buffers.
#[derive(Default)]
pub struct Graph {
    k: usize,
    vertices: Vec<Vertex>,
    /// Open-addressing hash table: upper half of the k-mer's hash, and the vertex.
    table: Vec<(u32, u32)>,
    /// Number of edges into each vertex.
    incoming: Vec<u32>,
    order: Vec<u32>,
    paths: Vec<u32>,
}

impl Graph {
    /// Clears the graph and makes room for the k-mers of `bases` bases.
    pub fn clear(&mut self, k: usize, bases: usize) {
        self.k = k;
        self.vertices.clear();
        self.incoming.clear();
        self.table.clear();
        self.table.resize((2 * bases).next_power_of_two(), (0, NONE));
    }

    pub fn k(&self) -> usize {
        self.k
    }

    /// Adds the k-mers and edges of a part of the text. Returns the first k-mer after the path's first that the graph
    /// already has; the reference ends there.
    pub fn add_path(&mut self, text: &[u8], path: Range<usize>, weight: Weight) -> Option<Repeat> {
        let k = self.k;
        let mut repeat = None;
        if path.len() <= k {
            return repeat;
        }
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let push = |hash: u64, base: u8| hash.wrapping_mul(FACTOR).wrapping_add(u64::from(base));
        let oldest = FACTOR.wrapping_pow(k as u32);
        let mut hash = text[path.start..path.start + k].iter().fold(0, |h, &b| push(h, b));
        let mut previous = self.vertex(text, hash, path.start);
        for end in path.start + k..path.end {
            let start = end - k;
            hash = push(hash, text[end]).wrapping_sub(oldest.wrapping_mul(u64::from(text[start])));
            let next_vertex = self.vertices.len();
            let vertex = self.vertex(text, hash, start + 1);
            if repeat.is_none() && vertex as usize != next_vertex {
                let first = self.vertices[vertex as usize].offset as usize;
                let again = start + 1;
                repeat = Some(Repeat { first, again });
                if matches!(weight, Weight::Reference) {
                    return repeat;
                }
            }
            let edge = base_index(text[end]);
            let from = &mut self.vertices[previous as usize];
            if from.edges >> edge & 1 == 0 {
                from.edges |= 1 << edge;
                from.next[edge] = vertex;
                self.incoming[vertex as usize] += 1;
            }
            match weight {
                Weight::Reference => from.reference_edges |= 1 << edge,
                Weight::One => from.weight[edge] += 1,
                Weight::Each(weights) => from.weight[edge] += weights[start],
            }
            previous = vertex;
        }
        repeat
    }

    /// The vertex of the k-mer at `offset`. Adds the vertex if it is new.
    fn vertex(&mut self, text: &[u8], hash: u64, offset: usize) -> u32 {
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
                if text[other..other + self.k] == text[offset..offset + self.k] {
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

    /// Sorts the vertices topologically (Kahn's algorithm); false if there is a cycle.
    pub fn sort_topologically(&mut self) -> bool {
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

    /// Removes edges with too few reads that the reference does not take.
    pub fn prune(&mut self, min_weight: u32) {
        for vertex in &mut self.vertices {
            for edge in 0..BASES.len() {
                let kept = vertex.weight[edge] >= min_weight || vertex.reference_edges >> edge & 1 == 1;
                if !kept && vertex.edges >> edge & 1 == 1 {
                    vertex.edges &= !(1 << edge);
                    // All counts are 0 after the topological sort.
                    let incoming = &mut self.incoming[vertex.next[edge] as usize];
                    *incoming = incoming.saturating_sub(1);
                }
            }
        }
    }

    /// The number of paths from the first vertex to `sink`; any number above `limit` means "too many". The vertices
    /// must be sorted.
    pub fn count_paths(&mut self, sink: u32, limit: usize) -> usize {
        self.paths.clear();
        self.paths.resize(self.vertices.len(), 0);
        self.paths[sink as usize] = 1;
        for &vertex in self.order.iter().rev().filter(|&&v| v != sink) {
            let next = self.vertices[vertex as usize].successors();
            let sum: u32 = next.map(|n| self.paths[n as usize]).sum();
            self.paths[vertex as usize] = sum.min(limit as u32 + 1);
        }
        self.paths[0] as usize
    }

    /// The sequences of the counted paths, in byte order; `source` is the first vertex's k-mer.
    pub fn spell_paths(&self, source: &[u8], sink: u32) -> Vec<Vec<u8>> {
        let mut haplotypes = Vec::with_capacity(self.paths[0] as usize);
        let mut unfinished = vec![(0, source.to_vec())];
        while let Some((mut vertex, mut bases)) = unfinished.pop() {
            while vertex != sink {
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

/// Index of a base in [`BASES`].
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
