//! The journal of `dvcall call` and `dvcall joint`: what is finished, so that another run can go on with it.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::output::{OutputFile, read_journal, write_journal};
use crate::variants::{CallFiles, SavedStream};

/// Least time between two checkpoints.
const LEAST_PAUSE: Duration = Duration::from_millis(200);
/// A checkpoint takes at most this share of the time, and at most this share of the work is done again.
const SHARE: u32 = 100;

/// What the journal holds. `State` is where the run stands.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint<State> {
    /// What determines the records, and the outputs. Another run must have the same.
    origin: Value,
    state: State,
    /// For VCF and gVCF: number of written bytes, and of bytes of the next block, which follow in the journal.
    streams: [(u64, usize); 2],
}

/// Writes checkpoints, when one is due.
pub struct Journal {
    origin: Value,
    started: Instant,
    last: Instant,
    /// What the last checkpoint took.
    cost: Duration,
}

impl Journal {
    /// The journal of a run with these outputs.
    pub fn new(origin: &impl Serialize, gvcf: Option<&Path>) -> Result<Self> {
        let mut origin = serde_json::to_value(origin)?;
        forget_paths(&mut origin);
        origin["gvcf"] = serde_json::to_value(gvcf.and_then(Path::file_name).map(OsStr::to_string_lossy))?;
        let now = Instant::now();
        Ok(Self {
            origin,
            started: now,
            last: now,
            cost: Duration::ZERO,
        })
    }

    /// Goes on with the finished work of an earlier run if `is_asked`, or else discards it. Returns where the earlier run
    /// stood, and how far it had written VCF and gVCF; none if this run starts at the beginning. Fails if the earlier run
    /// was another one.
    pub fn begin<State: DeserializeOwned>(
        &self,
        files: &mut CallFiles,
        is_asked: bool,
    ) -> Result<Option<(State, [SavedStream; 2])>> {
        let resumed = if is_asked { self.resume(files)? } else { None };
        if resumed.is_none() {
            files.iter_mut().try_for_each(|file| file.discard_kept())?;
        }
        Ok(resumed)
    }

    fn resume<State: DeserializeOwned>(&self, files: &mut CallFiles) -> Result<Option<(State, [SavedStream; 2])>> {
        let Some(vcf) = &files.vcf else { return Ok(None) };
        let Some(folder) = vcf.kept()? else {
            log::info!(
                "{} has no finished work; the run starts at the beginning",
                vcf.name().display()
            );
            return Ok(None);
        };
        let Some(text) = read_journal(&folder)? else {
            return Ok(None);
        };
        let (checkpoint, streams): (Checkpoint<State>, _) =
            decode(&text).with_context(|| format!("cannot read {}", folder.display()))?;
        let differences = differences(&checkpoint.origin, &self.origin);
        if !differences.is_empty() {
            bail!(
                "--resume: {} was begun otherwise: {}; repeat the command as it was, or leave out --resume to start anew",
                folder.display(),
                differences.join(", ")
            );
        }
        for (file, stream) in [&files.vcf, &files.gvcf].into_iter().zip(&streams) {
            let Some(file) = file else { continue };
            let Some(kept) = file.kept()? else {
                bail!(
                    "--resume: {} has no finished work beside it, but {} has; leave out --resume to start anew",
                    file.name().display(),
                    vcf.name().display()
                );
            };
            // It is not there if the run was killed when it gave the files their names.
            let found = kept.join(file.path().file_name().unwrap_or_default()).metadata();
            if !found.is_ok_and(|found| found.len() >= stream.length) {
                log::warn!("{} is not whole; the run starts at the beginning", kept.display());
                return Ok(None);
            }
        }
        files.iter_mut().try_for_each(OutputFile::adopt_kept)?;
        log::info!("the run goes on with {}", folder.display());
        Ok(Some((checkpoint.state, streams)))
    }

    /// Whether it is time for a checkpoint.
    pub fn is_due(&self) -> bool {
        let so_far = self.last.duration_since(self.started);
        let pause = LEAST_PAUSE.max(self.cost * SHARE).max(so_far / SHARE);
        self.last.elapsed() >= pause
    }

    /// Writes a checkpoint, which has begun at `begun`, for what is written and flushed. Returns false if the work cannot
    /// be kept, so that no other checkpoint is of use.
    pub fn write(
        &mut self,
        begun: Instant,
        files: &mut CallFiles,
        streams: &[SavedStream; 2],
        state: impl Serialize,
    ) -> Result<bool> {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            state,
            streams: streams.each_ref().map(|stream| (stream.length, stream.block.len())),
        };
        let [vcf, gvcf] = streams;
        let text = [&serde_json::to_vec(&checkpoint)?, &b"\n"[..], &vcf.block, &gvcf.block].concat();
        if let Some(vcf) = &files.vcf {
            write_journal(vcf.folder(), &text).with_context(|| vcf.failed())?;
        }
        self.last = Instant::now();
        self.cost = self.last.duration_since(begun);
        let kept = files.iter_mut().try_for_each(OutputFile::keep);
        if let Err(error) = &kept {
            log::warn!("{error:#}; the run goes on, but cannot be resumed if it ends early");
            files.iter_mut().for_each(OutputFile::release);
        }
        Ok(kept.is_ok())
    }
}

fn decode<State: DeserializeOwned>(text: &[u8]) -> Result<(Checkpoint<State>, [SavedStream; 2])> {
    let end = text
        .iter()
        .position(|&byte| byte == b'\n')
        .context("its journal is damaged")?;
    let checkpoint: Checkpoint<State> =
        serde_json::from_slice(&text[..end]).context("its journal is of another version")?;
    let mut rest = &text[end + 1..];
    let mut streams = <[SavedStream; 2]>::default();
    for (stream, (length, block)) in streams.iter_mut().zip(checkpoint.streams) {
        let (bytes, others) = rest.split_at_checked(block).context("its journal is damaged")?;
        (stream.length, stream.block) = (length, bytes.to_vec());
        rest = others;
    }
    Ok((checkpoint, streams))
}

/// Removes the paths of files, because a file may be moved between the runs.
fn forget_paths(origin: &mut Value) {
    match origin {
        Value::Object(fields) => {
            fields.remove("path");
            fields.values_mut().for_each(forget_paths);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_paths),
        _ => {}
    }
}

/// What differs between two origins: name, old and new value.
fn differences(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(String::new(), old, new, &mut found);
    found
}

fn collect(name: String, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(before), Value::Object(after)) => {
            let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                collect(name, &old[key], &new[key], found);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (at, (old, new)) in before.iter().zip(after).enumerate() {
                collect(format!("{name}.{at}"), old, new, found);
            }
        }
        _ => found.push(format!("{name} was {old} and is {new}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_may_move_but_not_change() {
        let mut origin = json!({"reads": [{"path": "a", "bytes": 1}], "reference": {"path": "b"}, "alleles": null});
        forget_paths(&mut origin);
        assert_eq!(
            origin,
            json!({"reads": [{"bytes": 1}], "reference": {}, "alleles": null})
        );
    }

    #[test]
    fn differences_are_named() {
        let old = json!({"a": {"b": 1, "c": "x"}, "models": ["m"], "gvcf": null});
        assert!(differences(&old, &old).is_empty());
        let new = json!({"a": {"b": 2, "c": "x", "d": true}, "models": ["n"], "gvcf": null});
        assert_eq!(
            differences(&old, &new),
            [
                "a.b was 1 and is 2",
                "a.d was null and is true",
                r#"models.0 was "m" and is "n""#
            ]
        );
    }
}
