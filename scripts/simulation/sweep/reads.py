"""Read pairs of the sweep, aligned as a perfect aligner would."""

import random
from typing import TextIO

from .places import other_base

CONTIG = "sweep"
SHORTEST_END = 10  # aligned bases beyond an indel; a shorter end is soft-clipped
QUALITIES, SHARES = (37, 25, 11), (0.88, 0.09, 0.03)
FLAGS = (0x63, 0x93), (0xA3, 0x53)  # of the left and the right read: the first read is forward, or reverse


def cigar(positions: list[int]) -> tuple[int, str] | None:
    """Where a read with bases of these positions starts, and its CIGAR; None if nothing of it aligns."""
    first, last = positions[0], positions[-1]
    if first >= 0 and last - first == len(positions) - 1:
        return first, f"{len(positions)}M"
    operations = operations_of(positions)
    clips = [0, 0]
    for side in (0, -1):
        while operations and (operations[side][0] != "M" or operations[side][1] < SHORTEST_END):
            letter, length, _ = operations.pop(side)
            clips[side] += length if letter != "D" else 0
    if not operations:
        return None
    text = "".join(f"{length}{letter}" for letter, length, _ in operations)
    front, back = (f"{n}S" if n else "" for n in clips)
    return operations[0][2], front + text + back


def operations_of(positions: list[int]) -> list[list]:
    """[letter, length, start] of each CIGAR operation."""
    operations, before = [], None
    for position in positions:
        letter = "I" if position < 0 else "M"
        if letter == "M" and before is not None and position > before + 1:
            operations.append(["D", position - before - 1, before + 1])
        if operations and operations[-1][0] == letter:
            operations[-1][1] += 1
        else:
            operations.append([letter, 1, position])
        before = position if position >= 0 else before
    return operations


def sequenced(rng: random.Random, bases: str) -> tuple[str, str]:
    """The bases with errors, and qualities that tell how frequent the errors are."""
    quality = rng.choices(QUALITIES, SHARES, k=len(bases))
    read = list(bases)
    for index, q in enumerate(quality):
        if rng.random() < 10 ** (-q / 10):
            read[index] = other_base(rng, read[index])
    return "".join(read), "".join(chr(q + 33) for q in quality)


def write_sam(out: TextIO, rng: random.Random, span: int, haplotypes: list, length: int, depth: float) -> None:
    """Reads of `length` bases of both haplotypes, to `depth` in all. `span`: bases of the reference."""
    out.write(f"@HD\tVN:1.6\tSO:unsorted\n@SQ\tSN:{CONTIG}\tLN:{span}\n@RG\tID:{CONTIG}\tSM:{CONTIG}\tPL:ILLUMINA\n")
    mean = max(2.2 * length, length + 120)
    for bases, positions in haplotypes:
        for _ in range(round(depth / 2 * len(bases) / (2 * length))):
            size = max(length + 20, round(rng.gauss(mean, mean / 8)))
            start = rng.randrange(0, len(bases) - size)
            flags = FLAGS[1 if rng.random() < 0.5 else 0]
            ends = (start, start + size - length)
            aligned = [cigar(positions[at : at + length]) for at in ends]
            if None not in aligned:
                write_pair(out, rng, [bases[at : at + length] for at in ends], flags, aligned)


def write_pair(out: TextIO, rng: random.Random, templates: list[str], flags: tuple[int, int], aligned: list[tuple[int, str]]) -> None:
    """Two SAM records; `templates`: the left and the right read without errors."""
    name = f"r{rng.getrandbits(48):x}"
    size = aligned[1][0] + len(templates[0]) - aligned[0][0]
    for which, (template, flag, (position, text)) in enumerate(zip(templates, flags, aligned)):
        read, quality = sequenced(rng, template)
        mate = aligned[1 - which][0] + 1
        fields = (name, flag, CONTIG, position + 1, 60, text, "=", mate, (size, -size)[which], read, quality)
        out.write("\t".join(map(str, fields)) + f"\tRG:Z:{CONTIG}\n")
