"""Turns fragments of the pool into read pairs, and writes them as FASTQ."""

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from . import chimeras, hot_spots, slippage
from .dna import BASES, CODE, COMPLEMENT, UNKNOWN, encoded
from .fragments import Fragments
from .profiles import Profile, read_lengths

CHUNK = 20000  # fragments turned into reads at a time
LOWEST, HIGHEST = 2, 60  # reported qualities after a shift
# What follows the fragment in the first and in the second read; repeated, for fragments much shorter than the reads.
ADAPTERS = [
    encoded("AGATCGGAAGAGCACACGTCTGAACTCCAGTCACACTTGAATCTCGTATGCCGTCTTCTGCTTG" * 4),
    encoded("AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGTAGATCTCGGTGGTCGCCGTATCATTAAAAAA" * 4),
]


@dataclass
class Errors:
    """Levels of the errors against the profile's (1: as measured)."""

    slippage: float
    spread: float  # sigma of the log of slippage between loci
    chimeras: float
    fold_backs: float  # share of the chimeric ends that are the template folded back
    hot_spots: float
    quality_shift: int  # added to every reported quality; the errors stay
    salt: int  # decides which places are worse than others


class Sequencer:
    """Reads of fragments of one pool."""

    def __init__(self, pool: np.ndarray, profile: Profile, errors: Errors, longest: int) -> None:
        self.pool, self.profile, self.errors = pool, profile, errors
        self.lengths = read_lengths(profile, longest)
        self.slippage = slippage.Slippage(pool, profile, errors.slippage, errors.spread, errors.salt)
        self.hot_spots = hot_spots.find(pool, errors.hot_spots, errors.salt)
        self.low_qualities = np.unique(profile["quality1"])[1:4]

    def write(
        self, fragments: Fragments, first: BinaryIO, second: BinaryIO | None, rng: np.random.Generator, one_strand: bool = False
    ) -> None:
        """Writes both reads of every fragment, or the first alone. The strand of the first read is drawn, or always forward."""
        for at in range(0, len(fragments), CHUNK):
            chunk = fragments[at : at + CHUNK]
            flipped = np.zeros(len(chunk), bool) if one_strand else rng.random(len(chunk)) < 0.5
            for mate, out in ((0, first), (1, second)):
                if out is None:
                    continue
                rows, quality = self.reads(mate, chunk, flipped if mate == 0 else ~flipped, rng)
                out.write(fastq(at, rows, quality, mate))

    def reads(self, mate: int, fragments: Fragments, reverse: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(bases, qualities) of the first (mate 0) or second reads. `reverse`: the read runs down the pool's strand."""
        length = self.lengths[mate]
        rows = self.template(np.arange(length + slippage.SPARE), fragments, reverse)
        self.slip(rows, fragments, reverse, rng)
        slippage.indels_anywhere(rows, length, self.profile["indel"], rng)
        add_adapter(rows, fragments.size, length, ADAPTERS[mate])
        before = self.template(np.arange(-slippage.SPARE, 0), fragments, reverse)
        templates = chimeras.Templates(rows, before, fragments.start, length)
        chimeras.add_chimeras(templates, self.profile, self.errors.chimeras, self.errors.fold_backs, self.pool, rng)
        pool = self.profile[("quality1", "quality2")[mate]]
        quality = pool[rng.integers(0, len(pool), len(fragments)), :length].copy()
        rows = np.ascontiguousarray(rows[:, :length])
        chunk = hot_spots.Chunk(rows, quality, leftmost(fragments, reverse, length), reverse)
        hot_spots.apply(self.hot_spots, chunk, self.low_qualities, rng)
        add_wrong_bases(rows, quality, self.profile, rng)
        if self.errors.quality_shift:
            quality = np.clip(quality.astype(np.int16) + self.errors.quality_shift, LOWEST, HIGHEST).astype(np.uint8)
        return rows, quality

    def template(self, columns: np.ndarray, fragments: Fragments, reverse: np.ndarray) -> np.ndarray:
        """Bases at these columns of the reads, without errors. Column 0 is the first base of a read."""
        last = fragments.start + fragments.size - 1
        index = np.where(reverse[:, None], last[:, None] - columns, fragments.start[:, None] + columns)
        rows = self.pool[np.clip(index, 0, len(self.pool) - 1)]
        rows[reverse] = COMPLEMENT[rows[reverse]]
        return rows

    def slip(self, rows: np.ndarray, fragments: Fragments, reverse: np.ndarray, rng: np.random.Generator) -> None:
        """Slippage in the repeats that the reads cover."""
        length = rows.shape[1] - slippage.SPARE
        begin = leftmost(fragments, reverse, length)
        for read, left, right, gained in self.slippage.events(begin, length, rng):
            start = int(fragments.start[read])
            after = start + int(fragments.size[read])
            if reverse[read]:
                slippage.slip(rows[read], after - right, after - left, gained)
            else:
                slippage.slip(rows[read], left - start, right - start, gained)


def leftmost(fragments: Fragments, reverse: np.ndarray, length: int) -> np.ndarray:
    """Pool offset of the leftmost base of each read of `length` bases."""
    return np.where(reverse, fragments.start + fragments.size - length, fragments.start)


def add_adapter(rows: np.ndarray, size: np.ndarray, length: int, adapter: np.ndarray) -> None:
    """A read that is longer than its fragment goes on into the adapter."""
    for read in np.flatnonzero(size < length):
        rows[read, size[read] :] = adapter[: rows.shape[1] - size[read]]


def add_wrong_bases(rows: np.ndarray, quality: np.ndarray, profile: Profile, rng: np.random.Generator) -> None:
    """Sequencing errors, as frequent as the profile says for each reported quality."""
    chance = rng.random(rows.size, np.float32).reshape(rows.shape)
    where = np.flatnonzero(chance < profile["error"].astype(np.float32)[quality])
    read = rows.reshape(-1)
    # Half measured and half even: the measured matrix also holds a few unknown variants.
    matrix = (profile["substitution"] + (1 - np.eye(4)) / 3) / 2
    steps = np.cumsum(matrix, axis=1)
    # A base that is not known goes wrong like an A.
    code = CODE[read[where]] % UNKNOWN
    drawn = (rng.random(len(where))[:, None] > steps[code]).sum(1)
    read[where] = BASES[np.minimum(drawn, 3)]


def fastq(first: int, rows: np.ndarray, quality: np.ndarray, mate: int) -> bytes:
    """FASTQ records of one width: @r000000000/1 and so on, numbered from `first`."""
    count, length = rows.shape
    names = np.array([b"@r%09d/%d\n" % (first + i, mate + 1) for i in range(count)], "S14").view(np.uint8)
    record = np.empty((count, 14 + length + 3 + length + 1), np.uint8)
    record[:, :14] = names.reshape(count, 14)
    record[:, 14 : 14 + length] = rows
    record[:, 14 + length : 17 + length] = encoded("\n+\n")
    record[:, 17 + length : -1] = quality + 33
    record[:, -1] = ord("\n")
    return record.tobytes()
