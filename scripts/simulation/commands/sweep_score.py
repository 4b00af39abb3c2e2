"""Scores call sets of one setting of the sweep: one line a variant and caller, with whether a record holds its allele, and
whether with its genotype.
"""

import argparse

from ..sweep.scores import score


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", help="folder of sweep-make")
    parser.add_argument("calls", nargs="+", help="CALLER=VCF")
    parser.add_argument("--setting", required=True, help="READ_LENGTH/DEPTH/SEED")


def run(args: argparse.Namespace) -> None:
    for caller, vcf in (pair.split("=", 1) for pair in args.calls):
        for columns in score(args.folder, caller, vcf, args.setting):
            print(*columns, sep="\t")
