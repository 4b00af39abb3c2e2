#!/usr/bin/env bash
# Calls a read set (reads.bam, truth.vcf.gz, confident.bed, region.bed) with dvcall, bcftools and freebayes (both at
# QUAL >= 20), and scores all three with dvcall evaluate. Prints a Markdown table, by stratum if STRATA is given.
#   scripts/compare-accuracy.sh REFERENCE.fa SET OUTPUT [STRATA.tsv]
# Resumable: keeps call sets in OUTPUT. DVCALL is the binary, MODEL a model to use instead of the built-in one, THREADS
# the number of dvcall threads. Needs: apt-get install bcftools freebayes tabix
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
reference=$1 set=$2 output=$3 strata=${4:-}
dvcall=${DVCALL:-$root/target/release/dvcall}
mkdir -p "$output"

# Normalises calls, so that the evaluation treats all callers alike.
normalised() { bcftools norm -f "$reference" -Ou - 2>/dev/null | bcftools view -i 'QUAL >= 20' -Oz -o "$1"; }

call_dvcall() {
  "$dvcall" call --ref "$reference" --reads "$set/reads.bam" --regions "$set/region.bed" --threads "${THREADS:-1}" \
    ${MODEL:+--model "$MODEL"} --output "$1" >&2
}
call_bcftools() {
  bcftools mpileup -f "$reference" -R "$set/region.bed" -a AD,DP -Ou "$set/reads.bam" 2>/dev/null |
    bcftools call -mv -Ou 2>/dev/null | normalised "$1"
}
call_freebayes() { freebayes -f "$reference" -t "$set/region.bed" "$set/reads.bam" | normalised "$1"; }

for caller in dvcall bcftools freebayes; do
  calls=$output/$caller.vcf.gz
  if [[ ! -e $calls.tbi ]]; then
    # The file gets its final name after the whole pipe has succeeded.
    "call_$caller" "$output/$caller.new.vcf.gz"
    mv "$output/$caller.new.vcf.gz" "$calls"
    rm -f "$output/$caller.new.vcf.gz.tbi"
    tabix -f -p vcf "$calls"
  fi
  "$dvcall" --quiet evaluate --ref "$reference" --truth "$set/truth.vcf.gz" --confident "$set/confident.bed" \
    --regions "$set/region.bed" --query "$calls" ${strata:+--stratification "$strata"} --output "$output/$caller.scores" >/dev/null
done

python3 - "$output" <<'PYTHON'
import csv
import sys

print("| type | stratum | caller | truth | FN | FP | recall | precision | F1 |\n|---|---|---|---|---|---|---|---|---|")
rows = []
for order, caller in enumerate(("dvcall", "bcftools", "freebayes")):
    with open(f"{sys.argv[1]}/{caller}.scores.extended.csv") as table:
        for row in csv.DictReader(table):
            if (row["Subtype"], row["Genotype"], row["Filter"]) == ("*", "*", "PASS") and row["TRUTH.TOTAL"] != "0":
                rows.append((row["Type"] != "SNP", row["Subset"], order, caller, row))
for _, subset, _, caller, row in sorted(rows, key=lambda r: r[:3]):
    figures = [row[key] for key in ("TRUTH.TOTAL", "TRUTH.FN", "QUERY.FP")]
    figures += [row[key][:8] for key in ("METRIC.Recall", "METRIC.Precision", "METRIC.F1_Score")]
    print("| " + " | ".join([row["Type"], subset.replace("*", "all"), caller, *figures]) + " |")
PYTHON
