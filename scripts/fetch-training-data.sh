#!/usr/bin/env bash
# Downloads public training data to OUTPUT: GRCh38 chr20, GIAB v4.2.1 truth of HG001 (NA12878) and HG002, and the chr20
# reads of both (NovaSeq, PCR-free, 30x; Baid et al. 2020). About 6 GB. Each sample becomes a read set for
# scripts/train-model.sh: reads.bam, truth.vcf.gz (indexed), confident.bed, region.bed.
#   scripts/fetch-training-data.sh OUTPUT
# Resumable: keeps complete files and continues partial ones (reads in pieces of 4 Mb). OUTPUT/checksums.sha256 stores
# every file's SHA-256, which later runs check. The chr20 sequence must have the MD5 from BAM headers.
# Mirrors: REFERENCE_URL, TRUTH_BASE_URL, READS_BASE_URL. Another contig: CONTIG, CONTIG_LENGTH, CONTIG_MD5.
# Needs: curl, samtools (with libcurl), bcftools, tabix
set -euo pipefail
[[ $# -eq 1 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
mkdir -p "$1"
cd "$1"

: "${REFERENCE_URL:=https://ftp.ncbi.nlm.nih.gov/genomes/all/GCA/000/001/405/GCA_000001405.15_GRCh38/seqs_for_alignment_pipelines.ucsc_ids/GCA_000001405.15_GRCh38_no_alt_analysis_set.fna.gz}"
: "${TRUTH_BASE_URL:=https://ftp-trace.ncbi.nlm.nih.gov/ReferenceSamples/giab/release}"
: "${READS_BASE_URL:=https://storage.googleapis.com/brain-genomics-public/research/sequencing/grch38/bam/novaseq/wgs_pcr_free/30x}"
: "${CONTIG:=chr20}" "${CONTIG_LENGTH:=64444167}"
: "${CONTIG_MD5:=b18e6c531b0bd70e949a7fc20859cb01}" # of the upper-case sequence, as in the M5 tag of @SQ lines
contig=$CONTIG length=$CONTIG_LENGTH piece=4000000

die() { printf 'fetch-training-data: %s\n' "$1" >&2; exit 1; }

# Stores the checksum of a new file.
store_checksum() {
  [[ ! -e checksums.sha256 ]] || sed -i "\\|  $1\$|d" checksums.sha256
  sha256sum "$1" >> checksums.sha256
}

fetch() {
  local url=$1 file=$2
  [[ -e $file ]] && return
  echo "fetching $file" >&2
  # A complete part remains if a run ends between download and renaming. Servers refuse to continue it (HTTP 416).
  local size status=0
  size=$(curl --silent --fail --location --head "$url" | tr -d '\r' | sed -n 's/^[Cc]ontent-[Ll]ength: //p' | tail -n 1) || true
  if [[ ! -e $file.part || $(stat -c %s "$file.part") != "$size" ]]; then
    curl --fail --location --retry 5 --retry-delay 10 --continue-at - --output "$file.part" "$url" || status=$?
  fi
  ((status == 0)) || die "$url ended early (curl $status); run the script again to continue"
  mv "$file.part" "$file"
  store_checksum "$file"
}

fetch_reference() {
  [[ -e $contig.fa.fai ]] && return
  fetch "$REFERENCE_URL" genome.fna.gz
  gzip -dc genome.fna.gz | awk -v name=">$contig" '/^>/ { keep = $1 == name } keep' > "$contig.fa.part"
  local md5
  md5=$(grep -v '^>' "$contig.fa.part" | tr -d '\n' | tr '[:lower:]' '[:upper:]' | md5sum | cut -d' ' -f1)
  if [[ $md5 != "$CONTIG_MD5" ]]; then
    rm "$contig.fa.part" genome.fna.gz
    die "$contig of $REFERENCE_URL has MD5 $md5, not $CONTIG_MD5; try a mirror (REFERENCE_URL)"
  fi
  mv "$contig.fa.part" "$contig.fa"
  samtools faidx "$contig.fa"
}

fetch_truth() {
  local set=$1 folder=$2 name=$3 bed=$4
  [[ -e $set/truth.vcf.gz.tbi && -e $set/confident.bed ]] && return
  fetch "$TRUTH_BASE_URL/$folder/NISTv4.2.1/GRCh38/$name.vcf.gz" "$name.vcf.gz"
  fetch "$TRUTH_BASE_URL/$folder/NISTv4.2.1/GRCh38/$name.vcf.gz.tbi" "$name.vcf.gz.tbi"
  fetch "$TRUTH_BASE_URL/$folder/NISTv4.2.1/GRCh38/$bed" "$bed"
  bcftools view --no-version -r "$contig" -Oz -o "$set/truth.vcf.gz" "$name.vcf.gz"
  grep -P "^$contig\t" "$bed" > "$set/confident.bed"
  printf '%s\t0\t%s\n' "$contig" "$length" > "$set/region.bed"
  tabix -f -p vcf "$set/truth.vcf.gz"
}

fetch_reads() {
  local set=$1 url=$READS_BASE_URL/$1.novaseq.pcr-free.30x.dedup.grch38.bam start end part parts=()
  [[ -e $set/reads.bam.bai ]] && return
  fetch "$url.bai" "$set.bai"
  for ((start = 1; start <= length; start += piece)); do
    end=$((start + piece - 1)) part=$set/piece.$start.bam
    parts+=("$part")
    [[ -e $part ]] && continue
    echo "fetching $set $contig:$start-$end" >&2
    # Only reads that start in the piece, so that no read occurs twice.
    samtools view -b -e "pos >= $start && pos <= $end" -o "$part.new" -X "$url" "$set.bai" "$contig:$start-$end"
    samtools quickcheck "$part.new"
    mv "$part.new" "$part"
  done
  samtools cat -o "$set/reads.bam.new" "${parts[@]}"
  mv "$set/reads.bam.new" "$set/reads.bam"
  samtools index "$set/reads.bam"
  store_checksum "$set/reads.bam"
  rm "${parts[@]}"
}

if [[ -e checksums.sha256 ]]; then
  changed=$(sha256sum --check --quiet --ignore-missing checksums.sha256 2>/dev/null) || true
  [[ -z $changed ]] || die "files changed since they were fetched; remove them and run the script again: ${changed//$'\n'/, }"
fi
mkdir -p HG001 HG002
fetch_reference
fetch_truth HG001 NA12878_HG001 HG001_GRCh38_1_22_v4.2.1_benchmark HG001_GRCh38_1_22_v4.2.1_benchmark.bed
fetch_truth HG002 AshkenazimTrio/HG002_NA24385_son HG002_GRCh38_1_22_v4.2.1_benchmark HG002_GRCh38_1_22_v4.2.1_benchmark_noinconsistent.bed
fetch_reads HG001
fetch_reads HG002
echo "read sets: $PWD/HG001 $PWD/HG002; reference: $PWD/$contig.fa" >&2
