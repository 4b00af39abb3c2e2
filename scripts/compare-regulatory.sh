#!/usr/bin/env bash
# Compares sequence networks with a logistic regression on 6-mers: AUROC on sets NAME.train.seq.gz and NAME.test.seq.gz
# (tables with the columns seq and Bound). Prints a Markdown table by set, and the mean of each method.
#   scripts/compare-regulatory.sh CHIP OUTPUT SET...
# Resumable: keeps results in OUTPUT. Variables: DVCALL, ARCHITECTURES ("convolution parallel residual lstm"),
# SEEDS ("1 2 3"), FLAGS (more flags of train), PYTHON (with numpy; default scripts/python.sh).
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
chip=$1 output=$2
shift 2
: "${DVCALL:=dvcall}" "${ARCHITECTURES:=convolution parallel residual lstm}" "${SEEDS:=1 2 3}" "${FLAGS:=}"
: "${PYTHON:=$here/python.sh}"
mkdir -p "$output"

for set in "$@"; do
  examples=$output/$set.safetensors
  [[ -e $examples ]] || "$DVCALL" regulatory --quiet prepare --table "$set=$chip/$set.train.seq.gz" \
    --test-table "$chip/$set.test.seq.gz" --output "$examples"
  [[ -e $output/$set.kmer.json ]] || "$PYTHON" "$here/kmer_regression.py" "$examples" > "$output/$set.kmer.tmp"
  [[ -e $output/$set.kmer.json ]] || mv "$output/$set.kmer.tmp" "$output/$set.kmer.json"
  for architecture in $ARCHITECTURES; do
    for seed in $SEEDS; do
      model=$output/$set.$architecture.$seed
      [[ -e $model.done ]] && continue
      # shellcheck disable=SC2086
      "$DVCALL" regulatory --quiet train --examples "$examples" --architecture "$architecture" --seed "$seed" $FLAGS \
        --output "$model.safetensors"
      touch "$model.done"
    done
  done
done

"$PYTHON" - "$output" "$ARCHITECTURES" "$SEEDS" "$@" <<'PYTHON'
import json, sys

output, architectures, seeds, sets = sys.argv[1], sys.argv[2].split(), sys.argv[3].split(), sys.argv[4:]
print("| set | 6-mer regression |", " | ".join(architectures), "|")
print("|---" * (2 + len(architectures)) + "|")
means = {name: [] for name in ["kmer", *architectures]}
for name in sets:
    kmer = json.load(open(f"{output}/{name}.kmer.json"))["test"]["auroc"]
    means["kmer"].append(kmer)
    cells = []
    for architecture in architectures:
        areas = [json.load(open(f"{output}/{name}.{architecture}.{seed}.json"))["test"][0]["auroc"] for seed in seeds]
        mean = sum(area["value"] for area in areas) / len(areas)
        means[architecture].append(mean)
        low, high = (sum(area[end] for area in areas) / len(areas) for end in ("low", "high"))
        worse = " below" if high < kmer else ""
        cells.append(f"{mean:.4f} ({low:.3f}–{high:.3f}){worse}")
    print(f"| {name} | {kmer:.4f} |", " | ".join(cells), "|")
average = lambda values: f"{sum(values) / len(values):.4f}"
print("| mean |", " | ".join(average(means[name]) for name in ["kmer", *architectures]), "|")
PYTHON
