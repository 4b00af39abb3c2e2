"""Planted variants, in simulated genomes and in real reads."""

import numpy as np
import pytest

from simulation.dna import TRANSITION, decoded
from simulation.people import haploid
from simulation.planting import Density, planted
from simulation.spiking import Alignment, haplotype_of, is_kept, read_offsets
from simulation.stretches import Stretch
from simulation.truth import settled
from simulation.variants import Variant


def reference_of(stretch: Stretch, variant: Variant) -> str:
    return decoded(stretch.reference[variant.position - stretch.start : variant.end - stretch.start])


def test_planted_variants_replace_the_reference(stretch, rng):
    variants = planted(stretch, Density(1.0, 3.0, 3.0, 0.5), rng)
    assert len(variants) > 80
    for variant in variants:
        assert reference_of(stretch, variant) == variant.alleles[0]
        assert len(set(variant.alleles)) == len(variant.alleles)
        assert 0 < max(variant.genotype) < len(variant.alleles)


def test_changes_of_repeats_are_whole_units_at_repeats(stretch, rng):
    variants = planted(stretch, Density(2.0, 0, 0, 0.5), rng)
    two = [v for v in variants if len(v.alleles) == 3]
    assert len(variants) > 20 and 5 < len(two) < len(variants) - 5
    assert all(v.genotype == (1, 2) for v in two)
    dinucleotide = [v for v in variants if "CACA" in max(v.alleles, key=len)]
    assert len(dinucleotide) > 3
    assert all((len(a) - len(v.alleles[0])) % 2 == 0 for v in dinucleotide for a in v.alleles)


def test_indels_are_left_aligned_and_up_to_fifty_bases(stretch, rng):
    variants = planted(stretch, Density(0, 20.0, 0), rng)
    sizes = [len(v.alleles[1]) - len(v.alleles[0]) for v in variants]
    assert all(v.alleles[0][-1] != v.alleles[1][-1] for v in variants)
    assert all(1 <= abs(size) <= 50 for size in sizes)
    assert 0.4 < np.mean(np.array(sizes) > 0) < 0.6


def test_two_in_three_snps_are_transitions(stretch, rng):
    variants = planted(stretch, Density(0, 0, 100.0), rng)
    single = [v for v in variants if len(v.alleles) == 2]
    share = np.mean([TRANSITION[v.alleles[0]] == v.alleles[1] for v in single])
    assert len(variants) == pytest.approx(2000, rel=0.1) and share == pytest.approx(0.67, abs=0.04)
    assert (len(variants) - len(single)) / len(variants) == pytest.approx(0.05, abs=0.02)


def test_long_indels_have_every_length(stretch, rng):
    sizes = [len(v.alleles[1]) - len(v.alleles[0]) for v in planted(stretch, Density(0, 0, 0, long=20.0), rng)]
    assert min(sizes) < -200 and max(sizes) > 100 and 15 < np.median(np.abs(sizes)) < 120
    assert all(20 <= -s <= 400 if s < 0 else 20 <= s <= 150 for s in sizes)


def test_blocks_have_many_snps_of_one_genotype(stretch, rng):
    variants = sorted(planted(stretch, Density(0, 0, 0, blocks=0.2), rng), key=lambda v: v.position)
    gaps = np.diff([v.position for v in variants])
    assert len(variants) > 15 and np.median(gaps) < 25
    assert all(a.genotype == b.genotype for a, b, gap in zip(variants, variants[1:], gaps) if gap < 25)


def test_neighbours_are_within_ten_bases_and_stay_apart_from_nothing_else(stretch, rng):
    density = Density.parse("0,0,0,0,0,2")
    assert density.nearest == 1 and Density.parse("1,1,1,1").nearest == 4
    kept = settled(stretch, [], planted(stretch, density, rng), density.nearest)
    gaps = [b.position - a.end for a, b in zip(kept, kept[1:])]
    assert len(kept) > 30 and sum(gap <= 10 for gap in gaps) > len(kept) / 4


def test_a_haploid_person_has_one_haplotype():
    variants = [Variant(5, ("A", "C"), (0, 1)), Variant(9, ("A", "C", "G"), (2, 1))]
    assert haploid(variants) == [Variant(9, ("A", "C", "G"), (2, 2))]


def test_a_density_of_zero_draws_nothing(stretch, rng):
    before = rng.bit_generator.state
    assert planted(stretch, Density.parse("0,0,0"), rng) == []
    assert rng.bit_generator.state == before


def test_read_offsets_follow_the_cigar():
    assert read_offsets("2S3M1I2M2D1M", 100) == {100: 2, 101: 3, 102: 4, 103: 6, 104: 7, 107: 8}


@pytest.fixture
def read(stretch):
    """Forty matching bases from position 2,200 of the contig on."""
    return Alignment(2200, False, "40M", decoded(stretch.reference[1200:1240]), "I" * 20 + "5" * 20)


def change(stretch: Stretch, position: int, deleted: int, inserted: str) -> Variant:
    """A heterozygous deletion or insertion after the base at `position`, on haplotype 1."""
    bases = decoded(stretch.reference[position - stretch.start :][: 1 + deleted])
    return Variant(position, (bases, bases[0] + inserted), (0, 1))


def test_a_read_of_the_other_haplotype_stays(stretch, read):
    assert read.with_alleles([change(stretch, 2210, 3, "")], 0, stretch) == (read.bases, read.quality)


def test_a_deletion_is_made_up_for_with_bases_after_the_read(stretch, read):
    bases, quality = read.with_alleles([change(stretch, 2210, 3, "")], 1, stretch)
    assert bases == decoded(stretch.reference[1200:1211]) + decoded(stretch.reference[1214:1243])
    assert len(quality) == 40


def test_an_insertion_pushes_out_the_bases_that_are_sequenced_last(stretch, read):
    variant = change(stretch, 2210, 0, "GATTACA")
    long = read.bases[:11] + "GATTACA" + read.bases[11:]
    assert read.with_alleles([variant], 1, stretch)[0] == long[:40]
    read.reverse = True
    assert read.with_alleles([variant], 1, stretch)[0] == long[7:]


def test_a_snp_leaves_an_error_as_it_is(stretch, read):
    ref = read.bases[10]
    variant = Variant(2210, (ref, TRANSITION[ref]), (0, 1))
    assert read.with_alleles([variant], 1, stretch)[0] == read.bases[:10] + TRANSITION[ref] + read.bases[11:]
    error = next(b for b in "ACGT" if b not in (ref, TRANSITION[ref]))
    read.bases = read.bases[:10] + error + read.bases[11:]
    assert read.with_alleles([variant], 1, stretch)[0] == read.bases


def test_no_read_begins_in_deleted_bases(stretch, read):
    variant = change(stretch, 2195, 10, "")
    bases, _ = read.with_alleles([variant], 1, stretch)
    assert bases == decoded(stretch.reference[1206:1246])
    whole = change(stretch, 2190, 60, "")
    assert read.with_alleles([whole], 1, stretch) == ("", "")


def test_names_decide_the_haplotype_and_what_is_kept():
    names = [f"read{n}" for n in range(4000)]
    assert np.mean([haplotype_of(name, 1) for name in names]) == pytest.approx(0.5, abs=0.04)
    assert np.mean([is_kept(name, 1, 0.25) for name in names]) == pytest.approx(0.25, abs=0.03)
    assert [haplotype_of(n, 1) for n in names] != [haplotype_of(n, 2) for n in names]
