"""Compares the scores of sequence models with saturation mutagenesis of regulatory elements: the measured effect of every base
change. Prints a Markdown table of rank correlations by element and model, all elements.

    compare_saturation.py DVCALL saturation_mutagenesis.tsv.gz OUTPUT MODEL.safetensors...

The sequence of an element follows from the reference bases of its changes. Beyond its ends all bases are N."""

import csv
import gzip
import math
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy

LEAST_BARCODES = 10


def elements(path):
    """For each element: its bases by position, and the measured effect of each substitution (GRCh38)."""
    bases, effects = defaultdict(dict), defaultdict(dict)
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["Release"] != "GRCh38" or "NA" in (row["Pos"], row["Coefficient"]):
                continue
            element, position = row["Element"], int(row["Pos"])
            bases[element][position] = row["Ref"]
            if row["Alt"] in "ACGT" and len(row["Alt"]) == 1 and int(row["Barcodes"]) >= LEAST_BARCODES:
                effects[element][position, row["Ref"], row["Alt"]] = float(row["Coefficient"])
    return bases, effects


def write_inputs(bases, effects, output):
    """A FASTA with a contig for each element, its index, and a VCF of all changes."""
    offset, fasta, index, vcf = 0, "", "", "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    for element in sorted(bases):
        first, last = min(bases[element]), max(bases[element])
        sequence = "".join(bases[element].get(position, "N") for position in range(first, last + 1))
        header = f">{element}\n"
        index += f"{element}\t{len(sequence)}\t{offset + len(header)}\t{len(sequence)}\t{len(sequence) + 1}\n"
        fasta += header + sequence + "\n"
        offset += len(header) + len(sequence) + 1
        for position, reference, alternate in sorted(effects[element]):
            vcf += f"{element}\t{position - first + 1}\t.\t{reference}\t{alternate}\t.\t.\t.\n"
    (output / "elements.fa").write_text(fasta)
    (output / "elements.fa.fai").write_text(index)
    (output / "changes.vcf").write_text(vcf)


def ranks(values):
    order = numpy.argsort(values, kind="stable")
    ranked = numpy.empty(len(values))
    ranked[order] = numpy.arange(len(values))
    for value in numpy.unique(values):
        same = values == value
        ranked[same] = ranked[same].mean()
    return ranked


def correlation(a, b):
    """Spearman's, with a 95 % interval by Fisher's transformation (Bonett and Wright 2000)."""
    r = float(numpy.corrcoef(ranks(a), ranks(b))[0, 1])
    width = 1.96 * math.sqrt((1 + r * r / 2) / (len(a) - 3))
    return r, math.tanh(math.atanh(r) - width), math.tanh(math.atanh(r) + width)


def main():
    dvcall, table, output, models = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]
    output.mkdir(parents=True, exist_ok=True)
    bases, effects = elements(table)
    write_inputs(bases, effects, output)
    firsts = {element: min(positions) for element, positions in bases.items()}
    columns = {}
    for model in models:
        name = Path(model).stem
        scores = output / f"{name}.tsv"
        subprocess.run(
            [dvcall, "regulatory", "--quiet", "score", "--model", model, "--ref", output / "elements.fa", "--variants", output / "changes.vcf",
             "--random", "20", "--device", "cpu", "--output", output / f"{name}.vcf", "--table", scores],
            check=True,
        )
        found = defaultdict(list)
        for row in csv.DictReader(scores.open(), delimiter="\t"):
            element = row["contig"]
            key = int(row["position"]) + firsts[element] - 1, row["ref"], row["alt"]
            found[element].append((float(row["difference"]), effects[element][key]))
        columns[name] = {element: correlation(*numpy.array(pairs).T) for element, pairs in found.items()}
    print("| element | changes |", " | ".join(columns), "|")
    print("|---" * (2 + len(columns)) + "|")
    for element in sorted(effects):
        cells = ["{:+.2f} ({:+.2f} to {:+.2f})".format(*column[element]) for column in columns.values()]
        print(f"| {element} | {len(effects[element])} |", " | ".join(cells), "|")
    means = [f"{numpy.mean([r for r, _, _ in column.values()]):+.3f}" for column in columns.values()]
    print("| mean | |", " | ".join(means), "|")


main()
