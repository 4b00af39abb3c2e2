"""Makes many gVCFs of a few: each new sample is a mosaic of pieces of 50 kb, on whose grid the blocks of dvcall's gVCFs end.

    resample_cohort.py NUMBER OUTPUT GVCF...

Writes OUTPUT/sNNNN.g.vcf.gz with index, and OUTPUT/gvcfs.txt. Needs bgzip and tabix.
"""

import gzip
import pathlib
import random
import subprocess
import sys

CELL = 50_000


def main(number, output, *gvcfs):
    folder = pathlib.Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    header, cells = [], []
    for gvcf in gvcfs:
        pieces = {}
        with gzip.open(gvcf, "rt") as lines:
            for line in lines:
                if line.startswith("#"):
                    header = header if line.startswith("#CHROM") else [*header, line] if gvcf == gvcfs[0] else header
                else:
                    pieces.setdefault((int(line.split("\t", 2)[1]) - 1) // CELL, []).append(line)
        cells.append({cell: "".join(lines) for cell, lines in pieces.items()})
    chance = random.Random(1)
    names = []
    for rank in range(int(number)):
        path = folder / f"s{rank:04d}.g.vcf.gz"
        columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
        text = "".join(header) + f"{columns}s{rank:04d}\n"
        text += "".join(chance.choice(cells).get(cell, "") for cell in sorted(cells[0]))
        with open(path, "wb") as out:
            subprocess.run(["bgzip", "-l", "1"], input=text.encode(), stdout=out, check=True)
        subprocess.run(["tabix", "-f", "-p", "vcf", path], check=True)
        names.append(f"{path}\n")
    (folder / "gvcfs.txt").write_text("".join(names))


main(*sys.argv[1:])
