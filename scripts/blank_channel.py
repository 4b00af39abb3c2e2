#!/usr/bin/env python3
"""Copies a set of example shards with one channel of every pileup blank: blank_channel.py SET CHANNEL OUTPUT.

Blank is 0; of the strand it is one strand, as dvcall tells where a read is by that channel.

A shard is a zstd-compressed safetensors file with `image`, u8 [examples, 100, 221, 7]; the manifest names the channels.
Needs zstd and python3-numpy.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np


def blank(shard: bytes, channel: int, strand: int) -> bytes:
    start = 8 + int.from_bytes(shard[:8], "little")
    header = json.loads(shard[8:start])["image"]
    first, last = (start + offset for offset in header["data_offsets"])
    images = np.frombuffer(shard[first:last], np.uint8).reshape(header["shape"]).copy()
    images[..., channel] = np.where(images[..., channel] > 0, 70, 0) if channel == strand else 0
    return shard[:first] + images.tobytes() + shard[last:]


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, name, output = sys.argv[1:]
    with open(f"{source}/manifest.json") as file:
        manifest = json.load(file)
    if name not in manifest["channels"]:
        sys.exit(f"blank_channel: no channel '{name}'; there are {', '.join(manifest['channels'])}")
    channel, strand = (manifest["channels"].index(n) for n in (name, "strand"))
    building = output.rstrip("/") + ".building"
    shutil.rmtree(building, ignore_errors=True)
    os.makedirs(building)
    for entry in manifest["shards"]:
        packed = f"{entry['name']}.safetensors.zst"
        shard = subprocess.run(["zstd", "-dcq", f"{source}/{packed}"], check=True, capture_output=True).stdout
        changed = subprocess.run(["zstd", "-cq"], input=blank(shard, channel, strand), check=True, capture_output=True).stdout
        with open(f"{building}/{packed}", "wb") as file:
            file.write(changed)
        entry["sha256"] = hashlib.sha256(changed).hexdigest()
        shutil.copy(f"{source}/{entry['name']}.tsv", building)
    with open(f"{building}/manifest.json", "w") as file:
        json.dump(manifest, file, indent=2)
    os.rename(building, output)


if __name__ == "__main__":
    main()
