#!/usr/bin/env bash
# Prints where cargo puts what it builds: settings of the user may place it outside of this folder.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo metadata --format-version 1 --no-deps --offline |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
