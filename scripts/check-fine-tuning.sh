#!/usr/bin/env bash
# Measures whether fine-tuning helps on another instrument and harms on the old ones. Simulates HG001 reads on b37 chr20
# (dwgsim) with a profile that is new to the built-in model. Tunes the model on examples of three regions; a fourth
# region selects the epoch. Scores the model before and after on four other regions of the new profile, and on old sets.
# PROFILE is one of
# - flows (default): errors in 0.2 % of the flows of Ion Torrent's chemistry, which cause indels; about 3,600 examples;
# - substitutions: 125 bases, 0.5 to 4 % of them wrong, rising along the read; about 2,000 examples.
#   scripts/check-fine-tuning.sh WORK OLD_SET... [-- arguments of dvcall train]
# Needs WORK/ref/b37.chr20.fa with a bwa index, as scripts/simulate-training-sets.sh makes it. OLD_SETs are folders with
# reads.bam, truth.vcf.gz, confident.bed and region.bed on the same reference. DVCALL_DATA is the folder of the truth,
# DVCALL the binary, MODEL the initial model. SEED (301) draws regions and reads, from the megabases WITHIN (4.0-9.9,
# which the built-in model's recipe does not train on).
# Needs: apt-get install dwgsim bwa samtools bcftools tabix
set -euo pipefail
[[ $# -ge 2 ]] || { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
dvcall=${DVCALL:-$here/../target/release/dvcall}
model=${MODEL:-$here/../models/wgs.safetensors}
profile=${PROFILE:-flows} seed=${SEED:-301} within=${WITHIN:-4.0-9.9}
work=$1 set=$1/fine_tuning_${profile}_${within}_$seed old=()
shift
while [[ $# -gt 0 && $1 != -- ]]; do old+=("$1"); shift; done
shift || true
reference=$work/ref/b37.chr20.fa

case $profile in
  substitutions) errors=(-e 0.005-0.04 -E 0.005-0.04) ;;
  flows) errors=(-c 2 -f TACGTACGTCTGAGCATCGATCGATGTACAGC -e 0.002 -E 0.002) ;;
  *) echo "check-fine-tuning: unknown PROFILE '$profile'; give flows or substitutions" >&2; exit 2 ;;
esac

simulate() {
  [[ -e $set/reads.bam.bai ]] && return
  mkdir -p "$set"
  "$here/python.sh" -m simulation reads --ref "$reference" --truth "$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz" \
    --within "$within" --stretches 8 --depth 25-25.1 --seed "$seed" --haplotypes --output "$set"
  for haplotype in 0 1; do
    dwgsim -z "$((seed - 1 + haplotype))" -r 0 -R 0 -y 0 -n 20 -C 12.5 -1 125 -2 125 -d 330 -s 50 "${errors[@]}" -o 1 \
      -P "h$haplotype-" "$set/hap$haplotype.fa" "$set/dwgsim$haplotype" >/dev/null 2>&1
  done
  for read in 1 2; do gzip -dc "$set"/dwgsim[01].bwa.read$read.fastq.gz > "$set/$read.fq"; done
  "$here/align-reads.sh" "$reference" "$set/1.fq" "$set/2.fq" TUNED "$set/reads.bam"
  bgzip -f "$set/truth.vcf"
  tabix -f -p vcf "$set/truth.vcf.gz"
  rm -f "$set"/*.fq "$set"/dwgsim* "$set"/hap*
  head -n 3 "$set/region.bed" > "$set/tuning.bed"
  sed -n 4p "$set/region.bed" > "$set/validation.bed"
  tail -n +5 "$set/region.bed" > "$set/test.bed"
}

examples() {
  [[ -e $3/manifest.json ]] || "$dvcall" --quiet make-examples --ref "$reference" --reads "$1/reads.bam" --regions "$2" \
    --truth "$1/truth.vcf.gz" --confident "$1/confident.bed" --output "$3"
}

score() {
  local name=$1 reads=$2 regions=$3
  "$dvcall" --quiet call --ref "$reference" --reads "$reads/reads.bam" --regions "$regions" --model "$4" --output "$set/$name.vcf.gz"
  "$dvcall" --quiet evaluate --ref "$reference" --truth "$reads/truth.vcf.gz" --confident "$reads/confident.bed" \
    --regions "$regions" --query "$set/$name.vcf.gz" --output "$set/$name.scores" >/dev/null
  awk -F, -v name="$name" '$2 == "PASS" { print name, $1, "FN", $5, "FP", $7 }' "$set/$name.scores.summary.csv"
}

simulate
examples "$set" "$set/tuning.bed" "$set/examples"
examples "$set" "$set/validation.bed" "$set/validation"
"$dvcall" --quiet train --examples "$set/examples" --validation "$set/validation" --init-from "$model" \
  --output "$set/tuned.safetensors" "$@"
for stage in before after; do
  chosen=$model
  [[ $stage == after ]] && chosen=$set/tuned.safetensors
  score "new-$stage" "$set" "$set/test.bed" "$chosen"
  for reads in "${old[@]}"; do score "$(basename "$reads")-$stage" "$reads" "$reads/region.bed" "$chosen"; done
done
