"""The sweep of indels: variants, alignments, scores."""

import io
import random

import pytest

from simulation.sweep import scores
from simulation.sweep.places import INSERTED, Change, carried, haplotype, places, plant, span_of
from simulation.sweep.reads import cigar, write_sam
from simulation.sweep.scores import Record, recall_of, score, table


@pytest.fixture
def ref() -> str:
    return "".join(random.Random(1).choices("ACGT", k=4000))


def test_every_length_is_there_as_deletion_and_insertion_het_and_hom():
    every = {(p.kind, p.length, p.copies) for p in places(False, 1)}
    assert len(every) == len(places(False, 1))
    assert {("deletion", 1, 1), ("insertion", 130, 2), ("deletion", 1500, 2)} <= every
    assert {p.kind for p in places(True, 1)} == {"snp"}
    assert len(places(False, 8)) < len(every) / 7


def test_a_haplotype_knows_where_its_bases_come_from():
    changes = [Change(2, 2, "", 2, ""), Change(6, 0, "TTT", 2, ""), Change(8, 1, "A", 2, "")]
    bases, positions = haplotype("ACGTACGTACG", changes)
    assert bases == "ACG" + "CG" + "TTT" + "TA" + "A" + "G"
    assert positions == [0, 1, 2, 5, 6, INSERTED, INSERTED, INSERTED, 7, 8, 9, 10]


def test_planted_changes_lie_apart_and_snps_beside_their_deletion(ref):
    rng = random.Random(2)
    wanted = places(True, 1)[:4]
    changes = plant(rng, "".join(rng.choices("ACGT", k=span_of(wanted))), wanted)
    assert len(changes) == 8 and [c.before for c in changes] == sorted(c.before for c in changes)
    for snp, deletion in zip(changes[::2], changes[1::2]):
        assert (snp.inserted and snp.name) and not (deletion.inserted or deletion.name)
        assert deletion.before - snp.before in (110, 95)
    for which in carried(rng, changes, True):
        assert len(which) % 2 == 0, "a deletion and its SNP are on the same haplotype"


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([*range(5, 45)], (5, "40M")),
        ([*range(5, 25), *range(30, 50)], (5, "20M5D20M")),
        ([*range(5, 25), -1, -1, *range(25, 45)], (5, "20M2I20M")),
        ([*range(5, 25), *range(30, 39)], (5, "20M9S")),
        ([*range(5, 14), *range(30, 50)], (30, "9S20M")),
        ([-1] * 8 + [*range(30, 50)], (30, "8S20M")),
        ([-1] * 40, None),
    ],
)
def test_short_ends_are_clipped(positions, expected):
    assert cigar(positions) == expected


def test_reads_match_their_cigar(ref):
    out = io.StringIO()
    write_sam(out, random.Random(3), len(ref), [haplotype(ref, [Change(2000, 30, "", 2, "")])] * 2, 100, 40)
    header, records = out.getvalue().split("PL:ILLUMINA\n")
    assert f"LN:{len(ref)}" in header
    rows = [line.split("\t") for line in records.splitlines()]
    assert len(rows) * 100 / len(ref) == pytest.approx(40, rel=0.05)
    assert any("30D" in row[5] for row in rows)
    whole = [row for row in rows if row[5] == "100M"]
    wrong = [sum(a != b for a, b in zip(row[9], ref[int(row[3]) - 1 :])) for row in whole]
    assert 0 < sum(wrong) < 0.02 * 100 * len(whole)
    assert sorted(set(row[1] for row in rows)) == sorted(map(str, (0x63, 0x93, 0xA3, 0x53)))


@pytest.fixture
def truth(tmp_path, ref):
    """A heterozygous deletion of 3 and a homozygous insertion of 4."""
    (tmp_path / "ref.fa").write_text(">sweep\n" + ref + "\n")
    (tmp_path / "truth.tsv").write_text("1000\t3\t-\t1\tdeletion\t3\t0\n2000\t0\tACGT\t2\tinsertion\t4\t0\n")
    return str(tmp_path)


def results(truth: str, monkeypatch, found: list[Record]) -> list[tuple]:
    monkeypatch.setattr(scores, "records", lambda vcf: found)
    return [row[-2:] for row in score(truth, "dvcall", "x.vcf", "150/30/1")]


def test_a_call_counts_however_it_is_spelled(truth, ref, monkeypatch):
    plain = Record(1000, ref[1000:1004], [(ref[1000], 1)])
    padded = Record(1998, ref[1998:2006], [(ref[1998:2001] + "ACGT" + ref[2001:2006], 2)])
    assert results(truth, monkeypatch, [plain, padded]) == [(1, 1), (1, 1)]


def test_wrong_genotypes_and_wrong_alleles_are_told_apart(truth, ref, monkeypatch):
    hom = Record(1000, ref[1000:1004], [(ref[1000], 2)])
    wrong = Record(2000, ref[2000], [(ref[2000] + "ACGA", 2)])
    assert results(truth, monkeypatch, [hom, wrong]) == [(1, 0), (0, 0)]
    assert results(truth, monkeypatch, []) == [(0, 0), (0, 0)]


def test_records_that_pass_are_read(monkeypatch):
    lines = ["10\tA\tC,G\tPASS\t5\t1/2", "11\tA\tC\tLowQual\t50\t1/1", "12\tA\tC\t.\t19.9\t0/1"]
    lines += ["13\tA\tC\t.\t20\t1/1", "14\tA\tC\tPASS\t9\t0/0"]
    monkeypatch.setattr(scores, "output_of", lambda *command: "\n".join(lines) + "\n")
    found = scores.records("x.vcf")
    assert found == [Record(9, "A", [("C", 1), ("G", 1)]), Record(12, "A", [("C", 2)])]


def test_recall_counts_right_genotypes_by_group(tmp_path):
    rows = [["150/30/1", c, "deletion", "5", "0", "het", "1", right] for c, right in (("dvcall", "0"), ("other", "1"))]
    recall = recall_of(rows, ["dvcall", "other"])
    groups = {("deletions", "1–10 bases", "het"), ("deletions", "30×", "het"), ("deletions", "reads of 150 bases", "het")}
    assert set(recall) == groups | {("length", "deletion", 5, "het")}
    assert all(counts == {"dvcall": [0, 1], "other": [1, 1]} for counts in recall.values())
    path = tmp_path / "scores.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    lines = list(table(str(path)))
    assert lines[0] == "| variants | of | genotype | places | dvcall | other |"
    assert "| deletions | 30× | het | 1 | 0.000 | 1.000 |" in lines
    assert lines[-1] == "deletion\t5\thet\tdvcall 0 of 1\tother 1 of 1"
