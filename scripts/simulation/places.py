"""Properties that belong to a place of the genome: all reads over it share them, on both haplotypes."""

import numpy as np


def place_number(sequence: np.ndarray, at: np.ndarray, salt: int) -> np.ndarray:
    """A number in (0, 1) for each place, from the 14 bases before it: the same bases give the same number."""
    key = np.full(len(at), salt, np.uint64)
    for back in range(1, 15):
        key = key * np.uint64(6364136223846793005) + sequence[np.maximum(at - back, 0)].astype(np.uint64)
        key ^= key >> np.uint64(29)
    return ((key >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Standard normal quantile by the logistic approximation: within 0.01 of the probability, enough to spread rates."""
    return np.log(p / (1 - p)) / 1.702


def reads_hit(
    order: np.ndarray, low: np.ndarray, high: np.ndarray, rate: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which reads an error hits, as (place, read). The reads order[low:high) cover a place; `rate` is the share of them that is hit."""
    hits = rng.binomial(np.maximum(high - low, 0), rate)
    place = np.repeat(np.arange(len(low)), hits)
    read = low[place] + (rng.random(len(place)) * (high - low)[place]).astype(np.int64)
    return place, order[read]
