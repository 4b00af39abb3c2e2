#!/usr/bin/env bash
# Makes a new read set from a share of the read pairs of a read set (reads.bam, truth.vcf.gz, confident.bed,
# region.bed). A seeded hash of the read name selects the pairs. Resumable: keeps a complete set.
#   scripts/downsample-reads.sh SET SHARE OUTPUT [SEED]
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }
set=$1 share=$2 output=$3 seed=${4:-1}
[[ -e $output/reads.bam.bai ]] && exit 0
mkdir -p "$output"
cp "$set"/truth.vcf.gz "$set"/truth.vcf.gz.tbi "$set"/confident.bed "$set"/region.bed "$output/"
samtools view --no-PG -b --subsample "$share" --subsample-seed "$seed" -o "$output/reads.bam" "$set/reads.bam"
samtools index "$output/reads.bam"
