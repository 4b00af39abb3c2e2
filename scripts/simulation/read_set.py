"""The files beside the reads: region.bed, confident.bed, and FASTA of the haplotypes."""

from .dna import write_fasta
from .fragments import Source
from .stretches import Stretch

EDGE = 600  # bases at a stretch's ends that are not confident: depth falls off
MARGIN = 150  # bases about a copied span that are not confident
DEEP, FAINT = 25, 0.15  # in a stretch of this depth, a copy with less than this share of it can be told from variants


def write_beds(folder: str, stretches: list[Stretch], sources: list[Source]) -> None:
    """A span with a diverged copy elsewhere is not confident, as in the truth sets of real people: nothing tells the copy's
    bases from heterozygous variants. A faint copy in a deep stretch stays in: its share of the reads tells it.
    `sources` are those whose copies are left out."""
    with open(f"{folder}/region.bed", "w") as region, open(f"{folder}/confident.bed", "w") as confident:
        for s in stretches:
            region.write(f"{s.contig}\t{s.start}\t{s.end}\n")
            copies = [c for c in sources if c.copied and s.start <= c.copied[0] < s.end]
            left_out = sorted(c.copied for c in copies if s.depth < DEEP or c.depth > FAINT * s.depth)
            at, last = s.start + EDGE, s.end - EDGE
            for start, end in [*left_out, (s.end, s.end)]:
                upto = min(start - MARGIN, last)
                if upto > at:
                    confident.write(f"{s.contig}\t{at}\t{upto}\n")
                at = max(at, end + MARGIN)


def write_haplotypes(folder: str, stretches: list[Stretch]) -> None:
    """hap0.fa and hap1.fa: one record a stretch, each on one line."""
    for which in (0, 1):
        sequences = {f"s{index}_h{which}": stretch.haplotype(which) for index, stretch in enumerate(stretches)}
        write_fasta(f"{folder}/hap{which}.fa", sequences, 0)
