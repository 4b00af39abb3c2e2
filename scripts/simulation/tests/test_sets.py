"""What is written beside reads: beds, strata, the bundled sample, and the table of training sets."""

import argparse
import gzip
from pathlib import Path

import numpy as np

from simulation import strata
from simulation.commands import reads, sample
from simulation.dna import encoded
from simulation.fragments import Source
from simulation.read_set import write_beds, write_haplotypes
from simulation.repeats import tracts
from simulation.stretches import spans_of_megabases

SCRIPTS = Path(__file__).resolve().parents[2]
BUNDLED = SCRIPTS.parent / "tests/sample"


def confident(folder: Path) -> list[tuple[int, int]]:
    rows = [line.split("\t") for line in (folder / "confident.bed").read_text().splitlines()]
    return [(int(start), int(end)) for _, start, end in rows]


def test_spans_with_a_copy_are_not_confident(tmp_path, stretch):
    copies = [Source(encoded("A"), 10.0, (5000, 6000)), Source(encoded("A"), 3.0, (9000, 9500)), Source(encoded("A"), 15.0)]
    write_beds(str(tmp_path), [stretch], copies)
    assert (tmp_path / "region.bed").read_text() == "20\t1000\t21000\n"
    assert confident(tmp_path) == [(1600, 4850), (6150, 20400)], "a tenth of a deep stretch's reads does no harm"
    stretch.depth = 20
    write_beds(str(tmp_path), [stretch], copies)
    assert confident(tmp_path) == [(1600, 4850), (6150, 8850), (9650, 20400)]


def test_haplotypes_are_fasta_of_one_line(tmp_path, stretch):
    write_haplotypes(str(tmp_path), [stretch, stretch])
    lines = (tmp_path / "hap1.fa").read_bytes().splitlines()
    assert lines == [b">s0_h1", bytes(stretch.reference), b">s1_h1", bytes(stretch.reference)]


def test_strata_reach_five_bases_beyond_a_repeat():
    sequence = encoded("CGTGCTCAGT" + "A" * 8 + "GCTCGATCGG")
    mask = strata.about(len(sequence), tracts(sequence))
    assert strata.spans(mask).tolist() == [[5, 23]]
    assert strata.spans(np.array([True, False, True, True])).tolist() == [[0, 1], [2, 4]]


def test_every_base_is_in_a_hard_stratum_or_elsewhere(monkeypatch, stretch):
    monkeypatch.setattr(strata, "fetch", lambda fasta, contig, start, end: stretch.reference)
    depth = {0: np.full(20000, 10), 10: np.where(np.arange(20000) < 300, 4, 5)}
    monkeypatch.setattr(strata, "depth", lambda reads, contig, start, end, quality: depth[quality])
    masks = strata.strata_of("x.fa", "x.bam", "20", 1000, 21000)
    assert list(masks) == list(strata.NAMES)
    assert strata.spans(masks["low_mappability"]).tolist() == [[0, 300]]
    assert masks["homopolymers"][495:519].all() and masks["repeats"][595:625].all()
    hard = masks["homopolymers"] | masks["repeats"] | masks["low_mappability"]
    assert (masks["elsewhere"] == ~hard).all() and 0.5 < masks["elsewhere"].mean() < 0.98


def test_empty_strata_are_not_listed(tmp_path):
    strata.write(str(tmp_path), {"repeats": ["20\t1\t5\n"], "elsewhere": []})
    assert (tmp_path / "strata.tsv").read_text() == "repeats\trepeats.bed\n"
    assert [p.name for p in tmp_path.glob("*.bed")] == ["repeats.bed"]


def test_the_bundled_sample_comes_from_its_seed(tmp_path):
    sample.run(argparse.Namespace(seed=20, output=str(tmp_path)))
    for name in ("reference.fa", "confident.bed"):
        assert (tmp_path / name).read_bytes() == (BUNDLED / name).read_bytes()
    assert (tmp_path / "truth.vcf").read_bytes() == gzip.decompress((BUNDLED / "truth.vcf.gz").read_bytes())


def test_every_training_set_has_a_name_and_a_seed_of_its_own_and_options_that_are_known():
    lines = [line for line in (SCRIPTS / "training-sets.tsv").read_text().splitlines() if not line.startswith("#")]
    assert lines[0].split("\t") == ["name", "haplotypes", "profile", "aligner", "depth", "seed", "options"]
    sets = [line.split("\t") for line in lines[1:]]
    assert len(sets) == 93
    assert len({s[0] for s in sets}) == len({s[5] for s in sets}) == 93
    parser = argparse.ArgumentParser()
    reads.add_arguments(parser)
    judges = spans_of_megabases("9.9-10.4,36.0-36.1,38.3-38.5,44.8-45.0")
    for name, haplotypes, profile, aligner, depth, seed, options in sets:
        assert haplotypes in ("HG001", "HG002", "mix", "panel", "X", "chr1") and aligner in ("mem", "aln"), name
        given = ["--ref", "x", "--truth", "x", "--output", "x", "--profile", profile, "--depth", depth, "--seed", seed]
        choice = reads.choice_of(parser.parse_args(given + options.replace("--unmarked", "").split()))
        assert choice.left_out == judges, f"{name} may learn from regions that judge the caller"
        assert 1 <= choice.depth[0] < choice.depth[1] <= 1000, name
    assert "--contig X --within 2.8-69.8 --exclude 20-30" in (SCRIPTS / "simulate-training-sets.sh").read_text()
