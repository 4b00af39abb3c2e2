#!/usr/bin/env bash
# Fits tiers for a model on the simulated sets fit_* of scripts/tier-sets.tsv, and judges them on the sets judge_*, on the
# real validation sets in DVCALL_DATA, and on the sets in JUDGE. Nothing is fitted to a set that judges. Resumable: keeps sets and examples.
#   scripts/fit-tiers.sh WORK MODEL.safetensors OUTPUT.safetensors
# WORK/judged.md has the tables. MODEL may be models/wgs.safetensors. FIT="FOLDER..." and JUDGE="FOLDER..." name more sets on b37 chr20.
# DVCALL is the binary (default: target/release/dvcall), THREADS the number of threads.
# Needs the programs of scripts/simulate-training-sets.sh.
set -euo pipefail
shopt -s inherit_errexit nullglob
[[ $# -eq 3 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
dvcall=${DVCALL:-$here/../target/release/dvcall}
threads=(--threads "${THREADS:-$(nproc)}")
work=$1 model=$2 output=$3
mkdir -p "$work/examples" "$work/judged"
SETS=$here/tier-sets.tsv DVCALL_DATA=$data "$here/simulate-training-sets.sh" "$work"

examples=()
for set in "$work"/fit_* ${FIT:-}; do
  for fraction in 1 0.4; do
    shards=$work/examples/$(basename "$set").$fraction
    [[ -e $shards/manifest.json ]] || "$dvcall" --quiet make-examples --ref "$work/ref/b37.chr20.fa" --reads "$set/reads.bam" --downsample "$fraction" \
      --regions "$set/region.bed" --truth "$set/truth.vcf.gz" --confident "$set/confident.bed" "${threads[@]}" --output "$shards"
    examples+=(--examples "$shards")
  done
done
"$dvcall" calibrate --tiers --model "$model" "${examples[@]}" --output "$output"

# Calls and scores a set. Arguments: folder, reference, fraction of the reads.
judge() {
  local prefix
  prefix=$work/judged/$(basename "$1").$3
  "$dvcall" --quiet call --tiers --model "$output" --ref "$2" --reads "$1/reads.bam" --regions "$1/region.bed" --downsample "$3" "${threads[@]}" \
    --output "$prefix.calls.vcf.gz"
  "$dvcall" --quiet evaluate --ref "$2" --truth "$1/truth.vcf.gz" --confident "$1/confident.bed" --query "$prefix.calls.vcf.gz" \
    --regions "$1/region.bed" --output "$prefix"
  judged+=("$prefix.calls.vcf.gz" "$prefix.vcf.gz")
}

{
  judged=()
  for set in "$work"/judge_*; do
    for fraction in 1 0.4; do judge "$set" "$work/ref/b37.chr20.fa" "$fraction"; done
  done
  for set in ${JUDGE:-}; do judge "$set" "$work/ref/b37.chr20.fa" 1; done
  printf '## Simulated sets\n\n'
  "$here/python.sh" "$here/judge_tiers.py" "${judged[@]}"
  judged=()
  for set in "$data"/reads/validation/*; do
    case $set in *_hg19_*) reference=ucsc.hg19.chr20.unittest.fasta.gz ;; *) reference=b37.chr20.fa.gz ;; esac
    judge "$set" "$data/reference/$reference" 1
  done
  printf '\n## Real sets\n\n'
  [[ ${#judged[@]} -eq 0 ]] || "$here/python.sh" "$here/judge_tiers.py" "${judged[@]}"
} > "$work/judged.md"
cat "$work/judged.md"
