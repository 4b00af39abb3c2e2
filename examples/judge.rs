use dvcall::cli::*;
use dvcall::commands::evidence::*;
use dvcall::pileup::*;
use std::path::PathBuf;
fn main() -> anyhow::Result<()> {
    let no_realign = std::env::args().any(|a| a == "--raw");
    let detail: Option<usize> = std::env::args().skip(1).find_map(|a| a.parse().ok());
    let d = "/work/shared/data/";
    let input = InputArgs {
        reference: PathBuf::from(format!("{d}reference/ucsc.hg19.chr20.unittest.fasta.gz")),
        reads: PathBuf::from(format!("{d}reads/validation/NA12878_hg19_chr20_10.0M_52x/reads.bam")),
        regions: vec!["chr20:10000000-10010000".into()],
        sample: None,
        threads: Some(1),
    };
    let ev = EvidenceArgs {
        min_base_quality: 10,
        min_supporting_reads: 2,
        min_snp_fraction: 0.12,
        min_indel_fraction: 0.06,
        no_realign,
    };
    let source = EvidenceSource::open(&input, &ev)?;
    let golden = std::fs::read("/tmp/golden.bin")?;
    let tsv = std::fs::read_to_string(format!("{d}deepvariant_golden/calling_examples.tsv"))?;
    let mut worker = source.worker()?;
    let mut ours = Vec::new();
    let mut img = vec![0u8; PILEUP_SIZE];
    for p in source.partitions() {
        let e = worker.partition(&p)?;
        for c in &e.candidates {
            for set in allele_sets(c) {
                draw(c, &set, &e.reads, &e.reference, &mut img);
                let alts: Vec<String> = c
                    .alternates
                    .iter()
                    .map(|a| String::from_utf8_lossy(&a.bases).into_owned())
                    .collect();
                ours.push((
                    c.position + 1,
                    String::from_utf8_lossy(&c.reference).into_owned(),
                    alts.join(","),
                    set.iter().map(|s| s.to_string()).collect::<Vec<_>>().join(","),
                    img.clone(),
                ));
            }
        }
    }
    let (mut identical, mut matched) = (0, 0);
    let mut used = vec![false; ours.len()];
    let mut per_channel = [0usize; CHANNELS];
    for (i, line) in tsv.lines().skip(1).enumerate() {
        let f: Vec<&str> = line.split('\t').collect();
        let pos: u64 = f[1].split(':').nth(1).unwrap().split('-').next().unwrap().parse()?;
        let g = &golden[i * PILEUP_SIZE..(i + 1) * PILEUP_SIZE];
        let Some(k) = ours
            .iter()
            .position(|o| o.0 == pos && o.1 == f[2] && o.2 == f[3] && o.3 == f[4])
        else {
            println!(
                "MISSING {line}; ours there: {:?}",
                ours.iter()
                    .filter(|o| o.0.abs_diff(pos) < 5)
                    .map(|o| (o.0, &o.1, &o.2, &o.3))
                    .collect::<Vec<_>>()
            );
            continue;
        };
        used[k] = true;
        matched += 1;
        let o = &ours[k].4;
        let rows: Vec<usize> = (0..HEIGHT)
            .filter(|r| {
                o[r * WIDTH * CHANNELS..(r + 1) * WIDTH * CHANNELS]
                    != g[r * WIDTH * CHANNELS..(r + 1) * WIDTH * CHANNELS]
            })
            .collect();
        for (a, b) in o
            .iter()
            .zip(g)
            .enumerate()
            .filter(|(_, (a, b))| a != b)
            .map(|(j, _)| (j, 0))
        {
            let _ = b;
            per_channel[a % CHANNELS] += 1;
        }
        if rows.is_empty() {
            identical += 1;
        } else {
            println!(
                "{i} {} {} rows {} first {:?}",
                pos,
                f[2..5].join("/"),
                rows.len(),
                &rows[..rows.len().min(8)]
            );
        }
        if detail == Some(i) {
            for r in 5..HEIGHT {
                let show = |im: &[u8]| -> String {
                    (0..WIDTH)
                        .map(|c| {
                            let p = &im[(r * WIDTH + c) * CHANNELS..][..CHANNELS];
                            let b = match p[0] {
                                250 => 'A',
                                180 => 'G',
                                100 => 'T',
                                30 => 'C',
                                0 => {
                                    if p[1] != 0 {
                                        '*'
                                    } else {
                                        ' '
                                    }
                                }
                                _ => '?',
                            };
                            if p[5] == 254 { b.to_ascii_lowercase() } else { b }
                        })
                        .collect()
                };
                let (a, b) = (show(o), show(g));
                if a.trim().is_empty() && b.trim().is_empty() {
                    break;
                }
                if rows.contains(&r) {
                    println!("{r:3} ours {a}");
                    println!("{r:3} gold {b}");
                }
            }
        }
    }
    for (k, u) in used.iter().enumerate() {
        if !u {
            let o = &ours[k];
            println!("EXTRA {} {} {} {}", o.0, o.1, o.2, o.3);
        }
    }
    let total = matched * PILEUP_SIZE / CHANNELS;
    println!(
        "matched {matched} identical {identical}; per channel equal {:?}",
        per_channel.map(|c| 100.0 - 100.0 * c as f64 / total as f64)
    );
    Ok(())
}
