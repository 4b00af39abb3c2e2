#!/usr/bin/env python3
"""Indels of every length in simulated reads, and how many of them a caller finds.

  sweep.py make REFERENCE.fa FOLDER --read-length N --depth N --seed N [--every N] [--beside]
      writes ref.fa, reads.sam and truth.tsv. Every read over an indel shows it, as a perfect aligner would: ends of fewer
      than 10 bases beyond an indel, and ends within an insertion, are soft-clipped. With --beside, SNPs within 110 bases of
      deletions, on the same haplotypes, take the place of the indels in truth.tsv. --every N: each N-th length only.
  sweep.py score FOLDER CALLER=VCF... --setting NAME >> TABLE.tsv
      one line a variant and caller: whether a record holds its allele, and whether with its genotype.
  sweep.py table TABLE.tsv
      recall by kind, zygosity and length, by depth, and by length of the reads, of each caller (right allele and genotype), in
      Markdown; then every length that another caller finds oftener than dvcall.
"""

import argparse
import random
import subprocess
import sys

LENGTHS = [*range(1, 131), *range(140, 200, 10), *range(200, 500, 50), *range(500, 1501, 100)]
BESIDE_LENGTHS = (10, 50, 80, 90, 96, 100, 104, 107, 109, 112, 130, 200)
BESIDE_OFFSETS = (-110, -95, -80, -50, -20, -5, 5, 20, 50, 80, 95, 110)
APART = 900  # bases between two places
SHORTEST_END = 10
QUALITIES, SHARES = (37, 25, 11), (0.88, 0.09, 0.03)


def places(beside: bool, every: int) -> list[tuple]:
    """(kind, length, alleles with it, distance of the SNP)"""
    if beside:
        return [("snp", n, z, at) for n in BESIDE_LENGTHS for at in BESIDE_OFFSETS for z in (1, 2)]
    return [(kind, n, z, 0) for n in LENGTHS[::every] for kind in ("deletion", "insertion") for z in (1, 2)]


def other(rng: random.Random, base: str) -> str:
    return rng.choice([b for b in "ACGT" if b != base])


def plant(rng: random.Random, ref: str, wanted: list[tuple]) -> list[tuple]:
    """(position of the base before, deleted bases, inserted bases, alleles with it, name) in order; a SNP deletes and inserts one."""
    variants, at = [], APART
    for kind, length, alleles, distance in wanted:
        name = f"{kind}\t{length}\t{distance}"
        if kind == "insertion":
            variants.append((at, 0, "".join(rng.choice("ACGT") for _ in range(length)), alleles, name))
            at += APART
        else:
            indel = (at, length, "", alleles, None if kind == "snp" else name)
            if kind == "snp":
                snp = at + distance if distance < 0 else at + length + distance
                both = (indel, (snp, 1, other(rng, ref[snp + 1]), alleles, name))
                variants.extend(sorted(both))
            else:
                variants.append(indel)
            at += APART + length
    return variants


def haplotype(ref: str, variants: list[tuple]) -> tuple[str, list[int]]:
    """Bases, and the position in the reference of each (-1: inserted)."""
    bases, positions, at = [], [], 0
    for before, deleted, inserted, _, _ in variants:
        bases.append(ref[at : before + 1] + inserted)
        positions.extend(range(at, before + 1))
        positions.extend([before + 1] if deleted == len(inserted) else [-1] * len(inserted))
        at = before + 1 + deleted
    bases.append(ref[at:])
    positions.extend(range(at, len(ref)))
    return "".join(bases), positions


def cigar(positions: list[int]) -> tuple[int, str] | None:
    """Where a read of these positions starts, and its CIGAR; None if nothing of it aligns."""
    first, last = positions[0], positions[-1]
    if first >= 0 and last - first == len(positions) - 1:
        return first, f"{len(positions)}M"
    ops = []  # [letter, length, start]
    before = None
    for position in positions:
        letter = "I" if position < 0 else "M"
        if letter == "M" and before is not None and position > before + 1:
            ops.append(["D", position - before - 1, before + 1])
        if ops and ops[-1][0] == letter:
            ops[-1][1] += 1
        else:
            ops.append([letter, 1, position])
        before = position if position >= 0 else before
    clips = [0, 0]
    for side in (0, -1):
        while ops and (ops[side][0] != "M" or ops[side][1] < SHORTEST_END):
            op = ops.pop(side)
            clips[side] += op[1] if op[0] != "D" else 0
    if not ops:
        return None
    text = "".join(f"{length}{letter}" for letter, length, _ in ops)
    front, back = (f"{n}S" if n else "" for n in clips)
    return ops[0][2], front + text + back


def sequenced(rng: random.Random, bases: str) -> tuple[str, str]:
    """With errors, and the qualities that tell how frequent these are."""
    quality = rng.choices(QUALITIES, SHARES, k=len(bases))
    read = list(bases)
    for index, q in enumerate(quality):
        if rng.random() < 10 ** (-q / 10):
            read[index] = other(rng, read[index])
    return "".join(read), "".join(chr(q + 33) for q in quality)


def write_reads(out, rng: random.Random, haplotypes: list, length: int, depth: float) -> None:
    mean = max(2.2 * length, length + 120)
    for bases, positions in haplotypes:
        for _ in range(round(depth / 2 * len(bases) / (2 * length))):
            size = max(length + 20, round(rng.gauss(mean, mean / 8)))
            start = rng.randrange(0, len(bases) - size)
            ends = [(start, 0x63), (start + size - length, 0x93)]
            if rng.random() < 0.5:
                ends = [(ends[0][0], 0xA3), (ends[1][0], 0x53)]
            aligned = [cigar(positions[at : at + length]) for at, _ in ends]
            if None in aligned:
                continue
            name = f"r{rng.getrandbits(48):x}"
            template = aligned[1][0] + length - aligned[0][0]
            for which, ((at, flag), (position, text)) in enumerate(zip(ends, aligned)):
                read, quality = sequenced(rng, bases[at : at + length])
                mate = aligned[1 - which][0]
                fields = (name, flag, "sweep", position + 1, 60, text, "=", mate + 1, (template, -template)[which], read, quality)
                out.write("\t".join(map(str, fields)) + "\tRG:Z:sweep\n")


def make(args: argparse.Namespace) -> None:
    rng = random.Random(args.seed)
    wanted = places(args.beside, args.every)
    rng.shuffle(wanted)
    span = sum(APART + (n if kind != "insertion" else 0) for kind, n, _, _ in wanted) + 2 * APART
    contig, start = args.at.split(":")
    text = subprocess.run(
        ["samtools", "faidx", args.reference, f"{contig}:{start}-{int(start) + span - 1}"], check=True, capture_output=True, text=True
    ).stdout
    ref = text.split("\n", 1)[1].replace("\n", "").upper()
    if len(ref) < span or "N" in ref:
        sys.exit(f"sweep.py: {args.at} has no {span} known bases; give another --at")
    variants = plant(rng, ref, wanted)
    first = rng.choices((0, 1), k=len(variants))
    carried = [[v for v, f in zip(variants, first) if v[3] == 2 or f == which] for which in (0, 1)]
    if args.beside:  # the deletion and its SNP on one haplotype
        carried = [[v for i, v in enumerate(variants) if v[3] == 2 or first[i // 2] == which] for which in (0, 1)]
    with open(f"{args.folder}/ref.fa", "w") as out:
        out.write(">sweep\n" + "\n".join(ref[i : i + 60] for i in range(0, len(ref), 60)) + "\n")
    with open(f"{args.folder}/truth.tsv", "w") as out:
        for before, deleted, inserted, alleles, name in variants:
            if name:
                out.write(f"{before}\t{deleted}\t{inserted or '-'}\t{alleles}\t{name}\n")
    with open(f"{args.folder}/reads.sam", "w") as out:
        out.write(f"@HD\tVN:1.6\tSO:unsorted\n@SQ\tSN:sweep\tLN:{len(ref)}\n@RG\tID:sweep\tSM:sweep\tPL:ILLUMINA\n")
        write_reads(out, rng, [haplotype(ref, c) for c in carried], args.read_length, args.depth)


def records(vcf: str) -> list[tuple]:
    """(0-based position, reference, alternates called, how many alleles are called) of records that pass, at QUAL 20 or more without a filter."""
    table = subprocess.run(
        ["bcftools", "query", "-f", "%POS\t%REF\t%ALT\t%FILTER\t%QUAL[\t%GT]\n", vcf], check=True, capture_output=True, text=True
    ).stdout
    found = []
    for line in table.splitlines():
        position, ref, alts, status, quality, genotype = line.split("\t")
        called = [int(a) for a in genotype.replace("|", "/").split("/") if a not in (".", "0")]
        passes = status == "PASS" if status != "." else quality != "." and float(quality) >= 20
        if passes and called:
            alleles = [ref, *alts.split(",")]
            found.append((int(position) - 1, ref, {a: called.count(a) for a in set(called)}, alleles))
    return sorted(found)


def score(args: argparse.Namespace) -> None:
    with open(f"{args.folder}/ref.fa") as fasta:
        ref = fasta.read().split("\n", 1)[1].replace("\n", "")
    truth = [line.rstrip("\n").split("\t") for line in open(f"{args.folder}/truth.tsv")]
    for caller, vcf in (pair.split("=", 1) for pair in args.calls):
        found = records(vcf)
        for before, deleted, inserted, alleles, kind, length, distance in truth:
            before, deleted, inserted = int(before), int(deleted), inserted.replace("-", "")
            # The same sequence, wherever the record puts it.
            low, high = before - 300, before + 300 + deleted
            wanted = ref[low : before + 1] + inserted + ref[before + 1 + deleted : high]
            copies = 0
            for position, bases, called, names in found:
                if low < position and position + len(bases) < high:
                    for allele, count in called.items():
                        if ref[low:position] + names[allele] + ref[position + len(bases) : high] == wanted:
                            copies = max(copies, count)
            result = int(copies > 0), int(copies == int(alleles))
            zygosity = "hom" if alleles == "2" else "het"
            print(args.setting, caller, kind, length, distance, zygosity, *result, sep="\t")


BINS = ((1, 10), (11, 50), (51, 95), (96, 109), (110, 130), (131, 500), (501, 1500))


def table(args: argparse.Namespace) -> None:
    # A setting is READ_LENGTH/DEPTH/SEED.
    rows = [line.rstrip("\n").split("\t") for line in open(args.table)]
    callers = sorted({row[1] for row in rows}, key=lambda c: (c != "dvcall", c))
    recall = {}

    def add(group: tuple, caller: str, right: str) -> None:
        of_group = recall.setdefault(group, {c: [0, 0] for c in callers})
        of_group[caller][0] += int(right)
        of_group[caller][1] += 1

    for setting, caller, kind, length, distance, zygosity, _, right in rows:
        read_length, depth, _ = map(int, setting.split("/"))
        if kind == "snp":
            low, high = next(b for b in BINS if b[0] <= int(length) <= b[1])
            add(("SNPs beside deletions", f"{low}–{high} bases", zygosity), caller, right)
            continue
        low, high = next(b for b in BINS if b[0] <= int(length) <= b[1])
        if read_length == 150 and depth >= 15:
            add((f"{kind}s", f"{low}–{high} bases", zygosity), caller, right)
        if int(length) <= (130 if kind == "deletion" else read_length // 2):
            if read_length == 150:
                add((f"{kind}s", f"{depth}×", zygosity), caller, right)
            if depth == 30:
                add((f"{kind}s", f"reads of {read_length} bases", zygosity), caller, right)
        if depth >= 15:
            add(("length", kind, int(length), zygosity), caller, right)
    print("| variants | of | genotype | places | " + " | ".join(callers) + " |\n|---|---|---|---" + "|---" * len(callers) + "|")
    for group, found in sorted(recall.items(), key=lambda item: order(item[0])):
        if group[0] != "length":
            figures = [f"{right / all:.3f}" for right, all in found.values()]
            print("| " + " | ".join([*group, str(found[callers[0]][1]), *figures]) + " |")
    for (what, *group), found in sorted(recall.items()):
        shares = [right / all for right, all in found.values()]
        if what == "length" and shares[0] < max(shares):
            print(*group, *(f"{c} {r} of {n}" for c, (r, n) in found.items()), sep="\t")


def order(group: tuple) -> tuple:
    """Groups of one kind together, by number."""
    number = "".join(c if c.isdigit() else " " for c in str(group[1])).split()
    return group[0], str(group[1]).strip("0123456789×–"), int(number[0]) if number else 0, group[2:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make")
    making.add_argument("reference")
    making.add_argument("folder")
    making.add_argument("--at", default="20:21000001", help="where on the reference the places begin")
    making.add_argument("--read-length", type=int, default=150)
    making.add_argument("--depth", type=float, default=30)
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--every", type=int, default=1)
    making.add_argument("--beside", action="store_true")
    making.set_defaults(run=make)
    scoring = commands.add_parser("score")
    scoring.add_argument("folder")
    scoring.add_argument("calls", nargs="+")
    scoring.add_argument("--setting", default="")
    scoring.set_defaults(run=score)
    printing = commands.add_parser("table")
    printing.add_argument("table")
    printing.set_defaults(run=table)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
