#!/usr/bin/env bash
# Simulates one read set: reads.bam, truth.vcf.gz (both indexed), confident.bed and region.bed in OUTPUT.
#   scripts/simulate-reads.sh OUTPUT REFERENCE.fa [--aligner mem|aln] [--unmarked] [arguments of `python.sh -m simulation reads`]
# --unmarked: duplicates are not marked.
# REFERENCE.fa is plain FASTA with .fai and bwa index; reads are aligned to all of it. Needs bwa, samtools, bcftools,
# tabix. Resumable: keeps a complete set.
set -euo pipefail

if [[ $# -lt 2 ]]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0"
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
output=$1 reference=$2 sample=$(basename "$1") aligner=mem arguments=()
shift 2
while [[ $# -gt 0 ]]; do
  case $1 in
    --aligner) aligner=${2:?mem or aln}; shift ;;
    --unmarked) export MARK_DUPLICATES=no ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
[[ -e $output/region.bed && -e $output/reads.bam.bai ]] && exit 0

building=$output.building
rm -rf "$building" "$output"
mkdir -p "$building"
trap 'rm -rf "$building"' EXIT

"$here/python.sh" -m simulation reads --ref "$reference" --output "$building" --sample "$sample" "${arguments[@]}"
"$here/align-reads.sh" "$reference" "$building/1.fq" "$building/2.fq" "$sample" "$building/reads.bam" "$aligner"
bgzip -f "$building/truth.vcf"
tabix -f -p vcf "$building/truth.vcf.gz"
rm -f "$building"/[12].fq
mv "$building" "$output"
