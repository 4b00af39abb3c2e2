#!/usr/bin/env bash
# Runs Snakemake on this workflow, in the current folder. The first run installs the packages of requirements.txt.
#   scripts/workflow/snakemake.sh --profile local|slurm|aws-batch|kubernetes [--configfile FILE] [arguments of Snakemake]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
arguments=()
while [[ $# -gt 0 ]]; do
  if [[ $1 == --profile && -d $here/profiles/${2:-} ]]; then arguments+=(--profile "$here/profiles/$2"); shift; else arguments+=("$1"); fi
  shift
done
export DVCALL_REQUIREMENTS=$here/requirements.txt
exec "$here/../python.sh" -m snakemake --snakefile "$here/Snakefile" "${arguments[@]}"
