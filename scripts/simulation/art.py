"""Profiles of instruments of which there are no reads to measure, out of the quality profiles that ART brings along.

ART draws the quality of each base by itself. Real reads are good or bad as a whole, and fade towards the end. The profile
keeps ART's distribution of each cycle, and ties the draws together (a Gaussian copula: one effect for the read, and one that
drifts along it).
"""

import subprocess
import tempfile

import numpy as np

from .dna import BASES
from .profiles import CLAIMED_ERROR, MOST_ERROR, Profile

READ_EFFECT = 0.5  # share of the variance that is the same for the whole read
DRIFT = 0.96  # correlation of the drifting part between neighbouring cycles
READS = 15000
LEAST_ERROR = 3e-4  # errors of the library, whatever quality the sequencer reports


def qualities(system: str, length: int) -> list[np.ndarray]:
    """Qualities u8 [n, length] of first and of second reads that ART makes of random DNA. `system`: ART's name, such as HS20."""
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/random.fa", "wb") as fasta:
            fasta.write(b">random\n" + bytes(rng.choice(BASES, 200000)) + b"\n")
        command = ["art_illumina", "-ss", system, "-i", f"{folder}/random.fa", "-p", "-l", str(length), "-f", "15"]
        command += ["-m", "350", "-s", "50", "-na", "-q", "-rs", "1", "-o", f"{folder}/reads"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        pools = []
        for mate in (1, 2):
            with open(f"{folder}/reads{mate}.fq", "rb") as fastq:
                lines = fastq.read().split(b"\n")[3::4]
            pools.append(np.array([np.frombuffer(line, np.uint8) - 33 for line in lines if len(line) == length]))
    return pools


def tied(pool: np.ndarray, length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` quality strings of `length` with the pool's distribution at each cycle (the last cycle repeated)."""
    drifting = rng.normal(size=(count, length))
    for cycle in range(1, length):
        drifting[:, cycle] = DRIFT * drifting[:, cycle - 1] + np.sqrt(1 - DRIFT**2) * drifting[:, cycle]
    # A third of the rest is independent, so that neighbours differ as they do on the instrument.
    free = rng.normal(size=(count, length))
    score = np.sqrt(READ_EFFECT) * rng.normal(size=(count, 1)) + np.sqrt(1 - READ_EFFECT) * (0.8 * drifting + 0.6 * free)
    out = np.empty((count, length), np.uint8)
    for cycle in range(length):
        values = np.sort(pool[:, min(cycle, pool.shape[1] - 1)])
        rank = np.argsort(np.argsort(score[:, cycle]))
        out[:, cycle] = values[(rank * len(values)) // count]
    return out


def profile_of(pools: list[np.ndarray], length: int, base: Profile) -> Profile:
    """`base`, with ART's qualities for reads of `length`, and errors as frequent as the qualities claim."""
    rng = np.random.default_rng(1)
    quality1, quality2 = (tied(pool, length, READS, rng) for pool in pools)
    error = np.minimum(CLAIMED_ERROR + LEAST_ERROR, MOST_ERROR)
    return base | {"quality1": quality1, "quality2": quality2, "error": error}
