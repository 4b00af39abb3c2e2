"""Stretches of a contig that are simulated, and their two haplotypes."""

import sys
from dataclasses import dataclass, field

import numpy as np

from .dna import encoded, fetch
from .variants import Variant

Span = tuple[int, int]
APART = 1000  # bases between a stretch and whatever is left out, or another stretch
MOST_TRIES = 5000


@dataclass
class Stretch:
    """contig:[start, end), the depth that it is sequenced to (reads over a base), its reference bases and its variants."""

    contig: str
    start: int
    end: int
    depth: float
    reference: np.ndarray
    variants: list[Variant] = field(default_factory=list)

    @property
    def kilobases(self) -> float:
        return len(self.reference) / 1000

    def base_at(self, position: int) -> str:
        """The reference base at a position of the contig."""
        return chr(self.reference[position - self.start])

    def haplotype(self, which: int) -> np.ndarray:
        """Bases of haplotype 0 or 1."""
        pieces, at = [], self.start
        for variant in self.variants:
            pieces.append(self.reference[at - self.start : variant.position - self.start])
            pieces.append(encoded(variant.allele(which)))
            at = variant.end
        pieces.append(self.reference[at - self.start :])
        return np.concatenate(pieces)


@dataclass
class Choice:
    """Where stretches may lie: in `within`, not in `left_out` (bases of the contig). `length` 0: all of `within`, as one
    stretch. `depth`: lowest and highest depth; each stretch draws its own (log-uniform)."""

    contig: str
    within: Span
    left_out: list[Span]
    count: int
    length: int
    depth: tuple[float, float]


def spans_of_megabases(text: str) -> list[Span]:
    """'A-B,C-D' in megabases, as spans in bases."""
    pairs = [part.split("-") for part in text.split(",") if part]
    return [(round(float(a) * 1e6), round(float(b) * 1e6)) for a, b in pairs]


def choose_stretches(fasta: str, choice: Choice, rng: np.random.Generator) -> list[Stretch]:
    """Stretches in the order of the contig. Drawn ones keep apart, and lie in no gap of the reference."""
    if not choice.length:
        return [with_depth(choice, choice.within, fetch(fasta, choice.contig, *choice.within), rng)]
    (low, high), taken, chosen, tries = choice.within, list(choice.left_out), [], 0
    while len(chosen) < choice.count:
        tries += 1
        if tries > MOST_TRIES:
            sys.exit(f"simulation: no room for {choice.count} stretches of {choice.length} bases; give fewer or shorter ones")
        start = int(rng.integers(low, high - choice.length))
        end = start + choice.length
        if any(start < b + APART and end > a - APART for a, b in taken):
            continue
        reference = fetch(fasta, choice.contig, start, end)
        if not (reference == ord("N")).any():
            taken.append((start, end))
            chosen.append(with_depth(choice, (start, end), reference, rng))
    return sorted(chosen, key=lambda s: s.start)


def with_depth(choice: Choice, span: Span, reference: np.ndarray, rng: np.random.Generator) -> Stretch:
    """The stretch, with a depth that is drawn."""
    lowest, highest = choice.depth
    return Stretch(choice.contig, *span, lowest * (highest / lowest) ** rng.random(), reference)
