#!/usr/bin/env bash
# Compares training with few examples from random weights and from a language model: AUROC on the tests of sets
# NAME.train.seq.gz and NAME.test.seq.gz. Prints a Markdown table, and the mean gain with a 95 % interval over sets and seeds.
#   scripts/compare-pretraining.sh CHIP PRETRAINED.safetensors OUTPUT SET...
# Resumable: keeps results in OUTPUT. Variables: DVCALL, EXAMPLES (500), SEEDS ("1 2 3"), FLAGS (of both trainings),
# TUNING (of the training from the language model only), PYTHON (with numpy; default scripts/python.sh).
set -euo pipefail
[[ $# -ge 4 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
chip=$1 pretrained=$2 output=$3
shift 3
: "${DVCALL:=dvcall}" "${EXAMPLES:=500}" "${SEEDS:=1 2 3}" "${FLAGS:=--epochs 30 --epoch-examples 1 --batch-size 16 --patience 30}" "${TUNING:=}"
: "${PYTHON:=$here/python.sh}"
mkdir -p "$output"
shape=$("$PYTHON" -c 'import json, sys; s = json.load(open(sys.argv[1]))["shape"]; print("--architecture", s["architecture"], "--filters", s["filters"], "--width", s["width"], "--hidden", s["hidden"])' "${pretrained%.safetensors}.json")

for set in "$@"; do
  examples=$output/$set.safetensors
  [[ -e $examples ]] || "$DVCALL" regulatory --quiet prepare --table "$set=$chip/$set.train.seq.gz" \
    --test-table "$chip/$set.test.seq.gz" --output "$examples"
  for seed in $SEEDS; do
    for start in random pretrained; do
      model=$output/$set.$start.$seed
      [[ -e $model.done ]] && continue
      more=$shape
      [[ $start == random ]] || more="--init-from $pretrained $TUNING"
      # shellcheck disable=SC2086
      "$DVCALL" regulatory --quiet train --examples "$examples" --most-examples "$EXAMPLES" --seed "$seed" $FLAGS $more \
        --output "$model.safetensors"
      touch "$model.done"
    done
  done
done

"$PYTHON" - "$output" "$SEEDS" "$@" <<'PYTHON'
import json, math, sys

output, seeds, sets = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
area = lambda name, start, seed: json.load(open(f"{output}/{name}.{start}.{seed}.json"))["test"][0]["auroc"]["value"]
mean = lambda values: sum(values) / len(values)
print("| set | random weights | language model | gain |\n|---|---|---|---|")
gains, means = [], {"random": [], "pretrained": []}
for name in sets:
    both = {start: [area(name, start, seed) for seed in seeds] for start in means}
    differences = [b - a for a, b in zip(both["random"], both["pretrained"])]
    gains += differences
    for start in means:
        means[start] += both[start]
    print(f"| {name} | {mean(both['random']):.4f} | {mean(both['pretrained']):.4f} | {mean(differences):+.4f} |")
deviation = math.sqrt(sum((x - mean(gains)) ** 2 for x in gains) / max(len(gains) - 1, 1) / len(gains))
print(f"| mean | {mean(means['random']):.4f} | {mean(means['pretrained']):.4f} | {mean(gains):+.4f} (± {1.96 * deviation:.4f}) |")
PYTHON
