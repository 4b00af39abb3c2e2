"""Plants variants in real reads, whose errors, qualities and mapping stay real.

Writes to the output folder 1.fq and 2.fq (to be aligned anew), truth.vcf (known and planted variants), confident.bed and
region.bed. Planted variants keep clear of known ones.
"""

import argparse
import os
import shutil

import numpy as np

from ..dna import fetch
from ..planting import Density
from ..spiking import new_variants, read_pairs, write_pairs
from ..stretches import Stretch
from ..truth import contigs_of_index, read_truth, settled, variants_of, write_truth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--ref", required=True, help="indexed FASTA")
    add("--reads", required=True, help="folder with reads.bam, truth.vcf.gz, confident.bed, region.bed (one line)")
    add("--plant", default="1.5,0.8,2", help="variants a kilobase: in repeats, indels anywhere, SNPs")
    add("--share", type=float, default=1.0, help="share of the fragments that is kept")
    add("--seed", type=int, required=True)
    add("--sample", default="SPIKED", help="name of the sample in truth.vcf")
    add("--output", required=True, help="folder")


def run(args: argparse.Namespace) -> None:
    rng = np.random.default_rng(args.seed)
    os.makedirs(args.output, exist_ok=True)
    with open(f"{args.reads}/region.bed") as bed:
        contig, start, end = bed.readline().split()[:3]
    stretch = Stretch(contig, int(start), int(end), 0, fetch(args.ref, contig, int(start), int(end)))
    known = read_truth(f"{args.reads}/truth.vcf.gz", [], stretch, rng)
    stretch.variants = settled(stretch, known, new_variants(stretch, Density.parse(args.plant), rng))
    write_truth(f"{args.output}/truth.vcf", contigs_of_index(f"{args.ref}.fai"), variants_of([stretch]), args.sample)
    for name in ("confident.bed", "region.bed"):
        shutil.copy(f"{args.reads}/{name}", f"{args.output}/{name}")
    places = {v.position for v in known}
    planted = [v for v in stretch.variants if v.position not in places]
    write_pairs(args.output, read_pairs(f"{args.reads}/reads.bam", planted, args.seed, args.share, stretch))
