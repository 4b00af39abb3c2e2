"""Which variants of the sweep a caller finds, and the table of it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ..tools import output_of

LEAST_QUALITY = 20  # QUAL of a record that counts, where the file has no filters
REACH = 300  # bases about a variant in which a record may spell it
BINS = ((1, 10), (11, 50), (51, 95), (96, 109), (110, 130), (131, 500), (501, 1500))


@dataclass
class Record:
    """A called record. position: 0-based; copies: of each alternate allele that is called."""

    position: int
    reference: str
    copies: list[tuple[str, int]]


def records(vcf: str) -> list[Record]:
    """Records that pass, or have LEAST_QUALITY where the file has no filters."""
    found = []
    for line in output_of("bcftools", "query", "-f", "%POS\t%REF\t%ALT\t%FILTER\t%QUAL[\t%GT]\n", vcf).splitlines():
        position, ref, alts, status, quality, genotype = line.split("\t")
        called = [int(a) for a in genotype.replace("|", "/").split("/") if a not in (".", "0")]
        passes = status == "PASS" if status != "." else quality != "." and float(quality) >= LEAST_QUALITY
        if passes and called:
            alleles = [ref, *alts.split(",")]
            found.append(Record(int(position) - 1, ref, [(alleles[a], called.count(a)) for a in sorted(set(called))]))
    return found


def replaced(ref: str, low: int, high: int, changes: list[tuple[int, int, str]]) -> str:
    """The bases of [low, high) with changes, each (position of the base before, deleted bases, inserted bases)."""
    bases, at = [], low
    for before, deleted, inserted in sorted(changes):
        bases.append(ref[at : before + 1] + inserted)
        at = before + 1 + deleted
    return "".join(bases) + ref[at:high]


def most_copies(ref: str, low: int, high: int, near: list[Record], wanted: set[str]) -> int:
    """On how many haplotypes called alleles, up to three together, spell a wanted sequence."""
    alleles = [(r.position - 1, len(r.reference), allele, n) for r in near for allele, n in r.copies]
    copies = 0
    for chosen in itertools.chain.from_iterable(itertools.combinations(alleles, size) for size in (1, 2, 3)):
        apart = all(a[0] + a[1] < b[0] + 1 for a, b in zip(chosen, chosen[1:]))
        if apart and replaced(ref, low, high, [allele[:3] for allele in chosen]) in wanted:
            copies = max(copies, min(allele[3] for allele in chosen))
    return copies


def score(folder: str, caller: str, vcf: str, setting: str) -> Iterator[tuple]:
    """Columns of one line a variant: setting, caller, kind, length, offset, zygosity, allele found, genotype right."""
    with open(f"{folder}/ref.fa") as fasta:
        ref = fasta.read().split("\n", 1)[1].replace("\n", "")
    found = records(vcf)
    with open(f"{folder}/truth.tsv") as truth:
        for line in truth:
            before, deleted, inserted, copies, kind, length, offset = line.rstrip("\n").split("\t")
            around = [(int(before), int(deleted), inserted.replace("-", ""))]
            if kind == "snp":  # A record may spell the SNP and its deletion as one.
                beside = int(before) - int(offset) - (int(length) if int(offset) > 0 else 0)
                around.append((beside, int(length), ""))
            low = max(0, min(change[0] for change in around) - REACH)
            high = max(change[0] + change[1] for change in around) + REACH
            near = [r for r in found if low < r.position and r.position + len(r.reference) < high]
            wanted = {replaced(ref, low, high, around[:1]), replaced(ref, low, high, around)}
            most = most_copies(ref, low, high, near, wanted)
            zygosity = "hom" if copies == "2" else "het"
            yield setting, caller, kind, length, offset, zygosity, int(most > 0), int(most == int(copies))


def groups_of(kind: str, length: int, zygosity: str, read_length: int, depth: int) -> Iterator[tuple]:
    """The groups of the table in which a variant counts."""
    low, high = next(b for b in BINS if b[0] <= length <= b[1])
    if kind == "snp":
        yield "SNPs beside deletions", f"{low}–{high} bases", zygosity
        return
    if read_length == 150 and depth >= 15:
        yield f"{kind}s", f"{low}–{high} bases", zygosity
    if length <= (130 if kind == "deletion" else read_length // 2):
        if read_length == 150:
            yield f"{kind}s", f"{depth}×", zygosity
        if depth == 30:
            yield f"{kind}s", f"reads of {read_length} bases", zygosity
    if depth >= 15:
        yield "length", kind, length, zygosity


Recall = dict[tuple, dict[str, list[int]]]  # by group and caller: [right, all]


def recall_of(rows: list[list[str]], callers: list[str]) -> Recall:
    """Right genotypes, by group and caller. A setting is READ_LENGTH/DEPTH/SEED."""
    recall: Recall = {}
    for setting, caller, kind, length, _, zygosity, _, right in rows:
        read_length, depth, _ = map(int, setting.split("/"))
        for group in groups_of(kind, int(length), zygosity, read_length, depth):
            counts = recall.setdefault(group, {c: [0, 0] for c in callers})[caller]
            counts[0] += int(right)
            counts[1] += 1
    return recall


def by_number(group: tuple) -> tuple:
    """Key that puts groups of one kind together, in the order of their numbers."""
    number = "".join(c if c.isdigit() else " " for c in str(group[1])).split()
    return group[0], str(group[1]).strip("0123456789×–"), int(number[0]) if number else 0, group[2:]


def table(path: str) -> Iterator[str]:
    """Lines of a Markdown table of recall, then a line for each length that another caller finds oftener than dvcall."""
    with open(path) as scores:
        rows = [line.rstrip("\n").split("\t") for line in scores]
    callers = sorted({row[1] for row in rows}, key=lambda c: (c != "dvcall", c))
    recall = recall_of(rows, callers)
    yield "| variants | of | genotype | places | " + " | ".join(callers) + " |"
    yield "|---|---|---|---" + "|---" * len(callers) + "|"
    for group, found in sorted(recall.items(), key=lambda item: by_number(item[0])):
        if group[0] != "length":
            figures = [f"{right / total:.3f}" for right, total in found.values()]
            yield "| " + " | ".join([*group, str(found[callers[0]][1]), *figures]) + " |"
    for (what, *group), found in sorted(recall.items()):
        shares = [right / total for right, total in found.values()]
        if what == "length" and shares[0] < max(shares):
            yield "\t".join(map(str, [*group, *(f"{c} {r} of {n}" for c, (r, n) in found.items())]))
