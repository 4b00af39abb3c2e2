#!/usr/bin/env bash
# Links for older systems: zig knows the symbol versions of every glibc.
#
# The C++ libraries come from the compiler, not from zig, because torch-sys's C++ part and libtorch share libstdc++.
# This machine's C++ libraries need a newer glibc. This does not matter, because each system uses its own libraries at
# run time.
set -euo pipefail

arguments=()
for argument in "$@"; do
  case $argument in
    -lstdc++) arguments+=("$(c++ -print-file-name=libstdc++.so)") ;;
    -lgcc_s) arguments+=("$(c++ -print-file-name=libgcc_s.so.1)") ;;
    *) arguments+=("$argument") ;;
  esac
done
PYTHONPATH=$(dirname "$0")/../../.tools/zig exec python3 -m ziglang cc -target "$(uname -m)-linux-gnu.$GLIBC" \
  -Wl,--allow-shlib-undefined "${arguments[@]}"
