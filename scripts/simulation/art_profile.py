#!/usr/bin/env python3
"""Makes a profile for an instrument of which there are no reads to learn from, out of ART's built-in quality profile.

ART draws each base's quality by itself; real reads are good or bad as a whole and fade towards the end. So ART's
distribution by cycle is kept, and the draws are tied together (a Gaussian copula: one effect per read, and one that
drifts along the read). Slippage, inserts and the rest come from a learned profile (--base).
"""

import argparse
import subprocess
import tempfile

import numpy as np

READ_EFFECT, DRIFT = 0.5, 0.96  # share of the variance that a whole read shares; correlation of neighbours in the rest


def art_qualities(system: str, length: int) -> list[np.ndarray]:
    """Qualities u8 [n, length] of first and second reads that ART makes for random DNA."""
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/random.fa", "wb") as fasta:
            fasta.write(b">random\n" + bytes(rng.choice(np.frombuffer(b"ACGT", np.uint8), 200000)) + b"\n")
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
    """`count` strings of `length` with the pool's distribution at each cycle (the last repeated), tied along the read."""
    noise = rng.normal(size=(count, length))
    for cycle in range(1, length):
        noise[:, cycle] = DRIFT * noise[:, cycle - 1] + np.sqrt(1 - DRIFT**2) * noise[:, cycle]
    # A third is left free, so that neighbours differ as they do on the instrument.
    free = rng.normal(size=(count, length))
    score = np.sqrt(READ_EFFECT) * rng.normal(size=(count, 1)) + np.sqrt(1 - READ_EFFECT) * (0.8 * noise + 0.6 * free)
    out = np.empty((count, length), np.uint8)
    for cycle in range(length):
        values = np.sort(pool[:, min(cycle, pool.shape[1] - 1)])
        rank = np.argsort(np.argsort(score[:, cycle]))
        out[:, cycle] = values[(rank * len(values)) // count]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", required=True, help="ART's name of the instrument, such as HS20")
    parser.add_argument("--art-length", type=int, required=True, help="longest read that ART makes for it")
    parser.add_argument("--length", type=int, required=True, help="read length of the profile")
    parser.add_argument("--base", required=True, help="learned profile for all but the qualities")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    with np.load(arguments.base) as archive:
        profile = {key: archive[key] for key in archive}
    pools = art_qualities(arguments.system, arguments.art_length)
    profile["quality1"], profile["quality2"] = (tied(p, arguments.length, 15000, rng) for p in pools)
    # The reported quality is taken at its word, down to the errors that libraries have whatever the sequencer says.
    profile["error"] = np.minimum(10 ** (-np.arange(64) / 10) + 3e-4, 0.75)
    np.savez_compressed(arguments.output, **profile)


if __name__ == "__main__":
    main()
