"""An invented small reference with the features that make calling hard, and two haplotypes of it: the bundled sample.

Nothing in it comes from a real genome. Sequences are `str` here, and draws come from Python's own generator.
"""

import random

from .dna import TRANSITION, encoded
from .stretches import Stretch
from .variants import Spelling, Variant, left_aligned

CONTIGS = {"chrA": 60000, "chrB": 20000}
SNPS_PER_KB, INDELS_PER_KB = 1.5, 0.4
EDGE = 500  # bases at a contig's ends that are not confident: depth falls off
APART = 5  # bases between variants
UNITS = ["A", "T", "A", "T", "C", "G", "CA", "GT", "AT", "GA", "AAT", "CAG", "AAAT", "GATA"]
SIZES = [1, 1, 1, 1, 2, 2, 3, 4, 5, 8, 12, 20, 35]  # of indels


def person(seed: int) -> list[Stretch]:
    """Every contig with its reference and its variants."""
    rng = random.Random(seed)
    reference = invent_reference(rng)
    variants = {name: invent_variants(rng, dna) for name, dna in reference.items()}
    return [Stretch(name, 0, len(dna), 0, encoded(dna), variants[name]) for name, dna in reference.items()]


def confident_spans(contig: Stretch) -> list[tuple[int, int]]:
    """All but the ends, and a gap in the middle, by which a test sees whether confident regions are used."""
    middle = contig.end // 2
    return [(EDGE, middle), (middle + 1000, contig.end - EDGE)]


def random_dna(rng: random.Random, length: int) -> str:
    """DNA whose GC content drifts, as in mammals, and that has few CG."""
    bases, gc = [], 0.42
    while len(bases) < length:
        if len(bases) % 500 == 0:
            gc = min(0.6, max(0.32, gc + rng.gauss(0, 0.05)))
        base = rng.choice("GC") if rng.random() < gc else rng.choice("AT")
        if bases and bases[-1] == "C" and base == "G" and rng.random() < 0.75:
            base = "A"
        bases.append(base)
    return "".join(bases)


def mutated(rng: random.Random, dna: str, rate: float) -> str:
    return "".join(rng.choice("ACGT".replace(b, "")) if rng.random() < rate else b for b in dna)


def invent_reference(rng: random.Random) -> dict[str, str]:
    """Contigs with an interspersed repeat, homopolymers and short tandem repeats, and one duplication between them."""
    family = random_dna(rng, 280)
    reference = {}
    for name, length in CONTIGS.items():
        dna = random_dna(rng, length)
        for _ in range(length // 4000):
            at = rng.randrange(1000, length - 1300)
            dna = dna[:at] + mutated(rng, family, 0.12) + "A" * rng.randrange(8, 20) + dna[at:]
        for _ in range(length // 600):
            at = rng.randrange(1000, length - 1300)
            unit = rng.choice(UNITS)
            dna = dna[:at] + unit * (rng.randrange(6, 20) // len(unit) + 2) + dna[at:]
        reference[name] = dna[:length]
    copied = mutated(rng, reference["chrA"][20000:21200], 0.015)
    reference["chrB"] = reference["chrB"][:9000] + copied + reference["chrB"][10200:]
    return reference


def invent_variants(rng: random.Random, dna: str) -> list[Variant]:
    """Variants in order, at least APART bases apart. Some SNPs have two alternates."""
    taken, variants = set(), []
    wanted = {"snp": int(len(dna) * SNPS_PER_KB / 1000), "indel": int(len(dna) * INDELS_PER_KB / 1000)}
    for kind, count in wanted.items():
        while count:
            at = rng.randrange(600, len(dna) - 600)
            genotype = rng.choice([(0, 1), (1, 0), (1, 1)])
            variant = invent_snp(rng, dna, at, genotype) if kind == "snp" else invent_indel(rng, dna, at, genotype)
            span = set(range(variant.position - APART, variant.end + APART))
            # An indel keeps its whole repeat to itself: a neighbour would change its meaning.
            end = variant.end
            while kind == "indel" and dna[end] == dna[end - 1]:
                span.add(end + APART)
                end += 1
            if not span & taken:
                taken |= set(range(variant.position, end))
                variants.append(variant)
                count -= 1
    return sorted(variants, key=lambda v: v.position)


def invent_snp(rng: random.Random, dna: str, at: int, genotype: tuple[int, int]) -> Variant:
    ref = dna[at]
    alts = [TRANSITION[ref] if rng.random() < 0.67 else rng.choice("ACGT".replace(ref, ""))]
    if rng.random() < 0.03:
        alts, genotype = sorted(set("ACGT") - {ref})[:2], (1, 2)
    return Variant(at, (ref, *alts), genotype)


def invent_indel(rng: random.Random, dna: str, at: int, genotype: tuple[int, int]) -> Variant:
    position, ref, alt = invent_spelling(rng, dna, at)
    return Variant(position, (ref, alt), genotype)


def invent_spelling(rng: random.Random, dna: str, at: int) -> Spelling:
    """An indel at `at` or, for half of them, in the next homopolymer of 5 bases or longer, as in people."""
    if rng.random() < 0.5:
        for shift in range(3000):
            if at + shift + 6 < len(dna) and len(set(dna[at + shift : at + shift + 5])) == 1:
                at += shift
                break
    size = rng.choice(SIZES)
    anchor, following = dna[at], dna[at + 1 : at + 1 + size]
    if rng.random() < 0.5:
        return left_aligned((at, anchor + following, anchor), dna.__getitem__, 0)
    inserted = following if rng.random() < 0.6 else random_dna(rng, size)
    return left_aligned((at, anchor, anchor + inserted), dna.__getitem__, 0)
