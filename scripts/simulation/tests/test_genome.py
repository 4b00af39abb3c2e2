"""Repeats, spellings of indels, stretches, and truth."""

import numpy as np
import pytest

from simulation import stretches as stretches_module
from simulation.dna import decoded, encoded, reverse_complement
from simulation.repeats import tracts
from simulation.stretches import Choice, Stretch, choose_stretches, spans_of_megabases
from simulation.truth import crossed, haplotypes_of, settled, write_truth
from simulation.variants import Variant, left_aligned, trimmed


def test_a_tract_has_its_shortest_unit_and_no_unknown_base():
    assert tracts(encoded("GTCAAAAAGTC")).tolist() == [[3, 8, 1]]
    assert tracts(encoded("GGTCACACACATTG")).tolist() == [[3, 11, 2]]
    assert tracts(encoded("TGATGATGATGC")).tolist() == [[0, 11, 3]]
    assert tracts(encoded("ACNNNNNNNNGT")).tolist() == []
    assert tracts(encoded("AAATTTCCC")).tolist() == []  # shorter than four bases each


def applied(sequence: str, spelling: tuple[int, str, str]) -> str:
    position, ref, alt = spelling
    assert sequence[position : position + len(ref)] == ref
    return sequence[:position] + alt + sequence[position + len(ref) :]


def test_left_alignment_changes_the_place_and_not_the_sequence(rng):
    moved = 0
    for _ in range(300):
        sequence = decoded(rng.choice(encoded("AC"), 60))
        at, size = int(rng.integers(20, 45)), int(rng.integers(1, 6))
        bases = sequence[at : at + 1 + size]
        indel = (at, bases, bases[0]) if rng.random() < 0.5 else (at, bases[0], bases)
        aligned = left_aligned(indel, sequence.__getitem__, 0)
        if aligned is None:
            continue
        assert applied(sequence, aligned) == applied(sequence, indel)
        assert aligned[0] <= at and aligned[1][-1] != aligned[2][-1]
        moved += aligned[0] < at
    assert moved > 100


def test_left_alignment_gives_up_at_the_edge():
    sequence = "GAAAAAAAAT"
    assert left_aligned((5, "AA", "A"), sequence.__getitem__, -1) == (0, "GA", "G")
    assert left_aligned((5, "AA", "A"), sequence.__getitem__, 0) is None


def test_trimming_takes_shared_bases_from_both_ends():
    variant = Variant(10, ("CATT", "CAGT", "C"), (1, 2))
    assert trimmed(variant, 0) == (12, "T", "G")
    assert trimmed(variant, 1) == (10, "CATT", "C")
    assert trimmed(Variant(10, ("C", "G"), (0, 1)), 0) is None


def test_haplotypes_carry_their_alleles():
    variants = [Variant(102, ("G", "T"), (0, 1)), Variant(104, ("AC", "A"), (1, 0)), Variant(108, ("A", "AGG"), (1, 1))]
    stretch = Stretch("20", 100, 110, 1, encoded("ACGTACGTAC"), variants)
    assert decoded(stretch.haplotype(0)) == "ACGTAGTAGGC"
    assert decoded(stretch.haplotype(1)) == "ACTTACGTAGGC"


def test_reverse_complement_keeps_what_is_no_base():
    assert decoded(reverse_complement(encoded("AACGN"))) == "NCGTT"


def test_spans_are_megabases():
    assert spans_of_megabases("9.9-10.4,36.0-36.1") == [(9_900_000, 10_400_000), (36_000_000, 36_100_000)]
    assert spans_of_megabases("") == []


@pytest.fixture
def contig(monkeypatch):
    """A contig of 1 Mb with a gap in [400,000, 450,000)."""
    bases = np.full(1_000_000, ord("A"), np.uint8)
    bases[400_000:450_000] = ord("N")
    monkeypatch.setattr(stretches_module, "fetch", lambda fasta, contig, start, end: bases[start:end])


def test_stretches_keep_clear_of_gaps_of_each_other_and_of_what_is_left_out(contig, rng):
    left_out = [(100_000, 200_000)]
    chosen = choose_stretches("x.fa", Choice("20", (0, 1_000_000), left_out, 20, 20_000, (10, 40)), rng)
    assert len(chosen) == 20
    for one, following in zip(chosen, chosen[1:]):
        assert following.start >= one.end + 1000
    for s in chosen:
        assert s.end - s.start == len(s.reference) == 20_000
        assert s.end + 1000 <= 100_000 or s.start >= 201_000
        assert not (s.reference == ord("N")).any()
        assert 10 <= s.depth <= 40
    assert len({s.depth for s in chosen}) == 20


def test_without_a_length_the_stretch_is_all_of_the_range(contig, rng):
    (stretch,) = choose_stretches("x.fa", Choice("20", (300_000, 500_000), [], 8, 0, (10, 10)), rng)
    assert (stretch.start, stretch.end, len(stretch.reference)) == (300_000, 500_000, 200_000)


def test_too_many_stretches_are_an_error(contig, rng):
    with pytest.raises(SystemExit, match="no room for 30 stretches of 50000 bases"):
        choose_stretches("x.fa", Choice("20", (0, 1_000_000), [], 30, 50_000, (10, 10)), rng)


def test_genotypes_become_haplotypes(rng):
    assert haplotypes_of(["1|0"], rng) == (1, 0)
    assert haplotypes_of(["1|0", "0|2"], rng) == (1, 0)
    assert {haplotypes_of(["0/1"], rng) for _ in range(50)} == {(0, 1), (1, 0)}


def test_a_crossed_person_has_one_haplotype_of_each():
    one = [Variant(10, ("A", "C"), (1, 0)), Variant(20, ("G", "T"), (0, 1)), Variant(30, ("CA", "C"), (1, 1))]
    other = [Variant(10, ("A", "G"), (0, 1)), Variant(30, ("CAA", "CA", "C"), (1, 2)), Variant(40, ("T", "C"), (1, 0))]
    assert crossed(one, other) == [Variant(10, ("A", "C", "G"), (1, 2)), Variant(30, ("CAA", "CA", "C"), (1, 2))]


def test_planted_variants_keep_clear_of_known_ones_and_of_each_other():
    stretch = Stretch("20", 0, 60, 1, encoded("ACGT" * 5 + "AAAAAAAA" + "CGTA" * 8))
    known = [Variant(10, ("GT", "G"), (1, 0)), Variant(11, ("T", "C"), (0, 1))]
    assert settled(stretch, known, []) == known[:1], "the second overlaps the first"
    near, clear = Variant(14, ("G", "T"), (1, 1)), Variant(45, ("G", "T"), (1, 1))
    repeat, in_repeat = Variant(19, ("TA", "T"), (1, 1)), Variant(26, ("A", "C"), (1, 1))
    assert settled(stretch, known, [near, repeat, in_repeat, clear]) == [known[0], repeat, clear]


def test_truth_is_vcf(tmp_path):
    path = tmp_path / "truth.vcf"
    write_truth(str(path), {"20": 500}, [("20", Variant(9, ("A", "C", "AT"), (2, 1)))], "me")
    *header, columns, record = path.read_text().splitlines()
    assert header[0] == "##fileformat=VCFv4.2" and "##contig=<ID=20,length=500>" in header
    assert columns.split("\t")[-1] == "me"
    assert record.split("\t") == ["20", "10", ".", "A", "C,AT", "50", "PASS", ".", "GT", "2|1"]
