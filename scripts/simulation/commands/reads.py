"""Simulates a diploid genome on stretches of a contig, and its paired reads.

Writes to the output folder truth.vcf, confident.bed, region.bed, 1.fq and 2.fq. With --haplotypes it writes hap0.fa and
hap1.fa in place of reads, for other simulators.
"""

import argparse
import contextlib
import os
import sys

import numpy as np

from .. import fragments, profiles
from ..people import RANDOM_PAIR, Person, add_variants
from ..planting import Density
from ..read_set import write_beds, write_haplotypes
from ..reads import Errors, Sequencer
from ..stretches import Choice, Stretch, choose_stretches, spans_of_megabases
from ..truth import contigs_of_index, variants_of, write_truth


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", required=True, help="folder")
    add("--seed", type=int, required=True)
    add("--sample", default="SIM", help="name of the sample in truth.vcf")
    add("--haplotypes", action="store_true", help="write haplotypes in place of reads")
    add("--profile", help=".npz of learn-profile or art-profile; needed for reads")
    add_genome_arguments(parser.add_argument_group("genome"))
    add_library_arguments(parser.add_argument_group("library"))
    add_error_arguments(parser.add_argument_group("errors"))


def add_genome_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--ref", required=True, help="indexed FASTA")
    add("--truth", help="VCF of the haplotypes; without it, all variants are planted")
    add("--samples", default="", help=f"one sample, two (first haplotype of each), or {RANDOM_PAIR}; default: the only one")
    add("--mate", help="VCF of another sample, whose second haplotype replaces that of --truth")
    add("--contig", default="20")
    add("--within", default="10.4-62.9", help="megabases that stretches are drawn from, A-B")
    add("--exclude", default="9.9-10.4,36.0-36.1,38.3-38.5,44.8-45.0", help="megabases left out; the default judges the caller")
    add("--stretches", type=int, default=8)
    add("--length", type=int, default=250000, help="bases of a stretch; 0: all of --within is one stretch")
    add("--plant", default="0.25,0.08,0.05", help="variants planted a kilobase: in repeats, indels anywhere, SNPs; after these: long indels, dense blocks of SNPs, neighbours")
    add("--ploidy", type=int, choices=(1, 2), default=2, help="1: the first haplotype stands for both")
    add("--two-alternates", type=float, default=0.2, help="share of the variants planted in repeats that have two alternates")


def add_library_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--depth", default="20-40", help="range that each stretch's depth is drawn from (log-uniform)")
    add("--insert", default="", help="MEAN,SD in bases, in place of the profile's insert sizes")
    add("--duplicates", type=float, default=0.04, help="share of the fragments that are PCR copies")
    add("--contamination", type=float, default=0.0, help="share of the reads from another person")
    add("--paralogs", type=float, default=0.01, help="share of the stretches that has a diverged copy elsewhere")
    add("--divergence", default="0.007-0.04", help="range of the share of a copy's bases that differ")
    add("--copy-depth", default="0.1-0.5", help="range of a copy's depth, against the depth of its stretch")
    add("--confident-copies", action="store_true", help="places with a diverged copy are confident, so that calls of its bases are false")
    add("--gc-bias", type=float, default=0.15)
    add("--roughness", type=float, default=0.12, help="sigma of the log of the yield between windows")
    add("--kind", choices=fragments.KINDS, default="genome", help="where fragments lie")
    add("--single-end", action="store_true", help="write first reads alone")
    add("--one-strand", action="store_true", help="every first read is forward")


def add_error_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--read-length", type=int, default=0, help="cut reads to this length")
    add("--slippage", type=float, default=1.0, help="level of repeat slippage against the profile's")
    add("--spread", type=float, default=0.8, help="sigma of the log of slippage between loci")
    add("--chimeras", type=float, default=1.0, help="level of chimeric ends against the profile's")
    add("--fold-backs", type=float, default=0.0, help="share of the chimeric ends that are the template folded back")
    add("--hot-spots", type=float, default=1.0, help="level of places that go wrong in many reads")
    add("--quality-shift", type=int, default=0, help="added to every reported quality; the errors stay")
    add("--qualities", choices=profiles.REPORTED, default="profile", help="how the instrument or the pipeline reports qualities")


def run(args: argparse.Namespace) -> None:
    if not (args.profile or args.haplotypes):
        sys.exit("simulation: reads need --profile; give one, or --haplotypes")
    rng = np.random.default_rng(args.seed)
    os.makedirs(args.output, exist_ok=True)
    stretches = choose_stretches(args.ref, choice_of(args), rng)
    person = Person(args.truth, [s for s in args.samples.split(",") if s], args.mate, args.ploidy == 1)
    strangers = add_variants(person, stretches, Density.parse(args.plant, args.two_alternates), rng)
    write_truth(f"{args.output}/truth.vcf", contigs_of_index(f"{args.ref}.fai"), variants_of(stretches), args.sample)
    if args.haplotypes:
        write_beds(args.output, stretches, [])
        write_haplotypes(args.output, stretches)
    else:
        write_reads(args, stretches, strangers, rng)


def range_of(text: str) -> tuple[float, float]:
    lowest, highest = (float(bound) for bound in text.split("-"))
    return lowest, highest


def choice_of(args: argparse.Namespace) -> Choice:
    within, left_out = spans_of_megabases(args.within)[0], spans_of_megabases(args.exclude)
    return Choice(args.contig, within, left_out, args.stretches, args.length, range_of(args.depth))


def write_reads(args: argparse.Namespace, stretches: list[Stretch], strangers: list[np.ndarray], rng: np.random.Generator) -> None:
    profile = profiles.reported(profiles.load(args.profile), args.qualities)
    if args.insert:
        profile = profiles.with_inserts(profile, *(float(x) for x in args.insert.split(",")), rng)
    library = fragments.Library(args.duplicates, args.contamination, args.paralogs, args.gc_bias, args.roughness, args.kind, range_of(args.divergence), range_of(args.copy_depth))
    errors = Errors(args.slippage, args.spread, args.chimeras, args.fold_backs, args.hot_spots, args.quality_shift, args.seed)
    sources = fragments.sources(stretches, strangers, library, rng)
    write_beds(args.output, stretches, [] if args.confident_copies else sources)
    bases = sum(profiles.read_lengths(profile, args.read_length)[: 1 if args.single_end else 2])
    pool, drawn = fragments.draw(sources, profile["insert"], bases, library, rng)
    with contextlib.ExitStack() as files:
        first, second = (
            None if mate == 2 and args.single_end else files.enter_context(open(f"{args.output}/{mate}.fq", "wb")) for mate in (1, 2)
        )
        Sequencer(pool, profile, errors, args.read_length).write(drawn, first, second, rng, args.one_strand)
    total = sum(len(s.variants) for s in stretches)
    depths = " ".join(f"{s.depth:.0f}" for s in stretches)
    print(f"{args.output}: {len(drawn)} read pairs, {total} variants, depths {depths}", file=sys.stderr)
