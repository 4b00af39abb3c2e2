"""Diploid truth: two haplotypes of a reference stretch, from a truth VCF plus planted variants."""

import subprocess
from dataclasses import dataclass, field

import numpy as np

from repeats import tracts

BASES = np.frombuffer(b"ACGT", np.uint8)
NEAREST = 4  # bases that planted variants keep from others


@dataclass
class Variant:
    """position: 0-based on the contig; alleles: the reference allele first; genotype: allele index by haplotype."""

    position: int
    alleles: tuple[str, ...]
    genotype: tuple[int, int]

    @property
    def end(self) -> int:
        return self.position + len(self.alleles[0])


@dataclass
class Stretch:
    """A stretch of one contig, 0-based half-open, with the depth it is sequenced to and its two haplotypes."""

    contig: str
    start: int
    end: int
    depth: float
    reference: np.ndarray
    variants: list[Variant] = field(default_factory=list)

    def haplotype(self, which: int) -> np.ndarray:
        pieces, at = [], self.start
        for variant in self.variants:
            pieces.append(self.reference[at - self.start : variant.position - self.start])
            pieces.append(np.frombuffer(variant.alleles[variant.genotype[which]].encode(), np.uint8))
            at = variant.end
        pieces.append(self.reference[at - self.start :])
        return np.concatenate(pieces)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fetch(fasta: str, contig: str, start: int, end: int) -> np.ndarray:
    """Upper-case ASCII of the 0-based half-open stretch."""
    text = run("samtools", "faidx", fasta, f"{contig}:{start + 1}-{end}").split("\n", 1)[1]
    return np.frombuffer(text.replace("\n", "").upper().encode(), np.uint8)


def read_truth(vcf: str, samples: list[str], stretch: Stretch, rng: np.random.Generator) -> list[Variant]:
    """Variants inside the stretch. One sample: its two haplotypes, an unphased genotype phased by the seeded generator.
    Two samples: the first haplotype of each, which makes a new person out of a phased panel."""
    where = f"{stretch.contig}:{stretch.start + 1}-{stretch.end}"
    names = ["-s", ",".join(samples)] if samples else []
    view = subprocess.run(["bcftools", "view", *names, "-r", where, vcf], check=True, capture_output=True).stdout
    table = subprocess.run(
        ["bcftools", "query", "-f", "%POS\t%REF\t%ALT[\t%GT]\n"], input=view, check=True, capture_output=True
    ).stdout.decode()
    variants = []
    for line in table.splitlines():
        position, ref, alts, *genotypes = line.split("\t")
        alleles = (ref, *alts.split(","))
        if "." in "".join(genotypes) or not all(set(a) <= set("ACGT") for a in alleles):
            continue
        pairs = [[int(a) for a in g.replace("|", "/").split("/")] for g in genotypes]
        if len(pairs) == 2:
            pair = [pairs[0][0], pairs[1][0]]
        else:
            pair = pairs[0] if "|" in genotypes[0] else list(rng.permutation(pairs[0]))
        if any(pair):
            variants.append(Variant(int(position) - 1, alleles, (int(pair[0]), int(pair[1]))))
    return variants


def trimmed(variant: Variant, which: int) -> tuple[int, str, str] | None:
    """Position, reference and alternate of one haplotype without the bases that both share; None where it has the reference."""
    position, ref, alt = variant.position, variant.alleles[0], variant.alleles[variant.genotype[which]]
    if ref == alt:
        return None
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def crossed(one: list[Variant], other: list[Variant]) -> list[Variant]:
    """A new person: the first haplotype of one and the second of another."""
    first = {allele for v in one if (allele := trimmed(v, 0))}
    second = {allele for v in other if (allele := trimmed(v, 1))}
    variants = []
    for position in sorted({allele[0] for allele in first | second}):
        here = sorted(allele for allele in first | second if allele[0] == position)
        ref = max((allele[1] for allele in here), key=len)
        carried = [[allele in haplotype for allele in here] for haplotype in (first, second)]
        if max(map(sum, carried)) > 1:
            continue
        alts = tuple(alt + ref[len(short) :] for _, short, alt in here)
        genotype = tuple(1 + has.index(True) if any(has) else 0 for has in carried)
        variants.append(Variant(position, (ref, *alts), genotype))
    return variants


def left_aligned(stretch: Stretch, variant: Variant) -> Variant | None:
    """The same pure insertion or deletion with its anchor as far left as it goes; None when it runs off the stretch."""
    ref, alt = variant.alleles
    at = variant.position
    while ref[-1] == alt[-1]:
        if len(ref) > 1 and len(alt) > 1:
            ref, alt = ref[:-1], alt[:-1]
            continue
        at -= 1
        if at <= stretch.start:
            return None
        base = chr(stretch.reference[at - stretch.start])
        ref, alt = base + ref[:-1], base + alt[:-1]
    return Variant(at, (ref, alt), variant.genotype)


def planted_genotype(rng: np.random.Generator) -> tuple[int, int]:
    return ((0, 1), (1, 0), (1, 1))[rng.choice(3, p=[0.32, 0.32, 0.36])]


def plant_in_repeats(stretch: Stretch, count: int, two_alternates: float, rng: np.random.Generator) -> list[Variant]:
    """Whole units added to or taken from repeats, long repeats first, a share of them with two different alternates."""
    repeats = tracts(stretch.reference)
    length = repeats[:, 1] - repeats[:, 0]
    weight = np.where(repeats[:, 2] == 1, np.clip(length - 4, 0.05, 16) ** 1.5, np.clip(length / 4, 0.1, 10))
    weight[(repeats[:, 0] < 300) | (repeats[:, 1] > len(stretch.reference) - 300)] = 0
    chosen = rng.choice(len(repeats), min(count, len(repeats) // 3), replace=False, p=weight / weight.sum())
    variants = []
    for start, end, unit in repeats[chosen]:
        anchor = chr(stretch.reference[start - 1])
        tract = bytes(stretch.reference[start:end]).decode()
        copies, steps = (end - start) // unit, set()
        for _ in range(2 if rng.random() < two_alternates else 1):
            step = int(rng.choice([-1, 1]) * min(rng.geometric(0.6), 50 // unit))
            steps.add(max(step, -(int(copies) - 1)))
        steps.discard(0)
        removed = max([-s * unit for s in steps if s < 0], default=0)
        ref = anchor + tract[:removed]
        alts = []
        for step in sorted(steps):
            inserted = tract[: unit] * max(step, 0)
            kept = removed + min(step, 0) * unit
            alts.append(anchor + inserted + tract[:kept])
        if not alts:
            continue
        genotype = (1, 2) if len(alts) == 2 else planted_genotype(rng)
        variants.append(Variant(int(stretch.start + start - 1), (ref, *alts), genotype))
    return variants


def plant_anywhere(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """Insertions and deletions of 1 to 50 bases at any place; half of the longer insertions repeat what stands there."""
    variants = []
    for offset in rng.integers(400, len(stretch.reference) - 400, count):
        size = int(min(50, rng.geometric(0.25) if rng.random() < 0.7 else rng.integers(5, 51)))
        anchor = chr(stretch.reference[offset])
        following = bytes(stretch.reference[offset + 1 : offset + 1 + size]).decode()
        if rng.random() < 0.5:
            alleles = (anchor + following, anchor)
        elif rng.random() < 0.5:
            alleles = (anchor, anchor + following)
        else:
            alleles = (anchor, anchor + bytes(rng.choice(BASES, size)).decode())
        aligned = left_aligned(stretch, Variant(int(stretch.start + offset), alleles, planted_genotype(rng)))
        if aligned:
            variants.append(aligned)
    return variants


def plant_snps(stretch: Stretch, count: int, rng: np.random.Generator) -> list[Variant]:
    """SNPs, transitions twice as often as transversions, one in twenty with two alternates."""
    transition = {"A": "G", "G": "A", "C": "T", "T": "C"}
    variants = []
    for offset in rng.integers(400, len(stretch.reference) - 400, count):
        ref = chr(stretch.reference[offset])
        if ref not in transition:
            continue
        others = [b for b in "ACGT" if b not in (ref, transition[ref])]
        alts = [transition[ref]] if rng.random() < 0.67 else [str(rng.choice(others))]
        genotype = planted_genotype(rng)
        if rng.random() < 0.05:
            alts, genotype = sorted([transition[ref], others[0]]), (1, 2)
        variants.append(Variant(int(stretch.start + offset), (ref, *alts), genotype))
    return variants


def settle(stretch: Stretch, known: list[Variant], planted: list[Variant]) -> list[Variant]:
    """All variants in order without overlap: known ones first come, planted ones only where they stand clear.
    A planted repeat change keeps clear of the whole repeat, as another variant there would change what it means."""
    kept, last = [], stretch.start + 1
    for variant in sorted(known, key=lambda v: v.position):
        if variant.position >= last and variant.end < stretch.end:
            kept.append(variant)
            last = variant.end
    taken = np.zeros(len(stretch.reference) + 1, bool)
    for variant in kept:
        taken[variant.position - stretch.start : variant.end - stretch.start] = True
    for variant in planted:
        left, right = variant.position - stretch.start, variant.end - stretch.start + 1
        while right < len(stretch.reference) - 1 and stretch.reference[right] == stretch.reference[right - 1]:
            right += 1
        window = slice(max(0, left - NEAREST), right + NEAREST)
        bases = set(bytes(stretch.reference[left:right]))
        if not taken[window].any() and bases <= set(b"ACGT"):
            taken[left:right] = True
            kept.append(variant)
    return sorted(kept, key=lambda v: v.position)


def write_truth(path: str, fai: str, stretches: list[Stretch], sample: str) -> None:
    """Plain VCF 4.2, phased."""
    with open(path, "w") as out, open(fai) as index:
        out.write("##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n")
        for line in index:
            name, length = line.split("\t")[:2]
            out.write(f"##contig=<ID={name},length={length}>\n")
        out.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        out.write(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}\n")
        for stretch in stretches:
            for v in stretch.variants:
                genotype = "|".join(map(str, v.genotype))
                out.write(
                    f"{stretch.contig}\t{v.position + 1}\t.\t{v.alleles[0]}\t{','.join(v.alleles[1:])}"
                    f"\t50\tPASS\t.\tGT\t{genotype}\n"
                )
