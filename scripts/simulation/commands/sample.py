"""Invents a small reference with the features that make calling hard, and two haplotypes of it: the bundled sample.

Writes to the output folder reference.fa, hap0.fa, hap1.fa, truth.vcf and confident.bed.
"""

import argparse

from .. import invention
from ..dna import write_fasta
from ..truth import variants_of, write_truth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", required=True, help="folder that is there")


def run(args: argparse.Namespace) -> None:
    contigs, folder = invention.person(args.seed), args.output
    write_fasta(f"{folder}/reference.fa", {c.contig: c.reference for c in contigs}, 80)
    for which in (0, 1):
        write_fasta(f"{folder}/hap{which}.fa", {c.contig: c.haplotype(which) for c in contigs}, 80)
    lengths = {c.contig: c.end for c in contigs}
    write_truth(f"{folder}/truth.vcf", lengths, variants_of(contigs), "sample", filter_line="", quality=".")
    with open(f"{folder}/confident.bed", "w") as bed:
        for contig in contigs:
            bed.writelines(f"{contig.contig}\t{start}\t{end}\n" for start, end in invention.confident_spans(contig))
