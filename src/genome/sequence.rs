//! A stretch of reference sequence held in memory.

/// Reference bases (A, C, G, T, N) from `start` on, addressed by genome position.
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

    /// One past the last position held.
    pub fn end(&self) -> u64 {
        self.start + self.bases.len() as u64
    }

    /// The base at `position`, N outside of what is held.
    pub fn base(&self, position: u64) -> u8 {
        position
            .checked_sub(self.start)
            .and_then(|i| self.bases.get(i as usize))
            .copied()
            .unwrap_or(b'N')
    }

    /// The bases of `start..end`, cut to what is held.
    pub fn slice(&self, start: u64, end: u64) -> &[u8] {
        let index = |p: u64| p.clamp(self.start, self.end()) - self.start;
        &self.bases[index(start) as usize..index(end).max(index(start)) as usize]
    }
}
