"""Measures a profile on real reads, inside the confident regions and away from known variants."""

import os
import re
from collections import Counter

import numpy as np

from .dna import CODE, UNKNOWN, encoded, fetch
from .profiles import CLAIMED_ERROR, MOST_ERROR, QUALITIES, Profile
from .repeats import MAX_UNIT, tracts
from .tools import lines_of, output_of

LONGEST = 80  # tract lengths from here on are one
CLEAR = 10  # bases about a known variant that are not counted
# Rate of slippage where too few events were seen: share of reads at a tract of 4 bases, grown by e^SLOPE with each base more.
BASE_RATE, SLOPE, CEILING = 4e-5, {1: 0.42, 2: 0.2, 3: 0.14, 4: 0.11, 5: 0.09, 6: 0.08}, 0.35
ENOUGH = 15  # events that make a measured rate
MOST_SHARE = 0.2  # an indel in more of the reads than this is more likely an unknown variant than slippage
MOST_ALONE = 4  # likewise, reads with one indel outside of repeats
MOST_QUALITIES, MOST_INSERTS = 15000, 20000  # kept in the profile
NOT_USED, DUPLICATE, REVERSE, SECOND, PAIRED_FIRST = "0xB04", 0x400, 0x10, 0x80, 0x43  # SAM flags


class Totals:
    """Sums over read sets."""

    def __init__(self) -> None:
        self.quality: list[list[bytes]] = [[], []]
        self.insert: list[int] = []
        self.bases, self.wrong = np.zeros(QUALITIES), np.zeros(QUALITIES)
        self.substitution = np.zeros((4, 4))
        self.spanned = np.zeros((MAX_UNIT + 1, LONGEST))
        self.slipped = np.zeros((2, MAX_UNIT + 1, LONGEST))
        self.indels = np.zeros(2)
        self.clips: list[list[int]] = [[], []]
        self.reads = self.marked = 0

    @property
    def error_rate(self) -> float:
        return self.wrong.sum() / self.bases.sum()


class Region:
    """The region of one read set, and the indels seen in it. Positions are offsets in the region."""

    def __init__(self, start: int, sequence: np.ndarray, known: np.ndarray) -> None:
        """`start`: on the contig; `known`: whether the sample is known to have the reference's base."""
        self.start, self.sequence, self.known = start, sequence, known
        self.repeats = tracts(sequence)
        self.spanned = np.zeros(len(self.repeats))
        self.slipped = np.zeros((len(self.repeats), 2))  # by tract and kind: 0 deletion, 1 insertion
        self.alone: Counter = Counter()  # (place, kind) of indels in no tract

    def count_indel(self, at: int, size: int, kind: int) -> None:
        """Adds one indel to its tract, or to those that lie alone."""
        if not (0 <= at < len(self.known) and self.known[at]):
            return
        near = np.searchsorted(self.repeats[:, 0], at, "right") - 1
        for tract in (near, near - 1, near + 1):
            if 0 <= tract < len(self.repeats):
                start, end, unit = self.repeats[tract]
                if start <= at <= end and size % unit == 0:
                    self.slipped[tract, kind] += 1
                    return
        self.alone[at, kind] += 1

    def count_span(self, start: int, end: int) -> None:
        """Counts a read aligned to [start, end) for the tracts that it spans with 3 bases to spare."""
        first, last = np.searchsorted(self.repeats[:, 0], [start + 3, end])
        self.spanned[first:last] += self.repeats[first:last, 1] <= end - 3

    def add_indels_to(self, totals: Totals) -> None:
        """Adds the indels that are errors, by all that is known."""
        for (left, right, unit), spanning, slipped in zip(self.repeats, self.spanned, self.slipped):
            clear = self.known[max(0, left - 1) : right + 1].all()
            if clear and spanning > 10 and slipped.sum() < MOST_SHARE * spanning:
                length = min(right - left, LONGEST - 1)
                totals.spanned[unit, length] += spanning
                totals.slipped[:, unit, length] += slipped
        for (_, kind), count in self.alone.items():
            if count < MOST_ALONE:
                totals.indels[kind] += count


def region_of(folder: str, fasta: str) -> Region:
    """The region of the read set in `folder`; its region.bed has one line."""
    with open(os.path.join(folder, "region.bed")) as bed:
        contig, left, right = bed.readline().split()[:3]
    start, end = int(left), int(right)
    return Region(start, fetch(fasta, contig, start, end), equals_reference(folder, contig, start, end))


def equals_reference(folder: str, contig: str, start: int, end: int) -> np.ndarray:
    """True where the sample is known to have the reference's bases, by offset from `start`."""
    known = np.zeros(end - start, bool)
    with open(os.path.join(folder, "confident.bed")) as bed:
        for line in bed:
            name, left, right = line.split()[:3]
            if name == contig:
                known[max(0, int(left) - start) : max(0, int(right) - start)] = True
    for line in output_of("bcftools", "query", "-f", "%POS\t%REF\n", os.path.join(folder, "truth.vcf.gz")).splitlines():
        position, ref = line.split("\t")
        at = int(position) - 1 - start
        known[max(0, at - CLEAR) : max(0, at + len(ref) + CLEAR)] = False
    return known


def add_set(folder: str, fasta: str, totals: Totals) -> None:
    """Adds the read set in `folder` (reads.bam, truth.vcf.gz, confident.bed, region.bed of one line)."""
    region = region_of(folder, fasta)
    for line in lines_of("samtools", "view", "-F", NOT_USED, os.path.join(folder, "reads.bam")):
        fields = line.split("\t")
        totals.reads += 1
        if int(fields[1]) & DUPLICATE:
            totals.marked += 1
        elif int(fields[4]) >= 20:
            add_read(fields, totals, region)
    region.add_indels_to(totals)


def add_read(fields: list[str], totals: Totals, region: Region) -> None:
    """Adds one SAM record: its qualities, insert size, clips, wrong bases and indels."""
    flag, position = int(fields[1]), int(fields[3]) - 1 - region.start
    bases, quality = encoded(fields[9]), encoded(fields[10]) - 33
    if "H" not in fields[5]:
        totals.quality[1 if flag & SECOND else 0].append(bytes(quality[::-1] if flag & REVERSE else quality))
    if flag & PAIRED_FIRST == PAIRED_FIRST:
        totals.insert.append(abs(int(fields[8])))
    cigar = [(int(n), op) for n, op in re.findall(r"(\d+)([MIDNS])", fields[5])]
    in_read, in_genome = 0, position
    for index, (size, op) in enumerate(cigar):
        if op == "S":
            totals.clips[0 if (index == 0) != bool(flag & REVERSE) else 1].append(min(size, 255))
        elif op == "M":
            here = slice(in_read, in_read + size)
            add_bases(bases[here], quality[here], in_genome, totals, region)
        elif op in "ID":
            region.count_indel(in_genome, size, 0 if op == "D" else 1)
        in_read += size if op in "MIS" else 0
        in_genome += size if op in "MDN" else 0
    region.count_span(position, in_genome)


def add_bases(bases: np.ndarray, quality: np.ndarray, start: int, totals: Totals, region: Region) -> None:
    """Adds the aligned bases of one CIGAR operation that begins at `start`."""
    left, right = max(0, -start), min(len(bases), len(region.sequence) - start)
    if right <= left:
        return
    here = slice(start + left, start + right)
    read, expected, known = bases[left:right], region.sequence[here], region.known[here]
    reported = np.minimum(quality[left:right], QUALITIES - 1)
    wrong = known & (read != expected)
    totals.bases += np.bincount(reported[known], minlength=QUALITIES)
    totals.wrong += np.bincount(reported[wrong], minlength=QUALITIES)
    for a, b in zip(CODE[expected[wrong]], CODE[read[wrong]]):
        if a != UNKNOWN and b != UNKNOWN:
            totals.substitution[a, b] += 1


def slippage(spanned: np.ndarray, slipped: np.ndarray) -> np.ndarray:
    """Share of reads that slip, by unit length and tract length; it never falls as the tract grows.

    Where too few events were seen, the rate is the shape (BASE_RATE, SLOPE) at the level that was measured for the unit.
    """
    rates = np.zeros((MAX_UNIT + 1, LONGEST))
    lengths = np.arange(LONGEST)
    for unit in range(1, MAX_UNIT + 1):
        least = 4 if unit == 1 else 3 * unit
        shape = np.where(lengths >= min(least, 6), BASE_RATE * np.exp(SLOPE[unit] * (lengths - 4)), 0)
        # A prior of two events at the shape's own level for homopolymers, of one event for longer units.
        prior = 2 if unit == 1 else 1
        level = (slipped[unit].sum() + prior) / ((spanned[unit] * shape).sum() + prior)
        rates[unit] = shape * min(level, 100)
        seen = slipped[unit] >= ENOUGH
        rates[unit][seen] = slipped[unit][seen] / spanned[unit][seen]
        if seen.any():
            longest = np.flatnonzero(seen)[-1]
            beyond = rates[unit][longest] * np.exp(min(SLOPE[unit], 0.3) * (lengths - longest))
            rates[unit][longest + 1 :] = beyond[longest + 1 :]
        rates[unit] = np.minimum(np.maximum.accumulate(rates[unit]), CEILING)
    return rates


def quality_strings(strings: list[bytes], rng: np.random.Generator) -> np.ndarray:
    """A draw of the strings of the commonest length, as u8 [n, length]."""
    length = Counter(map(len, strings)).most_common(1)[0][0]
    same = [s for s in strings if len(s) == length]
    chosen = rng.permutation(len(same))[:MOST_QUALITIES]
    return np.array([np.frombuffer(same[i], np.uint8) for i in chosen])


def profile_of(totals: Totals) -> Profile:
    """The profile of all read sets that were added."""
    rng = np.random.default_rng(1)
    quality1, quality2 = (quality_strings(strings, rng) for strings in totals.quality)
    insert = np.array([i for i in totals.insert if 20 <= i < 1500], np.uint16)
    substitution = totals.substitution + 10 * (1 - np.eye(4))
    return {
        "quality1": quality1,
        "quality2": quality2,
        "insert": rng.permutation(insert)[:MOST_INSERTS],
        # A prior of a thousand bases at the claimed rate: a rare quality gets no extreme rate.
        "error": np.minimum((totals.wrong + 1000 * CLAIMED_ERROR) / (totals.bases + 1000), MOST_ERROR),
        "substitution": substitution / substitution.sum(1, keepdims=True),
        "deletion": slippage(totals.spanned, totals.slipped[0]),
        "insertion": slippage(totals.spanned, totals.slipped[1]),
        "indel": totals.indels / totals.bases.sum(),
        "clip5": np.array(totals.clips[0] or [10], np.uint8),
        "clip3": np.array(totals.clips[1] or [10], np.uint8),
        "clip_rate": np.array([len(c) for c in totals.clips]) / (totals.reads - totals.marked),
        "duplicates": totals.marked / totals.reads,
    }
