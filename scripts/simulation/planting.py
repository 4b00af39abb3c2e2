"""Variants that are planted in a stretch, beside those of the truth VCF."""

from dataclasses import dataclass

import numpy as np

from .dna import BASES, TRANSITION, decoded
from .repeats import tracts
from .stretches import Stretch
from .variants import Variant, left_aligned

LONGEST = 50  # bases that a planted indel adds or takes away
EDGE = 400  # bases at a stretch's ends in which nothing is planted
REPEAT_EDGE = 300


@dataclass
class Density:
    """Variants planted a kilobase: changes of repeats, indels anywhere, SNPs."""

    repeats: float
    anywhere: float
    snps: float
    two_alternates: float = 0.0  # share of the changes of repeats that have two different alternates

    @classmethod
    def parse(cls, text: str, two_alternates: float = 0.0) -> "Density":
        """From 'REPEATS,ANYWHERE,SNPS'."""
        return cls(*(float(x) for x in text.split(",")), two_alternates)


def planted(stretch: Stretch, density: Density, rng: np.random.Generator) -> list[Variant]:
    """Variants of all three kinds; how many is drawn for each kind before its places. A kind of density 0 draws nothing."""
    variants = []
    if density.repeats:
        variants += in_repeats(stretch, rng.poisson(density.repeats * stretch.kilobases), density.two_alternates, rng)
    if density.anywhere:
        variants += indels_anywhere(stretch, rng.poisson(density.anywhere * stretch.kilobases), rng)
    if density.snps:
        variants += snps(stretch, rng.poisson(density.snps * stretch.kilobases), rng)
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
    """Insertions and deletions of 1 to 50 bases at any place; half of the insertions repeat the bases that follow."""
    variants = []
    for offset in rng.integers(EDGE, len(stretch.reference) - EDGE, count):
        size = int(min(LONGEST, rng.geometric(0.25) if rng.random() < 0.7 else rng.integers(5, LONGEST + 1)))
        anchor = chr(stretch.reference[offset])
        following = decoded(stretch.reference[offset + 1 : offset + 1 + size])
        if rng.random() < 0.5:
            ref, alt = anchor + following, anchor
        elif rng.random() < 0.5:
            ref, alt = anchor, anchor + following
        else:
            ref, alt = anchor, anchor + decoded(rng.choice(BASES, size))
        genotype = drawn_genotype(rng)
        aligned = left_aligned((int(stretch.start + offset), ref, alt), stretch.base_at, stretch.start)
        if aligned:
            position, ref, alt = aligned
            variants.append(Variant(position, (ref, alt), genotype))
    return variants


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
