#!/usr/bin/env python3
"""Simulates a diploid genome on stretches of a contig and its paired reads.

Writes to the output folder: truth.vcf, confident.bed, region.bed, 1.fq, 2.fq (and with --haplotypes hap0.fa, hap1.fa
instead of reads, for other simulators). Same arguments, same bytes.
"""

import argparse
import os
import sys

import numpy as np

import errors
import fragments
from genome import Stretch, crossed, fetch, plant_anywhere, plant_in_repeats, plant_snps, read_truth, settle, write_truth

EDGE = 600  # depth falls off this close to a stretch's ends: not confident
DEEP, FAINT = 25, 0.15  # depth from which a copy of less than this share of it can be told from variants
MARGIN = 150  # bases about a copied stretch that are not confident either
CHUNK = 20000  # fragments turned into reads at a time


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--ref", required=True, help="indexed FASTA")
    add("--truth", required=True, help="VCF of the haplotypes")
    add("--samples", default="", help="one sample, two (first haplotype of each), or 'random2'; default: the only one")
    add("--mate", help="VCF of another sample, whose second haplotype replaces that of --truth")
    add("--contig", default="20")
    add("--within", default="10.4-62.9", help="megabases that stretches are drawn from, A-B")
    add("--exclude", default="9.9-10.4,36.0-36.1,38.3-38.5,44.8-45.0", help="megabases left out")
    add("--stretches", type=int, default=8)
    add("--length", type=int, default=250000, help="bases a stretch; 0: all of --within in one")
    add("--depth", default="20-40", help="range that each stretch's depth is drawn from (log-uniform)")
    add("--profile", help=".npz of learn_profile.py")
    add("--slippage", type=float, default=1.0, help="level of repeat slippage against the profile's")
    add("--spread", type=float, default=0.8, help="spread (sigma of the log) of slippage between loci")
    add("--chimeras", type=float, default=1.0, help="level of chimeric ends against the profile's")
    add("--fold-backs", type=float, default=0.0, help="share of the chimeric ends that are the template folded back")
    add("--hot-spots", type=float, default=1.0, help="level of places that go wrong in many reads")
    add("--duplicates", type=float, default=0.04)
    add("--contamination", type=float, default=0.0, help="share of reads from another person")
    add("--paralogs", type=float, default=0.01, help="share of the stretches that has a diverged copy elsewhere")
    add("--gc-bias", type=float, default=0.15)
    add("--roughness", type=float, default=0.12)
    add("--insert", default="", help="MEAN,SD instead of the profile's insert sizes")
    add("--read-length", type=int, default=0, help="cut reads to this length")
    add("--quality-shift", type=int, default=0, help="added to every reported quality, errors unchanged")
    add("--plant", default="0.25,0.08,0.05", help="variants planted a kilobase: in repeats, indels anywhere, SNPs")
    add("--two-alternates", type=float, default=0.2, help="share of the variants planted in repeats that have two alternates")
    add("--seed", type=int, required=True)
    add("--sample", default="SIM")
    add("--haplotypes", action="store_true")
    add("--output", required=True, help="folder")
    return parser.parse_args()


def span_list(text: str) -> list[tuple[int, int]]:
    """'A-B,C-D' in megabases as bases."""
    pairs = [part.split("-") for part in text.split(",") if part]
    return [(round(float(a) * 1e6), round(float(b) * 1e6)) for a, b in pairs]


def choose_stretches(args: argparse.Namespace, rng: np.random.Generator) -> list[Stretch]:
    """Stretches that do not meet each other, an excluded part, or a gap of the reference."""
    (low, high), taken = span_list(args.within)[0], span_list(args.exclude)
    lightest, deepest = (float(d) for d in args.depth.split("-"))
    chosen, tries = [], 0
    while len(chosen) < (args.stretches if args.length else 1):
        tries += 1
        if tries > 5000:
            sys.exit(f"simulate: no room for {args.stretches} stretches of {args.length} bases; give fewer or shorter ones")
        start = int(rng.integers(low, high - args.length)) if args.length else low
        end = start + args.length if args.length else high
        if args.length and any(start < b + 1000 and end > a - 1000 for a, b in taken):
            continue
        reference = fetch(args.ref, args.contig, start, end)
        if args.length and (reference == ord("N")).any():
            continue
        taken.append((start, end))
        depth = lightest * (deepest / lightest) ** rng.random()
        chosen.append(Stretch(args.contig, start, end, depth, reference))
    return sorted(chosen, key=lambda s: s.start)


def panel(args: argparse.Namespace) -> list[str]:
    from genome import run

    return run("bcftools", "query", "-l", args.truth).split()


def add_variants(args: argparse.Namespace, stretches: list[Stretch], rng: np.random.Generator) -> list[np.ndarray]:
    """Gives every stretch its variants; returns the sequences of a contaminating person, one a stretch."""
    repeats, anywhere, snps = (float(x) for x in args.plant.split(","))
    strangers = []
    for stretch in stretches:
        samples = [s for s in args.samples.split(",") if s]
        stranger = Stretch(stretch.contig, stretch.start, stretch.end, stretch.depth, stretch.reference)
        if samples == ["random2"]:
            *samples, one, two = rng.choice(panel(args), 4, replace=False)
            stranger.variants = settle(stranger, read_truth(args.truth, [one, two], stranger, rng), [])
        known = read_truth(args.truth, samples, stretch, rng)
        if args.mate:
            known = crossed(known, read_truth(args.mate, [], stretch, rng))
        kilobases = len(stretch.reference) / 1000
        planted = plant_in_repeats(stretch, rng.poisson(repeats * kilobases), args.two_alternates, rng) if repeats else []
        planted += plant_anywhere(stretch, rng.poisson(anywhere * kilobases), rng) if anywhere else []
        planted += plant_snps(stretch, rng.poisson(snps * kilobases), rng) if snps else []
        stretch.variants = settle(stretch, known, planted)
        if not stranger.variants:
            # A stranger of the same panel is not to be had: reference bases and SNPs of their own.
            stranger.variants = settle(stranger, plant_snps(stranger, rng.poisson(kilobases), rng), [])
        strangers.append(stranger.haplotype(0))
    return strangers


def write_beds(folder: str, stretches: list[Stretch], every: list[fragments.Source]) -> None:
    """A stretch with a diverged copy elsewhere is not confident, as in truth sets of real people: nothing tells the
    copy's bases from heterozygous variants. Only a faint copy in a deep stretch stays in: its share of the reads does."""
    with open(f"{folder}/region.bed", "w") as region, open(f"{folder}/confident.bed", "w") as confident:
        for s in stretches:
            region.write(f"{s.contig}\t{s.start}\t{s.end}\n")
            mine = [source for source in every if source.copied and s.start <= source.copied[0] < s.end]
            kept_out = sorted(c.copied for c in mine if s.depth < DEEP or c.depth > FAINT * s.depth)
            at, last = s.start + EDGE, s.end - EDGE
            for start, end in [*kept_out, (s.end, s.end)]:
                upto = min(start - MARGIN, last)
                if upto > at:
                    confident.write(f"{s.contig}\t{at}\t{upto}\n")
                at = max(at, end + MARGIN)


def write_haplotypes(folder: str, stretches: list[Stretch]) -> None:
    for which in (0, 1):
        with open(f"{folder}/hap{which}.fa", "wb") as out:
            for index, stretch in enumerate(stretches):
                out.write(b">s%d_h%d\n" % (index, which) + bytes(stretch.haplotype(which)) + b"\n")


class Reads:
    """Turns fragments of the pool into reads, a chunk at a time."""

    def __init__(self, args: argparse.Namespace, profile: dict, pool: np.ndarray) -> None:
        self.args, self.profile, self.pool = args, profile, pool
        self.lengths = [profile[k].shape[1] for k in ("quality1", "quality2")]
        if args.read_length:
            self.lengths = [min(n, args.read_length) for n in self.lengths]
        self.slips = errors.Slips(pool, profile, args.slippage, args.spread, args.seed)
        self.spots = errors.hot_spots(pool, args.hot_spots, args.seed)

    def template(self, column: np.ndarray, first: np.ndarray, last: np.ndarray, reverse: np.ndarray) -> np.ndarray:
        """Bases of the fragments at these columns of their reads, as the reads see them."""
        index = np.where(reverse[:, None], last[:, None] - column, first[:, None] + column)
        rows = self.pool[np.clip(index, 0, len(self.pool) - 1)]
        rows[reverse] = errors.COMPLEMENT[rows[reverse]]
        return rows

    def mate(self, which: int, start: np.ndarray, size: np.ndarray, reverse: np.ndarray, rng) -> tuple:
        """(bases, qualities) of the first (0) or second (1) reads. `reverse`: the read runs down the pool's strand."""
        length = self.lengths[which]
        width = length + errors.SPARE
        last = start + size - 1
        rows = self.template(np.arange(width), start, last, reverse)
        begin = np.where(reverse, last - length + 1, start)
        for read, left, right, gained in self.slips.events(begin, length, rng):
            if reverse[read]:
                left, right = int(last[read]) + 1 - right, int(last[read]) + 1 - left
            else:
                left, right = left - int(start[read]), right - int(start[read])
            errors.slip(rows[read], left, right, gained)
        errors.random_indels(rows, length, self.profile["indel"], rng)
        adapter = np.frombuffer(errors.ADAPTERS[which], np.uint8)
        for read in np.flatnonzero(size < length):
            rows[read, size[read] :] = adapter[: width - size[read]]
        before = self.template(np.arange(-errors.SPARE, 0), start, last, reverse)
        errors.chimeras(rows, before, self.profile, self.args.chimeras, self.args.fold_backs, self.pool, start, rng)
        qualities = self.profile["quality%d" % (which + 1)]
        quality = qualities[rng.integers(0, len(qualities), len(start)), :length].copy()
        rows = np.ascontiguousarray(rows[:, :length])
        self.overheat(rows, quality, begin, reverse, length, rng)
        errors.wrong_bases(rows, quality, self.profile, rng)
        if self.args.quality_shift:
            quality = np.clip(quality.astype(np.int16) + self.args.quality_shift, 2, 60).astype(np.uint8)
        return rows, quality

    def overheat(self, rows: np.ndarray, quality: np.ndarray, begin, reverse, length: int, rng) -> None:
        """Wrong bases at hot spots, half of them with a low quality."""
        low_quality = np.unique(self.profile["quality1"])[1:4]
        for strand, (place, rate, wrong) in enumerate(self.spots):
            mine = np.flatnonzero(reverse == bool(strand))
            order = mine[np.argsort(begin[mine], kind="stable")]
            low, high = (np.searchsorted(begin[order], p, "right") for p in (place - length, place))
            which, read = errors.covering(order, low, high, rate, rng)
            at = place[which] - begin[read]
            column = np.where(strand, length - 1 - at, at)
            rows[read, column] = wrong[which]
            doubt = rng.random(len(read)) < 0.5
            quality[read[doubt], column[doubt]] = rng.choice(low_quality, doubt.sum())

    def write(self, out, first_name: int, bases: np.ndarray, quality: np.ndarray, mate: int) -> None:
        """FASTQ records of fixed width, named r0000001/1."""
        count, length = bases.shape
        names = np.array([b"@r%09d/%d\n" % (first_name + i, mate) for i in range(count)], "S14").view(np.uint8)
        record = np.empty((count, 14 + length + 3 + length + 1), np.uint8)
        record[:, :14] = names.reshape(count, 14)
        record[:, 14 : 14 + length] = bases
        record[:, 14 + length : 17 + length] = np.frombuffer(b"\n+\n", np.uint8)
        record[:, 17 + length : -1] = quality + 33
        record[:, -1] = ord("\n")
        out.write(record.tobytes())


def sources(args: argparse.Namespace, stretches: list[Stretch], strangers: list[np.ndarray], rng) -> list:
    found = []
    for stretch, stranger in zip(stretches, strangers):
        for which in (0, 1):
            own = stretch.depth * (1 - args.contamination) / 2
            found.append(fragments.Source(stretch.haplotype(which), own))
        if args.contamination:
            found.append(fragments.Source(stranger, stretch.depth * args.contamination))
        found += fragments.paralogs(stretch, args.paralogs, rng)
    return found


def load_profile(args: argparse.Namespace, rng: np.random.Generator) -> dict:
    with np.load(args.profile) as archive:
        profile = {key: archive[key] for key in archive}
    if args.insert:
        mean, deviation = (float(x) for x in args.insert.split(","))
        profile["insert"] = np.clip(rng.normal(mean, deviation, 20000), 60, 1400).astype(np.uint16)
    return profile


def write_reads(args: argparse.Namespace, profile: dict, every: list[fragments.Source], rng: np.random.Generator) -> int:
    lengths = [min(profile[k].shape[1], args.read_length or 9999) for k in ("quality1", "quality2")]
    options = {"gc_bias": args.gc_bias, "roughness": args.roughness}
    pool, start, size = fragments.draw(every, profile["insert"], sum(lengths), options, rng)
    start, size = fragments.duplicated(start, size, args.duplicates, rng)
    reads = Reads(args, profile, pool)
    with open(f"{args.output}/1.fq", "wb") as first, open(f"{args.output}/2.fq", "wb") as second:
        for at in range(0, len(start), CHUNK):
            chunk = slice(at, at + CHUNK)
            flipped = rng.random(len(start[chunk])) < 0.5
            for which, out in ((0, first), (1, second)):
                reverse = flipped if which == 0 else ~flipped
                bases, quality = reads.mate(which, start[chunk], size[chunk], reverse, rng)
                reads.write(out, at, bases, quality, which + 1)
    return len(start)


def main() -> None:
    args = arguments()
    rng = np.random.default_rng(args.seed)
    os.makedirs(args.output, exist_ok=True)
    stretches = choose_stretches(args, rng)
    strangers = add_variants(args, stretches, rng)
    write_truth(f"{args.output}/truth.vcf", f"{args.ref}.fai", stretches, args.sample)
    if args.haplotypes:
        write_beds(args.output, stretches, [])
        write_haplotypes(args.output, stretches)
        return
    profile = load_profile(args, rng)
    every = sources(args, stretches, strangers, rng)
    write_beds(args.output, stretches, every)
    pairs = write_reads(args, profile, every, rng)
    total = sum(len(s.variants) for s in stretches)
    depths = " ".join(f"{s.depth:.0f}" for s in stretches)
    print(f"{args.output}: {pairs} read pairs, {total} variants, depths {depths}", file=sys.stderr)


if __name__ == "__main__":
    main()
