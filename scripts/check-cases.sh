#!/usr/bin/env bash
# Runs small test cases that users of variant callers reported as problems. Each case is a folder with a script run.sh
# BINARY, which prints PASS or FAIL with details and exits with 0 or 1. DVCALL_CASES is the folder of the cases
# (default: ../shared/cases next to this checkout). If the folder is missing, prints a line and runs nothing.
#   scripts/check-cases.sh BINARY [PATTERN]      PATTERN: only folders that match this extended regular expression
# `excluded` below names cases whose expectation dvcall does not share, and why; they are not run.
# Needs samtools, bcftools, tabix, strace, zstd and python3; installs missing ones if run as root.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $# -ge 1 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
binary=$(realpath "$1") pattern=${2:-.}
cases=${DVCALL_CASES:-../shared/cases}

if [[ ! -d $cases ]]; then
  echo "check-cases: SKIPPED: cannot find folder $cases; set DVCALL_CASES" >&2
  [[ ${DVCALL_REQUIRE_DATA:-0} == 1 ]] && exit 1
  exit 0
fi

# s01: spliced reads need --force, because the network calls heterozygous SNPs next to a splice junction errors.
# b02: the case wants .list and .interval_list refused; dvcall reads them (docs/regions.md).
excluded='^call/(s01_spliced_reads|b02_bed_errors)$'

missing=()
for tool in samtools bcftools tabix strace zstd; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  [[ $(id -u) == 0 ]] || { echo "check-cases: missing tools; install: ${missing[*]}" >&2; exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Runs one case and prints its result on one line.
run_case() {
  local folder name status=0 output
  folder=$(dirname "$2")
  name=$(basename "$(dirname "$folder")")/$(basename "$folder")
  if [[ $name =~ $excluded ]]; then
    echo "EXCLUDED $name: not run, see scripts/check-cases.sh"
    return
  fi
  output=$(timeout 300 bash "$2" "$1" 2>&1) || status=$?
  output=$(tr '\n' ' ' <<< "$output" | cut -c1-400)
  if [[ $status == 0 ]]; then
    echo "PASS $name"
  else
    echo "FAIL $name: $output"
  fi
}
export -f run_case
export excluded

results=$(find "$(realpath "$cases")" -mindepth 3 -maxdepth 3 -name run.sh | grep -E "$pattern" | sort |
  xargs -d '\n' -P "$(nproc)" -I{} bash -c 'run_case "$@"' _ "$binary" {})
grep -E '^(FAIL|EXCLUDED)' <<< "$results" || true
passed=$(grep -c '^PASS' <<< "$results" || true) failed=$(grep -c '^FAIL' <<< "$results" || true)
echo "cases: $passed passed, $failed failed"
[[ $failed == 0 && $passed != 0 ]]
