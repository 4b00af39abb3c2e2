"""Sums the decisions of `dvcall evaluate` over a cohort; compare-cohort.sh runs it."""

import collections
import glob
import gzip
import sys


def records(path):
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def main(cohort, out, *people):
    carriers = collections.Counter()
    for person in people:
        carriers.update({(r[1], r[3], r[4]) for r in records(f"{cohort}/{person}/truth.vcf.gz")})
    counts = collections.defaultdict(collections.Counter)
    for person in people:
        depth = "8x" if person.startswith("person") else "30x"
        for path in glob.glob(f"{out}/{person}.*.metrics.json"):
            method = path.split(".")[-3]
            for record in records(f"{out}/{person}.{method}.vcf.gz"):
                keys = record[8].split(":")
                truth, query = (dict(zip(keys, sample.split(":"))) for sample in record[9:11])
                is_private = carriers[record[1], record[3], record[4]] == 1
                if truth.get("BD") in ("TP", "FN"):
                    count = counts[depth, truth["BVT"], method]
                    count["truth"] += 1
                    count["missed"] += truth["BD"] == "FN"
                    count["private"] += is_private
                    count["private missed"] += is_private and truth["BD"] == "FN"
                if query.get("BD") in ("TP", "FP"):
                    count = counts[depth, query["BVT"], method]
                    count["called"] += 1
                    count["false"] += query["BD"] == "FP"
                    count["genotype"] += query["BD"] == "FP" and query.get("BK") == "am"
    print("depth\ttype\tmethod\ttrue\tmissed\tfalse\tof these wrong genotypes\tF1\tprivate\tprivate missed")
    for (depth, kind, method), count in sorted(counts.items()):
        recall = 1 - count["missed"] / max(count["truth"], 1)
        precision = 1 - count["false"] / max(count["called"], 1)
        f1 = 2 * recall * precision / (recall + precision)
        columns = [count[key] for key in ("truth", "missed", "false", "genotype")]
        columns += [f"{f1:.4f}", count["private"], count["private missed"]]
        print(depth, kind, method, *columns, sep="\t")


main(*sys.argv[1:])
