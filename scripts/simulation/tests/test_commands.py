"""The commands, from files to files, on the bundled sample."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulation.__main__ import COMMANDS, main
from simulation.commands import pieces
from simulation.dna import write_fasta

BUNDLED = Path(__file__).resolve().parents[3] / "tests/sample"
MISSING = [tool for tool in ("samtools", "bcftools") if not shutil.which(tool)]
needs_tools = pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}, from Debian's packages of these names")


def simulation(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["simulation", *map(str, arguments)])
    main()


def test_every_command_has_help(monkeypatch, capsys):
    with pytest.raises(SystemExit, match="0"):
        simulation(monkeypatch, "--help")
    shown = capsys.readouterr().out
    for command in COMMANDS:
        name = command.__name__.rsplit(".", 1)[1].replace("_", "-")
        assert f"    {name}" in shown
        with pytest.raises(SystemExit, match="0"):
            simulation(monkeypatch, name, "--help")
        assert command.__doc__.strip().split("\n")[0][:50] in capsys.readouterr().out


def test_reads_need_a_profile(monkeypatch):
    with pytest.raises(SystemExit, match="need --profile"):
        simulation(monkeypatch, "reads", "--ref", "x", "--truth", "x", "--seed", 1, "--output", "x")


@pytest.fixture
def read_set(tmp_path) -> Path:
    """The bundled sample's chrA as a read set."""
    for name, source in (("reads.bam", "sample.bam"), ("reads.bam.bai", "sample.bam.bai")):
        (tmp_path / name).symlink_to(BUNDLED / source)
    for name in ("truth.vcf.gz", "truth.vcf.gz.tbi", "confident.bed"):
        (tmp_path / name).symlink_to(BUNDLED / name)
    (tmp_path / "region.bed").write_text("chrA\t0\t60000\n")
    return tmp_path


def fastq(folder: Path) -> tuple[list[bytes], list[bytes]]:
    lines = [line for which in (1, 2) for line in (folder / f"{which}.fq").read_bytes().splitlines()]
    return lines[1::4], lines[3::4]


def truth_lines(path: Path) -> list[str]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return [line for line in text.splitlines() if not line.startswith("#")]


@needs_tools
def test_a_learned_profile_simulates_reads_like_those_that_it_was_learned_from(monkeypatch, tmp_path, read_set):
    profile = tmp_path / "learned.npz"
    simulation(monkeypatch, "learn-profile", "--ref", BUNDLED / "reference.fa", "--output", profile, read_set)
    learned = np.load(profile)
    assert learned["quality1"].shape[1] == 150
    assert abs(int(np.median(learned["insert"])) - 380) < 10, "ART was told 380"
    given = ["reads", "--ref", BUNDLED / "reference.fa", "--truth", BUNDLED / "truth.vcf.gz", "--profile", profile]
    given += ["--contig", "chrA", "--within", "0-0.06", "--exclude", "", "--stretches", 2, "--length", 12000, "--depth", "30-30.1"]
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        simulation(monkeypatch, *given, "--seed", seed, "--output", tmp_path / name)
    bases, qualities = fastq(tmp_path / "one")
    assert sum(map(len, bases)) == pytest.approx(30 * 24000, rel=0.06)
    measured = np.mean(learned["quality1"]) / 2 + np.mean(learned["quality2"]) / 2
    assert np.mean([np.frombuffer(q, np.uint8) - 33 for q in qualities]) == pytest.approx(measured, abs=0.2)
    assert len(truth_lines(tmp_path / "one/truth.vcf")) > 20
    for name in ("1.fq", "2.fq", "truth.vcf", "confident.bed", "region.bed"):
        text = (tmp_path / "one" / name).read_bytes()
        assert text == (tmp_path / "again" / name).read_bytes()
        assert text != (tmp_path / "two" / name).read_bytes()


@needs_tools
def test_spiked_reads_show_the_planted_variants(monkeypatch, tmp_path, read_set):
    output = tmp_path / "spiked"
    given = ["spike", "--ref", BUNDLED / "reference.fa", "--reads", read_set]
    simulation(monkeypatch, *given, "--seed", 3, "--plant", "0,0,2", "--output", output)
    known = {line.split("\t")[1] for line in truth_lines(read_set / "truth.vcf.gz") if line.startswith("chrA\t")}
    planted = [line.split("\t") for line in truth_lines(output / "truth.vcf") if line.split("\t")[1] not in known]
    assert len(planted) > 80
    reference = (BUNDLED / "reference.fa").read_text().split(">")[1].split("\n", 1)[1].replace("\n", "")
    forward = b"\n".join(fastq(output)[0])
    shown = 0
    for fields in planted:
        at = int(fields[1]) - 1
        allele = reference[at - 12 : at] + fields[4] + reference[at + 1 : at + 13]
        shown += allele.encode() in forward
    assert shown > 0.8 * len(planted)


@needs_tools
def test_strata_are_listed_for_evaluate(monkeypatch, tmp_path, read_set):
    regions, output = read_set / "region.bed", tmp_path / "strata"
    given = ["strata", "--ref", BUNDLED / "reference.fa", "--reads", read_set / "reads.bam"]
    simulation(monkeypatch, *given, "--regions", regions, "--output", output)
    listed = [line.split("\t") for line in (output / "strata.tsv").read_text().splitlines()]
    assert {"homopolymers", "repeats", "elsewhere"} <= {name for name, _ in listed}
    spans = [line.split("\t") for line in (output / "elsewhere.bed").read_text().splitlines()]
    assert sum(int(end) - int(start) for _, start, end in spans) > 30000


@needs_tools
def test_a_sweep_is_found_by_a_caller_that_knows_the_truth(monkeypatch, tmp_path, capsys):
    given = ["sweep-make", BUNDLED / "reference.fa", tmp_path, "--at", "chrA:1001", "--every", 40, "--read-length", 100, "--depth", 2]
    simulation(monkeypatch, *given)
    ref = (tmp_path / "ref.fa").read_text().split("\n", 1)[1].replace("\n", "")
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID=sweep,length={len(ref)}>", '##FILTER=<ID=PASS,Description="">']
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="">', "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tx"]
    for row in (tmp_path / "truth.tsv").read_text().splitlines():
        before, deleted, inserted, copies = row.split("\t")[:4]
        bases = ref[int(before) : int(before) + 1 + int(deleted)]
        genotype = "1/1" if copies == "2" else "0/1"
        lines.append(f"sweep\t{int(before) + 1}\t.\t{bases}\t{bases[0] + inserted.replace('-', '')}\t9\tPASS\t.\tGT\t{genotype}")
    (tmp_path / "calls.vcf").write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    simulation(monkeypatch, "sweep-score", tmp_path, f"dvcall={tmp_path / 'calls.vcf'}", "--setting", "150/30/1")
    scores = capsys.readouterr().out
    assert len(scores.splitlines()) == len(lines) - 5 > 10
    assert all(line.endswith("\t1\t1") for line in scores.splitlines())
    (tmp_path / "scores.tsv").write_text(scores)
    simulation(monkeypatch, "sweep-table", tmp_path / "scores.tsv")
    assert "| dvcall |" in capsys.readouterr().out


@needs_tools
def test_pieces_of_two_haplotypes_have_the_same_places_and_copies_are_dense(tmp_path, stretch, monkeypatch):
    changed = stretch.reference.copy()
    changed[[5000, 9000]] = ord("A")
    for which, bases in enumerate((stretch.reference, changed)):
        write_fasta(f"{tmp_path}/hap{which}.fa", {"s0": bases}, 0)
    simulation(monkeypatch, "pieces", "--kind", "amplicons", "--haplotypes", tmp_path, "--seed", 3, "--output", tmp_path / "a")
    names = [{name for name, _ in pieces.read_fasta(f"{tmp_path}/a{which}.fa")} for which in (0, 1)]
    assert len(names[0]) > 15 and len(names[0] & names[1]) >= len(names[0]) - 3
    assert all(150 <= len(bases) <= 300 for _, bases in pieces.read_fasta(f"{tmp_path}/a0.fa"))

    write_fasta(f"{tmp_path}/ref.fa", {"20": stretch.reference}, 60)
    subprocess.run(["samtools", "faidx", f"{tmp_path}/ref.fa"], check=True)
    (tmp_path / "regions.bed").write_text("20\t0\t20000\n")
    given = ["--kind", "copies", "--ref", tmp_path / "ref.fa", "--regions", tmp_path / "regions.bed", "--count", 9, "--seed", 4]
    simulation(monkeypatch, "pieces", *given, "--output", tmp_path / "c")
    places = [int(line.split()[1]) for line in (tmp_path / "c.bed").read_text().splitlines()]
    for start, (_, copy) in zip(places, pieces.read_fasta(f"{tmp_path}/c.fa"), strict=True):
        different = copy[500:1700] != stretch.reference[start - 500 : start + 700]
        assert 10 <= different.sum() <= 25 and different[500:700].sum() == different.sum()
