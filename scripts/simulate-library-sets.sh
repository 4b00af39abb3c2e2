#!/usr/bin/env bash
# Simulates test sets of other library kinds in OUTPUT, with ART's profiles and with haplotypes and places that no training
# set uses: HG001 with planted variants on b37 chr20:4.0-9.9M, and an invented man on X:20-24M.
#   library_amplicons    60 read pairs an amplicon, all from the same two primers
#   library_rad          single reads of 100 bases behind cut sites, one strand, 40 a site
#   library_exome        pairs of 100 bases on capture targets, 60x
#   library_one_strand   single reads of one strand, 30x
#   library_male_{20,15}x    X of a man
#   library_near         2,000 pairs of neighbours (an indel, and a SNP or indel within ten bases), 30x
#   library_blocks       500 dense blocks of SNPs (10 to 25 in 200 bases, true) and 500 diverged copies with as many
#                        differences (false; half of them at 15x, half at 30x), 30x; copies.bed has the places of the copies
# The regions of the first three are the places with 20 reads or more.
# Resumable: keeps complete sets. Needs OUTPUT/ref/b37.chr20.fa and OUTPUT/ref/b37.chrX_1-70M.fa with bwa indexes, as
# scripts/simulate-training-sets.sh makes them.
#   scripts/simulate-library-sets.sh OUTPUT
# Needs: apt-get install art-nextgen-simulation-tools bwa samtools bcftools tabix
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
[[ $# -eq 1 ]] || { sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 2; }
output=$1
truth=$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz

# Makes a genome. Arguments: name, seed, and more arguments of `simulation reads`. Sets `genome` and `reference`.
genome() {
  genome=$output/library_genome_$1 reference=$output/ref/b37.chr20.fa
  local seed=$2 source=(--truth "$truth" --within 4.0-9.9)
  [[ $1 != man ]] || { reference=$output/ref/b37.chrX_1-70M.fa source=(--contig X --within 20-24); }
  shift 2
  [[ -e $genome/truth.vcf.gz.tbi ]] && return
  "$here/python.sh" -m simulation reads --ref "$reference" "${source[@]}" --exclude '' --seed "$seed" "$@" --haplotypes --output "$genome"
  bgzip -f "$genome/truth.vcf"
  tabix -p vcf "$genome/truth.vcf.gz"
}

pieces() { "$here/python.sh" -m simulation pieces "$@"; }

# Reads of FASTA files by ART, as $genome/1.fq and 2.fq. Arguments: seed, ART's arguments, then -- and the files.
art() {
  local seed=$1 given=() file
  shift
  while [[ $1 != -- ]]; do given+=("$1"); shift; done
  shift
  for file in "$@"; do
    seed=$((seed + 1))
    art_illumina "${given[@]}" -i "$file" -na -rs "$seed" -d "s$seed-" -o "$genome/art." >/dev/null 2>&1
    if [[ -e $genome/art.1.fq ]]; then
      cat "$genome/art.1.fq" >> "$genome/1.fq"
      cat "$genome/art.2.fq" >> "$genome/2.fq"
    else
      cat "$genome/art..fq" >> "$genome/1.fq" # the prefix of paired reads ends in a dot
    fi
    rm "$genome"/art.*fq
  done
}

# Aligns $genome/1.fq and 2.fq to a new set with the genome's truth.
finish() {
  local set=$output/$1
  mkdir -p "$set"
  cp "$genome"/{truth.vcf.gz,truth.vcf.gz.tbi,confident.bed,region.bed} "$set/"
  MARK_DUPLICATES=${2:-yes} "$here/align-reads.sh" "$reference" "$genome/1.fq" "$genome/2.fq" LIBRARY "$set/reads.bam"
  rm -f "$genome"/[12].fq
}

# Keeps the places with 20 reads or more as the regions of a set.
keep_covered() {
  local set=$output/$1
  samtools depth -b "$set/region.bed" "$set/reads.bam" | awk -v OFS='\t' '
    $3 >= 20 { if ($1 == contig && $2 == last + 1) last = $2; else { if (contig) print contig, first - 1, last; contig = $1; first = last = $2 } }
    END { if (contig) print contig, first - 1, last }' > "$set/covered.bed"
  mv "$set/covered.bed" "$set/region.bed"
}

is_made() { [[ -e $output/$1/reads.bam.bai ]]; }

genome varied 921 --stretches 8 --length 250000 --plant 0.3,0.2,1
is_made library_amplicons || {
  pieces --kind amplicons --haplotypes "$genome" --seed 31 --output "$genome/amplicons"
  art 10 -ss MSv3 -amp -p -l 150 -f 30 -- "$genome"/amplicons[01].fa
  finish library_amplicons no
  keep_covered library_amplicons
}
is_made library_rad || {
  pieces --kind cut-sites --haplotypes "$genome" --seed 32 --output "$genome/rad"
  art 20 -ss HS25 -amp -l 100 -f 20 -- "$genome"/rad[01].fa
  finish library_rad no
  keep_covered library_rad
}
is_made library_exome || {
  pieces --kind exome --haplotypes "$genome" --seed 33 --output "$genome/exome"
  art 30 -ss HS20 -p -l 100 -f 30 -m 140 -s 10 -- "$genome"/exome[01].fa
  finish library_exome
  keep_covered library_exome
}
is_made library_one_strand || {
  art 40 -ss HSXt -l 150 -f 30 -- "$genome"/hap[01].fa
  # ART draws the strand: only alignments to the forward strand stay.
  finish library_one_strand no
  samtools view --no-PG -b -F 16 -o "$output/library_one_strand/forward.bam" "$output/library_one_strand/reads.bam"
  mv "$output/library_one_strand/forward.bam" "$output/library_one_strand/reads.bam"
  samtools index "$output/library_one_strand/reads.bam"
}
genome near 922 --stretches 8 --length 250000 --plant 0,0,0,0,0,1.2
is_made library_near || {
  art 50 -ss HSXt -p -l 150 -f 15 -m 380 -s 80 -- "$genome"/hap[01].fa
  finish library_near
}
genome blocks 923 --stretches 8 --length 250000 --plant 0,0,0,0,0.25,0
is_made library_blocks || {
  pieces --kind copies --ref "$reference" --regions "$genome/region.bed" --seed 924 --output "$genome/copies"
  head -n 500 "$genome/copies.fa" > "$genome/faint.fa"
  tail -n +501 "$genome/copies.fa" > "$genome/strong.fa"
  art 60 -ss HSXt -p -l 150 -f 15 -m 380 -s 80 -- "$genome"/hap[01].fa "$genome/faint.fa" "$genome"/strong.fa "$genome"/strong.fa
  finish library_blocks
  cp "$genome/copies.bed" "$output/library_blocks/"
}
genome man 925 --stretches 8 --length 250000 --plant 0.3,0.15,0.9 --ploidy 1
is_made library_male_20x || {
  art 70 -ss HSXt -p -l 150 -f 20 -m 360 -s 80 -- "$genome/hap0.fa"
  finish library_male_20x
}
is_made library_male_15x || {
  "$here/downsample-reads.sh" "$output/library_male_20x" 0.75 "$output/library_male_15x"
}
