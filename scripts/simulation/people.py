"""The person who is sequenced, and the one whose DNA contaminates the library."""

from dataclasses import dataclass

import numpy as np

from .planting import Density, planted, snps
from .stretches import Stretch
from .truth import crossed, read_truth, samples_of, settled
from .variants import Variant

RANDOM_PAIR = "random2"


@dataclass
class Person:
    """Where the known variants come from. truth: VCF; samples: none (the file's only one), one, two (the first haplotype of
    each), or RANDOM_PAIR (two drawn for each stretch); mate: VCF of another sample, which gives the second haplotype. No truth:
    planted variants alone. haploid: the first haplotype stands for both."""

    truth: str | None
    samples: list[str]
    mate: str | None
    haploid: bool = False


def add_variants(person: Person, stretches: list[Stretch], density: Density, rng: np.random.Generator) -> list[np.ndarray]:
    """Gives every stretch its variants; returns the sequence of the contaminating person for each stretch."""
    return [stranger_beside(person, stretch, density, rng) for stretch in stretches]


def haploid(variants: list[Variant]) -> list[Variant]:
    """The variants of the first haplotype, on both haplotypes."""
    return [Variant(v.position, v.alleles, (v.genotype[0], v.genotype[0])) for v in variants if v.genotype[0]]


def stranger_beside(person: Person, stretch: Stretch, density: Density, rng: np.random.Generator) -> np.ndarray:
    """Gives the stretch its variants; returns one haplotype of a stranger there."""
    stranger = Stretch(stretch.contig, stretch.start, stretch.end, stretch.depth, stretch.reference)
    samples = person.samples
    if samples == [RANDOM_PAIR]:
        *samples, one, two = rng.choice(samples_of(person.truth), 4, replace=False)
        stranger.variants = settled(stranger, read_truth(person.truth, [one, two], stranger, rng), [])
    known = read_truth(person.truth, samples, stretch, rng) if person.truth else []
    if person.mate:
        known = crossed(known, read_truth(person.mate, [], stretch, rng))
    stretch.variants = settled(stretch, known, planted(stretch, density, rng), density.nearest)
    if person.haploid:
        stretch.variants = haploid(stretch.variants)
    if not stranger.variants:
        # The truth has no other sample: the reference, with SNPs that nobody else has.
        stranger.variants = settled(stranger, snps(stranger, rng.poisson(stretch.kilobases), rng), [])
    return stranger.haplotype(0)
