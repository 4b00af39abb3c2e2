#!/usr/bin/env bash
# Makes a small family in OUTPUT for the workflow's test: the bundled sample is the father; a mother and a child are
# simulated on its chrA, at 20x. Their truth is known. The same tools give the same bytes.
#   scripts/workflow/simulate-family.sh OUTPUT
# Needs: apt-get install art-nextgen-simulation-tools bcftools bwa samtools tabix
set -euo pipefail
scripts=$(cd "$(dirname "$0")/.." && pwd)
[[ $# -eq 1 ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
for tool in art_illumina bcftools bgzip bwa samtools tabix; do
  command -v "$tool" >/dev/null || { echo "simulate-family: $tool is not installed; see the top of $0" >&2; exit 1; }
done
mkdir -p "$1"
cd "$1"
cp "$scripts"/../tests/sample/* .
bwa index reference.fa 2>/dev/null

# Arguments: name, VCF of the haplotypes, number of the draw, further arguments of the simulation.
person() {
  local name=$1 truth=$2 seed=$3 haplotype
  shift 3
  "$scripts/python.sh" -m simulation reads --ref reference.fa --truth "$truth" --contig chrA --within 0-0.06 --length 0 --exclude '' \
    --seed "$seed" --haplotypes --sample "$name" --output "$name" "$@" >/dev/null
  for haplotype in 0 1; do
    art_illumina -ss HSXt -i "$name/hap$haplotype.fa" -p -l 150 -f 10 -m 380 -s 60 -na -rs "$seed$haplotype" \
      -d "h$haplotype-" -o "$name/h$haplotype." >/dev/null 2>&1
  done
  cat "$name"/h[01].1.fq > "$name/1.fq"
  cat "$name"/h[01].2.fq > "$name/2.fq"
  "$scripts/align-reads.sh" reference.fa "$name/1.fq" "$name/2.fq" "$name" "$name.bam"
  bgzip -c "$name/truth.vcf" > "$name.truth.vcf.gz"
  tabix -p vcf "$name.truth.vcf.gz"
  cp "$name/confident.bed" "$name.confident.bed"
  rm -r "$name"
}

# The mother's haplotypes have each of the father's variants with a chance of one half, as if the variants were common, so
# that the kinship of the three means something. She also has variants of her own.
draw_genotypes() {
  python3 -c '
import random, sys

draw = random.Random(31)
for line in sys.stdin:
    fields = line.rstrip().split("\t")
    if line.startswith("#CHROM"):
        fields[9] = "nobody"
    elif not line.startswith("#"):
        alleles = fields[4].count(",") + 1
        fields[9] = "|".join(str(draw.randint(0, alleles)) for _ in "12")
    print(*fields, sep="\t")'
}
bcftools view --no-version truth.vcf.gz chrA | draw_genotypes | bgzip > nobody.vcf.gz
tabix -p vcf nobody.vcf.gz
person mother nobody.vcf.gz 31 --plant 0.05,0.05,0.4
bcftools merge --no-version -0 truth.vcf.gz mother.truth.vcf.gz -O z -o parents.vcf.gz
tabix -p vcf parents.vcf.gz
person child parents.vcf.gz 32 --samples sample,mother --plant 0,0,0
