#!/usr/bin/env bash
# Compares two models on read sets (reads.bam, truth.vcf.gz, confident.bed, region.bed): errors of each, errors that only
# one of them makes, and an exact paired test (McNemar) of these. Prints a Markdown table, by set and pooled.
#   scripts/compare-models.sh OUTPUT OLD_MODEL NEW_MODEL REFERENCE.fa:SET...
# Resumable: keeps call sets in OUTPUT. DVCALL is the binary, THREADS the number of threads. Needs bcftools.
set -euo pipefail
[[ $# -ge 4 ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
dvcall=${DVCALL:-$here/../target/release/dvcall}
output=$1 old=$2 new=$3
shift 3

score() {
  local name=$1 model=$2 reference=$3 set=$4
  local folder
  folder=$output/$(basename "$set")
  mkdir -p "$folder"
  [[ -e $folder/$name.scores.vcf.gz ]] && return
  "$dvcall" --quiet call --ref "$reference" --reads "$set/reads.bam" --regions "$set/region.bed" --model "$model" \
    --threads "${THREADS:-$(nproc)}" --output "$folder/$name.vcf.gz"
  "$dvcall" --quiet evaluate --ref "$reference" --truth "$set/truth.vcf.gz" --confident "$set/confident.bed" \
    --regions "$set/region.bed" --query "$folder/$name.vcf.gz" --output "$folder/$name.scores" >/dev/null
}

folders=()
for pair in "$@"; do
  score old "$old" "${pair%%:*}" "${pair#*:}"
  score new "$new" "${pair%%:*}" "${pair#*:}"
  folders+=("$output/$(basename "${pair#*:}")")
done
"$here/python.sh" "$here/compare_models.py" "${folders[@]}"
