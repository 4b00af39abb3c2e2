"""Tests of the workflow's own steps."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import add_summaries
import cut_regions
import multiqc_content


def bases(spans: list[cut_regions.Span]) -> int:
    return sum(end - start for _, start, end in spans)


def test_parts_are_equal_and_together_all() -> None:
    spans = [("b", 0, 7), ("b", 9, 60), ("a", 0, 45)]
    parts = cut_regions.cut(spans, 7)
    sizes = [bases(part) for part in parts]
    assert sum(sizes) == 103 and max(sizes) - min(sizes) <= 1
    pieces = [(name, base) for part in parts for name, start, end in part for base in range(start, end)]
    assert pieces == [(name, base) for name, start, end in spans for base in range(start, end)]


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(SystemExit, match="3 bases cannot be cut into 4 parts"):
        cut_regions.cut([("a", 0, 3)], 4)


def test_only_known_bases_of_the_regions_count(tmp_path: pathlib.Path) -> None:
    (tmp_path / "r.fa").write_text(">b\nNNACGTNN\nACGT\n>a text\nACGTACGT\n")
    (tmp_path / "r.fa.fai").write_text("b\t12\t3\t8\t9\na\t8\t20\t8\t9\n")
    (tmp_path / "r.bed").write_text("a\t2\t4\na\t3\t6\nb\t0\t10\n")
    outputs = [str(tmp_path / name) for name in ("1.bed", "2.bed")]
    cut_regions.main(str(tmp_path / "r.fa"), str(tmp_path / "r.fa.fai"), str(tmp_path / "r.bed"), outputs)
    written = [pathlib.Path(path).read_text() for path in outputs]
    assert written == ["b\t2\t6\nb\t8\t9\n", "b\t9\t10\na\t2\t6\n"]


def test_regions_of_an_unknown_contig_are_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "r.fai").write_text("b\t12\t3\t8\t9\n")
    with pytest.raises(SystemExit, match="no contig 'a'"):
        cut_regions.in_order([("a", 0, 3)], str(tmp_path / "r.fai"))


def test_summaries_add_up() -> None:
    first = {"bases": 100, "depth": 10, "sex": {"sex": "male"}, "records": {"pass": 3, "kinds": {"x": 1}}}
    second = {"bases": 300, "depth": 30, "sex": {"sex": "male"}, "records": {"pass": 4, "kinds": {"y": 2}}}
    whole = add_summaries.whole([first, second])
    assert whole == {"bases": 400, "depth": 25, "sex": {"sex": "male"}, "records": {"pass": 7, "kinds": {"x": 1, "y": 2}}}


def test_kinship_tells_a_swap(tmp_path: pathlib.Path) -> None:
    people = [{"sample": name, "family": "f", "father": "", "mother": ""} for name in ("father", "child", "other")]
    people[1]["father"], people[2]["family"] = "father", ""
    table = tmp_path / "pairs.kin0"
    table.write_text("#IID1\tIID2\tNSNP\tHETHET\tIBS0\tKINSHIP\nchild\tfather\t9\t0\t0\t0.01\nother\tchild\t9\t0\t0\t0.25\n")
    rows = multiqc_content.kinship_rows(str(table), people)
    assert [(row["relation"], row["by_table"], row["agreement"]) for row in rows.values()] == [
        ("unrelated", "first degree", "NO"),
        ("first degree", "unrelated", "NO"),
    ]
