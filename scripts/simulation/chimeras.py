"""Foreign DNA at the first or last bases of a read, as amplification and ligation make it. An aligner soft-clips it."""

from dataclasses import dataclass

import numpy as np

from .dna import COMPLEMENT, reverse_complement
from .places import normal_quantile, place_number
from .profiles import Profile
from .slippage import SPARE

LEAST_OWN = 25  # bases of a read that stay its own
FAR = 0.3  # share of the foreign pieces that come from anywhere; the rest come from within 600 bases
MOST_RATE = 0.5
# Weight of a fold by the paired bases of its stem, against chance: as in the clipped reads of HG002's HiSeq X library.
FOLD_STEMS = np.array([0.02, 0.05, 0.1, 0.4, *[1] * 9]) * 3.4 ** np.arange(13)
FOLD_TRIES = 1500  # folds that a read chooses from
FOLD_SPREAD = 2.4  # sigma of the log of the weight between places
FOLD_SALT = 7


@dataclass
class Templates:
    """Templates of one chunk of reads of `length` bases. rows: the reads and SPARE bases after them; before: the SPARE bases
    that lead up to them; near: the pool offset of each fragment."""

    rows: np.ndarray
    before: np.ndarray
    near: np.ndarray
    length: int


def add_chimeras(
    templates: Templates, profile: Profile, level: float, folds: float, pool: np.ndarray, rng: np.random.Generator
) -> None:
    """Gives some reads a foreign end. `level`: against the profile's rate; `folds`: share of the first bases (and a quarter of
    that of the last bases) that are the read's own template folded back."""
    for side, (lengths, rate) in enumerate(zip((profile["clip5"], profile["clip3"]), profile["clip_rate"])):
        count = len(templates.rows)
        for index in rng.choice(count, rng.binomial(count, min(rate * level, MOST_RATE)), replace=False):
            size = min(int(rng.choice(lengths)) + 1, templates.length - LEAST_OWN)
            if folds and rng.random() < folds / (1 if side == 0 else 4):
                fold_end(templates, index, side, lengths, rng)
            else:
                replace_end(templates, index, side, foreign_piece(pool, templates.near[index], size, rng))


def foreign_piece(pool: np.ndarray, near: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `size` bases of the pool, of either strand, mostly from close to the offset `near`."""
    far = rng.random() < FAR
    at = int(rng.integers(0, len(pool) - 300)) if far else int(near + rng.integers(-600, 600))
    piece = pool[max(0, at) : max(0, at) + size]
    return reverse_complement(piece) if rng.random() < 0.5 else piece


def replace_end(templates: Templates, index: int, side: int, piece: np.ndarray) -> None:
    """The piece takes the place of the first (side 0) or last bases of the read."""
    start = 0 if side == 0 else templates.length - len(piece)
    templates.rows[index, start : start + len(piece)] = piece


def fold_end(templates: Templates, index: int, side: int, lengths: np.ndarray, rng: np.random.Generator) -> None:
    """Folds the first (side 0) or last bases of the read back; `lengths`: how many bases may be folded, to draw from."""
    row = templates.rows[index]
    line = np.concatenate((templates.before[index], row)) if side == 0 else row[::-1]
    sizes = np.minimum(rng.choice(lengths, FOLD_TRIES).astype(int) + 1, templates.length - LEAST_OWN)
    fold_back(line, sizes, rng)
    templates.rows[index] = line[SPARE:] if side == 0 else line[::-1]


def fold_back(line: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> None:
    """Replaces the first bases of the read, which begins at line[SPARE], by the complement of what follows a loop.

    Single strands fold where the few bases of a stem pair. The same places fold in many reads, and look like small variants.
    `sizes`: numbers of bases that may be replaced.
    """
    tries = len(sizes)
    junction = SPARE + sizes
    loop = np.where(rng.random(tries) < 0.75, rng.lognormal(3.0, 1.1, tries), -rng.lognormal(3.8, 0.9, tries)).astype(int)
    # Base junction - 1 - i becomes the complement of base back + i.
    back = junction - loop
    fits = (junction > SPARE) & (back > 0) & (back + junction - SPARE <= len(line))
    junction, back = junction[fits], back[fits]
    if len(junction) == 0:
        return
    weight = fold_weights(line, junction, back)
    chosen = rng.choice(len(weight), p=weight / weight.sum())
    end, first = int(junction[chosen]), int(back[chosen])
    line[SPARE:end] = reverse_complement(line[first : first + end - SPARE])


def fold_weights(line: np.ndarray, junction: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How likely each fold is: by the paired bases of its stem, and by the place."""
    step = np.arange(len(FOLD_STEMS) - 1)
    ahead, behind = junction[:, None] + step, back[:, None] - 1 - step
    inside = (ahead < len(line)) & (behind >= 0)
    pairs = inside & (COMPLEMENT[line[np.where(inside, behind, 0)]] == line[np.where(inside, ahead, 0)])
    stem = np.cumprod(pairs, axis=1).sum(1)
    place = normal_quantile(place_number(line, np.maximum(junction + 8, 14), FOLD_SALT))
    return FOLD_STEMS[stem] * np.exp(FOLD_SPREAD * place)
