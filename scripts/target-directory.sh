#!/usr/bin/env bash
# Prints cargo's target directory. The user's settings may place it outside this folder.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo metadata --format-version 1 --no-deps --offline |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
