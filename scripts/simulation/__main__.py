"""The command line: `python.sh -m simulation COMMAND ARGUMENTS`."""

import argparse

from .commands import art_profile, learn_profile, pieces, reads, sample, spike, strata, sweep_make, sweep_score, sweep_table

COMMANDS = (reads, pieces, spike, strata, learn_profile, art_profile, sample, sweep_make, sweep_score, sweep_table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulation", description="Simulates genomes and reads. Same arguments, same bytes.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        name = command.__name__.rsplit(".", 1)[1].replace("_", "-")
        summary = command.__doc__.strip().split("\n\n")[0].replace("\n", " ")
        formatter = argparse.RawDescriptionHelpFormatter
        added = commands.add_parser(name, help=summary, description=command.__doc__, formatter_class=formatter)
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
