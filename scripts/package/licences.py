"""Prints the licences of all crates in dvcall's executable, and of the C libraries in the crates.

    python3 licences.py x86_64-unknown-linux-gnu
"""

import json
import pathlib
import re
import subprocess
import sys

LICENCE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, capture_output=True, text=True).stdout


def main(host):
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", host))
    packages = {f"{p['name']} v{p['version']}": p for p in metadata["packages"]}
    tree = cargo("tree", "--locked", "--target", host, "--edges", "normal", "--prefix", "none", "--format", "{p}")
    names = sorted({" ".join(line.split()[:2]) for line in tree.splitlines() if line})
    crates_of = {}  # text -> names of the files with this text
    print("Crates in the executable, and the Rust standard library (MIT OR Apache-2.0)\n")
    for name in names:
        package = packages[name]
        folder = pathlib.Path(package["manifest_path"]).parent
        print(f"{name}: {package['license'] or package['license_file']}")
        if package["source"] is None:
            continue  # dvcall itself
        for path in sorted(folder.rglob("*")):
            if path.is_file() and LICENCE.match(path.name) and path.suffix in ("", ".md", ".txt"):
                text = path.read_text(errors="replace").strip()
                crates_of.setdefault(text, []).append(f"{name}: {path.relative_to(folder)}")
    for text, files in crates_of.items():
        print("\n" + "=" * 80, *files, "=" * 80, text, sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
