#!/usr/bin/env bash
# Compares the recall of dvcall, bcftools and freebayes (both at QUAL >= 20) in simulated reads of several lengths and
# depths. The variants are deletions and insertions of 1 to 1,500 bases, heterozygous and homozygous, and SNPs within
# 110 bases of deletions. Prints a Markdown table, then each length that another caller finds more often.
#   scripts/sweep-indels.sh REFERENCE.fa OUTPUT [SETTING]...
# A setting is READ_LENGTH/DEPTH/SEED, or READ_LENGTH/DEPTH/SEED/beside for SNPs beside deletions. REFERENCE.fa is b37's
# chr20, indexed; the variants lie from 20:21,000,001 on, outside all evaluation regions. DVCALL is the binary.
# Resumable: keeps calls (remove OUTPUT/*/dvcall.vcf for another binary).
# Needs: apt-get install bcftools freebayes samtools python3
set -euo pipefail
[[ $# -ge 2 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
reference=$1 output=$2
shift 2
dvcall=${DVCALL:-$root/target/release/dvcall}
simulation=("$root/scripts/python.sh" -m simulation)
settings=("$@")
[[ $# -gt 0 ]] || settings=(150/{5,10,15,30,60}/1 150/{15,30}/2 150/100/1 150/500/1 {50,75,100,200,250,300}/30/1 {100,150,250}/30/1/beside)

run_setting() {
  local setting=$1 read_length depth seed beside folder=$output/${1//\//_} every=1
  IFS=/ read -r read_length depth seed beside <<< "$setting"
  mkdir -p "$folder"
  # At high depth, every second or eighth length is enough.
  [[ $depth -ge 100 ]] && every=2
  [[ $depth -ge 500 ]] && every=8
  if [[ ! -e $folder/reads.bam.bai ]]; then
    "${simulation[@]}" sweep-make "$reference" "$folder" --read-length "$read_length" --depth "$depth" --seed "$seed" --every "$every" ${beside:+--beside}
    samtools faidx "$folder/ref.fa"
    samtools sort --no-PG -o "$folder/reads.bam" "$folder/reads.sam" 2>"$folder/log"
    samtools index "$folder/reads.bam"
    rm "$folder/reads.sam"
  fi
  for caller in dvcall bcftools freebayes; do
    [[ -e $folder/$caller.vcf ]] || "call_$caller" "$folder"
  done
  "${simulation[@]}" sweep-score "$folder" {dvcall="$folder/dvcall",bcftools="$folder/bcftools",freebayes="$folder/freebayes"}.vcf \
    --setting "$read_length/$depth/$seed" > "$folder/scores.tsv"
}
call_dvcall() { "$dvcall" --quiet call --ref "$1/ref.fa" --reads "$1/reads.bam" --threads 1 --output "$1/dvcall.vcf"; }
# The file gets its final name when it is complete.
call_bcftools() {
  bcftools mpileup -f "$1/ref.fa" -a AD,DP -d 10000 -L 10000 -Ou "$1/reads.bam" 2>>"$1/log" |
    bcftools call -mv -o "$1/new.vcf" 2>>"$1/log"
  mv "$1/new.vcf" "$1/bcftools.vcf"
}
call_freebayes() {
  freebayes -f "$1/ref.fa" "$1/reads.bam" > "$1/new.vcf"
  mv "$1/new.vcf" "$1/freebayes.vcf"
}

for setting in "${settings[@]}"; do run_setting "$setting"; done
cat "$output"/*/scores.tsv > "$output/scores.tsv"
"${simulation[@]}" sweep-table "$output/scores.tsv"
