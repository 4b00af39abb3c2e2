"""Truth VCFs: haplotypes read from them, combined, and written."""

from collections.abc import Iterable

import numpy as np

from .dna import encoded
from .stretches import Stretch
from .tools import output_of
from .variants import Variant, trimmed

NEAREST = 4  # bases that a planted variant keeps from another variant
FILTER_LINE = '##FILTER=<ID=PASS,Description="All filters passed">\n'


def samples_of(vcf: str) -> list[str]:
    """Names of the samples."""
    return output_of("bcftools", "query", "-l", vcf).split()


def read_truth(vcf: str, samples: list[str], stretch: Stretch, rng: np.random.Generator) -> list[Variant]:
    """Variants inside the stretch. One sample: its two haplotypes; `rng` phases an unphased genotype. Two samples: the first
    haplotype of each, which makes a new person out of a phased panel. No name: the file's only sample."""
    where = f"{stretch.contig}:{stretch.start + 1}-{stretch.end}"
    names = ["-s", ",".join(samples)] if samples else []
    view = output_of("bcftools", "view", *names, "-r", where, vcf).encode()
    table = output_of("bcftools", "query", "-f", "%POS\t%REF\t%ALT[\t%GT]\n", given=view)
    variants = []
    for line in table.splitlines():
        position, ref, alts, *genotypes = line.split("\t")
        alleles = (ref, *alts.split(","))
        if "." in "".join(genotypes) or not all(set(a) <= set("ACGT") for a in alleles):
            continue
        first, second = haplotypes_of(genotypes, rng)
        if first or second:
            variants.append(Variant(int(position) - 1, alleles, (first, second)))
    return variants


def haplotypes_of(genotypes: list[str], rng: np.random.Generator) -> tuple[int, int]:
    """Allele index on each haplotype, from the GT of one sample or of two."""
    pairs = [[int(a) for a in g.replace("|", "/").split("/")] for g in genotypes]
    if len(pairs) == 2:
        return pairs[0][0], pairs[1][0]
    first, second = pairs[0] if "|" in genotypes[0] else rng.permutation(pairs[0])
    return int(first), int(second)


def crossed(one: list[Variant], other: list[Variant]) -> list[Variant]:
    """A new person: the first haplotype of one, and the second of another."""
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


def settled(stretch: Stretch, known: list[Variant], planted: list[Variant], nearest: int = NEAREST) -> list[Variant]:
    """All variants in order without overlap: each known one, then each planted one that keeps clear of the rest by `nearest` bases.

    A planted change of a repeat keeps clear of the whole repeat: another variant in it would change its meaning.
    """
    kept, last = [], stretch.start + 1
    for variant in sorted(known, key=lambda v: v.position):
        if variant.position >= last and variant.end < stretch.end:
            kept.append(variant)
            last = variant.end
    reference = stretch.reference
    taken = np.zeros(len(reference) + 1, bool)
    for variant in kept:
        taken[variant.position - stretch.start : variant.end - stretch.start] = True
    for variant in planted:
        left, right = variant.position - stretch.start, variant.end - stretch.start + 1
        while right < len(reference) - 1 and reference[right] == reference[right - 1]:
            right += 1
        around = slice(max(0, left - nearest), right + nearest)
        if not taken[around].any() and np.isin(reference[left:right], encoded("ACGT")).all():
            taken[left:right] = True
            kept.append(variant)
    return sorted(kept, key=lambda v: v.position)


def contigs_of_index(fai: str) -> dict[str, int]:
    """Names and lengths of the contigs of a .fai file."""
    with open(fai) as index:
        return {name: int(length) for name, length, *_ in (line.split("\t") for line in index)}


def write_truth(
    path: str,
    contigs: dict[str, int],
    variants: Iterable[tuple[str, Variant]],
    sample: str,
    filter_line: str = FILTER_LINE,
    quality: str = "50",
) -> None:
    """Plain VCF 4.2 of (contig, variant), phased."""
    with open(path, "w") as out:
        out.write("##fileformat=VCFv4.2\n" + filter_line)
        for name, length in contigs.items():
            out.write(f"##contig=<ID={name},length={length}>\n")
        out.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        out.write(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}\n")
        for contig, variant in variants:
            genotype = "|".join(map(str, variant.genotype))
            ref, *alts = variant.alleles
            fields = (contig, variant.position + 1, ".", ref, ",".join(alts), quality, "PASS", ".", "GT", genotype)
            out.write("\t".join(map(str, fields)) + "\n")


def variants_of(stretches: list[Stretch]) -> list[tuple[str, Variant]]:
    """(contig, variant) of all stretches, in order."""
    return [(stretch.contig, variant) for stretch in stretches for variant in stretch.variants]
