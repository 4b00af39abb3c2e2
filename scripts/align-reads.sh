#!/usr/bin/env bash
# Aligns read pairs like a sequencing centre: alignment with bwa mem, bwa aln (common in older archives), minimap2 or
# bowtie2; then marks duplicates, sorts and indexes.
#   scripts/align-reads.sh REFERENCE.fa FIRST.fq SECOND.fq SAMPLE OUTPUT.bam [mem|aln|minimap2|bowtie2]
# mem aligns single reads if SECOND.fq does not exist. MARK_DUPLICATES=no leaves duplicates unmarked. Omits @PG lines, because they contain paths. The same input gives the same bytes.
set -euo pipefail
reference=$1 first=$2 second=$3 sample=$4 output=$5 aligner=${6:-mem}
group="@RG\tID:$sample\tSM:$sample\tPL:ILLUMINA\tLB:$sample"

align() {
  case $aligner in
    mem)
      local mates=("$first")
      [[ ! -e $second ]] || mates+=("$second")
      bwa mem -t 1 -K 10000000 -R "$group" "$reference" "${mates[@]}"
      ;;
    aln)
      # Joined with &&, because set -e has no effect in a function whose status is tested.
      bwa aln "$reference" "$first" > "$first.sai" && bwa aln "$reference" "$second" > "$second.sai" &&
        bwa sampe -P -r "$group" "$reference" "$first.sai" "$second.sai" "$first" "$second" &&
        rm "$first.sai" "$second.sai"
      ;;
    minimap2) minimap2 -t 1 -a -x sr -R "$group" "$reference" "$first" "$second" ;;
    bowtie2)
      [[ -e $reference.1.bt2 ]] || bowtie2-build --quiet "$reference" "$reference" >&2 &&
        bowtie2 --rg-id "$sample" --rg "SM:$sample" --rg PL:ILLUMINA --rg "LB:$sample" -x "$reference" -1 "$first" -2 "$second"
      ;;
    *) echo "align-reads.sh: unknown aligner '$aligner'; give mem, aln, minimap2 or bowtie2" && return 1 ;;
  esac
}

mark_duplicates() {
  if [[ ${MARK_DUPLICATES:-yes} == no ]]; then samtools view --no-PG -b -o "$output" -; else samtools markdup --no-PG - "$output"; fi
}

align 2>"$output.log" |
  grep -v '^@PG' |
  samtools fixmate --no-PG -m -u - - |
  samtools sort --no-PG -u -T "$output.sorting" - 2>>"$output.log" |
  mark_duplicates 2>>"$output.log" || {
  cat "$output.log" >&2
  exit 1
}
samtools index "$output"
rm "$output.log"
