#!/usr/bin/env bash
# Makes dvcall-VERSION-MACHINE-linux.tar.xz: the executable, its libraries, completions, manual pages and licences. It
# runs from any folder, on any Linux with glibc 2.28 or newer, and libstdc++ of GCC 8 or newer.
#   scripts/package.sh [FOLDER]       output folder; default: dist
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-dist}
export GLIBC=2.28               # libtorch's own minimum; scripts/package/linker.sh reads it
newest_libstdcxx=3.4.25         # GCC 8, the compiler of systems with glibc 2.28
ziglang=ziglang==0.17.1 zig=$PWD/.tools/zig

die() { printf 'package: %s\n' "$1" >&2; exit 1; }

build() {
  local host=$1 target=$2
  [[ -e $zig/$ziglang ]] || {
    rm -rf "$zig"
    python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --target "$zig" "$ziglang"
    touch "$zig/$ziglang"
  }
  c++ -c -O2 -std=c++17 -o "$zig/older-systems.o" scripts/package/older-systems.cpp
  # PyPI's package of libgomp lacks the file name that linkers need.
  ln -sf "$PWD/.torch/torch/lib/libgomp.so.1" "$zig/libgomp.so"
  # The C libraries are built from the crates' own sources and linked statically.
  # shellcheck disable=SC2016  # $ORIGIN is for the loader
  LIBDEFLATE_NO_PKG_CONFIG=1 BZIP2_NO_PKG_CONFIG=1 DVCALL_RUNPATH='$ORIGIN/../lib' \
    cargo rustc --release --locked --bin dvcall --target-dir "$target" \
    --config "target.$host.linker='$PWD/scripts/package/linker.sh'" -- \
    -C link-arg="$zig/older-systems.o" -L "native=$zig"
}

copy_libraries() {
  local tree=$1 name path
  LD_LIBRARY_PATH=.torch/torch/lib ldd "$tree/bin/dvcall" > "$tree/needed"
  while read -r name path; do
    case $path in
      *.torch/*) install -D -m 755 "$path" "$tree/lib/$name" ;;
      *) case $name in
        libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libutil.so.1 | libgcc_s.so.1 | libstdc++.so.6) ;;
        *) die "the executable needs $name, which other systems may not have" ;;
      esac ;;
    esac
  done < <(sed -n 's/^\t\([^ /]*\) => \(.*\) (.*/\1 \2/p' "$tree/needed")
  rm "$tree/needed"
}

write_manual() {
  local tree=$1 share=$1/share command shell=(bash zsh fish)
  local places=(bash-completion/completions/dvcall zsh/site-functions/_dvcall fish/vendor_completions.d/dvcall.fish)
  mkdir -p "$share/man/man1"
  "$tree/bin/dvcall" man > "$share/man/man1/dvcall.1"
  for command in $("$tree/bin/dvcall" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
    [[ $command == help ]] || "$tree/bin/dvcall" man "$command" > "$share/man/man1/dvcall-$command.1"
  done
  for i in "${!shell[@]}"; do
    install -D -m 644 <("$tree/bin/dvcall" completions "${shell[i]}") "$share/${places[i]}"
  done
}

copy_licences() {
  local host=$1 folder=$2/share/doc/dvcall htslib
  mkdir -p "$folder/licences"
  cp README.md CHANGELOG.md LICENSE "$folder"
  htslib=$(sed -n 's/^rustc-env = { OUT_DIR = "\(.*\)" }.*/\1/p' .cargo/config.toml)
  cp "$htslib/LICENSE" "$folder/licences/htslib"
  cp .torch/torch-*.dist-info/licenses/LICENSE "$folder/licences/libtorch"
  cp .torch/torch-*.dist-info/licenses/NOTICE "$folder/licences/libtorch-notice"
  cp .torch/nvidia_cuda_runtime-*.dist-info/licenses/License.txt "$folder/licences/libcudart"
  cp .torch/nvidia_cuda_cupti-*.dist-info/licenses/License.txt "$folder/licences/libcupti"
  {
    echo "lib/libgomp.so.1 is a part of GCC, unchanged from PyPI's package torch. Its source: https://gcc.gnu.org/releases.html"
    cat /usr/share/doc/libgomp1/copyright /usr/share/common-licenses/GPL-3
  } > "$folder/licences/libgomp"
  python3 scripts/package/licences.py "$host" > "$folder/licences/rust-crates"
}

# Prints the highest version of a kind of symbol that the files need from the system's libraries.
highest() { objdump -T "${@:2}" | grep -oE "\(?$1_[0-9.]+" | sed 's/.*_//' | sort -uV | tail -n 1; }

check_versions() {
  local files=("$1"/bin/dvcall "$1"/lib/*) glibc libstdcxx
  glibc=$(highest GLIBC "${files[@]}") libstdcxx=$(highest GLIBCXX "${files[@]}")
  [[ $(printf '%s\n' "$glibc" "$GLIBC" | sort -V | tail -n 1) == "$GLIBC" ]] || die "the executable or a library needs glibc $glibc, which is newer than $GLIBC"
  [[ $(printf '%s\n' "$libstdcxx" "$newest_libstdcxx" | sort -V | tail -n 1) == "$newest_libstdcxx" ]] ||
    die "the executable or a library needs GLIBCXX_$libstdcxx, which is newer than $newest_libstdcxx"
  echo "package: needs glibc $glibc and GLIBCXX_$libstdcxx" >&2
}

scripts/setup.sh
host=$(rustc -vV | sed -n 's/^host: //p')
target=$(scripts/target-directory.sh)/package
build "$host" "$target"
version=$(LD_LIBRARY_PATH=.torch/torch/lib "$target/release/dvcall" --version)
name=dvcall-${version#dvcall }-${host%%-*}-linux
tree=$target/$name
rm -rf "$tree"
install -D -m 755 "$target/release/dvcall" "$tree/bin/dvcall"
copy_libraries "$tree"
write_manual "$tree"
copy_licences "$host" "$tree"
check_versions "$tree"
mkdir -p "$output"
tar -C "$target" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -cf - "$name" |
  xz -T0 -9 > "$output/$name.tar.xz.new"
mv "$output/$name.tar.xz.new" "$output/$name.tar.xz"
echo "package: $output/$name.tar.xz, $(du -h "$output/$name.tar.xz" | cut -f 1) ($(du -sh "$tree" | cut -f 1) unpacked)" >&2
