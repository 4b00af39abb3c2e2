# The table of samples, and what the rules take from it and from the settings.
import csv
import re

from snakemake.exceptions import WorkflowError

SEXES = ("male", "female", "")


def read_samples(path):
    """The rows of the table by sample. A fault is told with its line and its column."""
    with open(path, newline="") as table:
        reader = csv.DictReader(table, delimiter="\t")
        missing = [name for name in ("sample", "reads", "sex", "family") if name not in (reader.fieldnames or [])]
        if missing:
            raise WorkflowError(f"{path}: no column '{missing[0]}'; columns are separated by tabs")
        rows = [({key: (value or "").strip() for key, value in row.items() if key}, reader.line_num) for row in reader]
    samples = {}
    for row, line in rows:
        name = row["sample"]
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise WorkflowError(f"{path}:{line}: sample '{name}': use letters, digits, _ and - only")
        if name in samples:
            raise WorkflowError(f"{path}:{line}: sample '{name}' is there twice")
        if not row["reads"]:
            raise WorkflowError(f"{path}:{line}: sample '{name}' has no reads")
        if row["sex"] not in SEXES:
            raise WorkflowError(f"{path}:{line}: sex '{row['sex']}': write male or female, or leave it empty")
        samples[name] = row
    for row, line in rows:
        for parent in ("father", "mother"):
            if row.get(parent) and row[parent] not in samples:
                raise WorkflowError(f"{path}:{line}: {parent} '{row[parent]}' is no sample of this table")
    if not samples:
        raise WorkflowError(f"{path}: no samples")
    return samples


def is_url(path):
    return "://" in path


def index_of(path):
    return path + (".crai" if path.endswith(".cram") else ".bai")


def reads_of(wildcards):
    """The files of reads of a sample; several are separated by commas."""
    return SAMPLES[wildcards.sample]["reads"].split(",")


def tracked_reads(wildcards):
    """Reads and indices that Snakemake watches. dvcall and samtools read the pieces that they need from URLs themselves."""
    files = [path for path in reads_of(wildcards) if not is_url(path)]
    return files + [index_of(path) for path in files]


def local_or_url(wildcards, input):
    """The places where the job finds the reads: with a storage provider, the copies of its inputs."""
    local = iter(path for path in input.reads if not path.endswith((".bai", ".crai")))
    return [path if is_url(path) else next(local) for path in reads_of(wildcards)]


def call_options(wildcards, input):
    sex = SAMPLES[wildcards.sample]["sex"]
    reads = [f"--reads '{path}'" for path in local_or_url(wildcards, input)]
    return " ".join([*reads, f"--sample {wildcards.sample}", f"--sex {sex}" if sex else "", config["call"]])


def with_truth():
    return [name for name, row in SAMPLES.items() if row.get("truth")]


def has_parents():
    return any(row.get("father") or row.get("mother") for row in SAMPLES.values())


def is_annotated():
    return bool(config["genes"] or config["annotations"])


def cohort():
    """The last state of the cohort, with its index."""
    name = "annotated" if is_annotated() else "cohort"
    return [f"cohort/{name}.vcf.gz", f"cohort/{name}.vcf.gz.tbi"]


def annotation_files():
    return [entry["file"] for entry in config["annotations"]]


def annotation_steps(wildcards, input, output):
    """The commands that annotate a part. `bcftools annotate` needs indexed files, so each step writes one into the shadow folder."""
    steps, last = [], input.vcf
    for number, (path, entry) in enumerate(zip(input.annotations, config["annotations"])):
        step = f"step{number}.bcf"
        columns = entry["columns"]
        steps.append(f"bcftools annotate --no-version --output-type b --output {step} --annotations '{path}' --columns '{columns}' {last}")
        steps.append(f"bcftools index {step}")
        last = step
    if config["genes"]:
        # Genotypes are not phased, so each variant is judged by itself.
        csq = f"bcftools csq --no-version --local-csq --phase a --fasta-ref {input.ref} --gff-annot '{input.genes}'"
        steps.append(f"{csq} --output-type z --output {output.vcf} {last}")
    else:
        steps.append(f"bcftools view --no-version --output-type z --output {output.vcf} {last}")
    return " && ".join(steps)


def more_memory(wildcards, attempt):
    return config["memory"] * attempt


SAMPLES = read_samples(config["samples"])
REFERENCE = config["reference"]
INDEX = f"{REFERENCE}.fai"
PARTS = [f"{part:04d}" for part in range(1, config["parts"] + 1)]
