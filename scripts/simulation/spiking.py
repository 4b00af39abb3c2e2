"""Plants variants in real reads: the errors, qualities and mapping stay real, and the variants are known.

A seeded hash of its name puts every fragment on one of two haplotypes. The reads of a haplotype that carries a planted
variant get the variant's allele.
"""

import re
import zlib
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from .dna import decoded, encoded, reverse_complement
from .planting import Density, in_repeats, indels_anywhere, snps
from .stretches import Stretch
from .tools import lines_of
from .variants import Variant

REACH = 100  # bases about a read in which planted variants may change it
SHORTEST = 20  # bases of a read that is still written
UNMAPPED, REVERSE, SECOND, NOT_PRIMARY = 0x4, 0x10, 0x80, "0x900"  # SAM flags
Bases = tuple[str, str]  # bases and qualities of one read


def new_variants(stretch: Stretch, density: Density, rng: np.random.Generator) -> list[Variant]:
    """Variants to plant. The counts of all three kinds are drawn first."""
    counts = [rng.poisson(x * stretch.kilobases) for x in (density.repeats, density.anywhere, density.snps)]
    return in_repeats(stretch, counts[0], 0, rng) + indels_anywhere(stretch, counts[1], rng) + snps(stretch, counts[2], rng)


def haplotype_of(name: str, seed: int) -> int:
    """0 or 1, the same for both reads of a fragment."""
    return zlib.crc32(f"{seed}:{name}".encode()) >> 7 & 1


def is_kept(name: str, seed: int, share: float) -> bool:
    """Whether the fragment is in the share that is kept."""
    return zlib.crc32(f"share {seed}:{name}".encode()) / 2**32 < share


def read_offsets(cigar: str, position: int) -> dict[int, int]:
    """Offset in the read of every reference position that has a base of the read."""
    offsets, in_read, in_genome = {}, 0, position
    for size, op in re.findall(r"(\d+)([MIDNS])", cigar):
        size = int(size)
        if op == "M":
            offsets.update(zip(range(in_genome, in_genome + size), range(in_read, in_read + size)))
        in_read += size if op in "MIS" else 0
        in_genome += size if op in "MDN" else 0
    return offsets


@dataclass
class Alignment:
    """One aligned read. bases: on the reference's strand."""

    position: int
    reverse: bool
    cigar: str
    bases: str
    quality: str

    def with_alleles(self, variants: list[Variant], haplotype: int, stretch: Stretch) -> Bases:
        """The read with the haplotype's alleles, empty if it lies in a deletion. `variants`: the planted ones near the read."""
        offsets = read_offsets(self.cigar, self.position)
        read, aligned_to = (self.bases, self.quality), max(offsets, default=0) + 1
        # From the last on, so that the offsets of the others stay.
        for variant in reversed(variants):
            read, changed = self.with_allele(read, variant, variant.allele(haplotype), offsets)
            if changed:
                aligned_to = max(aligned_to, variant.end)
        return self.as_long_as_before(read, aligned_to, stretch)

    def with_allele(self, read: Bases, variant: Variant, alt: str, offsets: dict[int, int]) -> tuple[Bases, bool]:
        """The read with the allele, and whether its length may have changed."""
        (bases, quality), ref = read, variant.alleles[0]
        first, after = offsets.get(variant.position), offsets.get(variant.end)
        if ref == alt:
            return read, False
        if first is None:
            # No read of the haplotype begins in the deleted bases.
            if len(alt) < len(ref) and variant.position < self.position < variant.end:
                begin = after or len(self.bases)
                return (bases[begin:], quality[begin:]), False
            return read, False
        if len(ref) == len(alt):
            # A base that is an error stays one.
            return (bases[:first] + alt + bases[first + 1 :], quality) if bases[first] == ref else read, False
        last = after if after is not None else len(bases)
        middle = alt[1:] + bases[first + len(ref) : last] if last - first > len(ref) else alt[1:]
        given = (quality[first + 1 : last] + quality[first] * len(middle))[: len(middle)]
        return (bases[: first + 1] + middle + bases[last:], quality[: first + 1] + given + quality[last:]), True

    def as_long_as_before(self, read: Bases, aligned_to: int, stretch: Stretch) -> Bases:
        """Cuts or lengthens the read to its old length: the instrument makes so many cycles, whatever the DNA."""
        (bases, quality), length = read, len(self.bases)
        if len(bases) > length:
            # The end that is sequenced last goes.
            cut = slice(len(bases) - length, None) if self.reverse else slice(length)
            return bases[cut], quality[cut]
        if 0 < len(bases) < length and not self.cigar.endswith("S"):
            more = following(stretch, aligned_to, length - len(bases))
            return bases + more, quality + quality[-1] * len(more)
        return bases, quality


def following(stretch: Stretch, start: int, count: int) -> str:
    """The reference from `start` on, up to the next variant: what a read that lost bases to a deletion shows instead."""
    at = bisect_left(stretch.variants, start - 1, key=lambda v: v.position)
    end = min([start + count, stretch.end, *(v.position for v in stretch.variants[at : at + 1])])
    return decoded(stretch.reference[start - stretch.start : max(start, end) - stretch.start])


def read_pairs(bam: str, variants: list[Variant], seed: int, share: float, stretch: Stretch) -> dict[str, list[Bases | None]]:
    """Both reads of every fragment that is kept, as sequenced, with planted alleles; None where the file lacks one."""
    positions = np.array([v.position for v in variants])
    pairs: dict[str, list[Bases | None]] = {}
    for line in lines_of("samtools", "view", "-F", NOT_PRIMARY, bam):
        name, flag, _, position, _, cigar, _, _, _, bases, quality, *_ = line.rstrip("\n").split("\t", 11)
        flag, start = int(flag), int(position) - 1
        if not is_kept(name, seed, share):
            continue
        if not flag & UNMAPPED:
            low, high = np.searchsorted(positions, [start - REACH, start + len(bases) + REACH])
            read = Alignment(start, bool(flag & REVERSE), cigar, bases, quality)
            bases, quality = read.with_alleles(variants[low:high], haplotype_of(name, seed), stretch)
        if flag & REVERSE:
            bases, quality = decoded(reverse_complement(encoded(bases))), quality[::-1]
        pairs.setdefault(name, [None, None])[1 if flag & SECOND else 0] = (bases, quality)
    return pairs


def write_pairs(folder: str, pairs: dict[str, list[Bases | None]]) -> None:
    """1.fq and 2.fq, without fragments that lack a read or have a short one."""
    with open(f"{folder}/1.fq", "w") as first, open(f"{folder}/2.fq", "w") as second:
        for name, reads in pairs.items():
            if all(read and len(read[0]) >= SHORTEST for read in reads):
                for out, (bases, quality) in zip((first, second), reads):
                    out.write(f"@{name}\n{bases}\n+\n{quality}\n")
