//! Whatever the truth and however it is spelt: all of it is found, and a planted error too.

use proptest::prelude::*;
use proptest::sample::Index;

use dvcall::evaluate::evaluate;

use crate::world::{Edit, Line, World, haplotype, totals};

/// References with repeats, where spellings differ most.
fn reference() -> impl Strategy<Value = String> {
    let unit = prop_oneof![
        3 => "[ACGT]{6,30}",
        1 => ("[ACGT]", 4..12usize).prop_map(|(b, n)| b.repeat(n)),
        1 => ("[ACGT]{2,4}", 3..7usize).prop_map(|(b, n)| b.repeat(n)),
    ];
    prop::collection::vec(unit, 8..20).prop_map(|units| format!("ACGTTGCAAC{}GATCCATGCA", units.concat()))
}

/// One change before it has a place: distance to the one before, kind, size, bases, haplotypes.
type Seed = (usize, u8, usize, String, u8);

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    prop::collection::vec((1..25usize, 0..4u8, 1..6usize, "[ACGT]{6}", 0..3u8), 1..8)
}

/// Edits that lie apart from each other by a base at least.
fn edits(reference: &str, seeds: &[Seed]) -> Vec<Edit> {
    let mut at = 5;
    let mut edits = Vec::new();
    for (distance, kind, size, bases, on) in seeds {
        let start = at + distance;
        let end = start + if *kind == 1 { *size } else { 0 } + usize::from(*kind >= 2);
        if end + 8 > reference.len() {
            break;
        }
        let bases = match kind {
            0 => bases[..*size].to_owned(),
            1 => String::new(),
            _ => {
                let old = &reference[start..end];
                bases
                    .chars()
                    .map(String::from)
                    .find(|b| b != old)
                    .unwrap_or_else(|| if old == "A" { "C" } else { "A" }.into())
            }
        };
        let on = [[true, false], [false, true], [true, true]][usize::from(*on)];
        let edit = Edit { start, end, bases, on };
        at = end + 1;
        // hap.py joins heterozygous records that left-alignment brings to one place, whatever their phase.
        let mut leftmost = edit.clone();
        shift_edit(reference, &mut leftmost, reference.len(), false, 0, reference.len());
        if edits.last().is_none_or(|before: &Edit| before.end < leftmost.start) {
            edits.push(edit);
        }
    }
    edits
}

/// How to spell: per edit whether it is joined with the next, how far it is shifted, how much it is padded.
type Choice = (bool, usize, usize, usize, bool);

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    prop::collection::vec(
        (
            prop::bool::weighted(0.3),
            0..12usize,
            1..4usize,
            0..3usize,
            any::<bool>(),
        ),
        8,
    )
}

/// Spells edits as lines: neighbours joined, indels shifted through repeats, alleles padded.
fn spell(reference: &str, edits: &[Edit], choices: &[Choice], separator: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut i = 0;
    while i < edits.len() {
        let (joined, shift, left, right, rightwards) = choices[i % choices.len()];
        let mut last = i;
        if joined && i + 1 < edits.len() && edits[i + 1].start - edits[i].end < 15 {
            last = i + 1;
        }
        // Each group has the stretch up to the middle between it and its neighbours.
        let floor = if i == 0 {
            0
        } else {
            (edits[i - 1].end + edits[i].start) / 2
        };
        let ceiling = edits
            .get(last + 1)
            .map_or(reference.len() - 1, |e| (edits[last].end + e.start) / 2);
        let mut group = edits[i..=last].to_vec();
        if last == i {
            shift_edit(reference, &mut group[0], shift, rightwards, floor + 1, ceiling);
        }
        let start = group[0].start.saturating_sub(left).max(floor);
        let end = (group[group.len() - 1].end + right).min(ceiling);
        let whole = Line::of(reference, &group, start, end, separator);
        match whole {
            Some(line) => lines.push(line),
            // Two changes that undo each other have no common spelling.
            None => lines.extend(
                group
                    .iter()
                    .filter_map(|e| Line::of(reference, std::slice::from_ref(e), e.start - 1, e.end, separator)),
            ),
        }
        i = last + 1;
    }
    lines.sort();
    lines
}

/// Moves an indel through a repeat, base by base, within bounds.
fn shift_edit(reference: &str, edit: &mut Edit, by: usize, rightwards: bool, floor: usize, ceiling: usize) {
    let base = |p: usize| &reference[p..=p];
    for _ in 0..by {
        let is_insertion = edit.start == edit.end && !edit.bases.is_empty();
        let is_deletion = edit.bases.is_empty();
        if rightwards && edit.end < ceiling {
            if is_deletion && base(edit.start) == base(edit.end) {
                (edit.start, edit.end) = (edit.start + 1, edit.end + 1);
                continue;
            }
            if is_insertion && edit.bases.starts_with(base(edit.end)) {
                let first = edit.bases.remove(0);
                edit.bases.push(first);
                (edit.start, edit.end) = (edit.start + 1, edit.end + 1);
                continue;
            }
        } else if !rightwards && edit.start > floor {
            if is_deletion && base(edit.start - 1) == base(edit.end - 1) {
                (edit.start, edit.end) = (edit.start - 1, edit.end - 1);
                continue;
            }
            if is_insertion && edit.bases.ends_with(base(edit.start - 1)) {
                let last = edit.bases.pop().unwrap();
                edit.bases.insert(0, last);
                (edit.start, edit.end) = (edit.start - 1, edit.end - 1);
                continue;
            }
        }
        break;
    }
}

/// The bases of both haplotypes over the whole reference, as lines spell them.
fn haplotypes(reference: &str, edits: &[Edit]) -> [String; 2] {
    [0, 1].map(|h| haplotype(reference, edits, h, 0, reference.len()))
}

/// Replays phased lines, to be sure that spelling kept the sequence.
fn replay(reference: &str, lines: &[Line]) -> [String; 2] {
    [0, 1].map(|h| {
        let mut text = String::new();
        let mut at = 0;
        for line in lines {
            let allele: usize = line.genotype.split('|').nth(h).unwrap().parse().unwrap();
            if allele > 0 {
                text += &reference[at..line.position];
                text += &line.alternates[allele - 1];
                at = line.position + line.reference.len();
            }
        }
        text + &reference[at..]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn truth_is_found_however_it_is_spelt(
        reference in reference(), seeds in seeds(), one in choices(), other in choices(), phased in any::<bool>()
    ) {
        let edits = edits(&reference, &seeds);
        let separator = if phased { "|" } else { "/" };
        let world = World::new(&reference);
        let truth_lines = spell(&reference, &edits, &one, separator);
        let query_lines = spell(&reference, &edits, &other, separator);
        if phased {
            prop_assert_eq!(replay(&reference, &truth_lines), haplotypes(&reference, &edits));
            prop_assert_eq!(replay(&reference, &query_lines), haplotypes(&reference, &edits));
        }
        let truth = world.vcf("truth.vcf", &truth_lines);
        let query = world.vcf("query.vcf", &query_lines);
        let options = dvcall::evaluate::Options { phased, ..world.options(&truth) };
        let run = evaluate(options, query, None).unwrap();
        let (found, missed, _, wrong) = totals(&run);
        prop_assert_eq!((missed, wrong), (0, 0), "{:?}\n{:?}", truth_lines, query_lines);
        prop_assert_eq!(found, truth_lines.len() as u64);
    }

    #[test]
    fn a_planted_error_is_found(
        reference in reference(), seeds in seeds(), one in choices(), other in choices(), which in any::<Index>(), kind in 0..3u8
    ) {
        let edits = edits(&reference, &seeds);
        let mut wrong = edits.clone();
        let i = which.index(edits.len());
        match kind {
            0 => { wrong.remove(i); }
            1 => wrong[i].on = if edits[i].on == [true, true] { [true, false] } else { [true, true] },
            _ if edits[i].bases.is_empty() => wrong[i].end += 1,
            _ => wrong[i].bases.push_str(if edits[i].bases.ends_with('A') { "C" } else { "A" }),
        }
        let lines = spell(&reference, &wrong, &other, "/");
        let world = World::new(&reference);
        let truth = world.vcf("truth.vcf", &spell(&reference, &edits, &one, "/"));
        let query = world.vcf("query.vcf", &lines);
        let (_, missed, _, false_positives) = totals(&world.run(&truth, &query));
        prop_assert!(missed + false_positives > 0);
    }

    #[test]
    fn swapping_sides_swaps_misses_and_false_positives(
        reference in reference(), seeds in seeds(), kept in prop::collection::vec(0..3u8, 8)
    ) {
        // Substitutions, which have one spelling.
        let seeds: Vec<Seed> = seeds.into_iter().map(|s| (s.0, 2, s.2, s.3, s.4)).collect();
        let edits = edits(&reference, &seeds);
        let part = |side: u8| -> Vec<Line> {
            edits.iter().zip(&kept).filter(|(_, k)| **k == 2 || **k == side)
                .filter_map(|(e, _)| Line::of(&reference, std::slice::from_ref(e), e.start, e.end, "/"))
                .collect()
        };
        let (a, b) = (part(0), part(1));
        prop_assume!(!a.is_empty() && !b.is_empty());
        let world = World::new(&reference);
        let (a, b) = (world.vcf("a.vcf", &a), world.vcf("b.vcf", &b));
        let (tp, missed, query_tp, wrong) = totals(&world.run(&a, &b));
        let (tp2, missed2, query_tp2, wrong2) = totals(&world.run(&b, &a));
        prop_assert_eq!((tp, missed, query_tp, wrong), (query_tp2, wrong2, tp2, missed2));
    }

    #[test]
    fn order_within_a_position_says_nothing(reference in reference(), seeds in seeds(), flips in prop::collection::vec(any::<bool>(), 8)) {
        let edits = edits(&reference, &seeds);
        let truth = spell(&reference, &edits, &[(false, 0, 1, 0, false)], "/");
        // Every call twice, once with another allele: two records at each position.
        let twice = |flipped: bool| -> Vec<Line> {
            truth.iter().zip(&flips).flat_map(|(line, flip)| {
                let mut second = line.clone();
                second.alternates = vec![format!("{}T", line.reference)];
                second.genotype = "0/1".into();
                let mut pair = vec![line.clone(), second];
                if flipped && *flip { pair.reverse(); }
                pair
            }).collect()
        };
        let world = World::new(&reference);
        let path = world.vcf("truth.vcf", &truth);
        let straight = world.run(&path, &world.vcf("a.vcf", &twice(false)));
        let flipped = world.run(&path, &world.vcf("b.vcf", &twice(true)));
        prop_assert_eq!(totals(&straight), totals(&flipped));
    }
}
