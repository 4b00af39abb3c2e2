#!/usr/bin/env bash
# Simulates a region of extreme depth: REGION of a sample at DEPTH (default 10,000). Aligns the reads, without marking
# duplicates, to DIR/reads.bam.
#   scripts/simulate-pit.sh REFERENCE.fa TRUTH.vcf.gz REGION DIR [DEPTH]
# REFERENCE.fa is plain FASTA with .fai and bwa index; TRUTH.vcf.gz has one sample. REGION is chr:start-end; give one
# kilobase more on either side than will be called.
# Needs: apt-get install art-nextgen-simulation-tools bcftools bwa samtools
set -euo pipefail
[[ $# -ge 4 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
reference=$1 truth=$2 region=$3 output=$4 depth=${5:-10000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$output"
for haplotype in 1 2; do
  samtools faidx "$reference" "$region" | bcftools consensus -H "$haplotype" "$truth" >"$work/$haplotype.fa" 2>/dev/null
  art_illumina -q -na -ss HS25 -p -l 150 -f $((depth / 2)) -m 400 -s 60 -rs "$haplotype" \
    -i "$work/$haplotype.fa" -o "$work/${haplotype}_" -d "$haplotype-" >/dev/null 2>&1
done
bwa mem -R '@RG\tID:pit\tSM:pit' "$reference" <(cat "$work"/?_1.fq) <(cat "$work"/?_2.fq) 2>/dev/null |
  samtools sort -o "$output/reads.bam" -
samtools index "$output/reads.bam"
