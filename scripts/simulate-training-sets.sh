#!/usr/bin/env bash
# Simulates the training read sets of scripts/training-sets.tsv in OUTPUT, from the read sets, truth and haplotypes in
# DVCALL_DATA. Resumable: keeps complete sets. SETS names another table.
#   scripts/simulate-training-sets.sh OUTPUT [NAME]...      default: all sets
#   scripts/simulate-training-sets.sh --list                prints the names of all sets
# Needs: apt-get install art-nextgen-simulation-tools bcftools bwa samtools tabix; apt-get also downloads X of b37, 72 MB.
#
# On chr20, `simulation reads` excludes the regions that evaluate the caller (b37 chr20:9.9-10.4M, 36.0-36.1M,
# 38.3-38.5M, 44.8-45.0M); sets of X exclude 20-30M. Before 10.4M, only the 1000 Genomes
# region, 1-4M, is used; the rest is kept for held-out tests.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
table=${SETS:-$here/training-sets.tsv}

# Prints the table without comments and header line. Tabs become `|`, because `read` would skip an empty column.
sets() {
  grep -v '^#' "$table" | tail -n +2 | tr '\t' '|'
}

# Prints the first 70 Mb of X of b37, from the Debian package smalt-examples.
fetch_x() {
  local file=usr/share/doc/smalt/test/data/hs37chrXtrunc.fa.gz folder=$output/ref/smalt
  mkdir -p "$folder"
  (cd "$folder" && apt-get -qq download smalt-examples)
  dpkg-deb --fsys-tarfile "$folder"/smalt-examples_*.deb | tar xO "./$file" | gzip -dc | sed 's/^>X .*/>X/'
  rm -r "$folder"
}

prepare() {
  mkdir -p "$output/ref" "$output/profiles" "$output/unlabelled"
  local name
  for name in b37.chr20 b37.chrX_1-70M hg38.chr1_1-5M; do
    reference=$output/ref/$name.fa
    [[ -e $reference.sa ]] && continue
    case $name in
      b37.chrX_1-70M) fetch_x > "$reference" ;;
      # The file goes on with N to the end of chr1.
      hg38.chr1_1-5M) samtools faidx "$data/reference/$name.fa.gz" chr1:1-5000000 | sed 's/^>.*/>chr1/' > "$reference" ;;
      *) gzip -dc "$data/reference/$name.fa.gz" > "$reference" ;;
    esac
    samtools faidx "$reference"
    bwa index "$reference" 2>"$output/ref/bwa.log"
  done
  reference=$output/ref/b37.chr20.fa
  local train=("$data"/reads/train/*) nova profiles=$output/profiles
  nova=$(echo "$data"/reads/unlabelled/*NovaSeq)
  [[ -e $profiles/hiseqx.npz ]] ||
    "$here/python.sh" -m simulation learn-profile --ref "$data/reference/b37.chr20.fa.gz" --output "$profiles/hiseqx.npz" "${train[@]}"
  if [[ ! -e $profiles/novaseq.npz ]]; then
    # Approximate genotypes are enough to exclude variants while errors are counted.
    ln -sf "$nova"/reads.bam* "$output/unlabelled/"
    bcftools view -i 'GT!="0/0"' -Oz -o "$output/unlabelled/truth.vcf.gz" "$nova"/genotypes.*.vcf.gz
    printf 'chr22\t16600000\t16800000\n' | tee "$output/unlabelled/region.bed" > "$output/unlabelled/confident.bed"
    "$here/python.sh" -m simulation learn-profile --ref "$data/reference/hg38.chr22_16.6-16.8M.fa.gz" --output "$profiles/novaseq.npz" "$output/unlabelled"
  fi
  local system art_length length
  while read -r name system art_length length; do
    [[ -e $profiles/$name.npz ]] || "$here/python.sh" -m simulation art-profile --system "$system" --art-length "$art_length" \
      --length "$length" --base "$profiles/novaseq.npz" --output "$profiles/$name.npz" </dev/null
  done <<'PROFILES'
hiseq1000 HS10 100 101
hiseq2000 HS20 100 101
hiseq2500 HS25 150 150
miseq MSv3 250 250
nextseq NS50 75 75
ga2 GA2 75 75
PROFILES
}

simulate() {
  local name=$1 haplotypes=$2 profile=$3
  shift 3
  local source of=$reference
  case $haplotypes in
    HG001) source=(--truth "$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz") ;;
    HG002) source=(--truth "$data/truth/HG002_b37_chr20_GIAB_v4.2.1_lifted.vcf.gz") ;;
    mix) source=(--truth "$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz" --mate "$data/truth/HG002_b37_chr20_GIAB_v4.2.1_lifted.vcf.gz") ;;
    panel) source=(--truth "$data/haplotypes/1000G_b37_chr20_1-4M.phased.vcf.gz" --samples random2 --within 1-4 --stretches 12 --length 125000 --plant "0.3,0.1,0.15") ;;
    X)
      of=$output/ref/b37.chrX_1-70M.fa
      source=(--contig X --within 2.8-69.8 --exclude 20-30 --plant "0.3,0.15,0.9,0.02")
      ;;
    chr1)
      of=$output/ref/hg38.chr1_1-5M.fa
      source=(--truth "$data/truth/PG_NA12878_hg38_chr1_0.6-5.0M.vcf.gz" --contig chr1 --within 0.65-4.95 --exclude "")
      ;;
  esac
  "$here/simulate-reads.sh" "$output/$name" "$of" "${source[@]}" --profile "$output/profiles/$profile.npz" "$@"
}

if [[ ${1:-} == --list ]]; then
  sets | cut -d '|' -f 1
  exit 0
fi
[[ $# -ge 1 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
output=$1
shift
for wanted in "$@"; do
  sets | grep "^$wanted|" >/dev/null || { echo "simulate-training-sets: unknown set '$wanted'; see $table" >&2; exit 2; }
done
prepare
while IFS='|' read -r name haplotypes profile aligner depth seed options; do
  [[ $# -eq 0 || " $* " == *" $name "* ]] || continue
  arguments=(--depth "$depth")
  [[ $aligner == mem ]] || arguments=(--aligner "$aligner" "${arguments[@]}")
  # shellcheck disable=SC2086  # options are words
  simulate "$name" "$haplotypes" "$profile" "${arguments[@]}" $options --seed "$seed"
done < <(sets)
