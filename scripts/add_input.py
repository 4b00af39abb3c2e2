#!/usr/bin/env python3
"""Lets a model learn from numbers that it was not given before (dvcall train --init-from): of clipped reads (clipping), the
lengths of alleles (lengths), or how noisy the library is (noise). They are looked at, but for now weigh nothing. The cascade stays.
  add_input.py clipping|lengths|noise MODEL.safetensors OUTPUT.safetensors
"""

import json
import sys

import numpy as np
from narrow_model import read, write

# In the order in which the hidden layer sees them, after all else.
INPUTS = {"clipping": 4, "lengths": 5, "noise": 1}


def main() -> None:
    if len(sys.argv) != 4 or sys.argv[1] not in INPUTS:
        raise SystemExit(__doc__)
    wanted, model, output = sys.argv[1:]
    tensors = read(model)
    card = json.load(open(model.replace(".safetensors", ".json")))
    has = [name for name in INPUTS if card["architecture"].get(name)]
    if has != list(INPUTS)[: list(INPUTS).index(wanted)]:
        raise SystemExit(f"add_input: {model} has {', '.join(has) or 'none of them'}: {wanted} cannot be added")
    for name in ("hidden.weight", "importance/hidden.weight"):
        if name in tensors:
            tensors[name] = np.pad(tensors[name], ((0, 0), (0, INPUTS[wanted])))
    # Training measures the range of all numbers anew.
    for name in ("numbers.least", "numbers.greatest"):
        tensors.pop(name, None)
    card["architecture"][wanted] = True
    card["weights_sha256"] = write(output, tensors)
    json.dump(card, open(output.replace(".safetensors", ".json"), "w"), indent=2)


if __name__ == "__main__":
    main()
