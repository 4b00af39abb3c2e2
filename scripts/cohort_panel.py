"""Adds the planted variants of a simulated person to a panel of haplotypes, as variants of a population: each gets a random
number of carriers, of which small numbers are frequent (1/k), so that few people are homozygous for a rare one.

    cohort_panel.py PANEL.vcf.gz PLANTED.vcf REGION SEED > MORE.vcf
"""

import random
import subprocess
import sys


def main(panel, planted, region, seed):
    chance = random.Random(int(seed))
    text = subprocess.run(["bcftools", "view", "-r", region, panel], capture_output=True, text=True, check=True).stdout
    lines = text.splitlines()
    header = [line for line in lines if line.startswith("#")]
    records = [line.split("\t") for line in lines if not line.startswith("#")]
    known = {(r[1], r[3], r[4]) for r in records}
    haplotypes = 2 * (len(header[-1].split("\t")) - 9)
    counts = range(1, haplotypes)
    with open(planted) as truth:
        for line in truth:
            fields = line.rstrip("\n").split("\t")
            if line.startswith("#") or "," in fields[4] or (fields[1], fields[3], fields[4]) in known:
                continue
            carriers = set(chance.sample(range(haplotypes), chance.choices(counts, [1 / k for k in counts])[0]))
            carried = [str(int(haplotype in carriers)) for haplotype in range(haplotypes)]
            genotypes = ["|".join(carried[i : i + 2]) for i in range(0, haplotypes, 2)]
            records.append([*fields[:5], ".", ".", ".", "GT", *genotypes])
    print("\n".join(header))
    for record in sorted(records, key=lambda r: int(r[1])):
        print("\t".join(record))


main(*sys.argv[1:])
