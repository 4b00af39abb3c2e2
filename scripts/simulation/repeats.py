"""Tandem repeats of a sequence: the tracts where polymerases slip."""

import numpy as np

MAX_UNIT = 6
# Least length in bases of a tract, by the length of its unit. Shorter tracts slip hardly more than any other sequence.
MIN_BASES = {1: 4, 2: 6, 3: 9, 4: 12, 5: 15, 6: 18}


def tracts(sequence: np.ndarray) -> np.ndarray:
    """Rows (start, end, unit length), 0-based half-open, sorted by start.

    A tract is reported under its shortest unit only: AAAA is no repeat of AA.
    """
    rows = []
    covered = np.zeros(len(sequence), bool)
    for unit in range(1, MAX_UNIT + 1):
        starts, ends = runs_of_period(sequence, unit)
        if unit > 1 and len(starts):
            before = np.concatenate([[0], np.cumsum(covered)])
            fresh = (before[ends] - before[starts]) < (ends - starts) // 2
            starts, ends = starts[fresh], ends[fresh]
        for start, end in zip(starts, ends):
            covered[start:end] = True
        rows.append(np.column_stack([starts, ends, np.full(len(starts), unit)]))
    found = np.concatenate(rows)
    return found[np.argsort(found[:, 0], kind="stable")].astype(np.int64)


def runs_of_period(sequence: np.ndarray, unit: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of the runs in which each base equals the base `unit` places before it."""
    same = np.zeros(len(sequence) + 1, np.int8)
    same[1 : len(sequence) - unit + 1] = (sequence[:-unit] == sequence[unit:]) & (sequence[unit:] != ord("N"))
    edge = np.diff(same)
    starts, ends = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1) + unit
    long_enough = ends - starts >= MIN_BASES[unit]
    return starts[long_enough], ends[long_enough]
