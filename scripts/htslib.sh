#!/usr/bin/env bash
# Makes cargo link a current htslib instead of the 1.19.1 inside hts-sys, because that version's CRAM decoder has
# published memory errors (see SECURITY.md), and no newer hts-sys is published.
#
# The sources come from pysam's source release on PyPI, which contains all of htslib. Prints the lines for
# .cargo/config.toml that make cargo link the library instead of running hts-sys's build script. The bindings come from
# hts-sys, because all htslib versions with the same soname have the same interface.
#   scripts/htslib.sh           called by scripts/setup.sh
set -euo pipefail
cd "$(dirname "$0")/.."

pysam_version=0.24.1 # htslib 1.24
pysam_sha256=90f612afccdb454d2447ecb5229266c6e7f991093deed4ed0a791db01f7fc994
soname=3             # of the htslib inside hts-sys
configuration=(--enable-libcurl --enable-gcs --enable-s3 --disable-plugins --with-libdeflate --enable-bz2 --enable-lzma)
# pysam's switch that loads libcurl and libcrypto at the first URL instead of linking them. So the executable starts
# without them, and uses the system's own, which know where the system keeps its certificates.
late_binding=-DDYNAMIC_NETWORK_LIBS

die() { printf 'setup: %s\n' "$1" >&2; exit 1; }

host=$(rustc -vV | sed -n 's/^host: //p')
hts_sys=$(cargo metadata --quiet --locked --format-version 1 --filter-platform "$host" | python3 -c '
import json, os, sys
print(os.path.dirname(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == "hts-sys")))')

key=$(cat scripts/htslib.sh <(basename "$hts_sys") | sha256sum | cut -c 1-16)
archive=$PWD/.htslib/$key # one folder per key, because cargo links again only if the path changes

build() {
  local work
  mkdir -p .htslib
  work=$(mktemp -d "$PWD/.htslib/build.XXXXXX")
  # shellcheck disable=SC2064  # expand the folder name now
  trap "rm -rf '$work'" EXIT
  echo "setup: building htslib of pysam $pysam_version in .htslib/" >&2
  echo "pysam==$pysam_version --hash=sha256:$pysam_sha256" > "$work/pysam.txt"
  python3 -m pip download -q --disable-pip-version-check --no-deps --no-binary pysam \
    --require-hashes -r "$work/pysam.txt" -d "$work" >&2
  tar -xzf "$work/pysam-$pysam_version.tar.gz" -C "$work" --strip-components=1 \
    "pysam-$pysam_version/htslib" "pysam-$pysam_version/pysam" "pysam-$pysam_version/COPYING"
  grep -qx "LIBHTS_SOVERSION = $soname" "$work/htslib/Makefile" || die "htslib of pysam $pysam_version does not have soname $soname, which the bindings need; set another pysam_version in $0"
  (
    cd "$work/htslib"
    ./configure --quiet "${configuration[@]}" CFLAGS="-O3 -fPIC" CPPFLAGS="$late_binding"
    make --silent -j "$(nproc)" lib-static
  ) > "$work/log" 2>&1 || { cat "$work/log" >&2; die "cannot build htslib; see the log above"; }
  # The inline functions of htslib's headers.
  cp "$hts_sys"/wrapper.[ch] "$work"
  cc -c -O3 -fPIC -I "$work/htslib" -o "$work/wrapper.o" "$work/wrapper.c"
  cc -c -O3 -fPIC "$late_binding" -I "$work/htslib" -o "$work/dynamic_libs.o" "$work/pysam/dynamic_libs.c"
  ar rs "$work/htslib/libhts.a" "$work/wrapper.o" "$work/dynamic_libs.o" 2>/dev/null
  mkdir -p "$archive"
  cp "$hts_sys/linux_prebuilt_bindings.rs" "$archive/bindings.rs"
  cat "$work/htslib/LICENSE" "$work/COPYING" > "$archive/LICENSE" # of htslib, and of the part of pysam
  mv "$work/htslib/libhts.a" "$archive/libhts.a"
}
[[ -e $archive/libhts.a ]] || build

cat <<TOML

[target.$host.hts]
rustc-link-search = ["native=$archive"]
rustc-link-lib = ["static=hts"]
rustc-env = { OUT_DIR = "$archive" } # where the bindings are
TOML
