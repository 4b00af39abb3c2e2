"""Measures on real reads what the simulator must imitate, and writes it as a profile."""

import argparse
import sys

from .. import measurement, profiles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ref", required=True, help="FASTA that the reads are aligned to")
    parser.add_argument("--output", required=True, help="profile, .npz")
    parser.add_argument("folders", nargs="+", help="reads.bam, truth.vcf.gz, confident.bed, region.bed (one line)")


def run(args: argparse.Namespace) -> None:
    totals = measurement.Totals()
    for folder in args.folders:
        measurement.add_set(folder, args.ref, totals)
        print(f"{folder}: {totals.reads} reads so far, {totals.error_rate:.5f} wrong", file=sys.stderr)
    profiles.save(args.output, measurement.profile_of(totals))
