#!/usr/bin/env bash
# Writes a table of gates for `dvcall call --gates`, and its BED files, from GIAB's stratifications:
#   scripts/gates-template.sh FOLDER_OF_STRATIFICATIONS GRCh37|GRCh38 OUTPUT_FOLDER
# The folder holds the files as GIAB publishes them, version 3.1 or later
# (https://ftp-trace.ncbi.nlm.nih.gov/ReferenceSamples/giab/release/genome-stratifications/).
# Thresholds are a place to begin; set them by a validation.
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: $0 FOLDER_OF_STRATIFICATIONS GRCh37|GRCh38 OUTPUT_FOLDER" >&2
  exit 2
fi
from=$1 genome=$2 to=$3

# file of the stratifications (without the genome's name), gate, least GQ, least depth, least allele balance, action
gates="
refseq_cds coding 20 15 0.2 CODING
AllTandemRepeatsandHomopolymers_slop5 repeats 20 . 0.2 tier2
segdups segdups 30 15 0.25 tier3
lowmappabilityall low_mappability 30 15 0.25 tier3
MHC mhc 30 15 0.25 tier3
"

mkdir -p "$to"
table=$(mktemp "$to/.gates.XXXXXX")
trap 'rm -f "$table"' EXIT
printf '#bed\tname\tmin_gq\tmin_depth\tmin_allele_balance\taction\n' > "$table"
while read -r file name quality depth balance action; do
  [ -n "$file" ] || continue
  found=$(find "$from" -type f -name "${genome}_$file.bed.gz" | sort | head -n 1)
  if [ -z "$found" ]; then
    echo "$from: no file ${genome}_$file.bed.gz; is this the folder of GIAB's stratifications of $genome?" >&2
    exit 1
  fi
  gzip -dc "$found" | grep -v '^#' | cut -f 1-3 > "$to/$name.bed"
  printf '%s.bed\t%s\t%s\t%s\t%s\t%s\n' "$name" "$name" "$quality" "$depth" "$balance" "$action" >> "$table"
done <<< "$gates"
chmod 644 "$table"
mv "$table" "$to/gates.tsv"
echo "wrote $to/gates.tsv; add lines for the genes that your laboratory reports"
