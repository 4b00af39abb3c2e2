#!/usr/bin/env bash
# Runs the main workflow from a fresh clone: sets up, builds, calls variants on the bundled sample with the built-in
# model, and scores the calls against the sample's truth. Writes results to demo-output/.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cargo build --release --locked

sample=tests/sample output=demo-output
dvcall=$(scripts/target-directory.sh)/release/dvcall
mkdir -p "$output"
"$dvcall" call --ref "$sample/reference.fa" --reads "$sample/sample.bam" --output "$output/calls.vcf.gz"
"$dvcall" evaluate --ref "$sample/reference.fa" --truth "$sample/truth.vcf.gz" --confident "$sample/confident.bed" \
  --query "$output/calls.vcf.gz" --output "$output/evaluation"

echo "Called variants: $output/calls.vcf.gz"
