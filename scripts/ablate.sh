#!/usr/bin/env bash
# Measures the gain of each part of the training recipe. Trains small models on a part of the shards that
# scripts/train-model.sh made in WORK, each model with one change. Prints a Markdown table of their scores on the
# held-out sets.
#   scripts/ablate.sh WORK OUTPUT [VARIANT]...     default: all variants
# Variants: base, seed2 (measures the noise), no-augmentation, one-block, quarter-width, wide, wider, 101-columns,
# no-real-reads, no-realignment (needs the read sets in WORK). Resumable.
# DVCALL is the binary, THREADS the number of threads, EPOCHS the number of epochs (3).
set -euo pipefail
shopt -s inherit_errexit
[[ $# -ge 2 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
dvcall=${DVCALL:-$here/../target/release/dvcall}
work=$1 output=$2
shift 2
variants=("$@")
[[ $# -gt 0 ]] || variants=(base seed2 no-augmentation one-block quarter-width wide wider 101-columns no-real-reads no-realignment)
mkdir -p "$output"

simulated=(nova_hg001_30x hs2000_hg001_50x hiseqx_hg002_70x hs2000_hg002_15x hs2500_mix_12x hs2500_hg002_rep10)
real=(spiked_18.78M_{0.12,0.35,1.0} spiked_20.16M_{0.12,0.35,1.0} real_20.16M_0.{08,3})
validation=(nova_panel_12x nova_panel_30x spiked_20.53M_{0.12,0.35,1.0})

# Prints the folder of the set's shards. Makes the shards if the variant needs its own.
shards() {
  local variant=$1 set=$2 made=$output/examples.$1/$2
  case $variant in
    no-realignment)
      [[ -e $made/manifest.json ]] || "$dvcall" --quiet make-examples --no-realign --ref "$work/ref/b37.chr20.fa" \
        --reads "$work/$set/reads.bam" --regions "$work/$set/region.bed" --truth "$work/$set/truth.vcf.gz" \
        --confident "$work/$set/confident.bed" --output "$made" >&2 ;;
    *) made=$work/examples/$set ;;
  esac
  echo "$made"
}

train() {
  local variant=$1 set sets=("${simulated[@]}" "${real[@]}") arguments=(--seed 1)
  [[ -e $output/$variant.json ]] && return
  case $variant in
    seed2) arguments=(--seed 2) ;;
    no-augmentation) arguments+=(--no-augment) ;;
    one-block) arguments+=(--blocks 1) ;;
    quarter-width) arguments+=(--stem 8 --stages "8,16,32" --blocks 1) ;;
    wide) arguments+=(--stem 24 --stages "32,64,128" --blocks 1) ;;
    wider) arguments+=(--stem 32 --stages "48,96,192" --blocks 1) ;;
    101-columns) arguments+=(--columns 101) ;;
    no-real-reads) sets=("${simulated[@]}") ;;
  esac
  for set in "${sets[@]}"; do arguments+=(--examples "$(shards "$variant" "$set")"); done
  for set in "${validation[@]}"; do arguments+=(--validation "$(shards "$variant" "$set")"); done
  # The model card gets its final name after the last epoch.
  "$dvcall" --quiet train "${arguments[@]}" --epochs "${EPOCHS:-3}" --learning-rate 0.0015 --threads "${THREADS:-$(nproc)}" \
    --resume --output "$output/$variant.part.safetensors"
  rm -rf "$output/examples.$variant" "$output/$variant.part.checkpoint.safetensors"
  local ending
  for ending in log.csv svg safetensors json; do mv "$output/$variant.part.$ending" "$output/$variant.$ending"; done
}

echo "| variant | SNP F1 | SNP cross-entropy | indel F1 | indel cross-entropy |"
echo "|---|---|---|---|---|"
for variant in "${variants[@]}"; do
  train "$variant"
  python3 - "$variant" "$output/$variant.json" <<'PYTHON'
import json
import sys

training = json.load(open(sys.argv[2]))["training"]
epoch = training["epochs"][training["best_epoch"] - 1]
figures = [f"{epoch[t][key]:.4f}" for t in ("snp", "indel") for key in ("f1", "cross_entropy")]
print("|", " | ".join([sys.argv[1], *figures]), "|", flush=True)
PYTHON
done
