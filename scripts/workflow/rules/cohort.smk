# The cohort: genotyped and annotated in the same parts, then gathered.


rule pedigree:
    output:
        ped="cohort/cohort.ped",
    log:
        "logs/pedigree.log",
    params:
        # A change of a parent or a sex in the table makes Snakemake run the rule again.
        rows=[[row["family"] or name, name, row.get("father") or "0", row.get("mother") or "0", row["sex"]] for name, row in SAMPLES.items()],
    # No shadow folder: for a local rule, Snakemake would go there itself, and could not submit other jobs meanwhile.
    script:
        "../write_pedigree.py"


rule joint:
    input:
        gvcfs=expand("gvcfs/{sample}.g.vcf.gz", sample=SAMPLES),
        indices=expand("gvcfs/{sample}.g.vcf.gz.tbi", sample=SAMPLES),
        ref=REFERENCE,
        fai=INDEX,
        regions="regions/{part}.bed",
        pedigree="cohort/cohort.ped" if has_parents() else [],
    output:
        vcf=temp("joint/{part}.vcf.gz"),
        tbi=temp("joint/{part}.vcf.gz.tbi"),
        summary=temp("joint/{part}.json"),
    log:
        "logs/joint/{part}.log",
    params:
        dvcall=config["dvcall"],
        pedigree=lambda wildcards, input: f"--pedigree {input.pedigree}" if input.pedigree else "",
        options=config["joint"],
    threads: config["threads"]
    resources:
        mem_mb=more_memory,
    shell:
        "{params.dvcall} joint --resume --quiet --threads {threads} --ref {input.ref} --regions {input.regions} {params.pedigree} {params.options} "
        "--output {output.vcf} --summary {output.summary} {input.gvcfs} 2> {log}"


rule annotate:
    input:
        vcf="joint/{part}.vcf.gz",
        tbi="joint/{part}.vcf.gz.tbi",
        ref=REFERENCE,
        fai=INDEX,
        genes=config["genes"] or [],
        annotations=annotation_files(),
        indices=[f"{path}.tbi" for path in annotation_files()],
    output:
        vcf=temp("annotated/{part}.vcf.gz"),
    log:
        "logs/annotate/{part}.log",
    params:
        steps=annotation_steps,
    shadow:
        "minimal"
    shell:
        "({params.steps}) 2> {log}"


rule gather_cohort:
    input:
        parts=expand("joint/{part}.vcf.gz", part=PARTS),
    output:
        vcf="cohort/cohort.vcf.gz",
        tbi="cohort/cohort.vcf.gz.tbi",
    log:
        "logs/gather_cohort.log",
    shadow:
        "minimal"
    shell:
        "(bcftools concat --no-version --naive --output {output.vcf} {input.parts} && bcftools index --tbi {output.vcf}) 2> {log}"


rule gather_annotated:
    input:
        parts=expand("annotated/{part}.vcf.gz", part=PARTS),
    output:
        vcf="cohort/annotated.vcf.gz",
        tbi="cohort/annotated.vcf.gz.tbi",
    log:
        "logs/gather_annotated.log",
    shadow:
        "minimal"
    shell:
        "(bcftools concat --no-version --naive --output {output.vcf} {input.parts} && bcftools index --tbi {output.vcf}) 2> {log}"


rule gather_cohort_summary:
    input:
        parts=expand("joint/{part}.json", part=PARTS),
    output:
        whole="cohort/cohort.json",
    log:
        "logs/gather_cohort_summary.log",
    shadow:
        "minimal"
    script:
        "../add_summaries.py"
