"""Makes a profile for an instrument of which there are no reads, with the qualities that ART states for it.

Slippage, insert sizes and the rest come from a measured profile (--base).
"""

import argparse

from .. import art, profiles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--system", required=True, help="ART's name of the instrument, such as HS20")
    add("--art-length", type=int, required=True, help="longest read that ART makes for it")
    add("--length", type=int, required=True, help="read length of the profile")
    add("--base", required=True, help="measured profile, for all but the qualities")
    add("--output", required=True, help="profile, .npz")


def run(args: argparse.Namespace) -> None:
    pools = art.qualities(args.system, args.art_length)
    profiles.save(args.output, art.profile_of(pools, args.length, profiles.load(args.base)))
