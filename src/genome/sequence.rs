//! A piece of reference sequence in memory.

/// Reference bases (A, C, G, T, N) from `start`, addressed by genome position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// 0-based position of the first base.
    pub start: u64,
    pub bases: Vec<u8>,
}

impl Sequence {
    pub fn new(start: u64, bases: Vec<u8>) -> Self {
        Self { start, bases }
    }

    /// 0-based position after the last base.
    pub fn end(&self) -> u64 {
        self.start + self.bases.len() as u64
    }

    /// The base at the 0-based `position`; N outside of the sequence.
    pub fn base(&self, position: u64) -> u8 {
        position
            .checked_sub(self.start)
            .and_then(|i| self.bases.get(i as usize))
            .copied()
            .unwrap_or(b'N')
    }

    /// The bases of `start..end`, clipped to the sequence.
    pub fn slice(&self, start: u64, end: u64) -> &[u8] {
        let index = |p: u64| p.clamp(self.start, self.end()) - self.start;
        &self.bases[index(start) as usize..index(end).max(index(start)) as usize]
    }
}
