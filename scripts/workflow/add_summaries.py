"""Adds up the summaries that dvcall wrote for the parts of one call set."""

import json


def added(first: object, second: object) -> object:
    """Numbers are added, tables key by key; of everything else the first is kept."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = [*first, *(key for key in second if key not in first)]
        return {key: added(first[key], second[key]) if key in first and key in second else {**second, **first}[key] for key in keys}
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (first, second))
    return first + second if numbers else first


def whole(parts: list[dict]) -> dict:
    """The summary of all parts: counts are sums, the depth is the mean over bases. What describes one process is left out."""
    total = {"bases": sum(part["bases"] for part in parts)}
    if all("depth" in part for part in parts):
        total["depth"] = round(sum(part["depth"] * part["bases"] for part in parts) / total["bases"], 2)
    total |= {key: parts[0][key] for key in ("dvcall", "sample", "samples", "sex", "ploidy") if key in parts[0]}
    for key in ("reads", "records"):
        for part in parts:
            if key in part:
                total[key] = added(total.get(key, {}), part[key])
    return total


def main(inputs: list[str], output: str) -> None:
    parts = []
    for path in inputs:
        with open(path) as file:
            parts.append(json.load(file))
    with open(output, "w") as file:
        json.dump(whole(parts), file, indent=2)
        file.write("\n")


if "snakemake" in globals():
    snakemake = globals()["snakemake"]
    main(list(snakemake.input.parts), snakemake.output.whole)
