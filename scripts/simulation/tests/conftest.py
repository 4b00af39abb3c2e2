"""What the tests share: an invented sequence, and a profile without errors."""

import numpy as np
import pytest

from simulation.dna import BASES, encoded
from simulation.profiles import QUALITIES, Profile
from simulation.stretches import Stretch


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def stretch() -> Stretch:
    """20 kb of contig 20 from 1,000 on, with a run of one base and a dinucleotide repeat every 500 bases."""
    sequence = np.random.default_rng(3).choice(BASES, 20000)
    for at in range(500, 19500, 500):
        sequence[at : at + 14] = encoded("A" * 14)
        sequence[at + 100 : at + 120] = encoded("CA" * 10)
    return Stretch("20", 1000, 21000, 30.0, sequence)


@pytest.fixture
def perfect() -> Profile:
    """Reads of 100 bases without any error, all of quality 30 or 12 by turns of ten bases."""
    quality = np.tile(np.repeat(np.array([30, 12], np.uint8), 10), 5)[None, :]
    return {
        "quality1": np.repeat(quality, 3, axis=0),
        "quality2": np.repeat(quality, 3, axis=0),
        "insert": np.arange(250, 350, dtype=np.uint16),
        "error": np.zeros(QUALITIES),
        "substitution": (1 - np.eye(4)) / 3,
        "deletion": np.zeros((7, 80)),
        "insertion": np.zeros((7, 80)),
        "indel": np.zeros(2),
        "clip5": np.array([20], np.uint8),
        "clip3": np.array([30], np.uint8),
        "clip_rate": np.zeros(2),
    }
