# Each sample's calls, in parts of equal work. dvcall puts whole files under its names only, and goes on where a killed run
# stopped. Other rules work in a shadow folder, from which Snakemake moves whole files, too.


rule cut:
    input:
        ref=REFERENCE,
        fai=INDEX,
        regions=config["regions"] or [],
    output:
        beds=expand("regions/{part}.bed", part=PARTS),
    log:
        "logs/cut.log",
    shadow:
        "minimal"
    script:
        "../cut_regions.py"


rule call:
    input:
        reads=tracked_reads,
        ref=REFERENCE,
        fai=INDEX,
        regions="regions/{part}.bed",
    output:
        vcf=temp("parts/{sample}/{part}.vcf.gz"),
        tbi=temp("parts/{sample}/{part}.vcf.gz.tbi"),
        gvcf=temp("parts/{sample}/{part}.g.vcf.gz"),
        gtbi=temp("parts/{sample}/{part}.g.vcf.gz.tbi"),
        summary=temp("parts/{sample}/{part}.json"),
    log:
        "logs/call/{sample}.{part}.log",
    params:
        dvcall=config["dvcall"],
        options=call_options,
    threads: config["threads"]
    resources:
        mem_mb=more_memory,
        gpu=config["gpus"],
    shell:
        "{params.dvcall} call --resume --quiet --library-sample genome --threads {threads} --ref {input.ref} --regions {input.regions} "
        "{params.options} --output {output.vcf} --gvcf {output.gvcf} --summary {output.summary} 2> {log}"


rule gather_calls:
    input:
        parts=expand("parts/{{sample}}/{part}.vcf.gz", part=PARTS),
        indices=expand("parts/{{sample}}/{part}.vcf.gz.tbi", part=PARTS),
    output:
        vcf="calls/{sample}.vcf.gz",
        tbi="calls/{sample}.vcf.gz.tbi",
    log:
        "logs/gather_calls/{sample}.log",
    shadow:
        "minimal"
    shell:
        "(bcftools concat --no-version --naive --output {output.vcf} {input.parts} && bcftools index --tbi {output.vcf}) 2> {log}"


rule gather_gvcfs:
    input:
        parts=expand("parts/{{sample}}/{part}.g.vcf.gz", part=PARTS),
        indices=expand("parts/{{sample}}/{part}.g.vcf.gz.tbi", part=PARTS),
    output:
        vcf="gvcfs/{sample}.g.vcf.gz",
        tbi="gvcfs/{sample}.g.vcf.gz.tbi",
    log:
        "logs/gather_gvcfs/{sample}.log",
    shadow:
        "minimal"
    shell:
        "(bcftools concat --no-version --naive --output {output.vcf} {input.parts} && bcftools index --tbi {output.vcf}) 2> {log}"


rule gather_summaries:
    input:
        parts=expand("parts/{{sample}}/{part}.json", part=PARTS),
    output:
        whole="calls/{sample}.json",
    log:
        "logs/gather_summaries/{sample}.log",
    shadow:
        "minimal"
    script:
        "../add_summaries.py"
