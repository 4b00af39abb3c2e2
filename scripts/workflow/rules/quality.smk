# Quality of the samples and of the cohort, and the one page that shows it.


rule coverage:
    input:
        reads=tracked_reads,
        ref=REFERENCE,
        fai=INDEX,
    output:
        table="quality/{sample}.coverage.txt",
    log:
        "logs/coverage/{sample}.log",
    params:
        reads=lambda wildcards, input: " ".join(f"'{path}'" for path in local_or_url(wildcards, input)),
    shadow:
        "minimal"
    shell:
        "samtools coverage --reference {input.ref} --output {output.table} {params.reads} 2> {log}"


rule statistics:
    input:
        vcf="calls/{sample}.vcf.gz",
        tbi="calls/{sample}.vcf.gz.tbi",
    output:
        table="quality/{sample}.stats.txt",
    log:
        "logs/statistics/{sample}.log",
    shadow:
        "minimal"
    shell:
        "bcftools stats --apply-filters PASS --samples - {input.vcf} > {output.table} 2> {log}"


# Reads with the reference at places where the sample has none: they come from errors, and from another person's DNA.
rule reference_reads:
    input:
        vcf="calls/{sample}.vcf.gz",
        tbi="calls/{sample}.vcf.gz.tbi",
    output:
        table="quality/{sample}.reference_reads.txt",
    log:
        "logs/reference_reads/{sample}.log",
    shadow:
        "minimal"
    shell:
        "bcftools query --include 'FILTER=\"PASS\" && TYPE=\"snp\" && N_ALT=1 && GT=\"1/1\"' --format '[%AD]\\n' {input.vcf} 2> {log} | "
        "awk -F , '{{ reference += $1; all += $1 + $2 }} END {{ print NR, reference + 0, all + 0 }}' > {output.table}"


rule report:
    input:
        vcf="calls/{sample}.vcf.gz",
    output:
        page="reports/{sample}.html",
    log:
        "logs/report/{sample}.log",
    params:
        dvcall=config["dvcall"],
    shell:
        "{params.dvcall} report --quiet --output {output.page} {input.vcf} 2> {log}"


# plink knows people's autosomes by their numbers. Other contigs than X, Y and M get the numbers 1 to 95, in their order.
rule kinship:
    input:
        vcf="cohort/cohort.vcf.gz",
        tbi="cohort/cohort.vcf.gz.tbi",
        fai=INDEX,
    output:
        table="quality/kinship.kin0",
    log:
        "logs/kinship.log",
    params:
        prefix=subpath(output.table, strip_suffix=".kin0"),
    threads: config["threads"]
    shadow:
        "minimal"
    shell:
        "(awk '$1 !~ /^(chr)?(X|Y|M|MT)$/ && ++n <= 95 {{ print $1, n }}' {input.fai} > numbers.txt && "
        "bcftools view --no-version -m 2 -M 2 -v snps -f PASS --output-type u {input.vcf} | "
        "bcftools annotate --no-version --rename-chrs numbers.txt --output-type b --output numbered.bcf && "
        "plink2 --bcf numbered.bcf --chr-set 95 --allow-extra-chr --threads {threads} --make-king-table --out {params.prefix}) > {log} 2>&1"


rule evaluate:
    input:
        vcf="calls/{sample}.vcf.gz",
        tbi="calls/{sample}.vcf.gz.tbi",
        cohort="cohort/cohort.vcf.gz",
        cohort_tbi="cohort/cohort.vcf.gz.tbi",
        truth=lambda wildcards: SAMPLES[wildcards.sample]["truth"],
        confident=lambda wildcards: SAMPLES[wildcards.sample].get("confident") or [],
        ref=REFERENCE,
        fai=INDEX,
    output:
        own="evaluation/{sample}.summary.csv",
        page="evaluation/{sample}.html",
        joint="evaluation/{sample}.cohort.summary.csv",
        joint_page="evaluation/{sample}.cohort.html",
    log:
        "logs/evaluate/{sample}.log",
    params:
        dvcall=config["dvcall"],
        confident=lambda wildcards, input: f"--confident {input.confident}" if input.confident else "",
        own=subpath(output.own, strip_suffix=".summary.csv"),
        joint=subpath(output.joint, strip_suffix=".summary.csv"),
    threads: config["threads"]
    shell:
        "({params.dvcall} evaluate --quiet --threads {threads} --ref {input.ref} --truth {input.truth} {params.confident} "
        "--query {input.vcf} --output {params.own} && "
        "{params.dvcall} evaluate --quiet --threads {threads} --ref {input.ref} --truth {input.truth} {params.confident} "
        "--query {input.cohort} --sample {wildcards.sample} --output {params.joint}) > {log} 2>&1"


rule numbers:
    input:
        samples=expand("calls/{sample}.json", sample=SAMPLES),
        reference_reads=expand("quality/{sample}.reference_reads.txt", sample=SAMPLES),
        cohort="cohort/cohort.json",
        kinship="quality/kinship.kin0" if len(SAMPLES) > 1 else [],
    output:
        samples="quality/dvcall_samples_mqc.json",
        left_out="quality/dvcall_left_out_mqc.json",
        cohort="quality/dvcall_cohort_mqc.json",
        kinship="quality/dvcall_kinship_mqc.json",
    log:
        "logs/numbers.log",
    params:
        people=[{key: row.get(key, "") for key in ("sample", "sex", "family", "father", "mother")} for row in SAMPLES.values()],
    shadow:
        "minimal"
    script:
        "../multiqc_content.py"


rule multiqc:
    input:
        numbers=rules.numbers.output,
        coverage=expand("quality/{sample}.coverage.txt", sample=SAMPLES),
        statistics=expand("quality/{sample}.stats.txt", sample=SAMPLES),
        evaluation=expand("evaluation/{sample}{callset}.summary.csv", sample=with_truth(), callset=["", ".cohort"]),
        settings=workflow.source_path("../multiqc.yaml"),
    output:
        page="multiqc.html",
    log:
        "logs/multiqc.log",
    shadow:
        "minimal"
    shell:
        "python3 -m multiqc --quiet --no-data-dir --config {input.settings} --filename {output.page} "
        "{input.numbers} {input.coverage} {input.statistics} {input.evaluation} > {log} 2>&1"
