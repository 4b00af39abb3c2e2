//! Makes a set of examples from sequences.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::prepare::{LeftOut, MOST_UNKNOWN, PrepareOptions, add_shuffled};
use super::set::{Added, Example, ExampleSet, SetBuilder};
use super::split::{Split, of_sequence};
use super::text::{LabelledSequence, fitted};
use crate::regulatory::bases::{UNKNOWN, canonical, unknown};

/// Makes examples of one task from sequences. Those of `test` test, and the others train or validate. Without `test`,
/// a tenth of `sequences` tests. A split without negatives gets shuffled positives.
pub fn from_sequences(
    task: &str,
    sequences: &[LabelledSequence],
    test: Option<&[LabelledSequence]>,
    length: Option<usize>,
    options: &PrepareOptions,
    origin: Value,
) -> Result<ExampleSet> {
    let all = test.unwrap_or_default().iter().chain(sequences);
    let first = all.clone().next().map_or(0, |sequence| sequence.codes.len());
    if length.is_none()
        && let Some(other) = all.clone().find(|sequence| sequence.codes.len() != first)
    {
        bail!(
            "the sequences have different lengths, such as {first} and {}; give --length to cut or pad them around \
             their middle",
            other.codes.len()
        );
    }
    let length = length.unwrap_or(first);
    ensure!(length > 0, "the first sequence has no base");
    ensure!(
        all.clone().any(|s| s.is_bound),
        "no sequence is bound, so there is nothing to learn"
    );
    let mut left_out = LeftOut::default();
    let mut builder = SetBuilder::new(length, vec![task.to_owned()], Vec::new(), origin);
    for (group, split) in [(test.unwrap_or_default(), Some(Split::Test)), (sequences, None)] {
        let mut positives = Vec::new();
        for LabelledSequence { codes, is_bound } in group {
            let codes = fitted(codes, length, UNKNOWN);
            if unknown(&codes) > MOST_UNKNOWN {
                left_out.add("with more than a tenth of unknown bases");
                continue;
            }
            let by_chance = || of_sequence(&canonical(&codes), options.seed, test.is_none());
            let example = Example {
                labels: vec![u8::from(*is_bound)],
                split: split.unwrap_or_else(by_chance),
                place: None,
                repeats: 0.0,
                codes,
            };
            let added = builder.add(example.clone());
            left_out.note(added);
            if added == Added::Yes && *is_bound {
                positives.push(example);
            }
        }
        if group.iter().all(|sequence| sequence.is_bound) {
            add_shuffled(&mut builder, positives.iter(), options, &mut left_out);
        }
    }
    left_out.report();
    let set = builder.finish();
    ensure!(
        set.examples.iter().any(Example::is_positive),
        "no bound sequence can be used; see the reasons above"
    );
    Ok(set)
}
