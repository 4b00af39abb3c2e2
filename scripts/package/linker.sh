#!/usr/bin/env bash
# Links for older systems: zig brings what the linker must know of every glibc.
#
# The C++ libraries are those of the compiler, not zig's: torch-sys's C++ part and libtorch share libstdc++. They need a newer glibc
# on this machine, which is no matter as the system where dvcall runs has its own.
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
