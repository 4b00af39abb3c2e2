#!/usr/bin/env bash
# Simulates a cohort in OUTPUT, from 1000 Genomes haplotypes on b37 chr20:1.5-1.8M, to which indels of repeats are added
# with random frequencies: twelve unrelated people at 8x, and two trios at 30x whose children have some twenty new mutations each.
# Variables: SHALLOW, number of people at 8x (12); DEEP, unrelated people at 30x (0); END, end of the stretch in Mb (1.8).
# Then calls each person. OUTPUT/NAME holds reads.bam, truth.vcf.gz, region.bed, calls.vcf.gz and calls.g.vcf.gz;
# OUTPUT/cohort.ped names the trios. Resumable: keeps complete people.
#   scripts/simulate-cohort.sh OUTPUT DVCALL
# Needs: apt-get install bcftools bwa samtools tabix
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
[[ $# -eq 2 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
output=$1 dvcall=$2
shallow=${SHALLOW:-12} deep=${DEEP:-0} stretch=1.5-${END:-1.8}
unrelated=$((shallow + deep))
# Rank of the first parent in the panel.
parents=$((unrelated > 22 ? 2 * unrelated : 44))
panel=$data/haplotypes/1000G_b37_chr20_1-4M.phased.vcf.gz
reference=$output/ref/b37.chr20.fa
profile=$output/profiles/hiseqx.npz

mkdir -p "$output/ref" "$output/profiles"
if [[ ! -e $reference.sa ]]; then
  gzip -dc "$data/reference/b37.chr20.fa.gz" > "$reference"
  samtools faidx "$reference"
  bwa index "$reference" 2>"$output/ref/bwa.log"
fi
[[ -e $profile ]] || "$here/python.sh" -m simulation learn-profile --ref "$data/reference/b37.chr20.fa.gz" --output "$profile" "$data"/reads/train/*
mapfile -t people < <(bcftools query -l "$panel" | head -n $((parents + 16)))
more=$output/panel.vcf.gz
if [[ ! -e $more.tbi ]]; then
  # The panel has few indels: those of a person with planted ones are added to it.
  "$here/python.sh" -m simulation reads --ref "$reference" --truth "$panel" --samples "${people[0]},${people[1]}" --within "$stretch" --length 0 \
    --exclude '' --plant 0.5,0.2,0 --seed 7 --haplotypes --output "$output/donor"
  founders=$(for rank in $(seq 0 $((2 * unrelated - 1))) $(seq "$parents" $((parents + 7))); do echo "${people[$rank]}"; done | paste -sd ,)
  bcftools view -s "$founders" -O z -o "$output/founders.vcf.gz" "$panel"
  bcftools index -t "$output/founders.vcf.gz"
  python3 "$here/cohort_panel.py" "$output/founders.vcf.gz" "$output/donor/truth.vcf" "20:1500001-$(awk "BEGIN { print ${END:-1.8} * 1000000 }")" 7 | bgzip > "$more"
  tabix -p vcf "$more"
fi

# Arguments: name, rank of the panel's people who give the haplotypes, depth, planted variants a kilobase.
person() {
  local name=$1 first=${people[$2]} second=${people[$3]} depth=$4 plant=$5
  "$here/simulate-reads.sh" "$output/$name" "$reference" --truth "$more" --samples "$first,$second" --within "$stretch" --length 0 \
    --exclude '' --plant "$plant" --depth "$depth-$depth" --profile "$profile" --seed "$((7000 + 100 * $2 + $3))"
  [[ -e $output/$name/calls.g.vcf.gz.tbi ]] || "$dvcall" call --quiet --ref "$reference" --reads "$output/$name/reads.bam" \
    --regions "$output/$name/region.bed" --output "$output/$name/calls.vcf.gz" --gvcf "$output/$name/calls.g.vcf.gz"
}

for rank in $(seq 0 $((unrelated - 1))); do
  if ((rank < shallow)); then name=$(printf 'person%02d' "$((rank + 1))") depth=8; else name=$(printf 'deep%02d' "$((rank - shallow + 1))") depth=30; fi
  person "$name" "$((2 * rank))" "$((2 * rank + 1))" "$depth" 0,0,0
done
: > "$output/cohort.ped"
for trio in 1 2; do
  base=$((parents + 4 * (trio - 1)))
  person "father$trio" "$base" "$((base + 1))" 30 0,0,0
  person "mother$trio" "$((base + 2))" "$((base + 3))" 30 0,0,0
  person "child$trio" "$base" "$((base + 2))" 30 0,0.02,0.05
  printf 'trio%s\tchild%s\tfather%s\tmother%s\t0\t0\n' "$trio" "$trio" "$trio" "$trio" >> "$output/cohort.ped"
done
