//! What changed against the accepted state.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::state::{RunState, State};

const TYPES: [&str; 2] = ["SNP", "INDEL"];

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Name of the run, or "all runs".
    pub run: String,
    /// What changed, in words.
    pub text: String,
    /// Whether the validation fails because of it.
    pub is_failure: bool,
}

/// Compares a state with the accepted state. `significance` is the probability that chance alone finds a worse
/// type of variants in any of the tests (Bonferroni).
///
/// The test is paired: errors that only one of the two states makes. Without a difference, they fall on either
/// side like tosses of a coin (exact test of McNemar).
pub fn findings(now: &State, accepted: Option<&State>, significance: f64) -> Vec<Finding> {
    let mut found = unequal_repeats(now);
    let Some(accepted) = accepted else { return found };
    let least = significance / (TYPES.len() * (now.runs.len() + 1)) as f64;
    for run in accepted.runs.iter().filter(|run| now.run(&run.name).is_none()) {
        found.push(failure(
            &run.name,
            "the accepted state has this run, and the plan has not",
        ));
    }
    let mut compared = Vec::new();
    for run in &now.runs {
        let Some(before) = accepted.run(&run.name) else {
            found.push(note(&run.name, "the accepted state does not have this run"));
            continue;
        };
        found.extend(changed_inputs(run, before));
        found.extend(
            TYPES
                .iter()
                .filter_map(|t| worse_or_better(&run.name, t, &[(run, before)], least)),
        );
        compared.push((run, before));
    }
    if compared.len() > 1 {
        found.extend(
            TYPES
                .iter()
                .filter_map(|t| worse_or_better("all runs", t, &compared, least)),
        );
    }
    found
}

fn failure(run: &str, text: &str) -> Finding {
    Finding {
        run: run.to_owned(),
        text: text.to_owned(),
        is_failure: true,
    }
}

fn note(run: &str, text: &str) -> Finding {
    Finding {
        is_failure: false,
        ..failure(run, text)
    }
}

/// Inputs that are not those of the accepted state. A new model is what is tested; everything else makes the two
/// states incomparable.
fn changed_inputs(now: &RunState, before: &RunState) -> Vec<Finding> {
    let kinds = now
        .inputs
        .keys()
        .chain(before.inputs.keys().filter(|kind| !now.inputs.contains_key(*kind)));
    let changed: Vec<&String> = kinds
        .filter(|kind| now.inputs.get(*kind) != before.inputs.get(*kind))
        .collect();
    let mut found = Vec::new();
    for kind in &changed {
        match kind.as_str() {
            "model" => found.push(note(&now.name, "another model than in the accepted state")),
            _ => found.push(failure(
                &now.name,
                &format!("the {kind} is not that of the accepted state"),
            )),
        }
    }
    if changed.is_empty() && now.records != before.records {
        found.push(note(
            &now.name,
            "the records differ from the accepted state, from the same inputs",
        ));
    }
    found
}

/// A significant difference of one type over these runs.
fn worse_or_better(name: &str, variant_type: &str, pairs: &[(&RunState, &RunState)], least: f64) -> Option<Finding> {
    let prefix = format!("{variant_type} ");
    let only = |one: &RunState, other: &RunState| {
        let errors = one.errors.difference(&other.errors);
        errors.filter(|error| error.starts_with(&prefix)).count() as u64
    };
    let (new, gone) = pairs.iter().fold((0, 0), |(new, gone), (now, before)| {
        (new + only(now, before), gone + only(before, now))
    });
    let words =
        |verb: &str, p: f64| format!("{variant_type} {verb}: {new} new errors, {gone} errors gone (p = {p:.2e})");
    let (worse, better) = (chance(new, gone), chance(gone, new));
    match () {
        () if worse <= least => Some(failure(name, &words("got worse", worse))),
        () if better <= least => Some(note(name, &words("got better", better))),
        () => None,
    }
}

/// The probability that at least `count` of all tosses fall on this side.
fn chance(count: u64, other: u64) -> f64 {
    match (count, Binomial::new(0.5, count + other)) {
        (0, _) | (_, Err(_)) => 1.0,
        (count, Ok(tosses)) => tosses.sf(count - 1),
    }
}

fn unequal_repeats(now: &State) -> Vec<Finding> {
    let of_run = |run: &RunState| {
        let unequal = run.repeats.iter().filter(|repeat| !repeat.same);
        let text = |threads: u16| format!("calling again with {threads} threads gave other records");
        unequal
            .map(|repeat| failure(&run.name, &text(repeat.threads)))
            .collect::<Vec<_>>()
    };
    now.runs.iter().flat_map(of_run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::state::{Quality, Repeat};

    fn run(name: &str, errors: std::ops::Range<u32>) -> RunState {
        RunState {
            tiers: Vec::new(),
            name: name.into(),
            commands: Vec::new(),
            inputs: [
                ("reference".to_owned(), "r".to_owned()),
                ("model".to_owned(), "m".to_owned()),
            ]
            .into(),
            records: format!("{errors:?}"),
            repeats: Vec::new(),
            scores: Vec::new(),
            quality: Quality::default(),
            errors: errors.map(|place| format!("SNP missed 1:{place} A>G")).collect(),
        }
    }

    fn compared(now: Vec<RunState>, before: Vec<RunState>) -> Vec<(bool, String)> {
        let state = |runs| State::new("x", String::new(), runs);
        let found = findings(&state(now), Some(&state(before)), 0.01);
        found
            .into_iter()
            .map(|f| (f.is_failure, format!("{} {}", f.run, f.text)))
            .collect()
    }

    #[test]
    fn the_same_state_has_no_finding() {
        assert_eq!(compared(vec![run("a", 0..50)], vec![run("a", 0..50)]), []);
    }

    #[test]
    fn chance_is_the_exact_binomial() {
        assert!((chance(8, 2) - 56.0 / 1024.0).abs() < 1e-12);
        assert_eq!((chance(0, 9), chance(0, 0)), (1.0, 1.0));
        assert!((chance(10, 0) - 1.0 / 1024.0).abs() < 1e-12);
    }

    #[test]
    fn many_new_errors_fail_and_few_do_not() {
        let found = compared(vec![run("a", 0..64)], vec![run("a", 0..50)]);
        assert!(
            found
                .iter()
                .any(|(fails, text)| *fails && text.contains("SNP got worse: 14 new")),
            "{found:?}"
        );
        let found = compared(vec![run("a", 0..53)], vec![run("a", 0..50)]);
        assert!(
            found
                .iter()
                .all(|(fails, text)| !fails && text.contains("records differ")),
            "{found:?}"
        );
        let found = compared(vec![run("a", 0..20)], vec![run("a", 0..50)]);
        assert!(
            found.iter().any(|(fails, text)| !fails && text.contains("got better")),
            "{found:?}"
        );
    }

    #[test]
    fn small_losses_of_many_runs_add_up() {
        let names: Vec<String> = (0..6).map(|i| format!("r{i}")).collect();
        let runs =
            |errors: std::ops::Range<u32>| names.iter().map(|name| run(name, errors.clone())).collect::<Vec<_>>();
        let found = compared(runs(0..54), runs(0..50));
        let failures: Vec<_> = found.iter().filter(|(fails, _)| *fails).collect();
        assert!(
            failures.len() == 1 && failures[0].1.contains("all runs SNP got worse: 24 new"),
            "{found:?}"
        );
    }

    #[test]
    fn other_inputs_and_unequal_repeats_and_missing_runs_fail() {
        let mut other = run("a", 0..5);
        other.inputs.insert("reference".into(), "s".into());
        other.repeats.push(Repeat {
            threads: 4,
            same: false,
        });
        let found = compared(vec![other], vec![run("a", 0..5), run("b", 0..5)]);
        let failures: Vec<&str> = found.iter().filter(|f| f.0).map(|f| f.1.as_str()).collect();
        assert_eq!(failures.len(), 3, "{found:?}");
        let mut model = run("a", 0..5);
        model.inputs.insert("model".into(), "n".into());
        assert!(compared(vec![model], vec![run("a", 0..5)]).iter().all(|f| !f.0));
    }
}
