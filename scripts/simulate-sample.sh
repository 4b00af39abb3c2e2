#!/usr/bin/env bash
# Makes the bundled sample: a synthetic reference with two contigs, one diploid person, and paired 150-base reads at 30x
# by ART, aligned by bwa mem. Nothing comes from a real genome. The same tools (ART 2.5.8, bwa 0.7.17, samtools 1.16)
# give the same bytes.
#   scripts/simulate-sample.sh [OUTPUT]     default: tests/sample
# Needs: apt-get install art-nextgen-simulation-tools bwa samtools bcftools tabix
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath -m "${1:-$here/../tests/sample}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in art_illumina bwa samtools bcftools bgzip tabix; do
  command -v "$tool" >/dev/null || { echo "simulate-sample: $tool is not installed; see the top of $0" >&2; exit 1; }
done

"$here/python.sh" -m simulation sample --seed 20 --output "$work"
cd "$work"
samtools faidx reference.fa
bwa index reference.fa 2>/dev/null
for haplotype in 0 1; do
  art_illumina -ss HSXt -i "hap$haplotype.fa" -p -l 150 -f 15 -m 380 -s 60 -na -rs "$((haplotype + 1))" -d "h$haplotype-" -o "h$haplotype." >/dev/null 2>&1
done
cat h0.1.fq h1.1.fq > 1.fq
cat h0.2.fq h1.2.fq > 2.fq
"$here/align-reads.sh" reference.fa 1.fq 2.fq sample aligned.bam

# The header has the contigs' checksums and the reference's bare name; otherwise samtools writes the path into the CRAM.
{
  printf '@HD\tVN:1.6\tSO:coordinate\n'
  samtools dict -H -u reference.fa reference.fa
  samtools view --no-PG -h aligned.bam | grep -v '^@HD\|^@SQ'
} > sample.sam
samtools view --no-PG -b -o sample.bam sample.sam
# Without -T, which also writes the path; samtools finds the reference by the name in the header.
REF_PATH=. samtools view --no-PG -C -o sample.cram sample.sam
samtools index sample.bam
samtools index sample.cram
bcftools norm --no-version -c e -f reference.fa -o normal.vcf truth.vcf 2>/dev/null
cmp <(grep -v '^##' truth.vcf) <(grep -v '^##' normal.vcf) || { echo "simulate-sample: truth.vcf is not left-aligned" >&2; exit 1; }
bgzip truth.vcf
tabix -p vcf truth.vcf.gz

mkdir -p "$output"
cp reference.fa reference.fa.fai sample.bam sample.bam.bai sample.cram sample.cram.crai truth.vcf.gz truth.vcf.gz.tbi confident.bed "$output/"
