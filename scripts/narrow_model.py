#!/usr/bin/env python3
"""Makes a narrower, and if asked deeper, network out of a model, to train on from it (dvcall train --init-from).

Of each layer the filters with the largest weights are kept (Li et al., "Pruning filters for efficient ConvNets", ICLR 2017),
blocks are added that change nothing at first, and the cascade stays. A first stage as wide as the stem has no convolution on its
shortcut: there the old one's is left out.
  narrow_model.py MODEL.safetensors OUTPUT.safetensors --stem 16 --stages 16,32,64 --blocks 2
"""

import argparse
import hashlib
import json
import struct

import numpy as np


def read(path: str) -> dict[str, np.ndarray]:
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    place = {name: [8 + length + offset for offset in entry["data_offsets"]] for name, entry in header.items()}
    return {n: np.frombuffer(data[a:b], "<f4").reshape(header[n]["shape"]) for n, (a, b) in place.items()}


def write(path: str, tensors: dict[str, np.ndarray]) -> str:
    """Returns the file's checksum."""
    header, blob = {}, b""
    for name, tensor in sorted(tensors.items()):
        raw = np.ascontiguousarray(tensor, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(blob), len(blob) + len(raw)]}
        blob += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = struct.pack("<Q", len(text)) + text + blob
    open(path, "wb").write(data)
    return hashlib.sha256(data).hexdigest()


def strongest(count: int, *weights: np.ndarray) -> np.ndarray:
    """Filters with the largest sum of weights, in order."""
    strength = sum(np.abs(w).reshape(len(w), -1).sum(1) for w in weights)
    return np.sort(np.argsort(-strength, kind="stable")[:count])


def narrow(old: dict[str, np.ndarray], stem: int, stages: list[int], blocks: int, rng: np.random.Generator) -> dict:
    new = {name: tensor for name, tensor in old.items() if name.startswith(("cascade", "heads", "hidden.bias"))}
    widths = [len(old["stem.bias"])]
    kept = [strongest(stem, old["stem.weight"])]
    new["stem.weight"], new["stem.bias"] = old["stem.weight"][kept[0]], old["stem.bias"][kept[0]]
    for stage, width in enumerate(stages, 1):
        name, before = f"stage{stage}.block1", kept[-1]
        weight = {layer: old[f"{name}.{layer}.weight"] for layer in ("conv1", "conv2", "shortcut")}
        inner = strongest(width, weight["conv1"])
        outer = strongest(width, weight["conv2"], weight["shortcut"])
        layers = [("conv1", inner, before), ("conv2", outer, inner), ("shortcut", outer, before)]
        for layer, rows, columns in layers[: 2 if stage == 1 and stem == width else 3]:
            new[f"{name}.{layer}.weight"] = weight[layer][rows][:, columns]
            new[f"{name}.{layer}.bias"] = old[f"{name}.{layer}.bias"][rows]
        for block in range(2, blocks + 1):
            name = f"stage{stage}.block{block}"
            new[f"{name}.conv1.weight"] = rng.normal(size=(width, width, 3, 3)) * np.sqrt(2 / (9 * width))
            new[f"{name}.conv2.weight"] = np.zeros((width, width, 3, 3))
            new[f"{name}.conv1.bias"] = new[f"{name}.conv2.bias"] = np.zeros(width)
        widths.append(len(weight["conv2"]))
        kept.append(outer)
    # The hidden layer sees three columns of the stem and of the first stage, by filter; three poolings of the last stage; and
    # the summary, which stays.
    stem_end, centre_end, end = 3 * widths[0], 3 * (widths[0] + widths[1]), 3 * (widths[0] + widths[1] + widths[-1])
    columns = [(3 * kept[0][:, None] + np.arange(3)).ravel(), stem_end + (3 * kept[1][:, None] + np.arange(3)).ravel()]
    columns.append(centre_end + (widths[-1] * np.arange(3)[:, None] + kept[-1]).ravel())
    columns.append(np.arange(end, old["hidden.weight"].shape[1]))
    new["hidden.weight"] = old["hidden.weight"][:, np.concatenate(columns)]
    return new


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("--stem", type=int, required=True)
    parser.add_argument("--stages", required=True, help="filters of each stage, as in 16,32,64")
    parser.add_argument("--blocks", type=int, default=1)
    arguments = parser.parse_args()
    stages = [int(width) for width in arguments.stages.split(",")]
    card = json.load(open(arguments.model.replace(".safetensors", ".json")))
    if card["architecture"]["blocks"] != 1 or len(card["architecture"]["stages"]) != len(stages):
        raise SystemExit("narrow_model: give as many stages as the model has; it must have one block in each")
    tensors = narrow(read(arguments.model), arguments.stem, stages, arguments.blocks, np.random.default_rng(1))
    card["architecture"].update(stem=arguments.stem, stages=stages, blocks=arguments.blocks)
    card["weights_sha256"] = write(arguments.output, tensors)
    json.dump(card, open(arguments.output.replace(".safetensors", ".json"), "w"), indent=2)


if __name__ == "__main__":
    main()
