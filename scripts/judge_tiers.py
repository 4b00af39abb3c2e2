"""Counts true and false calls by type, depth and tier, pooled over pairs of calls and evaluations, as a Markdown table.

    python3 scripts/judge_tiers.py CALLS.vcf.gz SCORES.vcf.gz [CALLS.vcf.gz SCORES.vcf.gz]...

SCORES.vcf.gz is the annotated VCF of `dvcall evaluate`. Only calls that pass count; the depth is DP.
"""

import gzip
import sys
from collections import Counter

BANDS = ((0, 15, "below 15"), (15, 25, "15 to 24"), (25, 40, "25 to 39"), (40, 1 << 30, "40 and more"), (25, 1 << 30, "**25 and more**"))


def lines_of(path):
    with gzip.open(path, "rt") as file:
        for line in file:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def sample_values(fields, column):
    return dict(zip(fields[8].split(":"), fields[column].split(":")))


def calls_of(path):
    """DP and TIER of the calls that pass, by place."""
    calls = {}
    for fields in lines_of(path):
        if fields[6] == "PASS":
            values = sample_values(fields, 9)
            calls[fields[0], fields[1]] = int(values["DP"]), values.get("TIER", ".")
    return calls


def judged(pairs):
    """Counts by type, depth, tier, and whether the call is right."""
    counts, lost = Counter(), 0
    for calls_path, scores_path in pairs:
        calls = calls_of(calls_path)
        for fields in lines_of(scores_path):
            values = sample_values(fields, 10)
            if values.get("BD") not in ("TP", "FP") or fields[6] not in ("PASS", ".") or values.get("BVT") not in ("SNP", "INDEL"):
                continue
            # The comparison splits some calls, so that a part may begin at another place.
            call = calls.get((fields[0], fields[1]))
            if call is None:
                lost += 1
                continue
            counts[(values["BVT"], *call, values["BD"] == "TP")] += 1
    return counts, lost


def main(arguments):
    if not arguments or len(arguments) % 2:
        sys.exit(__doc__.strip())
    counts, lost = judged(zip(arguments[::2], arguments[1::2]))
    print("| type | depth | true calls | of them in tier 1 | false calls | of them in tier 1 | in tier 3 |\n|---|---|---|---|---|---|---|")
    for variant_type in ("SNP", "INDEL"):
        for least, end, name in BANDS:
            inside = {key: n for key, n in counts.items() if key[0] == variant_type and least <= key[1] < end}
            number = lambda right, tiers: sum(n for (_, _, tier, is_right), n in inside.items() if is_right == right and tier in tiers)
            true, false = number(True, "123."), number(False, "123.")
            share = lambda part, whole: f"{100 * part / whole:.1f} %" if whole else "–"
            cells = [variant_type, name, true, share(number(True, "1"), true), false, f"{number(False, '1')} ({share(number(False, '1'), false)})"]
            print("|", " | ".join(map(str, cells + [share(number(False, "3"), false)])), "|")
    if lost:
        print(f"\n{lost} parts of calls that begin at another place than their call are left out.")


if __name__ == "__main__":
    main(sys.argv[1:])
