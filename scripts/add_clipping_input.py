#!/usr/bin/env python3
"""Lets a model that is not told how many reads are clipped learn from it (dvcall train --init-from): it is looked at, but for now
weighs nothing. The cascade stays.
  add_clipping_input.py MODEL.safetensors OUTPUT.safetensors
"""

import json
import sys

import numpy as np
from narrow_model import read, write

CLIPPING = 4


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    tensors = read(sys.argv[1])
    card = json.load(open(sys.argv[1].replace(".safetensors", ".json")))
    if card["architecture"].get("clipping"):
        raise SystemExit("add_clipping_input: the model has this input")
    # Clipping comes last of what the hidden layer sees.
    for name in ("hidden.weight", "importance/hidden.weight"):
        if name in tensors:
            tensors[name] = np.pad(tensors[name], ((0, 0), (0, CLIPPING)))
    card["architecture"]["clipping"] = True
    card["weights_sha256"] = write(sys.argv[2], tensors)
    json.dump(card, open(sys.argv[2].replace(".safetensors", ".json"), "w"), indent=2)


if __name__ == "__main__":
    main()
