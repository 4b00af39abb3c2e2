#!/usr/bin/env python3
"""Writes BED files of the places that are hard to call on a reference, and strata.tsv that lists them for
dvcall evaluate --stratification.

  homopolymers    runs of one base of 7 bases or more, 5 bases added on each side
  repeats         tandem repeats with units of 2 to 6 bases, 12 bases or more, likewise
  low_mappability where fewer than half of the reads of --reads have a mapping quality of 10 or more
  elsewhere       all the rest
"""

import argparse
import os
import subprocess

import numpy as np

from genome import fetch
from repeats import tracts

SLOP = 5


def marked(length: int, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(length, bool)
    for start, end, _ in rows:
        mask[max(0, start - SLOP) : end + SLOP] = True
    return mask


def poorly_mapped(reads: str, contig: str, start: int, end: int) -> np.ndarray:
    """True where under half of the reads map well; two columns of depth, all reads and well-mapped ones."""
    depth = np.zeros((2, end - start), np.int32)
    for row, quality in enumerate(("0", "10")):
        command = ["samtools", "depth", "-Q", quality, "-r", f"{contig}:{start + 1}-{end}", reads]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                _, position, count = line.split("\t")
                depth[row, int(position) - 1 - start] = int(count)
    return depth[1] * 2 < depth[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ref", required=True)
    parser.add_argument("--reads", required=True)
    parser.add_argument("--regions", required=True, help="BED")
    parser.add_argument("--output", required=True, help="folder")
    args = parser.parse_args()
    os.makedirs(args.output, exist_ok=True)
    lines: dict[str, list[str]] = {"homopolymers": [], "repeats": [], "low_mappability": [], "elsewhere": []}
    with open(args.regions) as regions:
        for contig, left, right in (line.split()[:3] for line in regions):
            start, end = int(left), int(right)
            sequence = fetch(args.ref, contig, start, end)
            found = tracts(sequence)
            size = found[:, 1] - found[:, 0]
            masks = {
                "homopolymers": marked(len(sequence), found[(found[:, 2] == 1) & (size >= 7)]),
                "repeats": marked(len(sequence), found[(found[:, 2] > 1) & (size >= 12)]),
                "low_mappability": poorly_mapped(args.reads, contig, start, end),
            }
            masks["elsewhere"] = ~np.any(list(masks.values()), axis=0)
            for name, mask in masks.items():
                edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
                lines[name] += [f"{contig}\t{start + a}\t{start + b}\n" for a, b in edges.reshape(-1, 2)]
    with open(f"{args.output}/strata.tsv", "w") as table:
        for name, rows in lines.items():
            if not rows:
                continue
            with open(f"{args.output}/{name}.bed", "w") as bed:
                bed.writelines(rows)
            table.write(f"{name}\t{name}.bed\n")


if __name__ == "__main__":
    main()
