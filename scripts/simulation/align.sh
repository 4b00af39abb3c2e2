#!/usr/bin/env bash
# Aligns read pairs as sequencing centres do: bwa mem, duplicates marked, sorted, indexed.
#   align.sh REFERENCE.fa FIRST.fq SECOND.fq SAMPLE OUTPUT.bam
# Without @PG lines, which would hold paths; same input, same bytes.
set -euo pipefail
reference=$1 first=$2 second=$3 sample=$4 output=$5

bwa mem -t 1 -K 10000000 -R "@RG\tID:$sample\tSM:$sample\tPL:ILLUMINA\tLB:$sample" "$reference" "$first" "$second" 2>"$output.log" |
  grep -v '^@PG' |
  samtools fixmate --no-PG -m -u - - |
  samtools sort --no-PG -u -T "$output.sorting" - 2>>"$output.log" |
  samtools markdup --no-PG - "$output" 2>>"$output.log" || {
  cat "$output.log" >&2
  exit 1
}
samtools index "$output"
rm "$output.log"
