"""Writes the PED file of the families."""

SEX_CODES = {"male": "1", "female": "2"}


def main(rows: list[list[str]], output: str) -> None:
    """`rows`: family, sample, father, mother and sex. The last column says that the phenotype is unknown."""
    with open(output, "w") as ped:
        ped.writelines("\t".join([*names, SEX_CODES.get(sex, "0"), "-9"]) + "\n" for *names, sex in rows)


if "snakemake" in globals():
    snakemake = globals()["snakemake"]
    main(snakemake.params.rows, snakemake.output.ped)
