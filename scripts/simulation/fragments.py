"""Where DNA fragments come from: one long array that holds every source, and the fragments drawn from it."""

from dataclasses import dataclass

import numpy as np

from genome import BASES, Stretch

WINDOW = 200  # bases over which the sequencing yield is one figure


@dataclass
class Source:
    """A piece of DNA that is sequenced to `depth` (bases of reads per base), of `sequence`; `copied`: the stretch of the
    contig that it is a diverged copy of, if it is one."""

    sequence: np.ndarray
    depth: float
    copied: tuple[int, int] | None = None


def paralogs(stretch: Stretch, share: float, rng: np.random.Generator) -> list[Source]:
    """Copies of parts of the stretch, 0.7 to 4 % diverged, flanked by DNA that is not in the reference: what reads of a
    duplication that the reference lacks, or of another chromosome, look like once aligned here."""
    sources, wanted, length = [], share * len(stretch.reference), len(stretch.reference)
    while wanted > 0:
        size = int(rng.integers(300, 2500))
        start = int(rng.integers(0, length - size))
        copy = stretch.reference[start : start + size].copy()
        changed = rng.random(size) < rng.uniform(0.007, 0.04)
        copy[changed] = rng.choice(BASES, changed.sum())
        for at in np.flatnonzero(rng.random(size) < 0.002)[::-1]:
            gap = int(rng.geometric(0.4))
            copy = np.delete(copy, slice(at, at + gap)) if rng.random() < 0.5 else np.insert(copy, at, copy[at : at + gap])
        flank = int(rng.integers(0, length - 1200))
        # Reversed and not complemented: the composition of human DNA, but found nowhere in the genome.
        alien = stretch.reference[flank : flank + 1200][::-1]
        sequence, depth = np.concatenate([alien[:600], copy, alien[600:]]), stretch.depth * rng.uniform(0.1, 0.5)
        sources.append(Source(sequence, depth, (stretch.start + start, stretch.start + start + size)))
        wanted -= size
    return sources


def yields(sequence: np.ndarray, gc_bias: float, roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Relative yield of every window of WINDOW bases: less at extreme GC, and rough as libraries are."""
    windows = len(sequence) // WINDOW + 1
    gc = np.add.reduceat((sequence == ord("G")) | (sequence == ord("C")), np.arange(0, len(sequence), WINDOW)) / WINDOW
    gc = np.pad(gc, (0, windows - len(gc)), mode="edge")
    smooth = np.convolve(rng.normal(size=windows + 8), np.ones(9) / 3, "valid")
    return np.exp(-gc_bias * ((gc - 0.42) / 0.2) ** 2 + roughness * smooth)


def draw(sources: list[Source], inserts: np.ndarray, bases: int, options: dict, rng: np.random.Generator) -> tuple:
    """(pool, start, size): the sources end to end, and fragments in it sorted by start. `bases`: read bases a fragment gives."""
    starts, sizes, offset = [], [], 0
    for source in sources:
        count = rng.poisson(source.depth * len(source.sequence) / bases)
        weight = yields(source.sequence, options["gc_bias"], options["roughness"], rng)
        window = rng.choice(len(weight), count, p=weight / weight.sum())
        start = window * WINDOW + rng.integers(0, WINDOW, count)
        size = rng.choice(inserts, count).astype(np.int64)
        inside = start + size < len(source.sequence)
        starts.append(start[inside] + offset)
        sizes.append(size[inside])
        offset += len(source.sequence)
    start, size = np.concatenate(starts), np.concatenate(sizes)
    order = np.argsort(start, kind="stable")
    return np.concatenate([s.sequence for s in sources]), start[order], size[order]


def duplicated(start: np.ndarray, size: np.ndarray, share: float, rng: np.random.Generator) -> tuple:
    """The fragments with PCR copies added, so that `share` of all are copies."""
    copies = rng.integers(0, len(start), int(len(start) * share / (1 - share)))
    index = np.sort(np.concatenate([np.arange(len(start)), copies]))
    return start[index], size[index]
