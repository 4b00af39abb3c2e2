"""What a sequencer and its library do to the bases: slippage in repeats, hot spots, chimeras, wrong bases."""

import numpy as np

from genome import BASES
from repeats import tracts

COMPLEMENT = np.arange(256, dtype=np.uint8)
COMPLEMENT[np.frombuffer(b"ACGT", np.uint8)] = np.frombuffer(b"TGCA", np.uint8)
CODE = np.zeros(256, np.uint8)
CODE[np.frombuffer(b"ACGT", np.uint8)] = range(4)
ADAPTERS = (b"AGATCGGAAGAGCACACGTCTGAACTCCAGTCACACTTGAATCTCGTATGCCGTCTTCTGCTTG" * 4,
            b"AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGTAGATCTCGGTGGTCGCCGTATCATTAAAAAA" * 4)  # fmt: skip
SPARE = 64  # template bases beyond the read's length, for reads that lose some to a deletion
# Weight of a fold by the paired bases of its stem, against chance: what the clipped reads of HG002's HiSeq X library have.
FOLD_STEMS = np.array([0.02, 0.05, 0.1, 0.4, *[1] * 9]) * 3.4 ** np.arange(13)
FOLD_TRIES = 1500  # folds that a read chooses from
FOLD_SPREAD = 2.4  # of the log of the weight between places
HOT_SPOTS = 1.2e-3  # per base and strand; most are mild


def place_hash(pool: np.ndarray, at: np.ndarray, salt: int) -> np.ndarray:
    """A number in (0, 1) for each place, the same wherever the same 14 bases stand before it: a locus is as bad on one
    haplotype as on the other."""
    key = np.full(len(at), salt, np.uint64)
    for back in range(1, 15):
        key = key * np.uint64(6364136223846793005) + pool[np.maximum(at - back, 0)].astype(np.uint64)
        key ^= key >> np.uint64(29)
    return ((key >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Standard normal quantile, good to 1e-2 (logistic approximation), enough to spread rates."""
    return np.log(p / (1 - p)) / 1.702


def covering(count_before: np.ndarray, low: np.ndarray, high: np.ndarray, rate: np.ndarray, rng) -> tuple:
    """For each place with index range [low, high) of reads that cover it: which reads are hit, as (place, read)."""
    hits = rng.binomial(np.maximum(high - low, 0), rate)
    place = np.repeat(np.arange(len(low)), hits)
    read = low[place] + (rng.random(len(place)) * (high - low)[place]).astype(np.int64)
    return place, count_before[read]


class Slips:
    """Repeat tracts of the pool and how often a read slips there."""

    def __init__(self, pool: np.ndarray, profile: dict, level: float, spread: float, salt: int) -> None:
        self.tracts = tracts(pool)
        length = np.minimum(self.tracts[:, 1] - self.tracts[:, 0], profile["deletion"].shape[1] - 1)
        unit = self.tracts[:, 2]
        locus = np.exp(spread * normal_quantile(place_hash(pool, self.tracts[:, 0], salt)) - spread**2 / 2)
        self.rates = [np.minimum(profile[k][unit, length] * level * locus, 0.4) for k in ("deletion", "insertion")]

    def events(self, start: np.ndarray, length: int, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
        """(read, tract start, tract end, bases gained) for reads of `length` at pool places `start`."""
        order = np.argsort(start, kind="stable")
        ordered = start[order]
        left, right, unit = self.tracts.T
        low = np.searchsorted(ordered, left - length, "right")
        high = np.searchsorted(ordered, left, "left")
        found = []
        for sign, rate in zip((-1, 1), self.rates):
            place, read = covering(order, low, high, rate, rng)
            steps = np.minimum(rng.geometric(0.88, len(place)), (right - left)[place] // unit[place] - 1)
            gained = sign * unit[place] * np.minimum(np.maximum(steps, 1), 24 // unit[place])
            found += zip(read.tolist(), left[place].tolist(), right[place].tolist(), gained.tolist())
        return found


def slip(row: np.ndarray, left: int, right: int, gained: int) -> None:
    """Changes the template row in place: `gained` bases more (or fewer) at its tract [left, right), clipped to the row."""
    left, right = max(left, 0), min(right, len(row))
    if right - left <= abs(gained):
        return
    if gained < 0:
        row[left : len(row) + gained] = row[left - gained :].copy()
    else:
        row[left + gained :] = row[left : len(row) - gained].copy()


def random_indels(rows: np.ndarray, length: int, rates: np.ndarray, rng: np.random.Generator) -> None:
    """Deletions and insertions of (mostly) one base anywhere."""
    for sign, rate in zip((-1, 1), rates):
        for _ in range(rng.poisson(rate * len(rows) * length)):
            row, at = rows[rng.integers(len(rows))], int(rng.integers(5, length))
            size = min(int(rng.geometric(0.85)), 12)
            if sign < 0:
                row[at : len(row) - size] = row[at + size :].copy()
            else:
                row[at + size :] = row[at : len(row) - size].copy()
                row[at : at + size] = rng.choice(BASES, size)


def chimeras(rows: np.ndarray, before: np.ndarray, profile: dict, scale: float, folds: float, pool: np.ndarray, near: np.ndarray, rng) -> None:
    """Foreign DNA at the first or last bases of a read, mostly from close by and on the other strand, as whole-genome
    amplification and ligation make it; what an aligner soft-clips. `folds`: share of those at the first bases, and a
    quarter of that of those at the last, that are the read's own template folded back. `before`: template bases that lead
    up to the rows, as many as the SPARE ones that follow a read."""
    length = rows.shape[1] - SPARE
    for side, (lengths, rate) in enumerate(zip((profile["clip5"], profile["clip3"]), profile["clip_rate"])):
        for index in rng.choice(len(rows), rng.binomial(len(rows), min(rate * scale, 0.5)), replace=False):
            size = min(int(rng.choice(lengths)) + 1, length - 25)
            if folds and rng.random() < folds / (1 if side == 0 else 4):
                line = np.concatenate((before[index], rows[index])) if side == 0 else rows[index, ::-1]
                fold_back(line, np.minimum(rng.choice(lengths, FOLD_TRIES).astype(int) + 1, length - 25), rng)
                rows[index] = line[SPARE:] if side == 0 else line[::-1]
                continue
            far = rng.random() < 0.3
            at = int(rng.integers(0, len(pool) - 300)) if far else int(near[index] + rng.integers(-600, 600))
            piece = pool[max(0, at) : max(0, at) + size]
            if rng.random() < 0.5:
                piece = COMPLEMENT[piece[::-1]]
            if side == 0:
                rows[index, : len(piece)] = piece
            else:
                rows[index, length - len(piece) : length] = piece


def fold_back(line: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> None:
    """Replaces first bases of the read, which begins at `line[SPARE]`, by what its complement says beyond a loop; `sizes`: how
    many bases that may be. Single strands fold where a few bases of a stem pair, so the same places break in many reads,
    and what they show there looks like small variants."""
    tries = len(sizes)
    junction = SPARE + sizes
    loop = np.where(rng.random(tries) < 0.75, rng.lognormal(3.0, 1.1, tries), -rng.lognormal(3.8, 0.9, tries)).astype(int)
    # Base junction - 1 - i becomes the complement of base back + i.
    back = junction - loop
    fits = (junction > SPARE) & (back > 0) & (back + junction - SPARE <= len(line))
    junction, back = junction[fits], back[fits]
    if len(junction) == 0:
        return
    step = np.arange(len(FOLD_STEMS) - 1)
    ahead, behind = junction[:, None] + step, back[:, None] - 1 - step
    inside = (ahead < len(line)) & (behind >= 0)
    pairs = inside & (COMPLEMENT[line[np.where(inside, behind, 0)]] == line[np.where(inside, ahead, 0)])
    stem = np.cumprod(pairs, axis=1).sum(1)
    # A place that breaks easily does so in every read.
    warmth = normal_quantile(place_hash(line, np.maximum(junction + 8, 14), 7))
    weight = FOLD_STEMS[stem] * np.exp(FOLD_SPREAD * warmth)
    chosen = rng.choice(len(stem), p=weight / weight.sum())
    end, first = int(junction[chosen]), int(back[chosen])
    line[SPARE:end] = COMPLEMENT[line[first : first + end - SPARE]][::-1]


def hot_spots(pool: np.ndarray, level: float, salt: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per strand (forward, reverse): places, rate of wrong bases in reads of that strand, the wrong base as read on it.
    Likelier after GG and in or after runs of one base, where Illumina's phasing errors pile up; the wrong base is mostly
    the one before. `level`: how many there are against HOT_SPOTS."""
    spots = []
    for strand in (0, 1):
        read = pool if strand == 0 else COMPLEMENT[pool[::-1]]
        before = np.roll(read, 1)
        run = (np.roll(read, 2) == before) & (np.roll(read, 3) == before)
        motif = 1 + 6 * ((before == ord("G")) & (np.roll(read, 2) == ord("G"))) + 5 * run
        at = np.flatnonzero((before != read) & (np.roll(read, 1) != ord("N")))
        at = at[(at > 20) & (at < len(read) - 20)]
        chance = place_hash(read, at, salt + strand)
        hot = chance < level * HOT_SPOTS * motif[at] / 2.2
        at, heat = at[hot], (chance[hot] * 1e7) % 1
        # Most spots are mild, a few go wrong in half of the reads of that strand.
        rate = 0.03 + 0.5 * heat**5
        wrong = np.where((chance[hot] * 1e5) % 1 < 0.75, before[at], BASES[((chance[hot] * 1e6) % 4).astype(int)])
        spots.append((at if strand == 0 else len(pool) - 1 - at, rate, wrong))
    return spots


def wrong_bases(rows: np.ndarray, quality: np.ndarray, profile: dict, rng: np.random.Generator) -> None:
    """Sequencing errors by the quality that each base will report."""
    where = np.flatnonzero(rng.random(rows.size, np.float32).reshape(rows.shape) < profile["error"].astype(np.float32)[quality])
    read = rows.reshape(-1)
    # Half measured, half even: the measured matrix also holds a few variants that nobody knows of.
    matrix = (profile["substitution"] + (1 - np.eye(4)) / 3) / 2
    steps = np.cumsum(matrix, axis=1)
    drawn = (rng.random(len(where))[:, None] > steps[CODE[read[where]]]).sum(1)
    read[where] = BASES[np.minimum(drawn, 3)]
