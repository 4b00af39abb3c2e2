#!/usr/bin/env bash
# Scores the PASS records of a call set with dvcall evaluate and with aardvark, an independent judge, and prints both tables.
#   scripts/compare-judges.sh REFERENCE.fa TRUTH.vcf.gz CONFIDENT.bed CALLS.vcf.gz
# Two rules of theirs differ. A right allele with a wrong genotype is FN and FP for dvcall, as for hap.py; aardvark counts
# one of them (truth_fn_gt, query_fp_gt) and takes the other side as found. 1/2 is one variant for dvcall, two for aardvark.
# DVCALL names the binary. Needs: cargo install aardvark-bio; apt-get install bcftools
set -euo pipefail
[[ $# -eq 4 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
reference=$1 truth=$2 confident=$3 calls=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${DVCALL:-$root/target/release/dvcall}" --quiet evaluate --ref "$reference" --truth "$truth" --confident "$confident" \
  --query "$calls" --output "$work/dvcall"

# aardvark wants genotypes and nothing else.
bcftools view -f PASS,. "$calls" -Ou | bcftools annotate -x INFO,^FORMAT/GT -Oz -o "$work/query.vcf.gz"
bcftools annotate -x INFO,^FORMAT/GT "$truth" -Oz -o "$work/truth.vcf.gz"
for name in query truth; do bcftools index -t "$work/$name.vcf.gz"; done
aardvark compare --reference "$reference" --truth-vcf "$work/truth.vcf.gz" --query-vcf "$work/query.vcf.gz" \
  --regions "$confident" --output-dir "$work/aardvark" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
echo
awk '$2 == "comparison" || ($2 == "GT" && ($5 == "Snv" || $5 == "JointIndel"))' "$work/aardvark/summary.tsv" |
  cut -f 5-16 | column -t
