"""Places where many reads of one strand show the same wrong base."""

from dataclasses import dataclass

import numpy as np

from .dna import BASES, reverse_complement
from .places import place_number, reads_hit

DENSITY = 1.2e-3  # hot spots per base and strand, at level 1
EDGE = 20  # bases at the ends of the pool without hot spots


@dataclass
class HotSpots:
    """Hot spots of reads of one strand. place: pool offset; rate: share of the reads that go wrong; wrong: the base that they
    show, on the read's strand."""

    place: np.ndarray
    rate: np.ndarray
    wrong: np.ndarray


def find(pool: np.ndarray, level: float, salt: int) -> tuple[HotSpots, HotSpots]:
    """Hot spots of forward and of reverse reads. `level`: how many there are, against DENSITY.

    They are likelier after GG and after runs of one base, where Illumina's phasing errors pile up.
    """
    forward = hot_spots_of(pool, level, salt)
    reverse = hot_spots_of(reverse_complement(pool), level, salt + 1)
    reverse.place = len(pool) - 1 - reverse.place
    return forward, reverse


def hot_spots_of(strand: np.ndarray, level: float, salt: int) -> HotSpots:
    """Hot spots of reads that run along `strand`, by offset in it."""
    before, second = np.roll(strand, 1), np.roll(strand, 2)
    run = (second == before) & (np.roll(strand, 3) == before)
    motif = 1 + 6 * ((before == ord("G")) & (second == ord("G"))) + 5 * run
    at = np.flatnonzero((before != strand) & (before != ord("N")))
    at = at[(at > EDGE) & (at < len(strand) - EDGE)]
    chance = place_number(strand, at, salt)
    hot = chance < level * DENSITY * motif[at] / 2.2
    at, chance = at[hot], chance[hot]
    # Further digits of the same number: most spots are mild, a few go wrong in half of the reads.
    rate = 0.03 + 0.5 * ((chance * 1e7) % 1) ** 5
    # The wrong base is mostly the one before.
    wrong = np.where((chance * 1e5) % 1 < 0.75, before[at], BASES[((chance * 1e6) % 4).astype(int)])
    return HotSpots(at, rate, wrong)


@dataclass
class Chunk:
    """Bases and qualities of reads; begin: pool offset of the leftmost base; reverse: whether the read runs down the pool."""

    rows: np.ndarray
    quality: np.ndarray
    begin: np.ndarray
    reverse: np.ndarray


def apply(spots: tuple[HotSpots, HotSpots], chunk: Chunk, low_qualities: np.ndarray, rng: np.random.Generator) -> None:
    """Puts wrong bases into the reads; half of them get one of the low qualities."""
    length = chunk.rows.shape[1]
    for strand, of_strand in enumerate(spots):
        mine = np.flatnonzero(chunk.reverse == bool(strand))
        order = mine[np.argsort(chunk.begin[mine], kind="stable")]
        low, high = (np.searchsorted(chunk.begin[order], p, "right") for p in (of_strand.place - length, of_strand.place))
        which, read = reads_hit(order, low, high, of_strand.rate, rng)
        at = of_strand.place[which] - chunk.begin[read]
        column = np.where(strand, length - 1 - at, at)
        chunk.rows[read, column] = of_strand.wrong[which]
        doubt = rng.random(len(read)) < 0.5
        chunk.quality[read[doubt], column[doubt]] = rng.choice(low_qualities, doubt.sum())
