"""Fragments, and each error of the reads."""

import hashlib
import io
from dataclasses import replace

import numpy as np
import pytest

from simulation import chimeras, hot_spots, slippage
from simulation.dna import BASES, decoded, encoded, reverse_complement
from simulation.fragments import SITE_EVERY, Fragments, Library, Source, diverged, draw, paralogs, sites_of, sources
from simulation.profiles import CLAIMED_ERROR
from simulation.reads import ADAPTERS, Errors, Sequencer, add_wrong_bases, fastq

PLAIN = Library(duplicates=0, contamination=0, paralogs=0, gc_bias=0, roughness=0)
NONE = Errors(slippage=0, spread=0.8, chimeras=0, fold_backs=0, hot_spots=0, quality_shift=0, salt=5)


def test_fragments_reach_the_depth_and_stay_in_their_source(stretch, rng):
    every = [Source(stretch.haplotype(0), 15.0), Source(stretch.haplotype(1)[:5000], 60.0)]
    pool, drawn = draw(every, np.array([300], np.uint16), 200, PLAIN, rng)
    assert len(pool) == 25000 and (np.diff(drawn.start) >= 0).all() and (drawn.size == 300).all()
    first = drawn.start < 20000
    assert (drawn.start[first] + 300 <= 20000).all() and (drawn.start[~first] + 300 <= 25000).all()
    assert first.sum() == pytest.approx(15 * 20000 / 200, rel=0.1)
    assert (~first).sum() == pytest.approx(60 * 5000 / 200, rel=0.15)


def test_a_share_of_the_fragments_is_copies(stretch, rng):
    library = Library(duplicates=0.2, contamination=0, paralogs=0, gc_bias=0, roughness=0)
    _, drawn = draw([Source(stretch.reference, 60.0)], np.arange(200, 600, dtype=np.uint16), 200, library, rng)
    distinct = len(set(zip(drawn.start.tolist(), drawn.size.tolist())))
    assert 1 - distinct / len(drawn) == pytest.approx(0.2, abs=0.02)


def test_extreme_gc_yields_less(rng):
    at, middle = encoded("A" * 10000), encoded("ACGTA" * 2000)
    library = Library(duplicates=0, contamination=0, paralogs=0, gc_bias=0.5, roughness=0)
    _, drawn = draw([Source(np.concatenate([at, middle]), 100.0)], np.array([100], np.uint16), 200, library, rng)
    assert (drawn.start < 9900).sum() < 0.3 * (drawn.start > 10000).sum()


def test_paralogs_are_diverged_copies_between_foreign_flanks(stretch, rng):
    found = paralogs(stretch, replace(PLAIN, paralogs=0.5), rng)
    assert sum(end - start for start, end in (s.copied for s in found)) >= 10000
    for source in found:
        assert stretch.start <= source.copied[0] < source.copied[1] <= stretch.end
        assert 0.1 * stretch.depth <= source.depth <= 0.5 * stretch.depth
        assert abs(len(source.sequence) - 1200 - (source.copied[1] - source.copied[0])) < 60
    strong = replace(PLAIN, paralogs=0.5, copy_depth=(1, 1))
    assert all(source.depth == stretch.depth for source in paralogs(stretch, strong, rng))
    far = diverged(stretch.reference, (0.2, 0.2), rng)
    assert 0.75 < np.mean(far[:100] == stretch.reference[:100]) < 0.95
    copy = diverged(stretch.reference, PLAIN.divergence, rng)
    same = np.mean(copy[:100] == stretch.reference[:100])
    assert 0.9 < same < 1


def test_contamination_is_a_source_of_its_own(stretch, rng):
    library = Library(duplicates=0, contamination=0.1, paralogs=0, gc_bias=0, roughness=0)
    found = sources([stretch], [stretch.reference], library, rng)
    assert [source.depth for source in found] == pytest.approx([13.5, 13.5, 3.0])


def of_kind(kind: str) -> Library:
    return Library(duplicates=0, contamination=0, paralogs=0, gc_bias=0, roughness=0, kind=kind)


def test_both_haplotypes_share_their_sites(stretch):
    sites, level, size = sites_of(stretch.reference, SITE_EVERY)
    changed = np.insert(stretch.reference, 10000, stretch.reference[9990:10000])
    moved, same_level, same_size = sites_of(changed, SITE_EVERY)
    here = [(s + 10 * (s >= 10000), float(x), float(y)) for s, x, y in zip(sites, level, size) if abs(s - 10000) > 30]
    there = set(zip(moved.tolist(), same_level.tolist(), same_size.tolist()))
    assert len(here) > 10 and set((int(s), x, y) for s, x, y in here) <= there


def test_amplicons_have_common_ends_and_cut_sites_common_starts(stretch, rng):
    inserts = np.arange(150, 250, dtype=np.uint16)
    _, drawn = draw([Source(stretch.reference, 50.0)], inserts, 200, of_kind("amplicons"), rng)
    starts = set(drawn.start.tolist())
    assert 10 < len(starts) == len(set(zip(drawn.start.tolist(), drawn.size.tolist()))) and len(drawn) > 20 * len(starts)
    _, drawn = draw([Source(stretch.reference, 50.0)], inserts, 200, of_kind("cut-sites"), rng)
    assert set(drawn.start.tolist()) <= starts | set(sites_of(stretch.reference, SITE_EVERY)[0].tolist())
    assert len(set(zip(drawn.start.tolist(), drawn.size.tolist()))) > 10 * len(starts)


def test_an_exome_has_its_reads_on_targets(stretch, rng):
    _, drawn = draw([Source(stretch.reference, 60.0)], np.array([200], np.uint16), 200, of_kind("exome"), rng)
    by_kilobase = np.sort(np.histogram(drawn.start, np.arange(0, 20001, 500))[0])
    assert by_kilobase[-3:].min() > 30 and by_kilobase[:10].max() < 10


def test_reads_of_one_strand_and_single_reads(stretch, perfect, rng):
    fragments, out = Fragments(STARTS, np.full(40, 300)), io.BytesIO()
    sequencer(stretch, perfect).write(fragments, out, None, rng, one_strand=True)
    bases = out.getvalue().split(b"\n")[1::4]
    assert bases == [bytes(stretch.reference[start : start + 100]) for start in STARTS]


def sequencer(stretch, profile, **levels) -> Sequencer:
    return Sequencer(stretch.reference, profile, Errors(**(NONE.__dict__ | levels)), 0)


FORWARD = np.zeros(40, bool)
STARTS = np.arange(1000, 17000, 400)


def test_reads_without_errors_are_the_fragment(stretch, perfect, rng):
    fragments = Fragments(STARTS, np.full(40, 300))
    rows, quality = sequencer(stretch, perfect).reads(0, fragments, FORWARD, rng)
    for start, row in zip(STARTS, rows):
        assert (row == stretch.reference[start : start + 100]).all()
    rows, _ = sequencer(stretch, perfect).reads(1, fragments, ~FORWARD, rng)
    for start, row in zip(STARTS, rows):
        assert (row == reverse_complement(stretch.reference[start + 200 : start + 300])).all()
    assert (quality == perfect["quality1"][0]).all()


def test_a_short_fragment_ends_in_the_adapter(stretch, perfect, rng):
    rows, _ = sequencer(stretch, perfect).reads(1, Fragments(STARTS, np.full(40, 70)), FORWARD, rng)
    assert (rows[:, 70:] == ADAPTERS[1][:30]).all()
    assert (rows[0, :70] == stretch.reference[1000:1070]).all()


def test_reads_are_cut_and_qualities_shifted(stretch, perfect, rng):
    shifted = Sequencer(stretch.reference, perfect, Errors(**(NONE.__dict__ | {"quality_shift": -11})), 75)
    rows, quality = shifted.reads(0, Fragments(STARTS, np.full(40, 300)), FORWARD, rng)
    assert rows.shape == quality.shape == (40, 75)
    assert set(quality.ravel().tolist()) == {19, 2}, "30 - 11, and 12 - 11 held at 2"


def test_wrong_bases_are_as_frequent_as_the_quality_says(perfect, rng):
    profile = perfect | {"error": CLAIMED_ERROR}
    rows = np.full((2000, 100), ord("C"), np.uint8)
    quality = np.repeat(np.array([[10] * 50 + [20] * 50], np.uint8), 2000, axis=0)
    add_wrong_bases(rows, quality, profile, rng)
    wrong = rows != ord("C")
    assert wrong[:, :50].mean() == pytest.approx(0.1, rel=0.05)
    assert wrong[:, 50:].mean() == pytest.approx(0.01, rel=0.15)
    counts = np.bincount(rows[wrong], minlength=256)[encoded("AGT")]
    assert counts.sum() == wrong.sum() and counts.min() > 0.3 * wrong.sum()


def test_slips_lengthen_or_shorten_the_tract():
    row = encoded("GGGTAAAAAAGCGCTT").copy()
    slippage.slip(row, 4, 10, -2)
    assert decoded(row) == "GGGTAAAAGCGCTTTT", "the last bases have nothing after them"
    row = encoded("GGGTAAAAAAGCGCTT").copy()
    slippage.slip(row, 4, 10, 2)
    assert decoded(row) == "GGGTAAAAAAAAGCGC"
    row = encoded("GGGTAAAAAAGCGCTT").copy()
    slippage.slip(row, 4, 6, -2)
    assert decoded(row) == "GGGTAAAAAAGCGCTT", "no tract is left out whole"


def test_slips_are_as_frequent_as_the_profile_says(stretch, perfect, rng):
    deletion = np.zeros((7, 80))
    deletion[1, 14:] = 0.1
    profile = perfect | {"deletion": deletion}
    starts = np.repeat(np.arange(450, 19450, 500), 200)
    sequencer = Sequencer(stretch.reference, profile, Errors(**(NONE.__dict__ | {"slippage": 2.0, "spread": 0.0})), 0)
    events = sequencer.slippage.events(starts, 100, rng)
    assert all(gained < 0 and right - left >= 14 for _, left, right, gained in events)
    assert len(events) / len(starts) == pytest.approx(0.2, rel=0.1)
    assert len({read for read, *_ in events}) > 0.9 * len(events)


def test_indels_anywhere_change_a_read_at_one_place(rng):
    rows = np.repeat(rng.choice(BASES, (1, 164)), 500, axis=0)
    template = rows[0].copy()
    slippage.indels_anywhere(rows, 100, np.array([0.0, 0.002]), rng)
    changed = [row for row in rows if (row != template).any()]
    assert len(changed) == pytest.approx(95, abs=30)
    assert all((row[:5] == template[:5]).all() for row in changed)


def templates(stretch, count: int) -> chimeras.Templates:
    starts = np.arange(1000, 1000 + 30 * count, 30)
    columns = np.arange(-slippage.SPARE, 100 + slippage.SPARE)
    lines = stretch.reference[starts[:, None] + columns]
    return chimeras.Templates(lines[:, slippage.SPARE :].copy(), lines[:, : slippage.SPARE].copy(), starts, 100)


def test_chimeric_ends_have_the_lengths_of_the_profile(stretch, perfect, rng):
    profile = perfect | {"clip_rate": np.array([0.2, 0.1])}
    made, before = templates(stretch, 500), templates(stretch, 500)
    chimeras.add_chimeras(made, profile, 2.0, 0.0, stretch.reference, rng)
    wrong = made.rows != before.rows
    assert wrong[:, :21].any(1).mean() == pytest.approx(0.4, abs=0.06)
    assert wrong[:, 69:100].any(1).mean() == pytest.approx(0.2, abs=0.05)
    assert not wrong[:, 21:69].any() and not wrong[:, 100:].any()


def test_a_fold_is_the_complement_of_a_part_of_the_read(stretch, rng):
    folded = 0
    for _ in range(30):
        line = stretch.reference[2000:2228].copy()
        before = line.copy()
        chimeras.fold_back(line, np.full(200, 20), rng)
        assert (line[84:] == before[84:]).all() and (line[:64] == before[:64]).all()
        assert decoded(reverse_complement(line[64:84])) in decoded(before)
        folded += (line != before).any()
    assert folded > 20


def test_folds_take_places_that_pair(rng):
    line = rng.choice(BASES, 228)
    # Base 83 folds onto base 94: the bases of the stem after the junction pair with those before the loop's end.
    line[84:89] = reverse_complement(line[89:94])
    weights = chimeras.fold_weights(line, np.array([84, 84]), np.array([94, 120]))
    assert weights[0] > 5 * weights[1]


def test_hot_spots_hit_one_strand_only(stretch, rng):
    forward, reverse = hot_spots.find(stretch.reference, 20.0, 5)
    assert len(forward.place) > 100 and len(reverse.place) > 100
    assert (forward.rate >= 0.03).all() and (forward.rate <= 0.53).all()
    rows = np.repeat(stretch.reference[None, 5000:5100], 4000, axis=0)
    truth, quality = rows[0].copy(), np.full(rows.shape, 30, np.uint8)
    chunk = hot_spots.Chunk(rows, quality, np.full(4000, 5000), np.zeros(4000, bool))
    hot_spots.apply((forward, reverse), chunk, np.array([2, 11, 12]), rng)
    wrong = np.flatnonzero((rows != truth).any(0)) + 5000
    inside = forward.place[(forward.place > 5000) & (forward.place < 5100)]
    assert len(wrong) > 0 and set(wrong.tolist()) <= set(inside.tolist())
    assert ((quality != 30) <= np.isin(np.arange(5000, 5100), inside)).all()


def test_no_level_no_hot_spots(stretch):
    assert all(len(spots.place) == 0 for spots in hot_spots.find(stretch.reference, 0, 5))


def test_fastq_has_names_of_one_width():
    rows, quality = encoded("ACGTTTTT").reshape(2, 4), np.array([[0, 1, 2, 40]] * 2, np.uint8)
    assert fastq(7, rows, quality, 1) == b"@r000000007/2\nACGT\n+\n!\"#I\n@r000000008/2\nTTTT\n+\n!\"#I\n"


def simulated(stretch, perfect, seed: int) -> bytes:
    """Both FASTQ files of a library with all errors."""
    rng = np.random.default_rng(seed)
    slips = np.full((7, 80), 0.02)
    profile = perfect | {"error": CLAIMED_ERROR, "deletion": slips, "insertion": slips, "indel": np.array([1e-4, 1e-4])}
    profile["clip_rate"] = np.array([0.1, 0.1])
    library = Library(duplicates=0.05, contamination=0.02, paralogs=0.1, gc_bias=0.15, roughness=0.12)
    pool, drawn = draw(sources([stretch], [stretch.reference], library, rng), profile["insert"], 200, library, rng)
    first, second = io.BytesIO(), io.BytesIO()
    errors = Errors(slippage=1, spread=0.8, chimeras=1, fold_backs=0.5, hot_spots=1, quality_shift=-1, salt=seed)
    Sequencer(pool, profile, errors, 0).write(drawn, first, second, rng)
    return first.getvalue() + second.getvalue()


def test_a_seed_gives_the_bytes_that_it_always_gave(stretch, perfect):
    text = simulated(stretch, perfect, 11)
    assert hashlib.sha256(text).hexdigest() == "2613fb0f5fd873633eeb34ec5838a6c28f9b90309a50b5004066df0c4e6511b4"
    assert text != simulated(stretch, perfect, 12)
