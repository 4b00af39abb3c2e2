#!/usr/bin/env bash
# Runs small inputs of kinds that users of variant callers reported as trouble. Each case is a folder with a script
# run.sh BINARY, which prints PASS or FAIL with what it saw and exits 0 or 1. The folder of cases is DVCALL_CASES (default:
# ../shared/cases beside this folder). Without the folder nothing is run, and a line says so.
#   scripts/check-cases.sh BINARY [PATTERN]      PATTERN: only cases whose folder matches it (extended regular expression)
# A case that asks for what dvcall refuses on purpose is named in `refused` below, with the reason, and is not run.
# The cases need samtools, bcftools, tabix, strace, zstd and python3, which are installed if this is run as root.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $# -ge 1 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
binary=$(realpath "$1") pattern=${2:-.}
cases=${DVCALL_CASES:-../shared/cases}

if [[ ! -d $cases ]]; then
  echo "check-cases: SKIPPED: no folder $cases; set DVCALL_CASES" >&2
  [[ ${DVCALL_REQUIRE_DATA:-0} == 1 ]] && exit 1
  exit 0
fi

# Spliced reads: the network takes heterozygous SNPs beside a splice junction for errors, so such reads need --force.
refused='^call/s01_spliced_reads$'

missing=()
for tool in samtools bcftools tabix strace zstd; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  [[ $(id -u) == 0 ]] || { echo "check-cases: please install: ${missing[*]}" >&2; exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# One case: its result on one line.
run_case() {
  local folder name status=0 said
  folder=$(dirname "$2")
  name=$(basename "$(dirname "$folder")")/$(basename "$folder")
  if [[ $name =~ $refused ]]; then
    echo "REFUSED $name: not run, see scripts/check-cases.sh"
    return
  fi
  said=$(timeout 300 bash "$2" "$1" 2>&1) || status=$?
  said=$(tr '\n' ' ' <<< "$said" | cut -c1-400)
  if [[ $status == 0 ]]; then
    echo "PASS $name"
  else
    echo "FAIL $name: $said"
  fi
}
export -f run_case
export refused

results=$(find "$(realpath "$cases")" -mindepth 3 -maxdepth 3 -name run.sh | grep -E "$pattern" | sort |
  xargs -d '\n' -P "$(nproc)" -I{} bash -c 'run_case "$@"' _ "$binary" {})
grep -E '^(FAIL|REFUSED)' <<< "$results" || true
passed=$(grep -c '^PASS' <<< "$results" || true) failed=$(grep -c '^FAIL' <<< "$results" || true)
echo "cases: $passed passed, $failed failed"
[[ $failed == 0 && $passed != 0 ]]
