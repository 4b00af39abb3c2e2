#!/usr/bin/env python3
"""Plants variants in real reads: their errors, qualities and mapping stay real, the variants are known.

Every fragment is put on one of two haplotypes by a seeded hash of its name, and the reads of a haplotype that carries a
planted variant get its allele. Writes to the output folder 1.fq, 2.fq (to be aligned anew), truth.vcf (known and planted
variants), confident.bed and region.bed. Planted variants keep clear of known ones.
"""

import argparse
import os
import re
import shutil
import subprocess
import zlib
from bisect import bisect_left

import numpy as np

from errors import COMPLEMENT
from genome import Stretch, Variant, fetch, plant_anywhere, plant_in_repeats, plant_snps, read_truth, settle, write_truth

SHORTEST = 20  # bases of a read that is still written
REACH = 100  # bases around a read in which planted variants may matter to it


def haplotype_of(name: str, seed: int) -> int:
    return zlib.crc32(f"{seed}:{name}".encode()) >> 7 & 1


def read_offsets(cigar: str, position: int) -> dict[int, int]:
    """Offset in the read of every reference position that the read has a base for."""
    offsets, in_read, in_genome = {}, 0, position
    for size, op in re.findall(r"(\d+)([MIDNS])", cigar):
        size = int(size)
        if op == "M":
            offsets.update(zip(range(in_genome, in_genome + size), range(in_read, in_read + size)))
        in_read += size if op in "MIS" else 0
        in_genome += size if op in "MDN" else 0
    return offsets


def planted(
    bases: str, quality: str, fields: list[str], variants: list[Variant], haplotype: int, stretch: Stretch
) -> tuple[str, str]:
    """The read with its haplotype's alleles, empty if it lies in what they delete. `variants` are the planted ones near
    the read; the last comes first."""
    offsets = read_offsets(fields[5], int(fields[3]) - 1)
    whole, aligned_to = len(bases), max(offsets, default=0) + 1
    for variant in reversed(variants):
        ref, alt = variant.alleles[0], variant.alleles[variant.genotype[haplotype]]
        first, after = offsets.get(variant.position), offsets.get(variant.end)
        if ref == alt:
            continue
        if first is None:
            # No read of the haplotype begins in what is deleted.
            if len(alt) < len(ref) and variant.position < int(fields[3]) - 1 < variant.end:
                bases, quality = bases[after or whole :], quality[after or whole :]
            continue
        if len(ref) == len(alt):
            # A base that is an error already stays one.
            if bases[first] == ref:
                bases = bases[:first] + alt + bases[first + 1 :]
            continue
        last = after if after is not None else len(bases)
        middle = alt[1:] + bases[first + len(ref) : last] if last - first > len(ref) else alt[1:]
        given = quality[first + 1 : last]
        mended = (given + quality[first] * len(middle))[: len(middle)]
        bases = bases[: first + 1] + middle + bases[last:]
        quality = quality[: first + 1] + mended + quality[last:]
        aligned_to = max(aligned_to, variant.end)
    if len(bases) > whole:
        # The instrument stops after so many cycles: the end that is sequenced last goes.
        cut = slice(len(bases) - whole, None) if int(fields[1]) & 16 else slice(whole)
        bases, quality = bases[cut], quality[cut]
    if 0 < len(bases) < whole and not fields[5].endswith("S"):
        more = following(stretch, aligned_to, whole - len(bases))
        bases, quality = bases + more, quality + quality[-1] * len(more)
    return bases, quality


def following(stretch: Stretch, start: int, count: int) -> str:
    """What a read that lost bases to a deletion shows instead: the reference from `start` on, as far as no variant is."""
    at = bisect_left(stretch.variants, start - 1, key=lambda v: v.position)
    end = min([start + count, stretch.end, *(v.position for v in stretch.variants[at : at + 1])])
    return bytes(stretch.reference[start - stretch.start : max(start, end) - stretch.start]).decode()


def reverse_complement(bases: str) -> str:
    return bytes(COMPLEMENT[np.frombuffer(bases.encode(), np.uint8)[::-1]]).decode()


def mates(
    bam: str, variants: list[Variant], seed: int, share: float, stretch: Stretch
) -> dict[str, list[tuple[str, str] | None]]:
    """Both reads of every fragment kept, as sequenced, with planted alleles."""
    positions = np.array([v.position for v in variants])
    pairs: dict[str, list[tuple[str, str] | None]] = {}
    with subprocess.Popen(["samtools", "view", "-F", "0x900", bam], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            fields = line.split("\t", 11)
            name, flag, start = fields[0], int(fields[1]), int(fields[3]) - 1
            if zlib.crc32(f"share {seed}:{name}".encode()) / 2**32 >= share:
                continue
            bases, quality = fields[9], fields[10].rstrip("\n")
            if not flag & 4:
                low, high = np.searchsorted(positions, [start - REACH, start + len(bases) + REACH])
                haplotype = haplotype_of(name, seed)
                bases, quality = planted(bases, quality, fields, variants[low:high], haplotype, stretch)
            if flag & 16:
                bases, quality = reverse_complement(bases), quality[::-1]
            pairs.setdefault(name, [None, None])[1 if flag & 128 else 0] = (bases, quality)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ref", required=True)
    parser.add_argument("--reads", required=True, help="folder with reads.bam, truth.vcf.gz, confident.bed, region.bed")
    parser.add_argument("--plant", default="1.5,0.8,2", help="variants a kilobase: in repeats, indels anywhere, SNPs")
    parser.add_argument("--share", type=float, default=1.0, help="share of the fragments that is kept")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--sample", default="SPIKED")
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    os.makedirs(args.output, exist_ok=True)
    with open(f"{args.reads}/region.bed") as bed:
        contig, start, end = bed.readline().split()[:3]
    stretch = Stretch(contig, int(start), int(end), 0, fetch(args.ref, contig, int(start), int(end)))
    known = read_truth(f"{args.reads}/truth.vcf.gz", [], stretch, rng)
    kilobases = len(stretch.reference) / 1000
    repeats, anywhere, snps = (rng.poisson(float(x) * kilobases) for x in args.plant.split(","))
    new = plant_in_repeats(stretch, repeats, 0, rng) + plant_anywhere(stretch, anywhere, rng) + plant_snps(stretch, snps, rng)
    stretch.variants = settle(stretch, known, new)
    places = {v.position for v in known}
    write_truth(f"{args.output}/truth.vcf", f"{args.ref}.fai", [stretch], args.sample)
    for name in ("confident.bed", "region.bed"):
        shutil.copy(f"{args.reads}/{name}", f"{args.output}/{name}")
    chosen = [v for v in stretch.variants if v.position not in places]
    pairs = mates(f"{args.reads}/reads.bam", chosen, args.seed, args.share, stretch)
    with open(f"{args.output}/1.fq", "w") as first, open(f"{args.output}/2.fq", "w") as second:
        for name, reads in pairs.items():
            if all(read and len(read[0]) >= SHORTEST for read in reads):
                for out, (bases, quality) in zip((first, second), reads):
                    out.write(f"@{name}\n{bases}\n+\n{quality}\n")


if __name__ == "__main__":
    main()
