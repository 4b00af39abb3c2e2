#!/usr/bin/env bash
# Validates the built-in model (dvcall validate) on the bundled sample and on the real validation sets in DVCALL_DATA,
# against the accepted state models/accepted.json. Fails if something got worse.
#   scripts/validate.sh OUTPUT [arguments of dvcall validate]     --accept accepts the outcome, for a new model
# Without DVCALL_DATA (default: ../shared/data next to this checkout) only the bundled sample is validated, without
# comparison. DVCALL is the binary (default: target/release/dvcall).
set -euo pipefail
[[ $# -ge 1 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
data=${DVCALL_DATA:-$root/../shared/data}
dvcall=${DVCALL:-$root/target/release/dvcall}
output=$1
shift
mkdir -p "$output"
accepted=$root/models/accepted.json

# Prints a set of the plan. Arguments: name, reference, folder of the set, more lines.
set_of() {
  printf '[[set]]\nname = "%s"\nref = "%s"\nreads = ["%s"]\ntruth = "%s"\nconfident = "%s"\n%s\n' "$1" "$2" "$3/${5:-reads}.bam" \
    "$3/truth.vcf.gz" "$3/confident.bed" "$4"
}

sets() {
  set_of sample "$root/tests/sample/reference.fa" "$root/tests/sample" $'thinned = [0.5, 0.3]\nrepeats = [1, 3]' sample
  [[ -d $data/reads/validation ]] || return 0
  local folder name reference
  for folder in "$data"/reads/validation/*/; do
    name=$(basename "$folder")
    case $name in *_hg19_*) reference=ucsc.hg19.chr20.unittest.fasta.gz ;; *) reference=b37.chr20.fa.gz ;; esac
    set_of "$name" "$data/reference/$reference" "${folder%/}" "regions = [\"${folder}region.bed\"]"
  done
}

[[ -d $data/reads/validation ]] || {
  echo "validate: no comparison, because the validation sets are not in $data/reads/validation" >&2
  accepted=none.json
}
{
  printf 'name = "dvcall"\naccepted = "%s"\nhistory = "history.jsonl"\n' "$accepted"
  sets
} > "$output/plan.toml"
"$dvcall" --quiet validate "$output/plan.toml" --output "$output" "$@"
