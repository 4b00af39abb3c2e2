"""The profile of an instrument and its library: what simulated reads imitate.

A profile is a dict of arrays, kept as one .npz file:
  quality1, quality2  u8 [n, length]: quality strings of first and second reads, in the order of sequencing
  insert              u16 [n]: insert sizes
  error               f64 [64]: share of wrong bases by reported quality
  substitution        f64 [4, 4]: what a wrong base turns into (A C G T)
  deletion, insertion f64 [7, 80]: share of reads that lose or gain a unit, by unit length and tract length in bases
  indel               f64 [2]: deletions and insertions per base outside repeats
  clip5, clip3        u8 [n]: lengths of the soft clips at a read's first and last bases; share of the reads in clip_rate f64 [2]
  duplicates          f64: share of reads marked as duplicates
"""

import numpy as np

Profile = dict[str, np.ndarray]
QUALITIES = 64  # reported qualities are below
CLAIMED_ERROR = 10 ** (-np.arange(QUALITIES) / 10)  # share of wrong bases that each reported quality claims
MOST_ERROR = 0.75


def load(path: str) -> Profile:
    with np.load(path) as archive:
        return {key: archive[key] for key in archive}


def save(path: str, profile: Profile) -> None:
    np.savez_compressed(path, **profile)


def with_inserts(profile: Profile, mean: float, deviation: float, rng: np.random.Generator) -> Profile:
    """The profile with insert sizes of a normal distribution."""
    return profile | {"insert": np.clip(rng.normal(mean, deviation, 20000), 60, 1400).astype(np.uint16)}


def read_lengths(profile: Profile, most: int) -> tuple[int, int]:
    """Lengths of first and second reads, cut to `most` (0: not cut)."""
    first, second = (min(profile[key].shape[1], most or profile[key].shape[1]) for key in ("quality1", "quality2"))
    return first, second


def binned(quality: np.ndarray) -> np.ndarray:
    """Four bins, as instruments with two colours report them."""
    return np.array([2, 12, 23, 37], np.uint8)[np.searchsorted([3, 18, 31], quality, "right")]


def consensus(quality: np.ndarray) -> np.ndarray:
    """Qualities of bases that several copies of a molecule agree on (UMI): Q60 to Q93 where one copy has Q20 or more."""
    return np.where(quality >= 20, np.clip(quality.astype(np.int16) * 2 + 20, 60, 93), quality).astype(np.uint8)


REPORTED = {"profile": None, "bins": binned, "consensus": consensus}


def reported(profile: Profile, how: str) -> Profile:
    """The profile with qualities reported in another way. Each new quality has the mean error of the old ones behind it; a
    consensus has a tenth of the errors."""
    change = REPORTED[how]
    if not change:
        return profile
    old = np.concatenate([profile["quality1"].ravel(), profile["quality2"].ravel()])
    count = np.bincount(old, minlength=QUALITIES).astype(float)[:QUALITIES]
    new = change(np.arange(QUALITIES))
    size = int(new.max()) + 1
    wrong = np.bincount(new, weights=count * profile["error"], minlength=size)
    error = wrong / np.maximum(np.bincount(new, weights=count, minlength=size), 1)
    changed = {key: change(profile[key]) for key in ("quality1", "quality2")}
    return profile | changed | {"error": error * (0.1 if how == "consensus" else 1.0)}
