"""The variants of the sweep, and the two haplotypes that carry them."""

import random
from dataclasses import dataclass

LENGTHS = [*range(1, 131), *range(140, 200, 10), *range(200, 500, 50), *range(500, 1501, 100)]
BESIDE_LENGTHS = (10, 50, 80, 90, 96, 100, 104, 107, 109, 112, 130, 200)
BESIDE_OFFSETS = (-110, -95, -80, -50, -20, -5, 5, 20, 50, 80, 95, 110)
APART = 900  # bases between two places
INSERTED = -1  # position of a base that the reference lacks


@dataclass
class Place:
    """What stands at one place. kind: deletion, insertion, or snp (a SNP beside a deletion); length: of the indel; copies: 1
    heterozygous, 2 homozygous; offset: of the SNP, from the deletion's nearer end."""

    kind: str
    length: int
    copies: int
    offset: int = 0

    @property
    def name(self) -> str:
        return f"{self.kind}\t{self.length}\t{self.offset}"


@dataclass
class Change:
    """A change of the reference after the base `before` (0-based). name: of the place, None if it is not scored."""

    before: int
    deleted: int
    inserted: str
    copies: int
    name: str | None


def places(beside: bool, every: int) -> list[Place]:
    """All places; `beside`: SNPs beside deletions in place of indels; `every`: each so many-th length only."""
    if beside:
        return [Place("snp", n, z, at) for n in BESIDE_LENGTHS for at in BESIDE_OFFSETS for z in (1, 2)]
    return [Place(kind, n, z) for n in LENGTHS[::every] for kind in ("deletion", "insertion") for z in (1, 2)]


def span_of(wanted: list[Place]) -> int:
    """Bases of the reference that the places need."""
    return sum(APART + (place.length if place.kind != "insertion" else 0) for place in wanted) + 2 * APART


def other_base(rng: random.Random, base: str) -> str:
    return rng.choice([b for b in "ACGT" if b != base])


def plant(rng: random.Random, ref: str, wanted: list[Place]) -> list[Change]:
    """The changes of all places, in order."""
    changes, at = [], APART
    for place in wanted:
        if place.kind == "insertion":
            bases = "".join(rng.choice("ACGT") for _ in range(place.length))
            changes.append(Change(at, 0, bases, place.copies, place.name))
            at += APART
            continue
        deletion = Change(at, place.length, "", place.copies, place.name)
        if place.kind == "snp":
            deletion.name = None
            before = at + place.offset + (place.length if place.offset > 0 else 0)
            snp = Change(before, 1, other_base(rng, ref[before + 1]), place.copies, place.name)
            changes.extend(sorted([deletion, snp], key=lambda change: change.before))
        else:
            changes.append(deletion)
        at += APART + place.length
    return changes


def carried(rng: random.Random, changes: list[Change], beside: bool) -> list[list[Change]]:
    """The changes of each haplotype. With `beside` a deletion and its SNP are on the same one."""
    first = rng.choices((0, 1), k=len(changes))
    home = [first[index // 2] if beside else first[index] for index in range(len(changes))]
    return [[c for c, f in zip(changes, home) if c.copies == 2 or f == which] for which in (0, 1)]


def haplotype(ref: str, changes: list[Change]) -> tuple[str, list[int]]:
    """Bases, and the position in the reference of each."""
    bases, positions, at = [], [], 0
    for change in changes:
        after = change.before + 1
        bases.append(ref[at:after] + change.inserted)
        positions.extend(range(at, after))
        is_snp = change.deleted == len(change.inserted)
        positions.extend([after] if is_snp else [INSERTED] * len(change.inserted))
        at = after + change.deleted
    bases.append(ref[at:])
    positions.extend(range(at, len(ref)))
    return "".join(bases), positions
