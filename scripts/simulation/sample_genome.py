#!/usr/bin/env python3
"""Invents a small reference with the features that make calling hard, and two haplotypes of it.

Writes to the output folder: reference.fa, hap0.fa, hap1.fa, truth.vcf, confident.bed. Same seed, same bytes.
"""

import argparse
import random

CONTIGS = {"chrA": 60000, "chrB": 20000}
SNPS_PER_KB, INDELS_PER_KB = 1.5, 0.4
EDGE = 500  # not confident: depth falls off at a contig's ends
TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}


def random_dna(rng: random.Random, length: int) -> str:
    """DNA whose GC content drifts, as in mammals, and that is short of CG."""
    bases, gc = [], 0.42
    while len(bases) < length:
        if len(bases) % 500 == 0:
            gc = min(0.6, max(0.32, gc + rng.gauss(0, 0.05)))
        base = rng.choice("GC") if rng.random() < gc else rng.choice("AT")
        if bases and bases[-1] == "C" and base == "G" and rng.random() < 0.75:
            base = "A"
        bases.append(base)
    return "".join(bases)


def mutated(rng: random.Random, dna: str, rate: float) -> str:
    return "".join(rng.choice("ACGT".replace(b, "")) if rng.random() < rate else b for b in dna)


def invent_reference(rng: random.Random) -> dict[str, str]:
    """Contigs with an interspersed repeat, homopolymers and short tandem repeats, and one duplication between them."""
    family = random_dna(rng, 280)
    reference = {}
    for name, length in CONTIGS.items():
        dna = random_dna(rng, length)
        for _ in range(length // 4000):
            at = rng.randrange(1000, length - 1300)
            dna = dna[:at] + mutated(rng, family, 0.12) + "A" * rng.randrange(8, 20) + dna[at:]
        for _ in range(length // 600):
            at = rng.randrange(1000, length - 1300)
            unit = rng.choice(["A", "T", "A", "T", "C", "G", "CA", "GT", "AT", "GA", "AAT", "CAG", "AAAT", "GATA"])
            dna = dna[:at] + unit * (rng.randrange(6, 20) // len(unit) + 2) + dna[at:]
        reference[name] = dna[:length]
    copied = mutated(rng, reference["chrA"][20000:21200], 0.015)
    reference["chrB"] = reference["chrB"][:9000] + copied + reference["chrB"][10200:]
    return reference


def left_aligned(dna: str, at: int, ref: str, alt: str) -> tuple[int, str, str]:
    """The indel with its anchor base (0-based at `at`) as far left as it goes."""
    while ref[-1] == alt[-1]:
        at -= 1
        ref, alt = dna[at] + ref[:-1], dna[at] + alt[:-1]
    return at, ref, alt


def invent_indel(rng: random.Random, dna: str, at: int) -> tuple[int, str, str]:
    """Half of them in a homopolymer of 5 bases or more, as in people."""
    if rng.random() < 0.5:
        for shift in range(3000):
            if at + shift + 6 < len(dna) and len(set(dna[at + shift : at + shift + 5])) == 1:
                at += shift
                break
    size = min(rng.choice([1, 1, 1, 1, 2, 2, 3, 4, 5, 8, 12, 20, 35]), 35)
    anchor, following = dna[at], dna[at + 1 : at + 1 + size]
    if rng.random() < 0.5:
        return left_aligned(dna, at, anchor + following, anchor)
    inserted = following if rng.random() < 0.6 else random_dna(rng, size)
    return left_aligned(dna, at, anchor, anchor + inserted)


def invent_variants(rng: random.Random, dna: str) -> list[tuple[int, str, str, str]]:
    """(position, ref, alts, genotype), 0-based, sorted, at least 5 bases apart. Some SNPs carry two alternates."""
    taken, variants = set(), []
    wanted = {"snp": int(len(dna) * SNPS_PER_KB / 1000), "indel": int(len(dna) * INDELS_PER_KB / 1000)}
    for kind, count in wanted.items():
        while count:
            at = rng.randrange(600, len(dna) - 600)
            genotype = rng.choice(["0|1", "1|0", "1|1"])
            if kind == "snp":
                ref, alt = dna[at], TRANSITION[dna[at]] if rng.random() < 0.67 else rng.choice("ACGT".replace(dna[at], ""))
                if rng.random() < 0.03:
                    alt = ",".join(sorted(set("ACGT") - {ref})[:2])
                    genotype = "1|2"
            else:
                at, ref, alt = invent_indel(rng, dna, at)
            span = set(range(at - 5, at + len(ref) + 5))
            # An indel keeps its whole repeat to itself, or a neighbour would change what it means.
            end = at + len(ref)
            while kind == "indel" and dna[end] == dna[end - 1]:
                span.add(end + 5)
                end += 1
            if not span & taken:
                taken |= set(range(at, max(end, at + len(ref))))
                variants.append((at, ref, alt, genotype))
                count -= 1
    return sorted(variants)


def haplotype(dna: str, variants: list[tuple[int, str, str, str]], which: int) -> str:
    pieces, at = [], 0
    for position, ref, alts, genotype in variants:
        pieces += [dna[at:position], [ref, *alts.split(",")][int(genotype.split("|")[which])]]
        at = position + len(ref)
    return "".join(pieces) + dna[at:]


def write_fasta(path: str, contigs: dict[str, str]) -> None:
    with open(path, "w") as out:
        for name, dna in contigs.items():
            lines = "\n".join(dna[i : i + 80] for i in range(0, len(dna), 80))
            out.write(f">{name}\n{lines}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", required=True, help="folder that is there")
    arguments = parser.parse_args()
    rng, folder = random.Random(arguments.seed), arguments.output
    reference = invent_reference(rng)
    variants = {name: invent_variants(rng, dna) for name, dna in reference.items()}
    write_fasta(f"{folder}/reference.fa", reference)
    for which in (0, 1):
        write_fasta(f"{folder}/hap{which}.fa", {n: haplotype(d, variants[n], which) for n, d in reference.items()})
    with open(f"{folder}/truth.vcf", "w") as vcf, open(f"{folder}/confident.bed", "w") as bed:
        vcf.write("##fileformat=VCFv4.2\n")
        for name, dna in reference.items():
            vcf.write(f"##contig=<ID={name},length={len(dna)}>\n")
        vcf.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        vcf.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsample\n")
        for name, dna in reference.items():
            for position, ref, alts, genotype in variants[name]:
                vcf.write(f"{name}\t{position + 1}\t.\t{ref}\t{alts}\t.\tPASS\t.\tGT\t{genotype}\n")
            # A gap in the middle, so that a test can tell whether confident regions are heeded.
            bed.write(f"{name}\t{EDGE}\t{len(dna) // 2}\n{name}\t{len(dna) // 2 + 1000}\t{len(dna) - EDGE}\n")


if __name__ == "__main__":
    main()
