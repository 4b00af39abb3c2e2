"""Cuts what is to be called into parts of equal work. Work is measured in bases that the reference knows: stretches of N cost
nothing, and a BED file of the settings counts with its own bases only."""

import gzip
import re
from collections.abc import Iterator

Span = tuple[str, int, int]


def known_spans(fasta: str) -> Iterator[Span]:
    """The spans of each contig between its stretches of N. `fasta` may be bgzipped."""
    name, pieces = "", []
    with (gzip.open if fasta.endswith(".gz") else open)(fasta, "rb") as lines:
        for line in lines:
            if line.startswith(b">"):
                yield from spans_of(name, b"".join(pieces))
                name, pieces = line[1:].split()[0].decode(), []
            else:
                pieces.append(line.strip())
    yield from spans_of(name, b"".join(pieces))


def spans_of(name: str, sequence: bytes) -> Iterator[Span]:
    for found in re.finditer(rb"[^Nn]+", sequence):
        yield name, found.start(), found.end()


def bed_spans(path: str) -> list[Span]:
    """The intervals of a BED file."""
    with open(path) as lines:
        fields = [line.split("\t") for line in lines if line.strip() and not line.startswith(("#", "track", "browser"))]
    return [(name, int(start), int(end)) for name, start, end, *_ in fields]


def joined(spans: list[Span]) -> list[Span]:
    """The spans sorted, and those that overlap or touch as one, so that no base counts twice."""
    out: list[Span] = []
    for name, start, end in sorted(spans):
        if out and out[-1][0] == name and start <= out[-1][2]:
            out[-1] = (name, out[-1][1], max(end, out[-1][2]))
        else:
            out.append((name, start, end))
    return out


def shared(first: list[Span], second: list[Span]) -> list[Span]:
    """The bases that lie in both lists of spans, which are sorted and apart."""
    out, at = [], 0
    for name, start, end in first:
        while at < len(second) and (second[at][0], second[at][2]) <= (name, start):
            at += 1
        for other, other_start, other_end in second[at:]:
            if (other, other_start) >= (name, end):
                break
            out.append((name, max(start, other_start), min(end, other_end)))
    return out


def in_order(spans: list[Span], fai: str) -> list[Span]:
    """The spans in the order of the reference's contigs."""
    with open(fai) as lines:
        rank = {line.split("\t")[0]: number for number, line in enumerate(lines)}
    unknown = [name for name, _, _ in spans if name not in rank]
    if unknown:
        raise SystemExit(f"cut_regions: {fai} has no contig '{unknown[0]}', which the regions name")
    return sorted(spans, key=lambda span: (rank[span[0]], span[1]))


def cut(spans: list[Span], parts: int) -> list[list[Span]]:
    """`parts` lists of spans, which differ by one base at most."""
    total = sum(end - start for _, start, end in spans)
    if total < parts:
        raise SystemExit(f"cut_regions: {total} bases cannot be cut into {parts} parts; lower 'parts' in config.yaml")
    out: list[list[Span]] = [[] for _ in range(parts)]
    part, done = 0, 0
    for name, start, end in spans:
        while start < end:
            limit = total * (part + 1) // parts
            step = min(end - start, limit - done)
            out[part].append((name, start, start + step))
            start, done = start + step, done + step
            part += done == limit
    return out


def main(fasta: str, fai: str, regions: str, outputs: list[str]) -> None:
    spans = joined(list(known_spans(fasta)))
    if regions:
        spans = shared(joined(bed_spans(regions)), spans)
    for path, part in zip(outputs, cut(in_order(spans, fai), len(outputs))):
        with open(path, "w") as bed:
            bed.writelines(f"{name}\t{start}\t{end}\n" for name, start, end in part)


if "snakemake" in globals():
    snakemake = globals()["snakemake"]
    main(snakemake.input.ref, snakemake.input.fai, str(snakemake.input.regions), list(snakemake.output.beds))
