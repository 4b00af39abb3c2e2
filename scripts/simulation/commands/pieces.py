"""Writes pieces of two haplotypes as FASTA, for other simulators: amplicons, stretches behind cut sites, capture targets;
or, of a reference, copies that are diverged as much as a dense block of SNPs.
"""

import argparse

import numpy as np

from ..dna import TRANSITION, encoded, fetch, write_fasta
from ..fragments import SITE_EVERY, TARGET_EVERY, TARGET_SIZES, sites_of
from ..planting import BLOCK, BLOCK_SNPS
from ..tools import lines_of

SIZES = {"amplicons": (150, 300), "cut-sites": (400, 401), "exome": TARGET_SIZES}
COPY_FLANK = 500  # bases on either side of a copy's dense part that equal the reference, and as many foreign bases behind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--kind", choices=[*SIZES, "copies"], required=True)
    add("--haplotypes", help="folder of `reads --haplotypes`; needed for all kinds but copies")
    add("--ref", help="indexed FASTA; needed for copies")
    add("--regions", help="BED that copies come from")
    add("--count", type=int, default=500, help="number of copies")
    add("--seed", type=int, required=True)
    add("--output", required=True, help="prefix: PREFIX0.fa and PREFIX1.fa, or PREFIX.fa and PREFIX.bed of copies")


def run(args: argparse.Namespace) -> None:
    if args.kind == "copies":
        write_copies(args)
        return
    for which in (0, 1):
        sequences = dict(read_fasta(f"{args.haplotypes}/hap{which}.fa"))
        pieces = {f"{name}_{at}": piece for name, bases in sequences.items() for at, piece in pieces_of(bases, args.kind, args.seed)}
        write_fasta(f"{args.output}{which}.fa", pieces, 0)


def read_fasta(path: str) -> list[tuple[str, np.ndarray]]:
    """Names and bases of a FASTA file with one line a sequence."""
    lines = [line.rstrip("\n") for line in lines_of("cat", path)]
    return [(name[1:], encoded(bases)) for name, bases in zip(lines[::2], lines[1::2])]


def pieces_of(sequence: np.ndarray, kind: str, seed: int) -> list[tuple[int, np.ndarray]]:
    """Offset and bases of each piece. The bases before a piece choose its place and its size, so that both haplotypes share them."""
    low, high = SIZES[kind]
    sites, _, of_size = sites_of(sequence, TARGET_EVERY if kind == "exome" else SITE_EVERY, seed)
    ends = sites + (low * (high / low) ** of_size).astype(np.int64)
    return [(int(start), sequence[start:end]) for start, end in zip(sites, ends) if end <= len(sequence)]


def write_copies(args: argparse.Namespace) -> None:
    """Copies between foreign bases, and a BED of the places that they resemble."""
    rng = np.random.default_rng(args.seed)
    regions = [line.split()[:3] for line in lines_of("cat", args.regions)]
    copies, places = {}, []
    size = 2 * COPY_FLANK + BLOCK
    for index in range(args.count):
        contig, left, right = regions[rng.integers(len(regions))]
        start = int(rng.integers(int(left) + size, int(right) - 2 * size))
        bases = fetch(args.ref, contig, start, start + 2 * size)
        copy, foreign = bases[:size].copy(), bases[size:][::-1]
        for at in COPY_FLANK + rng.choice(BLOCK, rng.integers(BLOCK_SNPS[0], BLOCK_SNPS[1] + 1), replace=False):
            copy[at] = ord(TRANSITION.get(chr(copy[at]), "A"))
        copies[f"copy{index}"] = np.concatenate([foreign[:COPY_FLANK], copy, foreign[COPY_FLANK : 2 * COPY_FLANK]])
        places.append(f"{contig}\t{start + COPY_FLANK}\t{start + COPY_FLANK + BLOCK}\n")
    write_fasta(f"{args.output}.fa", copies, 0)
    with open(f"{args.output}.bed", "w") as bed:
        bed.writelines(places)
