#!/usr/bin/env bash
# Has libtorch loaded when it is first used, not when dvcall starts: its initialisers take a fifth of a second.
#
# torch-sys links its C++ glue into the executable, and the glue needs libtorch. Here the glue becomes a shared library beside
# libtorch, and a libtch.a takes its place whose functions open that library at their first call. Prints the lines for
# .cargo/config.toml that have cargo link it instead of running torch-sys's build script; without them, and where there is no
# lazy-torch.S for the machine, the ordinary build goes on as ever.
#   scripts/lazy-torch.sh           called by scripts/setup.sh
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
[[ $host == x86_64-unknown-linux-gnu ]] || exit 0

# The very sources that Cargo.lock names, so that they fit what torch-sys declares.
read -r version sources < <(cargo metadata --quiet --locked --format-version 1 --filter-platform "$host" | python3 -c '
import json, os, sys
sys_crate = next(p for p in json.load(sys.stdin)["packages"] if p["name"] == "torch-sys")
print(sys_crate["version"], os.path.dirname(sys_crate["manifest_path"]) + "/libtch")')

torch=$PWD/.torch/torch
library=libtch-$version.so # an executable with functions of another version must not find this one
key=$(cat scripts/lazy-torch.* <(echo "$version") | sha256sum | cut -c 1-16)
archive=$PWD/.torch/lazy/$key # a folder of its own, as cargo links again when the path changes, not when the file does

build() {
  local work
  work=$(mktemp -d .torch/lazy.XXXXXX)
  # shellcheck disable=SC2064  # the folder of now is meant
  trap "rm -rf '$work'" EXIT
  echo "setup: torch-sys $version, to be loaded when needed" >&2
  # Flags as in torch-sys's build.rs, but for -O1: the glue only hands arguments on, and compiles in three quarters of the time.
  printf '%s\n' torch_api_generated torch_api | xargs -P "$(nproc)" -I{} \
    c++ -c -O1 -fPIC -w -std=c++17 -D_GLIBCXX_USE_CXX11_ABI=1 -DGLOG_USE_GLOG_EXPORT \
    -I "$torch/include" -I "$torch/include/torch/csrc/api/include" "$sources/{}.cpp" -o "$work/{}.o"
  # torch-sys's streams call back into the executable, which a library cannot. dvcall uses none; false is their error.
  nm "$work"/*.o | sed -n 's/^ *U \(tch_.*\)/_Bool \1(void) { return 0; }/p' | sort -u > "$work/streams.c"
  cc -c -fPIC -fvisibility=hidden -o "$work/streams.o" "$work/streams.c"
  # Not libtorch_cuda: dvcall opens it itself, where the libraries that it needs are there.
  # shellcheck disable=SC2016  # $ORIGIN is for the loader
  c++ -shared -s -Wl,-z,defs -Wl,-soname,"$library" -Wl,-rpath,'$ORIGIN' -o "$work/$library" "$work"/*.o \
    -L "$torch/lib" -ltorch_cpu -lc10
  cp scripts/lazy-torch.S "$work/functions.S"
  nm -D --defined-only "$work/$library" | sed -n 's/.* T \([a-z]\)/function \1/p' >> "$work/functions.S"
  cc -c -o "$work/functions.o" "$work/functions.S"
  cc -c -O2 -fPIC -Wall -Werror -DLIBRARY="\"$library\"" -o "$work/loader.o" scripts/lazy-torch.c
  ar rcs "$work/libtch.a" "$work/functions.o" "$work/loader.o"
  mkdir -p "$archive"
  mv "$work/$library" "$torch/lib/$library"
  mv "$work/libtch.a" "$archive/libtch.a"
}
[[ -e $torch/lib/$library && -e $archive/libtch.a ]] || build

cat <<TOML

[target.$host.tch]
rustc-link-search = ["native=$archive"]
rustc-link-lib = ["static=tch"]
libtorch_lib = "$torch/lib"
TOML
