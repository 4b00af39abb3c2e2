"""Writes dvcall's own numbers, and the kinship of the samples, as custom content of MultiQC."""

import json

Row = dict[str, object]

# Kinship by which KING tells degrees of relation (Manichaikul et al. 2010).
DEGREES = ((0.354, "same person or twin"), (0.177, "first degree"), (0.0884, "second degree"), (0.0442, "third degree"))


def read(path: str) -> dict:
    with open(path) as file:
        return json.load(file)


def ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def sample_rows(summaries: list[dict], reference_reads: list[str], people: list[dict]) -> dict[str, Row]:
    """The line of each sample. `reference_reads`: files with the places, their reads with the reference, and all their reads."""
    rows = {}
    for summary, path, person in zip(summaries, reference_reads, people):
        records, measured = summary["records"], summary["sex"]
        with open(path) as file:
            places, reference, reads = map(int, file.read().split())
        given = person["sex"] or "not given"
        rows[person["sample"]] = {
            "depth": summary["depth"],
            "variants": records["pass"],
            "snps": records["snps"],
            "indels": records["insertions"] + records["deletions"],
            "ti_tv": ratio(records["transitions"], records["transversions"]),
            "het_hom": ratio(records["heterozygous"], records["homozygous"]),
            "reference_reads": ratio(100 * reference, reads) if places else None,
            "sex_given": given,
            "sex_used": sex_name(measured),
        }
    return rows


def sex_name(sex: object) -> str:
    """What the summary says of the sex: nothing for a genome without X and Y."""
    if isinstance(sex, dict):
        return str(sex.get("sex") or "unknown")
    return str(sex or "unknown")


def relation(kinship: float) -> str:
    return next((name for least, name in DEGREES if kinship > least), "unrelated")


def expected(first: dict, second: dict) -> str:
    """What the table of samples says of two people. Siblings share a parent; other relations of a family are not known."""
    if second["sample"] in (first["father"], first["mother"]) or first["sample"] in (second["father"], second["mother"]):
        return "first degree"
    common = [parent for parent in ("father", "mother") if first[parent] and first[parent] == second[parent]]
    if common:
        return "first degree" if len(common) == 2 else "second degree"
    return "family" if first["family"] and first["family"] == second["family"] else "unrelated"


def kinship_rows(path: str, people: list[dict]) -> dict[str, Row]:
    """A line for each pair that is related, or should be. Only so is the table short for a large cohort."""
    by_name = {person["sample"]: person for person in people}
    rows = {}
    with open(path) as file:
        header = file.readline().lstrip("#").split()
        for line in file:
            fields = dict(zip(header, line.split()))
            first, second = fields["IID1"], fields["IID2"]
            kinship, should = float(fields["KINSHIP"]), expected(by_name[first], by_name[second])
            found = relation(kinship)
            if found != "unrelated" or should != "unrelated":
                agrees = should == "family" or found == should
                rows[f"{first} and {second}"] = {
                    "kinship": round(kinship, 4),
                    "places": int(float(fields["NSNP"])),
                    "relation": found,
                    "by_table": should,
                    "agreement": "yes" if agrees else "NO",
                }
    return rows


def table(name: str, title: str, text: str, headers: dict[str, str], rows: dict[str, Row]) -> dict:
    """A table of MultiQC. `headers`: title of each column."""
    return {
        "id": f"dvcall_{name}",
        "section_name": title,
        "description": text,
        "plot_type": "table",
        "pconfig": {"id": f"dvcall_{name}_table", "title": title},
        "headers": {key: {"title": shown, "format": FORMATS.get(shown, "{:,.2f}")} for key, shown in headers.items()},
        "data": rows,
    }


SAMPLE_HEADERS = {
    "depth": "Depth",
    "variants": "Variants",
    "snps": "SNPs",
    "indels": "Indels",
    "ti_tv": "Ti/Tv",
    "het_hom": "Het/hom",
    "reference_reads": "Reference reads (%)",
    "sex_given": "Sex given",
    "sex_used": "Sex called",
}
KINSHIP_HEADERS = {
    "kinship": "Kinship",
    "places": "SNPs compared",
    "relation": "Relation found",
    "by_table": "Relation by the table",
    "agreement": "Agreement",
}
FORMATS = {name: "{:,.0f}" for name in ("Variants", "SNPs", "Indels", "SNPs compared", "Number")} | {"Kinship": "{:.3f}"}


def numbers_of(records: dict, prefix: str = "") -> dict[str, Row]:
    """The counts of the cohort's summary, one a line."""
    rows: dict[str, Row] = {}
    for key, value in records.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        rows |= numbers_of(value, f"{name}: ") if isinstance(value, dict) else {name: {"number": value}}
    return rows


def left_out(summaries: list[dict], people: list[dict]) -> dict:
    """The reads of each sample as bars: those used, and those left out by rule."""
    reads = {
        person["sample"]: {"used": summary["reads"]["used"], **summary["reads"]["left_out"]}
        for person, summary in zip(people, summaries)
    }
    kinds = [kind for kind in next(iter(reads.values())) if any(row[kind] for row in reads.values())]
    return {
        "id": "dvcall_left_out",
        "section_name": "dvcall: reads",
        "description": "Reads that dvcall used, and reads that it left out, by rule. A read at a cut counts in both parts.",
        "plot_type": "bargraph",
        "pconfig": {"id": "dvcall_left_out_bars", "title": "dvcall: reads", "ylab": "Reads"},
        "data": {name: {kind.replace("_", " "): row[kind] for kind in kinds} for name, row in reads.items()},
    }


def main(samples: list[str], reference_reads: list[str], cohort: str, kinship: str, people: list[dict], outputs: object) -> None:
    summaries = [read(path) for path in samples]
    text = (
        "PASS records of the single calls. Reference reads: reads with the reference at SNPs called homozygous. "
        "They come from errors and from other people's DNA; the number is no estimate of contamination."
    )
    rows = sample_rows(summaries, reference_reads, people)
    pairs = kinship_rows(kinship, people) if kinship else {}
    pair_text = "KING's kinship of pairs that are related, or should be. NO: samples were swapped, or the table is wrong."
    contents = {
        outputs.samples: table("samples", "dvcall: samples", text, SAMPLE_HEADERS, rows),
        outputs.left_out: left_out(summaries, people),
        outputs.cohort: table(
            "cohort", "dvcall: cohort", "Counts of dvcall joint.", {"number": "Number"}, numbers_of(read(cohort)["records"])
        ),
        outputs.kinship: table("kinship", "Kinship", pair_text, KINSHIP_HEADERS, pairs),
    }
    for path, content in contents.items():
        with open(path, "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")


if "snakemake" in globals():
    snakemake = globals()["snakemake"]
    given = snakemake.input
    main(given.samples, given.reference_reads, given.cohort, str(given.kinship), snakemake.params.people, snakemake.output)
