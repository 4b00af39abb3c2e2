//! Long alleles, changes spelt far apart in repeats, and stretches that are too dense to search.

use dvcall::evaluate::{FilterRow, GivenUp, Limits, Options, evaluate};
use dvcall::variants::VariantType;

use crate::common::dvcall;
use crate::world::{Line, World, totals};

/// Random bases that are the same in every run.
fn bases(length: usize, mut seed: u64) -> String {
    let mut next = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ['A', 'C', 'G', 'T'][(seed >> 33) as usize % 4]
    };
    (0..length).map(|_| next()).collect()
}

fn other(base: &str) -> String {
    (if base == "A" { "C" } else { "A" }).into()
}

fn line(reference: &str, start: usize, end: usize, alternate: String, genotype: &str) -> Line {
    Line {
        position: start,
        reference: reference[start..end].into(),
        alternates: vec![alternate],
        genotype: genotype.into(),
    }
}

fn snps(reference: &str, positions: impl Iterator<Item = usize>, genotype: &str) -> Vec<Line> {
    let snp = |p: usize| line(reference, p, p + 1, other(&reference[p..=p]), genotype);
    positions.map(snp).collect()
}

#[test]
fn a_long_record_is_taken_apart() {
    for length in [700, 2_500, 20_000] {
        let reference = bases(length + 600, length as u64);
        let (start, end) = (300, 300 + length);
        let snp = end - 40;
        let mut alternate = reference[start..end].to_owned();
        alternate.replace_range(snp - start..=snp - start, &other(&reference[snp..=snp]));
        alternate.replace_range(11..14, "");
        let world = World::new(&reference);
        let query = world.vcf("query.vcf", &[line(&reference, start, end, alternate, "0/1")]);
        let mut truth = vec![line(
            &reference,
            start + 10,
            start + 14,
            reference[start + 10..=start + 10].into(),
            "0/1",
        )];
        truth.extend(snps(&reference, snp..snp + 1, "0/1"));
        let run = world.run(&world.vcf("truth.vcf", &truth), &query);
        assert_eq!(totals(&run), (2, 0, 2, 0), "{length} bases");
        assert_eq!(run.counts(VariantType::Snp, FilterRow::All).query_total().all, 1);
    }
}

/// Truth lacks the first unit of a repeat, the query the last: the haplotypes are the same.
#[test]
fn units_of_a_repeat_match_however_far_apart_they_are_spelt() {
    for (unit, times) in [(37, 90), (300, 12), (900, 8)] {
        let repeat = bases(unit, unit as u64).repeat(times);
        let reference = format!("{}{repeat}{}", bases(500, 1), bases(500, 2));
        let without = |number: usize| {
            let before = 499 + number * unit;
            line(
                &reference,
                before,
                before + 1 + unit,
                reference[before..=before].into(),
                "0/1",
            )
        };
        let world = World::new(&reference);
        let truth = world.vcf("truth.vcf", &[without(0)]);
        let query = world.vcf("query.vcf", &[without(times - 1)]);
        assert_eq!(
            totals(&world.run(&truth, &query)),
            (1, 0, 1, 0),
            "{times} units of {unit} bases"
        );
        // A base that interrupts the repeat tells the two deletions apart.
        let interrupted = reference.clone();
        let middle = 500 + unit * (times / 2) + unit / 2;
        let interrupted = format!(
            "{}{}{}",
            &interrupted[..middle],
            other(&interrupted[middle..=middle]),
            &interrupted[middle + 1..]
        );
        let world = World::new(&interrupted);
        let truth = world.vcf("truth.vcf", &[without(0)]);
        let query = world.vcf("query.vcf", &[without(times - 1)]);
        assert_eq!(
            totals(&world.run(&truth, &query)),
            (0, 1, 0, 1),
            "{times} units of {unit} bases"
        );
    }
}

/// Every unit that truth inserts is spelt two units farther in the query. vcfeval's rule, by which paths with different
/// variants before them differ, gives up here.
#[test]
fn many_insertions_in_a_long_repeat_match() {
    const CALLS: usize = 13;
    let unit = "ACGTTGCA";
    let repeat = unit.repeat(4 * (CALLS + 2));
    let reference = format!("{}{repeat}{}", bases(600, 1), bases(600, 2));
    let insertion = |number: usize, shift: usize| {
        let before = 599 + unit.len() * (4 * (number + 1) + shift);
        let base = &reference[before..=before];
        let inserted = format!("{base}{}", unit.repeat(1 + number % 3));
        line(&reference, before, before + 1, inserted, "0/1")
    };
    let world = World::new(&reference);
    let [truth, query] = [0, 2].map(|shift| (0..CALLS).map(|number| insertion(number, shift)).collect::<Vec<_>>());
    let run = world.run(&world.vcf("truth.vcf", &truth), &world.vcf("query.vcf", &query));
    assert!(run.given_up.is_empty(), "{:?}", run.given_up);
    let calls = CALLS as u64;
    assert_eq!(totals(&run), (calls, 0, calls, 0));
}

/// A stretch with too many ways to combine its calls is left out of the counts, and told.
#[test]
fn dense_stretches_end_in_bounded_time() {
    let reference = format!("ACGT{}GCTA", "A".repeat(120));
    let world = World::new(&reference);
    let insertions = |length: usize| -> Vec<Line> {
        (0..30)
            .map(|i| Line {
                position: 5 + 3 * i,
                reference: "A".into(),
                alternates: vec![format!("A{}", "A".repeat(1 + (i + length) % 3))],
                genotype: "0/1".into(),
            })
            .collect()
    };
    let truth = world.vcf("truth.vcf", &insertions(0));
    let query = world.vcf("query.vcf", &insertions(1));
    let options = Options {
        limits: Limits {
            paths: 200,
            steps: 5_000,
        },
        ..world.options(&truth)
    };
    let run = evaluate(options, query, None).unwrap();
    let (found, missed, ..) = totals(&run);
    let left_out: usize = run.given_up.iter().map(|g| g.truth).sum();
    assert!(left_out > 0);
    assert_eq!(found + missed + left_out as u64, 30);
}

#[test]
fn neighbouring_calls_from_any_position_on_are_bounded() {
    let reference = bases(400, 9);
    for first in 0..3 {
        let world = World::new(&reference);
        let calls = snps(&reference, first..first + 26, "0/1");
        let apart = snps(&reference, 200..201, "1/1");
        let truth = world.vcf("truth.vcf", &[&calls[13..14], &apart].concat());
        let query = world.vcf("query.vcf", &[&calls[..], &apart].concat());
        let run = world.run(&truth, &query);
        let left_out = |count: fn(&GivenUp) -> usize| run.given_up.iter().map(count).sum::<usize>();
        assert_eq!((left_out(|g| g.truth), left_out(|g| g.query)), (1, 26), "from {first}");
        assert_eq!(totals(&run), (1, 0, 1, 0), "from {first}");
    }
}

#[test]
fn what_is_given_up_is_told_with_its_place() {
    let reference = bases(400, 9);
    let world = World::new(&reference);
    let calls = snps(&reference, 50..76, "0/1");
    let truth = world.vcf("truth.vcf", &calls[3..4]);
    let query = world.vcf("query.vcf", &calls);
    dvcall()
        .args(["evaluate", "--ref"])
        .arg(world.fasta())
        .arg("--truth")
        .arg(truth)
        .arg("--query")
        .arg(query)
        .arg("--output")
        .arg(world.path("out"))
        .assert()
        .success()
        .stderr(
            predicates::str::contains("1 call of truth and 26 calls of the query")
                .and(predicates::str::contains("c:51-76")),
        );
    let metrics: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("out.metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["call_sets"][0]["too_complex"][0]["region"], "c:51-76");
    assert_eq!(metrics["call_sets"][0]["too_complex"][0]["query_calls"], 26);
    let records = crate::common::records(&world.path("out.vcf.gz"));
    assert!(records.iter().all(|r| r.contains("TooComplex") && r.contains(":N:")));
}

use predicates::prelude::PredicateBooleanExt;
