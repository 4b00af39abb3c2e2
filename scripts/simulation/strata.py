"""Places that are hard to call on a reference.

  homopolymers    runs of one base, 7 bases or longer, and 5 bases on each side
  repeats         tandem repeats with units of 2 to 6 bases, 12 bases or longer, and 5 bases on each side
  low_mappability fewer than half of the reads there have a mapping quality of 10 or more
  elsewhere       all the rest
"""

import numpy as np

from .dna import fetch
from .repeats import tracts
from .tools import lines_of

SLOP = 5
NAMES = ("homopolymers", "repeats", "low_mappability", "elsewhere")


def strata_of(fasta: str, reads: str, contig: str, start: int, end: int) -> dict[str, np.ndarray]:
    """One mask over [start, end) for each stratum."""
    sequence = fetch(fasta, contig, start, end)
    found = tracts(sequence)
    size, unit = found[:, 1] - found[:, 0], found[:, 2]
    hard = [
        about(len(sequence), found[(unit == 1) & (size >= 7)]),
        about(len(sequence), found[(unit > 1) & (size >= 12)]),
        poorly_mapped(reads, contig, start, end),
    ]
    return dict(zip(NAMES, [*hard, ~np.any(hard, axis=0)]))


def about(length: int, found: np.ndarray) -> np.ndarray:
    """True in these tracts and SLOP bases on each side."""
    mask = np.zeros(length, bool)
    for start, end, _ in found:
        mask[max(0, start - SLOP) : end + SLOP] = True
    return mask


def poorly_mapped(reads: str, contig: str, start: int, end: int) -> np.ndarray:
    """True where under half of the reads have a mapping quality of 10 or more."""
    every, well = (depth(reads, contig, start, end, quality) for quality in (0, 10))
    return well * 2 < every


def depth(reads: str, contig: str, start: int, end: int, quality: int) -> np.ndarray:
    """Reads of at least this mapping quality over each base."""
    found = np.zeros(end - start, np.int32)
    for line in lines_of("samtools", "depth", "-Q", str(quality), "-r", f"{contig}:{start + 1}-{end}", reads):
        _, position, count = line.split("\t")
        found[int(position) - 1 - start] = int(count)
    return found


def spans(mask: np.ndarray) -> np.ndarray:
    """Rows (start, end) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)


def write(folder: str, rows: dict[str, list[str]]) -> None:
    """One BED file a stratum, and strata.tsv, which lists those that are not empty."""
    with open(f"{folder}/strata.tsv", "w") as table:
        for name, lines in rows.items():
            if lines:
                with open(f"{folder}/{name}.bed", "w") as bed:
                    bed.writelines(lines)
                table.write(f"{name}\t{name}.bed\n")
