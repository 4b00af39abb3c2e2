"""Writes BED files of the places that are hard to call on a reference, and strata.tsv, which lists them for
dvcall evaluate --stratification. The strata are homopolymers, repeats, low_mappability and elsewhere.
"""

import argparse
import os

from .. import strata


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--ref", required=True, help="indexed FASTA")
    add("--reads", required=True, help="BAM, whose mapping qualities make low_mappability")
    add("--regions", required=True, help="BED")
    add("--output", required=True, help="folder")


def run(args: argparse.Namespace) -> None:
    os.makedirs(args.output, exist_ok=True)
    rows: dict[str, list[str]] = {name: [] for name in strata.NAMES}
    with open(args.regions) as regions:
        for contig, left, right in (line.split()[:3] for line in regions):
            start = int(left)
            for name, mask in strata.strata_of(args.ref, args.reads, contig, start, int(right)).items():
                rows[name] += [f"{contig}\t{start + a}\t{start + b}\n" for a, b in strata.spans(mask)]
    strata.write(args.output, rows)
