"""Indel errors: slippage in repeats, and indels anywhere. They change a read's template in place.

A template is one row of a matrix: the bases that the read would show without errors, and SPARE more, which follow them in
the fragment. A read that lost bases to a deletion ends in the spare ones.
"""

import numpy as np

from .dna import BASES
from .places import normal_quantile, place_number, reads_hit
from .profiles import Profile
from .repeats import tracts

SPARE = 64  # bases
MOST_RATE = 0.4
MOST_GAINED = 24  # bases


class Slippage:
    """Repeat tracts of the pool, and the share of reads that slip there."""

    def __init__(self, pool: np.ndarray, profile: Profile, level: float, spread: float, salt: int) -> None:
        self.tracts = tracts(pool)
        length = np.minimum(self.tracts[:, 1] - self.tracts[:, 0], profile["deletion"].shape[1] - 1)
        unit = self.tracts[:, 2]
        locus = np.exp(spread * normal_quantile(place_number(pool, self.tracts[:, 0], salt)) - spread**2 / 2)
        self.rates = [np.minimum(profile[k][unit, length] * level * locus, MOST_RATE) for k in ("deletion", "insertion")]

    def events(self, start: np.ndarray, length: int, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
        """(read, tract start, tract end, bases gained) for reads of `length` at pool offsets `start`."""
        order = np.argsort(start, kind="stable")
        ordered = start[order]
        left, right, unit = self.tracts.T
        low = np.searchsorted(ordered, left - length, "right")
        high = np.searchsorted(ordered, left, "left")
        found = []
        for sign, rate in zip((-1, 1), self.rates):
            place, read = reads_hit(order, low, high, rate, rng)
            steps = np.minimum(rng.geometric(0.88, len(place)), (right - left)[place] // unit[place] - 1)
            gained = sign * unit[place] * np.minimum(np.maximum(steps, 1), MOST_GAINED // unit[place])
            found += zip(read.tolist(), left[place].tolist(), right[place].tolist(), gained.tolist())
        return found


def slip(row: np.ndarray, left: int, right: int, gained: int) -> None:
    """Adds `gained` bases (negative: takes them away) at the tract [left, right) of the template."""
    left, right = max(left, 0), min(right, len(row))
    if right - left <= abs(gained):
        return
    if gained < 0:
        remove(row, left, -gained)
    else:
        insert(row, left, gained)


def remove(row: np.ndarray, at: int, size: int) -> None:
    """Bases from at + size on move up to `at`."""
    row[at : len(row) - size] = row[at + size :].copy()


def insert(row: np.ndarray, at: int, size: int) -> None:
    """Bases from `at` on move to at + size; those at [at, at + size) stay as they were."""
    row[at + size :] = row[at : len(row) - size].copy()


def indels_anywhere(rows: np.ndarray, length: int, rates: np.ndarray, rng: np.random.Generator) -> None:
    """Deletions and insertions of (mostly) one base in reads of `length`; `rates`: of each per base."""
    for sign, rate in zip((-1, 1), rates):
        for _ in range(rng.poisson(rate * len(rows) * length)):
            row, at = rows[rng.integers(len(rows))], int(rng.integers(5, length))
            size = min(int(rng.geometric(0.85)), 12)
            if sign < 0:
                remove(row, at, size)
            else:
                insert(row, at, size)
                row[at : at + size] = rng.choice(BASES, size)
