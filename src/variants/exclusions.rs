//! Calls of a VCF that are not used, with the reason. Commands report all of them.

/// Why a call, or one of its alleles, is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallExclusion {
    /// A truth record that failed a filter.
    Filtered,
    Ploidy,
    Symbolic,
    Long,
    NotInReference,
    /// The VCF holds the same call twice.
    Repeated,
    /// Another call has the same allele with another genotype.
    Contradicted,
    NoAlternate,
}

impl CallExclusion {
    const ALL: [Self; 8] = [
        Self::Filtered,
        Self::Ploidy,
        Self::Symbolic,
        Self::Long,
        Self::NotInReference,
        Self::Repeated,
        Self::Contradicted,
        Self::NoAlternate,
    ];

    /// The name in `metrics.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Ploidy => "more_than_two_alleles",
            Self::Symbolic => "symbolic_allele",
            Self::Long => "long_allele",
            Self::NotInReference => "contig_not_in_reference",
            Self::Repeated => "repeated",
            Self::Contradicted => "contradicted",
            Self::NoAlternate => "no_alternate",
        }
    }

    /// A description for people, to follow the word "calls" or "records".
    pub fn described(self) -> &'static str {
        match self {
            Self::Filtered => "with a FILTER or FT other than PASS (--use-filtered-truth includes them)",
            Self::Ploidy => "whose genotype has more than two alleles",
            Self::Symbolic => "with a symbolic allele or a breakend",
            Self::Long => "with an allele of more than 1,000 bases",
            Self::NotInReference => "on contigs that the reference lacks",
            Self::Repeated => "that repeat another call",
            Self::Contradicted => "whose allele has another genotype in another call",
            Self::NoAlternate => "without an alternate allele",
        }
    }
}

/// Calls that are not used, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExcludedCalls {
    /// Number of calls and 1-based place of the first call, in the order of [`CallExclusion::ALL`].
    counts: [(u64, String); CallExclusion::ALL.len()],
}

impl ExcludedCalls {
    /// Counts a call at a 0-based position.
    pub fn add(&mut self, reason: CallExclusion, contig: &str, position: u64) {
        let (count, first) = &mut self.counts[reason as usize];
        if *count == 0 {
            *first = format!("{contig}:{}", position + 1);
        }
        *count += 1;
    }

    /// Each reason with calls, the number of calls, and the 1-based place of the first call.
    pub fn reasons(&self) -> impl Iterator<Item = (CallExclusion, u64, &str)> {
        let all = CallExclusion::ALL.into_iter().zip(&self.counts);
        all.filter(|(_, (count, _))| *count > 0)
            .map(|(reason, (count, first))| (reason, *count, first.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_reason_with_the_first_place() {
        let mut left_out = ExcludedCalls::default();
        left_out.add(CallExclusion::NotInReference, "z", 4);
        left_out.add(CallExclusion::Ploidy, "c", 9);
        left_out.add(CallExclusion::Ploidy, "c", 19);
        let reasons: Vec<_> = left_out.reasons().collect();
        assert_eq!(
            reasons,
            [
                (CallExclusion::Ploidy, 2, "c:10"),
                (CallExclusion::NotInReference, 1, "z:5")
            ]
        );
        for (index, reason) in CallExclusion::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }
}
