#!/usr/bin/env bash
# Compares joint genotypes with `bcftools merge -g`, with the joint calling of bcftools and freebayes from the reads, and with the calls of
# each person alone, on the cohort of scripts/simulate-cohort.sh, against the truth. Prints a line for each method, depth and type: true variants missed and
# false calls (dvcall evaluate), missed variants that nobody else has, genotypes that are not called (of the method's
# records), and Mendelian errors of both trios (bcftools +mendelian).
#   scripts/compare-cohort.sh COHORT DVCALL
# FREEBAYES=no leaves freebayes out, which takes more than an hour for a hundred people.
# Needs: apt-get install bcftools freebayes tabix
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ $# -eq 2 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
cohort=$1 dvcall=$2
reference=$cohort/ref/b37.chr20.fa
shopt -s nullglob
mapfile -t people < <(cd "$cohort" && printf '%s\n' person?? deep?? father? mother? child?)
gvcfs=("${people[@]/%//calls.g.vcf.gz}")
gvcfs=("${gvcfs[@]/#/$cohort/}")
bams=("${people[@]/%//reads.bam}")
bams=("${bams[@]/#/$cohort/}")
out=$cohort/compared
methods=(merge joint pedigree bcftools)
[[ ${FREEBAYES:-} == no ]] || methods+=(freebayes)
mkdir -p "$out"

bcftools merge --no-version -g "$reference" -O z -o "$out/merge.vcf.gz" "${gvcfs[@]}"
bcftools index -f -t "$out/merge.vcf.gz"
"$dvcall" joint --quiet --ref "$reference" --output "$out/joint.vcf.gz" "${gvcfs[@]}"
"$dvcall" joint --quiet --ref "$reference" --pedigree "$cohort/cohort.ped" --output "$out/pedigree.vcf.gz" "${gvcfs[@]}"
"$dvcall" joint --quiet --ref "$reference" --preset unfiltered --output "$out/unfiltered.vcf.gz" "${gvcfs[@]}"

if [[ ! -e $out/bcftools.vcf.gz.tbi ]]; then
  bcftools mpileup --no-version -R "$cohort/child1/region.bed" -f "$reference" -a AD,DP -d 2000 "${bams[@]}" 2>/dev/null |
    bcftools call --no-version -mv -O z -o "$out/bcftools.vcf.gz"
  bcftools index -f -t "$out/bcftools.vcf.gz"
fi

# At most four alleles a site, because the alleles of many people cost freebayes hours.
if [[ ${FREEBAYES:-} != no && ! -e $out/freebayes.vcf.gz.tbi ]]; then
  printf '%s\n' "${bams[@]}" > "$out/bams.txt"
  freebayes -f "$reference" -t "$cohort/child1/region.bed" -L "$out/bams.txt" --use-best-n-alleles 4 |
    bcftools view --no-version -i 'QUAL>=20' -Ou | bcftools norm --no-version -f "$reference" -O z -o "$out/freebayes.vcf.gz" - 2>/dev/null
  bcftools index -f -t "$out/freebayes.vcf.gz"
fi

# What somebody carries. FILTER of a merged record is that of all people, so it goes.
for method in "${methods[@]}" unfiltered; do
  bcftools view --no-version -c 1 "$out/$method.vcf.gz" | bcftools annotate --no-version -x FILTER -O z -o "$out/$method.called.vcf.gz"
done

# Scores a person's calls. Arguments: person, method.
score() {
  local calls=$out/$1.$2.calls.vcf.gz
  if [[ $2 == alone ]]; then
    cp "$cohort/$1/calls.vcf.gz" "$calls"
    cp "$cohort/$1/calls.vcf.gz.tbi" "$calls.tbi"
  else
    bcftools view --no-version -s "$1" -a "$out/$2.called.vcf.gz" | bcftools view --no-version -c 1 -O z -o "$calls"
    bcftools index -f -t "$calls"
  fi
  "$dvcall" evaluate --quiet --ref "$reference" --truth "$cohort/$1/truth.vcf.gz" --query "$calls" --sample "$1" \
    --confident "$cohort/$1/confident.bed" --regions "$cohort/$1/region.bed" --output "$out/$1.$2" --threads 1 >/dev/null
}
export -f score
export cohort out dvcall reference
for person in "${people[@]}"; do
  for method in "${methods[@]}" unfiltered alone; do echo "$person $method"; done
done | xargs -P "$(nproc)" -L 1 bash -euo pipefail -c 'score "$@"' score
python3 "$here/compare_cohort.py" "$cohort" "$out" "${people[@]}"
for method in "${methods[@]}"; do
  for trio in 1 2; do
    printf '%s, trio %s: ' "$method" "$trio"
    bcftools +mendelian "$out/$method.vcf.gz" -t "mother$trio,father$trio,child$trio" -m c 2>/dev/null | tail -n 1
  done
done
