#!/usr/bin/env bash
# Scores the PASS records of a call set with dvcall evaluate and aardvark, an independent evaluator. Prints both tables.
#   scripts/compare-judges.sh REFERENCE.fa TRUTH.vcf.gz CONFIDENT.bed CALLS.vcf.gz
# Two rules differ. A correct allele with a wrong genotype is FN and FP for dvcall and hap.py; aardvark counts one
# (truth_fn_gt, query_fp_gt) and the other side as found. The genotype 1/2 is one variant for dvcall, two for aardvark.
# DVCALL is the binary. Needs: cargo install aardvark-bio; apt-get install bcftools
set -euo pipefail
[[ $# -eq 4 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
reference=$1 truth=$2 confident=$3 calls=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${DVCALL:-$root/target/release/dvcall}" --quiet evaluate --ref "$reference" --truth "$truth" --confident "$confident" \
  --query "$calls" --output "$work/dvcall"

# aardvark accepts only genotypes.
bcftools view -f PASS,. "$calls" -Ou | bcftools annotate -x INFO,^FORMAT/GT -Oz -o "$work/query.vcf.gz"
bcftools annotate -x INFO,^FORMAT/GT "$truth" -Oz -o "$work/truth.vcf.gz"
for name in query truth; do bcftools index -t "$work/$name.vcf.gz"; done
aardvark compare --reference "$reference" --truth-vcf "$work/truth.vcf.gz" --query-vcf "$work/query.vcf.gz" \
  --regions "$confident" --output-dir "$work/aardvark" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
echo
awk '$2 == "comparison" || ($2 == "GT" && ($5 == "Snv" || $5 == "JointIndel"))' "$work/aardvark/summary.tsv" |
  cut -f 5-16 | column -t
