#!/usr/bin/env bash
# Compares dvcall, bcftools and freebayes (both at QUAL >= 20) on random subsets of a read set (reads.bam, truth.vcf.gz,
# confident.bed, region.bed). Sums the errors of four draws for each share of reads. Prints a Markdown table.
#   scripts/compare-thinned.sh REFERENCE.fa SET OUTPUT SHARE...
# Resumable: keeps complete results in OUTPUT. Variables and needs: see scripts/compare-accuracy.sh.
set -euo pipefail
[[ $# -ge 4 ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
reference=$1 set=$2 output=$3
shift 3

echo '| share | type | caller | truth | FN | FP | F1 |'
echo '|---|---|---|---|---|---|---|'
for share in "$@"; do
  for draw in 1 2 3 4; do
    "$here/downsample-reads.sh" "$set" "$share" "$output/reads_${share}_$draw" "$draw"
    "$here/compare-accuracy.sh" "$reference" "$output/reads_${share}_$draw" "$output/calls_${share}_$draw" > "$output/${share}_$draw.md"
  done
  for type in SNP INDEL; do
    for caller in dvcall bcftools freebayes; do
      # Columns of the summary: type, filter, true variants, found, missed, calls, false calls.
      cat "$output/calls_${share}_"*"/$caller.scores.summary.csv" | awk -F, -v "head=| $share | $type | $caller" -v "type=$type" '
        $1 == type && $2 == "PASS" { truth += $3; missed += $5; wrong += $7 }
        END { found = truth - missed; printf "%s | %d | %d | %d | %.4f |\n", head, truth, missed, wrong, 2 * found / (2 * found + missed + wrong) }'
    done
  done
done
