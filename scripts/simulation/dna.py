"""Bases, their complements, and sequences of a FASTA file."""

import numpy as np

from .tools import output_of

BASES = np.frombuffer(b"ACGT", np.uint8)
COMPLEMENT = np.arange(256, dtype=np.uint8)
COMPLEMENT[BASES] = np.frombuffer(b"TGCA", np.uint8)
TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
UNKNOWN = 4  # code of everything that is not A, C, G or T
CODE = np.full(256, UNKNOWN, np.uint8)
CODE[BASES] = range(4)


def encoded(text: str) -> np.ndarray:
    """The text as an array of ASCII."""
    return np.frombuffer(text.encode(), np.uint8)


def decoded(sequence: np.ndarray) -> str:
    """The array of ASCII as text."""
    return bytes(sequence).decode()


def reverse_complement(sequence: np.ndarray) -> np.ndarray:
    """The other strand, in its own direction."""
    return COMPLEMENT[sequence[::-1]]


def fetch(fasta: str, contig: str, start: int, end: int) -> np.ndarray:
    """Upper-case ASCII of contig:[start, end) of an indexed FASTA file."""
    text = output_of("samtools", "faidx", fasta, f"{contig}:{start + 1}-{end}").split("\n", 1)[1]
    return encoded(text.replace("\n", "").upper())


def write_fasta(path: str, contigs: dict[str, np.ndarray], width: int) -> None:
    """FASTA with `width` bases a line; 0: each contig on one line."""
    with open(path, "wb") as out:
        for name, sequence in contigs.items():
            bases = bytes(sequence)
            step = width or max(len(bases), 1)
            lines = b"\n".join(bases[at : at + step] for at in range(0, len(bases), step))
            out.write(b">" + name.encode() + b"\n" + lines + b"\n")
