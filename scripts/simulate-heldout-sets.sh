#!/usr/bin/env bash
# Simulates held-out test sets in OUTPUT, with haplotypes, simulators and quality profiles that no training set uses.
# They lie on chr20:4.0-9.9M, which has no training set, and on chr20:0.1-4.0M, which has the sets of 1000 Genomes
# haplotypes. Most of the latter sets select the epoch or calibrate, and share many variants with the test sets.
# HG002 (GIAB v4.2.1) on GRCh38 chr20:0.1-9.9M and a synthetic person on 0.7 Mb of chr21, sequenced
#   heldout_art_{10,15,30,60}x    by ART, built-in profile HSXn (HiSeq X, PCR-free), 150 bases; lower depths are subsets
#   heldout_art_60x_draw{1..N}    the same with other reads, if DRAWS=N: shows the noise of small strata
#   heldout_dwgsim_30x            by dwgsim, 125 bases, error rate rising from 0.2 to 1.5 % along the read
# aligned to chr20 and chr21 (first 10 Mb of each); HG001 (GIAB v3.3.2) on b37 chr20:4.0-9.9M, sequenced
#   heldout_hg001_{10,15,30}x     by ART, built-in profile HSXt (HiSeq X, TruSeq), 150 bases
#   heldout_hg001_30x_{minimap2,bowtie2}  the reads of heldout_hg001_30x, by other aligners
#   heldout_{nextseq,miseq}_30x   by ART, built-in profiles NS50 (75 bases, 7 % of them below Q15) and MSv3 (250 bases);
#                                 training sets use their quality distributions by cycle with another simulator
#   heldout_wgsim_30x             by wgsim, 100 bases, 0.5 % errors at any base, all of Q17
# aligned to b37 chr20; and heldout_strata{,_hg001}/strata.tsv for dvcall evaluate --stratification. Resumable: keeps
# complete sets.
#   scripts/simulate-heldout-sets.sh OUTPUT
# Needs: apt-get install art-nextgen-simulation-tools dwgsim bwa minimap2 bowtie2 samtools bcftools tabix
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
[[ $# -eq 1 ]] || { sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 2; }
output=$1

prepare_reference() {
  reference=$output/ref/$1
  mkdir -p "$output/ref"
  [[ -e $reference.sa ]] && return
  gzip -dc "$data/reference/$2" > "$reference"
  samtools faidx "$reference"
  bwa index "$reference" 2>"$output/ref/bwa.log"
}

make_hg002() {
  genome=$output/heldout_genome
  [[ -e $genome/truth.vcf.gz.tbi ]] && return
  local truth=$data/truth/HG002_GRCh38_chr20_1-9.9M_GIAB_v4.2.1.vcf.gz simulate=("$here/python.sh" -m simulation reads --ref "$reference" --truth)
  "${simulate[@]}" "$truth" --contig chr20 --within 0.1-9.9 --length 0 --exclude '' --plant 0,0,0 --seed 901 --haplotypes --output "$genome/chr20"
  "${simulate[@]}" "$truth" --contig chr21 --within 5-10 --stretches 6 --length 120000 --exclude '' --plant 0.12,0.05,1 --seed 902 --haplotypes --output "$genome/chr21"
  for haplotype in 0 1; do
    sed 's/^>/>chr20_/' "$genome/chr20/hap$haplotype.fa" > "$genome/hap$haplotype.fa"
    sed 's/^>/>chr21_/' "$genome/chr21/hap$haplotype.fa" >> "$genome/hap$haplotype.fa"
  done
  cat "$genome"/chr2[01]/region.bed > "$genome/region.bed"
  cat "$genome"/chr2[01]/confident.bed > "$genome/confident.bed"
  bcftools concat --no-version "$genome"/chr2[01]/truth.vcf 2>/dev/null | bgzip > "$genome/truth.vcf.gz"
  tabix -p vcf "$genome/truth.vcf.gz"
}

make_hg001() {
  genome=$output/heldout_genome_hg001
  [[ -e $genome/truth.vcf.gz.tbi ]] && return
  "$here/python.sh" -m simulation reads --ref "$reference" --truth "$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz" \
    --within 4.0-9.9 --length 0 --exclude '' --plant 0,0,0 --seed 903 --haplotypes --output "$genome"
  bgzip -f "$genome/truth.vcf"
  tabix -p vcf "$genome/truth.vcf.gz"
}

# Copies all files of a read set except for its reads to a folder.
describe() {
  mkdir -p "$1"
  cp "$genome"/truth.vcf.gz "$genome"/truth.vcf.gz.tbi "$genome"/confident.bed "$genome"/region.bed "$1/"
}

# Arguments: haplotype, profile, depth per haplotype, mean and standard deviation of the insert size, read length.
art_reads() {
  local haplotype=$1
  art_illumina -ss "$2" -i "$genome/hap$haplotype.fa" -p -l "${6:-150}" -f "$3" -m "$4" -s "$5" -na -rs "${seed:-9}$haplotype" \
    -d "h$haplotype-" -o "$genome/art$haplotype." >/dev/null 2>&1
}

dwgsim_reads() {
  local haplotype=$1
  # No mutations, no random reads: the haplotype is the truth.
  dwgsim -z "9$haplotype" -r 0 -R 0 -y 0 -n 10 -C 15 -1 125 -2 125 -d 350 -s 60 -e 0.002-0.015 -E 0.002-0.015 -o 1 -P "h$haplotype" \
    "$genome/hap$haplotype.fa" "$genome/dwgsim$haplotype" >/dev/null 2>&1
}

wgsim_reads() {
  local haplotype=$1
  wgsim -S "4$haplotype" -r 0 -R 0 -X 0 -e 0.005 -1 100 -2 100 -d 300 -s 40 -N "$2" "$genome/hap$haplotype.fa" \
    "$genome/wgsim$haplotype".{1,2}.fq >/dev/null 2>&1
  sed -i "1~4s/^@/@h$haplotype-/" "$genome/wgsim$haplotype".{1,2}.fq
}

# Arguments: name of the set, simulator, and the arguments of the simulator's function after the haplotype.
simulate() {
  local set=$output/$1 simulator=$2
  shift 2
  [[ -e $set/reads.bam.bai ]] && return
  describe "$set"
  "${simulator}_reads" 0 "$@"
  "${simulator}_reads" 1 "$@"
  if [[ $simulator == dwgsim ]]; then
    gzip -dc "$genome"/dwgsim[01].bwa.read1.fastq.gz > "$genome/1.fq"
    gzip -dc "$genome"/dwgsim[01].bwa.read2.fastq.gz > "$genome/2.fq"
  else
    cat "$genome/$simulator"[01].1.fq > "$genome/1.fq"
    cat "$genome/$simulator"[01].2.fq > "$genome/2.fq"
  fi
  rm "$genome/$simulator"[01].*
  "$here/align-reads.sh" "$reference" "$genome/1.fq" "$genome/2.fq" HELDOUT "$set/reads.bam"
  rm "$genome"/[12].fq
}

# Aligns the reads of a set with another aligner.
align_anew() {
  local from=$output/$1 aligner=$2 set=$output/$1_$2
  [[ -e $set/reads.bam.bai ]] && return
  describe "$set"
  samtools collate -u -O "$from/reads.bam" "$set/collating" |
    samtools fastq -n -1 "$genome/1.fq" -2 "$genome/2.fq" -0 /dev/null -s /dev/null -
  "$here/align-reads.sh" "$reference" "$genome/1.fq" "$genome/2.fq" HELDOUT "$set/reads.bam" "$aligner"
  rm "$genome"/[12].fq
}

# Arguments: folder of the strata, and the set whose depth and mapping quality define some of them.
make_strata() {
  [[ -e $1/strata.tsv ]] ||
    "$here/python.sh" -m simulation strata --ref "$reference" --reads "$2/reads.bam" --regions "$genome/region.bed" --output "$1"
}

prepare_reference grch38.fa grch38.chr20_and_21_10M.fa.gz
make_hg002
simulate heldout_art_60x art HSXn 30 420 90
for depth in 30 15 10; do
  "$here/downsample-reads.sh" "$output/heldout_art_60x" "$(python3 -c "print($depth / 60)")" "$output/heldout_art_${depth}x"
done
make_strata "$output/heldout_strata" "$output/heldout_art_30x"
# One more stratum: GIAB's confident regions of HG002 on chr20.
if ! grep -q '^giab_confident' "$output/heldout_strata/strata.tsv"; then
  cp "$data/truth/HG002_GRCh38_chr20_1-9.9M_GIAB_v4.2.1.confident.bed" "$output/heldout_strata/giab_confident.bed"
  printf 'giab_confident\tgiab_confident.bed\n' >> "$output/heldout_strata/strata.tsv"
fi
for draw in $(seq "${DRAWS:-0}"); do
  seed=7$draw simulate "heldout_art_60x_draw$draw" art HSXn 30 420 90
done
simulate heldout_dwgsim_30x dwgsim

prepare_reference b37.chr20.fa b37.chr20.fa.gz
make_hg001
simulate heldout_hg001_30x art HSXt 15 360 80
for depth in 15 10; do
  "$here/downsample-reads.sh" "$output/heldout_hg001_30x" "$(python3 -c "print($depth / 30)")" "$output/heldout_hg001_${depth}x"
done
align_anew heldout_hg001_30x minimap2
align_anew heldout_hg001_30x bowtie2
make_strata "$output/heldout_strata_hg001" "$output/heldout_hg001_30x"
simulate heldout_nextseq_30x art NS50 15 300 60 75
simulate heldout_miseq_30x art MSv3 15 550 90 250
simulate heldout_wgsim_30x wgsim 442500
