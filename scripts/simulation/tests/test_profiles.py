"""Profiles: measured on reads, and made from ART's qualities."""

import numpy as np
import pytest

from simulation import art, profiles
from simulation.dna import BASES, decoded, encoded
from simulation.measurement import ENOUGH, LONGEST, Region, Totals, add_read, profile_of, slippage


def sam(flag: int, position: int, cigar: str, bases: str, quality: str, size: int = 300) -> list[str]:
    """Fields of a record; the position is 1-based."""
    return ["r", str(flag), "20", str(position), "60", cigar, "=", "1", str(size), bases, quality]


@pytest.fixture
def region(rng):
    """200 bases of the contig from 1,000 on, with a run of ten A at 1,100; everything is known but 1,150 to 1,159."""
    sequence = rng.choice(BASES, 200)
    sequence[97:113] = encoded("GCGAAAAAAAAAAGCG")
    known = np.ones(200, bool)
    known[150:160] = False
    return Region(1000, sequence, known)


def test_wrong_bases_count_by_quality_where_the_sample_is_known(region):
    bases = list(decoded(region.sequence[20:170]))
    for at in (5, 135):  # 1,025 is known and 1,155 is not
        bases[at] = "ACGT"["ACGT".index(bases[at]) - 1]
    totals = Totals()
    add_read(sam(99, 1021, "150M", "".join(bases), "?" * 150), totals, region)
    assert totals.bases[30] == totals.bases.sum() == 140
    assert totals.wrong[30] == totals.wrong.sum() == totals.substitution.sum() == 1
    assert totals.insert == [300] and len(totals.quality[0]) == 1 and totals.quality[1] == []


def test_clips_count_in_the_order_of_sequencing(region):
    totals, bases = Totals(), decoded(region.sequence[20:60])
    add_read(sam(99, 1021, "5S35M", bases, "?" * 40), totals, region)
    add_read(sam(147, 1021, "7S33M", bases, "!" + "?" * 39), totals, region)
    assert totals.clips == [[5], [7]], "the first bases of a reverse read are its last in the file"
    assert totals.quality[1] == [bytes([30] * 39 + [0])]
    assert totals.insert == [300], "an insert counts once a pair"


def test_an_indel_of_a_repeat_is_slippage_of_its_unit(region):
    before, after = decoded(region.sequence[60:100]), decoded(region.sequence[101:150])
    for _ in range(12):
        add_read(sam(99, 1061, "90M", decoded(region.sequence[60:150]), "?" * 90), Totals(), region)
    add_read(sam(99, 1061, "40M1D49M", before + after, "?" * 89), Totals(), region)
    add_read(sam(99, 1061, "20M2D40M", "A" * 60, "?" * 60), Totals(), region)
    totals = Totals()
    region.add_indels_to(totals)
    assert totals.slipped[0, 1, 10] == totals.slipped.sum() == 1
    assert totals.spanned[1, 10] == 14
    assert totals.indels.tolist() == [1, 0], "the deletion outside of repeats"


def test_an_indel_that_many_reads_have_is_a_variant(region):
    read = decoded(region.sequence[60:100]) + decoded(region.sequence[101:150])
    for _ in range(15):
        add_read(sam(99, 1061, "40M1D49M", read, "?" * 89), Totals(), region)
    totals = Totals()
    region.add_indels_to(totals)
    assert totals.slipped.sum() == totals.spanned[1, 10] == 0


def test_slippage_is_what_was_measured_and_never_falls():
    spanned, slipped = np.zeros((7, LONGEST)), np.zeros((7, LONGEST))
    spanned[1, 8:12] = 10000
    slipped[1, 8:12] = (40, 80, 60, ENOUGH - 1)
    rates = slippage(spanned, slipped)
    assert rates[1, 8:11].tolist() == [0.004, 0.008, 0.008]
    assert (np.diff(rates, axis=1) >= 0).all() and rates.max() <= 0.35
    assert rates[1, 3] == 0 < rates[1, 4] < rates[1, 7] < 0.004
    assert rates[1, 20] > rates[1, 11]


def test_a_profile_of_no_errors_keeps_a_prior_of_the_claimed_ones(region):
    totals = Totals()
    bases = decoded(region.sequence[20:90])
    for flag in (99, 147):
        add_read(sam(flag, 1021, "70M", bases, "5" * 70), totals, region)
    totals.reads, totals.marked = 8, 2
    profile = profile_of(totals)
    assert profile["error"][20] == pytest.approx(10 / 1140)
    assert profile["error"][30] == pytest.approx(0.001)
    assert profile["quality1"].tolist() == [[20] * 70]
    assert profile["duplicates"] == 0.25 and profile["clip_rate"].tolist() == [0, 0]
    assert np.allclose(profile["substitution"].sum(1), 1) and (np.diag(profile["substitution"]) == 0).all()


def test_a_profile_is_read_as_it_was_written(tmp_path, perfect):
    path = str(tmp_path / "profile.npz")
    profiles.save(path, perfect)
    read = profiles.load(path)
    assert read.keys() == perfect.keys()
    assert all((read[key] == perfect[key]).all() and read[key].dtype == perfect[key].dtype for key in perfect)
    assert profiles.read_lengths(read, 0) == (100, 100) and profiles.read_lengths(read, 75) == (75, 75)


def test_inserts_of_a_normal_distribution(perfect, rng):
    insert = profiles.with_inserts(perfect, 350, 50, rng)["insert"]
    assert insert.mean() == pytest.approx(350, abs=2) and insert.std() == pytest.approx(50, abs=2)


def test_tied_qualities_keep_the_distribution_of_each_cycle(rng):
    pool = np.column_stack([rng.choice([10, 20, 30], 3000, p=p) for p in ([0.1, 0.2, 0.7], [0.3, 0.3, 0.4])]).astype(np.uint8)
    made = art.tied(pool, 3, 6000, rng)
    for cycle, of_pool in enumerate((0, 1, 1)):
        for quality in (10, 20, 30):
            assert (made[:, cycle] == quality).mean() == pytest.approx((pool[:, of_pool] == quality).mean(), abs=0.001)
    tied, free = (np.corrcoef(x[:, 0].astype(float), x[:, 1])[0, 1] for x in (made, pool))
    assert tied > 0.5 > abs(free)


def test_an_art_profile_keeps_the_base_but_for_qualities_and_errors(perfect):
    pool = np.full((50, 90), 20, np.uint8)
    profile = art.profile_of([pool, pool], 101, perfect)
    assert profile["quality1"].shape == (art.READS, 101) and (profile["quality2"] == 20).all()
    assert profile["error"][20] == pytest.approx(0.01 + 3e-4) and profile["error"][0] == 0.75
    assert (profile["insert"] == perfect["insert"]).all()


def test_reported_qualities_keep_their_mean_error(perfect):
    profile = perfect | {"error": profiles.CLAIMED_ERROR.copy()}
    profile["quality1"] = np.array([[2, 11, 20, 24, 33, 40]], np.uint8)
    profile["quality2"] = profile["quality1"]
    binned = profiles.reported(profile, "bins")
    assert binned["quality1"].tolist() == [[2, 12, 23, 23, 37, 37]]
    assert binned["error"][23] == pytest.approx((10**-2 + 10**-2.4) / 2)
    consensus = profiles.reported(profile, "consensus")
    assert consensus["quality1"].tolist() == [[2, 11, 60, 68, 86, 93]]
    assert consensus["error"][60] == pytest.approx(10**-3)
    assert profiles.reported(profile, "profile") is profile
