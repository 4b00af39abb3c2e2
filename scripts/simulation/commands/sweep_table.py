"""Prints the recall of each caller (right allele and genotype) in Markdown: by kind, genotype and length, by depth, and by
length of the reads. Then every length that another caller finds oftener than dvcall.
"""

import argparse

from ..sweep.scores import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scores", help="lines of sweep-score, of all settings")


def run(args: argparse.Namespace) -> None:
    for line in table(args.scores):
        print(line)
