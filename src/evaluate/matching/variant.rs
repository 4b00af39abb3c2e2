//! A call for the matching: the change of each of its two alleles.

use crate::evaluate::calls::SampleCall;
use crate::variants::Edit;

/// The two alleles of a genotype, each trimmed separately.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Index of the call in its list.
    pub call: usize,
    /// Hull of both changes, 0-based half-open.
    pub start: i64,
    pub end: i64,
    /// The change of each allele. None for the reference, a dot, or an allele without a sequence.
    pub sides: [Option<Edit>; 2],
    /// The allele numbers of the genotype; −1 for a dot.
    pub numbers: [i16; 2],
    pub phase: Option<i32>,
}

/// An assignment of a variant's alleles to the two haplotypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oriented {
    pub variant: u32,
    /// Whether the alleles have the order of the genotype.
    pub as_written: bool,
    /// Allele number on this haplotype, and its side of the genotype.
    pub number: i16,
    pub side: u8,
    other_number: i16,
    other_side: u8,
}

impl Oriented {
    /// The same assignment for the other haplotype.
    pub fn other(self) -> Self {
        Self {
            as_written: self.as_written == (self.number == self.other_number),
            number: self.other_number,
            side: self.other_side,
            other_number: self.number,
            other_side: self.side,
            ..self
        }
    }
}

/// How alleles are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Both alleles must match.
    Genotype,
    /// As `Genotype`, and variants of one phase set keep their phase.
    Phased,
    /// One shared allele is enough.
    Allele,
}

impl Variant {
    /// None if the call has no comparable change.
    pub fn new(call: &SampleCall, index: usize) -> Option<Self> {
        if !call.is_comparable() {
            return None;
        }
        let allele = |side: usize| call.genotype.get(side).copied().flatten();
        let change = |side: usize| {
            let bases = call.alternate(allele(side))?;
            Some(Edit::between(call.position, &call.reference, bases, false))
        };
        let number = |side: usize| allele(side).map_or(-1, i16::from);
        let sides = [change(0), change(1)];
        let changes = || sides.iter().flatten();
        Some(Self {
            call: index,
            start: changes().map(|c| c.start as i64).min()?,
            end: changes().map(|c| c.end as i64).max()?,
            numbers: [number(0), number(1)],
            sides,
            phase: call.phase,
        })
    }

    /// The assignments to try. `settled` is the last phase set, and whether it is used as written.
    pub fn orientations(&self, index: u32, rule: Rule, settled: Option<(i32, bool)>) -> Vec<Oriented> {
        let oriented = |side: u8, other: u8, as_written| Oriented {
            variant: index,
            as_written,
            number: self.numbers[usize::from(side)],
            side,
            other_number: self.numbers[usize::from(other)],
            other_side: other,
        };
        if rule == Rule::Allele {
            let mut sides: Vec<u8> = (0..2).filter(|&s| self.sides[usize::from(s)].is_some()).collect();
            sides.sort_by_key(|&s| self.numbers[usize::from(s)]);
            sides.dedup_by_key(|s| self.numbers[usize::from(*s)]);
            return sides.into_iter().map(|s| oriented(s, s, true)).collect();
        }
        if self.numbers[0] == self.numbers[1] {
            return vec![oriented(0, 0, true)];
        }
        let both = [oriented(0, 1, true), oriented(1, 0, false)];
        match (rule, self.phase, settled) {
            (Rule::Phased, Some(set), Some((known, as_written))) if set == known => {
                vec![both[usize::from(!as_written)]]
            }
            _ => both.to_vec(),
        }
    }

    /// The change of the allele on one side of the genotype.
    pub fn change(&self, side: u8) -> Option<&Edit> {
        self.sides[usize::from(side & 1)].as_ref()
    }
}
