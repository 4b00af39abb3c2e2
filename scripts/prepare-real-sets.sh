#!/usr/bin/env bash
# Makes more training sets in OUTPUT from the real training sets in DVCALL_DATA: sets with fewer reads (real_*), and
# sets with planted variants, aligned again (spiked_*). Resumable: keeps complete sets. Needs
# OUTPUT/ref/b37.chr20.fa with a bwa index, as scripts/simulate-training-sets.sh makes it.
#   scripts/prepare-real-sets.sh OUTPUT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
[[ $# -eq 1 ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
output=$1
reference=$output/ref/b37.chr20.fa

spike() {
  local set=$1 share=$2 seed=$3 result=$4 building=$4.building
  [[ -e $result/reads.bam.bai ]] && return
  rm -rf "$building" "$result"
  mkdir -p "$building"
  "$here/python.sh" -m simulation spike --ref "$reference" --reads "$set" --share "$share" --seed "$seed" --output "$building"
  "$here/align-reads.sh" "$reference" "$building/1.fq" "$building/2.fq" SPIKED "$building/reads.bam"
  bgzip "$building/truth.vcf"
  tabix -p vcf "$building/truth.vcf.gz"
  rm "$building"/[12].fq
  mv "$building" "$result"
}

seed=1
for set in "$data"/reads/train/*; do
  place=$(basename "$set" | cut -d_ -f4)
  for share in 0.5 0.3 0.15 0.08; do
    "$here/downsample-reads.sh" "$set" "$share" "$output/real_${place}_$share" "$seed"
    seed=$((seed + 1))
  done
  for share in 1.0 0.8 0.5 0.35 0.25 0.12; do
    spike "$set" "$share" "$seed" "$output/spiked_${place}_$share"
    seed=$((seed + 1))
  done
done

# Many draws of its reads show the noise of a shallow library best.
for set in "$data"/reads/train/*; do
  place=$(basename "$set" | cut -d_ -f4)
  for share in 0.7 0.4 0.25 0.2 0.18 0.12 0.1 0.07 0.06; do
    "$here/downsample-reads.sh" "$set" "$share" "$output/real_${place}_$share" "$seed"
    seed=$((seed + 1))
  done
done
