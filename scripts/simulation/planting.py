"""Variants that are planted in a stretch, beside those of the truth VCF."""

from dataclasses import dataclass

import numpy as np

from .dna import BASES, TRANSITION, decoded
from .repeats import tracts
from .stretches import Stretch
from .truth import NEAREST
from .variants import Variant, left_aligned

LONGEST = 50  # bases that a planted indel adds or takes away
LONG_DELETIONS, LONG_INSERTIONS = (20, 400), (20, 150)  # bases; every logarithm is as frequent as every other
BLOCK = 200  # bases with many SNPs
BLOCK_SNPS = (10, 25)
NEIGHBOUR = 10  # bases between two neighbours, at most
EDGE = 400  # bases at a stretch's ends in which nothing is planted
REPEAT_EDGE = 300


@dataclass
class Density:
    """Variants planted a kilobase: changes of repeats, indels anywhere, SNPs, long indels, dense blocks of SNPs, and pairs of
    neighbours."""

    repeats: float
    anywhere: float
    snps: float
    two_alternates: float = 0.0  # share of the changes of repeats that have two different alternates
    long: float = 0.0
    blocks: float = 0.0
    neighbours: float = 0.0

    @property
    def nearest(self) -> int:
        """Bases that a planted variant keeps from another variant."""
        return 1 if self.blocks or self.neighbours else NEAREST

    @classmethod
    def parse(cls, text: str, two_alternates: float = 0.0) -> "Density":
        """From 'REPEATS,ANYWHERE,SNPS[,LONG[,BLOCKS[,NEIGHBOURS]]]'."""
        repeats, anywhere, of_snps, *others = (float(x) for x in text.split(","))
        return cls(repeats, anywhere, of_snps, two_alternates, *others)


def planted(stretch: Stretch, density: Density, rng: np.random.Generator) -> list[Variant]:
    """Variants of all three kinds; how many is drawn for each kind before its places. A kind of density 0 draws nothing."""
    variants = []
    if density.repeats:
        variants += in_repeats(stretch, rng.poisson(density.repeats * stretch.kilobases), density.two_alternates, rng)
    if density.anywhere:
        variants += indels_anywhere(stretch, rng.poisson(density.anywhere * stretch.kilobases), rng)
    if density.snps:
        variants += snps(stretch, rng.poisson(density.snps * stretch.kilobases), rng)
    for kind, rate in ((long_indels, density.long), (blocks, density.blocks), (neighbours, density.neighbours)):
        if rate:
            variants += kind(stretch, rng.poisson(rate * stretch.kilobases), rng)
    return variants


def drawn_genotype(rng: np.random.Generator) -> tuple[int, int]:
    """Heterozygous on either haplotype, or homozygous."""
    return ((0, 1), (1, 0), (1, 1))[rng.choice(3, p=[0.32, 0.32, 0.36])]


def in_repeats(stretch: Stretch, count: int, two_alternates: float, rng: np.random.Generator) -> list[Variant]:
    """Whole units added to or taken from repeats, oftener from long repeats."""
    repeats = tracts(stretch.reference)
    length = repeats[:, 1] - repeats[:, 0]
    weight = np.where(repeats[:, 2] == 1, np.clip(length - 4, 0.05, 16) ** 1.5, np.clip(length / 4, 0.1, 10))
    weight[(repeats[:, 0] < REPEAT_EDGE) | (repeats[:, 1] > len(stretch.reference) - REPEAT_EDGE)] = 0
    chosen = rng.choice(len(repeats), min(count, len(repeats) // 3), replace=False, p=weight / weight.sum())
    variants = [change_of_repeat(stretch, *map(int, repeats[index]), two_alternates, rng) for index in chosen]
    return [variant for variant in variants if variant]


def change_of_repeat(stretch: Stretch, start: int, end: int, unit: int, two_alternates: float, rng: np.random.Generator) -> Variant | None:
    """One or two alternates of the tract [start, end) (offsets in the stretch); None where no unit could be taken."""
    anchor, tract = chr(stretch.reference[start - 1]), decoded(stretch.reference[start:end])
    copies, steps = (end - start) // unit, set()
    for _ in range(2 if rng.random() < two_alternates else 1):
        step = int(rng.choice([-1, 1]) * min(rng.geometric(0.6), LONGEST // unit))
        steps.add(max(step, -(copies - 1)))
    steps.discard(0)
    if not steps:
        return None
    removed = max([-s * unit for s in steps if s < 0], default=0)
    alts = [anchor + tract[:unit] * max(step, 0) + tract[: removed + min(step, 0) * unit] for step in sorted(steps)]
    genotype = (1, 2) if len(alts) == 2 else drawn_genotype(rng)
    return Variant(stretch.start + start - 1, (anchor + tract[:removed], *alts), genotype)


def indels_anywhere(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """Insertions and deletions of 1 to 50 bases at any place."""
    variants = []
    for offset in rng.integers(EDGE, len(stretch.reference) - EDGE, count):
        size = int(min(LONGEST, rng.geometric(0.25) if rng.random() < 0.7 else rng.integers(5, LONGEST + 1)))
        variants += indel(stretch, int(offset), size, rng.random() < 0.5, rng)
    return variants


def indel(stretch: Stretch, offset: int, size: int, deletion: bool, rng: np.random.Generator) -> list[Variant]:
    """The left-aligned indel behind a base, with a drawn genotype; none where it runs out of the stretch. Half of the
    insertions repeat the bases that follow."""
    anchor, following = chr(stretch.reference[offset]), decoded(stretch.reference[offset + 1 : offset + 1 + size])
    if deletion:
        ref, alt = anchor + following, anchor
    else:
        ref, alt = anchor, anchor + (following if rng.random() < 0.5 else decoded(rng.choice(BASES, size)))
    genotype = drawn_genotype(rng)
    aligned = left_aligned((stretch.start + offset, ref, alt), stretch.base_at, stretch.start)
    return [Variant(aligned[0], aligned[1:], genotype)] if aligned else []


def snps(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """SNPs, transitions twice as often as transversions, one in twenty with two alternates."""
    variants = []
    for offset in rng.integers(EDGE, len(stretch.reference) - EDGE, count):
        ref = chr(stretch.reference[offset])
        if ref not in TRANSITION:
            continue
        others = [b for b in "ACGT" if b not in (ref, TRANSITION[ref])]
        alts = [TRANSITION[ref]] if rng.random() < 0.67 else [str(rng.choice(others))]
        genotype = drawn_genotype(rng)
        if rng.random() < 0.05:
            alts, genotype = sorted([TRANSITION[ref], others[0]]), (1, 2)
        variants.append(Variant(int(stretch.start + offset), (ref, *alts), genotype))
    return variants


def long_indels(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """Deletions and insertions of every length."""
    variants = []
    for offset in rng.integers(EDGE, len(stretch.reference) - EDGE - LONG_DELETIONS[1], count):
        deletion = rng.random() < 0.5
        low, high = LONG_DELETIONS if deletion else LONG_INSERTIONS
        variants += indel(stretch, int(offset), int(low * (high / low) ** rng.random()), deletion, rng)
    return variants


def blocks(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """Blocks of many SNPs on one haplotype or on both, as in HLA genes and after gene conversion."""
    variants = []
    for start in rng.integers(EDGE, len(stretch.reference) - EDGE - BLOCK, count):
        genotype = drawn_genotype(rng)
        for offset in rng.choice(BLOCK, rng.integers(BLOCK_SNPS[0], BLOCK_SNPS[1] + 1), replace=False):
            variants += changed_base(stretch, int(start + offset), genotype)
    return variants


def changed_base(stretch: Stretch, offset: int, genotype: tuple[int, int]) -> list[Variant]:
    """The transition of a base; none where the base is not known."""
    ref = chr(stretch.reference[offset])
    return [Variant(stretch.start + offset, (ref, TRANSITION[ref]), genotype)] if ref in TRANSITION else []


def neighbours(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """Pairs: an indel, and a SNP or another indel a few bases on, on the same haplotype or on different ones."""
    variants = []
    for offset in rng.integers(EDGE, len(stretch.reference) - EDGE, count):
        first = indel(stretch, int(offset), int(rng.geometric(0.35)), rng.random() < 0.5, rng)
        behind = first[0].end - stretch.start if first else int(offset)
        at = behind + int(rng.integers(0, NEIGHBOUR))
        variants += first
        if rng.random() < 0.7:
            variants += changed_base(stretch, at, drawn_genotype(rng))
        else:
            variants += indel(stretch, at, int(rng.geometric(0.35)), rng.random() < 0.5, rng)
    return variants
