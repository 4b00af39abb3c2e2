"""Errors of two call sets of each folder (old.scores.vcf.gz and new.scores.vcf.gz, by dvcall evaluate), and an exact paired test."""

import subprocess
import sys
from collections import Counter
from math import comb
from pathlib import Path

TYPES = {"SNP": "SNP", "INDEL": "indel"}
Errors = set[tuple[str, ...]]


def errors_of(vcf: Path) -> dict[str, Errors]:
    """Missed and false variants among the calls that pass, by type."""
    query = "%CHROM\t%POS\t%REF\t%ALT\t%FILTER[\t%BD\t%BVT]\n"
    table = subprocess.run(["bcftools", "query", "-f", query, str(vcf)], check=True, capture_output=True, text=True).stdout
    errors: dict[str, Errors] = {name: set() for name in TYPES}
    for line in table.splitlines():
        *where, filters, truth, truth_type, decision, query_type = line.split("\t")
        passes = filters in ("PASS", ".")
        # Truth that only a filtered call shows is missed, too.
        if (truth == "FN" or (truth == "TP" and not passes)) and truth_type in errors:
            errors[truth_type].add(("missed", *where))
        if decision == "FP" and query_type in errors and passes:
            errors[query_type].add(("false", *where))
    return errors


def p_value(one: int, other: int) -> float:
    """Exact two-sided test of whether errors that one call set alone makes are as frequent as those of the other."""
    count, least = one + other, min(one, other)
    return min(1.0, 2 * sum(comb(count, k) for k in range(least + 1)) / 2**count)


def main(folders: list[str]) -> None:
    print("| set | type | old FN + FP | new FN + FP | only old | only new | p |\n|---|---|---|---|---|---|---|")
    pooled = {name: Counter() for name in TYPES}
    for folder in map(Path, folders):
        old, new = (errors_of(folder / f"{which}.scores.vcf.gz") for which in ("old", "new"))
        for name in TYPES:
            counts = Counter(only_old=len(old[name] - new[name]), only_new=len(new[name] - old[name]))
            for which, errors in (("old", old[name]), ("new", new[name])):
                counts.update(f"{which} {error[0]}" for error in errors)
            pooled[name].update(counts)
            print_row(folder.name, name, counts)
    for name in TYPES:
        print_row("all", name, pooled[name])


def print_row(where: str, name: str, counts: Counter) -> None:
    old, new = (f"{counts[f'{which} missed']} + {counts[f'{which} false']}" for which in ("old", "new"))
    p = p_value(counts["only_old"], counts["only_new"])
    print(f"| {where} | {TYPES[name]} | {old} | {new} | {counts['only_old']} | {counts['only_new']} | {p:.2g} |")


if __name__ == "__main__":
    main(sys.argv[1:])
