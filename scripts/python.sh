#!/usr/bin/env bash
# Runs Python with this folder's packages and the packages of scripts/requirements.txt. The first run installs the
# latter into .python/; nothing outside the checkout changes.
#   scripts/python.sh -m simulation COMMAND ARGUMENTS...
#   scripts/python.sh -m pytest scripts/simulation
# DVCALL_REQUIREMENTS names another list of packages; they go into a folder of their own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
requirements=${DVCALL_REQUIREMENTS:-$here/requirements.txt}
key=$(cat "$requirements" <(python3 -c 'import sys; print(sys.implementation.cache_tag)') | sha256sum | cut -c 1-16)
packages=$here/../.python/$key

if [[ ! -e $packages ]]; then
  python3 -m pip --version >/dev/null 2>&1 || { echo "python.sh: python3 has no pip; run scripts/setup.sh, or install python3-pip" >&2; exit 1; }
  mkdir -p "$here/../.python"
  building=$(mktemp -d "$packages.XXXXXX")
  trap 'rm -rf "$building"' EXIT
  python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --only-binary :all: --target "$building" \
    -r "$requirements" >&2
  chmod 755 "$building"
  # If another run finished first, use its packages.
  mv -T "$building" "$packages" 2>/dev/null || [[ -e $packages ]]
  trap - EXIT
  rm -rf "$building"
fi
PYTHONPATH=$packages:$here${PYTHONPATH:+:$PYTHONPATH} exec python3 "$@"
