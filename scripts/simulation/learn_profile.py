#!/usr/bin/env python3
"""Learns from real reads what a simulator must imitate, and writes it as one .npz file.

Measured inside the confident region, away from known variants:
  quality1, quality2  u8 [n, length]: quality strings of first and second reads, in the order of sequencing
  insert              u16 [n]: insert sizes
  error               f64 [64]: share of wrong bases by reported quality
  substitution        f64 [4, 4]: what a wrong base turns into (A C G T)
  deletion, insertion f64 [7, 80]: share of reads that lose or gain a unit, by unit length and tract length in bases
  indel               f64 [2]: deletions and insertions per base outside repeats
  clip5, clip3        u8 [n]: lengths of the soft clips at a read's first and last bases; share in clip_rate f64 [2]
  duplicates          f64: share of reads marked as duplicates
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np

from genome import fetch, run
from repeats import tracts

LONGEST = 80
CODE = np.full(256, 4, np.uint8)
CODE[np.frombuffer(b"ACGT", np.uint8)] = range(4)
# Shape of slippage where too few events were seen: share of reads per base of tract, grown by e^slope per base more.
BASE_RATE, SLOPE, CEILING = 4e-5, {1: 0.42, 2: 0.2, 3: 0.14, 4: 0.11, 5: 0.09, 6: 0.08}, 0.35


class Counts:
    """Sums over one read set."""

    def __init__(self) -> None:
        self.quality: list[list[bytes]] = [[], []]
        self.insert: list[int] = []
        self.bases, self.wrong = np.zeros(64), np.zeros(64)
        self.substitution = np.zeros((4, 4))
        self.spanned = np.zeros((7, LONGEST))
        self.slipped = np.zeros((2, 7, LONGEST))
        self.indels = np.zeros(2)
        self.clips: list[list[int]] = [[], []]
        self.reads = self.marked = 0


def usable(folder: str, contig: str, start: int, end: int) -> np.ndarray:
    """True where the sequence of the sample is known to be the reference's."""
    known = np.zeros(end - start, bool)
    with open(os.path.join(folder, "confident.bed")) as bed:
        for line in bed:
            name, left, right = line.split()[:3]
            if name == contig:
                known[max(0, int(left) - start) : max(0, int(right) - start)] = True
    for line in run("bcftools", "query", "-f", "%POS\t%REF\n", os.path.join(folder, "truth.vcf.gz")).splitlines():
        position, ref = line.split("\t")
        at = int(position) - 1 - start
        known[max(0, at - 10) : max(0, at + len(ref) + 10)] = False
    return known


def count_indel(events: np.ndarray, alone: Counter, known: np.ndarray, repeats: np.ndarray, at: int, size: int, kind: int):
    """Adds one indel to its tract in `events` (tract, kind), or to `alone` (place, kind) when it stands in none."""
    if not (0 <= at < len(known) and known[at]):
        return
    near = np.searchsorted(repeats[:, 0], at, "right") - 1
    for tract in (near, near - 1, near + 1):
        if 0 <= tract < len(repeats):
            start, end, unit = repeats[tract]
            if start <= at <= end and size % unit == 0:
                events[tract, kind] += 1
                return
    alone[at, kind] += 1


def add_read(fields: list[str], totals: Counts, state: tuple) -> None:
    sequence, known, repeats, spans, events, alone, origin = state
    flag, position = int(fields[1]), int(fields[3]) - 1 - origin
    bases, quality = (np.frombuffer(fields[i].encode(), np.uint8) for i in (9, 10))
    if "H" not in fields[5]:
        ordered = quality[::-1] if flag & 16 else quality
        totals.quality[1 if flag & 128 else 0].append(bytes(ordered - 33))
    if flag & 67 == 67:
        totals.insert.append(abs(int(fields[8])))
    cigar = [(int(n), op) for n, op in re.findall(r"(\d+)([MIDNS])", fields[5])]
    in_read, in_genome = 0, position
    for index, (size, op) in enumerate(cigar):
        if op == "S":
            totals.clips[0 if (index == 0) != bool(flag & 16) else 1].append(min(size, 255))
        elif op == "M":
            left, right = max(0, -in_genome), min(size, len(sequence) - in_genome)
            if right > left:
                here = slice(in_genome + left, in_genome + right)
                read, expected = bases[in_read + left : in_read + right], sequence[here]
                reported = np.minimum(quality[in_read + left : in_read + right] - 33, 63)
                wrong = known[here] & (read != expected)
                totals.bases += np.bincount(reported[known[here]], minlength=64)
                totals.wrong += np.bincount(reported[wrong], minlength=64)
                for a, b in zip(CODE[expected[wrong]], CODE[read[wrong]]):
                    if a < 4 and b < 4:
                        totals.substitution[a, b] += 1
        elif op in "ID":
            count_indel(events, alone, known, repeats, in_genome, size, 0 if op == "D" else 1)
        in_read += size if op in "MIS" else 0
        in_genome += size if op in "MDN" else 0
    first, last = np.searchsorted(repeats[:, 0], [position + 3, in_genome])
    spans[first:last] += repeats[first:last, 1] <= in_genome - 3


def add_set(folder: str, fasta: str, totals: Counts) -> None:
    """Adds the read set in `folder`, whose region.bed has one line."""
    with open(os.path.join(folder, "region.bed")) as bed:
        contig, start, end = bed.readline().split()[:3]
    start, end = int(start), int(end)
    sequence = fetch(fasta, contig, start, end)
    known, repeats = usable(folder, contig, start, end), tracts(sequence)
    spans, events = np.zeros(len(repeats)), np.zeros((len(repeats), 2))
    alone: Counter = Counter()
    state = (sequence, known, repeats, spans, events, alone, start)
    command = ["samtools", "view", "-F", "0xB04", os.path.join(folder, "reads.bam")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            fields = line.split("\t")
            totals.reads += 1
            if int(fields[1]) & 0x400:
                totals.marked += 1
            elif int(fields[4]) >= 20:
                add_read(fields, totals, state)
    for (left, right, unit), spanning, slipped in zip(repeats, spans, events):
        # Where a fifth of the reads carry an indel, the sample more likely has a variant that nobody knows of.
        if known[max(0, left - 1) : right + 1].all() and spanning > 10 and slipped.sum() < 0.2 * spanning:
            length = min(right - left, LONGEST - 1)
            totals.spanned[unit, length] += spanning
            totals.slipped[:, unit, length] += slipped
    for (_, kind), count in alone.items():
        if count < 4:
            totals.indels[kind] += count


def slippage(spanned: np.ndarray, slipped: np.ndarray) -> np.ndarray:
    """Rates by unit and tract length: measured where at least 15 events were seen, else the shape scaled to the unit's
    measured level. Rates never fall as the tract grows."""
    rates = np.zeros((7, LONGEST))
    for unit in range(1, 7):
        least = 4 if unit == 1 else 3 * unit
        lengths = np.arange(LONGEST)
        shape = np.where(lengths >= min(least, 6), BASE_RATE * np.exp(SLOPE[unit] * (lengths - 4)), 0)
        expected = (spanned[unit] * shape).sum()
        # One event is worth as much as a prior at the level of homopolymers (or 1 for those).
        level = (slipped[unit].sum() + 2) / (expected + 2) if unit == 1 else (slipped[unit].sum() + 1) / (expected + 1)
        rates[unit] = shape * min(level, 100)
        seen = slipped[unit] >= 15
        rates[unit][seen] = slipped[unit][seen] / spanned[unit][seen]
        if seen.any():
            longest = np.flatnonzero(seen)[-1]
            beyond = rates[unit][longest] * np.exp(min(SLOPE[unit], 0.3) * (lengths - longest))
            rates[unit][longest + 1 :] = beyond[longest + 1 :]
        rates[unit] = np.minimum(np.maximum.accumulate(rates[unit]), CEILING)
    return rates


def quality_pool(strings: list[bytes], most: int, rng: np.random.Generator) -> np.ndarray:
    """Strings of the commonest length, at most `most` of them, as u8 [n, length]."""
    length = Counter(map(len, strings)).most_common(1)[0][0]
    same = [s for s in strings if len(s) == length]
    chosen = rng.permutation(len(same))[:most]
    return np.array([np.frombuffer(same[i], np.uint8) for i in chosen])


def write_profile(path: str, totals: Counts) -> None:
    rng = np.random.default_rng(1)
    claimed = 10 ** (-np.arange(64) / 10)
    # A thousand bases of faith in the reported quality, so that a rare quality gets no silly rate.
    error = np.minimum((totals.wrong + 1000 * claimed) / (totals.bases + 1000), 0.75)
    substitution = totals.substitution + 10 * (1 - np.eye(4))
    insert = np.array([i for i in totals.insert if 20 <= i < 1500], np.uint16)
    np.savez_compressed(
        path,
        quality1=quality_pool(totals.quality[0], 15000, rng),
        quality2=quality_pool(totals.quality[1], 15000, rng),
        insert=rng.permutation(insert)[:20000],
        error=error,
        substitution=substitution / substitution.sum(1, keepdims=True),
        deletion=slippage(totals.spanned, totals.slipped[0]),
        insertion=slippage(totals.spanned, totals.slipped[1]),
        indel=totals.indels / totals.bases.sum(),
        clip5=np.array(totals.clips[0] or [10], np.uint8),
        clip3=np.array(totals.clips[1] or [10], np.uint8),
        clip_rate=np.array([len(c) for c in totals.clips]) / (totals.reads - totals.marked),
        duplicates=totals.marked / totals.reads,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ref", required=True, help="FASTA that the reads are aligned to")
    parser.add_argument("--output", required=True, help="profile, .npz")
    parser.add_argument("folders", nargs="+", help="reads.bam, truth.vcf.gz, confident.bed, region.bed")
    arguments = parser.parse_args()
    totals = Counts()
    for folder in arguments.folders:
        add_set(folder, arguments.ref, totals)
        print(f"{folder}: {totals.reads} reads so far, {totals.wrong.sum() / totals.bases.sum():.5f} wrong", file=sys.stderr)
    write_profile(arguments.output, totals)


if __name__ == "__main__":
    main()
