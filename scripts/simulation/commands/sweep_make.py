"""Makes the reads of one setting of the sweep of indels: ref.fa, reads.sam and truth.tsv in FOLDER.

Every read over an indel shows it, as a perfect aligner would: ends of fewer than 10 bases beyond an indel, and ends within
an insertion, are soft-clipped. With --beside, SNPs within 110 bases of deletions, on the same haplotypes, take the place of
the indels in truth.tsv.
"""

import argparse
import random
import sys

from ..dna import decoded, encoded, fetch, write_fasta
from ..sweep.places import carried, haplotype, places, plant, span_of
from ..sweep.reads import CONTIG, write_sam


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("reference", help="indexed FASTA")
    add("folder", help="folder that is there")
    add("--at", default="20:21000001", help="where on the reference the places begin (1-based)")
    add("--read-length", type=int, default=150)
    add("--depth", type=float, default=30)
    add("--seed", type=int, default=1)
    add("--every", type=int, default=1, help="each N-th length only")
    add("--beside", action="store_true", help="SNPs beside deletions")


def run(args: argparse.Namespace) -> None:
    rng = random.Random(args.seed)
    wanted = places(args.beside, args.every)
    rng.shuffle(wanted)
    ref = reference_of(args, span_of(wanted))
    changes = plant(rng, ref, wanted)
    haplotypes = [haplotype(ref, of_one) for of_one in carried(rng, changes, args.beside)]
    write_fasta(f"{args.folder}/ref.fa", {CONTIG: encoded(ref)}, 60)
    with open(f"{args.folder}/truth.tsv", "w") as out:
        for change in changes:
            if change.name:
                out.write(f"{change.before}\t{change.deleted}\t{change.inserted or '-'}\t{change.copies}\t{change.name}\n")
    with open(f"{args.folder}/reads.sam", "w") as out:
        write_sam(out, rng, len(ref), haplotypes, args.read_length, args.depth)


def reference_of(args: argparse.Namespace, span: int) -> str:
    contig, first = args.at.rsplit(":", 1)
    start = int(first) - 1
    ref = decoded(fetch(args.reference, contig, start, start + span))
    if len(ref) < span or "N" in ref:
        sys.exit(f"simulation: {args.at} has no {span} known bases; give another --at")
    return ref
