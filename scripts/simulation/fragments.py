"""DNA sources, laid end to end in one long array (the pool), and the fragments drawn from it."""

from dataclasses import dataclass

import numpy as np

from .dna import BASES
from .places import normal_quantile, place_number
from .stretches import Span, Stretch

WINDOW = 200  # bases that share one yield
FLANK = 600  # bases of foreign DNA on each side of a diverged copy
SITE_SALT = 11
SITE_SPREAD = 0.6  # sigma of the log of the yield between amplicons, cut sites or capture targets
TARGET_EVERY = 3000  # bases between the starts of capture targets, on average
TARGET_SIZES = (150, 1500)  # bases of a capture target
OFF_TARGET = 0.01  # yield between capture targets
SITE_EVERY = 700  # bases between amplicons or cut sites, on average

Places = tuple[np.ndarray, np.ndarray]  # starts and sizes of fragments


@dataclass
class Source:
    """A piece of DNA that is sequenced to `depth`. `copied`: the span of the contig that it is a diverged copy of, if it is."""

    sequence: np.ndarray
    depth: float
    copied: Span | None = None


@dataclass
class Library:
    """How fragments are drawn."""

    duplicates: float  # share of the fragments that are PCR copies
    contamination: float  # share of the reads that are another person's
    paralogs: float  # bases of diverged copies, against the bases of the stretch
    gc_bias: float
    roughness: float  # sigma of the log of the yield
    kind: str = "genome"  # one of KINDS
    divergence: tuple[float, float] = (0.007, 0.04)  # range of the share of a copy's bases that differ
    copy_depth: tuple[float, float] = (0.1, 0.5)  # range of a copy's depth, against the depth of its stretch


@dataclass
class Fragments:
    """start: offset in the pool, ascending; size: bases."""

    start: np.ndarray
    size: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, index: slice | np.ndarray) -> "Fragments":
        return Fragments(self.start[index], self.size[index])


def sources(stretches: list[Stretch], strangers: list[np.ndarray], library: Library, rng: np.random.Generator) -> list[Source]:
    """Both haplotypes of every stretch, the contaminating person's, and diverged copies."""
    found = []
    for stretch, stranger in zip(stretches, strangers):
        own = stretch.depth * (1 - library.contamination) / 2
        found += [Source(stretch.haplotype(which), own) for which in (0, 1)]
        if library.contamination:
            found.append(Source(stranger, stretch.depth * library.contamination))
        found += paralogs(stretch, library, rng)
    return found


def paralogs(stretch: Stretch, library: Library, rng: np.random.Generator) -> list[Source]:
    """Diverged copies of parts of the stretch, between flanks that are not in the reference.

    Their reads look like the reads of a duplication that the reference lacks, or of another chromosome, when aligned here.
    """
    found, wanted, length = [], library.paralogs * len(stretch.reference), len(stretch.reference)
    while wanted > 0:
        size = int(rng.integers(300, 2500))
        start = int(rng.integers(0, length - size))
        copy = diverged(stretch.reference[start : start + size], library.divergence, rng)
        flank = int(rng.integers(0, length - 2 * FLANK))
        # Reversed without complement: the composition of human DNA, but nowhere in the genome.
        alien = stretch.reference[flank : flank + 2 * FLANK][::-1]
        sequence = np.concatenate([alien[:FLANK], copy, alien[FLANK:]])
        depth = stretch.depth * rng.uniform(*library.copy_depth)
        found.append(Source(sequence, depth, (stretch.start + start, stretch.start + start + size)))
        wanted -= size
    return found


def diverged(sequence: np.ndarray, divergence: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A copy with substitutions and small indels."""
    size, copy = len(sequence), sequence.copy()
    changed = rng.random(size) < rng.uniform(*divergence)
    copy[changed] = rng.choice(BASES, changed.sum())
    for at in np.flatnonzero(rng.random(size) < 0.002)[::-1]:
        gap = int(rng.geometric(0.4))
        copy = np.delete(copy, slice(at, at + gap)) if rng.random() < 0.5 else np.insert(copy, at, copy[at : at + gap])
    return copy


def yields(sequence: np.ndarray, library: Library, rng: np.random.Generator) -> np.ndarray:
    """Relative yield of every window of WINDOW bases: less at extreme GC, and rough as real libraries are."""
    windows = len(sequence) // WINDOW + 1
    gc = np.add.reduceat((sequence == ord("G")) | (sequence == ord("C")), np.arange(0, len(sequence), WINDOW)) / WINDOW
    gc = np.pad(gc, (0, windows - len(gc)), mode="edge")
    smooth = np.convolve(rng.normal(size=windows + 8), np.ones(9) / 3, "valid")
    return np.exp(-library.gc_bias * ((gc - 0.42) / 0.2) ** 2 + library.roughness * smooth)


def draw(
    every: list[Source], inserts: np.ndarray, bases: int, library: Library, rng: np.random.Generator
) -> tuple[np.ndarray, Fragments]:
    """The pool, and fragments in it with PCR copies. `bases`: read bases that a fragment gives."""
    starts, sizes, offset = [], [], 0
    for source in every:
        start, size = KINDS[library.kind](source, inserts, bases, library, rng)
        inside = start + size < len(source.sequence)
        starts.append(start[inside] + offset)
        sizes.append(size[inside])
        offset += len(source.sequence)
    fragments = Fragments(np.concatenate(starts), np.concatenate(sizes))
    fragments = fragments[np.argsort(fragments.start, kind="stable")]
    return np.concatenate([s.sequence for s in every]), with_copies(fragments, library.duplicates, rng)


def shotgun(source: Source, inserts: np.ndarray, bases: int, library: Library, rng: np.random.Generator) -> Places:
    """Fragments of a whole genome."""
    count = rng.poisson(source.depth * len(source.sequence) / bases)
    return in_windows(count, yields(source.sequence, library, rng), inserts, rng)


def captured(source: Source, inserts: np.ndarray, bases: int, library: Library, rng: np.random.Generator) -> Places:
    """Fragments of capture targets such as exons. `source.depth` is the mean depth of the targets."""
    sites, level, of_size = sites_of(source.sequence, TARGET_EVERY)
    capture = np.full(len(source.sequence), OFF_TARGET)
    low, high = TARGET_SIZES
    for start, size, strength in zip(sites, low * (high / low) ** of_size, level):
        capture[start : start + int(size)] = strength
    by_window = np.add.reduceat(capture, np.arange(0, len(capture), WINDOW)) / WINDOW
    by_window = np.pad(by_window, (0, len(capture) // WINDOW + 1 - len(by_window)), mode="edge")
    count = rng.poisson(source.depth * capture.sum() / bases)
    return in_windows(count, yields(source.sequence, library, rng) * by_window, inserts, rng)


def in_windows(count: int, weight: np.ndarray, inserts: np.ndarray, rng: np.random.Generator) -> Places:
    """Fragments in windows of these weights."""
    window = rng.choice(len(weight), count, p=weight / weight.sum())
    start = window * WINDOW + rng.integers(0, WINDOW, count)
    return start, rng.choice(inserts, count).astype(np.int64)


def amplicons(source: Source, inserts: np.ndarray, bases: int, library: Library, rng: np.random.Generator) -> Places:
    """Fragments between two primers: all fragments of an amplicon have the same ends."""
    sites, level, of_size = sites_of(source.sequence, SITE_EVERY)
    counts = rng.poisson(source.depth * level)
    return np.repeat(sites, counts), np.repeat(np.quantile(inserts, of_size).astype(np.int64), counts)


def cut_sites(source: Source, inserts: np.ndarray, bases: int, library: Library, rng: np.random.Generator) -> Places:
    """Fragments that begin where an enzyme cuts, and end anywhere (RAD sequencing)."""
    sites, level, _ = sites_of(source.sequence, SITE_EVERY)
    start = np.repeat(sites, rng.poisson(source.depth * level))
    return start, rng.choice(inserts, len(start)).astype(np.int64)


def sites_of(sequence: np.ndarray, every: int, salt: int = SITE_SALT) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places that the bases before them choose, so that both haplotypes share them: offsets, yields about 1, and a number in
    [0, 1) for a size."""
    chance = place_number(sequence, np.arange(len(sequence)), salt)
    sites = np.flatnonzero(chance < 1 / every)
    chance = chance[sites]
    level = np.exp(SITE_SPREAD * normal_quantile(np.clip((chance * every * 1e3) % 1, 1e-3, 1 - 1e-3)))
    return sites, level, (chance * every * 1e6) % 1


KINDS = {"genome": shotgun, "exome": captured, "amplicons": amplicons, "cut-sites": cut_sites}


def with_copies(fragments: Fragments, share: float, rng: np.random.Generator) -> Fragments:
    """The fragments with PCR copies added; `share` of all are copies."""
    count = len(fragments)
    copies = rng.integers(0, count, int(count * share / (1 - share)))
    return fragments[np.sort(np.concatenate([np.arange(count), copies]))]
