#!/usr/bin/env bash
# Prepares a fresh Debian/Ubuntu machine to build dvcall. Safe to run again: keeps what is installed.
#   scripts/setup.sh [cpu|cuda]     cpu (default): 1.3 GB, any machine; cuda: 4.7 GB, adds GPU kernels
set -euo pipefail
cd "$(dirname "$0")/.."

flavour=${1:-cpu}
torch_version=2.11.0
cuda_packages="nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85" # libtorch_cpu links to these

die() { printf 'setup: %s\n' "$1" >&2; exit 1; }
[[ $flavour == cpu || $flavour == cuda ]] || die "unknown flavour '$flavour'; give cpu or cuda"

missing_packages() {
  local missing=()
  command -v g++ >/dev/null || missing+=(g++)
  command -v make >/dev/null || missing+=(make)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  command -v python3 >/dev/null || missing+=(python3)
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
  local header library
  for pair in zlib.h:zlib1g-dev bzlib.h:libbz2-dev lzma.h:liblzma-dev libdeflate.h:libdeflate-dev \
    curl/curl.h:libcurl4-openssl-dev openssl/hmac.h:libssl-dev; do
    header=${pair%%:*} library=${pair##*:}
    echo "#include <$header>" | cc -E -xc - >/dev/null 2>&1 || missing+=("$library")
  done
  echo "${missing[@]:-}"
}

install_packages() {
  local packages
  packages=$(missing_packages)
  [[ -z $packages ]] && return
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086  # word splitting is intended
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
  else
    die "missing packages; install them and run this script again: $packages"
  fi
}

install_libtorch() {
  local stamp=".torch/.ready-$flavour-$torch_version" pip=(python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --upgrade --target .torch)
  # The cuda set also works on the CPU, so the cpu set never replaces it.
  [[ -e $stamp || -e .torch/.ready-cuda-$torch_version ]] && return
  echo "setup: installing libtorch $torch_version ($flavour) in .torch/" >&2
  rm -rf .torch && mkdir .torch
  "${pip[@]}" --no-deps "torch==$torch_version"
  if [[ $flavour == cuda ]]; then
    # Only what libtorch_cuda links to or opens; torch's Python code also asks for triton, sympy and others.
    local kernels
    mapfile -t kernels < <(sed -nE 's/^Requires-Dist: ((cuda-toolkit|nvidia-)[^;]*).*/\1/p' .torch/torch-*.dist-info/METADATA)
    [[ ${#kernels[@]} -gt 0 ]] || die "the package of torch $torch_version names no GPU libraries"
    "${pip[@]}" "${kernels[@]}"
  else
    # shellcheck disable=SC2086
    "${pip[@]}" --no-deps $cuda_packages
  fi
  touch "$stamp"
}

# Cargo reads this file for every build, test and install below this folder, so no shell variables are needed.
write_cargo_config() {
  local htslib
  htslib=$(scripts/htslib.sh)
  mkdir -p .cargo
  cat > .cargo/config.toml.new <<TOML
# Written by scripts/setup.sh; do not edit.
[env]
LIBTORCH = { value = ".torch/torch", relative = true }
$htslib
TOML
  if cmp -s .cargo/config.toml.new .cargo/config.toml; then rm .cargo/config.toml.new; else mv .cargo/config.toml.new .cargo/config.toml; fi
}

command -v cargo >/dev/null || die "cargo is not installed; see https://rustup.rs"
install_packages
install_libtorch
write_cargo_config
echo "setup: ready ($(cargo --version), libtorch $torch_version)" >&2
