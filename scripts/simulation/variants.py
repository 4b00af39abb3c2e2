"""Variants of one person, and the spellings of an indel."""

from collections.abc import Callable
from dataclasses import dataclass

Spelling = tuple[int, str, str]  # position, reference allele, alternate allele


@dataclass
class Variant:
    """position: 0-based on the contig; alleles: the reference allele first; genotype: allele index on each haplotype."""

    position: int
    alleles: tuple[str, ...]
    genotype: tuple[int, int]

    @property
    def end(self) -> int:
        """First position after the reference allele."""
        return self.position + len(self.alleles[0])

    def allele(self, haplotype: int) -> str:
        """The bases that the haplotype (0 or 1) carries."""
        return self.alleles[self.genotype[haplotype]]


def trimmed(variant: Variant, haplotype: int) -> Spelling | None:
    """The haplotype's allele without the bases that it shares with the reference; None where it has the reference."""
    position, ref, alt = variant.position, variant.alleles[0], variant.allele(haplotype)
    if ref == alt:
        return None
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def left_aligned(indel: Spelling, base_at: Callable[[int], str], least: int) -> Spelling | None:
    """The same indel as far left as it goes; None when its anchor base would come to lie at `least` or before.

    `indel` is a pure insertion or deletion: one of its alleles is the anchor base alone.
    """
    position, ref, alt = indel
    while ref[-1] == alt[-1]:
        position -= 1
        if position <= least:
            return None
        ref, alt = base_at(position) + ref[:-1], base_at(position) + alt[:-1]
    return position, ref, alt
