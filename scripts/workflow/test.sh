#!/usr/bin/env bash
# Tests the workflow on a small family: lint, a dry run of each profile, a run whose engine is killed, the rerun, and what
# they must give. With `storage` it also runs all with inputs and results in a bucket of a local S3 server.
#   scripts/workflow/test.sh DVCALL [storage]
# Needs: apt-get install art-nextgen-simulation-tools bcftools bwa plink2 samtools tabix
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ $# -ge 1 && -x $1 ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
dvcall=$(realpath "$1")
scratch=$(mktemp -d)
engine='' server=''
end() {
  [[ -z $engine ]] || kill "$engine" 2>/dev/null || true
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  [[ -n ${DVCALL_KEEP:-} ]] || rm -rf "$scratch"
}
trap end EXIT
export XDG_CACHE_HOME=$scratch/cache

fail() { echo "workflow test: $1" >&2; exit 1; }
snakemake() { "$here/snakemake.sh" "$@"; }

# Everything that the workflow takes: samples, genes, and known variants, which are the father's.
write_inputs() {
  printf 'sample\treads\tsex\tfamily\tfather\tmother\ttruth\tconfident\n'
  printf 'sample\tsample.cram\tmale\ttrio\t\t\ttruth.vcf.gz\tconfident.bed\n'
  printf 'mother\tmother.bam\tfemale\ttrio\t\t\tmother.truth.vcf.gz\tmother.confident.bed\n'
  printf 'child\tchild.bam\t\ttrio\tsample\tmother\tchild.truth.vcf.gz\tchild.confident.bed\n'
} > samples.tsv
write_genes() {
  printf '##gff-version 3\n'
  printf 'chrA\tmade\t%s\t%s\t%s\t.\t+\t%s\t%s\n' \
    gene 10001 20000 . 'ID=gene:G1;Name=G1;biotype=protein_coding' \
    mRNA 10001 20000 . 'ID=transcript:T1;Parent=gene:G1;biotype=protein_coding' \
    exon 10001 20000 . 'Parent=transcript:T1' \
    CDS 10501 19500 0 'Parent=transcript:T1'
}
write_known() {
  bcftools view --no-version -G -h truth.vcf.gz | sed '$d'
  printf '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="made up">\n'
  bcftools view --no-version -G -h truth.vcf.gz | tail -n 1
  bcftools view --no-version -G -H truth.vcf.gz | awk -v OFS='\t' '{ $3 = "rs" NR; $8 = "CLNSIG=known" NR; print }'
}
write_settings() {
  cat <<END
samples: samples.tsv
reference: reference.fa
parts: 3
dvcall: $dvcall
threads: 1
genes: genes.gff3.gz
annotations:
  - {file: known.vcf.gz, columns: "ID,INFO/CLNSIG"}
END
}

check_profiles() {
  local profile prefix
  for profile in local slurm aws-batch kubernetes; do
    prefix=()
    case $profile in aws-batch | kubernetes) prefix=(--default-storage-prefix s3://genomes) ;; esac
    snakemake --profile "$profile" --configfile settings.yaml "${prefix[@]}" --dry-run > "$profile.log" 2>&1 || {
      tail -n 20 "$profile.log" >&2
      fail "dry run of the profile $profile"
    }
    grep -q '^call  *9$' "$profile.log" || fail "the dry run of the profile $profile has not 9 jobs of call"
  done
}

# The engine dies when two parts are called. Its jobs, which form a process group with it, go on and end. The rerun must
# keep what is done, and do the rest.
check_kill() {
  local wait=0
  set -m
  "$here/snakemake.sh" --profile local --cores 2 --configfile settings.yaml > first.log 2>&1 &
  engine=$!
  set +m
  until (($(grep -c '^Finished.*Rule: call' first.log) > 1)); do
    kill -0 "$engine" 2>/dev/null || { tail -n 20 first.log >&2; fail "the first run ended by itself"; }
    ((++wait < 3000)) || fail "the first run calls nothing"
    sleep 0.1
  done
  kill -9 "$engine"
  wait "$engine" 2>/dev/null || true
  while kill -0 -- "-$engine" 2>/dev/null; do sleep 0.1; done
  engine=''
  [[ ! -e multiqc.html ]] || fail "the first run was done before it was killed"
  snakemake --profile local --configfile settings.yaml --unlock >/dev/null 2>&1
  snakemake --profile local --cores 2 --configfile settings.yaml > second.log 2>&1 || { tail -n 40 second.log >&2; fail "the rerun"; }
  (($(grep -c '^rule call:\|^localrule call:' second.log) < 9)) || fail "the rerun called all parts again"
  snakemake --profile local --configfile settings.yaml --dry-run 2>&1 | grep -q 'Nothing to be done' || fail "a third run would do something"
}

records() { bcftools view --no-version -H "$1"; }

# The same cohort without parts and without the workflow.
check_cohort() {
  local name
  mkdir -p "$scratch/whole"
  for name in sample:cram:male mother:bam:female child:bam:auto; do
    IFS=: read -r name extension sex <<< "$name"
    "$dvcall" call --quiet --ref reference.fa --reads "$name.$extension" --sex "$sex" \
      --output "$scratch/whole/$name.vcf.gz" --gvcf "$scratch/whole/$name.g.vcf.gz"
    cmp <(records "calls/$name.vcf.gz") <(records "$scratch/whole/$name.vcf.gz") || fail "the calls of $name differ from one run of dvcall call"
  done
  "$dvcall" joint --quiet --ref reference.fa --pedigree cohort/cohort.ped --output "$scratch/whole/cohort.vcf.gz" \
    "$scratch"/whole/{sample,mother,child}.g.vcf.gz
  cmp <(records "$1/cohort.vcf.gz") <(records "$scratch/whole/cohort.vcf.gz") || fail "the cohort differs from one run of dvcall joint"
}

check_results() {
  local word
  local same='%CHROM %POS %REF %ALT %QUAL %FILTER[ %GT %PL %RNC]\n'
  cmp <(bcftools query -f "$same" cohort/cohort.vcf.gz) <(bcftools query -f "$same" cohort/annotated.vcf.gz) ||
    fail "the annotated cohort has other genotypes"
  (($(bcftools view -H -i 'CLNSIG!="."' cohort/annotated.vcf.gz | wc -l) > 100)) || fail "known variants are not annotated"
  bcftools query -f '%BCSQ\n' cohort/annotated.vcf.gz | grep -q 'missense|G1|' || fail "consequences are missing"
  for word in sample mother child hap.py Bcftools Samtools 'dvcall: cohort' 'child and sample' 'first degree'; do
    grep -q "$word" multiqc.html || fail "the MultiQC page lacks '$word'"
  done
  ! grep -q '"NO"' quality/dvcall_kinship_mqc.json || fail "the kinship disagrees with the table"
  for word in sample mother child; do
    awk -F , '$2 == "PASS" && $11 < 0.95 { bad = 1 } END { exit bad }' "evaluation/$word.summary.csv" || fail "recall of $word below 0.95"
    [[ -s reports/$word.html ]] || fail "no report of $word"
  done
}

# A job that fails must leave nothing, and must not touch what others made.
check_failure() {
  echo 'no genes' | bgzip > broken.gz
  ! snakemake --profile local --configfile settings.yaml --config genes=broken.gz --retries 1 cohort/annotated.vcf.gz > failure.log 2>&1 ||
    fail "broken genes were accepted"
  grep -q 'Trying to restart job' failure.log || fail "a failed job was not repeated"
  ! compgen -G 'annotated/*.vcf.gz' >/dev/null || fail "a failed job left its output"
  [[ -s cohort/cohort.vcf.gz ]] || fail "a failed job removed the cohort"
}

# All in the bucket: a folder with the table and the settings only.
check_storage() {
  mkdir "$scratch/remote"
  cp samples.tsv settings.yaml "$scratch/remote"
  cd "$scratch/remote"
  snakemake --profile local --configfile settings.yaml --default-storage-provider s3 --default-storage-prefix s3://genomes \
    --shared-fs-usage none --cores 2 > run.log 2>&1 || { tail -n 40 run.log >&2; fail "the run with storage"; }
  snakemake --profile local --configfile settings.yaml --default-storage-provider s3 --default-storage-prefix s3://genomes \
    --shared-fs-usage none --dry-run 2>&1 | grep -q 'Nothing to be done' || fail "a second run with storage would do something"
}

"$here/simulate-family.sh" "$scratch/family"
cd "$scratch/family"
write_inputs
write_genes | bgzip > genes.gff3.gz
write_known | bgzip > known.vcf.gz
tabix -p vcf known.vcf.gz
write_settings > settings.yaml
cp -r "$scratch/family" "$scratch/run"
coproc SERVER { exec "$here/../python.sh" "$here/../../tests/needs/s3_server.py" "$scratch/family" 2>"$scratch/server.log"; }
server=$SERVER_PID
read -r port <&"${SERVER[0]}" || { cat "$scratch/server.log" >&2; fail "the S3 server does not start"; }
export SNAKEMAKE_STORAGE_S3_ENDPOINT_URL=http://127.0.0.1:$port SNAKEMAKE_STORAGE_S3_ACCESS_KEY=test SNAKEMAKE_STORAGE_S3_SECRET_KEY=test
cd "$scratch/run"
snakemake --configfile settings.yaml --lint > lint.log 2>&1 || { cat lint.log >&2; fail "lint"; }
check_profiles
check_kill
check_cohort cohort
check_results
check_failure
[[ ${2:-} != storage ]] || check_storage
echo "workflow test: all passed"
